// The hidden layers of a prediction: one grid of units per layer, a legend, and a choice of the colour scale.
import { roundUp } from '../dom/colours.js'
import { h, say } from '../dom/dom.js'
import { short } from '../dom/format.js'
import { UnitGrid } from './unit_grid.js'
import { words } from '../words/words.js'

/** @typedef {import('../engine/protocol.js').LayerOutput} LayerOutput */

/** Share of a layer's units that may exceed the full colour, so that one outlier does not make the others pale. */
const clampedShare = 0.02
const own = words.units.layerStack

export class LayerStack {
  #empty
  #list = h('div', { class: 'layers' })
  #low = h('span')
  #high = h('span')
  #scale = h('select', { 'aria-label': own.scaleOf, class: 'small', onchange: () => this.#refresh() },
    h('option', { value: 'layer' }, own.scales.layer), h('option', { value: 'all' }, own.scales.all), h('option', { value: 'unit' }, own.scales.unit))
  #silent = h('span', { class: 'key-cell is-silent' }, own.silent)
  #legend = h('div', { class: 'legend' }, this.#low, h('span', { class: 'legend-bar', role: 'img', 'aria-label': own.colours }),
    this.#high, this.#silent, h('span', { class: 'legend-nan' }, h('i'), 'NaN'), h('label', { class: 'legend-scale' }, h('span', {}, own.scale, ' '), this.#scale))
  element = h('div', { class: 'layer-stack' }, this.#list, this.#legend)
  #options
  /** @type {{layer: number, name: string, units: number, grid: UnitGrid, title: HTMLElement}[]} */
  #grids = []
  /** The hidden layers, and those of them that are shown. @type {LayerOutput[]} */
  #hidden = []
  /** @type {LayerOutput[]} */
  #layers = []

  /**
   * @param {string} empty text shown before the first prediction
   * @param {{crossed?: (layer: number, unit: number) => boolean, choose?: (layer: number, unit: number) => void}} [options]
   *   crossed: whether a unit is marked as silent; choose: called for a click on a unit
   */
  constructor(empty, options = {}) {
    this.#empty = empty
    this.#options = options
    this.#silent.hidden = !options.crossed
  }

  /** Removes the layers, for a new run. */
  clear(text = this.#empty) {
    this.#grids = []
    this.#layers = []
    this.#legend.hidden = true
    this.#list.replaceChildren(h('p', { class: 'empty' }, text))
  }

  /** @param {LayerOutput[]} layers of a prediction, all of them @param {number} [only] the layer to show; below 0: all hidden ones */
  show(layers, only = -1) {
    // Activations, and dense layers without an activation after them.
    const hidden = layers.slice(0, -1).filter((layer, i) => layer.kind === 'activation' || layers[i + 1].kind !== 'activation')
    this.#hidden = hidden
    this.#layers = only < 0 ? hidden : hidden.filter((layer) => layer === layers[only])
    this.#legend.hidden = this.#layers.length === 0
    if (this.#layers.length === 0) return this.clear(own.noHidden)
    const same = this.#layers.length === this.#grids.length &&
      this.#layers.every(({ name, values }, i) => name === this.#grids[i].name && values.length === this.#grids[i].units)
    if (!same) {
      const { crossed, choose } = this.#options
      this.#grids = this.#layers.map((output) => {
        const layer = layers.indexOf(output)
        const grid = new UnitGrid(output.name, {
          ...(crossed ? { crossed: (/** @type {number} */ unit) => crossed(layer, unit) } : {}), ...(choose ? { choose: (/** @type {number} */ unit) => choose(layer, unit) } : {}),
        })
        return { layer, name: output.name, units: output.values.length, grid, title: h('span', { class: 'layer-scale' }) }
      })
      this.#list.replaceChildren(...this.#grids.map(({ grid, title }, i) => {
        const { name, text, values } = this.#layers[i]
        return h('section', { class: 'layer' }, h('h3', {}, `${name}: ${text}`, h('span', {}, own.units(values.length)), title), grid.element)
      }))
    }
    this.#refresh()
  }

  /** Draws the units again, after other ones are crossed out. */
  draw() {
    for (const { grid } of this.#grids) grid.draw()
  }

  /** Marks the selected unit. @param {{layer: number, unit: number} | null} chosen */
  mark(chosen) {
    for (const { grid, layer } of this.#grids) grid.mark(chosen?.layer === layer ? chosen.unit : -1)
  }

  #refresh() {
    if (this.#grids.length === 0) return
    const scale = this.#scale.value
    const limits = this.#layers.map(({ values }) => roundUp(quantile(values)))
    if (scale === 'all') limits.fill(Math.max(...this.#hidden.map(({ values }) => roundUp(quantile(values)))))
    this.#grids.forEach(({ grid, title }, i) => {
      grid.show(this.#layers[i].values, scale === 'unit' ? null : limits[i])
      say(title, scale === 'layer' && this.#grids.length > 1 ? own.fullColour(short(limits[i])) : '')
    })
    const one = scale === 'all' || this.#grids.length === 1 ? short(limits[0]) : ''
    const [low, high] = scale === 'unit' ? [own.lowest, own.highest] : one ? [`≤ −${one}`, `≥ ${one}`] : [own.negative, own.positive]
    say(this.#low, low)
    say(this.#high, high)
  }
}

/** The absolute value that all but a few values stay below. @param {Float32Array} values */
function quantile(values) {
  const sizes = Float32Array.from(values, (value) => (Number.isFinite(value) ? Math.abs(value) : 0)).sort()
  return sizes[Math.max(0, Math.ceil(sizes.length * (1 - clampedShare)) - 1)] ?? 0
}
