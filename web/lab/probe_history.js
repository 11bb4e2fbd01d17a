// The history of the monitors of a run: the whole latest snapshot, and from each snapshot the numbers that charts show
// over the steps. It is thinned evenly when it becomes long.

/** Number of entries to keep. At twice as many, every second one is removed. */
const kept = 400

/**
 * @import { GradientFlow, ProbeSnapshot } from '../engine/protocol.js'
 * @typedef {{step: number, lr: number, layers: {layer: number, dead: number, silent: number, slopes?: number[]}[], flow: GradientFlow | null}} Look
 *   flow: without the lists of units
 */

export class ProbeHistory {
  /** @type {ProbeSnapshot | undefined} */
  latest
  /** In ascending order of their steps. @type {Look[]} */
  looks = []
  /** The warnings so far, by code and layer. */
  #warned = new Set()

  /** @param {ProbeSnapshot} snapshot @returns {import('../engine/protocol.js').Warning[]} the new warnings */
  add(snapshot) {
    this.latest = snapshot
    const { step, lr, layers, gradients } = snapshot
    if (this.looks.at(-1)?.step === step) this.looks.pop()
    this.looks.push({
      step, lr,
      layers: layers.filter(({ kind }) => kind === 'activation').map(({ layer, dead = [], silent = [], slopes }) => (
        { layer, dead: dead.length, silent: silent.length, ...(slopes ? { slopes: slopes.values } : {}) })),
      flow: gradients && { ...gradients, activations: gradients.activations.map((each) => ({ ...each, silent_on_batch: [] })) },
    })
    if (this.looks.length > 2 * kept) this.looks = this.looks.filter((_, i, { length }) => i % 2 === 0 || i === length - 1)
    // A set grows only by what is new in it.
    return snapshot.warnings.filter(({ code, layer }) => this.#warned.size < this.#warned.add(`${code} ${layer}`).size)
  }
}

/** The activations of a model or snapshot, except one at the output of the network. @template {{kind: string}} T @param {{layers: T[]}} of */
export const hiddenActivations = ({ layers }) => layers.slice(0, -1).filter(({ kind }) => kind === 'activation')

/** @param {{name: string, text: string}} layer */
export const layerTitle = ({ name, text }) => `${name}: ${text}`
