// The core for JavaScript: loads the WebAssembly module and wraps it in plain objects, checked
// arguments and real errors. Runs in pages, workers and Node. Nothing above this file knows that
// there is WebAssembly.

/** One sentence about what was wrong and what is allowed. */
export class CoreError extends Error {
  /** @param {string} sentence */
  constructor(sentence) {
    super(sentence);
    this.name = 'CoreError';
  }
}

/**
 * @typedef {Record<string, any>} Config a full, canonical config, as the command line's JSON
 * @typedef {{event: string, lines: string[], json: string[], [key: string]: any}} Progress
 * @typedef {{name: string, kind: string, text: string, values: Float32Array}} LayerOutput
 * @typedef {{probabilities: Float32Array, layers: LayerOutput[]}} Prediction
 * @typedef {{name: string, trainImages: Uint8Array, trainLabels: Uint8Array,
 *            testImages: Uint8Array, testLabels: Uint8Array}} IdxFiles
 */

/**
 * The value of a binding's answer, or its error thrown.
 * @param {{value?: any, error?: string}} answer
 * @returns {any}
 */
function unwrap(answer) {
  if (answer.error !== undefined) throw new CoreError(answer.error);
  return answer.value;
}

/** @param {{value?: string, error?: string}} answer @returns {any} */
const unwrapJson = (answer) => JSON.parse(unwrap(answer));

/** @param {unknown} value @param {string} what @returns {string} */
function asText(value, what) {
  if (typeof value !== 'string') throw new CoreError(`${what} is ${String(value)}, but must be a text`);
  return value;
}

/** @param {unknown} value @param {string} what @returns {Uint8Array} */
function asBytes(value, what) {
  if (!(value instanceof Uint8Array)) throw new CoreError(`${what} must be a Uint8Array`);
  return value;
}

/** A data set in the module's memory. Call delete() when no session needs it any more. */
export class Dataset {
  /** @param {any} bound */
  constructor(bound) {
    this.bound = bound;
  }

  /** @returns {{name: string, train: number, test: number, height: number, width: number,
   *             classes: number, background: number, density: number}} */
  info() {
    return unwrapJson(this.bound.info());
  }

  /**
   * @param {'train'|'test'} part
   * @param {number} index from 0
   * @returns {{pixels: Uint8Array, label: number}} pixels: height * width bytes, row by row
   */
  image(part, index) {
    if (!Number.isInteger(index)) throw new CoreError(`image ${index} is not a whole number`);
    return unwrap(this.bound.image(part === 'test', index));
  }

  delete() {
    this.bound.delete();
  }
}

/** One training run. Call delete() to free its memory. */
export class Session {
  /** @param {any} bound */
  constructor(bound) {
    this.bound = bound;
  }

  /** The config with the live changes made so far in its events. @returns {Config} */
  config() {
    return unwrapJson(this.bound.config());
  }

  /** The model, layer by layer. @returns {any} */
  describe() {
    return unwrapJson(this.bound.describe());
  }

  /** What a run says first. @returns {Progress} */
  start() {
    return unwrapJson(this.bound.start());
  }

  /** One training step, or one test batch at the end of an epoch. @returns {Progress} */
  advance() {
    return unwrapJson(this.bound.advance());
  }

  /**
   * Changes a live field from the next step on.
   * @param {string} field
   * @param {number} value
   */
  set(field, value) {
    if (typeof value !== 'number') throw new CoreError(`${field} is ${String(value)}, but must be a number`);
    unwrap(this.bound.set(asText(field, 'field'), value));
  }

  /** Scores the whole test set now.
   * @returns {{test_loss: number, test_accuracy: number, correct: number, total: number}} */
  evaluate() {
    return unwrapJson(this.bound.evaluate());
  }

  /**
   * Probabilities and every layer's output for one image, in evaluation mode.
   * @param {Uint8Array} pixels height * width bytes
   * @returns {Prediction}
   */
  predict(pixels) {
    return unwrap(this.bound.predict(asBytes(pixels, 'pixels')));
  }

  /** @returns {string} hex */
  weightsSha256() {
    return unwrap(this.bound.weightsSha256());
  }

  /** @param {'safetensors'} format @returns {Uint8Array} a file's bytes */
  save(format) {
    return unwrap(this.bound.save(asText(format, 'format')));
  }

  delete() {
    this.bound.delete();
  }
}

export class Core {
  /** @param {any} module */
  constructor(module) {
    this.module = module;
    /** The instruction set of the kernels. @type {string} */
    this.simdTarget = unwrap(module.simdTarget());
  }

  /** Activations, layers and config fields, for menus and flags. @returns {any} */
  registry() {
    return unwrapJson(this.module.registry());
  }

  /**
   * Values and derivatives of an activation.
   * @param {string} activation its name in the registry
   * @param {number[]} parameters as many as it has
   * @param {Float32Array|number[]} xs
   * @returns {{y: Float32Array, dy: Float32Array}}
   */
  curve(activation, parameters, xs) {
    return unwrap(this.module.curve(asText(activation, 'activation'), parameters, xs));
  }

  /** @param {string} text JSON of some or all fields @returns {Config} */
  configFromJson(text) {
    return unwrapJson(this.module.configOfJson(asText(text, 'config')));
  }

  /** @param {[string, string][]} fields names and texts, as in a URL hash @returns {Config} */
  configFromFields(fields) {
    return unwrapJson(this.module.configOfFields(JSON.stringify(fields)));
  }

  /** @param {Config} config @returns {[string, string][]} what differs from the defaults */
  configToFields(config) {
    return unwrapJson(this.module.fieldsOfConfig(JSON.stringify(config)));
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
    return unwrapJson(this.module.describe(asText(architecture, 'model'), ...input, classes, batch));
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
    return unwrapJson(this.module.modelTable(asText(architecture, 'model'), ...input, classes, batch));
  }

  /** @param {IdxFiles} files whole IDX files, not compressed @returns {Dataset} */
  createDataset(files) {
    return new Dataset(unwrap(this.module.Dataset.make(
      asText(files.name, 'name'),
      asBytes(files.trainImages, 'trainImages'),
      asBytes(files.trainLabels, 'trainLabels'),
      asBytes(files.testImages, 'testImages'),
      asBytes(files.testLabels, 'testLabels'),
    )));
  }

  /** @param {Dataset} dataset @param {Config} config some or all fields @returns {Session} */
  createSession(dataset, config) {
    return new Session(unwrap(this.module.Session.make(dataset.bound, JSON.stringify(config))));
  }
}

/**
 * @param {object} [options]
 * @param {string} [options.moduleUrl] address of reluscope.mjs
 * @param {Uint8Array} [options.wasmBinary] the bytes of reluscope.wasm; required in Node
 * @returns {Promise<Core>}
 */
export async function loadCore({ moduleUrl, wasmBinary } = {}) {
  const url = moduleUrl ?? new URL('./wasm/reluscope.mjs', import.meta.url).href;
  const { default: createReluscope } = await import(url);
  return new Core(await createReluscope(wasmBinary ? { wasmBinary } : {}));
}
