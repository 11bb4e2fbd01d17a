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
 * @typedef {Record<string, any>} Config a full, canonical config, as the command line's JSON
 * @typedef {{event: string, lines: string[], json: string[], csv_lines: string[], [key: string]: any}} Progress
 * @typedef {{name: string, kind: string, text: string, values: Float32Array}} LayerOutput
 * @typedef {{probabilities: Float32Array, layers: LayerOutput[]}} Prediction
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

/** @param {{value?: string, error?: string}} answer @returns {any} */
const unwrapJson = (answer) => JSON.parse(unwrap(answer))

/** @param {{text: string, labels: Uint8Array, predictions: Uint8Array}} answer @returns {import('../protocol.js').ClassReport} */
const classReport = ({ text, labels, predictions }) => ({ ...JSON.parse(text), labels, predictions })

/** @param {unknown} value @param {string} what @returns {string} */
function asText(value, what) {
  if (typeof value !== 'string') throw new CoreError(`${what} is ${String(value)}, but must be a text`)
  return value
}

/** @param {unknown} value @param {string} what @returns {Uint8Array} */
function asBytes(value, what) {
  if (!(value instanceof Uint8Array)) throw new CoreError(`${what} must be a Uint8Array`)
  return value
}

/** @param {any} value @param {string} what @returns {FileBytes} */
const asFile = (value, what) => (typeof value?.read === 'function' ? value : asBytes(value, what))

/** @param {unknown} value @param {string} what @returns {number} */
function asWhole(value, what) {
  if (!Number.isInteger(value) || Math.abs(Number(value)) >= 2 ** 31) throw new CoreError(`${what} is ${String(value)}, but must be a whole number`)
  return Number(value)
}

/** @param {number} value @returns {number} */
function asHardest(value) {
  if (Number.isInteger(value) && value >= 0 && value <= 10000) return value
  throw new CoreError(`hardest is ${String(value)}, but it must be a whole number from 0 to 10000`)
}

/** A data set in the module's memory. Call delete() when no session needs it any more. */
export class Dataset {
  /** @param {any} bound */
  constructor(bound) {
    this.bound = bound
  }

  /** @returns {{name: string, train: number, test: number, height: number, width: number,
   *             classes: number, class_names: string[], class_counts: number[], background: number,
   *             density: number}} class_counts: of the training set */
  info() {
    return unwrapJson(this.bound.info())
  }

  /**
   * @param {'train'|'test'} part
   * @param {number} index from 0
   * @returns {{pixels: Uint8Array, label: number}} pixels: height * width bytes, row by row
   */
  image(part, index) {
    if (!Number.isInteger(index)) throw new CoreError(`image ${index} is not a whole number`)
    return unwrap(this.bound.image(part === 'test', index))
  }

  /**
   * What augmentation would make of a training image in epochs 1 to `count` of a run with this config.
   * @param {Config} config some or all fields
   * @param {number} sample from 0
   * @param {number} count
   * @returns {Uint8Array} count * height * width bytes
   */
  augmented(config, sample, count) {
    if (!Number.isInteger(sample) || !Number.isInteger(count)) throw new CoreError(`image ${sample} and ${count} versions must be whole numbers`)
    return unwrap(this.bound.augmented(JSON.stringify(config), sample, count))
  }

  /**
   * The learning rate over a whole run with this config.
   * @param {Config} config some or all fields
   * @param {number} points how many updates to tell of, at most
   * @returns {import('../protocol.js').RatePlan}
   */
  rates(config, points) {
    if (!Number.isInteger(points)) throw new CoreError(`points is ${points}, but it must be a whole number`)
    return unwrapJson(this.bound.rates(JSON.stringify(config), points))
  }

  delete() {
    this.bound.delete()
  }
}

/** A folder or an archive of which a data set is made (src/data/folder.h). Call delete() at its end. */
export class Folder {
  /** @param {any} bound */
  constructor(bound) {
    this.bound = bound
  }

  /** Paths of training images and labels, test images and labels; none where images are to be added.
   * @returns {string[]} */
  files() {
    return unwrapJson(this.bound.files())
  }

