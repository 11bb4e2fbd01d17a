// The confusion matrix of the test set: counts of labels and predictions, the images of each cell, precision and
// recall, and the samples with the highest loss. During training it shows the scoring at the end of the last epoch;
// while the run is paused the test set is scored with the current weights.
import { diverging } from '../dom/colours.js'
import { explain, h } from '../dom/dom.js'
import { count, percent, plural, short } from '../dom/format.js'
import { Gallery } from '../charts/gallery.js'
import { cellsOf, listenToGrid } from '../controls/grid_keys.js'
import { View } from './view.js'

/** @import { ClassReport } from '../engine/protocol.js' */

/** Maximum number of images shown for a cell. */
const mostImages = 40
/** Maximum number of rows. With more classes, those with the most mistakes have a row. */
const mostClasses = 20
/** Milliseconds that the run must be paused before its weights are scored. */
const settle = 400

export default class ConfusionView extends View {
  #summary = h('output', { class: 'verdict', 'aria-label': 'Score of the matrix' }, 'The test set is scored at the end of each epoch and when the run is paused.')
  #table = h('table', { class: 'confusion', role: 'grid', 'aria-label': 'Confusion matrix: labels in rows, predictions in columns' })
  #scale = h('select', { 'aria-label': 'Scale of mistakes', class: 'small', onchange: () => this.#paint() },
    h('option', { value: 'all' }, 'the largest in the matrix'), h('option', { value: 'row' }, 'the largest in the row'))
  #legendFull = h('span')
  #chosen = h('h3', {}, 'Choose a cell to see its images')
  #cellImages = new Gallery(this.lab, 'Images of the chosen cell')
  #hardest = new Gallery(this.lab, 'Hardest samples')
  /** @type {ClassReport | undefined} */
  #report
  /** The classes that have a row. @type {number[]} */
  #rows = []
  /** @type {{label: number, prediction: number} | undefined} */
  #cell
  #later = 0
  /** Identifies the weights of the report. If it changes, the report is requested again. */
  #of = ''

  build() {
    this.append(this.#summary,
      h('div', { class: 'confusion-parts' },
        h('div', {},
          h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Confusion matrix' }, this.#table),
          h('div', { class: 'legend' }, h('span', { class: 'legend-bar', role: 'img', 'aria-label': 'Orange: mistakes, grey: none, blue: correct' }), this.#legendFull,
            h('label', { class: 'legend-scale' }, 'Full colour of mistakes: ', this.#scale))),
        h('div', { class: 'confusion-images' },
          h('section', {}, this.#chosen, this.#cellImages.element),
          h('section', {}, h('h3', {}, 'Hardest samples: label → prediction, by loss'), this.#hardest.element))),
      explain({
        what: 'Each row is a true class (label), each column a predicted class. The diagonal counts correct predictions, all other cells mistakes. Recall is the share of a row that is on the diagonal; precision is the share of a column.',
        look: 'Mistakes are not evenly distributed: on MNIST the network often confuses 4 and 9, 3 and 5, 7 and 2. A column with low precision is a class that the network predicts when it is unsure.',
        attempt: 'Choose the most orange cell, then one of its images: the other views show it too. Then train with a sixth of the units and see which classes get worse first.',
      }))
    listenToGrid(this.#table, () => this.#rows.length, (cell) => {
      this.#cell = place(cell)
      this.#paint()
      void this.#showCell()
    })
    this.lab.on('run', () => (this.#cell = undefined))
    this.lab.onEach(['run', 'state', 'progress'], () => this.update())
    this.lab.on('epoch', () => void this.#refresh())
  }

  update() {
    clearTimeout(this.#later)
    if (!this.seen || this.lab.training) return
    this.#later = window.setTimeout(() => this.lab.training || void this.#refresh(), settle)
  }

  async #refresh() {
    const { lab } = this
    if (!this.seen) return
    const { training, run } = lab
    const of = `${run.config.seed} ${training ? lab.epochs.at(-1)?.step ?? 0 : lab.step} ${training} ${lab.state}`
    if (of === this.#of && this.#report) return
    this.#of = of
    const report = training ? await lab.engine.epochClasses() : await lab.engine.classesInParts()
    if (!report || lab.run !== run) return void (this.#of = '')
    this.#report = report
    // The run may have continued since the request.
    this.dataset.step = String(report.step)
    const when = training ? `At the end of epoch ${report.epoch}` : `At step ${count(report.step)}`
    this.#summary.textContent = `${when}: ${count(report.correct)} of ${count(report.samples)} test images correct (${percent(report.correct / report.samples)})`
    const { confusion, precision, recall, hardest } = report
    const names = lab.classNames
    const mistakes = confusion.map((row, i) => row.reduce((sum, n, j) => sum + (i === j ? 0 : n + confusion[j][i]), 0))
    const rows = confusion.map((_, i) => i).sort((a, b) => mistakes[b] - mistakes[a] || a - b).slice(0, mostClasses).sort((a, b) => a - b)
    if (rows.join() !== this.#rows.join() || this.#table.rows.length === 0 || this.#table.dataset.names !== names.join('|')) this.#makeTable(rows, names)
    for (const [name, values] of Object.entries({ recall, precision })) {
      for (const cell of /** @type {NodeListOf<HTMLElement>} */ (this.#table.querySelectorAll(`[data-share=${name}]`))) {
        const share = values[Number(cell.dataset.class)]
        cell.textContent = share === null ? '–' : (100 * share).toFixed(1)
      }
    }
    this.#paint()
    void this.#showCell()
    void this.#hardest.show(hardest.map((sample) => {
      const caption = `${shortened(names[sample.label])} → ${shortened(names[sample.prediction])}`
      const name = `${caption}: test image ${sample.index}, predicted with ${percent(sample.probability, 1)}, loss ${short(sample.loss)}`
      return { index: sample.index, caption, name }
    }))
  }

  /** @param {number[]} rows @param {string[]} names */
  #makeTable(rows, names) {
    this.#rows = rows
    this.#table.dataset.names = names.join('|')
    const head = (/** @type {number} */ c, /** @type {string} */ scope) => h('th', { scope, title: names[c], role: scope === 'col' ? 'columnheader' : 'rowheader' }, shortened(names[c]))
    this.#table.replaceChildren(
      h('thead', {}, h('tr', {}, h('td', { class: 'corner' }, 'is ↓ says →'), ...rows.map((c) => head(c, 'col')), h('th', { scope: 'col', class: 'share' }, 'Recall, %'))),
      h('tbody', {}, ...rows.map((label) => h('tr', {}, head(label, 'row'),
        ...rows.map((prediction) => h('td', { role: 'gridcell', tabIndex: -1, 'data-label': label, 'data-prediction': prediction })),
        h('td', { class: 'share', 'data-share': 'recall', 'data-class': label })))),
      h('tfoot', {}, h('tr', {}, h('th', { scope: 'row' }, 'Precision, %'), ...rows.map((c) => h('td', { class: 'share', 'data-share': 'precision', 'data-class': c })), h('td'))))
    const [first] = cellsOf(this.#table)
    if (first) first.tabIndex = 0
  }

  /** Writes the counts into the cells, and colours them. */
  #paint() {
    if (!this.#report) return
    const { confusion } = this.#report
    const names = this.lab.classNames
    const largest = confusion.map((row, i) => Math.max(...row.map((n, j) => (i === j ? 0 : n))))
    const most = Math.max(...largest)
    const byRow = this.#scale.value === 'row'
    for (const cell of cellsOf(this.#table)) {
      const { label, prediction } = place(cell)
      const n = confusion[label][prediction]
      const right = label === prediction
      const total = confusion[label].reduce((sum, each) => sum + each, 0)
      cell.textContent = n === 0 ? '' : String(n)
      cell.setAttribute('aria-label', `${names[label]} predicted as ${names[prediction]}: ${n}`)
      const colour = right ? diverging(n, total) : diverging(-n, byRow ? largest[label] : most)
      cell.style.background = colour
      cell.style.color = luminance(colour) > 0.18 ? '#111' : '#fff'
      cell.setAttribute('aria-selected', String(this.#cell?.label === label && this.#cell.prediction === prediction))
    }
    this.#legendFull.textContent = `orange: mistakes, full colour at ${byRow ? 'the largest in the row' : count(most)}; blue: correct share of the row, full colour at 100%`
  }

  async #showCell() {
    const report = this.#report
    if (!this.#cell || !report) {
      this.#chosen.textContent = 'Choose a cell to see its images'
      return this.#cellImages.show([])
    }
    const { label, prediction } = this.#cell
    const names = this.lab.classNames
    const all = [...report.labels.keys()].filter((i) => report.labels[i] === label && report.predictions[i] === prediction)
    const what = label === prediction ? `${names[label]} correct` : `${names[label]} predicted as ${names[prediction]}`
    this.#chosen.textContent = `${what}: ${plural(all.length, 'image')}${all.length > mostImages ? `, the first ${mostImages}` : ''}`
    await this.#cellImages.show(all.slice(0, mostImages).map((index) => ({ index, name: `Test image ${index}: ${what}` })))
  }
}

/** @param {HTMLElement} cell */
const place = ({ dataset: { label, prediction } }) => ({ label: Number(label), prediction: Number(prediction) })

/** A class name shortened for a column heading. @param {string} name */
const shortened = (name) => (name.length > 8 ? `${name.slice(0, 7)}…` : name)

/** Relative luminance as defined by WCAG. @param {string} colour rgb(...) */
function luminance(colour) {
  const [r, g, b] = (colour.match(/\d+/g) ?? []).map((part) => {
    const c = Number(part) / 255
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
