// The state of the page between the engine and the display: the config of the run, the settings in the panel, and the
// measurements. Views and controls read it, listen to its events and call its methods; they never call each other.
import { Emitter } from '../engine/emitter.js'
import { bytesOfAll } from './file_bytes.js'
import { plural, sentence, short } from '../dom/format.js'
import { readHash, writeHash } from './hash.js'
import { SavedRuns } from './saved_runs.js'
import { withOutputs } from './model_text.js'
import { ProbeHistory } from './probe_history.js'

/**
 * @import { Config, EpochResult, ModelDescription, ProbeSnapshot, Progress, RatePlan, RunInfo, RunState, Snapshot } from '../engine/protocol.js'
 * @import { Found } from './file_bytes.js'
 * @typedef {{label: string, run: () => void}} Action
 * @typedef {{key: string, title: string, text: string, kept?: string, advice?: string, action?: Action, other?: Action}} Message
 *   what happened, what was kept, what to do
 * @typedef {Message & {kind: 'error' | 'info'}} Notice
 * @typedef {{run: null, settings: null, state: {state: RunState} | null, progress: Progress, epoch: EpochResult, log: {lines: string[]}, snapshot: Snapshot,
 *            probe: null, unit: null, runs: null, loading: {name: string, loaded: number, total: number}, notice: Notice,
 *            unnotice: {key: string}, announce: string, theme: null, image: null, draft: ModelDescription}} LabEvents
 *   run: the run was replaced; settings: the settings in the panel or the pending changes have changed; probe: a snapshot
 *   of the monitors has arrived; runs: the saved runs have changed; unit, image: the selection has changed; draft: the
 *   model that is being typed
 */

/** @extends {Emitter<LabEvents>} */
export class Lab extends Emitter {
  /** @type {RunInfo} the current run */
  run = /** @type {any} */ (undefined)
  /** The settings in the panel. @type {Config} */
  shown = /** @type {any} */ (undefined)
  /** Recorded changes from an address, for the next run. @type {Config['events'] | undefined} */
  #nextEvents
  /** @type {RunState} */
  state = 'empty'
  /** @type {Progress | undefined} the latest progress */
  progress
  /** Training loss and accuracy of the run so far, one entry per point. */
  points = { step: /** @type {number[]} */ ([]), loss: /** @type {number[]} */ ([]), accuracy: /** @type {number[]} */ ([]) }
  /** @type {EpochResult[]} */
  epochs = []
  /** @type {string[]} the lines that the command line prints for this run */
  lines = []
  image = { part: /** @type {'train' | 'test'} */ ('test'), index: 0 }
  /** The files of the user's data sets, by name. The engines of experiments need them too. @type {Map<string, Found[]>} */
  ownFiles = new Map()
  /** The step of the last autosave of the current run; undefined without one. @type {number | undefined} */
  autosavedStep
  /** The snapshots of the monitors. */
  probes = new ProbeHistory()
  /** The selected unit of an activation layer, for all views. @type {{layer: number, unit: number} | null} */
  unit = null
  /** @type {{question: string, plan: Promise<RatePlan>} | undefined} */
  #rates
  /** @type {Promise<unknown>} serialises the changes */
  #queue = Promise.resolve()

