// Drives one session inside the worker: trains in short slices so that messages are handled in between, even in a background
// tab, and posts the run's events, no more often than a screen can show.
import { Meter } from './meter.js'
import { ProbeStream } from './probe_stream.js'
import { wordsOf } from '../error_words.js'
/** @import { EpochResult, Lines, Past, Progress, RunClasses, RunInfo, RunState } from '../protocol.js' */
/** @import { Report } from '../api.js' */
/** @import { Session } from './core.js' */

/** Milliseconds of training before the worker reads its messages. */
const slice = 12
/** Most milliseconds of one part of a scoring requested by the page. */
const partLasts = 12
/** Least milliseconds between two updates of the page, each with the progress and all snapshots that are due: one frame for all. */
const updateEvery = 150
/** Least milliseconds between two messages of recorded looks. */
const looksEvery = 250

/** The values of an EpochResult, as the core names them. */
const epochFields = [
  'epoch', 'step', 'train_loss', 'validation_loss', 'validation_accuracy', 'test_loss', 'test_accuracy', 'correct', 'total', 'seconds',
  'samples_per_second',
]

/** @param {(field: string) => any} value of a field in the core @returns {EpochResult} */
const epochResult = (value) => /** @type {any} */ (
  Object.fromEntries(epochFields.map((field) => [field.replace(/_(.)/g, (_, letter) => letter.toUpperCase()), value(field)])))

export class Runner {
  /** @type {RunState} */
  state = 'ready'
  #send
  /** The messages of the present slice. They are posted together, so that the page makes one frame of them. @type {{messages: object[], transfer: Transferable[]} | undefined} */
  #slice
  #meter
  #channel = new MessageChannel()
  #last = { epoch: 0, batch: 0, batches: 0, step: 0, samples: 0, loss: NaN, accuracy: NaN }
  #scoring = 0
  #started = false
  #ended = false
  #lastProgress = 0
  #sliceEnd = 0
  /** The step at which the run waits. */
  #limit = Infinity
  #waiting = false
  /** Whether it is between two steps, and not before or in the scoring at the end of an epoch. */
  #between = true
  /** @type {Lines} */
  #lines = { text: [], json: [], csv: [] }
  /** @type {Map<string, {pixels: Uint8Array, image: number, sentAt: number, waiting: boolean, due: boolean}>} */
  #watched = new Map()
  #probes
  /** The index of the first recorded look that was not sent, and when the last ones were. */
  #nextLook = 0
  #looksSent = 0
  #moved