  /**
   * How many bytes of one of the files are to be unpacked. Throws where its header announces others than it has, or more
   * than is allowed.
   * @param {string} name @param {Uint8Array} head its first Core.registry().head_bytes
   * @param {number} size what an archive says that it has, unpacked; 0: nobody knows
   * @returns {number}
   */
  bytesOfFile(name, head, size) {
    return unwrap(this.bound.bytesOfFile(asText(name, 'path'), asBytes(head, 'head'), size))
  }

  /** Takes bytes off what is allowed, or throws. @param {string} name what they are for @param {number} bytes */
  claim(name, bytes) {
    unwrap(this.bound.claim(asText(name, 'path'), bytes))
  }

  /** The path of the image to be added next; '' after the last. @returns {string} */
  next() {
    return unwrap(this.bound.next())
  }

  /** @param {number} height @param {number} width @param {1 | 3} channels @param {Uint8Array} pixels (H, W, channels) */
  add(height, width, channels, pixels) {
    unwrap(this.bound.add(height, width, channels, asBytes(pixels, 'pixels')))
  }

  /** Once all images are added. @param {string} name @returns {Dataset} */
  finish(name) {
    return new Dataset(unwrap(this.bound.finish(asText(name, 'name'))))
  }

  delete() {
    this.bound.delete()
  }
}

/** One training run. Call delete() to free its memory. */
export class Session {
  /** @param {any} bound */
  constructor(bound) {
    this.bound = bound
  }

  /** The config with the live changes made so far in its events. @returns {Config} */
  config() {
    return unwrapJson(this.bound.config())
  }

  /** The model, layer by layer. @returns {any} */
  describe() {
    return unwrapJson(this.bound.describe())
  }

  /** What a run says first. @returns {Progress} */
  start() {
    return unwrapJson(this.bound.start())
  }

  /** One training step, or one batch of the validation or test set at the end of an epoch. @returns {Progress} */
  advance() {
    return unwrapJson(this.bound.advance())
  }

  /**
   * Changes a live field from the next step on.
   * @param {string} field
   * @param {number} value
   */
  set(field, value) {
    if (typeof value !== 'number') throw new CoreError(`${field} is ${String(value)}, but must be a number`)
    unwrap(this.bound.set(asText(field, 'field'), value))
  }

  /** Scores the whole test set now.
   * @returns {{test_loss: number, test_accuracy: number, correct: number, total: number}} */
  evaluate() {
    return unwrapJson(this.bound.evaluate())
  }

  /**
   * The same with some units of an activation layer giving 0. The run does not notice.
   * @param {number} layer from 0 @param {number[]} units from 0
   * @returns {{test_loss: number, test_accuracy: number, correct: number, total: number}}
   */
  evaluateWithout(layer, units) {
    return unwrapJson(this.bound.evaluateWithout(asWhole(layer, 'layer'), JSON.stringify(units.map((unit) => asWhole(unit, 'unit')))))
  }

  /**
   * One unit of an activation layer from all sides.
   * @param {number} layer from 0 @param {number} unit from 0
   * @param {number} [strongest] how many of the images that fire it most
   * @returns {import('../protocol.js').UnitReport}
   */
  unit(layer, unit, strongest = 8) {
    return unwrapJson(this.bound.unit(asWhole(layer, 'layer'), asWhole(unit, 'unit'), asWhole(strongest, 'strongest')))
  }

  /**
   * What the monitors say now: units, gradients, warnings. Changes nothing that is trained.
   * @param {import('../protocol.js').ProbeRequest} [request]
   * @returns {import('../protocol.js').ProbeSnapshot}
   */
  probe(request = {}) {
    return unwrapJson(this.bound.probe(JSON.stringify(request)))
  }

  /**
   * Which classes of the test set are confused, and its hardest samples.
   * @param {number} [hardest] how many of those at most
   * @returns {import('../protocol.js').ClassReport}
   */
  classes(hardest = 10) {
    return classReport(unwrap(this.bound.classes(asHardest(hardest))))
  }

  /**
   * The same in parts, between which other calls may be made: goes on with some samples of the test set, and anew where
   * the weights have changed.
   * @param {number} hardest @param {number} samples from 1
   * @returns {import('../protocol.js').ClassReport | null} the report with the last part, null before
   */
  classesPart(hardest, samples) {
    const answer = unwrap(this.bound.classesPart(asHardest(hardest), Math.max(1, asWhole(samples, 'samples'))))
    return answer && classReport(answer)
  }

