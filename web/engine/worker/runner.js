// Drives one session inside the worker: trains in short slices so that messages are handled in between, even in a background
// tab, and posts the run's events, no more often than a screen can show.
import { buffersOf } from './buffers.js'
import { Meter } from './meter.js'
import { ProbeStream } from './probe_stream.js'
import { wordsOf } from '../error_words.js'
/** @import { Lines } from '../protocol.js' */
/** @import { Report } from './core.js' */

/**
 * @typedef {import('./core.js').Session} Session
 * @typedef {import('../protocol.js').RunInfo} RunInfo
 * @typedef {import('../protocol.js').RunState} RunState
 * @typedef {(type: string, payload: object, transfer?: Transferable[]) => void} Post
 */

/** Milliseconds of training before the worker reads its messages. */
const slice = 12
/** Most milliseconds of one part of a scoring requested by the page. */
const partLasts = 12
/** Least milliseconds between two progress messages, and between two snapshots of an image. */
const progressEvery = 33
const snapshotEvery = 66

export class Runner {
  /** @type {Session} */
  #session
  /** @type {Post} */
  #post
  #meter
  #info
  #channel = new MessageChannel()
  /** @type {RunState} */
  #state = 'ready'
  #last = { epoch: 0, batch: 0, batches: 0, step: 0, samples: 0, loss: NaN, accuracy: NaN }
  #scoring = 0
  #started = false
  #ended = false
  #lastProgress = 0
  #sliceEnd = 0
  /** @type {Lines} */
  #lines = { text: [], json: [], csv: [] }
  /** @type {Map<string, {pixels: Uint8Array, image: number, sentAt: number, waiting: boolean, due: boolean}>} */
  #watched = new Map()
  #probes

  /** @type {(after: 'slice' | 'epoch' | 'stop') => void} */
  #moved