  /**
   * @param {Session} session now owned by this @param {RunInfo} info
   * @param {(type: string, payload: object, transfer?: Transferable[]) => void} post
   * @param {(after: 'slice' | 'epoch' | 'stop') => void} moved called where the run may be saved: after a slice of training, at
   *   the end of an epoch, and when it stops
   */
  constructor(session, info, post, moved) {
    this.session = session
    this.info = info
    this.#send = post
    this.#moved = moved
    this.#meter = new Meter(info.totalSteps)
    this.#channel.port1.onmessage = () => this.#runSlice()
    this.#probes = new ProbeStream({
      look: (request) => session.probe(request), post: (snapshot) => this.#post('probe', snapshot),
      layers: info.model.layers.map(({ name }) => name),
    })
  }

  /** A copy of the lines printed so far. */
  get lines() {
    return structuredClone(this.#lines)
  }

  /** Frees the session. */
  end() {
    this.#ended = true
    this.#channel.port1.close()
    this.session.delete()
  }

  /** What the session has recorded of its units until now. */
  recorded() {
    const { looks } = this.session.looks()
    this.#nextLook = (looks.at(-1)?.index ?? -1) + 1
    return { looks, warnings: this.session.warnings() }
  }

  /** Adopts the restored session: repeats no events, and returns the past of the run for the page.
   * @param {Lines} [lines] the lines that it had printed, if known @returns {Past} */
  goOn(lines) {
    if (lines) this.#lines = lines
    const { phase, ...position } = this.session.position()
    const { step: steps, loss, accuracy, ...columns } = this.session.history()
    this.#last = { ...position, loss: loss.at(-1) ?? NaN, accuracy: accuracy.at(-1) ?? NaN }
    this.#started = position.step > 0
    this.state = phase === 'done' ? 'finished' : phase === 'diverged' ? 'diverged' : position.step > 0 ? 'paused' : 'ready'
    const total = this.info.dataset.test
    return {
      lines: [...this.#lines.text],
      points: { step: [...steps], loss: [...loss], accuracy: [...accuracy] },
      progress: position.step === 0 ? undefined : this.#progress(),
      epochs: [...columns['epoch.epoch']].map((_, i) => epochResult((field) => {
        const value = columns[`epoch.${field}`]?.[i] ?? NaN
        if (field.startsWith('validation') && Number.isNaN(value)) return undefined
        return field === 'total' ? total : field === 'correct' ? Math.round(columns['epoch.test_accuracy'][i] * total) : value
      })),
    }
  }

  train() {
    if (this.state !== 'ready' && this.state !== 'paused') return
    this.#begin()
    this.state = 'training'
    this.#post('state', { state: 'training' })
    this.#sliceEnd = performance.now()
    this.#next()
  }

  pause() {
    if (this.state === 'training') this.#settle('paused')
  }

  /** Lets the run train to a step and wait there, still training, until the limit is raised. @param {number} step */
  limit(step) {
    this.#limit = step
    if (this.#waiting && !this.#atLimit) this.#next()
  }

  get #atLimit() {
    return this.#between && this.#last.step >= this.#limit
  }

  #next() {
    this.#waiting = false
    this.#channel.port2.postMessage(0)
  }

  /** Makes exactly one training step, including the scoring if it ends an epoch. */
  step() {
    if (this.state !== 'ready' && this.state !== 'paused') return
    this.#begin()
    const before = this.#last.step
    let event = ''
    while (this.#last.step === before && !this.#over()) event = this.#advance()
    while (this.#last.batch === this.#last.batches && event !== 'epoch' && !this.#over()) event = this.#advance()
    if (event === 'epoch' && this.#last.epoch === this.info.config.epochs) this.#advance()
    if (!this.#over()) this.#settle('paused')
  }

  /** The run's reports so far, as a file's bytes, or undefined for another format. @param {string} format */
  metrics(format) {
    const lines = format === 'csv' ? this.#lines.csv : format === 'jsonl' ? this.#lines.json : undefined
    return lines && new TextEncoder().encode(lines.map((line) => line + '\n').join(''))
  }

  /** Loads other weights, and sends new snapshots at once. @param {Uint8Array} bytes of a .safetensors file */
  load(bytes) {
    this.session.load(bytes)
    this.#sendSnapshots(true)
  }

  /**
   * Starts posting the model's outputs for an image; null stops it.
   * @param {string} key @param {Uint8Array | null} pixels @param {number} image returned in each snapshot
   */
  watch(key, pixels, image) {
    if (!pixels) return void this.#watched.delete(key)
    const waiting = this.#watched.get(key)?.waiting ?? false
    this.#watched.set(key, { pixels, image, sentAt: 0, waiting, due: true })
    this.#sendSnapshots()
  }

  /** Starts posting the monitors' snapshots; null stops it. @param {import('../protocol.js').ProbeRequest | null} request */
  watchProbe(request) {
    this.#probes.watch(request, this.state === 'training')
  }

  /** The page has drawn a snapshot and is ready for the next. @param {string} [key] of a watched image; none: a probe's */
  drawn(key) {
    if (key === undefined) return this.#probes.drawn(this.state === 'training')
    const watch = this.#watched.get(key)
    if (!watch) return
    watch.waiting = false
    if (this.state !== 'training') this.#sendSnapshots()
  }

  /**
   * Scores the test set in parts while the run is paused, and handles messages in between.
   * @param {number} hardest @returns {Promise<RunClasses | null>} null if the run resumes
   */
  async classesInParts(hardest) {
    const { epoch, step } = this.#last
    const report = await this.#inParts((samples) => this.session.classesPart(hardest, samples))
    return report && { ...report, epoch, step }
  }

  /**
   * A live snapshot. The dead units of a run that is not training are found in parts, as this takes a while.
   * @param {import('../protocol.js').ProbeRequest} [request]
   */
  async probe(request = {}) {
    const rows = request.everywhere && this.state !== 'training' ? await this.#inParts((samples) => this.session.deadPart(samples)) : null
    if (this.#ended) throw new Error('another run has begun')
    const snapshot = this.session.probe({ ...request, everywhere: Boolean(request.everywhere) && !rows })
    for (const { layer, dead } of rows ?? []) snapshot.layers[layer].dead = dead
    return snapshot
  }

  /** The answer of work in parts, each of about as many milliseconds, between which messages are handled. Null if the run goes on.
   * @template T @param {(samples: number) => T | null} part the next samples; null before the last @returns {Promise<T | null>} */
  async #inParts(part) {
    const { step } = this.#last
    let samples = 20
    for (;;) {
      const before = performance.now()
      const answer = part(samples)
      if (answer) return answer
      samples = Math.ceil(samples * Math.min(4, partLasts / Math.max(0.1, performance.now() - before)))
      await nextTask()
      if (this.#ended || this.state === 'training' || this.#last.step !== step) return null
    }
  }

  #over() {
    return this.state === 'finished' || this.state === 'diverged'
  }

  #begin() {
    if (!this.#started) this.#print(this.session.start())
    this.#started = true
  }

  /** Posts all pending events, then the state. @param {RunState} state */
  #settle(state) {
    this.#meter.closePoint()
    this.#sendProgress()
    this.#sendLooks()
    this.state = state
    this.#sendSnapshots(true)
    this.#probes.send(false)
    this.#post('state', { state })
    this.#moved('stop')
  }

  /** @param {string} type @param {object} payload @param {Transferable[]} [transfer] */
  #post(type, payload, transfer = []) {
    if (!this.#slice) return this.#send(type, payload, transfer)
    this.#slice.messages.push({ type, ...payload })
    this.#slice.transfer.push(...transfer)
  }

  #runSlice() {
    const { messages, transfer } = this.#slice = { messages: /** @type {object[]} */ ([]), transfer: /** @type {Transferable[]} */ ([]) }
    try {
      this.#trainSlice()
    } finally {
      this.#slice = undefined
      if (messages.length > 0) this.#send('several', { messages }, transfer)
    }
  }

  #trainSlice() {
    if (this.state !== 'training') return
    try {
      const end = performance.now() + slice
      while (this.state === 'training' && !this.#atLimit && performance.now() < end) this.#advance()
    } catch (error) {
      this.#settle('paused')
      return this.#post('failure', { message: wordsOf(error) })
    }
    if (this.state !== 'training') return
    const now = performance.now()
    this.#meter.addWallTime(now - this.#sliceEnd)
    this.#sliceEnd = now
    this.#waiting = this.#atLimit
    this.#moved('slice')
    if (this.#waiting || now - this.#lastProgress >= updateEvery) {
      this.#sendProgress()
      if (now - this.#looksSent >= looksEvery) this.#sendLooks()
      this.#sendSnapshots(true)
      this.#probes.send(!this.#waiting)
    }
    if (!this.#waiting) this.#next()
  }

  /** Posts a report's log lines, and keeps its lines for the files of metrics. @param {Pick<Report, 'lines' | 'json' | 'csv_lines'>} report */
  #print({ lines, json, csv_lines: rows }) {
    this.#lines.text.push(...lines)
    this.#lines.json.push(...json)
    this.#lines.csv.push(...rows)
    if (lines.length > 0) this.#post('log', { lines })
  }

  /** Makes one call into the core and handles its answer. */
  #advance() {
    const before = performance.now()
    const answer = this.session.advance()
    const took = performance.now() - before
    this.#print(answer)
    for (const warning of answer.warnings ?? []) this.#post('warning', warning)
    if (answer.event === 'batch') this.#onBatch(answer, took)
    else if (answer.event === 'test') {
      this.#scoring = answer.batch / answer.batches
      this.#meter.addScoring(took, false)
    } else if (answer.event === 'epoch') {
      this.#scoring = 0
      this.#meter.addScoring(took, true)
      this.#sendProgress()
      this.#post('epoch', epochResult((field) => (field === 'step' ? this.#last.step : answer[field])))
      this.#moved('epoch')
    } else if (answer.event === 'done') {
      this.#settle('finished')
      this.#post('done', { weightsSha256: answer.weights_sha256 })
    } else if (answer.event === 'diverged') {
      this.#settle('diverged')
      this.#post('diverged', {
        step: answer.step, layer: answer.layer_text, message: answer.message, weightsKept: answer.weights_kept,
      })
    } else throw new Error(`unknown event ${answer.event} of the core`)
    this.#between = answer.event === 'batch' ? answer.batch < answer.batches : answer.event === 'epoch' && answer.epoch < this.info.config.epochs
    return answer.event
  }

  /** @param {Report} answer @param {number} took */
  #onBatch({ epoch, batch, batches, step, samples, loss, accuracy }, took) {
    const before = batch === 1 ? 0 : this.#last.samples
    this.#last = { epoch, batch, batches, step, samples, loss, accuracy }
    this.#meter.addStep({ step, loss, accuracy }, samples - before)
    this.#probes.onStep(took)
    if (batch === batches) this.#meter.closePoint()
  }

  /** The progress message. It takes the points since the last one. @returns {Progress} */
  #progress() {
    const { config: { epochs }, trainSamples: total, totalSteps } = this.info
    const epochsLeft = epochs - this.#last.epoch
    return {
      ...this.#last, epochs, totalSteps, total, scoring: this.#scoring, samplesPerSecond: this.#meter.samplesPerSecond,
      secondsLeft: this.#meter.secondsLeft(epochsLeft * total + total - this.#last.samples, epochsLeft + 1),
      points: this.#meter.takePoints(),
    }
  }

  #sendProgress() {
    if (this.#last.step === 0) return
    this.#lastProgress = performance.now()
    const progress = this.#progress()
    this.#post('progress', progress, [progress.points.buffer])
  }

  #sendLooks() {
    this.#looksSent = performance.now()
    const found = this.session.looks(this.#nextLook)
    const newest = found.looks.at(-1)
    if (!newest) return
    this.#nextLook = newest.index + 1
    this.#post('looks', found)
  }

  /** Sends due snapshots to a page that has drawn the previous ones. @param {boolean} [changed] the network has: all are due */
  #sendSnapshots(changed = false) {
    const now = performance.now()
    for (const [key, watch] of this.#watched) {
      watch.due ||= changed
      if (!watch.due || watch.waiting || (this.state === 'training' && now - watch.sentAt < updateEvery)) continue
      Object.assign(watch, { due: false, waiting: true, sentAt: now })
      const prediction = this.session.predict(watch.pixels)
      this.#post('snapshot', { key, image: watch.image, step: this.#last.step, prediction }, buffersOf(prediction))
    }
  }
}

/** The buffers of an answer, to be transferred instead of copied. @param {any} answer @returns {ArrayBuffer[]} */
export function buffersOf(answer) {
  if (ArrayBuffer.isView(answer)) return [/** @type {ArrayBuffer} */ (answer.buffer)]
  if (answer === null || typeof answer !== 'object' || typeof answer[0] === 'number') return []
  return Object.values(answer).flatMap(buffersOf)
}

/** Resolves after the messages received so far. @returns {Promise<void>} */
function nextTask() {
  const { port1, port2 } = new MessageChannel()
  return new Promise((done) => {
    port1.onmessage = () => {
      port1.close()
      done()
    }
    port2.postMessage(0)
  })
}
