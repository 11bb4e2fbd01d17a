// Curves of several runs over one another: each has a colour, a dash and a place in the list, so that none of them is
// told by its hue alone.
import uPlot from '../vendor/uPlot.esm.js'
import { themeColour } from './colours.js'
import { h } from './dom.js'

const height = 220

/** Colours of the runs, then again with other dashes. */
const palette = ['#ab6aea', '#f5493b', '#dfa300', '#3bbc4a', '#00b7c0', '#4475f6']
const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [14, 4], [4, 2, 4, 6], [1, 5]]

/** Of the run at this place in the list. @param {number} index */
export function runStyle(index) {
  return { colour: palette[index % palette.length], dash: dashes[index % dashes.length] }
}

/** @typedef {{name: string, points: Map<number, number>}} RunCurve points: from an x to a value */

export class RaceChart {
  #plot = h('div', { class: 'plot race-plot', role: 'img' })
  #tip = h('div', { class: 'tip', hidden: true })
  #element
  #options
  /** @type {any} */
  #chart
  /** @type {RunCurve[]} */
  #curves = []

  /** @param {{title: string, x: string, format: (value: number) => string, tick?: (value: number) => string, range: (highest: number, lowest: number) => [number, number]}} options */
  constructor(options) {
    this.#options = options
    this.#element = h('figure', { class: 'chart' }, h('figcaption', {}, options.title), this.#plot, this.#tip)
    this.#label()
    new ResizeObserver(() => this.restyle()).observe(this.#plot)
  }

  get element() {
    return this.#element
  }

  /** @param {RunCurve[]} curves */
  show(curves) {
    const same = curves.length === this.#curves.length
    this.#curves = curves
    if (same && this.#chart) this.#chart.setData(this.#data())
    else this.restyle()
    this.#label()
  }

  /** What a reader of the screen hears in place of the picture. */
  #label() {
    const { title, format } = this.#options
    const ends = this.#curves.filter(({ points }) => points.size > 0).map(({ name, points }) => `${name} ${format([...points.values()].at(-1) ?? NaN)}`)
    this.#plot.setAttribute('aria-label', ends.length === 0 ? `${title}, no data yet` : `${title}: ${ends.join(', ')}`)
  }

  /** Makes the chart anew, as for other colours or another width. */
  restyle() {
    const width = this.#plot.clientWidth
    this.#chart?.destroy()
    this.#chart = undefined
    if (width === 0 || this.#curves.length === 0) return
    const { format, tick = format, range } = this.#options
    const [text, grid] = ['--muted', '--grid'].map(themeColour)
    const axis = { stroke: text, font: `11px ${getComputedStyle(document.body).fontFamily}`, ticks: { show: false }, grid: { stroke: grid, width: 1 }, gap: 6 }
    this.#chart = new uPlot({
      width, height, legend: { show: false }, pxAlign: false,
      cursor: { y: false, points: { size: 7 }, drag: { setScale: false, x: false } },
      scales: {
        x: { time: false, range: (/** @type {any} */ _u, /** @type {number} */ min, /** @type {number} */ max) => [Math.min(min ?? 0, 0), Math.max(max || 0, 1)] },
        y: { range: (/** @type {any} */ _u, /** @type {number} */ min, /** @type {number} */ max) => range(max ?? 0, min ?? 0) },
      },
      axes: [
        { ...axis, size: 28, grid: { show: false }, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000] },
        { ...axis, size: 52, values: (/** @type {any} */ _u, /** @type {number[]} */ at) => at.map(tick) },
      ],
      series: [{}, ...this.#curves.map((_, i) => {
        const { colour, dash } = runStyle(i)
        return { stroke: colour, width: 2, dash, spanGaps: true, points: { show: false } }
      })],
      hooks: { setCursor: [(/** @type {any} */ chart) => this.#showTip(chart)] },
    }, this.#data(), this.#plot)
  }

  /** @returns {any} as uPlot takes it: the positions, then each run's values there */
  #data() {
    const xs = [...new Set(this.#curves.flatMap(({ points }) => [...points.keys()]))].sort((a, b) => a - b)
    return [xs, ...this.#curves.map(({ points }) => xs.map((x) => points.get(x) ?? null))]
  }

  /** @param {any} chart */
  #showTip(chart) {
    const { left, idx } = chart.cursor
    this.#tip.hidden = idx === null || idx === undefined || left < 0
    if (this.#tip.hidden) return
    const x = chart.data[0][idx]
    const rows = this.#curves.flatMap(({ name, points }) => (points.has(x) ? [{ name, value: points.get(x) ?? NaN }] : []))
      .sort((a, b) => b.value - a.value)
    this.#tip.replaceChildren(h('strong', {}, `${this.#options.x} ${x}`),
      ...rows.map(({ name, value }) => h('div', {}, `${name} `, h('b', {}, this.#options.format(value)))))
    const width = this.#plot.clientWidth
    const at = 52 + left
    this.#tip.style.left = at > width / 2 ? '' : `${at + 14}px`
    this.#tip.style.right = at > width / 2 ? `${width - at + 14}px` : ''
  }
}
