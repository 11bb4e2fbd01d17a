// The initialisation map: the output variance of every layer at step 0, for each initialisation with each activation.
// On request the core builds the small networks one after another in a separate worker.
import { diverging } from '../dom/colours.js'
import { h } from '../dom/dom.js'
import { ExperimentEngine } from '../lab/experiment_runner.js'
import { explain, math } from '../dom/explain.js'
import { sentence, short } from '../dom/format.js'
import { focusCell, onGridKey } from '../controls/grid_keys.js'
import { View } from './view.js'

const mostDepth = 50

class InitMapView extends View {
  #depth = h('input', { type: 'text', inputMode: 'numeric', class: 'number', value: '10', 'aria-label': 'Depth of the map', autocomplete: 'off' })
  #width = h('select', { class: 'small' }, ...[32, 64, 128, 256].map((units) => h('option', { value: units, selected: units === 128 }, `${units} units`)))
  #full = h('select', { class: 'small', onchange: () => this.#paint() }, ...[10, 100, 1000].map((factor) => h('option', { value: factor }, `a factor of ${factor}`)))
  #start = h('button', { type: 'button', class: 'button small', onclick: () => void this.#run() }, 'Draw the map')
  #status = h('output', { class: 'readout', 'aria-label': 'Initialisation map', 'aria-live': 'off' }, 'Press Draw the map. It takes some seconds and does not disturb the current run.')
  #table = h('table', { class: 'init-map', role: 'grid', 'aria-label': 'Output variance at step 0: activations in rows, initialisations in columns' })
  #scroll = h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Initialisation map', hidden: true }, this.#table)
  #legend = h('div', { class: 'legend', hidden: true }, h('span', {}, 'fades'), h('span', { class: 'legend-bar', role: 'img', 'aria-label': 'Orange is below 1, grey 1, blue above' }), h('span', {}, 'grows'),
    h('span', { class: 'legend-nan' }, h('i'), 'NaN'), h('label', { class: 'legend-scale' }, 'Full colour: ', this.#full))
  #engines = new ExperimentEngine((data) => this.lab.ownFiles.get(data))
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
        what: ['Each cell shows the hidden layers from left to right. The colour of a layer is ', math(['mi', 'Var'], ['mo', '['], ['mi', 'f'], ['mo', '('], ['msub', ['mi', 'z'], ['mi', 'l']], ['mo', ')'], ['mo', ']']),
          ' over the probe set and all units before the first step, on a logarithmic scale. Grey is 1.'],
        look: 'In a cell of one colour the signal is stable. In a cell that turns orange it fades from layer to layer; in one that turns blue it grows and may overflow. He initialisation is meant for ReLU, Glorot and LeCun for tanh and similar functions.',
        attempt: 'Draw the map with 30 layers. Then compare the greyest and the most orange pair in a race.',
      }))
    this.#table.addEventListener('click', ({ target }) => this.#choose(target))
    this.#table.addEventListener('pointerover', ({ target }) => this.#read(target))
    this.#table.addEventListener('focusin', ({ target }) => this.#read(target))
    this.#table.addEventListener('keydown', (event) => onGridKey(event, this.#cells(), this.#columns, (cell) => this.#choose(cell)))
  }

  async #run() {
    const mine = ++this.#latest
    if (this.#start.textContent === 'Stop') {
      this.#start.textContent = 'Draw the map'
      this.#status.textContent = 'Stopped. Cells without colours were not computed.'
      return
    }
    const depth = Number(this.#depth.value)
    if (!Number.isInteger(depth) || depth < 1 || depth > mostDepth) {
      this.#status.textContent = `Depth is ${this.#depth.value}, but it must be a whole number from 1 to ${mostDepth}.`
      return
    }
    this.#start.textContent = 'Stop'
    this.#status.textContent = 'Loading the data into a separate worker…'
    try {
      await this.#draw(mine, depth, Number(this.#width.value))
    } catch (error) {
      if (mine === this.#latest) this.#status.textContent = sentence(error)
    }
    if (mine === this.#latest) this.#start.textContent = 'Draw the map'
  }

  /** @param {number} mine @param {number} depth @param {number} width */
  async #draw(mine, depth, width) {
    const { registry, run } = this.lab
    const inits = registry.fields.find(({ name }) => name === 'init')?.choices ?? []
    this.#makeTable(inits)
    const { data, seed, init_value, train_samples, validation, mean, std } = run.config
    const engine = await this.#engines.open(data)
    const cells = this.#cells()
    for (const [i, cell] of cells.entries()) {
      const { init, activation } = cell.dataset
      const model = `${`dense ${width} | ${activation} | `.repeat(depth)}dense ${run.dataset.classes}`
      await engine.configure({ data, seed, init_value, train_samples, validation, mean, std, model, init, threads: 1 })
      const { layers } = await engine.probe()
      if (mine !== this.#latest) return
      this.#variances.set(cell, layers.filter(({ kind }) => kind === 'activation').map(({ deviation }) => deviation ** 2))
      this.#paintCell(cell)
      this.#status.textContent = `${i + 1} of ${cells.length}`
    }
    this.dataset.drawn = `${depth} ${width}`
    this.lab.emit('announce', 'The initialisation map is drawn.')
    this.#status.textContent = 'Point at a cell or move between cells with the arrow keys. Choose a cell to apply its settings in the Model section of the panel.'
  }

  /** @param {import('../engine/protocol.js').Choice[]} inits */
  #makeTable(inits) {
    this.#columns = inits.length
    this.#variances.clear()
    this.#table.replaceChildren(
      h('thead', {}, h('tr', {}, h('td'), ...inits.map(({ label }) => h('th', { scope: 'col', role: 'columnheader' }, label)))),
      h('tbody', {}, ...this.lab.registry.activations.map(({ name, label }) => h('tr', {}, h('th', { scope: 'row', role: 'rowheader' }, label),
        ...inits.map((init) => h('td', { role: 'gridcell', tabIndex: -1, 'data-init': init.name, 'data-activation': name, 'data-title': `${init.label} with ${label}` }, h('canvas', { height: 1 })))))))
    this.#cells()[0].tabIndex = 0
    this.#scroll.hidden = false
    this.#legend.hidden = false
  }

  #cells() {
    return /** @type {HTMLElement[]} */ ([...this.#table.querySelectorAll('[role=gridcell]')])
  }

  #paint() {
    for (const cell of this.#variances.keys()) this.#paintCell(cell)
  }

  /** @param {HTMLElement} cell */
  #paintCell(cell) {
    const variances = this.#variances.get(cell) ?? []
    const canvas = /** @type {HTMLCanvasElement} */ (cell.firstElementChild)
    const limit = Math.log10(Number(this.#full.value))
    canvas.width = variances.length
    const context = canvas.getContext('2d')
    variances.forEach((variance, i) => {
      if (!context) return
      context.fillStyle = diverging(Math.log10(variance), limit)
      context.fillRect(i, 0, 1, 1)
    })
    cell.setAttribute('aria-label', `${cell.dataset.title}: ${words(variances)}`)
  }

  /** @param {EventTarget | null} target */
  #read(target) {
    const cell = target instanceof Element ? target.closest('[role=gridcell]') : null
    if (cell && this.#variances.has(/** @type {HTMLElement} */ (cell))) this.#status.textContent = cell.getAttribute('aria-label')
  }

  /** @param {EventTarget | null} target */
  async #choose(target) {
    const cell = target instanceof Element ? target.closest('[role=gridcell]') : null
    if (!(cell instanceof HTMLElement)) return
    focusCell(this.#cells(), cell)
    const { init = '' } = cell.dataset
    const model = `${`dense ${this.#width.value} | ${cell.dataset.activation} | `.repeat(this.#variances.get(cell)?.length ?? 1)}dense ${this.lab.run.dataset.classes}`
    const wrong = await this.lab.edit('init', init) || await this.lab.edit('model', model)
    if (wrong) this.#status.textContent = wrong
  }
}
customElements.define('rl-init-map', InitMapView)

/** @param {number[]} variances */
function words(variances) {
  const last = variances.length - 1
  const some = [...new Set([0, Math.floor(last / 2), last])]
  return `variance ${some.map((i) => `${short(variances[i])} after layer ${i + 1}`).join(', ')}`
}