  /** The same of the last epoch that was scored, which costs nothing; null before the first.
   * @returns {import('../protocol.js').ClassReport | null} */
  epochClasses() {
    const answer = unwrap(this.bound.epochClasses())
    return answer && classReport(answer)
  }

  /**
   * A parameter as it is now.
   * @param {string} name in the state_dict: "conv1.weight"
   * @returns {{shape: number[], values: Float32Array}} as PyTorch has it
   */
  parameter(name) {
    const { shape, values } = unwrap(this.bound.parameter(asText(name, 'parameter')))
    return { shape: [...shape], values }
  }

  /**
   * Probabilities and every layer's output for one image, in evaluation mode.
   * @param {Uint8Array} pixels height * width bytes
   * @returns {Prediction}
   */
  predict(pixels) {
    return unwrap(this.bound.predict(asBytes(pixels, 'pixels')))
  }

  /**
   * What augmentation makes of a training image in epochs 1 to `count`.
   * @param {number} sample from 0
   * @param {number} count
   * @returns {Uint8Array} count * height * width bytes
   */
  augmented(sample, count) {
    if (!Number.isInteger(sample) || !Number.isInteger(count)) throw new CoreError(`image ${sample} and ${count} versions must be whole numbers`)
    return unwrap(this.bound.augmented(sample, count))
  }

  /**
   * Takes the weights of a .safetensors file.
   * @param {Uint8Array} bytes
   */
  load(bytes) {
    unwrap(this.bound.load(asBytes(bytes, 'weights')))
  }

  /** A file with everything that is needed to go on with the same bits; between any two calls of advance().
   * @returns {Uint8Array} */
  checkpoint() {
    return unwrap(this.bound.checkpoint())
  }

  /** Takes up where a checkpoint's run was. The session's config must be configOfCheckpoint()'s; one that refuses is of
   * no more use. @param {Uint8Array} bytes */
  restore(bytes) {
    unwrap(this.bound.restore(asBytes(bytes, 'checkpoint')))
  }

  /** How far it is. @returns {import('../protocol.js').Position} */
  position() {
    return unwrapJson(this.bound.position())
  }

  /** What was measured so far, column by column; see src/run/history.h. @returns {Record<string, Float32Array>} */
  history() {
    return unwrap(this.bound.history())
  }

  /** Scores the test set: its line, and who is taken for whom. @returns {Progress} */
  evaluateWeights() {
    return unwrapJson(this.bound.evaluateWeights())
  }

  /**
   * The classes of one image, best first.
   * @param {string} name
   * @param {Uint8Array} pixels height * width bytes
   * @returns {Progress}
   */
  predictImage(name, pixels) {
    return unwrapJson(this.bound.predictImage(asText(name, 'image'), asBytes(pixels, 'pixels')))
  }

  /** @returns {string} hex */
  weightsSha256() {
    return unwrap(this.bound.weightsSha256())
  }

  /**
   * The network as a file's bytes; the formats are in Core.registry().save_formats.
   * @param {string} format "pth", "safetensors", "onnx", "npz" or "py"
   * @param {number} [images] how many of the test set an npz holds the activations for; 100 or all by default
   * @returns {Uint8Array}
   */
  save(format, images) {
    return unwrap(this.bound.save(asText(format, 'format'), asImages(images)))
  }

  /** Throws what save() would throw at any step of the run. @param {string} format @param {number} [images] */
  checkSave(format, images) {
    unwrap(this.bound.checkSave(asText(format, 'format'), asImages(images)))
  }

  /**
   * Of a file of this run's lines (train --jsonl or --csv), how many bytes tell of what has happened by now. The run writes
   * what follows again. Throws for the lines of another run.
   * @param {'jsonl' | 'csv'} flag
   * @param {Uint8Array} bytes
   * @param {string} name
   * @returns {number}
   */
  linesUntilNow(flag, bytes, name) {
    return unwrap(this.bound.linesUntilNow(flag, asBytes(bytes, flag), asText(name, 'name')))
  }

