// The histogram of an activation's inputs under the curves of f and f', with the borders of the regimes. A bar's colour
// shows the value of f: orange for negative, grey for zero, blue for positive. A ghost shows both at an earlier moment.
import { diverging, roundUp } from '../dom/colours.js'
import { h, set, svg } from '../dom/dom.js'
import { short } from '../dom/format.js'
import { linePath } from './curve.js'
import { words } from '../words/words.js'

/** @typedef {import('../engine/protocol.js').Histogram} Histogram */
/** @typedef {{xs: Float32Array, y: Float32Array, dy: Float32Array}} Curve */
/** @typedef {{histogram?: Histogram, curve?: Curve}} Ghost of an earlier moment; its highest bar is as high as the present one */

const usualHeight = 230
/** The highest bar in relation to the plot. */
const tallest = 0.86
const margin = { left: 40, right: 34, top: 14, bottom: 24 }

/** The positions of a curve over a histogram, with points on both sides of every kink. @param {Histogram} histogram @param {number[]} kinks */
export function positionsFor({ low, high }, kinks) {
  const xs = Array.from({ length: 161 }, (_, i) => low + ((high - low) * i) / 160)
  const near = 1e-4 * (high - low)
  const inside = kinks.filter((kink) => kink > low && kink < high)
  return Float32Array.from([...xs, ...inside.flatMap((kink) => [kink - near, kink + near])].sort((a, b) => a - b))
}

/** The value that has the full colour: half the largest size of the curve's values. @param {Float32Array} ys */
export const limitOf = (ys) => Math.max(...Array.from(ys, (y) => (Number.isFinite(y) ? Math.abs(y) : 0))) / 2 || 1

