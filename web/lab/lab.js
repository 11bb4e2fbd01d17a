// The laboratory's state between the engine and what is on screen: the run's config, what the panel shows, and what
// has been measured. Views and controls read it, listen to it and call its methods; they never call each other.
import { Emitter } from '../engine/emitter.js'
import { bytesOfAll } from './file_bytes.js'
import { plural, sentence, short } from '../dom/format.js'
import { readHash, writeHash } from './hash.js'
import { SavedRuns } from './saved_runs.js'
import { withOutputs } from './model_text.js'
import { ProbeHistory } from './probe_history.js'

/**
 * @typedef {import('../engine/protocol.js').Config} Config
 * @typedef {import('../engine/protocol.js').RunInfo} RunInfo
 * @typedef {import('../engine/protocol.js').Progress} Progress
 * @typedef {import('../engine/protocol.js').EpochResult} EpochResult
 *
 * @typedef {{key: string, kind: 'error' | 'info', title: string, text: string, kept?: string, advice?: string,
 *            action?: {label: string, run: () => void}, other?: {label: string, run: () => void}}} Notice
 *   what happened, what was kept, what to do
 * @typedef {{run: null, settings: null, state: null, progress: Progress, epoch: EpochResult, log: {lines: string[]},
 *            snapshot: import('../engine/protocol.js').Snapshot, probe: null, unit: null, runs: null, loading: {name: string, loaded: number, total: number},
 *            notice: Notice, unnotice: {key: string}, announce: string, theme: null, image: null,
 *            draft: import('../engine/protocol.js').ModelDescription}} LabEvents
 *   run: a new run stands at step 0; settings: what the panel shows or what waits has changed; probe: the monitors have
 *   said something; runs: the saved ones have changed; unit, image: another one is chosen; draft: a model as it is being typed
 */

/** @extends {Emitter<LabEvents>} */
export class Lab extends Emitter {
  /** @type {import('../engine/protocol.js').RunInfo} the run that there is */
  run = /** @type {any} */ (undefined)
  /** What the panel shows. @type {Config} */
  shown = /** @type {any} */ (undefined)
  /** Recorded changes that an address brought along, for the next run. @type {Config['events'] | undefined} */
  #nextEvents
  /** @type {import('../engine/protocol.js').RunState} */
  state = 'empty'
  /** @type {Progress | undefined} the latest */
  progress
  /** The loss and accuracy of the run so far: one entry a point. */
  points = { step: /** @type {number[]} */ ([]), loss: /** @type {number[]} */ ([]), accuracy: /** @type {number[]} */ ([]) }
  /** @type {EpochResult[]} */
  epochs = []
  /** @type {string[]} what the command line would have printed */
  lines = []
  image = { part: /** @type {'train' | 'test'} */ ('test'), index: 0 }
  /** Of what own data sets were made, by their names: experiments' engines need them too. @type {Map<string, import('./file_bytes.js').Found[]>} */
  ownFiles = new Map()
  /** The step of the present run's autosave, if there is one. @type {number | undefined} */
  autosavedStep
  /** What the monitors said, while somebody watched. */
  probes = new ProbeHistory()
  /** The unit that all views show, of an activation layer. @type {{layer: number, unit: number} | null} */
  unit = null
  /** What is done before another run takes this one's place, and what once it has or could not. @type {() => Promise<() => void>} */
  leave = async () => () => {}
  /** @type {{question: string, plan: Promise<import('../engine/protocol.js').RatePlan>} | undefined} */
  #rates
  /** @type {Promise<unknown>} changes are made one after the other */
  #queue = Promise.resolve()

