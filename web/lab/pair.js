// A second run beside the first, in a worker of its own: another activation or other settings, the same seed, data and batches.
// It follows the first run: it trains, pauses and steps with it, makes its changes at the same steps, and starts anew with it.
// It is never ahead of the first run, and the first one waits where it is more than a moment ahead.
import { createEngine } from '../engine/engine.js'
import { Emitter } from '../engine/emitter.js'
import { bytesOfAll } from './file_bytes.js'
import { words } from '../words/words.js'
import { Lab } from './lab.js'
import { withActivation, withOutputs } from './model_text.js'

/** How far the first run may be ahead: what it trains in so many seconds, but at least so many steps. */
const ahead = { seconds: 0.5, steps: 50 }

/** @import { Config } from '../engine/protocol.js' */

/** The names and texts of settings such as "lr=0.01 init=he_uniform". A text ends before the next name. @param {string} text @returns {[string, string][]} */
export function settingsOf(text) {
  const wrong = text.trim() && !/^\w+=/.test(text.trim())
  if (wrong) throw new Error(words.lab.pair.badSettings)
  return [...text.matchAll(/(\w+)=(.*?)(?=\s+\w+=|\s*$)/gs)].map(([, name, value]) => [name, value.trim()])
}

/** @extends {Emitter<{begun: null, failed: {text: string}}>} begun: the second run is at step 0 */
export class Pair extends Emitter {
  /** The second lab, once its engine has started. @type {Lab | undefined} */
  second
  activation = ''
  /** Its own settings. @type {[string, string][]} */
  settings = []
  /** Whether the second run has the settings of the first, except its own ones. */
  ready = false
  #first
  #ended = false
  #turn = 0
  #changing = false
  /** @type {Promise<unknown>} serialises the runs */
  #queue = Promise.resolve()
  /** The limits that the two engines have. @type {[number, number]} */
  #limits = [Infinity, Infinity]
  /** The user's files that the second engine has, by the name of their data set. @type {Map<string, unknown>} */
  #given = new Map()
  /** @type {(() => void)[]} */
  #stops = []

  /** @param {Lab} first */
  constructor(first) {
    super()
    this.#first = first
  }

