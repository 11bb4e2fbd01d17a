// The engine: trains networks in a worker of its own, for this page or any other that imports this module.
//
//   const engine = await createEngine()
//   await engine.configure({ model: 'dense 64 | relu | dense 10' })   // loads the data set that it names
//   engine.on('epoch', ({ epoch, testAccuracy }) => console.log(epoch, testAccuracy))
//   await engine.train()
//
// Every method answers with a promise, rejected with an EngineError whose message is one sentence for people.
import { build } from './build.js'
import { Emitter } from './emitter.js'
import { version } from './protocol.js'

/**
 * @typedef {import('./protocol.js').Config} Config
 * @typedef {import('./protocol.js').RunInfo} RunInfo
 * @typedef {import('./protocol.js').Prediction} Prediction
 * @typedef {import('./protocol.js').ModelDescription} ModelDescription
 */

export class EngineError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message)
    this.name = 'EngineError'
  }
}

/** Whether this browser can run the core at all: its kernels need WebAssembly's 128-bit SIMD. */
export function hasSimd() {
  // The module (func (result v128) i32.const 0, i8x16.splat, i8x16.popcnt), which only validates with SIMD.
  return typeof WebAssembly === 'object' && WebAssembly.validate(new Uint8Array([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
  ]))
}

/**
 * Starts a worker and loads the core into it.
 * @param {object} [options]
 * @param {string} [options.workerUrl] address of worker.js
 * @param {string} [options.dataUrl] address of the folder of data sets, with index.json in it
 * @param {boolean} [options.oneThread] for an engine that only makes experiments, whose runs take one thread each
 * @returns {Promise<Engine>}
 */
export async function createEngine({ workerUrl, dataUrl, oneThread = false } = {}) {
  const folder = new URL(dataUrl ?? '../data/', import.meta.url).href
  const start = () => new Worker(workerUrl ?? new URL('./worker/worker.js', import.meta.url), { type: 'module' })
  const engine = new Engine(start, { dataUrl: folder, oneThread })
  try {
    await engine.restart()
  } catch (error) {
    engine.close()
    throw error
  }
  return engine
}

/** Milliseconds between two pings, and how many may stay without an answer: 10 seconds in all. */
const pingEvery = 2000
const mostPings = 5

/** How many workers are started, if none gets ready. */
const mostTries = 3

/** @extends {Emitter<import('./protocol.js').EngineEvents>} */
export class Engine extends Emitter {
  /** What the core offers: activations, layer words, settings. @type {import('./protocol.js').Registry} */
  registry = /** @type {any} */ (undefined)
  /** The instruction set of the kernels. */
  simdTarget = ''
  /** Why runs have one thread though the machine has more cores: a sentence, or ''. */
  threadsReason = ''
  /** The data sets that can be loaded. @type {import('./protocol.js').DatasetEntry[]} */
  datasets = []

  #start
  #opening
  /** @type {Worker | undefined} */
  #worker
  #nextId = 1
  /** @type {Map<number, {done: (result: any) => void, failed: (error: Error) => void}>} */
  #waiting = new Map()
  /** What who watches the monitors asks for. @type {Map<string, import('./protocol.js').ProbeRequest>} */
  #probing = new Map()
  /** How many images were given to watch(). */
  #watches = 0
  /** Which of them is the latest of each key. @type {Map<string, {pixels: Uint8Array, image: number}>} */
  #watching = new Map()
  /** Set once the worker has died. @type {EngineError | undefined} */
  #dead
  /** What a worker that is not ready yet ends with if it answers no ping. @type {EngineError | undefined} */
  #hung
  /** Pings that were sent since the last answer. */
  #pings = 0
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #pinging
  /** The worker does not know yet what is watched. */
  #fresh = false

  /** @param {() => Worker} start @param {{dataUrl: string, oneThread?: boolean, core?: {moduleUrl: string, wasmBinary: Uint8Array}}} opening */
  constructor(start, opening) {
    super()
    this.#start = start
    this.#opening = opening
  }

