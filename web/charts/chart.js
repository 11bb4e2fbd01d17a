// A line chart on uPlot: named lines over one axis, a cursor shared between charts, a tooltip sorted by value, a legend
// that hides lines, an axis without outliers or with all values, also logarithmic, marks, levels, deviations, and export
// as CSV and PNG. Colours come from the style sheet.
import uPlot from 'uplot'
import { extremes, finite, labelsOf, laterHalf, outside, robustEnds, ticksOf, zoomedShares } from './axis.js'
import { drawMarks, drawOutside, drawSpreads } from './chart_draw.js'
import { toCsv, toPng } from './chart_export.js'
import { Tip } from './chart_tip.js'
import { summaryOf } from './chart_words.js'
import { themeColour, themeFont } from '../dom/colours.js'
import { download, h, iconButton } from '../dom/dom.js'
import { count, fileName } from '../dom/format.js'
import { Legend } from './legend.js'
import { words } from '../words/words.js'
import { Zoom } from './zoom.js'

const own = words.charts.chart

/** CSS pixels of the value axis between two labels, at its sides, and at least. */
const axisSizes = { between: 34, sides: 12, least: 44 }

/** How the lines of the previous run are drawn. */
export const ghostStyle = { colour: '--muted', dash: [3, 3], ghost: true }

/**
 * @typedef {{name: string, values: (number | null)[], colour: string, dash?: number[], faint?: string, tip?: string,
 *            dots?: boolean, spread?: (number | null)[], ghost?: boolean}} Series
 *   colour: a custom property such as --series-train, or a colour; faint: the name of the line that this faint line
 *   belongs to; tip: its name in the tooltip, where it is otherwise left out; spread: the deviation around each value;
 *   ghost: of the previous run; first in the list, so that it is drawn behind
 * @typedef {{title: string, x?: 'step' | 'epoch', format: (value: number) => string, share?: boolean,
 *            range: (low: number, high: number, log: boolean) => [number, number], sync?: string, log?: boolean, height?: number, plain?: boolean,
 *            marks?: () => {step: number, text: string}[], levels?: {at: number, text: string}[], legend?: Legend, zoom?: Zoom, leastX?: number,
 *            among?: boolean, empty?: string, now?: (xs: number[], series: Series[]) => string}} ChartOptions
 *   x: what the horizontal axis counts, in the default steps; format: of a value; share: the values are shares such as accuracies, and the axis is
 *   zoomed to them; range: of the axis otherwise, from that of the values; sync: charts with the same key share their
 *   cursor; log: whether the axis is logarithmic initially; plain: without buttons; levels: reference lines; legend, zoom:
 *   shared by several charts and shown by the view, without them the chart has its own; leastX: minimum end of the
 *   horizontal axis; among: whole lines can be outliers; empty: what to say without data; now: the latest values with their moments
 */

export class Chart {
  #legend
  #zoom
  #plot = h('div', { class: 'plot', role: 'img', tabIndex: 0 })
  #empty = h('p', { class: 'plot-empty' })
  #now = h('span')
  #outside = h('button', { type: 'button', class: 'outside', hidden: true, onclick: () => this.#zoom.set(!this.#zoom.full) })
  #tip = new Tip()
  /** The chart of uPlot. @type {any} */
  #chart
  /** @type {number[]} */
  #xs = []
  /** @type {Series[]} */
  #series = []
  #log
  /** Of the value axis. @type {[number, number]} */
  #range = [0, 1]
  /** All values are whole numbers, such as counts: none is an outlier, and the axis has no fractions. */
  #whole = false
  /** Width of the plot at its last layout. Reading it from the element would force a layout of the page. */
  #width = 0

