// The initialisation map: the output variance of every layer at step 0, for each initialisation with each activation.
// On request the core builds the small networks one after another in a separate worker.
import { drawWeights } from '../charts/weight_picture.js'
import { h } from '../dom/dom.js'
import { ExperimentEngine } from '../lab/experiment_runner.js'
import { sentence, short } from '../dom/format.js'
import { cellAt, cellsOf, listenToGrid } from '../controls/grid_keys.js'
import { explain } from './explain.js'
import { View } from './view.js'
import { words } from '../words/words.js'

const own = words.units.initMap
const mostDepth = 50
/** The first rows. */
const main = ['relu', 'leaky_relu', 'prelu', 'elu', 'swish']

export default class InitMapView extends View {
  #depth = h('input', { type: 'text', inputMode: 'numeric', class: 'number', value: '10', 'aria-label': own.depthOf, autocomplete: 'off' })
  #width = h('select', { class: 'small' }, ...[32, 64, 128, 256].map((units) => h('option', { value: units, selected: units === 128 }, own.units(units))))
  #full = h('select', { class: 'small', onchange: () => [...this.#variances.keys()].forEach((cell) => this.#paintCell(cell)) }, ...[10, 100, 1000].map((factor) => h('option', { value: factor }, own.factor(factor))))
  #start = h('button', { type: 'button', class: 'button small', onclick: () => void this.#run() }, own.draw)
  #status = h('output', { class: 'readout', 'aria-label': own.title, 'aria-live': 'off' }, own.first)
  #table = h('table', { class: 'init-map', role: 'grid', 'aria-label': own.table })
  #scroll = h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': own.title, hidden: true }, this.#table)
  #legend = h('div', { class: 'legend', hidden: true }, h('span', {}, own.fades), h('span', { class: 'legend-bar', role: 'img', 'aria-label': own.colours }), h('span', {}, own.grows),
    h('span', { class: 'legend-nan' }, h('i'), 'NaN'), h('label', { class: 'legend-scale' }, own.full, ' ', this.#full))
  #engines = new ExperimentEngine(this.lab.ownFiles)
  /** Number of the latest map. Earlier ones are stopped. */
  #latest = 0
  /** The output variance of each hidden layer, by cell. @type {Map<HTMLElement, number[]>} */
  #variances = new Map()
  #columns = 1
  #drawing = false

  build() {
    this.append(
      h('div', { class: 'race-tools' }, h('label', {}, own.depth, ' ', this.#depth), h('label', {}, own.width, ' ', this.#width), this.#start, this.#status),
      this.#scroll, this.#legend,
      explain(own.explain))
    for (const event of ['pointerover', 'focusin']) this.#table.addEventListener(event, ({ target }) => {
      const cell = cellAt(target)
      if (cell && this.#variances.has(cell)) this.#status.textContent = cell.getAttribute('aria-label')
    })
    listenToGrid(this.#table, () => this.#columns, async (cell) => {
      const model = this.#modelOf(cell, this.#variances.get(cell)?.length ?? 1)
      const wrong = await this.lab.edit('init', cell.dataset.init ?? '') || await this.lab.edit('model', model)
      if (wrong) this.#status.textContent = words.lab.error(wrong)
    })
  }

  async #run() {
    const mine = ++this.#latest
    if (this.#drawing) return this.#end(own.stopped)
    const depth = Number(this.#depth.value)
    if (!Number.isInteger(depth) || depth < 1 || depth > mostDepth) {
      this.#status.textContent = own.badDepth(this.#depth.value, mostDepth)
      return
    }
    this.#drawing = true
    this.#start.textContent = own.stop
    this.#status.textContent = own.loading
    try {
      const { registry, run } = this.lab
      const inits = registry.fields.find(({ name }) => name === 'init')?.choices ?? []
      const rows = [...main.flatMap((name) => registry.activations.find((each) => each.name === name) ?? []), ...registry.activations.filter(({ name }) => !main.includes(name))]
      this.#columns = inits.length
      this.#variances.clear()
      this.#table.replaceChildren(
        h('thead', {}, h('tr', {}, h('td'), ...inits.map(({ label }) => h('th', { scope: 'col', role: 'columnheader' }, label)))),
        h('tbody', {}, ...rows.map(({ name, label }) => h('tr', {}, h('th', { scope: 'row', role: 'rowheader' }, label),
          ...inits.map((init) => h('td', { role: 'gridcell', tabIndex: -1, 'data-init': init.name, 'data-activation': name, 'data-title': own.pair(init.label, label) }, h('canvas', { height: 1 })))))))
      const cells = cellsOf(this.#table)
      cells[0].tabIndex = 0
      this.#scroll.hidden = this.#legend.hidden = false
      const { data, seed, init_value, train_samples, validation, mean, std } = run.config
      const engine = await this.#engines.open(data)
      const width = this.#width.value
      const models = cells.map((cell) => this.#modelOf(cell, depth))
      for (const [i, cell] of cells.entries()) {
        const { init } = cell.dataset
        await engine.configure({ data, seed, init_value, train_samples, validation, mean, std, model: models[i], init, threads: 1 })
        const { layers } = await engine.probe()
        if (mine !== this.#latest) return
        this.#variances.set(cell, layers.filter(({ kind }) => kind === 'activation').map(({ deviation }) => deviation ** 2))
        this.#paintCell(cell)
        this.#status.textContent = own.progress(i + 1, cells.length)
      }
      this.dataset.drawn = `${depth} ${width}`
      this.lab.emit('announce', own.drawn)
      this.#end(own.ready)
    } catch (error) {
      if (mine === this.#latest) this.#end(words.lab.error(sentence(error)))
    }
  }

  /** @param {string} status */
  #end(status) {
    this.#drawing = false
    this.#start.textContent = own.draw
    this.#status.textContent = status
  }

  /** The model of a cell. @param {HTMLElement} cell @param {number} depth */
  #modelOf(cell, depth) {
    return `${`dense ${this.#width.value} | ${cell.dataset.activation} | `.repeat(depth)}dense ${this.lab.run.dataset.classes}`
  }

  /** @param {HTMLElement} cell */
  #paintCell(cell) {
    const variances = this.#variances.get(cell) ?? []
    drawWeights(/** @type {HTMLCanvasElement} */ (cell.firstElementChild), variances.map(Math.log10),
      { columns: variances.length, rows: 1, at: (i) => i }, Math.log10(Number(this.#full.value)))
    const last = variances.length - 1
    const some = [...new Set([0, Math.floor(last / 2), last])]
    cell.setAttribute('aria-label', own.cell(cell.dataset.title ?? '', some.map((i) => ({ variance: short(variances[i]), layer: i + 1 }))))
  }
}
