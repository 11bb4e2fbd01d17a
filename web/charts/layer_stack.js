// The hidden layers of a prediction: one grid of units per layer, a legend, and a choice of the colour scale.
import { roundUp } from '../dom/colours.js'
import { h } from '../dom/dom.js'
import { plural, short } from '../dom/format.js'
import { UnitGrid } from './unit_grid.js'

/** @typedef {import('../engine/protocol.js').LayerOutput} LayerOutput */

/** Share of a layer's units that may exceed the full colour, so that one outlier does not make the others pale. */
const clampedShare = 0.02

export class LayerStack {
  #empty
  #list = h('div', { class: 'layers' })
  #low = h('span')
  #high = h('span')
  #scale = h('select', { 'aria-label': 'Colour scale', class: 'small', onchange: () => this.#refresh() },
    h('option', { value: 'layer' }, 'by layer'), h('option', { value: 'all' }, 'same for all layers'), h('option', { value: 'unit' }, 'by unit'))
  #legend = h('div', { class: 'legend' }, this.#low, h('span', { class: 'legend-bar', role: 'img', 'aria-label': 'Orange is negative, grey zero, blue positive' }),
    this.#high, h('span', { class: 'legend-nan' }, h('i'), 'NaN'), h('label', { class: 'legend-scale' }, 'Scale ', this.#scale))
  element = h('div', { class: 'layer-stack' }, this.#list, this.#legend)
  /** @type {{name: string, units: number, grid: UnitGrid, title: HTMLElement}[]} */
  #grids = []
  /** @type {LayerOutput[]} */
  #layers = []

  /** @param {string} empty text shown before the first prediction */
  constructor(empty) {
    this.#empty = empty
  }

  /** Removes the layers, for a new run. */
  clear(text = this.#empty) {
    this.#grids = []
    this.#layers = []
    this.#legend.hidden = true
    this.#list.replaceChildren(h('p', { class: 'empty' }, text))
  }

  /** @param {LayerOutput[]} layers of a prediction, all of them */
  show(layers) {
    // Activations, and dense layers without an activation after them.
    this.#layers = layers.slice(0, -1).filter((layer, i) => layer.kind === 'activation' || layers[i + 1].kind !== 'activation')
    this.#legend.hidden = this.#layers.length === 0
    if (this.#layers.length === 0) return this.clear('This model has no hidden layer: the output layer reads the image directly. Add a layer under Model in the settings, for example “dense 128 | relu”.')
    const same = this.#layers.length === this.#grids.length &&
      this.#layers.every(({ name, values }, i) => name === this.#grids[i].name && values.length === this.#grids[i].units)
    if (!same) {
      this.#grids = this.#layers.map(({ name, values }) => ({ name, units: values.length, grid: new UnitGrid(name), title: h('span', { class: 'layer-scale' }) }))
      this.#list.replaceChildren(...this.#grids.map(({ grid, title }, i) => {
        const { name, text, values } = this.#layers[i]
        return h('section', { class: 'layer' }, h('h3', {}, `${name}: ${text}`, h('span', {}, plural(values.length, 'unit')), title), grid.element)
      }))
    }
    this.#refresh()
  }

  #refresh() {
    if (this.#grids.length === 0) return
    const scale = this.#scale.value
    const limits = this.#layers.map(({ values }) => roundUp(quantile(values)))
    if (scale === 'all') limits.fill(Math.max(...limits))
    this.#grids.forEach(({ grid, title }, i) => {
      grid.show(this.#layers[i].values, scale === 'unit' ? null : limits[i])
      title.textContent = scale === 'layer' && this.#grids.length > 1 ? `full colour at ±${short(limits[i])}` : ''
    })
    const one = scale === 'all' || this.#grids.length === 1 ? short(limits[0]) : ''
    const [low, high] = scale === 'unit' ? ['−largest so far', '+largest so far'] : one ? [`≤ −${one}`, `≥ ${one}`] : ['negative', 'positive']
    this.#low.textContent = low
    this.#high.textContent = high
  }
}

/** The absolute value that all but a few values stay below. @param {Float32Array} values */
function quantile(values) {
  const sizes = Float32Array.from(values, (value) => (Number.isFinite(value) ? Math.abs(value) : 0)).sort()
  return sizes[Math.max(0, Math.ceil(sizes.length * (1 - clampedShare)) - 1)] ?? 0
}
