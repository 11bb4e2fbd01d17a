// The core for JavaScript: loads the WebAssembly module and wraps it in plain objects, checked arguments and real errors. Runs
// in pages, workers and Node. It hides WebAssembly from its callers.
/** @import { Config, Report } from '../api.js' */

/** An error whose message is one sentence: the fault and the allowed values. */
export class CoreError extends Error {
  name = 'CoreError'
}

/**
 * @typedef {{length: number, read: (place: Uint8Array) => number}} FileReader writes a file's next bytes to a place, and returns
 *   their number
 * @typedef {Uint8Array | FileReader} FileBytes
 * @typedef {{name: string, trainImages: FileBytes, trainLabels: FileBytes, testImages: FileBytes, testLabels: FileBytes}} IdxFiles
 */

/** The value of a binding's answer, or its error thrown. @param {{value?: any, error?: string}} answer */
function unwrap({ value, error }) {
  if (error !== undefined) throw new CoreError(error)
  return value
}

/** @param {any} value @param {string} what @returns {FileBytes} */
function asFile(value, what) {
  if (typeof value?.read !== 'function' && !(value instanceof Uint8Array)) throw new CoreError(`${what} must be a Uint8Array`)
  return value
}

/** Something in the module's memory. Call delete() to free it. */
class Handle {
  /** @param {any} module @param {any} bound */
  constructor(module, bound) {
    this.module = module
    this.bound = bound
    if (bound) module.handles.add(this)
    else module.handles = new Set()
  }

  delete() {
    this.module.handles.delete(this)
    this.bound.delete()
  }
}

/** A handle with a method for each question of a kind. @template T @typedef {new (module: any, bound: any) => Handle & T} Asked */

/** A data set, shared by sessions. */
export class Dataset extends /** @type {Asked<import('../api.js').DataQuestions>} */ (Handle) {}

/** A folder or an archive that becomes a data set. */
class Folder extends /** @type {Asked<import('../api.js').FolderQuestions>} */ (Handle) {
  /** Once all images are added. @param {string} name */
  finish(name) {
    return new Dataset(this.module, unwrap(this.bound.finish(name)))
  }
}

/** One training run. */
export class Session extends /** @type {Asked<import('../api.js').RunQuestions>} */ (Handle) {
  /** One training step, or one batch of the validation or test set at the end of an epoch. @returns {Report} */
  advance() {
    return { lines: [], json: [], csv_lines: [], ...unwrap(this.bound.advance()) }
  }
}

/** A race, a sweep or the lessons: many runs, carried out call by call. */
export class Experiment extends Handle {
  /** The plan. @returns {Report} */
  start() {
    return unwrap(this.bound.start())
  }

  /** Some hundredths of a second of work; event is "working", and "done" at the end. @returns {Report} */
  advance() {
    return unwrap(this.bound.advance())
  }
}

export class Core extends /** @type {Asked<import('../api.js').CoreQuestions>} */ (Handle) {
  /** @param {any} module @param {{maxThreads: number, automaticThreads: number, threadsReason: string}} threads */
  constructor(module, { maxThreads, automaticThreads, threadsReason }) {
    super(module, undefined)
    /** @type {{name: string, about: 'core' | 'folder' | 'data' | 'run'}[]} */
    const questions = module.questions()
    /** The questions that ask() answers. */
    this.questions = questions.filter(({ about }) => about !== 'folder').map(({ name }) => name)
    for (const { name, about } of questions) {
      Object.assign({ core: Core, folder: Folder, data: Dataset, run: Session }[about].prototype, {
        /** @this {Handle} @param {any[]} given */
        [name](...given) {
          return unwrap(this.module.ask(name, given, ...['folder', 'data', 'run'].map((each) => (each === about ? this.bound : null))))
        },
      })
    }
    /** The instruction set of the kernels. @type {string} */
    this.simdTarget = this.registry().simd_target
    /** Most threads of a session. */
    this.maxThreads = maxThreads
    /** Threads of a session whose config sets them to automatic. */
    this.automaticThreads = automaticThreads
    /** One sentence on why there is one thread although more were requested, or ''. */
    this.threadsReason = threadsReason
  }