  /** @param {import('../engine/engine.js').Engine} engine */
  constructor(engine) {
    super()
    this.engine = engine
    this.savedRuns = new SavedRuns(this)
    this.registry = engine.registry
    engine.on('state', ({ state }) => {
      this.state = state
      this.emit('state', null)
    })
    engine.on('progress', (progress) => this.#onProgress(progress))
    engine.on('epoch', (epoch) => {
      this.epochs.push(epoch)
      this.emit('epoch', epoch)
    })
    engine.on('log', ({ lines }) => {
      this.lines.push(...lines)
      this.emit('log', { lines })
    })
    engine.on('snapshot', (snapshot) => this.emit('snapshot', snapshot))
    engine.on('probe', (snapshot) => this.#onProbe(snapshot))
    engine.on('loading', (loading) => this.emit('loading', loading))
    engine.on('autosaved', ({ step }) => (this.autosavedStep = step))
  }

  /** Steps made. */
  get step() {
    return this.progress?.step ?? 0
  }

  get training() {
    return this.state === 'training'
  }

  /** What the run's data set calls its classes. @returns {string[]} */
  get classNames() {
    const { name, class_names: names } = this.run.dataset
    return this.engine.datasets.find((each) => each.name === name)?.class_names ?? names
  }

  /** The run's config with the changes made until now in place. @returns {Config} */
  get effective() {
    const config = { ...this.run.config }
    for (const { step, field, value } of config.events) if (step <= this.step) config[field] = value
    return config
  }

  /** For charts: what was changed while it ran, until now. */
  get marks() {
    return this.run.config.events.filter(({ step }) => step <= this.step).map(({ step, field, value }) => ({ step, text: `${field} ${short(value)}` }))
  }

  /** Names of the settings that wait for a restart. @returns {string[]} */
  get waiting() {
    if (!this.run) return []
    const { effective } = this
    return this.registry.fields.map((field) => field.name)
      .filter((name) => (name === 'events' ? this.#nextEvents : String(effective[name]) !== String(this.shown[name])))
  }

  /** Makes the first run, of the address's hash. */
  async open() {
    /** @type {Config} */
    let config
    try {
      config = await this.engine.parse(readHash(location.hash))
      await this.#configure(config)
    } catch (error) {
      if (!location.hash) throw error
      this.emit('notice', {
        key: 'hash', kind: 'error', title: 'The address asks for something that cannot be done',
        text: sentence(error), kept: 'The default settings are used instead.',
        advice: 'Correct the part of the address after #, or choose settings in the panel.',
      })
      await this.#configure(await this.engine.parse([]))
    }
    addEventListener('hashchange', () => this.#do(() => this.#onHash()))
  }

  /**
   * Changes one setting, by its text. Before the first step it takes effect at once, and a live setting always does;
   * any other waits for a restart.
   * @param {string} name @param {string} text
   * @returns {Promise<string>} what is wrong with it, or ''
   */
  edit(name, text) {
    return this.#do(async () => {
      try {
        const fields = new Map(await this.engine.fields({ ...this.shown, events: [] }))
        const next = await this.engine.parse([...fields.set(name, text)])
        if (name === 'data') next.model = withOutputs(next.model, this.engine.datasets.find((set) => set.name === text)?.class_names?.length ?? 10)
        if (name === 'model') next.model = (await this.describe(next.model, next.batch)).text
        await this.#show(next, name)
        return ''
      } catch (error) {
        return sentence(error)
      }
    })
  }

  /** @param {string} name */
  resetField(name) {
    const value = this.registry.default_config[name]
    return this.edit(name, String(value))
  }

  /** @param {string} model @param {number} batch */
  describe(model, batch) {
    const { height, width, classes } = this.run.dataset
    return this.engine.describe(model, [1, height, width], classes, batch)
  }

  /** What the rates of a run with this config would be, reckoned once for all who ask. @param {Config} config */
  rates(config) {
    const question = JSON.stringify([config, this.run.dataset])
    if (this.#rates?.question !== question) this.#rates = { question, plan: this.engine.rates(config) }
    return this.#rates.plan
  }

  /** The image that all views show, or will once they are seen. @param {'train' | 'test'} part @param {number} index wraps around */
  chooseImage(part, index) {
    const count = this.run.dataset[part]
    this.image = { part, index: ((index % count) + count) % count }
    this.emit('image', null)
  }

  /** @param {number} layer @param {number} unit */
  chooseUnit(layer, unit) {
    this.unit = { layer, unit }
    this.emit('unit', null)
  }

  /** A run of the settings in a file of weights, at step 0, with those weights. @param {Uint8Array} bytes */
  openWeights(bytes) {
    return this.#do(async () => {
      const config = await this.engine.configOfWeights(bytes)
      await this.#configure(config)
      await this.engine.load(bytes)
      this.emit('state', null)
    })
  }

  /** Takes up a run where it was: what an engine's restore() or its like answers. @param {() => Promise<RunInfo>} begin */
  takeUp(begin) {
    return this.#do(() => this.#adopt(begin))
  }

  /** After the worker has died or hangs: another one, with the run as it was autosaved, or from its beginning. */
  startEngineAgain() {
    // At once: what waits for an answer of the old one gets none, and makes way.
    const started = this.engine.restart()
    return this.#try('The engine could not start again', async () => {
      const { autosavedStep, run: { config } } = this
      await started
      for (const [name, found] of this.ownFiles) await this.engine.addData(name, await bytesOfAll(found))
      const { before } = await this.engine.startAutosave()
      await this.#arrive(await (before && autosavedStep !== undefined ? this.engine.continueAutosave() : this.engine.configure(config)))
      this.emit('announce', `The engine was started again: the run is at step ${this.step}.`)
    })
  }

