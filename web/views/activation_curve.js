// The curve of an activation layer as it is now: with its own parameters and, where it learns one, the learnt value.
import { positionsFor } from '../charts/activation_plot.js'
import { meanOf } from '../lab/series.js'

/** @import { Histogram, LayerSnapshot } from '../engine/protocol.js' */

/**
 * @param {import('../lab/lab.js').Lab} lab @param {string} text of the layer in the model: elu 0.5 @param {Float32Array} xs
 * @param {LayerSnapshot['slopes']} [slopes] that the layer has learnt @param {number} [learnt] in place of their mean
 * @returns {Promise<import('../charts/activation_plot.js').Curve | undefined>} undefined where the engine does not answer
 */
export async function curveAt({ registry, engine }, text, xs, slopes, learnt = slopes && meanOf(slopes.values)) {
  const [word, ...values] = text.split(' ')
  const activation = registry.activations.find(({ name }) => name === word)
  const parameters = activation?.parameters.map(({ name, default: usual }, i) => (learnt !== undefined && name === slopes?.name ? learnt : Number(values[i] ?? usual)))
  const curve = parameters && await engine.curve(word, parameters, xs).catch(() => undefined)
  return curve && { xs, ...curve }
}

/**
 * @param {import('../lab/lab.js').Lab} lab @param {LayerSnapshot} layer @param {Histogram} histogram its range is that of the curve
 * @param {number} [learnt] in place of the mean of the layer's slopes
 */
export function curveWith(lab, { text, slopes }, histogram, learnt) {
  const kinks = lab.registry.activations.find(({ name }) => name === text.split(' ')[0])?.kinks ?? []
  return curveAt(lab, text, positionsFor(histogram, kinks), slopes, learnt)
}
