// Plots of an activation: small for a menu, large with its derivative. All values come from the core.
import { svg } from '../dom/dom.js'

/** @typedef {{xs: Float32Array, y: Float32Array, dy: Float32Array}} Curve */

const range = 4
const samples = 129

/**
 * @param {import('../engine/engine.js').Engine} engine
 * @param {import('../engine/protocol.js').Activation} activation
 * @param {number[]} [values] of its parameters; default: their defaults
 * @returns {Promise<Curve>}
 */
export async function curveOf(engine, activation, values) {
  const xs = Float32Array.from({ length: samples }, (_, i) => (2 * range * i) / (samples - 1) - range)
  const parameters = activation.parameters.map((parameter, i) => values?.[i] ?? parameter.default)
  return { xs, ...(await engine.curve(activation.name, parameters, xs)) }
}

/**
 * The points of a line. Values outside the plot are left out.
 * @param {Float32Array} xs @param {Float32Array} ys
 * @param {(x: number) => number} toX @param {(y: number) => number} toY @param {number} jump
 */
function path(xs, ys, toX, toY, jump) {
  let text = ''
  let pen = false
  for (let i = 0; i < xs.length; i++) {
    const broken = i > 0 && Math.abs(ys[i] - ys[i - 1]) > jump
    if (broken) pen = false
    text += `${pen ? 'L' : 'M'}${toX(xs[i]).toFixed(2)} ${toY(ys[i]).toFixed(2)}`
    pen = true
  }
  return text
}

/** The curve in a box of 28 by 20 pixels, for a menu. @param {Curve} curve */
export function smallCurve({ xs, y }) {
  const [width, height] = [28, 20]
  const toX = (/** @type {number} */ x) => width / 2 + (x * width) / 2 / range
  const toY = (/** @type {number} */ value) => height * 0.62 - value * 5
  return svg('svg', { viewBox: `0 0 ${width} ${height}`, width, height, class: 'curve-small', 'aria-hidden': 'true' },
    svg('path', { class: 'curve-axis', d: `M0 ${toY(0)}H${width}M${width / 2} 0V${height}` }),
    svg('path', { class: 'curve-f', d: path(xs, y, toX, toY, Infinity) }))
}

/**
 * f and its derivative with axes, for the panel.
 * @param {Curve} curve @param {string} label description for screen readers
 */
export function largeCurve({ xs, y, dy }, label) {
  const [width, height, top, bottom] = [280, 120, 2.6, -1.4]
  const toX = (/** @type {number} */ x) => ((x + range) * width) / 2 / range
  const toY = (/** @type {number} */ value) => ((top - value) * height) / (top - bottom)
  const text = (/** @type {number} */ x, /** @type {number} */ at, /** @type {string} */ words) => {
    const element = svg('text', { x, y: at, class: 'curve-tick' })
    element.textContent = words
    return element
  }
  const ticks = [-3, -2, -1, 1, 2, 3].map((x) => `M${toX(x)} ${toY(0) - 2}v4`).join('')
  const levels = [-1, 1, 2].map((v) => `M${toX(0) - 2} ${toY(v)}h4`).join('')
  return svg('svg', { viewBox: `0 0 ${width} ${height}`, class: 'curve-large', role: 'img', 'aria-label': label },
    svg('path', { class: 'curve-axis', d: `M0 ${toY(0)}H${width}M${toX(0)} 0V${height}${ticks}${levels}` }),
    svg('path', { class: 'curve-df', d: path(xs, dy, toX, toY, 0.3) }),
    svg('path', { class: 'curve-f', d: path(xs, y, toX, toY, Infinity) }),
    text(toX(0) + 5, toY(1) + 4, '1'), text(toX(-3) - 6, toY(0) + 14, '−3'), text(toX(3) - 3, toY(0) + 14, '3'))
}
