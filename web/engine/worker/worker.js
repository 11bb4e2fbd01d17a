// The worker: owns the core, the data set and the run. Answers requests in order of arrival and posts events.
// See protocol.js for the messages and engine.js for the other end.
import { Autosave, standOf } from '../storage/autosave.js'
import { build } from '../build.js'
import { loadCore } from './core.js'
import { fetchIdx } from './fetch_data.js'
import { version } from '../version.js'
import { Runner, buffersOf } from './runner.js'
import { forgetUnpacked, keepUnpacked, ofUnpacked } from '../storage/unpacked_data.js'
import { wordsOf } from '../error_words.js'
/** @import { DatasetEntry, DatasetInfo, RunInfo } from '../protocol.js' */
/** @import { Core, Dataset, Experiment, Session } from './core.js' */
/** @import { Savable, State } from '../storage/storage.js' */

/** @type {any} typed as a window by the DOM's types, but this is a worker */
const scope = self

/** More threads than this gain nothing on networks of this size. */
const mostThreads = 16

/** Milliseconds before a data set is stored for the next visit, so that the first run is not delayed. */
const keepAfter = 1000

/** @type {Core} */
let core
let dataUrl = ''
/** @type {DatasetEntry[]} */
let datasets = []
/** @typedef {{data: Dataset, info: DatasetInfo}} LoadedData */

/** @type {LoadedData | undefined} */
let dataset
/** Data sets added by the page, by name. @type {Map<string, LoadedData>} */
const own = new Map()
/** @type {Runner | undefined} */
let runner
/** @type {Experiment | undefined} */
let experiment

/** @param {string} type @param {object} payload @param {Transferable[]} [transfer] */
function post(type, payload, transfer = []) {
  scope.postMessage({ v: version, type, ...payload }, transfer)
}

/**
 * The core, with threads for all cores unless one is enough; by default a run leaves one to the page.
 * @param {boolean} oneThread @param {{moduleUrl: string, wasmBinary: Uint8Array}} [module] if it is not next to this file
 */
function load(oneThread, module) {
  if (oneThread || module) return loadCore(module)
  const cores = Math.min(navigator.hardwareConcurrency || 1, mostThreads)
  // A new run is created while the previous one still holds its threads.
  return loadCore({ threads: cores, automaticThreads: cores > 2 ? cores - 1 : cores, sessions: 2 })
}

/** The run. Throws if there is none. */
function current() {
  if (!runner) throw new Error('there is no run yet: configure one first')
  return runner
}

/** @param {string} name */
async function datasetOf(name) {
  const loaded = own.get(name) ?? (dataset?.info.name === name ? dataset : undefined)
  if (loaded) return loaded
  const entry = datasets.find((each) => each.name === name)
  if (!entry) throw new Error(`data is "${name}", but this page has ${datasets.map((each) => each.name).join(' and ')}`)
  const { version } = entry
  // An invalid copy in the storage is fetched again.
  const kept = version && await ofUnpacked(name, version, (files) => core.createDataset({ name, ...files })).catch(() => forgetUnpacked(name))
  const data = kept || await fetchedData(entry)
  return { data, info: data.info() }
}

/** @param {DatasetEntry} entry */
async function fetchedData({ name, version }) {
  const folder = new URL(`${encodeURIComponent(name)}/`, dataUrl).href
  const files = await fetchIdx(folder, (loaded, total) => post('loading', { name, loaded, total }))
  const data = core.createDataset({ name, ...files })
  if (version) setTimeout(() => void keepUnpacked(name, version, files), keepAfter)
  return data
}

/** Frees an unused data set, unless it may be requested again. @param {LoadedData | undefined} set */
function release(set) {
  if (set && own.get(set.info.name) !== set) set.data.delete()
}

const autosave = new Autosave(post)
/** The autosave and the saved runs. */
const storage = () => autosave.open()

/** A new run, or a run resumed from a checkpoint. @param {Record<string, any>} config a complete one @param {State & Savable} [before] */
async function makeRun(config, { checkpoint, lines, savedAs } = {}) {
  const next = await datasetOf(config.data)
  /** @type {Session | undefined} */
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
  /** @type {RunInfo} */
  const info = { config: full, model: session.model(), dataset: next.info, trainSamples, totalSteps, threads, input, savedAs }
  runner?.end()
  if (dataset !== next) release(dataset)
  dataset = next
  const run = new Runner(session, info, post, (after) => autosave.moved(run, after))
  runner = run
  if (checkpoint) Object.assign(info, { past: run.goOn(lines), recorded: run.recorded() })
  post('state', { state: runner.state })
  return info
}

/**
 * The engine's requests other than the core's queries; they override core queries of the same name. Each returns the reply.
 * @type {import('../api.js').Requests & Record<string, (...given: any[]) => any>}
 */