  /** @param {import('../lab/lab.js').Lab} lab @param {ChartOptions} options */
  constructor(lab, options) {
    this.options = { height: 240, ...options }
    const { title, plain, height } = this.options
    this.#legend = options.legend ?? new Legend()
    this.#zoom = options.zoom ?? new Zoom()
    this.#log = options.log ?? false
    this.#legend.listeners.push(() => this.#redraw())
    this.#zoom.listeners.push(() => this.#redraw())
    this.element = h('figure', { class: 'chart' },
      h('figcaption', {}, h('span', {}, title),
        !plain && iconButton('save', own.asCsv(title), () => download(`${fileName(title)}.csv`, this.csv(), 'text/csv'), 'icon-button quiet small'),
        !plain && iconButton('picture', own.asPng(title), () => void this.#savePng(), 'icon-button quiet small')),
      !options.legend && this.#legend.element, h('div', { class: 'chart-now' }, this.#now, this.#outside),
      h('div', { class: 'plot-frame' }, this.#plot, this.#empty, this.#tip.element))
    lab.on('theme', () => this.restyle())
    this.#plot.setAttribute('aria-label', own.noData(title))
    this.#plot.style.height = `${height}px`
    this.#empty.textContent = options.empty ?? own.noValues
    this.element.classList.add('is-empty')
    this.#plot.addEventListener('keydown', (event) => this.#onKey(event))
    this.#plot.addEventListener('blur', () => this.#setCursor(-10, -10))
    new ResizeObserver(([{ contentRect: { width } }]) => {
      this.#width = width
      if (this.#chart && width > 0) this.#chart.setSize({ width, height })
      else this.restyle()
    }).observe(this.#plot)
  }

  /** All lines, including hidden ones. */
  csv() {
    return toCsv(this.options.x ?? 'step', this.#xs, this.#series)
  }

  /** @param {boolean} log */
  setLog(log) {
    this.#log = log
    this.#measure()
    this.restyle()
  }

  /** @param {number[]} xs ascending @param {Series[]} series with one value per x */
  draw(xs, series) {
    const form = (/** @type {Series[]} */ list) => list.map(({ name, colour, dash, dots }) => [name, colour, dash, dots].join()).join('\n')
    const same = this.#chart && form(series) === form(this.#series)
    const { title, x = 'step', format, now } = this.options
    this.#xs = xs
    this.#series = series
    this.#whole = series.length > 0 && series.every(({ values, spread }) => !spread && finite(values).every(Number.isInteger))
    this.#legend.show(series.filter(({ faint }) => !faint))
    this.element.classList.toggle('is-empty', series.every(({ values }) => finite(values).length === 0))
    this.#measure()
    if (same) this.#chart.setData(this.#data())
    else this.restyle()
    const said = now?.(xs, series) ?? ''
    if (this.#now.textContent !== said) this.#now.textContent = said
    this.#plot.setAttribute('aria-label', summaryOf(title, x, xs, series, format))
  }

  /** @returns {any} the data for uPlot; on a logarithmic axis only positive values */
  #data() {
    return [this.#xs, ...this.#series.map(({ values }) => (this.#log ? values.map((value) => (Number(value) > 0 ? value : null)) : values))]
  }

  /** @param {Series} series */
  #isShown({ name, faint }) {
    return !this.#legend.hidden.has(faint ?? name)
  }

  /** Whether a line is drawn: the single values of a share not on a zoomed axis, where they would fill the plot. @param {Series} series */
  #isDrawn(series) {
    return this.#isShown(series) && !(this.options.share && !this.#zoom.full && series.faint && !series.ghost)
  }

  /** The same data with other visible lines or another range. */
  #redraw() {
    this.#measure()
    this.#series.forEach((series, i) => this.#chart?.setSeries(i + 1, { show: this.#isDrawn(series) }))
    this.#chart?.setData(this.#data())
  }

  /** Recreates the chart, for example with new colours or another axis, once the browser has laid it out. */
  restyle() {
    const width = this.#width
    this.#chart?.destroy()
    this.#chart = undefined
    if (width === 0) return
    const { sync, height, format, share, leastX = 1, levels = [], marks } = this.options
    const percent = share || format(0).endsWith('%')
    const [text, grid] = ['--muted', '--grid'].map(themeColour)
    const axis = { stroke: text, font: `11px ${themeFont()}`, ticks: { show: false }, grid: { stroke: grid, width: 1 }, gap: 6 }
    const widthOf = (/** @type {any} */ { ctx }, /** @type {string[]} */ labels) => {
      ctx.save()
      ctx.font = axis.font
      const longest = Math.max(0, ...labels.map((label) => ctx.measureText(label).width))
      ctx.restore()
      return longest
    }
    const shown = () => this.#series.filter((series) => this.#isShown(series))
    this.#chart = new uPlot({
      width, height, legend: { show: false }, pxAlign: false,
      // Room for half a label at the ends of the axes.
      padding: [9, (/** @type {any} */ chart) => Math.ceil(widthOf(chart, [count(chart.scales.x.max ?? 0)]) / 2) + 2, 0, 0],
      cursor: { ...(sync ? { sync: { key: sync } } : {}), y: false, points: { size: 7 }, drag: { setScale: false, x: false } },
      scales: {
        x: { time: false, range: (/** @type {any} */ _u, /** @type {number} */ min, /** @type {number} */ max) => [Math.min(min ?? 0, 0), Math.max(max || 0, leastX)] },
        y: { distr: this.#log ? 3 : 1, range: () => this.#range },
      },
      axes: [
        { ...axis, size: 28, grid: { show: false }, incrs: [1, 2, 2.5, 5].flatMap((n) => [1, 10, 100, 1000, 1e4, 1e5].map((power) => n * power)).filter(Number.isInteger).sort((a, b) => a - b),
          space: (/** @type {any} */ chart, /** @type {number} */ _i, /** @type {number} */ _min, /** @type {number} */ max) => widthOf(chart, [count(max)]) + 16,
          values: (/** @type {any} */ _u, /** @type {number[]} */ at) => at.map((x) => count(x)) },
        { ...axis, splits: () => ticksOf(...this.#range, Math.max(2, Math.floor(height / axisSizes.between)), this.#log, this.#whole),
          filter: (/** @type {any} */ _u, /** @type {number[]} */ at) => at, values: (/** @type {any} */ _u, /** @type {number[]} */ at) => labelsOf(at, percent, this.#log),
          size: (/** @type {any} */ chart, /** @type {string[] | null} */ labels) => Math.max(axisSizes.least, Math.ceil(widthOf(chart, labels ?? [])) + axisSizes.sides) },
      ],
      series: [{}, ...this.#series.map((series) => {
        const { colour, dash, faint, ghost, dots = false } = series
        const stroke = themeColour(colour)
        const thin = faint && !ghost
        return { stroke, width: thin ? 1 : ghost ? 1.5 : 2, alpha: thin ? 0.28 : 1, dash, spanGaps: true, show: this.#isDrawn(series),
          points: dots ? { show: true, size: ghost ? 6 : 8, fill: ghost ? themeColour('--surface') : stroke, stroke } : { show: false } }
      })],
      hooks: {
        drawAxes: [(/** @type {any} */ chart) => drawSpreads(chart, this.#xs, shown())],
        draw: [(/** @type {any} */ chart) => {
          drawMarks(chart, levels, marks?.() ?? [], text)
          drawOutside(chart, this.#xs, this.#counted(), this.#range, text)
        }],
        setCursor: [(/** @type {any} */ chart) => this.#showTip(chart)],
      },
    }, this.#data(), this.#plot)
  }

  /** The visible values that are counted outside the range: not the previous run's; of a line with faint ones those, but for a share its own. */
  #counted() {
    const log = this.#log
    const { share } = this.options
    const parents = new Set(this.#series.map(({ faint }) => faint))
    return this.#series.filter((series) => this.#isShown(series) && !series.ghost && (share ? !series.faint : !parents.has(series.name)))
      .map(({ values }) => (log ? values.map((value) => (Number(value) > 0 ? value : null)) : values))
  }

  /** Sets the range of the value axis, and says how many values lie outside. */
  #measure() {
    const { share, range, levels = [], among, zoom } = this.options
    const log = this.#log
    const [all, part] = [false, true].map((zoomed) => {
      const lines = this.#series.filter((series) => (zoomed ? this.#isDrawn(series) : this.#isShown(series))).map(({ values, spread, dots, ghost }) => {
        const known = values.flatMap((value, i) => (Number.isFinite(value) && (!log || Number(value) > 0) ? [i] : []))
        const used = zoomed && ((share && !dots) || ghost) ? laterHalf(known) : known
        const ends = used.flatMap((i) => (spread ? [-1, 1] : [0]).map((side) => Number(values[i]) + side * (spread?.[i] ?? 0)))
        return zoomed && !this.#whole ? robustEnds(ends, log, spread && 16) : extremes(log ? ends.filter((value) => value > 0) : ends)
      }).filter(([low, high]) => high >= low)
      const levelsAt = levels.map(({ at }) => at)
      const end = (/** @type {0 | 1} */ i) => extremes(zoomed && among ? robustEnds(lines.map((line) => line[i]), log, 4) : lines.map((line) => line[i]))[i]
      return /** @type {[number, number]} */ ([Math.min(...levelsAt, end(0)), Math.max(...levelsAt, end(1))])
    })
    const { full } = this.#zoom
    this.#range = share ? (full ? [0, 1] : zoomedShares(...part)) : range(...(full ? all : part), log)
    const { below, above } = this.#counted().map((values) => outside(values, this.#range)).reduce((sum, each) => ({ below: sum.below + each.below, above: sum.above + each.above }), { below: 0, above: 0 })
    const said = own.outside({ below, above })
    // A chart with a zoom of its own has no other switch back.
    const back = full && !zoom
    this.#outside.hidden = !said && !back
    const text = said ? own.showAll(said) : own.withoutOutliers
    if (this.#outside.textContent !== text) this.#outside.textContent = text
  }

  /** @param {any} chart */
  #showTip(chart) {
    const { left, idx } = chart.cursor
    if (idx === null || idx === undefined || left < 0) return this.#tip.hide()
    const { x = 'step', format } = this.options
    const ghosts = this.#series.some(({ ghost }) => ghost)
    // Two runs have their values at different steps: then the latest value so far.
    const indexOf = (/** @type {Series} */ { values, dots }) => (ghosts && !dots ? values.slice(0, idx + 1).map((value) => value !== null).lastIndexOf(true) : idx)
    const listed = this.#series.filter((series) => this.#isShown(series) && Number.isFinite(series.values[indexOf(series)]) && (!series.faint || series.tip))
    this.#tip.show(`${words.charts.axes[x].label} ${count(this.#xs[idx])}`, listed, listed.map(indexOf), format, chart.bbox.left / uPlot.pxRatio + left, this.#width)
  }

  /** Arrow keys move the cursor from point to point. @param {KeyboardEvent} event */
  #onKey(event) {
    const last = this.#xs.length - 1
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity }
    const move = moves[/** @type {keyof typeof moves} */ (event.key)]
    if (!this.#chart || last < 0 || (move === undefined && event.key !== 'Escape')) return
    event.preventDefault()
    if (move === undefined) return this.#setCursor(-10, -10)
    const from = this.#chart.cursor.left >= 0 ? this.#chart.cursor.idx ?? last : move > 0 ? -1 : last + 1
    const to = Math.max(0, Math.min(last, from + move))
    this.#setCursor(this.#chart.valToPos(this.#xs[to], 'x'), 20)
  }

  /** Moves the cursor of all charts that share it; below 0 it is hidden. @param {number} left @param {number} top */
  #setCursor(left, top) {
    this.#chart?.setCursor({ left, top }, true, true)
  }

  async #savePng() {
    const canvas = this.#plot.querySelector('canvas')
    const { title, x = 'step' } = this.options
    const keys = this.#series.filter((series) => !series.faint && this.#isShown(series))
    const blob = canvas && await toPng(canvas, title, words.charts.axes[x].label, keys)
    if (blob) download(`${fileName(title)}.png`, blob, 'image/png')
  }
}
