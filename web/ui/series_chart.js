// Lines over the steps, one a layer or parameter, told apart by colour and dash and named in a legend. For numbers that
// views gather look by look; gaps stay gaps.
import uPlot from '../vendor/uPlot.esm.js'
import { themeColour } from './colours.js'
import { h, svg } from './dom.js'
import { count } from './format.js'
import { runStyle } from './race_chart.js'

const height = 190

/**
 * @typedef {{name: string, values: (number | null)[], style?: number, quiet?: boolean}} Series
 *   style: its place among colours and dashes, if not that in the list; quiet: faint and not in the legend
 * @typedef {{title: string, format: (value: number) => string, log?: boolean, lines?: {at: number, text: string}[],
 *            range?: [number | null, number | null]}} Options
 *   lines: levels to compare with; range: ends that are fixed
 */

export class SeriesChart {
  #options
  #plot = h('div', { class: 'plot series-plot', role: 'img' })
  #tip = h('div', { class: 'tip', hidden: true })
  #legend = h('ul', { class: 'series-legend' })
  #element
  /** @type {any} */
  #chart
  /** @type {number[]} */
  #steps = []
  /** @type {Series[]} */
  #series = []

  /** @param {Options} options */
  constructor(options) {
    this.#options = options
    this.#element = h('figure', { class: 'chart' }, h('figcaption', {}, options.title), this.#plot, this.#legend, this.#tip)
    this.#describe()
    new ResizeObserver(() => {
      const width = this.#plot.clientWidth
      if (this.#chart && width > 0) this.#chart.setSize({ width, height })
      else this.restyle()
    }).observe(this.#plot)
  }

  get element() {
    return this.#element
  }

  /** @param {number[]} steps @param {Series[]} series */
  show(steps, series) {
    const names = (/** @type {Series[]} */ list) => list.map(({ name, quiet }) => name + Boolean(quiet)).join('\n')
    const same = names(series) === names(this.#series)
    this.#steps = steps
    this.#series = series
    if (!same) this.#showLegend()
    if (same && this.#chart) this.#chart.setData(this.#data())
    else this.restyle()
    this.#describe()
  }

  /** Makes the chart anew, as for other colours. */
  restyle() {
    const width = this.#plot.clientWidth
    this.#chart?.destroy()
    this.#chart = undefined
    if (width === 0 || this.#series.length === 0 || this.#steps.length === 0) return
    const { format, log } = this.#options
    const [text, grid] = ['--muted', '--grid'].map(themeColour)
    const axis = { stroke: text, font: `11px ${getComputedStyle(document.body).fontFamily}`, ticks: { show: false }, grid: { stroke: grid, width: 1 }, gap: 6 }
    this.#chart = new uPlot({
      width, height, legend: { show: false }, pxAlign: false,
      cursor: { sync: { key: 'steps' }, y: false, points: { size: 7 }, drag: { setScale: false, x: false } },
      scales: {
        x: { time: false, range: (/** @type {any} */ _u, /** @type {number} */ _min, /** @type {number} */ max) => [0, Math.max(max || 0, 50)] },
        y: { distr: log ? 3 : 1, range: () => this.#range() },
      },
      axes: [
        { ...axis, size: 28, grid: { show: false }, values: (/** @type {any} */ _u, /** @type {number[]} */ at) => at.map((step) => count(step)) },
        { ...axis, size: 56, values: (/** @type {any} */ _u, /** @type {(number | null)[]} */ at) => at.map((value) => (value === null ? '' : format(value))) },
      ],
      series: [{}, ...this.#series.map(({ style, quiet }, i) => {
        const { colour, dash } = runStyle(style ?? i)
        return { stroke: colour, width: quiet ? 1 : 2, alpha: quiet ? 0.35 : 1, dash: quiet ? [] : dash, points: { show: this.#steps.length < 3 && !quiet, size: 6, fill: colour } }
      })],
      hooks: { draw: [(/** @type {any} */ chart) => this.#drawLines(chart, text)], setCursor: [(/** @type {any} */ chart) => this.#showTip(chart)] },
    }, this.#data(), this.#plot)
  }

  /** @returns {any} what a logarithm has is all that a log axis shows */
  #data() {
    const { log } = this.#options
    return [this.#steps, ...this.#series.map(({ values }) => (log ? values.map((value) => (value !== null && value > 0 ? value : null)) : values))]
  }

  /** @returns {[number, number]} */
  #range() {
    const { log, range = [null, null], lines = [] } = this.#options
    let [low, high] = [Infinity, -Infinity]
    for (const { values } of this.#series) {
      for (const value of values) {
        if (value === null || !Number.isFinite(value) || (log && value <= 0)) continue
        low = Math.min(low, value)
        high = Math.max(high, value)
      }
    }
    for (const { at } of lines) [low, high] = [Math.min(low, at), Math.max(high, at)]
    if (low > high) [low, high] = log ? [0.1, 1] : [0, 1]
    if (log) return [low / 1.5, high * 1.5]
    const room = Math.max(high - low, Math.abs(high) * 0.02, 1e-3) * 0.08
    return [range[0] ?? low - room, range[1] ?? high + room]
  }

  #showLegend() {
    this.#legend.replaceChildren(...this.#series.flatMap(({ name, style, quiet }, i) => {
      if (quiet) return []
      const { colour, dash } = runStyle(style ?? i)
      const swatch = svg('svg', { viewBox: '0 0 24 8', width: 24, height: 8, 'aria-hidden': 'true' },
        svg('path', { d: 'M0 4H24', stroke: colour, 'stroke-width': 2.5, 'stroke-dasharray': dash.join(' '), fill: 'none' }))
      return [h('li', {}, swatch, name)]
    }))
  }

  /** The newest values, in words. */
  #describe() {
    const { title, format } = this.#options
    const step = this.#steps.at(-1)
    const ends = this.#series.filter(({ quiet }) => !quiet).map(({ name, values }) => `${name} ${showOf(values.at(-1), format)}`)
    this.#plot.setAttribute('aria-label', step === undefined ? `${title}, no data yet` : `${title} at step ${step}: ${ends.join(', ')}`)
  }

  /** @param {any} chart @param {string} colour */
  #drawLines(chart, colour) {
    const { ctx, bbox } = chart
    ctx.save()
    Object.assign(ctx, { strokeStyle: colour, fillStyle: colour, lineWidth: uPlot.pxRatio, font: `${10 * uPlot.pxRatio}px ${getComputedStyle(document.body).fontFamily}` })
    ctx.textAlign = 'left'
    ctx.textBaseline = 'alphabetic'
    ctx.setLineDash([2 * uPlot.pxRatio, 3 * uPlot.pxRatio])
    for (const { at, text } of this.#options.lines ?? []) {
      const y = chart.valToPos(at, 'y', true)
      ctx.beginPath()
      ctx.moveTo(bbox.left, y)
      ctx.lineTo(bbox.left + bbox.width, y)
      ctx.stroke()
      ctx.fillText(text, bbox.left + 4 * uPlot.pxRatio, y - 3 * uPlot.pxRatio)
    }
    ctx.restore()
  }

  /** @param {any} chart */
  #showTip(chart) {
    const { left, idx } = chart.cursor
    this.#tip.hidden = idx === null || idx === undefined || left < 0
    if (this.#tip.hidden) return
    const rows = this.#series.filter(({ quiet, values }) => !quiet && typeof values[idx] === 'number')
      .map(({ name, values }) => ({ name, value: Number(values[idx]) })).sort((a, b) => b.value - a.value)
    this.#tip.replaceChildren(h('strong', {}, `Step ${count(this.#steps[idx])}`),
      ...rows.map(({ name, value }) => h('div', {}, `${name} `, h('b', {}, this.#options.format(value)))))
    const width = this.#plot.clientWidth
    const at = 56 + left
    this.#tip.style.left = at > width / 2 ? '' : `${at + 14}px`
    this.#tip.style.right = at > width / 2 ? `${width - at + 14}px` : ''
  }
}

/** @param {number | null | undefined} value @param {(value: number) => string} format */
function showOf(value, format) {
  return value === null || value === undefined ? '–' : format(value)
}
