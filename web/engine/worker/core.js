// The core for JavaScript: loads the WebAssembly module and wraps it in plain objects, checked
// arguments and real errors. Runs in pages, workers and Node. Nothing above this file knows that
// there is WebAssembly.

/** One sentence about what was wrong and what is allowed. */
export class CoreError extends Error {
  /** @param {string} sentence */
  constructor(sentence) {
    super(sentence)
    this.name = 'CoreError'
  }
}

/**
 * @typedef {import('../api.js').Config} Config
 * @typedef {import('../api.js').Report} Report
 * @typedef {{length: number, read: (place: Uint8Array) => number}} FileReader puts a file's next bytes into a place, and says
 *   how many there were
 * @typedef {Uint8Array | FileReader} FileBytes
 * @typedef {{name: string, trainImages: FileBytes, trainLabels: FileBytes, testImages: FileBytes, testLabels: FileBytes}} IdxFiles
 */

/**
 * The value of a binding's answer, or its error thrown.
 * @param {{value?: any, error?: string}} answer
 * @returns {any}
 */
function unwrap(answer) {
  if (answer.error !== undefined) throw new CoreError(answer.error)
  return answer.value
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
  }

  delete() {
    this.bound.delete()
  }
}

/** A handle with a method for each question of a kind. @template T @typedef {new (module: any, bound: any) => Handle & T} Asked */

/** A data set, which sessions share. */
export class Dataset extends /** @type {Asked<import('../api.js').DataQuestions>} */ (Handle) {}

/** A folder or an archive of which a data set is made. */
export class Folder extends /** @type {Asked<import('../api.js').FolderQuestions>} */ (Handle) {
  /** Once all images are added. @param {string} name @returns {Dataset} */
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
  /** What is planned. @returns {Report} */
  start() {
    return unwrap(this.bound.start())
  }

  /** Some hundredths of a second of work; event is "working", and "done" at the end. @returns {Report} */
  advance() {
    return unwrap(this.bound.advance())
  }
}

export class Core extends /** @type {Asked<import('../api.js').CoreQuestions>} */ (Handle) {
  /**
   * @param {any} module
   * @param {{maxThreads: number, automaticThreads: number, threadsReason: string}} threads
   */
  constructor(module, { maxThreads, automaticThreads, threadsReason }) {
    super(module, undefined)
    /** @type {{name: string, about: 'core' | 'folder' | 'data' | 'run'}[]} */
    const questions = module.questions()
    /** What ask() answers. */
    this.questions = questions.filter(({ about }) => about !== 'folder').map(({ name }) => name)
    for (const { name, about } of questions) {
      const { prototype } = { core: Core, folder: Folder, data: Dataset, run: Session }[about]
      Object.assign(prototype, {
        /** @this {Handle} @param {any[]} given */
        [name](...given) {
          return unwrap(this.module.ask(name, given, ...['folder', 'data', 'run'].map((each) => (each === about ? this.bound : null))))
        },
      })
    }
    /** The instruction set of the kernels. @type {string} */
    this.simdTarget = this.registry().simd_target
    /** What a session may have. */
    this.maxThreads = maxThreads
    /** What a session gets whose config leaves it to be automatic. */
    this.automaticThreads = automaticThreads
    /** One sentence on why it is one thread where more were wanted, or ''. */
    this.threadsReason = threadsReason
  }

  /** Any question, of a run or a data set where it is about one. @param {string} name @param {any[]} given @param {Dataset} [data] @param {Session} [run] */
  ask(name, given, data, run) {
    return unwrap(this.module.ask(name, given, null, data?.bound ?? null, run?.bound ?? null))
  }

  /**
   * @param {string[]} paths of all files, relative, with '/' between folders
   * @param {string} where what they are in, for messages
   * @param {number} [most] bytes that the data may take once it is unpacked; a GiB by default
   * @returns {Folder}
   */
  openFolder(paths, where, most = this.registry().most_data) {
    return new Folder(this.module, unwrap(this.module.Folder.make(paths, where, most)))
  }

