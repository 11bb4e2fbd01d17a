// The engine: trains networks in a separate worker, for this page or any other that imports this module.
//
//   const engine = await createEngine()
//   await engine.configure({ model: 'dense 64 | relu | dense 10' })   // loads the data set that it names
//   engine.on('epoch', ({ epoch, testAccuracy }) => console.log(epoch, testAccuracy))
//   await engine.train()
//
// Every method returns a promise. It rejects with an EngineError whose message is one sentence for the user. api.js lists the
// methods that only send a request to the worker.
import { build } from './build.js'
import { Emitter } from './emitter.js'
import { version } from './version.js'
/** @import { DatasetEntry, DatasetInfo, EngineEvents, ProbeRequest, Registry } from './protocol.js' */

export class EngineError extends Error {
  name = 'EngineError'
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
 */
export async function createEngine({ workerUrl, dataUrl = '../data/', oneThread = false } = {}) {
  const start = () => new Worker(workerUrl ?? new URL('./worker/worker.js', import.meta.url), { type: 'module' })
  return Engine.open(start, { dataUrl: new URL(dataUrl, import.meta.url).href, oneThread })
}

/** Milliseconds between two pings, and the most unanswered pings: 10 seconds in all. */
const pingEvery = 2000
const mostPings = 5

/** Most workers that are started if none becomes ready. */
const mostTries = 3

/** Milliseconds after which the rest of the messages waits for the next task, so that input is answered in between. */
const longest = 20

/** Requests that make a run, in which all that is watched is watched again. */
const runMakers = ['configure', 'restore', 'moreEpochs', 'continueAutosave', 'openRun']

/** The methods that only send a request are added once the worker has sent their names. */
const Base = /** @type {new () => Emitter<EngineEvents> & import('./api.js').Api} */ (Emitter)

export class Engine extends Base {
  /** What the core offers: activations, layer words, settings. @type {Registry} */
  registry = /** @type {any} */ (undefined)
  /** The instruction set of the kernels. */
  simdTarget = ''
  /** Why runs have one thread though the machine has more cores: a sentence, or ''. */
  threadsReason = ''
  /** The data sets that can be loaded. @type {DatasetEntry[]} */
  datasets = []

  #start
  #opening
  /** @type {Worker | undefined} */
  #worker
  #nextId = 1
  /** @type {Map<number, {done: (result: any) => void, failed: (error: Error) => void}>} */
  #waiting = new Map()
  /** What each watcher of the monitors requests. @type {Map<string, ProbeRequest>} */
  #probing = new Map()
  /** The number of images given to watch() so far. */
  #watches = 0
  /** The latest image of each key. @type {Map<string, {pixels: Uint8Array, image: number}>} */
  #watching = new Map()
  /** Set once the worker has died. @type {EngineError | undefined} */
  #dead
  /** The error if a worker that is not ready yet answers no ping. @type {EngineError | undefined} */
  #hung
  /** Messages that have arrived and wait, in their order, and the timer for them. @type {any[]} */
  #inbox = []
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later
  /** Pings since the last answer. */
  #pings = 0
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #pinging

  /** @param {() => Worker} start @param {{dataUrl: string, oneThread?: boolean, core?: {moduleUrl: string, wasmBinary: Uint8Array}}} opening */
  constructor(start, opening) {
    super()
    this.#start = start
    this.#opening = opening
  }

  /** An engine whose worker is ready. @param {ConstructorParameters<typeof Engine>} given */
  static async open(...given) {
    const engine = new Engine(...given)
    await engine.restart().catch((error) => {
      engine.close()
      throw error
    })
    return engine
  }