  /** @param {import('../engine/engine.js').Engine} engine */
  constructor(engine) {
    super()
    this.engine = engine
    this.savedRuns = new SavedRuns(this)
    this.registry = engine.registry
    engine.on('state', ({ state }) => (this.state = state))
    engine.on('progress', (progress) => this.#onProgress(progress))
    engine.on('epoch', (epoch) => this.epochs.push(epoch))
    engine.on('log', ({ lines }) => this.lines.push(...lines))
    for (const type of /** @type {const} */ (['state', 'epoch', 'log', 'snapshot', 'loading'])) {
      engine.on(type, (/** @type {any} */ payload) => this.emit(type, payload))
    }
    engine.on('probe', (snapshot) => this.#onProbe(snapshot))
    engine.on('autosaved', ({ step }) => (this.autosavedStep = step))
  }

  /** Calls a function at every event of several types. @param {(keyof LabEvents)[]} types @param {() => void} listener */
  onEach(types, listener) {
    for (const type of types) this.on(type, listener)
  }

  /** The number of steps made. */
  get step() {
    return this.progress?.step ?? 0
  }

  get training() {
    return this.state === 'training'
  }

  /** The names of the classes of the run's data set. @returns {string[]} */
  get classNames() {
    const { name, class_names: names } = this.run.dataset
    return this.engine.datasets.find((each) => each.name === name)?.class_names ?? names
  }

  /** The config of the run with the changes up to the current step. @returns {Config} */
  get effective() {
    const config = { ...this.run.config }
    for (const { step, field, value } of config.events) if (step <= this.step) config[field] = value
    return config
  }

  /** The label of a setting. @param {string} name */
  labelOf(name) {
    return this.registry.fields.find((field) => field.name === name)?.label ?? name
  }

  /** The changes up to the current step, as marks for charts. */
  get marks() {
    return this.run.config.events.filter(({ step }) => step <= this.step).map(({ step, field, value }) => ({ step, text: `${field} ${short(value)}` }))
  }

  /** The names of the settings whose changes need a restart. @returns {string[]} */
  get waiting() {
    if (!this.run) return []
    const { effective, shown } = this
    return this.registry.fields.map(({ name }) => name)
      .filter((name) => (name === 'events' ? this.#nextEvents : String(effective[name]) !== String(shown[name])))
  }

  /** Creates the first run from the hash of the address. */
  async open() {
    try {
      await this.#configure(await this.engine.parse(readHash(location.hash)))
    } catch (error) {
      if (!location.hash) throw error
      this.#refuseHash(error, 'The default settings are used instead.', 'Correct the part of the address after #, or choose the settings in the panel.')
      await this.#configure(await this.engine.parse([]))
    }
    addEventListener('hashchange', () => this.#do(() => this.#onHash()))
  }

  /** @param {unknown} error @param {string} kept @param {string} advice */
  #refuseHash(error, kept, advice) {
    this.complain({ key: 'hash', title: 'The settings in the address cannot be used', text: sentence(error), kept, advice })
  }

  /** Shows a notice of an error. @param {Message} message */
  complain(message) {
    this.emit('notice', { kind: 'error', ...message })
  }

  /**
   * Changes one setting, given as text. Before the first step the change takes effect at once. Later only a live setting
   * takes effect at once; any other change is pending until a restart.
   * @param {string} name @param {string} text
   * @returns {Promise<string>} the error, or ''
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

  /** @param {string} model @param {number} batch */
  describe(model, batch) {
    const { height, width, classes } = this.run.dataset
    return this.engine.describe(model, [1, height, width], classes, batch)
  }

  /** The planned rates of a run with this config, computed once for all callers. @param {Config} config */
  rates(config) {
    const question = JSON.stringify([config, this.run.dataset])
    if (this.#rates?.question !== question) this.#rates = { question, plan: this.engine.rates(config) }
    return this.#rates.plan
  }

  /** Selects the image for all views. @param {'train' | 'test'} part @param {number} index wraps around */
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

  /** Starts a run at step 0 with the weights and settings of a file. @param {Uint8Array} bytes */
  openWeights(bytes) {
    return this.#do(async () => this.#startFrom(bytes, await this.engine.configOfWeights(bytes)))
  }

  /** @param {Uint8Array} weights @param {Config} config */
  async #startFrom(weights, config) {
    await this.#configure(config)
    await this.engine.load(weights)
    this.emit('state', null)
  }

  /** Resumes a run. @param {() => Promise<RunInfo>} begin */
  takeUp(begin) {
    return this.#do(() => this.#adopt(begin))
  }

  /** Replaces a dead or hanging worker. The new one resumes the run from its autosave, or starts it from the beginning. */
  startEngineAgain() {
    // Not queued: actions that wait for the old worker fail and free the queue.
    const started = this.engine.restart()
    return this.#try('The engine could not start again', async () => {
      const { autosavedStep, run: { config } } = this
      await started
      for (const [name, found] of this.ownFiles) await this.engine.addData(name, await bytesOfAll(found))
      const { before } = await this.engine.startAutosave()
      await this.#arrive(await (before && autosavedStep !== undefined ? this.engine.continueAutosave() : this.engine.configure(config)))
      this.emit('announce', `The engine was restarted. The run is at step ${this.step}.`)
    })
  }

  /** After a divergence: starts a run with the weights before it, at a tenth of the learning rate. */
  goBack() {
    return this.#try('A run with the last good weights could not start', async () => {
      const weights = await this.engine.save('safetensors')
      const lr = Number((this.effective.lr / 10).toPrecision(3))
      await this.#startFrom(weights, { ...this.effective, lr, events: [] })
      this.emit('announce', `A new run starts from the weights before the divergence, with learning rate ${lr}.`)
    })
  }

