// Keeps the worker's present run in the browser's storage: at the end of every epoch, every few seconds while it
// trains, and when it stands still. One tab at a time does so.
import { Storage, refusal } from './storage.js'

/** Milliseconds between two saves within an epoch. */
const every = 10_000

export class Autosave {
  /** @type {Storage | undefined} */
  storage
  #post
  #writing = false
  #again = false
  #last = 0
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
   * @param {boolean} milestone the end of an epoch, or a stop
   */
  moved(run, milestone) {
    if (!this.#on || this.held) return
    if (!milestone && performance.now() - this.#last < every) return
    if (this.#writing) return void (this.#again = milestone || this.#again)
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
      this.#told = false
      this.#post('kept', about)
    } catch (error) {
      if (!this.#told) this.#post('keepFailed', { message: refusal(error) })
      this.#told = true
    }
    this.#writing = false
    if (this.#again && !run.session.bound.isDeleted?.()) this.moved(run, true)
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
