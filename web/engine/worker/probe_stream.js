// Sends the monitors' live snapshots to a watching page: the next one only after the page has drawn the last, and only for a
// share of the training time. Without a watching page nothing is computed.
/** @import { ProbeRequest, ProbeSnapshot } from '../protocol.js' */

/** Largest share of the training time that snapshots may take, 0 to 1. */
const share = 0.02
/** Least milliseconds between two snapshots while training. */
const least = 200
/** Most milliseconds of unused snapshot time that may accumulate: much happens in the first steps. */
const saved = 250

export class ProbeStream {
  #run
  /** @type {ProbeRequest | null} */
  #request = null
  /** The request of the previous snapshot. @type {ProbeRequest | null} */
  #asked = null
  /** Whether the network has changed. */
  #due = true
  /** Whether the page has not drawn the last snapshot yet. */
  #waiting = false
  /** Whether the next step records its gradients, which takes time as well. */
  #noting = false
  /** Milliseconds that snapshots may take now, when that was computed, and when the last snapshot ended. */
  #credit = saved
  #reckoned = performance.now()
  #looked = -Infinity

  /**
   * @param {{look: (request: ProbeRequest) => ProbeSnapshot, post: (snapshot: ProbeSnapshot) => void, layers: string[]}} run
   *   layers: their names
   */
  constructor(run) {
    this.#run = run
  }

  /** @param {ProbeRequest | null} request of all watchers; null: no watchers @param {boolean} training */
  watch(request, training) {
    const { gradients, everywhere } = request ?? {}
    // This run may lack a layer.
    const components = request?.components?.filter((layer) => this.#run.layers.includes(layer)) ?? []
    this.#request = request && {
      gradients: Boolean(gradients),
      everywhere: Boolean(everywhere),
      components,
    }
    const asked = this.#asked
    if (!asked || (everywhere && !asked.everywhere) || components.some((layer) => !asked.components?.includes(layer))) this.#due = true
    this.send(training)
  }

  /** The page has drawn the last snapshot. @param {boolean} training */
  drawn(training) {
    this.#waiting = false
    if (!training) this.send(false)
  }

  /** A step was made. @param {number} took milliseconds */
  onStep(took) {
    if (this.#noting) this.#credit -= took
    this.#noting = false
    this.#due = true
  }

  /** Takes a snapshot if one is due. While nothing trains, its cost is ignored. @param {boolean} training */
  send(training) {
    if (!this.#request || !this.#due || this.#waiting) return
    const before = performance.now()
    this.#credit = Math.min(saved, this.#credit + share * (before - this.#reckoned))
    this.#reckoned = before
    if (training && (this.#credit <= 0 || before < this.#looked + least)) return
    const snapshot = this.#run.look(this.#request)
    this.#asked = this.#request
    this.#noting = Boolean(this.#request.gradients)
    this.#due = false
    this.#waiting = true
    this.#run.post(snapshot)
    this.#looked = performance.now()
    if (training) this.#credit -= this.#looked - before
  }
}
