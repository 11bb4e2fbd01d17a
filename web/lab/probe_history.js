// What the monitors have said of a run: the latest look whole, and of all looks the few numbers that charts show over
// the steps. Thinned evenly when they become many.

/** Looks that are kept; at twice as many every second is left out. */
const kept = 400

/**
 * @typedef {import('../engine/protocol.js').ProbeSnapshot} ProbeSnapshot
 * @typedef {{step: number, lr: number, layers: {layer: number, dead: number, silent: number, slopes?: number[]}[],
 *            flow: import('../engine/protocol.js').GradientFlow | null}} Look flow: without its lists of units
 */

export class ProbeHistory {
  /** @type {ProbeSnapshot | undefined} */
  latest
  /** In the order of their steps. @type {Look[]} */
  looks = []
  /** Warnings that were given, by code and layer. */
  #warned = new Set()

  /** @param {ProbeSnapshot} snapshot @returns {import('../engine/protocol.js').Warning[]} those that are new */
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
    return snapshot.warnings.filter(({ code, layer }) => {
      const name = `${code} ${layer}`
      const known = this.#warned.has(name)
      this.#warned.add(name)
      return !known
    })
  }
}

/** The activations that are not the network's end, whose units are hidden. @param {ProbeSnapshot} snapshot */
export function hiddenActivations(snapshot) {
  return snapshot.layers.filter(({ kind, layer }) => kind === 'activation' && layer + 1 < snapshot.layers.length)
}

/** @param {{name: string, text: string}} layer */
export const layerTitle = ({ name, text }) => `${name}: ${text}`
