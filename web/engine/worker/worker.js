// The worker: owns the core, the data set and the run. Answers requests in order of arrival and posts events.
// See protocol.js for the messages and engine.js for the other end.
import { Autosave, standOf, stateOf } from '../storage/autosave.js'
import { build } from '../build.js'
import { loadCore } from './core.js'
import { fetchIdx } from './fetch_data.js'
import { version } from '../protocol.js'
import { Runner, buffersOf } from './runner.js'
import { forgetUnpacked, keepUnpacked, ofUnpacked } from '../storage/unpacked_data.js'
import { wordsOf } from './error_words.js'

/** @typedef {import('../protocol.js').Config} Config */

/** @type {any} typed as a window by the DOM's types, but this is a worker */
const scope = self

/** More threads than this gain nothing on networks of this size. */
const mostThreads = 16

/** Milliseconds after which a data set is kept for the next time: whoever loads it first wants to begin. */
const keepAfter = 1000

/** @type {import('./core.js').Core} */
let core
let dataUrl = ''
/** @type {import('../protocol.js').DatasetEntry[]} */
let datasets = []
/** @typedef {{data: import('./core.js').Dataset, info: import('../protocol.js').DatasetInfo}} LoadedData */

/** @type {LoadedData | undefined} */
let dataset
/** Data sets that the page brought, by name. @type {Map<string, LoadedData>} */
const own = new Map()
/** @type {Runner | undefined} */
let runner
/** @type {import('./core.js').Experiment | undefined} */
let experiment

/** @param {string} type @param {object} payload @param {Transferable[]} [transfer] */
function post(type, payload, transfer = []) {
  scope.postMessage({ v: version, type, ...payload }, transfer)
}

/**
 * The core, with threads for all cores unless one is enough; unless told otherwise a run leaves one to the page.
 * @param {boolean} oneThread @param {{moduleUrl: string, wasmBinary: Uint8Array}} [module] where it is not beside this file
 */
function load(oneThread, module) {
  if (oneThread || module) return loadCore(module)
  const cores = Math.min(navigator.hardwareConcurrency || 1, mostThreads)
  // A run is made while the one before still has its threads.
  return loadCore({ threads: cores, automaticThreads: cores > 2 ? cores - 1 : cores, sessions: 2 })
}

/** The run, or a clear refusal. */
function current() {
  if (!runner) throw new Error('there is no run yet: configure one first')
  return runner
}

/** The data set of the run, or a clear refusal. */
function loaded() {
  if (!dataset) throw new Error('no data set is loaded yet')
  return dataset
}

/** @param {string} name */
async function datasetOf(name) {
  const brought = own.get(name)
  if (brought) return brought
  if (dataset?.info.name === name) return dataset
  const known = datasets.map((entry) => entry.name)
  if (!known.includes(name)) throw new Error(`data is "${name}", but this page has ${known.join(' and ')}`)
  const version = datasets.find((entry) => entry.name === name)?.version
  const data = await keptData(name, version) ?? await fetchedData(name, version)
  return { data, info: data.info() }
}

/** @param {string} name @param {string} [version] */
async function keptData(name, version) {
  if (!version) return undefined
  try {
    return await ofUnpacked(name, version, (files) => core.createDataset({ name, ...files }))
  } catch {
    // Not what was kept: it is fetched again.
    return void await forgetUnpacked(name)
  }
}

/** @param {string} name @param {string} [version] */
async function fetchedData(name, version) {
  const files = await fetchIdx(new URL(`${encodeURIComponent(name)}/`, dataUrl).href, (loaded, total) => {
    post('loading', { name, loaded, total })
  })
  const data = core.createDataset({ name, ...files })
  if (version) setTimeout(() => void keepUnpacked(name, version, files), keepAfter)
  return data
}

/** Frees a data set that is no longer used, unless somebody may ask for it again. @param {LoadedData | undefined} set */
function release(set) {
  if (set && own.get(set.info.name) !== set) set.data.delete()
}

const autosave = new Autosave(post)

/**
 * A run at its beginning, or where a checkpoint left it.
 * @param {Record<string, any>} config a whole one @param {import('../storage/storage.js').State & import('../storage/storage.js').Savable} [before]
 */
async function makeRun(config, { checkpoint, lines, savedAs } = {}) {
  const next = await datasetOf(config.data)
  /** @type {import('./core.js').Session | undefined} */
  let session
  try {
    session = core.createSession(next.data, config)
    if (checkpoint) session.restore(checkpoint)
  } catch (error) {
    session?.delete()
    if (next !== dataset) release(next)
    throw error
  }
  const full = session.config()
  const { threads, input, train_samples: trainSamples } = session.start()
  const totalSteps = Math.ceil(trainSamples / full.batch) * full.epochs
  /** @type {import('../protocol.js').RunInfo} */
  const info = {
    config: /** @type {Config} */ (full), model: session.describe(), dataset: next.info, trainSamples, totalSteps, threads,
    input, savedAs,
  }
  const watched = runner?.end() ?? []
  if (dataset !== next) release(dataset)
  dataset = next
  const run = new Runner(session, info, post, (after) => autosave.moved(run, after))
  runner = run
  if (checkpoint) info.past = run.goOn(lines)
  post('state', { state: runner.state })
  for (const [key, { pixels, image }] of watched) {
    if (pixels.length === next.info.height * next.info.width) runner.watch(key, pixels, image)
  }
  return info
}