  /**
   * @param {Session} session now owned by this @param {RunInfo} info @param {Post} post
   * @param {(after: 'slice' | 'epoch' | 'stop') => void} [moved] called where the run may be saved: after a slice of training, at
   *   the end of an epoch, and when it stops
   */
  constructor(session, info, post, moved = () => {}) {
    this.#session = session
    this.#info = info
    this.#post = post
    this.#moved = moved
    this.#meter = new Meter(info.totalSteps)
    this.#channel.port1.onmessage = () => this.#runSlice()
    this.#probes = new ProbeStream({
      look: (request) => session.probe(request), post: (snapshot) => post('probe', snapshot),
      every: info.config.probe, layers: info.model.layers.map(({ name }) => name),
    })
  }

  get session() {
    return this.#session
  }

  get info() {
    return this.#info
  }

  get state() {
    return this.#state
  }

  /** The lines printed so far. @returns {Lines} */
  get lines() {
    const { text, json, csv } = this.#lines
    return { text: [...text], json: [...json], csv: [...csv] }
  }

  /** Frees the session. The watched images pass to the next runner. */
  end() {
    this.#ended = true
    this.#channel.port1.close()
    this.#session.delete()
    return this.#watched
  }

  /** Adopts the restored session: repeats no events, and returns what a page shows of its past.
   * @param {Lines} [lines] the lines that it had printed, if known
   * @returns {import('../protocol.js').Past} */
  goOn(lines) {
    if (lines) this.#lines = lines
    const { phase, ...position } = this.#session.position()
    const { step: steps, loss, accuracy, ...columns } = this.#session.history()
    this.#last = { ...position, loss: loss.at(-1) ?? NaN, accuracy: accuracy.at(-1) ?? NaN }
    this.#started = position.step > 0
    this.#state = phase === 'done' ? 'finished' : phase === 'diverged' ? 'diverged' : position.step > 0 ? 'paused' : 'ready'
    const { config, trainSamples, totalSteps, dataset } = this.#info
    const known = (/** @type {number} */ value) => (Number.isNaN(value) ? undefined : value)
    return {
      lines: [...this.#lines.text],
      points: { step: [...steps], loss: [...loss], accuracy: [...accuracy] },
      progress: position.step === 0 ? undefined : {
        ...this.#last, epochs: config.epochs, totalSteps, total: trainSamples, scoring: 0, samplesPerSecond: 0, secondsLeft: NaN,
        points: new Float64Array(),
      },
      epochs: [...columns['epoch.epoch']].map((epoch, i) => ({
        epoch,
        step: columns['epoch.step'][i],
        trainLoss: columns['epoch.train_loss'][i],
        validationLoss: known(columns['epoch.validation_loss'][i]),
        validationAccuracy: known(columns['epoch.validation_accuracy'][i]),
        testLoss: columns['epoch.test_loss'][i],
        testAccuracy: columns['epoch.test_accuracy'][i],
        correct: Math.round(columns['epoch.test_accuracy'][i] * dataset.test),
        total: dataset.test,
        seconds: NaN,
        samplesPerSecond: NaN,
      })),
    }
  }

  train() {
    if (this.#state !== 'ready' && this.#state !== 'paused') return
    this.#begin()
    this.#setState('training')
    this.#sliceEnd = performance.now()
    this.#channel.port2.postMessage(0)
  }

  pause() {
    if (this.#state !== 'training') return
    this.#settle('paused')
  }

  /** Makes exactly one training step, including the scoring if it ends an epoch. */
  step() {
    if (this.#state !== 'ready' && this.#state !== 'paused') return
    this.#begin()
    const before = this.#last.step
    let event = ''
    while (this.#last.step === before && !this.#over()) event = this.#advance()
    while (this.#last.batch === this.#last.batches && event !== 'epoch' && !this.#over()) event = this.#advance()
    if (event === 'epoch' && this.#last.epoch === this.#info.config.epochs) this.#advance()
    if (!this.#over()) this.#settle('paused')
  }

  /** The run's reports so far, as a file's bytes, or undefined for another format. @param {string} format */
  metrics(format) {
    const lines = format === 'csv' ? this.#lines.csv : format === 'jsonl' ? this.#lines.json : undefined
    return lines && new TextEncoder().encode(lines.map((line) => line + '\n').join(''))
  }

  /** Loads other weights, and sends new snapshots at once. @param {Uint8Array} bytes of a .safetensors file */
  load(bytes) {
    this.#session.load(bytes)
    this.#markDue()
    this.#sendSnapshots()
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
    this.#probes.watch(request, this.#state === 'training')
  }

  /** The page has drawn a snapshot and is ready for the next. @param {string} [key] of a watched image; none: a probe's */
  drawn(key) {
    if (key === undefined) return this.#probes.drawn(this.#state === 'training')
    const watch = this.#watched.get(key)
    if (!watch) return
    watch.waiting = false
    if (this.#state !== 'training') this.#sendSnapshots()
  }

  /**
   * Scores the test set in parts while the run is paused, and handles messages in between.
   * @param {number} hardest @returns {Promise<import('../protocol.js').RunClasses | null>} null if the run resumes
   */
  async classesInParts(hardest) {
    const { epoch, step } = this.#last
    let samples = 20
    for (;;) {
      const before = performance.now()
      const report = this.#session.classesPart(hardest, samples)
      if (report) return { ...report, epoch, step }
      samples = Math.ceil(samples * Math.min(4, partLasts / Math.max(0.1, performance.now() - before)))
      await nextTask()
      if (this.#ended || this.#state === 'training' || this.#last.step !== step) return null
    }
  }

  #over() {
    return this.#state === 'finished' || this.#state === 'diverged'
  }

  /** @param {RunState} state */
  #setState(state) {
    this.#state = state
    this.#post('state', { state })
  }

  #begin() {
    if (this.#started) return
    this.#started = true
    this.#print(this.#session.start())
  }

  /** Posts all pending events, then the state. @param {RunState} state */
  #settle(state) {
    this.#meter.closePoint()
    this.#sendProgress()
    this.#state = state
    this.#markDue()
    this.#sendSnapshots()
    this.#probes.send(false)
    this.#post('state', { state })
    this.#moved('stop')
  }

  #runSlice() {
    if (this.#state !== 'training') return
    try {
      const end = performance.now() + slice
      do this.#advance()
      while (this.#state === 'training' && performance.now() < end)
    } catch (error) {
      this.#settle('paused')
      this.#post('failure', { message: wordsOf(error) })
      return
    }
    if (this.#state !== 'training') return
    const now = performance.now()
    this.#meter.addWallTime(now - this.#sliceEnd)
    this.#sliceEnd = now
    if (now - this.#lastProgress >= progressEvery) this.#sendProgress()
    this.#moved('slice')
    this.#markDue()
    this.#sendSnapshots()
    this.#probes.send(true)
    this.#channel.port2.postMessage(0)
  }

  /** Posts an answer's log lines, and keeps them and its lines for the files of metrics.
   * @param {Pick<Report, 'lines' | 'json' | 'csv_lines'>} answer */
  #print({ lines, json, csv_lines: rows }) {
    this.#lines.text.push(...lines)
    this.#lines.json.push(...json)
    this.#lines.csv.push(...rows)
    if (lines.length > 0) this.#post('log', { lines })
  }

  /** Makes one call into the core and handles its answer. */
  #advance() {
    const before = performance.now()
    const answer = this.#session.advance()
    const took = performance.now() - before
    this.#print(answer)
    if (answer.event === 'batch') this.#onBatch(answer, took)
    else if (answer.event === 'test') this.#onScoring(answer.batch / answer.batches, took)
    else if (answer.event === 'epoch') this.#onEpoch(answer, took)
    else if (answer.event === 'done') {
      this.#settle('finished')
      this.#post('done', { weightsSha256: answer.weights_sha256 })
    } else if (answer.event === 'diverged') {
      this.#settle('diverged')
      this.#post('diverged', {
        step: answer.step, layer: answer.layer_text, message: answer.message, weightsKept: answer.weights_kept,
      })
    } else throw new Error(`unknown event ${answer.event} of the core`)
    return answer.event
  }

  /** @param {Report} answer @param {number} took */
  #onBatch(answer, took) {
    const { epoch, batch, batches, step, samples, loss, accuracy } = answer
    const before = batch === 1 ? 0 : this.#last.samples
    this.#last = { epoch, batch, batches, step, samples, loss, accuracy }
    this.#meter.addStep({ step, loss, accuracy }, samples - before)
    this.#probes.onStep(step, batch === batches, took)
    if (batch === batches) this.#meter.closePoint()
  }

  /** @param {number} share @param {number} took */
  #onScoring(share, took) {
    this.#scoring = share
    this.#meter.addScoring(took, false)
  }

  /** @param {Report} answer @param {number} took */
  #onEpoch(answer, took) {
    this.#scoring = 0
    this.#meter.addScoring(took, true)
    this.#sendProgress()
    this.#post('epoch', {
      epoch: answer.epoch,
      step: this.#last.step,
      trainLoss: answer.train_loss,
      validationLoss: answer.validation_loss,
      validationAccuracy: answer.validation_accuracy,
      testLoss: answer.test_loss,
      testAccuracy: answer.test_accuracy,
      correct: answer.correct,
      total: answer.total,
      seconds: answer.seconds,
      samplesPerSecond: answer.samples_per_second,
    })
    this.#moved('epoch')
  }

  #sendProgress() {
    const last = this.#last
    if (last.step === 0) return
    this.#lastProgress = performance.now()
    const { config, trainSamples, totalSteps } = this.#info
    const epochsLeft = config.epochs - last.epoch
    const points = this.#meter.takePoints()
    this.#post('progress', {
      ...last,
      epochs: config.epochs,
      totalSteps,
      total: trainSamples,
      scoring: this.#scoring,
      samplesPerSecond: this.#meter.samplesPerSecond,
      secondsLeft: this.#meter.secondsLeft(epochsLeft * trainSamples + trainSamples - last.samples, epochsLeft + 1),
      points,
    }, [points.buffer])
  }

  #markDue() {
    for (const watch of this.#watched.values()) watch.due = true
  }

  /** Sends changed snapshots to a page that has drawn the previous ones. */
  #sendSnapshots() {
    const now = performance.now()
    for (const [key, watch] of this.#watched) {
      if (!watch.due || watch.waiting) continue
      if (this.#state === 'training' && now - watch.sentAt < snapshotEvery) continue
      Object.assign(watch, { due: false, waiting: true, sentAt: now })
      const prediction = this.#session.predict(watch.pixels)
      this.#post('snapshot', { key, image: watch.image, step: this.#last.step, prediction }, buffersOf(prediction))
    }
  }
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