const requests = {
  /** @param {{dataUrl: string, oneThread: boolean, build: string, core?: {moduleUrl: string, wasmBinary: Uint8Array}}} opening */
  async open(opening) {
    // A worker that was not built, as in Node, accepts any page.
    if (build && opening.build && build !== opening.build) throw new Error('a new version of this page is here: load the page again')
    dataUrl = opening.dataUrl
    const [loaded, index] = await Promise.all([load(opening.oneThread, opening.core), fetch(new URL('index.json', dataUrl))])
    if (!index.ok) throw new Error(`${index.url} answered ${index.status}`)
    core = loaded
    datasets = await index.json()
    const { simdTarget, threadsReason } = core
    return { methods: [...Object.keys(requests), ...core.questions], registry: core.registry(), simdTarget, threadsReason, datasets }
  },

  /** @param {string} name @param {{path: string, bytes: Uint8Array}[]} files one archive, or the files of a folder */
  async addData(name, files) {
    if (datasets.some((entry) => entry.name === name)) throw new Error(`there is a data set "${name}" already: choose another name`)
    // Loaded only now: few users bring their own data.
    const [{ readFolder }, { isZip, openZip }, { gunzipSync, inflateSync, unzlibSync }] =
      await Promise.all([import('./folder.js'), import('./zip.js'), import('fflate')])
    const byPath = new Map(files.map(({ path, bytes }) => [path, bytes]))
    const source = files.length === 1 && isZip(files[0].bytes)
      ? openZip(files[0].bytes, inflateSync)
      : {
        paths: [...byPath.keys()], announced: () => 0,
        read: (/** @type {string} */ path, most = Infinity) => /** @type {Uint8Array} */ (byPath.get(path)).subarray(0, most),
      }
    const data = readFolder(core, name, JSON.stringify(name), source, {
      gunzip: (packed, most) => gunzipSync(packed, { out: new Uint8Array(most) }), unzlib: unzlibSync,
    })
    const before = own.get(name)
    own.set(name, { data, info: data.info() })
    if (before && before !== dataset) before.data.delete()
    return data.info()
  },

  // The previous run is kept until the new one is known to be valid.
  configure: (config) => makeRun(core.configFromJson(JSON.stringify(config))),
  restore: (bytes) => makeRun(core.configOfCheckpoint(bytes), { checkpoint: bytes }),
  moreEpochs(epochs) {
    const { session, lines, info: { savedAs } } = current()
    const checkpoint = session.checkpoint()
    return makeRun(core.configOfCheckpoint(checkpoint, [['epochs', String(epochs)]]), { checkpoint, lines, savedAs })
  },

  startAutosave: () => autosave.begin(),
  async continueAutosave() {
    const found = await (await storage()).latestAutosave()
    if (!found) throw new Error('there is no autosave in this browser any more')
    const info = await makeRun(core.configOfCheckpoint(found.checkpoint), { ...found, savedAs: found.about.storedAs })
    autosave.held = false
    return info
  },
  async discardAutosave() {
    await (await storage()).discardAutosave()
    autosave.held = false
  },
  async saveRun(name, metrics, withCheckpoint = true) {
    const run = current()
    const state = { checkpoint: withCheckpoint ? run.session.checkpoint() : undefined, lines: run.lines }
    const entry = { ...standOf(run), name, config: run.session.config(), metrics }
    const before = run.info.savedAs
    const saved = await (await storage()).saveRun(run.info, entry, state)
    // The autosave must know which entry the run continues.
    if (run === runner && saved.id !== before) autosave.moved(run, 'stop')
    return saved
  },
  savedRuns: async () => (await storage()).runs(),
  async openRun(id) {
    const state = await (await storage()).stateOf(id)
    return makeRun(core.configOfCheckpoint(state.checkpoint), { ...state, savedAs: id })
  },
  renameRun: async (id, name) => (await storage()).renameRun(id, name),
  deleteRun: async (id) => (await storage()).deleteRun(id),
  storageUsage: async () => (await storage()).usage(),

  ping: () => true,

  train: () => current().train(),
  pause: () => current().pause(),
  step: () => current().step(),
  probe: (request) => current().probe(request),
  limit: (step) => current().limit(step),
  classesInParts: (hardest = 10) => current().classesInParts(hardest),
  save: (format, { images } = {}) => current().metrics(format) ?? current().session.save(format, images),
  load: (bytes) => current().load(bytes),

  async startExperiment(kind, wanted, flags, files = {}) {
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

  watch: (key, pixels, image) => current().watch(key, pixels, image),
  watchProbe: (request) => runner?.watchProbe(request),
  drawn: (key) => runner?.drawn(key),
}

scope.onmessage = async (/** @type {MessageEvent} */ { data: message }) => {
  const { v, type, id, given } = message
  try {
    if (v !== version) throw new Error(`the page speaks version ${v} and the engine ${version}: reload the page`)
    const result = await (Object.hasOwn(requests, type) ? requests[type](...given) : core.ask(type, given, dataset?.data, runner?.session))
    if (id !== undefined) post('reply', { id, result }, buffersOf(result))
  } catch (error) {
    const sentence = wordsOf(error)
    if (id !== undefined) post('reply', { id, error: sentence })
    else post('failure', { message: sentence })
  }
}