  delete() {
    this.bound.delete()
  }
}

/** @param {number} [images] @returns {number} 0 where none is given */
function asImages(images) {
  if (images === undefined) return 0
  if (!Number.isInteger(images) || images < 1 || images > 2 ** 30) {
    throw new CoreError(`npz_images is ${JSON.stringify(String(images))}, but it must be a whole number from 1 to ${2 ** 30}`)
  }
  return images
}

/** A race, a sweep or the lessons: many runs, carried out call by call. Call delete() to free its memory. */
export class Experiment {
  /** @param {any} bound */
  constructor(bound) {
    this.bound = bound
  }

  /** What is planned. @returns {Progress} */
  start() {
    return unwrapJson(this.bound.start())
  }

  /** Some hundredths of a second of work; event is "working", and "done" at the end. @returns {Progress} */
  advance() {
    return unwrapJson(this.bound.advance())
  }

  delete() {
    this.bound.delete()
  }
}

export class Core {
  /**
   * @param {any} module
   * @param {{maxThreads: number, automaticThreads: number, threadsReason: string}} threads
   */
  constructor(module, { maxThreads, automaticThreads, threadsReason }) {
    this.module = module
    /** The instruction set of the kernels. @type {string} */
    this.simdTarget = unwrap(module.simdTarget())
    /** What a session may have. */
    this.maxThreads = maxThreads
    /** What a session gets whose config leaves it to be automatic. */
    this.automaticThreads = automaticThreads
    /** One sentence on why it is one thread where more were wanted, or ''. */
    this.threadsReason = threadsReason
  }

  /** Activations, layers and config fields, for menus and flags. @returns {any} */
  registry() {
    return unwrapJson(this.module.registry())
  }

  /**
   * Values and derivatives of an activation.
   * @param {string} activation its name in the registry
   * @param {number[]} parameters as many as it has
   * @param {Float32Array|number[]} xs
   * @returns {{y: Float32Array, dy: Float32Array}}
   */
  curve(activation, parameters, xs) {
    return unwrap(this.module.curve(asText(activation, 'activation'), parameters, xs))
  }

  /** @param {string} text JSON of some or all fields @param {Partial<Config>} [base] what holds for the others @returns {Config} */
  configFromJson(text, base = {}) {
    return unwrapJson(this.module.configOfJson(asText(text, 'config'), JSON.stringify(base)))
  }

  /** @param {[string, string][]} fields names and texts, as in a URL hash @returns {Config} */
  configFromFields(fields) {
    return unwrapJson(this.module.configOfFields(JSON.stringify(fields)))
  }

  /** @param {Config} config @returns {[string, string][]} what differs from the defaults */
  configToFields(config) {
    return unwrapJson(this.module.fieldsOfConfig(JSON.stringify(config)))
  }

  /**
   * A model layer by layer, without building it.
   * @param {string} architecture "dense 512 | relu | dense 10"
   * @param {[number, number, number]} input channels, height, width
   * @param {number} classes
   * @param {number} [batch] for shapes and memory
   * @returns {any}
   */
  describeModel(architecture, input, classes, batch = 64) {
    return unwrapJson(this.module.describe(asText(architecture, 'model'), ...input, classes, batch))
  }

  /**
   * The same as the lines `reluscope info` prints.
   * @param {string} architecture
   * @param {[number, number, number]} input
   * @param {number} classes
   * @param {number} [batch]
   * @returns {string[]}
   */
  modelTable(architecture, input, classes, batch = 64) {
    return unwrapJson(this.module.modelTable(asText(architecture, 'model'), ...input, classes, batch))
  }

  /**
   * @param {string[]} paths of all files, relative, with '/' between folders
   * @param {string} where what they are in, for messages
   * @param {number} [most] bytes that the data may take once it is unpacked; a GiB by default
   * @returns {Folder}
   */
  openFolder(paths, where, most = this.registry().most_data) {
    return new Folder(unwrap(this.module.Folder.make(JSON.stringify(paths), asText(where, 'where'), most)))
  }

