// The confusion matrix of the test set: counts of labels and predictions, the images of each cell, precision and
// recall, and the samples with the highest loss. During training it shows the scoring at the end of the last epoch;
// while the run is paused the test set is scored with the current weights.
import { diverging } from '../dom/colours.js'
import { h } from '../dom/dom.js'
import { percent, short } from '../dom/format.js'
import { Gallery } from '../charts/gallery.js'
import { cellsOf, listenToGrid } from '../controls/grid_keys.js'
import { explain } from './explain.js'
import { empty } from './empty.js'
import { View } from './view.js'
import { words } from '../words/words.js'

/** @import { ClassReport } from '../engine/protocol.js' */

const own = words.images.confusion
/** Maximum number of images shown for a cell. */
const mostImages = 40
/** Maximum number of rows. With more classes, those with the most mistakes have a row. */
const mostClasses = 20
/** Milliseconds that the run must be paused before its weights are scored. */
const settle = 400

export default class ConfusionView extends View {
  #summary = h('output', { class: 'verdict', 'aria-label': own.score })
  #empty = empty(own.empty, [own.pause, () => this.lab.training && this.lab.toggle()])
  #mistake = h('p', { class: 'readout' })
  #table = h('table', { class: 'confusion', role: 'grid', 'aria-label': own.table })
  #scale = h('select', { 'aria-label': own.scale, class: 'small', onchange: () => this.#paint() },
    h('option', { value: 'all' }, own.scales.all), h('option', { value: 'row' }, own.scales.row))
  #legendFull = h('span')
  #scroll = h('div', { class: 'confusion-scroll', tabIndex: 0, role: 'region', 'aria-label': own.matrix, onscroll: () => this.#shade() }, this.#table)
  #chosen = h('h4', {}, own.chooseCell)
  #cellImages = new Gallery(this.lab, own.cellImages)
  #hardest = new Gallery(this.lab, own.hardest)
  #parts = h('div', { class: 'confusion-parts', hidden: true },
    h('div', {}, h('div', { class: 'confusion-frame' }, this.#scroll),
      h('div', { class: 'legend' }, h('span', { class: 'legend-bar', role: 'img', 'aria-label': own.legendBar }), this.#legendFull,
        h('label', { class: 'legend-scale' }, own.scaleLabel, this.#scale))),
    h('div', { class: 'confusion-images' },
      h('section', {}, this.#chosen, this.#cellImages.element),
      h('section', {}, h('h4', {}, own.hardestTitle), this.#hardest.element)))
  /** @type {ClassReport | undefined} */
  #report
  /** The run that the report is of. @type {import('../engine/protocol.js').RunInfo | undefined} */
  #run
  /** The classes that have a row. @type {number[]} */
  #rows = []
  /** @type {{label: number, prediction: number} | undefined} */
  #cell
  #later = 0
  /** Identifies the weights of the report. If it changes, the report is requested again. */
  #of = ''

  build() {
    this.append(this.#empty, this.#summary, this.#mistake, this.#parts, explain(own.explain))
    listenToGrid(this.#table, () => this.#rows.length, (cell) => {
      this.#cell = place(cell)
      this.#paint()
      void this.#showCell()
    })
    this.lab.on('run', () => (this.#cell = undefined))
    this.lab.onEach(['run', 'state', 'progress'], () => this.update())
    this.lab.on('epoch', () => void this.#refresh())
    new ResizeObserver(() => this.#shade()).observe(this.#scroll)
  }

  /** Shows a shade at each side behind which there are more columns. */
  #shade() {
    const { scrollLeft, clientWidth, scrollWidth, parentElement } = this.#scroll
    parentElement?.classList.toggle('has-left', scrollLeft > 1)
    parentElement?.classList.toggle('has-right', scrollLeft + clientWidth < scrollWidth - 1)
  }

  update() {
    clearTimeout(this.#later)
    const none = !this.#report || (this.lab.training && this.#run !== this.lab.run)
    this.#empty.hidden = !none || !this.lab.training
    for (const part of [this.#summary, this.#mistake, this.#parts]) part.hidden = none
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
    this.#run = run
    this.update()
    // The run may have continued since the request.
    this.dataset.step = String(report.step)
    this.#summary.textContent = own.summary(report, training)
    const { confusion, precision, recall, hardest } = report
    const names = lab.classNames
    this.#mistake.textContent = worstOf(confusion, names)
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
      return { index: sample.index, caption, name: own.hard({ caption, index: sample.index, probability: percent(sample.probability, 1), loss: short(sample.loss) }) }
    }))
  }

  /** @param {number[]} rows @param {string[]} names */
  #makeTable(rows, names) {
    this.#rows = rows
    this.#table.dataset.names = names.join('|')
    /** A heading with a short form for a phone. @param {{name: string, brief: string}} heading @param {string} scope */
    const share = ({ name, brief }, scope) => h('th', { scope, class: scope === 'col' ? 'share' : '', 'aria-label': name },
      h('span', { class: 'wide-only' }, name), h('span', { class: 'phone-only' }, brief))
    const head = (/** @type {number} */ c, /** @type {string} */ scope) => h('th', { scope, title: names[c], role: scope === 'col' ? 'columnheader' : 'rowheader' }, shortened(names[c]))
    this.#table.replaceChildren(
      h('thead', {}, h('tr', {}, h('td', { class: 'corner' }, own.corner), ...rows.map((c) => head(c, 'col')), share(own.recall, 'col'))),
      h('tbody', {}, ...rows.map((label) => h('tr', {}, head(label, 'row'),
        ...rows.map((prediction) => h('td', { role: 'gridcell', tabIndex: -1, 'data-label': label, 'data-prediction': prediction })),
        h('td', { class: 'share', 'data-share': 'recall', 'data-class': label })))),
      h('tfoot', {}, h('tr', {}, share(own.precision, 'row'), ...rows.map((c) => h('td', { class: 'share', 'data-share': 'precision', 'data-class': c })), h('td'))))
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
      cell.setAttribute('aria-label', own.cell(names[label], names[prediction], n))
      const colour = right ? diverging(n, total) : diverging(-n, byRow ? largest[label] : most)
      cell.style.background = colour
      cell.style.color = luminance(colour) > 0.18 ? '#111' : '#fff'
      cell.setAttribute('aria-selected', String(this.#cell?.label === label && this.#cell.prediction === prediction))
    }
    this.#legendFull.textContent = own.legend(byRow ? null : most)
  }

  async #showCell() {
    const report = this.#report
    if (!this.#cell || !report) {
      this.#chosen.textContent = own.chooseCell
      return this.#cellImages.show([])
    }
    const { label, prediction } = this.#cell
    const names = this.lab.classNames
    const all = [...report.labels.keys()].filter((i) => report.labels[i] === label && report.predictions[i] === prediction)
    const cell = { label: names[label], prediction: names[prediction], right: label === prediction }
    this.#chosen.textContent = own.chosen(cell, all.length, mostImages)
    await this.#cellImages.show(all.slice(0, mostImages).map((index) => ({ index, name: own.image(index, cell) })))
  }
}

/** @param {HTMLElement} cell */
const place = ({ dataset: { label, prediction } }) => ({ label: Number(label), prediction: Number(prediction) })

/** The most frequent mistake in words. @param {number[][]} confusion @param {string[]} names */
function worstOf(confusion, names) {
  const mistakes = confusion.flatMap((row, label) => row.map((n, prediction) => ({ n, label, prediction }))).filter(({ n, label, prediction }) => n > 0 && label !== prediction)
  const [worst] = mistakes.sort((a, b) => b.n - a.n)
  return worst ? own.worst(names[worst.label], names[worst.prediction], worst.n) : own.noMistakes
}

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