export class ActivationPlot {
  #svg = svg('svg', { class: 'activation-plot', role: 'img', 'aria-label': words.charts.activationPlot.empty })
  element = h('div', { class: 'activation-frame' }, this.#svg)
  #again = () => {}

  /** @param {{height?: number}} [options] height in CSS pixels */
  constructor({ height = usualHeight } = {}) {
    this.height = height
    this.#svg.setAttribute('height', String(height))
    new ResizeObserver(() => this.#again()).observe(this.element)
  }

  /**
   * @param {Histogram} histogram @param {Curve} curve at the positions of positionsFor()
   * @param {(number | null)[]} borders of the regimes @param {string} label description for screen readers
   * @param {Ghost} [ghost]
   */
  show(histogram, curve, borders, label, ghost) {
    this.#again = () => this.#draw(histogram, curve, borders, ghost)
    this.#svg.setAttribute('aria-label', label)
    this.#again()
  }

  /** @param {Histogram} histogram @param {Curve} curve @param {(number | null)[]} borders @param {Ghost} [ghost] */
  #draw({ low, high, counts }, { xs, y, dy }, borders, ghost) {
    const { height, element: { clientWidth: width } } = this
    if (width === 0) return
    if (!(high > low)) return this.#svg.replaceChildren()  // the weights are not finite
    const before = ghost?.curve
    const [left, right, top, bottom] = [margin.left, width - margin.right, margin.top, height - margin.bottom]
    const toX = (/** @type {number} */ x) => left + ((x - low) / (high - low)) * (right - left)
    const values = scaleOf(before ? [...y, ...before.y] : y, top, bottom)
    const slopes = scaleOf(dy, top, bottom, values.zero)
    // The points on both sides of a kink are nearer than this.
    const near = 1e-3 * (high - low)
    const most = Math.max(1, ...counts)
    const limit = limitOf(y)
    const wide = (right - left) / counts.length
    const bars = counts.map((number, i) => {
      const tall = (number / most) * (bottom - top) * tallest
      const z = low + ((i + 0.5) / counts.length) * (high - low)
      const bar = svg('rect', {
        x: (left + i * wide).toFixed(2), y: (bottom - tall).toFixed(2), width: Math.max(0.5, wide - 0.8).toFixed(2), height: tall.toFixed(2), class: 'activation-bar',
      })
      bar.style.fill = diverging(nearest(xs, y, z), limit)
      return bar
    })
    const lines = borders.filter((border) => border !== null && border > low && border < high)
      .map((border) => svg('path', { class: 'activation-border', d: `M${toX(Number(border)).toFixed(1)} ${top}V${bottom}` }))
    set(this.#svg, { width, viewBox: `0 0 ${width} ${height}` })
    this.#svg.replaceChildren(
      svg('path', { class: 'curve-axis', d: `M${left} ${values.zero.toFixed(1)}H${right}${low < 0 && high > 0 ? `M${toX(0).toFixed(1)} ${top}V${bottom}` : ''}M${left} ${bottom}H${right}` }),
      ...bars, ...(ghost?.histogram ? [svg('path', { class: 'activation-ghost', d: outline(ghost.histogram, low, high, toX, bottom, (bottom - top) * tallest) })] : []), ...lines,
      ...(before ? [svg('path', { class: 'curve-ghost', d: linePath(before.xs, before.y, toX, values.at, 1) })] : []),
      svg('path', { class: 'curve-df', d: linePath(xs, dy, toX, slopes.at, 1, (i) => Math.abs(dy[i] - dy[i - 1]) > 0.02 && xs[i] - xs[i - 1] < near) }),
      svg('path', { class: 'curve-f', d: linePath(xs, y, toX, values.at, 1) }),
      ...ticks(low, high, Math.min(6, Math.max(4, Math.round(width / 60)))).map((z) => text(toX(z), height - 8, short(z), 'middle')),
      ...ticks(values.low, values.high, 4).map((value) => text(left - 6, values.at(value) + 3.5, short(value), 'end', 'activation-f')),
      ...ticks(slopes.low, slopes.high, 3).map((value) => text(right + 6, slopes.at(value) + 3.5, short(value), 'start', 'activation-df')),
      text(left - 6, 10, 'f', 'end', 'activation-f'), text(right + 6, 10, 'f′', 'start', 'activation-df'), text(right, bottom - 4, 'z', 'end'))
  }
}

/**
 * The legend of the plot.
 * @param {number} limit value of the full colour @param {number} outside number of values outside the plot @param {string} [ghost] its words
 * @param {boolean} [exact] whether the limit is the same for all that the legend is of
 */
export function plotLegend(limit, outside, ghost, exact = true) {
  return [
    h('span', {}, exact ? `f ≤ −${short(limit)}` : 'f < 0'), h('span', { class: 'legend-bar', role: 'img', 'aria-label': words.charts.activationPlot.colours }), h('span', {}, exact ? `f ≥ ${short(limit)}` : 'f > 0'),
    h('span', { class: 'legend-line key-f' }, 'f'), h('span', { class: 'legend-line key-df' }, 'f′'),
    ghost && h('span', { class: 'legend-line key-ghost' }, ghost),
    outside > 0 && h('span', { class: 'muted' }, words.charts.activationPlot.outside(outside)),
  ]
}

/**
 * A linear scale that contains 0 and all finite values.
 * @param {ArrayLike<number> & Iterable<number>} values @param {number} top @param {number} bottom @param {number} [zeroAt] the position of 0
 */
function scaleOf(values, top, bottom, zeroAt) {
  const finite = [...values].filter(Number.isFinite)
  const high = Math.max(0.1, ...finite) * 1.08
  const lowest = Math.min(0, ...finite) * 1.08
  const low = zeroAt === undefined ? Math.min(lowest, -0.06 * high) : lowest
  const unit = zeroAt === undefined ? (bottom - top) / (high - low)
    : Math.min((zeroAt - top) / high, lowest < 0 && bottom > zeroAt ? (bottom - zeroAt) / -lowest : Infinity)
  const zero = zeroAt ?? bottom + low * unit
  return { low, high, zero, at: (/** @type {number} */ value) => zero - value * unit }
}

/**
 * The outline of a histogram between two ends of the axis, with its highest bar as tall as given.
 * @param {Histogram} histogram @param {number} from @param {number} to @param {(x: number) => number} toX @param {number} bottom @param {number} tall
 */
function outline({ low, high, counts }, from, to, toX, bottom, tall) {
  const most = Math.max(1, ...counts)
  const xAt = (/** @type {number} */ i) => toX(Math.max(from, Math.min(to, low + ((high - low) * i) / counts.length))).toFixed(1)
  return `M${xAt(0)} ${bottom}${counts.map((number, i) => `V${(bottom - (tall * number) / most).toFixed(1)}H${xAt(i + 1)}`).join('')}V${bottom}`
}

/** The value of a curve at the point nearest to x. @param {Float32Array} xs @param {Float32Array} ys @param {number} x */
const nearest = (xs, ys, x) => ys[xs.reduce((best, at, i) => (Math.abs(at - x) < Math.abs(xs[best] - x) ? i : best), 0)]

/** Round numbers between two ends. @param {number} low @param {number} high @param {number} about approximate count */
function ticks(low, high, about) {
  const step = roundUp((high - low) / about)
  const first = Math.ceil(low / step)
  return Array.from({ length: Math.max(0, Math.floor(high / step) - first + 1) }, (_, i) => (first + i) * step || 0)
}

/** @param {number} x @param {number} y @param {string} label @param {string} anchor */
const text = (x, y, label, anchor, kind = '') =>
  svg('text', { x: x.toFixed(1), y: y.toFixed(1), class: `curve-tick ${kind}`, 'text-anchor': anchor }, label)