  /** Ends the worker, whatever it is doing, and starts another. It has no run and no data of its own until configure() or
   * its like, and addData(); what was watched is watched again then. A worker that answers no ping before it is ready, as
   * happens in Firefox, whose workers can hang where they start others, gives way to another one.
   * @returns {Promise<void>} */
  async restart() {
    this.#end(new EngineError('the engine was started again'))
    this.#fresh = true
    for (let tries = 1; ; tries += 1) {
      try {
        return void Object.assign(this, await this.#open())
      } catch (error) {
        if (error !== this.#hung || tries === mostTries) throw error
      }
    }
  }

  /** Starts a worker. @returns {Promise<any>} what it answers once it is ready */
  #open() {
    this.#dead = undefined
    this.#hung = new EngineError(`the engine does not answer: ${mostTries} workers were started, and each was silent for ${pingEvery * mostPings / 1000} seconds`)
    const worker = this.#start()
    this.#worker = worker
    worker.onmessage = ({ data }) => {
      if (worker === this.#worker) this.#receive(data)
    }
    worker.onerror = (event) => {
      event.preventDefault()
      if (worker === this.#worker) this.#die(event.message || 'the worker could not be loaded')
    }
    // How long its script takes to come is the network's affair: time counts from its first answer.
    this.request('ping').then(() => {
      if (worker === this.#worker && !this.#dead) this.#pinging = setInterval(() => this.#ping(), pingEvery)
    }, () => {})
    const opened = this.request('open', { ...this.#opening, build })
    opened.then(() => (this.#hung = undefined), () => {})
    return opened
  }

  /** Counts pings and not seconds: a machine that slept has sent none. */
  #ping() {
    this.#pings += 1
    if (this.#pings === mostPings + 1) {
      if (this.#hung) return this.#end(this.#hung)
      this.emit('silent', null)
    }
    if (this.#pings > 1) return
    this.request('ping').then(() => {
      if (this.#pings > mostPings) this.emit('answers', null)
      this.#pings = 0
    }, () => {})
  }

  /** A run that the worker has made, which what is watched belongs to. @param {Promise<RunInfo>} made @returns {Promise<RunInfo>} */
  async #watchIn(made) {
    const info = await made
    if (!this.#fresh) return info
    this.#fresh = false
    for (const [key, { pixels, image }] of this.#watching) {
      if (pixels.length === info.dataset.height * info.dataset.width) void this.request('watch', { key, pixels, image }).catch(() => {})
    }
    if (this.#probing.size > 0) void this.#sendProbing()
    return info
  }

  /** The curve of an activation and of its derivative at some points.
   * @param {string} activation @param {number[]} parameters @param {Float32Array} xs
   * @returns {Promise<{y: Float32Array, dy: Float32Array}>} */
  curve(activation, parameters, xs) {
    return this.request('curve', { activation, parameters, xs })
  }

  /** A full config of names and texts, as in an address or on a command line; what is missing is at its default.
   * @param {[string, string][]} fields @returns {Promise<Config>} */
  parse(fields) {
    return this.request('parse', { fields })
  }

  /** Names and texts of what in a config is not at its default.
   * @param {Partial<Config>} config @returns {Promise<[string, string][]>} */
  fields(config) {
    return this.request('fields', { config })
  }

  /** A model layer by layer, without building it.
   * @param {string} model @param {[number, number, number]} input channels, height, width
   * @param {number} classes @param {number} batch @returns {Promise<ModelDescription>} */
  describe(model, input, classes, batch) {
    return this.request('describe', { model, input, classes, batch })
  }

  /** Makes a new run at step 0, loading its data first where needed ('loading' events tell how far it is). If
   * anything is wrong, the run before stays as it was and goes on.
   * @param {Partial<Config>} config @returns {Promise<RunInfo>} */
  async configure(config) {
    const info = await this.#watchIn(this.request('configure', { config }))
    if (this.#probing.size > 0) void this.#sendProbing()
    return info
  }

  /** A file with everything that is needed to go on with the same bits, here, in Node or natively.
   * @returns {Promise<Uint8Array>} */
  checkpoint() {
    return this.request('checkpoint')
  }

  /** Takes up a run where a checkpoint left it, paused, in the place of the present one, which stays if anything is
   * wrong with the file. What it did before is in `past`.
   * @param {Uint8Array} bytes @returns {Promise<RunInfo>} */
  restore(bytes) {
    return this.#watchIn(this.request('restore', { bytes }))
  }

  /** From now on saves the present run in the browser's storage for a reload or a crash: at each epoch, every few seconds,
   * and at stops ('autosaved', 'autosaveFailed'). Where there is an autosave of before, nothing is saved until
   * continueAutosave() or discardAutosave(); where another tab autosaves its run, nothing is saved here.
   * @returns {Promise<import('./protocol.js').Autosaving>} */
  startAutosave() {
    return this.request('startAutosave')
  }

  /** Takes up the autosaved run. @returns {Promise<RunInfo>} */
  continueAutosave() {
    return this.#watchIn(this.request('continueAutosave'))
  }

  /** @returns {Promise<void>} */
  discardAutosave() {
    return this.request('discardAutosave')
  }

  /** Saves the present run, with what the page has measured, in the browser: in the place of its own entry if it has one
   * (then the name stays that of the entry), unless that has gone further; and else as a new one. The entry of before is
   * whole until the new one is.
   * @param {string} name @param {Record<string, any>} metrics @param {boolean} [withCheckpoint] so that it can be opened again
   * @returns {Promise<import('./storage/storage.js').SavedRun>} the entry */
  saveRun(name, metrics, withCheckpoint = true) {
    return this.request('saveRun', { name, metrics, withCheckpoint })
  }

  /** The saved runs, the one begun last first. @returns {Promise<import('./storage/storage.js').SavedRun[]>} */
  savedRuns() {
    return this.request('savedRuns')
  }

  /** As restore(), of a saved run, whose entry is the run's from now on. @param {string} id @returns {Promise<RunInfo>} */
  openRun(id) {
    return this.#watchIn(this.request('openRun', { run: id }))
  }

  /** @param {string} id @param {string} name @returns {Promise<void>} */
  renameRun(id, name) {
    return this.request('renameRun', { run: id, name })
  }

  /** @param {string} id @returns {Promise<void>} */
  deleteRun(id) {
    return this.request('deleteRun', { run: id })
  }

  /** Bytes that this origin uses and may use, and where: runs in memory are gone when the page is closed.
   * @returns {Promise<{usage: number, quota: number, where: import('./storage/browser_files.js').Files['kind']}>} */
  storageUsage() {
    return this.request('storageUsage')
  }

  /** Trains until pause(), the end, or divergence. @returns {Promise<void>} when it has begun */
  train() {
    return this.request('train')
  }

  /** @returns {Promise<void>} once it stands still */
  pause() {
    return this.request('pause')
  }

  /** Makes a data set of own files, which configure() then takes by its name: an archive alone, or the files of a folder
   * with their paths in it. What they may be is in src/data/folder.h.
   * @param {string} name @param {{path: string, bytes: Uint8Array}[]} files
   * @returns {Promise<import('./protocol.js').DatasetInfo>} */
  async addData(name, files) {
    const info = await this.request('addData', { name, files })
    this.datasets = [...this.datasets.filter((entry) => entry.name !== name), { name, label: name, class_names: info.class_names, own: true }]
    return info
  }

  /** Makes exactly one training step. @returns {Promise<void>} once it is made */
  step() {
    return this.request('step')
  }

  /** Changes a live setting from the next step on. The config records it.
   * @param {string} field @param {number} value @returns {Promise<Config>} */
  set(field, value) {
    return this.request('set', { field, value })
  }

  /** An image of the loaded data set.
   * @param {'train'|'test'} part @param {number} index
   * @returns {Promise<{pixels: Uint8Array, label: number}>} */
  image(part, index) {
    return this.request('image', { part, index })
  }

  /** Some of them at once. @param {'train'|'test'} part @param {number[]} indices
   * @returns {Promise<{pixels: Uint8Array, label: number}[]>} */
  images(part, indices) {
    return this.request('images', { part, indices })
  }

  /** What the model makes of an image now. @param {Uint8Array} pixels @returns {Promise<Prediction>} */
  predict(pixels) {
    return this.request('predict', { pixels })
  }

  /** What augmentation makes of a training image in epochs 1 to `count`.
   * @param {number} sample @param {number} count @param {Partial<Config>} [config] of a run that is not made, on the data
   * that is loaded; the run's own if it is left out @returns {Promise<Uint8Array>} count * height * width bytes */
  augmented(sample, count, config) {
    return this.request('augmented', { sample, count, config })
  }

  /** The learning rate, momentum and moves over a whole run with this config on the data that is loaded.
   * @param {Partial<Config>} config @param {number} [points] how many updates to tell of, at most
   * @returns {Promise<import('./protocol.js').RatePlan>} */
  rates(config, points = 300) {
    return this.request('rates', { config, points })
  }

  /** Scores the whole test set now.
   * @returns {Promise<{test_loss: number, test_accuracy: number, correct: number, total: number}>} */
  evaluate() {
    return this.request('evaluate')
  }

  /** The same with some units of an activation layer giving 0; the run does not notice.
   * @param {number} layer from 0 @param {number[]} units from 0
   * @returns {Promise<{test_loss: number, test_accuracy: number, correct: number, total: number}>} */
  evaluateWithout(layer, units) {
    return this.request('evaluateWithout', { layer, units })
  }

  /** One unit of an activation layer: its weights, and the images of the probe set that fire it most.
   * @param {number} layer from 0 @param {number} unit from 0 @param {number} [strongest] how many images
   * @returns {Promise<import('./protocol.js').UnitReport>} */
  unit(layer, unit, strongest = 8) {
    return this.request('unit', { layer, unit, strongest })
  }

  /** What the monitors say now: units, gradients, warnings. Changes nothing that is trained, and costs nothing when
   * nobody asks. Gradients are those of the last step that was watched; asking for them watches the next one.
   * @param {import('./protocol.js').ProbeRequest} [request]
   * @returns {Promise<import('./protocol.js').ProbeSnapshot>} */
  probe(request = {}) {
    return this.request('probe', { request })
  }

  /** Which classes of the test set are confused, and its hardest samples.
   * @param {number} [hardest] how many of those at most
   * @returns {Promise<import('./protocol.js').ClassReport>} */
  classes(hardest = 10) {
    return this.request('classes', { hardest })
  }

  /** The same of a run that stands still, in parts, between which it answers other requests as quickly as ever.
   * @param {number} [hardest]
   * @returns {Promise<import('./protocol.js').RunClasses | null>} null where the run went on meanwhile */
  classesInParts(hardest = 10) {
    return this.request('classesInParts', { hardest })
  }

  /** The same of the last epoch that was scored, with the weights that it ended with; costs nothing.
   * @returns {Promise<import('./protocol.js').RunClasses | null>} null before the first */
  epochClasses() {
    return this.request('epochClasses')
  }

  /** A parameter of the network as it is now. @param {string} name in the state_dict: "conv1.weight"
   * @returns {Promise<{shape: number[], values: Float32Array}>} as PyTorch has it */
  parameter(name) {
    return this.request('parameter', { name })
  }

  /** The subcommands of the command lines with their flags, and the lessons: name and claim, a line each.
   * @returns {Promise<ReturnType<import('./worker/core.js').Core['commands']>>} */
  commands() {
    return this.request('commands')
  }

  /** Plans an experiment, in the place of the one before; advanceExperiment() carries it out. It takes the worker's
   * time and its data set, so give it an engine that trains nothing else.
   * @param {string} kind "race", "sweep" or "lessons"
   * @param {Partial<Config>} config what all runs begin from
   * @param {[string, string][]} flags of the kind, in the order given
   * @param {{from?: Uint8Array}} [files] from: a checkpoint whose run the racers fork; config is then configOfCheckpoint()'s
   * @returns {Promise<any>} what src/experiments/experiment.h says of start() */
  startExperiment(kind, config, flags, files = {}) {
    return this.request('startExperiment', { kind, config, flags, files })
  }

  /** What a checkpoint's run goes on with. @param {Uint8Array} bytes
   * @param {[string, string][]} [given] what is to be different: speed, or more epochs; anything else is refused
   * @returns {Promise<Config>} */
  configOfCheckpoint(bytes, given = []) {
    return this.request('configOfCheckpoint', { bytes, given })
  }

  /** Goes on with it for a few hundredths of a second.
   * @returns {Promise<any>} what src/experiments/experiment.h says of advance() */
  advanceExperiment() {
    return this.request('advanceExperiment')
  }

  /** @returns {Promise<string>} SHA-256 of all weights, as the command line prints it */
  weightsSha256() {
    return this.request('weightsSha256')
  }

  /** The run as a file's bytes, to be downloaded: the network in one of registry.save_formats ("pth", "safetensors",
   * "onnx", "npz", "py"), or its metrics so far as "csv" or "jsonl".
   * @param {string} format @param {{images?: number}} [options] images: how many test images an npz holds the activations for
   * @returns {Promise<Uint8Array>} */
  save(format, { images } = {}) {
    return this.request('save', { format, images })
  }

  /** The config that a .safetensors file of weights was saved with. @param {Uint8Array} bytes @returns {Promise<Config>} */
  configOfWeights(bytes) {
    return this.request('configOfWeights', { bytes })
  }

  /** Gives the run the weights of a .safetensors file. @param {Uint8Array} bytes @returns {Promise<void>} */
  load(bytes) {
    return this.request('load', { bytes })
  }

  /** From now on posts 'snapshot' events of what the model makes of an image, whenever the weights changed, as often
   * as this page draws. Null ends it.
   * @param {string} key names the image @param {Uint8Array | null} pixels @returns {Promise<void>} */
  watch(key, pixels) {
    const image = ++this.#watches
    if (pixels) this.#watching.set(key, { pixels, image })
    else this.#watching.delete(key)
    return this.request('watch', { key, pixels, image })
  }

  /** From now on posts 'probe' events of what the monitors say, as probe() answers, for all who watch together: what any
   * of them asks for is in each. They come when something changed and the page has drawn the one before, and take a few
   * hundredths of the training's time at most; with `probe` in the config only at the steps at which the command line
   * looks as well. Goes on over configure(). Null ends it for this key.
   * @param {string} key names who watches @param {import('./protocol.js').ProbeRequest | null} request
   * @returns {Promise<void>} */
  watchProbe(key, request) {
    if (request) this.#probing.set(key, request)
    else this.#probing.delete(key)
    return this.#sendProbing()
  }

  #sendProbing() {
    const all = [...this.#probing.values()]
    return this.request('watchProbe', { request: all.length === 0 ? null : {
      gradients: all.some(({ gradients }) => gradients), everywhere: all.some(({ everywhere }) => everywhere),
      components: all.find(({ components }) => components !== undefined)?.components,
    } })
  }

  /** Ends the worker and frees its memory. */
  close() {
    this.#die('the engine was closed')
  }

  /**
   * Sends a request to the worker.
   * @param {string} type @param {object} [payload] @returns {Promise<any>}
   */
  request(type, payload = {}) {
    if (this.#dead) return Promise.reject(this.#dead)
    const id = this.#nextId++
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed })
      this.#worker?.postMessage({ ...payload, v: version, type, id })
    })
  }

  /** @param {any} message */
  #receive(message) {
    if (message.v !== version) return this.#die(`the worker speaks version ${message.v}, this page ${version}`)
    if (message.type !== 'reply') {
      // A snapshot that was under way while another image was chosen is of the image before.
      if (message.type !== 'snapshot' || message.image === this.#watching.get(message.key)?.image) this.emit(message.type, message)
      if (message.type === 'snapshot' || message.type === 'probe') whenDrawn(() => this.#acknowledge(message.key))
      return
    }
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.error === undefined) waiting?.done(message.result)
    else waiting?.failed(new EngineError(message.error))
  }

  /** Asks for the next snapshot only once this one is on screen: a hidden or slow page gets fewer. @param {string} [key] */
  #acknowledge(key) {
    if (!this.#dead) this.#worker?.postMessage({ v: version, type: 'drawn', key })
  }

  /** @param {string} why */
  #die(why) {
    if (this.#dead) return
    this.#end(new EngineError(why))
    this.emit('failure', { message: why })
  }

  /** @param {EngineError} error what waits is answered with */
  #end(error) {
    this.#dead = error
    clearInterval(this.#pinging)
    this.#pings = 0
    this.#worker?.terminate()
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { failed } of waiting) failed(error)
  }
}

/** @param {() => void} work */
function whenDrawn(work) {
  if (typeof requestAnimationFrame === 'function') requestAnimationFrame(work)
  else setTimeout(work, 16)
}
