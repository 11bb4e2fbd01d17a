// A line chart on uPlot: named lines over one axis, a cursor shared between charts, a tooltip sorted by value, a legend
// that hides lines, a logarithmic axis, marks, levels, deviations, and export as CSV and PNG. Colours come from the
// style sheet.
import uPlot from '../vendor/uPlot.esm.js'
import { drawMarks, drawSpreads } from './chart_draw.js'
import { toCsv, toPng } from './chart_export.js'
import { themeColour, themeFont } from '../dom/colours.js'
import { download, h, iconButton } from '../dom/dom.js'
import { count, fileName } from '../dom/format.js'
import { Legend, swatch } from './legend.js'

/** Share of the values of a long line that the axis contains. The high values of the first steps would flatten the rest. */
const shownShare = 0.985
const manyPoints = 60
/** Width of the value axis in CSS pixels. */
const axisWidth = 52

/**
 * @typedef {{name: string, values: (number | null)[], colour: string, dash?: number[], faint?: string, tip?: string,
 *            dots?: boolean, spread?: (number | null)[]}} Series
 *   colour: a custom property such as --series-train, or a colour; faint: the name of the line that this faint line
 *   belongs to; tip: its name in the tooltip, where it is otherwise left out; spread: the deviation around each value
 * @typedef {{title: string, x?: string, format: (value: number) => string, tick?: (value: number, log: boolean) => string,
 *            range: (low: number, high: number, log: boolean) => [number, number], sync?: string, log?: boolean, height?: number,
 *            marks?: () => {step: number, text: string}[], levels?: {at: number, text: string}[], legend?: Legend, leastX?: number,
 *            describe?: (xs: number[], series: Series[]) => string}} ChartOptions
 *   x: label of the horizontal axis; format, tick: of a value, at the axis; range: of the axis, from that of the values;
 *   sync: charts with the same key share their cursor; log: whether the axis is logarithmic initially; levels: reference
 *   lines; legend: shared by several charts and shown by the view; without it the chart has its own; leastX: minimum end
 *   of the horizontal axis; describe: for screen readers
 */

export class Chart {
  #options
  #legend
  #plot = h('div', { class: 'plot', role: 'img', tabIndex: 0 })
  #tip = h('div', { class: 'tip', hidden: true })
  /** The chart of uPlot. @type {any} */
  #chart
  /** @type {number[]} */
  #xs = []
  /** @type {Series[]} */
  #series = []
  #log
  /** Width of the plot at its last layout. Reading it from the element would force a layout of the page. */
  #width = 0