  /** Answers any question. @param {string} name @param {any[]} given @param {Dataset} [data] @param {Session} [run] */
  ask(name, given, data, run) {
    return unwrap(this.module.ask(name, given, null, data?.bound ?? null, run?.bound ?? null))
  }

  /**
   * @param {string[]} paths of all files, relative, with '/' between folders @param {string} where their source, for messages
   * @param {number} [most] bytes of the unpacked data; a GiB by default
   */
  openFolder(paths, where, most = this.registry().most_data) {
    return new Folder(this.module, unwrap(this.module.Folder.make(paths, where, most)))
  }

  /** @param {IdxFiles} files whole IDX or .npy files, not compressed */
  createDataset({ name, trainImages, trainLabels, testImages, testLabels }) {
    const files = Object.entries({ trainImages, trainLabels, testImages, testLabels }).map(([what, file]) => asFile(file, what))
    return new Dataset(this.module, unwrap(this.module.Dataset.make(name, ...files)))
  }

  /** @param {Dataset} dataset @param {Partial<Config>} config */
  createSession(dataset, config) {
    const cores = config.threads ? this.maxThreads : this.automaticThreads
    return new Session(this.module, unwrap(this.module.Session.make(dataset.bound, JSON.stringify(config), cores)))
  }

  /**
   * @param {Dataset} dataset @param {string} kind "race", "sweep" or "lessons" @param {Partial<Config>} config the base of all runs
   * @param {[string, string][]} flags of the kind, in the order given
   * @param {{files?: Record<string, Uint8Array>, finished?: {text: string, name: string}}} [options]
   *   files: the bytes of flags that name a file; with a checkpoint as "from", config must be configOfCheckpoint()'s.
   *   finished: JSON lines of finished runs, which are skipped, and their file
   */
  createExperiment(dataset, kind, config, flags, { files = {}, finished = { text: '', name: '' } } = {}) {
    for (const [name, bytes] of Object.entries(files)) asFile(bytes, name)
    return new Experiment(this.module, unwrap(this.module.Experiment.make(
      dataset.bound, kind, JSON.stringify(config), flags, files, finished.text, finished.name)))
  }

  /**
   * Frees everything and ends all threads; without this a Node process with threads never ends. No method may be called
   * afterwards. A session that the garbage collector frees later would wait for threads that are gone.
   */
  close() {
    for (const handle of [...this.module.handles]) handle.delete()
    this.module.PThread?.terminateAllThreads()
  }
}

/** Why threads are not available here: one sentence, or '' if they are. */
function whyNoThreads() {
  if (typeof process === 'object' && process.versions?.node) return ''
  if (!globalThis.crossOriginIsolated) return 'This page is not cross-origin isolated, so the browser gives it no memory that threads could share.'
  return typeof SharedArrayBuffer === 'function' ? '' : 'This browser has no memory that threads could share (SharedArrayBuffer), or has it switched off.'
}

/**
 * @param {object} [options]
 * @param {number} [options.threads] most threads of a session; 1 by default
 * @param {number} [options.automaticThreads] threads of a session that does not set them; all by default
 * @param {number} [options.sessions] most sessions with that many threads at the same time
 * @param {string} [options.moduleUrl] address of the module; required in Node, where it must match the threads
 * @param {Uint8Array} [options.wasmBinary] the bytes of its .wasm; required in Node
 */
export async function loadCore({ threads = 1, automaticThreads = threads, sessions = 1, moduleUrl, wasmBinary } = {}) {
  const instantiate = async (/** @type {string} */ file, poolSize = 0) => {
    const { default: createReluscope } = await import(moduleUrl ?? new URL(`../wasm/${file}`, import.meta.url).href)
    return createReluscope({ wasmBinary, poolSize })
  }
  let threadsReason = threads > 1 ? whyNoThreads() : ''
  if (threads > 1 && !threadsReason) {
    try {
      const module = await instantiate('reluscope-threads.mjs', (threads - 1) * sessions)
      return new Core(module, { maxThreads: threads, automaticThreads, threadsReason })
    } catch (error) {
      if (moduleUrl) throw error
      threadsReason = `The core with threads could not be started: ${error instanceof Error ? error.message : String(error)}.`
    }
  }
  return new Core(await instantiate('reluscope.mjs'), { maxThreads: 1, automaticThreads: 1, threadsReason })
}
