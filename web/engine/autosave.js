// Keeps the worker's present run in the browser's storage: at the end of an epoch and every few seconds while it trains,
// as long as that takes but a small share of the time, and whenever it stands still. One tab at a time does so.
import { Storage, refusal } from './storage.js'

/** Milliseconds between two saves within an epoch. */
const every = 10_000
/** What saves may cost of the time that passes while training, 0 to 1. */
const share = 0.02

export class Autosave {
  /** @type {Storage | undefined} */
  storage
  #post
  #writing = false
  #again = false
  #last = 0
  /** Milliseconds that the last save kept the worker busy. */
  #took = 0
  #told = false
  /** Set while a run of before is still to be decided on: nothing may take its place. */
  held = false
  #on = false

  /** @param {(type: string, payload: object) => void} post */
  constructor(post) {
    this.#post = post
  }

  async open() {
    return (this.storage ??= await Storage.open())
  }

  /** Begins, unless another tab does it already. @returns {Promise<import('./storage.js').SavedRun | undefined>} a run of before */
  async begin() {
    const storage = await this.open()
    this.#on = await takeLock()
    if (!this.#on) return undefined
    const before = await storage.latest()
    this.held = before !== undefined
    return before?.about
  }

  /**
   * The run has moved on. Saves if it is time, without waiting for it.
   * @param {{session: import('./core.js').Session, info: import('./protocol.js').RunInfo}} run
   * @param {'slice' | 'epoch' | 'stop'} after which it stands where it stands
   */
  moved(run, after) {
    if (!this.#on || this.held) return
    const passed = performance.now() - this.#last
    if (after === 'slice' ? passed < every : after === 'epoch' && passed < this.#took / share) return
    if (this.#writing) return void (this.#again = after === 'stop' || this.#again)
    this.#last = performance.now()
    void this.#save(run)
  }

  /** @param {{session: import('./core.js').Session, info: import('./protocol.js').RunInfo}} run */
  async #save(run) {
    this.#writing = true
    this.#again = false
    try {
      const { phase, step, epoch } = run.session.position()
      const { config, totalSteps } = run.info
      const about = { data: config.data, model: config.model, step, totalSteps, epoch, epochs: config.epochs, phase, savedAt: Date.now() }
      const checkpoint = run.session.checkpoint()
      await this.storage?.keep(about, checkpoint)
      this.#took = performance.now() - this.#last
      this.#told = false
      this.#post('kept', about)
    } catch (error) {
      if (!this.#told) this.#post('keepFailed', { message: refusal(error) })
      this.#told = true
    }
    this.#writing = false
    if (this.#again && !run.session.bound.isDeleted?.()) this.moved(run, 'stop')
  }
}

/** Holds a lock until this worker ends. */
function takeLock() {
  if (!navigator.locks) return Promise.resolve(true)
  return new Promise((/** @type {(taken: boolean) => void} */ done) => {
    void navigator.locks.request('reluscope-autosave', { ifAvailable: true }, (lock) => {
      done(lock !== null)
      return lock ? new Promise(() => {}) : undefined
    })
  })
}
