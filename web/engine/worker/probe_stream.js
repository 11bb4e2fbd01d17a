// The monitors' looks for whoever watches: the next one only once the page has drawn the last, and only a share of the
// time that training takes. Nobody watches: nothing is computed.

/** What looks may cost of the time that passes while training, 0 to 1. */
const share = 0.04
/** Least milliseconds between two looks while training. */
const least = 60
/** Milliseconds of looking that may be saved up: much happens in the first steps. */
const saved = 250

/**
 * @typedef {import('../protocol.js').ProbeRequest} ProbeRequest
 * @typedef {import('../protocol.js').ProbeSnapshot} ProbeSnapshot
 */

export class ProbeStream {
  #look
  #post
  #every
  #layers
  /** @type {ProbeRequest | null} */
  #request = null
  /** What the look before was asked for. @type {ProbeRequest | null} */
  #asked = null
  /** Whether there is something new to see, and whether this is a step at which it may be looked at. */
  #due = true
  #allowed = true
  /** Whether the page has not drawn the last look yet. */
  #waiting = false
  /** Whether the next step notes its gradients, which takes time as well. */
  #noting = false
  /** Milliseconds that looks may take now, when that was reckoned, and when the last look ended. */
  #credit = saved
  #reckoned = performance.now()
  #looked = -Infinity

  /**
   * @param {object} run
   * @param {(request: ProbeRequest) => ProbeSnapshot} run.look
   * @param {(snapshot: ProbeSnapshot) => void} run.post
   * @param {number} run.every steps between the looks that the run itself takes, by its config; 0: it takes none
   * @param {string[]} run.layers their names
   */
  constructor({ look, post, every, layers }) {
    this.#look = look
    this.#post = post
    this.#every = every
    this.#layers = layers
  }

  /** @param {ProbeRequest | null} request of all who watch; null: nobody does @param {boolean} training */
  watch(request, training) {
    this.#request = request && this.#possible(request)
    const asked = this.#asked
    if (!asked || (request?.everywhere && !asked.everywhere) || (request?.components ?? asked.components) !== asked.components) this.#due = true
    this.send(training)
  }

  /** The page has drawn the last look. @param {boolean} training */
  drawn(training) {
    this.#waiting = false
    if (!training) this.send(false)
  }

  /**
   * A step was made. A run that looks by itself, every so many steps, is looked at in these steps only: so its units'
   * deaths and revivals are seen when the command line sees them.
   * @param {number} step @param {boolean} last of its epoch @param {number} took milliseconds
   */
  onStep(step, last, took) {
    if (this.#noting) this.#credit -= took
    this.#noting = false
    this.#due = true
    this.#allowed = this.#every === 0 || step % this.#every === 0 || last
    if (this.#every > 0) this.send(true)
  }

  /** Looks, if there is reason to. While nothing trains, cost is no matter. @param {boolean} training */
  send(training) {
    if (!this.#request || !this.#due || !this.#allowed || this.#waiting) return
    const before = performance.now()
    this.#credit = Math.min(saved, this.#credit + share * (before - this.#reckoned))
    this.#reckoned = before
    if (training && (this.#credit <= 0 || before < this.#looked + least)) return
    const snapshot = this.#look(this.#request)
    this.#asked = this.#request
    this.#noting = Boolean(this.#request.gradients)
    this.#due = false
    this.#waiting = true
    this.#post(snapshot)
    this.#looked = performance.now()
    if (training) this.#credit -= this.#looked - before
  }

  /** What can be asked of this run: it may have no such layer, and where it looks by itself it also notes gradients by
   * itself. @param {ProbeRequest} request @returns {ProbeRequest} */
  #possible({ gradients, everywhere, components }) {
    return {
      gradients: Boolean(gradients) && this.#every === 0,
      everywhere: Boolean(everywhere),
      ...(components !== undefined && this.#layers.includes(components) ? { components } : {}),
    }
  }
}