  /** @param {IdxFiles} files whole IDX or .npy files, not compressed @returns {Dataset} */
  createDataset({ name, trainImages, trainLabels, testImages, testLabels }) {
    const files = Object.entries({ trainImages, trainLabels, testImages, testLabels }).map(([what, file]) => asFile(file, what))
    return new Dataset(this.module, unwrap(this.module.Dataset.make(name, ...files)))
  }

  /** @param {Dataset} dataset @param {Partial<Config>} config @returns {Session} */
  createSession(dataset, config) {
    const cores = config.threads ? this.maxThreads : this.automaticThreads
    return new Session(this.module, unwrap(this.module.Session.make(dataset.bound, JSON.stringify(config), cores)))
  }

  /**
   * @param {Dataset} dataset
   * @param {string} kind "race", "sweep" or "lessons"
   * @param {Partial<Config>} config what all runs begin from
   * @param {[string, string][]} flags of the kind, in the order given
   * @param {{files?: Record<string, Uint8Array>, finished?: {text: string, name: string}}} [options]
   *   files: the bytes of flags that name a file; with a checkpoint as "from", config must be configOfCheckpoint()'s.
   *   finished: JSON lines of runs that are not to be run again, and their file
   * @returns {Experiment}
   */
  createExperiment(dataset, kind, config, flags, { files = {}, finished = { text: '', name: '' } } = {}) {
    for (const [name, bytes] of Object.entries(files)) asFile(bytes, name)
    return new Experiment(this.module, unwrap(this.module.Experiment.make(
      dataset.bound, kind, JSON.stringify(config), flags, files, finished.text, finished.name)))
  }

  /** Ends all threads; without this a Node process with threads never ends. Nothing may be called any more. */
  close() {
    this.module.PThread?.terminateAllThreads()
  }
}

/** Why there can be no threads here: one sentence, or '' where there can be. */
function whyNoThreads() {
  const inNode = typeof process === 'object' && Boolean(process.versions?.node)
  if (inNode) return ''
  if (!globalThis.crossOriginIsolated) return 'This page is not cross-origin isolated, so the browser gives it no memory that threads could share.'
  return typeof SharedArrayBuffer === 'function' ? '' : 'This browser has no memory that threads could share (SharedArrayBuffer), or has it switched off.'
}

/**
 * @param {object} [options]
 * @param {number} [options.threads] the most that a session can ask for; 1 by default
 * @param {number} [options.automaticThreads] what it gets if it does not ask; all of them by default
 * @param {number} [options.sessions] how many with that many threads there can be at the same time
 * @param {string} [options.moduleUrl] address of the module; required in Node, where it has to fit the threads
 * @param {Uint8Array} [options.wasmBinary] the bytes of its .wasm; required in Node
 * @returns {Promise<Core>}
 */
export async function loadCore({ threads = 1, automaticThreads = threads, sessions = 1, moduleUrl, wasmBinary } = {}) {
  let threadsReason = threads > 1 ? whyNoThreads() : ''
  if (threads > 1 && !threadsReason) {
    const url = moduleUrl ?? new URL('../wasm/reluscope-threads.mjs', import.meta.url).href
    try {
      const module = await instantiate(url, { wasmBinary, poolSize: (threads - 1) * sessions })
      return new Core(module, { maxThreads: threads, automaticThreads, threadsReason })
    } catch (error) {
      if (moduleUrl) throw error
      threadsReason = `The core with threads could not be started: ${error instanceof Error ? error.message : String(error)}.`
    }
  }
  const url = moduleUrl ?? new URL('../wasm/reluscope.mjs', import.meta.url).href
  return new Core(await instantiate(url, { wasmBinary }), { maxThreads: 1, automaticThreads: 1, threadsReason })
}

/** @param {string} url @param {{wasmBinary?: Uint8Array, poolSize?: number}} settings */
async function instantiate(url, settings) {
  const { default: createReluscope } = await import(url)
  return createReluscope(settings.wasmBinary ? settings : { poolSize: settings.poolSize })
}