  toggle() {
    return this.#try('Training could not start', () => (this.training ? this.engine.pause() : this.engine.train()))
  }

  step1() {
    return this.#try('The step could not be made', () => this.engine.step())
  }

  /** Resets to step 0 with the settings in the panel. They include the live changes of the run. */
  reset() {
    const waiting = this.waiting.length
    return this.#try('The run could not be reset', async () => {
      const events = this.#nextEvents ?? this.run.config.events.filter(({ step }) => step > this.step)
      await this.#configure({ ...this.shown, events })
      this.emit('announce', `Reset to step 0${waiting ? ` with ${plural(waiting, 'change')}` : ''}.`)
    })
  }

  /** Resets, and continues training if the run was training. */
  async restart() {
    const { training } = this
    await this.reset()
    if (training && this.waiting.length === 0) await this.toggle()
  }

  /** Restarts the same run and repeats its recorded changes at their steps. */
  replay() {
    return this.#try('The run could not be replayed', () => this.#configure(this.run.config))
  }

  /** Discards the pending changes. */
  discard() {
    this.#nextEvents = undefined
    this.shown = { ...this.effective, events: [] }
    this.emit('settings', null)
  }

  /** @param {Config} next @param {string} name of the only setting that changed */
  async #show(next, name) {
    const field = this.registry.fields.find((each) => each.name === name)
    // At step 0 no training can be lost.
    if (this.step === 0 && !this.training) return this.#configure({ ...next, events: this.run.config.events })
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
    const arrived = await this.savedRuns.leave()
    try {
      await this.#arrive(await begin())
    } finally {
      arrived()
    }
  }

  /** @param {RunInfo} run */
  async #arrive(run) {
    const { past } = run
    this.run = run
    this.autosavedStep = past && this.autosavedStep
    this.#nextEvents = undefined
    Object.assign(this, past ?? { progress: undefined, points: { step: [], loss: [], accuracy: [] }, epochs: [], lines: [] })
    this.probes = new ProbeHistory()
    this.shown = { ...this.effective, events: [] }
    await this.#writeHash()
    this.emit('run', null)
    this.emit('settings', null)
    // A snapshot at the start, so that all views have their size before they become visible.
    this.engine.probe().then((snapshot) => {
      if (this.step === 0 && !this.probes.latest) this.#onProbe(snapshot)
    }, () => {})
  }

  /** @param {ProbeSnapshot} snapshot */
  #onProbe(snapshot) {
    const [warning] = this.probes.add(snapshot)
    if (warning) this.emit('announce', `Warning: ${warning.message}`)
    this.emit('probe', null)
  }

  async #writeHash() {
    const hash = writeHash(await this.engine.fields(this.run.config))
    if (hash !== location.hash) history.replaceState(null, '', hash || location.pathname + location.search)
  }

  /** The user edited the address. The effect is that of the same settings in the panel. */
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
      this.#refuseHash(error, 'The run and its settings are unchanged.', 'Correct the part of the address after #.')
    }
    await this.#writeHash()
  }

  /** @param {Progress} progress */
  #onProgress(progress) {
    const before = this.effective
    this.progress = progress
    const columns = [this.points.step, this.points.loss, this.points.accuracy]
    progress.points.forEach((value, i) => columns[i % 3].push(value))
    this.emit('progress', progress)
    // A recorded change of a replayed run took effect. The panel shows it unless the user has changed the setting.
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
        const kept = this.run && 'The previous run is unchanged.'
        this.complain({ key: 'action', title, text: sentence(error), kept, advice: 'Change the settings in the panel and try again.' })
      }
    })
  }
}