  /** @param {IdxFiles} files whole IDX or .npy files, not compressed @returns {Dataset} */
  createDataset(files) {
    return new Dataset(unwrap(this.module.Dataset.make(
      asText(files.name, 'name'),
      asFile(files.trainImages, 'trainImages'),
      asFile(files.trainLabels, 'trainLabels'),
      asFile(files.testImages, 'testImages'),
      asFile(files.testLabels, 'testLabels'),
    )))
  }

  /** @param {Dataset} dataset @param {Config} config some or all fields @returns {Session} */
  createSession(dataset, config) {
    const cores = config.threads ? this.maxThreads : this.automaticThreads
    return new Session(unwrap(this.module.Session.make(dataset.bound, JSON.stringify(config), cores)))
  }

  /**
   * The subcommands of the command lines with their flags (src/run/commands.h), and the lessons, a line each.
   * @returns {{commands: import('../../node/flags.mjs').Command[], lessons: string[]}}
   */
  commands() {
    return unwrapJson(this.module.commands())
  }

  /**
   * @param {Dataset} dataset
   * @param {string} kind "race", "sweep" or "lessons"
   * @param {Config} config what all runs begin from
   * @param {[string, string][]} flags of the kind, in the order given
   * @param {{files?: Record<string, Uint8Array>, finished?: {text: string, name: string}}} [options]
   *   files: the bytes of flags that name a file; with a checkpoint as "from", config must be configOfCheckpoint()'s.
   *   finished: JSON lines of runs that are not to be run again, and their file
   * @returns {Experiment}
   */
  createExperiment(dataset, kind, config, flags, { files = {}, finished = { text: '', name: '' } } = {}) {
    for (const [name, bytes] of Object.entries(files)) asBytes(bytes, name)
    return new Experiment(unwrap(this.module.Experiment.make(
      dataset.bound, asText(kind, 'kind'), JSON.stringify(config), JSON.stringify(flags), files, finished.text, finished.name)))
  }

  /**
   * The results of a sweep's parts as one.
   * @param {[string, string][]} files names and texts
   * @returns {{rows: string, csv: string, lines: string[]}}
   */
  mergeResults(files) {
    return unwrapJson(this.module.mergeResults(JSON.stringify(files)))
  }

  /** The rows of a file of results, without a last line that was cut short. @param {string} text @param {string} name @returns {string} */
  checkRows(text, name) {
    return unwrap(this.module.checkRows(asText(text, 'results'), asText(name, 'name')))
  }

  /** Those rows of the first text whose runs are not in the second. @param {string} before @param {string} rows @returns {string} */
  otherRows(before, rows) {
    return unwrap(this.module.otherRows(asText(before, 'results'), asText(rows, 'results')))
  }

  /** What a file of this name holds, by its end. @param {string} path @returns {string} a format of Session.save() */
  saveFormatOf(path) {
    return unwrap(this.module.saveFormatOf(asText(path, 'save')))
  }

  /** The config that weights were saved with. @param {Uint8Array} bytes @returns {Config} */
  configOfWeights(bytes) {
    return unwrapJson(this.module.configOfWeights(asBytes(bytes, 'weights')))
  }

  /**
   * The config that a checkpoint's run goes on with.
   * @param {Uint8Array} bytes
   * @param {[string, string][]} [given] what of it is to be different: speed, or more epochs; anything else is refused
   * @returns {Config}
   */
  configOfCheckpoint(bytes, given = []) {
    return unwrapJson(this.module.configOfCheckpoint(asBytes(bytes, 'checkpoint'), JSON.stringify(given)))
  }

  /** What is to be said of a checkpoint that can be read, such as that it has no checksum; '' for nothing. @param {Uint8Array} bytes @returns {string} */
  checkpointNotice(bytes) {
    return unwrap(this.module.checkpointNotice(asBytes(bytes, 'checkpoint')))
  }

  /**
   * A decoded picture as the grey bytes that a network for this data reads.
   * @param {string} name
   * @param {import('./png.js').PngImage} image
   * @param {{width: number, height: number}} wanted
   * @param {boolean} invert for dark writing on a light ground
   * @returns {Uint8Array}
   */
  networkInput(name, image, wanted, invert) {
    const { height, width, channels, pixels } = image
    return unwrap(this.module.networkInput(asText(name, 'image'), height, width, channels, asBytes(pixels, 'pixels'), wanted.height, wanted.width, invert))
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