  /** Starts the engine; choose() makes its run. */
  async open() {
    const engine = await createEngine({ oneThread: true })
    if (this.#ended) return engine.close()
    const [first, second] = [this.#first, new Lab(engine, { address: false })]
    this.second = second
    const fail = (/** @type {{text?: string, message?: string}} */ { text, message = text ?? '' }) => this.#fail(message)
    second.on('notice', fail)
    engine.on('failure', fail)
    engine.on('silent', () => this.#fail(words.lab.pair.silent))
    second.on('run', () => {
      this.#limits[1] = Infinity // of every new run
      this.#limit(1, first.step)
    })
    for (const type of /** @type {const} */ (['progress', 'epoch', 'state'])) second.on(type, () => this.#follow())
    this.#stops = [
      first.on('run', () => void this.#begin().catch((error) => this.#fail(error.message))),
      ...(/** @type {const} */ (['progress', 'epoch', 'state', 'settings'])).map((type) => first.on(type, () => this.#follow())),
      first.on('theme', () => second.emit('theme', null)),
      ...[[first, second], [second, first]].map(([from, to]) => from.on('layer', () => {
        const kinds = (/** @type {Lab} */ { run }) => run?.model.layers.map(({ kind }) => kind).join()
        if (from.layer !== to.layer && kinds(from) === kinds(to)) to.chooseLayer(from.layer)
      })),
    ]
  }

  /** Gives the second run an activation and own settings. If it rejects, the second run is unchanged. @param {string} activation @param {string} text */
  async choose(activation, text) {
    const before = { activation: this.activation, settings: this.settings }
    Object.assign(this, { activation, settings: settingsOf(text) })
    try {
      await this.#begin()
    } catch (error) {
      Object.assign(this, before)
      this.ready = this.second?.run !== undefined
      this.#follow()
      throw error
    }
  }

  /** Ends the second worker. The first run goes on alone. */
  close() {
    this.#ended = true
    for (const stop of this.#stops) stop()
    this.#limit(0, Infinity)
    this.second?.engine.close()
  }

  /** @param {string} text */
  #fail(text) {
    if (!this.#ended) this.emit('failed', { text })
  }

  /** Makes the second run if it is not the one that belongs to the first. Until then the first run waits. */
  #begin() {
    const turn = ++this.#turn
    this.ready = false
    this.#limits[0] = Infinity
    this.#limit(0, ahead.steps)
    const work = async () => {
      if (turn !== this.#turn || this.#ended) return
      const config = await this.#config()
      await this.#giveFiles(config.data)
      await this.#adopt(config)
      if (turn !== this.#turn) return
      this.ready = true
      this.emit('begun', null)
      this.#follow()
    }
    this.#queue = this.#queue.then(work, work)
    return this.#queue
  }

  /** The config of the first run with the second one's activation and settings. @returns {Promise<Config>} */
  async #config() {
    const { engine, run: { config }, activationNames } = this.#first
    const fields = new Map(await engine.fields({ ...config, events: [] }))
    fields.set('model', withActivation(config.model, this.activation, activationNames)).set('threads', '1')
    for (const [name, value] of this.settings) fields.set(name, value)
    const own = await engine.parse([...fields])
    return { ...own, model: withOutputs(own.model, this.#first.classesOf(own.data)), events: config.events.filter(({ field }) => this.#follows(field)) }
  }

  /** Whether the second run has no value of its own for a setting. @param {string} field */
  #follows(field) {
    return this.settings.every(([name]) => name !== field)
  }

  /** @param {string} data */
  async #giveFiles(data) {
    const files = this.#first.ownFiles.get(data)
    if (!files || files === this.#given.get(data)) return
    await this.second?.engine.addData(data, await bytesOfAll(files))
    this.#given.set(data, files)
  }

  /** @param {Config} config */
  async #adopt(config) {
    const second = /** @type {Lab} */ (this.second)
    const own = second.run?.config
    const same = own && second.registry.fields.every(({ name }) => name === 'epochs' || JSON.stringify(own[name]) === JSON.stringify(config[name]))
    if (same && second.step <= this.#first.step) {
      if (own.epochs === config.epochs) return undefined
      if (second.state === 'finished' && own.epochs < config.epochs) return second.moreEpochs(config.epochs - own.epochs)
    }
    return second.openWith(config)
  }

  /** Sets how far each run may train, and starts and pauses the second. */
  #follow() {
    const [first, second] = [this.#first, this.second]
    if (!this.ready || this.#ended || !second) return
    const over = (/** @type {Lab} */ { state }) => state === 'finished' || state === 'diverged'
    const change = over(second) ? undefined : this.#nextChange(second)
    if (change && change.step === second.step) void this.#make(second, change)
    const rate = (second.progress?.samplesPerSecond ?? 0) / second.run.config.batch
    this.#limit(0, over(second) ? Infinity : second.step + Math.max(ahead.steps, Math.ceil(ahead.seconds * rate)))
    // The first run's change is known before its progress: until that arrives the second run waits.
    this.#limit(1, Math.min(change?.step ?? Infinity, over(first) ? Infinity : first.step))
    const behind = over(first) || second.step < first.step || second.epochs.length < first.epochs.length
    if (behind && (second.state === 'ready' || second.state === 'paused')) this.#ask(second.engine.train())
    else if (!behind && !first.training && second.training) this.#ask(second.engine.pause())
  }

  /** The earliest change of a live setting of the first run that the second one has still to make. @param {Lab} second */
  #nextChange({ step, run: { config: { events } } }) {
    return this.#first.run.config.events.find((each) => each.step >= step && this.#follows(each.field) &&
      events.every((made) => made.step !== each.step || made.field !== each.field || made.value !== each.value))
  }

  /** @param {Lab} second at the step of the change @param {Config['events'][0]} change */
  async #make(second, { field, value }) {
    if (this.#changing) return
    this.#changing = true
    try {
      second.run.config = await second.engine.set(field, value)
    } catch (error) {
      this.#fail(String(error))
    } finally {
      this.#changing = false
    }
    second.emit('settings', null)
    this.#follow()
  }

  /** @param {0 | 1} which the first or the second run @param {number} step */
  #limit(which, step) {
    const engine = (which === 0 ? this.#first : this.second)?.engine
    if (!engine || step === this.#limits[which]) return
    this.#limits[which] = step
    this.#ask(engine.limit(step))
  }

  /** Sends a request to an engine whose failure is reported otherwise. @param {Promise<unknown>} request */
  #ask(request) {
    request.catch(() => {})
  }
}
