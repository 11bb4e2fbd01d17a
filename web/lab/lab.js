// The state of the page between the engine and the display: the config of the run, the settings in the panel, and the
// measurements. Views and controls read it, listen to its events and call its methods; they never call each other.
import { Emitter } from '../engine/emitter.js'
import { bytesOfAll } from './file_bytes.js'
import { sentence, short } from '../dom/format.js'
import { translated } from '../words/registry.js'
import { words } from '../words/words.js'
import { readHash, writeHash } from './hash.js'
import { SavedRuns } from './saved_runs.js'
import { activationOf, withActivation, withOutputs } from './model_text.js'
import { ProbeHistory, hiddenActivations } from './probe_history.js'

const own = words.lab.lab

/**
 * @import { Config, EpochResult, ModelDescription, ProbeSnapshot, Progress, RatePlan, RunInfo, RunState, Snapshot, Warning } from '../engine/protocol.js'
 * @import { Found } from './file_bytes.js'
 * @typedef {{label: string, run: () => void}} Action
 * @typedef {{key: string, title: string, text: string, kept?: string, advice?: string, action?: Action, other?: Action}} Message
 *   what happened, what was kept, what to do
 * @typedef {Message & {kind: 'error' | 'info'}} Notice
 * @typedef {{label: string, config: Config, savedAs?: string, step: number, points: Lab['points'], epochs: EpochResult[]}} Ghost the run
 *   before the current one, behind it in charts; label: how it differs
 * @typedef {{run: null, settings: null, ghost: null, state: {state: RunState} | null, progress: Progress, epoch: EpochResult, log: {lines: string[]}, snapshot: Snapshot,
 *            probe: null, looks: null, warning: Warning, dead: null, unit: null, layer: null, runs: null, compare: {activation?: string, settings?: string},
 *            loading: {name: string, loaded: number, total: number}, notice: Notice,
 *            unnotice: {key: string}, announce: string, theme: null, image: null, draft: ModelDescription}} LabEvents
 *   run: the run was replaced; ghost: the run before it, too; settings: the settings in the panel or the pending changes have changed; probe: a snapshot
 *   of the monitors has arrived; looks: those recorded have grown or were replaced; dead: the last check has changed; runs: the saved runs have changed; unit, layer, image: the selection has changed; draft: the
 *   model that is being typed; compare: a request to train a second run beside this one: its activation, and texts such as
 *   "lr=0.01 init=he_uniform"
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
  /** @type {Ghost | null} */
  ghost = null
  /** Parts of the address that cannot be used. They stay in it until the setting is changed. @type {[string, string][]} */
  #unusable = []
  /** The live snapshot of the monitors, and the looks that the run has recorded. */
  probes = new ProbeHistory()
  /** The warnings that the recorded looks raised, in order. @type {Warning[]} */
  warnings = []
  /** The last check over the whole training set.
   * @type {{step: number, samples: number, layers: {layer: number, name: string, units: number, dead: number[]}[]} | undefined} */
  dead
  /** The selected unit of an activation layer, for all views. @type {{layer: number, unit: number} | null} */
  unit = null
  /** The activation layer that the first screen shows; -1 if there is none. */
  layer = -1
  /** @type {{question: string, plan: Promise<RatePlan>} | undefined} */
  #rates
  /** @type {Promise<unknown>} serialises the changes */
  #queue = Promise.resolve()

  #address

  /** @param {import('../engine/engine.js').Engine} engine @param {{address?: boolean}} [options] address: whether the address of the page holds the run */
  constructor(engine, { address = true } = {}) {
    super()
    this.engine = engine
    this.#address = address
    this.savedRuns = new SavedRuns(this)
    this.registry = translated(engine.registry)
    engine.on('state', ({ state }) => (this.state = state))
    engine.on('progress', (progress) => this.#onProgress(progress))
    engine.on('epoch', (epoch) => this.epochs.push(epoch))
    engine.on('log', ({ lines }) => this.lines.push(...lines))
    for (const type of /** @type {const} */ (['state', 'epoch', 'log', 'snapshot', 'loading'])) {
      engine.on(type, (/** @type {any} */ payload) => this.emit(type, payload))
    }
    engine.on('probe', (snapshot) => this.#onProbe(snapshot))
    engine.on('looks', (found) => {
      this.probes.add(found)
      this.emit('looks', null)
    })
    engine.on('warning', ({ code, layer, message, step }) => {
      const warning = { code, layer, message, step }
      this.warnings.push(warning)
      this.emit('warning', warning)
    })
    engine.on('done', () => this.#whenFinished())
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

  /** The number of classes of a data set. @param {string} data its name */
  classesOf(data) {
    return this.engine.datasets.find(({ name }) => name === data)?.class_names?.length ?? 10
  }

  /** The config of the run with the changes up to the current step. @returns {Config} */
  get effective() {
    const config = { ...this.run.config }
    for (const { step, field, value } of config.events) if (step <= this.step) config[field] = value
    return config
  }

  /** The names of the registry's activations. */
  get activationNames() {
    return this.registry.activations.map(({ name }) => name)
  }

  /** The activation of a config's hidden layers, 'mixed', or ''. @param {Config} config */
  activationOf({ model }) {
    return activationOf(model, this.activationNames)
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
    await this.#useParts(readHash(location.hash), (config) => this.#configure(config))
    addEventListener('hashchange', () => this.#try(own.badAddress, () => this.#onHash()))
  }

  /** Creates a run in a lab without an address. @param {Config} config */
  openWith(config) {
    return this.#do(() => this.#configure(config))
  }

  /**
   * Uses the settings of an address. A part that cannot be used is named in a notice and stays in the address; the others
   * apply. Throws if not even the defaults can be used.
   * @param {[string, string][]} parts @param {(config: Config) => Promise<unknown>} use
   */
  async #useParts(parts, use) {
    /** @type {{part: [string, string], error: unknown}[]} */
    const refused = []
    /** @type {[string, string][]} */
    const good = []
    for (const part of parts) {
      const error = await this.engine.parse([...good, part]).then(() => null, (/** @type {unknown} */ reason) => reason)
      if (error) refused.push({ part, error })
      else good.push(part)
    }
    this.#unusable = refused.map(({ part }) => part)
    // An address of which nothing can be used changes nothing.
    while (good.length > 0 || refused.length === 0 || !this.run) {
      try {
        await use(await this.engine.parse(good))
        break
      } catch (error) {
        if (good.length === 0) throw error
        // Valid alone but not for this data or machine: the model or the data set, or else the last part.
        const at = ['model', 'data'].map((name) => good.findIndex(([each]) => each === name)).find((found) => found >= 0) ?? good.length - 1
        refused.push({ part: good[at], error })
        this.#unusable.push(...good.splice(at, 1))
      }
    }
    await this.#writeHash()
    if (refused.length === 0) return this.emit('unnotice', { key: 'hash' })
    this.complain({
      key: 'hash', title: own.badParts(refused.length), kept: own.restUsed, advice: own.correct,
      text: own.reasons(refused.map(({ part, error }) => ({ part: part.join('='), error: words.lab.error(sentence(error)) }))),
    })
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
        if (name === 'data') next.model = withOutputs(next.model, this.classesOf(text))
        if (name === 'model') next.model = (await this.describe(next.model, next.batch)).text
        this.#unusable = this.#unusable.filter(([each]) => each !== name)
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

  /** Selects a unit, and with it the layer that the first screen shows. @param {number} layer @param {number} unit */
  chooseUnit(layer, unit) {
    this.unit = { layer, unit }
    this.emit('unit', null)
    this.chooseLayer(layer)
  }

  /** Selects the activation layer that the first screen shows. @param {number} layer */
  chooseLayer(layer) {
    this.layer = layer
    this.emit('layer', null)
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
    return this.#try(own.noEngine, async () => {
      const { autosavedStep, run: { config } } = this
      await started
      for (const [name, found] of this.ownFiles) await this.engine.addData(name, await bytesOfAll(found))
      const { before } = await this.engine.startAutosave()
      await this.#arrive(await (before && autosavedStep !== undefined ? this.engine.continueAutosave() : this.engine.configure(config)), true)
      this.emit('announce', own.engineAgain(this.step))
    })
  }

  /** After a divergence: starts a run with the weights before it, at a tenth of the learning rate. */
  goBack() {
    return this.#try(own.notBack, async () => {
      const weights = await this.engine.save('safetensors')
      const lr = Number((this.effective.lr / 10).toPrecision(3))
      await this.#startFrom(weights, { ...this.effective, lr, events: [] })
      this.emit('announce', own.back(lr))
    })
  }

  toggle() {
    return this.#try(own.notTrained, () => (this.training ? this.engine.pause() : this.engine.train()))
  }

  step1() {
    return this.#try(own.noStep, () => this.engine.step())
  }

  /** Resets to step 0 with the settings in the panel. They include the live changes of the run. @param {() => boolean} [train] whether to train then, asked before */
  reset(train = () => false) {
    return this.#try(own.notReset, async () => {
      const goesOn = train()
      const waiting = this.waiting.length
      const events = this.#nextEvents ?? this.run.config.events.filter(({ step }) => step > this.step)
      await this.#configure({ ...this.shown, events })
      this.emit('announce', own.reset(waiting))
      if (goesOn) await this.engine.train()
    })
  }

  /** Resets, and trains unless the run was paused. */
  restart() {
    return this.reset(() => this.state !== 'paused')
  }

  /**
   * Begins another run. The current one is saved, stays on the charts as the ghost, and undo() returns to it.
   * @param {Record<string, string> | (() => Record<string, string>)} changes names and texts of settings; a function is called once
   *   earlier actions are done, as their outcome counts
   * @param {{train: boolean | (() => boolean), fresh?: boolean}} how fresh: the other settings are at their defaults, except the data set;
   *   otherwise as in the panel
   */
  begin(changes, { train, fresh = false }) {
    return this.#try(own.notBegun, async () => {
      const base = fresh ? [['data', this.run.config.data]] : await this.engine.fields({ ...this.shown, events: [] })
      const fields = new Map(/** @type {[string, string][]} */ (base))
      const goesOn = typeof train === 'function' ? train() : train
      for (const [name, text] of Object.entries(typeof changes === 'function' ? changes() : changes)) fields.set(name, text)
      const config = await this.engine.parse([...fields])
      config.model = withOutputs(config.model, this.classesOf(config.data))
      await this.#configure(config)
      if (goesOn) await this.engine.train()
    })
  }

  /** Begins a run with another activation in all layers, and trains it unless the current one waits. @param {string} name */
  chooseActivation(name) {
    return this.begin(() => ({ model: withActivation(this.shown.model, name, this.activationNames) }), { train: () => ['training', 'finished', 'diverged'].includes(this.state) })
  }

  /** Returns to the run before: at its last step if this browser has saved it, else at its start. */
  undo() {
    const { ghost } = this
    return this.#try(own.notUndone, async () => {
      if (!ghost) return
      const { savedAs, config } = ghost
      await this.#adopt(() => (savedAs === undefined ? this.engine.configure(config) : this.engine.openRun(savedAs)))
      this.emit('announce', own.undone(this.step))
    })
  }

  /** Continues a finished run. @param {number} more epochs */
  moreEpochs(more) {
    return this.#try(own.notContinued, async () => {
      await this.#arrive(await this.engine.moreEpochs(this.run.config.epochs + more), true)
      await this.engine.train()
    })
  }

  /** Restarts the same run and repeats its recorded changes at their steps. */
  replay() {
    return this.#try(own.notReplayed, () => this.#configure(this.run.config))
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

  /** @param {RunInfo} run @param {boolean} [same] as before, with more epochs or in another worker */
  async #arrive(run, same = false) {
    const { past } = run
    if (!same && this.run && this.step > 0) this.ghost = this.#ghostOf(run)
    this.run = run
    this.autosavedStep = past && this.autosavedStep
    this.#nextEvents = undefined
    Object.assign(this, past ?? { progress: undefined, points: { step: [], loss: [], accuracy: [] }, epochs: [], lines: [] })
    this.probes = new ProbeHistory(run.recorded?.looks)
    this.warnings = run.recorded?.warnings ?? []
    this.dead = undefined
    const hidden = hiddenActivations(run.model).map((layer) => run.model.layers.indexOf(layer))
    if (!hidden.includes(this.layer)) this.layer = hidden[0] ?? -1
    this.shown = { ...this.effective, events: [] }
    await this.#writeHash()
    this.emit('run', null)
    this.emit('looks', null)
    this.emit('ghost', null)
    this.emit('settings', null)
    // A snapshot at the start, so that all views have their size before they become visible.
    this.engine.probe().then((snapshot) => {
      if (this.step === 0 && !this.probes.latest) this.#onProbe(snapshot)
    }, () => {})
    if (this.state === 'finished') this.#whenFinished()
  }

  /** The current run as the ghost of the next one. @param {RunInfo} next @returns {Ghost} */
  #ghostOf({ config: next }) {
    const { effective: config, run: { savedAs }, step, points, epochs } = this
    const activation = this.activationOf(config)
    const changed = this.registry.fields.filter(({ name }) => name !== 'events' && String(config[name]) !== String(next[name]))
    const label = activation !== this.activationOf(next) ? this.registry.activations.find(({ name }) => name === activation)?.label ?? own.otherModel
      : changed.length === 0 ? own.sameSettings : own.list(changed.map(({ name, label }) => (name === 'model' ? own.otherModel : own.setting(label, String(config[name])))))
    return { label, config: this.run.config, savedAs, step, points, epochs }
  }

  /** @param {ProbeSnapshot} snapshot */
  #onProbe(snapshot) {
    this.probes.latest = snapshot
    this.emit('probe', null)
  }

  /** Finds the units that are silent on the whole training set. */
  async checkDead() {
    const { run } = this
    const { step, layers } = await this.engine.probe({ everywhere: true })
    if (run !== this.run) return
    const checked = layers.flatMap(({ layer, name, units, dead }) => (dead ? [{ layer, name, units, dead }] : []))
    this.dead = { step, samples: run.trainSamples, layers: checked }
    this.emit('dead', null)
  }

  #whenFinished() {
    // A stopped engine reports itself.
    this.checkDead().catch(() => {})
  }

  async #writeHash() {
    if (!this.#address) return
    const fields = await this.engine.fields(this.run.config)
    const hash = writeHash([...fields, ...this.#unusable.filter(([name]) => fields.every(([each]) => each !== name))])
    if (hash !== location.hash) history.replaceState(null, '', hash || location.pathname + location.search)
  }

  /** The user edited the address. The effect is that of the same settings in the panel. */
  #onHash() {
    return this.#useParts(readHash(location.hash), async (config) => {
      const known = this.engine.datasets.map(({ name }) => name)
      if (!known.includes(config.data)) throw new Error(own.unknownData(config.data, known))
      await this.describe(config.model, config.batch)
      if (this.step === 0 && !this.training) return this.#configure(config)
      this.shown = { ...config, events: [] }
      this.#nextEvents = config.events.length > 0 ? config.events : undefined
      this.emit('settings', null)
    })
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
        this.complain({ key: 'action', title, text: words.lab.error(sentence(error)), kept: this.run && own.kept, advice: own.advice })
      }
    })
  }
}
