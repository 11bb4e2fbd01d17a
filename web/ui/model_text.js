// Small edits of an architecture text such as "dense 512 | relu | dense 10", for the controls beside it. What is
// valid is decided by the core alone; here words are only moved.

/** @param {string} text @returns {string[]} layers */
export function split(text) {
  return text.split('|').map((layer) => layer.trim().replace(/\s+/g, ' ')).filter(Boolean)
}

/** @param {string} layer */
const wordOf = (layer) => layer.split(' ')[0]

/** @param {string[]} layers @returns {number[]} where the hidden dense layers are: all but the last */
function hiddenAt(layers) {
  return layers.map((layer, at) => (wordOf(layer) === 'dense' ? at : -1)).filter((at) => at >= 0).slice(0, -1)
}

/** @param {string} text @returns {string[]} the widths of the hidden layers, as they are written */
export function hiddenWidths(text) {
  const layers = split(text)
  return hiddenAt(layers).map((at) => layers[at].split(' ')[1] ?? '')
}

/**
 * The activation of the hidden layers with its arguments: its name where all are the same, 'mixed' where not,
 * and '' where there is none.
 * @param {string} text @param {string[]} names of activations
 */
export function activationOf(text, names) {
  const found = new Set(split(text).map(wordOf).filter((word) => names.includes(word)))
  if (found.size > 1) return 'mixed'
  return [...found][0] ?? ''
}

/** The text of the first activation layer, arguments included. @param {string} text @param {string[]} names */
export function activationLayer(text, names) {
  return split(text).find((layer) => names.includes(wordOf(layer))) ?? ''
}

/**
 * The numbers behind an activation's name; the word that asks for a parameter a channel is none.
 * @param {string} layer
 */
export function parametersOf(layer) {
  return layer.split(' ').slice(1).map(Number).filter((value) => !Number.isNaN(value))
}

/**
 * The same model with another activation everywhere.
 * @param {string} text @param {string} layer the activation, with arguments or without @param {string[]} names
 */
export function withActivation(text, layer, names) {
  const layers = split(text)
  if (layers.some((each) => names.includes(wordOf(each)))) {
    return layers.map((each) => (names.includes(wordOf(each)) ? layer : each)).join(' | ')
  }
  const hidden = new Set(hiddenAt(layers))
  return layers.flatMap((each, at) => (hidden.has(at) ? [each, layer] : [each])).join(' | ')
}

/** @param {string} text @param {number} index of the hidden layer @param {string} width */
export function withWidth(text, index, width) {
  const layers = split(text)
  layers[hiddenAt(layers)[index]] = `dense ${width}`
  return layers.join(' | ')
}

/** One more hidden layer before the last. @param {string} text @param {number} width @param {string} activation */
export function withLayer(text, width, activation) {
  const layers = split(text)
  layers.splice(-1, 0, `dense ${width}`, ...(activation ? [activation] : []))
  return layers.join(' | ')
}

/** Without a hidden layer and the activation that follows it. @param {string} text @param {number} index */
export function withoutLayer(text, index) {
  const layers = split(text)
  const at = hiddenAt(layers)[index]
  const next = layers.findIndex((layer, i) => i > at && wordOf(layer) === 'dense')
  layers.splice(at, next - at)
  return layers.join(' | ')
}

/** The text with so many outputs, where its last layer is a dense one. @param {string} text @param {number} outputs */
export function withOutputs(text, outputs) {
  return text.replace(/(\bdense )\d+\s*$/, `$1${outputs}`)
}