  /** After a divergence: a run at step 0 with the weights of before it, at a tenth of the learning rate. */
  goBack() {
    return this.#try('A run with the last good weights could not start', async () => {
      const weights = await this.engine.save('safetensors')
      const lr = Number((this.effective.lr / 10).toPrecision(3))
      await this.#configure({ ...this.effective, lr, events: [] })
      await this.engine.load(weights)
      this.emit('state', null)
      this.emit('announce', `A new run begins with the weights of before the divergence, at learning rate ${lr}.`)
    })
  }

  toggle() {
    return this.#try('Training could not start', () => (this.training ? this.engine.pause() : this.engine.train()))
  }

  step1() {
    return this.#try('The step could not be made', () => this.engine.step())
  }

  /** Back to step 0, with the settings as the panel shows them. Changes made on the way become settings. */
  reset() {
    const waiting = this.waiting.length
    return this.#try('The run could not be reset', async () => {
      const events = this.#nextEvents ?? this.run.config.events.filter(({ step }) => step > this.step)
      await this.#configure({ ...this.shown, events })
      this.emit('announce', `Reset to step 0${waiting ? ` with ${plural(waiting, 'change')}` : ''}.`)
    })
  }

  /** The same, and goes on training if it was. */
  async restart() {
    const { training } = this
    await this.reset()
    if (training && this.waiting.length === 0) await this.toggle()
  }

  /** The same run from its beginning, making the recorded changes again at their steps. */
  replay() {
    return this.#try('The run could not be replayed', () => this.#configure(this.run.config))
  }

  /** Shows what runs instead of what waits. */
  discard() {
    this.#nextEvents = undefined
    this.shown = { ...this.effective, events: [] }
    this.emit('settings', null)
  }

  /** @param {Config} next @param {string} name the only setting that changed */
  async #show(next, name) {
    const field = this.registry.fields.find((each) => each.name === name)
    if (this.step === 0 && !this.training) {
      // Nothing has been trained that could be lost.
      await this.#configure({ ...next, events: this.run.config.events })
      return
    }
    if (field?.live && next[name] !== this.effective[name]) {
      this.run.config = await this.engine.set(name, next[name])
      await this.#writeHash()
    }
    this.shown = { ...next, events: [] }
    this.emit('settings', null)
  }

  /** @param {Config} config */
  #configure(config) {
    return this.#adopt(() => this.engine.configure(config))
  }

  /** @param {() => Promise<RunInfo>} begin */
  async #adopt(begin) {
    const arrived = await this.leave()
    try {
      await this.#arrive(await begin())
    } finally {
      arrived()
    }
  }

  /** @param {RunInfo} run */
  async #arrive(run) {
    this.run = run
    const { past } = this.run
    this.autosavedStep = past && this.autosavedStep
    this.#nextEvents = undefined
    this.progress = past?.progress
    this.points = past?.points ?? { step: [], loss: [], accuracy: [] }
    this.epochs = past?.epochs ?? []
    this.lines = past?.lines ?? []
    this.probes = new ProbeHistory()
    this.shown = { ...this.effective, events: [] }
    await this.#writeHash()
    this.emit('run', null)
    this.emit('settings', null)
    // One look at the start, so that all views have their size before they come into sight.
    this.engine.probe().then((snapshot) => {
      if (this.step === 0 && !this.probes.latest) this.#onProbe(snapshot)
    }, () => {})
  }

  /** @param {import('../engine/protocol.js').ProbeSnapshot} snapshot */
  #onProbe(snapshot) {
    const [warning] = this.probes.add(snapshot)
    if (warning) this.emit('announce', `Warning: ${warning.message}`)
    this.emit('probe', null)
  }

  async #writeHash() {
    const hash = writeHash(await this.engine.fields(this.run.config))
    if (hash !== location.hash) history.replaceState(null, '', hash || location.pathname + location.search)
  }

  /** Someone typed into the address: the same as choosing all of that in the panel. */
  async #onHash() {
    try {
      const config = await this.engine.parse(readHash(location.hash))
      const known = this.engine.datasets.map(({ name }) => name)
      if (!known.includes(config.data)) throw new Error(`data is "${config.data}", but this page has ${known.join(' and ')}`)
      await this.describe(config.model, config.batch)
      this.emit('unnotice', { key: 'hash' })
      if (this.step === 0 && !this.training) return await this.#configure(config)
      this.shown = { ...config, events: [] }
      this.#nextEvents = config.events.length > 0 ? config.events : undefined
      this.emit('settings', null)
    } catch (error) {
      this.emit('notice', {
        key: 'hash', kind: 'error', title: 'The address asks for something that cannot be done', text: sentence(error),
        kept: 'The run and its settings are as they were.', advice: 'Correct the part of the address after #.',
      })
    }
    await this.#writeHash()
  }

  /** @param {Progress} progress */
  #onProgress(progress) {
    const before = this.effective
    this.progress = progress
    for (let i = 0; i < progress.points.length; i += 3) {
      this.points.step.push(progress.points[i])
      this.points.loss.push(progress.points[i + 1])
      this.points.accuracy.push(progress.points[i + 2])
    }
    this.emit('progress', progress)
    // A recorded change of a replayed run took effect: the panel follows, unless it was changed by hand meanwhile.
    const now = this.effective
    for (const { field } of this.run.config.events) {
      if (now[field] === before[field] || this.shown[field] !== before[field]) continue
      this.shown[field] = now[field]
      this.emit('settings', null)
    }
  }

  /** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  #do(work) {
    const result = this.#queue.then(work)
    this.#queue = result.catch(() => {})
    return result
  }

  /** @param {string} title of the notice where it fails @param {() => Promise<unknown>} work */
  #try(title, work) {
    return this.#do(async () => {
      try {
        await work()
        this.emit('unnotice', { key: 'action' })
      } catch (error) {
        this.emit('notice', {
          key: 'action', kind: 'error', title, text: sentence(error),
          kept: this.run && 'The run before is as it was.', advice: 'Change the settings in the panel and try again.',
        })
      }
    })
  }
}