  /** Ends the worker, whatever it is doing, and starts another. It has no run and no user data until configure() or a
   * similar method, and addData(); then the watched images are watched again. A worker that answers no ping before it is ready
   * is replaced: in Firefox, workers can hang while they start others. */
  async restart() {
    this.#end(new EngineError('the engine was started again'))
    for (let tries = 1; ; tries += 1) {
      try {
        const { methods = [], ...opened } = await this.#open()
        Object.assign(this, opened)
        for (const name of methods) if (!(name in this)) Object.assign(this, { [name]: this.#ask.bind(this, name) })
        return
      } catch (error) {
        if (error !== this.#hung || tries === mostTries) throw error
      }
    }
  }

  /** Starts a worker. @returns {Promise<any>} its answer once it is ready */
  #open() {
    this.#dead = undefined
    this.#hung = new EngineError(`the engine does not answer: ${mostTries} workers were started, and each was silent for ${pingEvery * mostPings / 1000} seconds`)
    const worker = this.#start()
    this.#worker = worker
    worker.onmessage = ({ data }) => {
      if (worker !== this.#worker) return
      this.#inbox.push(...(data.type === 'several' ? data.messages.map((/** @type {object} */ each) => ({ v: data.v, ...each })) : [data]))
      if (!this.#later) this.#receiveAll()
    }
    worker.onerror = (event) => {
      event.preventDefault()
      if (worker === this.#worker) this.#die(event.message || 'the worker could not be loaded')
    }
    // The download time of its script does not count: time starts with its first answer.
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

  /** One of the methods in api.js. @param {string} name @param {any[]} given */
  async #ask(name, ...given) {
    const answer = await this.request(name, ...given)
    if (!runMakers.includes(name)) return answer
    const { height, width } = answer.dataset
    for (const [key, { pixels, image }] of this.#watching) {
      if (pixels.length === height * width) void this.request('watch', key, pixels, image).catch(() => {})
    }
    if (this.#probing.size > 0) void this.#sendProbing()
    return answer
  }

  /** Makes a data set of the user's files, which configure() then accepts by its name: an archive alone, or the files of a folder
   * with their paths in it. src/data/folder.h lists the accepted files.
   * @param {string} name @param {{path: string, bytes: Uint8Array}[]} files @returns {Promise<DatasetInfo>} */
  async addData(name, files) {
    const info = await this.request('addData', name, files)
    this.datasets = [...this.datasets.filter((entry) => entry.name !== name), { name, label: name, class_names: info.class_names, own: true }]
    return info
  }

  /** Starts posting 'snapshot' events with the model's outputs for an image, whenever the weights have changed, as often as this
   * page draws. Null ends it.
   * @param {string} key names the image @param {Uint8Array | null} pixels @returns {Promise<void>} */
  watch(key, pixels) {
    const image = ++this.#watches
    if (pixels) this.#watching.set(key, { pixels, image })
    else this.#watching.delete(key)
    return this.request('watch', key, pixels, image)
  }

  /** Starts posting 'probe' events with the monitors' live snapshots, as probe() returns them, for all watchers together: each
   * event holds the data that any of them requested. Events come when the network has changed and the page has drawn the previous
   * one, and take at most a few hundredths of the training time. Persists when another run is made. Null ends it for this key.
   * @param {string} key names the watcher @param {ProbeRequest | null} request @returns {Promise<void>} */
  watchProbe(key, request) {
    if (request) this.#probing.set(key, request)
    else this.#probing.delete(key)
    return this.#sendProbing()
  }

  #sendProbing() {
    const all = [...this.#probing.values()]
    return this.request('watchProbe', all.length === 0 ? null : {
      gradients: all.some(({ gradients }) => gradients), everywhere: all.some(({ everywhere }) => everywhere),
      components: [...new Set(all.flatMap(({ components = [] }) => components))],
    })
  }

  /** Ends the worker and frees its memory. */
  close() {
    this.#die('the engine was closed')
  }

  /** Sends a request to the worker. @param {string} type @param {any[]} given its arguments @returns {Promise<any>} */
  request(type, ...given) {
    if (this.#dead) return Promise.reject(this.#dead)
    const id = this.#nextId++
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed })
      this.#worker?.postMessage({ v: version, type, id, given })
    })
  }

  /** Handles what has arrived, in its order. */
  #receiveAll() {
    this.#later = undefined
    const start = performance.now()
    for (let next; (next = this.#inbox.shift());) {
      try {
        this.#receive(next)
      } catch (error) {
        // A listener failed. The other messages arrive all the same.
        queueMicrotask(() => {
          throw error
        })
      }
      if (this.#inbox.length > 0 && performance.now() - start > longest) return void (this.#later = setTimeout(() => this.#receiveAll()))
    }
  }

  /** @param {any} message */
  #receive(message) {
    if (message.v !== version) return this.#die(`the worker speaks version ${message.v}, this page ${version}`)
    if (message.type !== 'reply') {
      // A snapshot in flight while another image was chosen shows the previous image.
      if (message.type !== 'snapshot' || message.image === this.#watching.get(message.key)?.image) this.emit(message.type, message)
      // The next snapshot is requested only once this one is on screen: a hidden or slow page gets fewer.
      if (message.type === 'snapshot' || message.type === 'probe') whenDrawn(() => {
        if (!this.#dead) this.#worker?.postMessage({ v: version, type: 'drawn', given: [message.key] })
      })
      return
    }
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (message.error === undefined) waiting?.done(message.result)
    else waiting?.failed(new EngineError(message.error))
  }

  /** @param {string} why */
  #die(why) {
    if (this.#dead) return
    this.#end(new EngineError(why))
    this.emit('failure', { message: why })
  }

  /** @param {EngineError} error with which all pending requests are rejected */
  #end(error) {
    this.#dead = error
    clearInterval(this.#pinging)
    clearTimeout(this.#later)
    this.#later = undefined
    this.#inbox = []
    this.#pings = 0
    this.#worker?.terminate()
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { failed } of waiting) failed(error)
  }
}

/** @param {() => void} work */
const whenDrawn = (work) => (globalThis.requestAnimationFrame ?? ((each) => setTimeout(each, 16)))(work)