  /** @param {import('../lab/lab.js').Lab} lab @param {ChartOptions} options */
  constructor(lab, options) {
    this.#options = { height: 240, ...options }
    this.#legend = options.legend ?? new Legend()
    this.#log = options.log ?? false
    this.#legend.listeners.push(() => this.#series.forEach((series, i) => this.#chart?.setSeries(i + 1, { show: this.#isShown(series) })))
    const { title } = options
    this.element = h('figure', { class: 'chart' },
      h('figcaption', {}, h('span', {}, title),
        iconButton('save', `${title} as CSV`, () => download(`${fileName(title)}.csv`, this.csv(), 'text/csv'), 'icon-button quiet small'),
        iconButton('picture', `${title} as PNG`, () => void this.#savePng(), 'icon-button quiet small')),
      !options.legend && this.#legend.element, this.#plot, this.#tip)
    lab.on('theme', () => this.restyle())
    this.#plot.setAttribute('aria-label', `${title}, no data yet`)
    this.#plot.style.height = `${this.#options.height}px`
    this.#plot.addEventListener('keydown', (event) => this.#onKey(event))
    this.#plot.addEventListener('blur', () => this.#setCursor(-10, -10))
    new ResizeObserver(([{ contentRect: { width } }]) => {
      this.#width = width
      if (this.#chart && width > 0) this.#chart.setSize({ width, height: this.#options.height })
      else if (width > 0) this.restyle()
    }).observe(this.#plot)
  }

  /** All lines, including hidden ones. */
  csv() {
    return toCsv(this.#options.x ?? 'step', this.#xs, this.#series)
  }

  /** @param {boolean} log */
  setLog(log) {
    this.#log = log
    this.restyle()
  }

  /** @param {number[]} xs ascending @param {Series[]} series with one value per x */
  draw(xs, series) {
    const form = (/** @type {Series[]} */ list) => list.map(({ name, colour, dash, dots }) => [name, colour, dash, dots].join()).join('\n')
    const same = this.#chart && form(series) === form(this.#series)
    this.#xs = xs
    this.#series = series
    this.#legend.show(series.filter(({ faint }) => !faint))
    if (same) this.#chart.setData(this.#data())
    else this.restyle()
    this.#plot.setAttribute('aria-label', this.#options.describe?.(xs, series) ?? this.#describe())
  }

  /** @returns {any} the data for uPlot; on a logarithmic axis only positive values */
  #data() {
    return [this.#xs, ...this.#series.map(({ values }) => (this.#log ? values.map((value) => (Number(value) > 0 ? value : null)) : values))]
  }

  #describe() {
    const { title, format } = this.#options
    const ends = this.#series.flatMap((each) => {
      const last = each.values.map((value) => value !== null).lastIndexOf(true)
      return each.faint || last < 0 ? [] : [`${each.name} ${written(each, last, format)}`]
    })
    return ends.length === 0 ? `${title}, no data yet` : `${title}: ${ends.join(', ')}`
  }

  /** @param {Series} series */
  #isShown({ name, faint }) {
    return !this.#legend.hidden.has(faint ?? name)
  }

  /** Recreates the chart, for example with new colours or another axis, once the browser has laid it out. */
  restyle() {
    const width = this.#width
    this.#chart?.destroy()
    this.#chart = undefined
    if (width === 0) return
    const { sync, tick = this.#options.format, leastX = 1 } = this.#options
    const [text, grid] = ['--muted', '--grid'].map(themeColour)
    const axis = { stroke: text, font: `11px ${themeFont()}`, ticks: { show: false }, grid: { stroke: grid, width: 1 }, gap: 6 }
    this.#chart = new uPlot({
      width, height: this.#options.height, legend: { show: false }, pxAlign: false,
      cursor: { ...(sync ? { sync: { key: sync } } : {}), y: false, points: { size: 7 }, drag: { setScale: false, x: false } },
      scales: {
        x: { time: false, range: (/** @type {any} */ _u, /** @type {number} */ min, /** @type {number} */ max) => [Math.min(min ?? 0, 0), Math.max(max || 0, leastX)] },
        y: { distr: this.#log ? 3 : 1, range: () => this.#range() },
      },
      axes: [
        { ...axis, size: 28, grid: { show: false }, incrs: [1, 2, 2.5, 5].flatMap((n) => [1, 10, 100, 1000, 1e4, 1e5].map((power) => n * power)).filter(Number.isInteger).sort((a, b) => a - b),
          values: (/** @type {any} */ _u, /** @type {number[]} */ at) => at.map((x) => count(x)) },
        { ...axis, size: axisWidth, values: (/** @type {any} */ _u, /** @type {(number | null)[]} */ at) => at.map((value) => (value === null ? '' : tick(value, this.#log))) },
      ],
      series: [{}, ...this.#series.map((series) => {
        const { colour, dash, faint, dots = false } = series
        const stroke = themeColour(colour)
        return { stroke, width: faint ? 1 : 2, alpha: faint ? 0.28 : 1, dash, spanGaps: true, show: this.#isShown(series),
          points: dots ? { show: true, size: 8, fill: stroke, stroke } : { show: false } }
      })],
      hooks: {
        drawAxes: [(/** @type {any} */ chart) => drawSpreads(chart, this.#xs, this.#series.filter((series) => this.#isShown(series)))],
        draw: [(/** @type {any} */ chart) => drawMarks(chart, this.#options.levels ?? [], this.#options.marks?.() ?? [], text)],
        setCursor: [(/** @type {any} */ chart) => this.#showTip(chart)],
      },
    }, this.#data(), this.#plot)
  }

  /** @returns {[number, number]} */
  #range() {
    const { range, levels = [] } = this.#options
    let [low, high] = [Math.min(...levels.map(({ at }) => at)), Math.max(...levels.map(({ at }) => at))]
    for (const series of this.#series) {
      if (!this.#isShown(series)) continue
      const { spread } = series
      const ends = spread ? series.values.flatMap((value, i) => (value === null ? [] : [value - (spread[i] ?? 0), value + (spread[i] ?? 0)])) : series.values
      const values = /** @type {number[]} */ (ends.filter((value) => Number.isFinite(value) && (!this.#log || Number(value) > 0)))
      if (values.length === 0) continue
      const many = values.length > manyPoints
      values.sort((a, b) => a - b)
      low = Math.min(low, values[Math.floor(values.length * (this.#log && many ? 0.01 : 0))])
      high = Math.max(high, values[Math.floor((values.length - 1) * (this.#log || !many ? 1 : shownShare))])
    }
    return range(low, high, this.#log)
  }

  /** @param {any} chart */
  #showTip(chart) {
    const { left, idx } = chart.cursor
    this.#tip.hidden = idx === null || idx === undefined || left < 0
    if (this.#tip.hidden) return
    const { x = 'Step', format } = this.#options
    const rows = this.#series.filter((series) => this.#isShown(series) && Number.isFinite(series.values[idx]) && (!series.faint || series.tip))
      .sort((a, b) => Number(b.values[idx]) - Number(a.values[idx]))
    this.#tip.replaceChildren(h('strong', {}, `${x} ${count(this.#xs[idx])}`), ...rows.map((series) => {
      const { name, faint, tip = name } = series
      return h('div', { class: faint ? 'key-raw' : '' }, faint ? h('span', { class: 'swatch' }) : swatch(series), h('span', {}, tip), h('b', {}, written(series, idx, format)))
    }))
    const at = axisWidth + left
    const inRight = at > this.#width / 2
    Object.assign(this.#tip.style, { left: inRight ? '' : `${at + 14}px`, right: inRight ? `${this.#width - at + 14}px` : '' })
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
    const { title, x = 'Step' } = this.#options
    const keys = this.#series.filter((series) => !series.faint && this.#isShown(series))
    const blob = canvas && await toPng(canvas, title, x, keys)
    if (blob) download(`${fileName(title)}.png`, blob, 'image/png')
  }
}

/** A value, with its deviation if it has one. @param {Series} series @param {number} i @param {(value: number) => string} format */
function written({ values, spread }, i, format) {
  const deviation = spread?.[i] ?? null
  return format(Number(values[i])) + (deviation === null ? '' : ` ± ${format(deviation)}`)
}
