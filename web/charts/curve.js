// Plots of an activation: small for a menu, large with its derivative. All values come from the core.
import { svg } from '../dom/dom.js'

/** @typedef {{xs: Float32Array, y: Float32Array, dy: Float32Array}} Curve */

const range = 4
const samples = 129

/** @import { Activation } from '../engine/protocol.js' */
/** @param {import('../engine/engine.js').Engine} engine @param {Activation} activation @param {number[]} [values] of its parameters; default: their defaults */
export async function curveOf(engine, activation, values) {
  const xs = Float32Array.from({ length: samples }, (_, i) => (2 * range * i) / (samples - 1) - range)
  const parameters = activation.parameters.map((parameter, i) => values?.[i] ?? parameter.default)
  return { xs, ...(await engine.curve(activation.name, parameters, xs)) }
}

/**
 * The path of a line.
 * @param {Float32Array} xs @param {Float32Array} ys @param {(x: number) => number} toX @param {(y: number) => number} toY
 * @param {number} digits @param {(i: number) => boolean} [broken] whether the line has a gap before point i
 */
export const linePath = (xs, ys, toX, toY, digits, broken = () => false) => Array.from(xs, (x, i) => `${i > 0 && !broken(i) ? 'L' : 'M'}${toX(x).toFixed(digits)} ${toY(ys[i]).toFixed(digits)}`).join('')

/** The curve in a box of 28 by 20 pixels, for a menu. @param {Curve} curve */
export function smallCurve({ xs, y }) {
  const [width, height] = [28, 20]
  const toX = (/** @type {number} */ x) => width / 2 + (x * width) / 2 / range
  const toY = (/** @type {number} */ value) => height * 0.62 - value * 5
  return svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, class: 'curve-small', 'aria-hidden': 'true' },
    svg('path', { class: 'curve-axis', d: `M0 ${toY(0)}H${width}M${width / 2} 0V${height}` }),
    svg('path', { class: 'curve-f', d: linePath(xs, y, toX, toY, 2) }))
}

/** f and its derivative with axes, for the panel. @param {Curve} curve @param {string} label for screen readers */
export function largeCurve({ xs, y, dy }, label) {
  const [width, height, top, bottom] = [280, 120, 2.6, -1.4]
  const toX = (/** @type {number} */ x) => ((x + range) * width) / 2 / range
  const toY = (/** @type {number} */ value) => ((top - value) * height) / (top - bottom)
  const text = (/** @type {number} */ x, /** @type {number} */ at, /** @type {string} */ words) => svg('text', { x, y: at, class: 'curve-tick' }, words)
  const ticks = [-3, -2, -1, 1, 2, 3].map((x) => `M${toX(x)} ${toY(0) - 2}v4`).join('')
  const levels = [-1, 1, 2].map((v) => `M${toX(0) - 2} ${toY(v)}h4`).join('')
  return svg('svg', { viewBox: `0 0 ${width} ${height}`, class: 'curve-large', role: 'img', 'aria-label': label },
    svg('path', { class: 'curve-axis', d: `M0 ${toY(0)}H${width}M${toX(0)} 0V${height}${ticks}${levels}` }),
    svg('path', { class: 'curve-df', d: linePath(xs, dy, toX, toY, 2, (i) => Math.abs(dy[i] - dy[i - 1]) > 0.3) }),
    svg('path', { class: 'curve-f', d: linePath(xs, y, toX, toY, 2) }),
    text(toX(0) + 5, toY(1) + 4, '1'), text(toX(-3) - 6, toY(0) + 14, '−3'), text(toX(3) - 3, toY(0) + 14, '3'))
}