/** What each request does. Each gets the message and answers with what is sent back. */
const requests = {
  /** @param {{dataUrl: string, oneThread: boolean, build: string, core?: {moduleUrl: string, wasmBinary: Uint8Array}}} message */
  async open(message) {
    // One that was not built, as in Node, takes any.
    if (build && message.build && build !== message.build) throw new Error('a new version of this page is here: load the page again')
    dataUrl = message.dataUrl
    const [loaded, index] = await Promise.all([load(message.oneThread, message.core), fetch(new URL('index.json', dataUrl))])
    if (!index.ok) throw new Error(`${index.url} answered ${index.status}`)
    core = loaded
    datasets = await index.json()
    const { simdTarget, threadsReason } = core
    return { registry: core.registry(), simdTarget, threadsReason, datasets }
  },

  /**
   * Makes a data set of files of the page's owner: one archive, or the files of a folder.
   * @param {{name: string, files: {path: string, bytes: Uint8Array}[]}} message
   */
  async addData({ name, files }) {
    if (datasets.some((entry) => entry.name === name)) throw new Error(`there is a data set "${name}" already: choose another name`)
    // Loaded only now: few who open the page have data of their own.
    const [{ readFolder }, { isZip, openZip }, { gunzipSync, inflateSync, unzlibSync }] =
      await Promise.all([import('./folder.js'), import('./zip.js'), import('../../vendor/fflate.js')])
    const gunzip = (/** @type {Uint8Array} */ packed, /** @type {number} */ most) => gunzipSync(packed, { out: new Uint8Array(most) })
    const byPath = new Map(files.map(({ path, bytes }) => [path, bytes]))
    const source = files.length === 1 && isZip(files[0].bytes)
      ? openZip(files[0].bytes, inflateSync)
      : {
        paths: [...byPath.keys()], announced: () => 0,
        read: (/** @type {string} */ path, most = Infinity) => /** @type {Uint8Array} */ (byPath.get(path)).subarray(0, most),
      }
    const data = readFolder(core, name, JSON.stringify(name), source, { gunzip, unzlib: unzlibSync })
    const before = own.get(name)
    own.set(name, { data, info: data.info() })
    if (before && before !== dataset) before.data.delete()
    return data.info()
  },

  /** @param {{activation: string, parameters: number[], xs: Float32Array}} message */
  curve: ({ activation, parameters, xs }) => core.curve(activation, parameters, xs),

  /** @param {{fields: [string, string][]}} message */
  parse: ({ fields }) => core.configFromFields(fields),

  /** @param {{config: Config}} message */
  fields: ({ config }) => core.configToFields(config),

  /** @param {{model: string, input: [number, number, number], classes: number, batch: number}} message */
  describe: ({ model, input, classes, batch }) => core.describeModel(model, input, classes, batch),

  /**
   * Makes the next run. Until everything about it is known to be good, the run before goes on.
   * @param {{config: Partial<Config>}} message
   */
  configure: ({ config }) => makeRun(core.configFromJson(JSON.stringify(config))),

  checkpoint: () => current().session.checkpoint(),
  /** @param {{bytes: Uint8Array}} message */
  restore: ({ bytes }) => makeRun(core.configOfCheckpoint(bytes), { checkpoint: bytes }),

  startAutosave: () => autosave.begin(),
  /** Takes up the autosaved run. */
  async continueAutosave() {
    const found = await (await autosave.open()).latestAutosave()
    if (!found) throw new Error('there is no autosave in this browser any more')
    const info = await makeRun(core.configOfCheckpoint(found.checkpoint), { ...found, savedAs: found.about.storedAs })
    autosave.held = false
    return info
  },
  async discardAutosave() {
    await (await autosave.open()).discardAutosave()
    autosave.held = false
  },
  /** Saves the present run: its own entry from now on. @param {{name: string, metrics: Record<string, any>, withCheckpoint: boolean}} message */
  async saveRun({ name, metrics, withCheckpoint }) {
    const run = current()
    const { lines, checkpoint } = withCheckpoint ? stateOf(run) : { lines: run.lines, checkpoint: undefined }
    const entry = { ...standOf(run), name, config: /** @type {Config} */ (run.session.config()), metrics }
    const before = run.info.savedAs
    const saved = await (await autosave.open()).saveRun(run.info, entry, { checkpoint, lines })
    // The autosave has to know whose entry it goes on with.
    if (run === runner && saved.id !== before) autosave.moved(run, 'stop')
    return saved
  },
  savedRuns: async () => (await autosave.open()).runs(),
  /** @param {{run: string}} message the id of a saved one, as in those below */
  async openRun({ run }) {
    const state = await (await autosave.open()).stateOf(run)
    return makeRun(core.configOfCheckpoint(state.checkpoint), { ...state, savedAs: run })
  },
  /** @param {{run: string, name: string}} message */
  renameRun: async ({ run, name }) => (await autosave.open()).renameRun(run, name),
  /** @param {{run: string}} message */
  deleteRun: async ({ run }) => (await autosave.open()).deleteRun(run),
  storageUsage: async () => (await autosave.open()).usage(),

  ping: () => true,

  train: () => current().train(),
  pause: () => current().pause(),
  step: () => current().step(),

  /** @param {{field: string, value: number}} message */
  set({ field, value }) {
    current().set(field, value)
    return current().session.config()
  },

  /** @param {{part: 'train'|'test', index: number}} message */
  image: ({ part, index }) => loaded().data.image(part, index),
  /** @param {{part: 'train'|'test', indices: number[]}} message */
  images: ({ part, indices }) => indices.map((index) => loaded().data.image(part, index)),

  /** @param {{pixels: Uint8Array}} message */
  predict: ({ pixels }) => current().session.predict(pixels),
  /** @param {{sample: number, count: number, config?: Partial<Config>}} message */
  augmented: ({ sample, count, config }) => (config ? loaded().data.augmented(config, sample, count) : current().session.augmented(sample, count)),
  /** @param {{config: Partial<Config>, points: number}} message */
  rates: ({ config, points }) => loaded().data.rates(config, points),
  commands: () => core.commands(),
  /** @param {{bytes: Uint8Array, given: [string, string][]}} message */
  configOfCheckpoint: ({ bytes, given }) => core.configOfCheckpoint(bytes, given),
  /** @param {{kind: string, config: Partial<Config>, flags: [string, string][], files: {from?: Uint8Array}}} message */
  async startExperiment({ kind, config: wanted, flags, files }) {
    const config = core.configFromJson(JSON.stringify(wanted))
    const next = await datasetOf(config.data)
    const before = dataset
    dataset = next
    experiment?.delete()
    experiment = undefined
    if (before !== next) release(before)
    experiment = core.createExperiment(next.data, kind, config, flags, { files })
    return experiment.start()
  },
  advanceExperiment() {
    if (!experiment) throw new Error('there is no experiment yet: start one first')
    return experiment.advance()
  },
  evaluate: () => current().session.evaluate(),
  /** @param {{layer: number, units: number[]}} message */
  evaluateWithout: ({ layer, units }) => current().session.evaluateWithout(layer, units),
  /** @param {{layer: number, unit: number, strongest: number}} message */
  unit: ({ layer, unit, strongest }) => current().session.unit(layer, unit, strongest),
  /** @param {{request: import('../protocol.js').ProbeRequest}} message */
  probe: ({ request }) => current().session.probe(request),
  /** @param {{hardest: number}} message */
  classes: ({ hardest }) => current().session.classes(hardest),
  /** @param {{hardest: number}} message */
  classesInParts: ({ hardest }) => current().classesInParts(hardest),
  epochClasses: () => current().epochClasses(),
  /** @param {{name: string}} message */
  parameter: ({ name }) => current().session.parameter(name),
  weightsSha256: () => current().session.weightsSha256(),
  /** @param {{format: string, images?: number}} message */
  save: ({ format, images }) => current().metrics(format) ?? current().session.save(format, images),
  /** @param {{bytes: Uint8Array}} message */
  configOfWeights: ({ bytes }) => core.configOfWeights(bytes),
  /** @param {{bytes: Uint8Array}} message */
  load: ({ bytes }) => current().load(bytes),

  /** @param {{key: string, pixels: Uint8Array | null, image: number}} message */
  watch: ({ key, pixels, image }) => current().watch(key, pixels, image),
  /** @param {{request: import('../protocol.js').ProbeRequest | null}} message */
  watchProbe: ({ request }) => runner?.watchProbe(request),
  /** @param {{key?: string}} message */
  drawn: ({ key }) => runner?.drawn(key),
}

/** @param {any} result @returns {Transferable[]} */
function transferable(result) {
  if (result?.probabilities) return buffersOf(result)
  if (result?.predictions) return [result.labels.buffer, result.predictions.buffer]
  if (result?.values instanceof Float32Array) return [result.values.buffer]
  return ArrayBuffer.isView(result) ? [result.buffer] : []
}

scope.onmessage = async (/** @type {MessageEvent} */ { data: message }) => {
  const { v, type, id } = message
  try {
    if (v !== version) throw new Error(`the page speaks version ${v} and the engine ${version}: reload the page`)
    if (!Object.hasOwn(requests, type)) throw new Error(`unknown request ${type}`)
    const result = await requests[/** @type {keyof typeof requests} */ (type)](message)
    if (id !== undefined) scope.postMessage({ v: version, type: 'reply', id, result }, transferable(result))
  } catch (error) {
    const sentence = wordsOf(error)
    if (id !== undefined) scope.postMessage({ v: version, type: 'reply', id, error: sentence })
    else post('failure', { message: sentence })
  }
}
