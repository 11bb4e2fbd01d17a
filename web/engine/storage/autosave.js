// Saves the worker's present run in the browser's storage, for a reload or a crash: at the end of an epoch and every few
// seconds while it trains, if that takes a small share of the time, and whenever it stops. Only one tab at a time
// autosaves.
import { openFiles } from './browser_files.js'
import { Storage } from './storage.js'
import { wordsOf } from '../error_words.js'
/** @import { Runner } from '../worker/runner.js' */

/** Milliseconds between two saves within an epoch. */
const every = 10_000
/** Largest share of training time that saves at epochs may take. */
const share = 0.02

export class Autosave {
  /** @type {Promise<Storage> | undefined} */
  #storage
  #post
  #writing = false
  #again = false
  #last = 0
  /** Milliseconds that the last save kept the worker busy. */
  #took = 0
  #told = false
  /** Set until an earlier autosave is continued or discarded: it is not overwritten. */
  held = false
  #on = false

  /** @param {(type: string, payload: object) => void} post */
  constructor(post) {
    this.#post = post
  }

  open() {
    return (this.#storage ??= openFiles().then((files) => new Storage(files)))
  }

  /** Starts, unless another tab already autosaves or the storage ends with this tab. @returns {Promise<import('../protocol.js').Autosaving>} */
  async begin() {
    const storage = await this.open()
    if (storage.files.kind === 'memory') return { by: 'nobody' }
    if (!await takeLock()) return { by: 'another tab' }
    const before = await storage.latestAutosave()
    this.held = before !== undefined
    this.#on = true
    return { by: 'this tab', before: before?.about }
  }

  /** Saves if a save is due, without waiting for its end. @param {Runner} run @param {'slice' | 'epoch' | 'stop'} after what just happened */
  moved(run, after) {
    if (!this.#on || this.held) return
    const passed = performance.now() - this.#last
    if (after === 'slice' ? passed < every : after === 'epoch' && passed < this.#took / share) return
    if (this.#writing) return void (this.#again = after === 'stop' || this.#again)
    this.#last = performance.now()
    void this.#save(run)
  }

  /** @param {Runner} run */
  async #save(run) {
    this.#writing = true
    this.#again = false
    try {
      const about = { ...standOf(run), savedAt: Date.now(), storedAs: run.info.savedAs }
      const state = { checkpoint: run.session.checkpoint(), lines: run.lines }
      await (await this.open()).writeAutosave(about, state)
      this.#took = performance.now() - this.#last
      this.#told = false
      this.#post('autosaved', about)
    } catch (error) {
      const intact = () => this.open().then((storage) => storage.latestAutosave()).then(Boolean, () => false)
      if (!this.#told) this.#post('autosaveFailed', { message: wordsOf(error), before: await intact() })
      this.#told = true
    }
    this.#writing = false
    if (this.#again && !run.session.bound.isDeleted?.()) this.moved(run, 'stop')
  }
}

/** The description of a run. @param {Runner} run */
export function standOf({ session, info }) {
  const { phase, step, epoch } = session.position()
  const { data, model, epochs } = info.config
  return { data, model, step, totalSteps: info.totalSteps, epoch, epochs, phase }
}

/** Takes a lock until this worker ends. An earlier page in the same tab may need a moment to release it. */
function takeLock() {
  if (!navigator.locks) return Promise.resolve(true)
  return new Promise((/** @type {(taken: boolean) => void} */ done) => {
    navigator.locks.request('reluscope-autosave', { signal: AbortSignal.timeout(1000) }, () => {
      done(true)
      return new Promise(() => {})
    }).catch(() => done(false))
  })
}
