// The initialisation map: the output variance of every layer at step 0, for each initialisation with each activation.
// On request the core builds the small networks one after another in a separate worker.
import { drawWeights } from '../charts/weight_picture.js'
import { explain, h } from '../dom/dom.js'
import { ExperimentEngine } from '../lab/experiment_runner.js'
import { sentence, short } from '../dom/format.js'
import { cellAt, cellsOf, listenToGrid } from '../controls/grid_keys.js'
import { View } from './view.js'

const mostDepth = 50

export default class InitMapView extends View {
  #depth = h('input', { type: 'text', inputMode: 'numeric', class: 'number', value: '10', 'aria-label': 'Depth of the map', autocomplete: 'off' })
  #width = h('select', { class: 'small' }, ...[32, 64, 128, 256].map((units) => h('option', { value: units, selected: units === 128 }, `${units} units`)))
  #full = h('select', { class: 'small', onchange: () => [...this.#variances.keys()].forEach((cell) => this.#paintCell(cell)) }, ...[10, 100, 1000].map((factor) => h('option', { value: factor }, `a factor of ${factor}`)))
  #start = h('button', { type: 'button', class: 'button small', onclick: () => void this.#run() }, 'Draw the map')
  #status = h('output', { class: 'readout', 'aria-label': 'Initialisation map', 'aria-live': 'off' }, 'Press Draw the map. It takes some seconds and does not disturb the current run.')
  #table = h('table', { class: 'init-map', role: 'grid', 'aria-label': 'Output variance at step 0: activations in rows, initialisations in columns' })
  #scroll = h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Initialisation map', hidden: true }, this.#table)
  #legend = h('div', { class: 'legend', hidden: true }, h('span', {}, 'fades'), h('span', { class: 'legend-bar', role: 'img', 'aria-label': 'Orange is below 1, grey 1, blue above' }), h('span', {}, 'grows'),
    h('span', { class: 'legend-nan' }, h('i'), 'NaN'), h('label', { class: 'legend-scale' }, 'Full colour: ', this.#full))
  #engines = new ExperimentEngine(this.lab.ownFiles)
  /** Number of the latest map. Earlier ones are stopped. */
  #latest = 0
  /** The output variance of each hidden layer, by cell. @type {Map<HTMLElement, number[]>} */
  #variances = new Map()
  #columns = 1

  build() {
    this.append(
      h('div', { class: 'race-tools' }, h('label', {}, 'Depth ', this.#depth), h('label', {}, 'Width ', this.#width), this.#start, this.#status),
      this.#scroll, this.#legend,
      explain({
        what: 'Each cell shows the hidden layers from left to right. The colour of a layer is $Var[f(z_l)]$ over the probe set and all units before the first step, on a logarithmic scale. Grey is 1.',
        look: 'In a cell of one colour the signal is stable. In a cell that turns orange it fades from layer to layer; in one that turns blue it grows and may overflow. He initialisation is meant for ReLU, Glorot and LeCun for tanh and similar functions.',
        attempt: 'Draw the map with 30 layers. Then compare the greyest and the most orange pair in a race.',
      }))
    for (const event of ['pointerover', 'focusin']) this.#table.addEventListener(event, ({ target }) => {
      const cell = cellAt(target)
      if (cell && this.#variances.has(cell)) this.#status.textContent = cell.getAttribute('aria-label')
    })
    listenToGrid(this.#table, () => this.#columns, async (cell) => {
      const model = this.#modelOf(cell, this.#variances.get(cell)?.length ?? 1)
      const wrong = await this.lab.edit('init', cell.dataset.init ?? '') || await this.lab.edit('model', model)
      if (wrong) this.#status.textContent = wrong
    })
  }

  async #run() {
    const mine = ++this.#latest
    if (this.#start.textContent === 'Stop') return this.#end('Stopped. Cells without colours were not computed.')
    const depth = Number(this.#depth.value)
    if (!Number.isInteger(depth) || depth < 1 || depth > mostDepth) {
      this.#status.textContent = `Depth is ${this.#depth.value}, but it must be a whole number from 1 to ${mostDepth}.`
      return
    }
    this.#start.textContent = 'Stop'
    this.#status.textContent = 'Loading the data into a separate worker…'
    try {
      const { registry, run } = this.lab
      const inits = registry.fields.find(({ name }) => name === 'init')?.choices ?? []
      this.#columns = inits.length
      this.#variances.clear()
      this.#table.replaceChildren(
        h('thead', {}, h('tr', {}, h('td'), ...inits.map(({ label }) => h('th', { scope: 'col', role: 'columnheader' }, label)))),
        h('tbody', {}, ...registry.activations.map(({ name, label }) => h('tr', {}, h('th', { scope: 'row', role: 'rowheader' }, label),
          ...inits.map((init) => h('td', { role: 'gridcell', tabIndex: -1, 'data-init': init.name, 'data-activation': name, 'data-title': `${init.label} with ${label}` }, h('canvas', { height: 1 })))))))
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
        this.#status.textContent = `${i + 1} of ${cells.length}`
      }
      this.dataset.drawn = `${depth} ${width}`
      this.lab.emit('announce', 'The initialisation map is drawn.')
      this.#end('Point at a cell or move between cells with the arrow keys. Choose a cell to apply its settings in the Model section of the panel.')
    } catch (error) {
      if (mine === this.#latest) this.#end(sentence(error))
    }
  }

  /** @param {string} status */
  #end(status) {
    this.#start.textContent = 'Draw the map'
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
    cell.setAttribute('aria-label', `${cell.dataset.title}: ${words(variances)}`)
  }
}

/** @param {number[]} variances */
function words(variances) {
  const last = variances.length - 1
  const some = [...new Set([0, Math.floor(last / 2), last])]
  return `variance ${some.map((i) => `${short(variances[i])} after layer ${i + 1}`).join(', ')}`
}
