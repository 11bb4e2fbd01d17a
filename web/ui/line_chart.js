// One chart of uPlot's: a faint line of raw values, a bold smoothed one, dots of test values, marks of live changes,
// a cursor shared with the other charts and a tooltip. Colours come from the style sheet.
import uPlot from '../vendor/uPlot.esm.js'
import { themeColour } from './colours.js'
import { h } from './dom.js'
import { count } from './format.js'

const height = 240
/** The highest values of the very first steps are let out of the picture, which they would flatten. */
const shownShare = 0.985

/**
 * Exponentially smoothed, with the start corrected for the values that there are not.
 * @param {number[]} values @param {number} weight of what came before, 0 to below 1
 */
export function smooth(values, weight) {
  let [sum, total] = [0, 0]
  return values.map((value) => {
    sum = weight * sum + (1 - weight) * value
    total = weight * total + (1 - weight)
    return sum / total
  })
}

/**
 * @typedef {{title: string, format: (value: number) => string, marks: () => {step: number, text: string}[],
 *            top: number | 'data'}} Options top: the axis's end, or by the data
 */

export class LineChart {
  #options
  #plot = h('div', { class: 'plot' })
  #tip = h('div', { class: 'tip', hidden: true })
  #element
  /** @type {any} */
  #chart
  /** @type {[number[], number[], number[], (number | null)[]]} */
  #data = [[], [], [], []]
  #log = false

  /** @param {Options} options */
  constructor(options) {
    this.#options = options
    this.#element = h('figure', { class: 'chart' }, h('figcaption', {}, options.title), this.#plot, this.#tip)
    new ResizeObserver(() => {
      const width = this.#plot.clientWidth
      if (width === 0) return
      if (this.#chart) this.#chart.setSize({ width, height })
      else this.restyle()
    }).observe(this.#plot)
  }

  get element() {
    return this.#element
  }

  /** @param {boolean} log */
  setLog(log) {
    this.#log = log
    this.restyle()
  }

  /** @param {number[]} steps @param {number[]} raw @param {number[]} smoothed @param {(number | null)[]} tests */
  show(steps, raw, smoothed, tests) {
    this.#data = [steps, raw, smoothed, tests]
    this.#chart?.setData(this.#data)
    const last = steps.length - 1
    const test = [...tests].reverse().find((value) => value !== null)
    this.#plot.setAttribute('role', 'img')
    this.#plot.setAttribute('aria-label', last < 0 ? `${this.#options.title}, no data yet` : `${this.#options.title} over ${steps[last]} steps: training ` +
      `${this.#options.format(smoothed[last])}${test === undefined || test === null ? '' : `, test ${this.#options.format(test)}`}`)
  }

  /** Makes the chart anew, as for other colours or another axis. */
  restyle() {
    const width = this.#plot.clientWidth
    if (width === 0) return
    this.#chart?.destroy()
    const [train, test, text, grid] = ['--series-train', '--series-test', '--muted', '--grid'].map(themeColour)
    const font = `11px ${getComputedStyle(document.body).fontFamily}`
    const axis = { stroke: text, font, ticks: { show: false }, grid: { stroke: grid, width: 1 }, gap: 6 }
    this.#chart = new uPlot({
      width, height, legend: { show: false }, pxAlign: false,
      cursor: { sync: { key: 'steps' }, y: false, points: { size: 7 }, drag: { setScale: false, x: false } },
      scales: {
        x: { time: false, range: (/** @type {any} */ _u, /** @type {number} */ _min, /** @type {number} */ max) => [0, Math.max(max || 0, 50)] },
        y: { distr: this.#log ? 3 : 1, range: () => this.#range() },
      },
      axes: [
        { ...axis, size: 28, grid: { show: false }, values: (/** @type {any} */ _u, /** @type {number[]} */ at) => at.map((step) => count(step)) },
        { ...axis, size: 52, values: (/** @type {any} */ _u, /** @type {(number | null)[]} */ at) => at.map((value) => (value === null ? '' : this.#tick(value))) },
      ],
      series: [
        {},
        { stroke: train, width: 1, alpha: 0.28, points: { show: false } },
        { stroke: train, width: 2, points: { show: this.#data[0].length < 3 ? undefined : false } },
        { stroke: test, width: 2, dash: [6, 4], spanGaps: true, points: { show: true, size: 8, fill: test, stroke: test } },
      ],
      hooks: { draw: [(/** @type {any} */ chart) => this.#drawMarks(chart, text)], setCursor: [(/** @type {any} */ chart) => this.#showTip(chart)] },
    }, this.#data, this.#plot)
  }

  /** @param {number} value */
  #tick(value) {
    if (this.#options.top === 1) return `${Math.round(100 * value)}%`
    return this.#log ? value.toPrecision(1) : String(Number(value.toPrecision(3)))
  }

  /** @returns {[number, number]} */
  #range() {
    const { top } = this.#options
    if (top !== 'data') return [0, top]
    const [, raw, , tests] = this.#data
    const finite = raw.filter(Number.isFinite).sort((a, b) => a - b)
    if (finite.length === 0) return this.#log ? [0.001, 10] : [0, 2.5]
    const shown = Math.max(...tests.map((value) => value ?? 0))
    if (this.#log) return [Math.max(1e-6, Math.min(finite[Math.floor(finite.length * 0.01)], 0.1) / 2), Math.max(finite[finite.length - 1], shown) * 1.3]
    const high = finite[Math.min(finite.length - 1, Math.floor(finite.length * shownShare))]
    return [0, Math.max(high, shown) * 1.08]
  }

  /** @param {any} chart @param {string} colour */
  #drawMarks(chart, colour) {
    const { ctx, bbox } = chart
    const scale = uPlot.pxRatio
    ctx.save()
    ctx.strokeStyle = colour
    ctx.fillStyle = colour
    ctx.font = `${10 * scale}px ${getComputedStyle(document.body).fontFamily}`
    ctx.lineWidth = scale
    ctx.setLineDash([2 * scale, 3 * scale])
    this.#options.marks().forEach(({ step, text }, i) => {
      const x = chart.valToPos(step, 'x', true)
      ctx.beginPath()
      ctx.moveTo(x, bbox.top)
      ctx.lineTo(x, bbox.top + bbox.height)
      ctx.stroke()
      const left = x + 4 * scale + ctx.measureText(text).width > bbox.left + bbox.width
      ctx.textAlign = left ? 'right' : 'left'
      ctx.fillText(text, x + (left ? -4 : 4) * scale, bbox.top + (12 + 12 * (i % 4)) * scale)
    })
    ctx.restore()
  }

  /** @param {any} chart */
  #showTip(chart) {
    const { left, idx } = chart.cursor
    this.#tip.hidden = idx === null || idx === undefined || left < 0
    if (this.#tip.hidden) return
    const [steps, raw, smoothed, tests] = this.#data
    const rows = [['Training', smoothed[idx], 'key-train'], ['this point', raw[idx], 'key-raw'], ['Test', tests[idx], 'key-test']]
      .filter(([, value]) => typeof value === 'number').sort((a, b) => Number(b[1]) - Number(a[1]))
    this.#tip.replaceChildren(h('strong', {}, `Step ${count(steps[idx])}`),
      ...rows.map(([name, value, kind]) => h('div', { class: String(kind) }, `${name} `, h('b', {}, this.#options.format(Number(value))))))
    const width = this.#plot.clientWidth
    const x = 52 + left
    this.#tip.style.left = x > width / 2 ? '' : `${x + 14}px`
    this.#tip.style.right = x > width / 2 ? `${width - x + 14}px` : ''
  }
}
