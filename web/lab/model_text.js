// Edits an architecture text such as "dense 512 | relu | dense 10" for the controls of the model. Only the core decides
// whether a text is valid.

/** @param {string} text @returns {string[]} the layers; a residual with the layers in its brackets is one of them */
export function split(text) {
  /** @type {string[]} */
  const layers = ['']
  let depth = 0
  for (const character of text) {
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (character === '|' && depth === 0) layers.push('')
    else layers[layers.length - 1] += character
  }
  return layers.map((layer) => layer.trim().replace(/\s+/g, ' ')).filter(Boolean)
}

/** @param {string} layer */
export const wordOf = (layer) => layer.split(' ')[0]

/** The text after the first word of a layer. @param {string} layer */
export const argumentsOf = (layer) => layer.slice(wordOf(layer).length).trim()

/** @param {string[]} layers @returns {number[]} indices of the hidden dense layers: all but the last */
function hiddenAt(layers) {
  return layers.map((layer, at) => (wordOf(layer) === 'dense' ? at : -1)).filter((at) => at >= 0).slice(0, -1)
}

/**
 * The activation of the hidden layers: its name if all are the same, 'mixed' if they differ, '' if there is none.
 * @param {string} text @param {string[]} names of activations
 */
export function activationOf(text, names) {
  const found = new Set(text.split(/[|()]/).map((layer) => wordOf(layer.trim())).filter((word) => names.includes(word)))
  if (found.size > 1) return 'mixed'
  return [...found][0] ?? ''
}

/** The text of the first activation layer, with its arguments. @param {string} text @param {string[]} names */
export function activationLayer(text, names) {
  return split(text).find((layer) => names.includes(wordOf(layer))) ?? ''
}

/**
 * The numbers after the name of an activation. The word "channel" is not a number.
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

/** @param {string} text @param {number} at @param {string} layer its new text; '' removes the layer */
export function withLayerAt(text, at, layer) {
  const layers = split(text)
  layers.splice(at, 1, ...(layer ? [layer] : []))
  return layers.join(' | ')
}

/** @param {string} text @param {number} from @param {number} to its index afterwards */
export function moved(text, from, to) {
  const layers = split(text)
  const [layer] = layers.splice(from, 1)
  layers.splice(to, 0, layer)
  return layers.join(' | ')
}

/** Layers that read images. They come before the first layer that reads rows of features. */
const spatial = new Set(['conv', 'pool', 'avgpool', 'gap'])
const flat = new Set(['dense', 'flatten', 'gap'])

/**
 * Adds a layer before the output layer, or after the last layer that reads images. A layer with weights gets an
 * activation.
 * @param {string} text @param {string} layer with its arguments @param {string} activation '' for none
 */
export function withLayer(text, layer, activation) {
  const layers = split(text)
  const word = wordOf(layer)
  const first = layers.findIndex((one) => flat.has(wordOf(one)))
  const at = spatial.has(word) ? Math.max(0, first) : Math.max(0, layers.length - 1)
  const follows = (word === 'dense' || word === 'conv') && activation ? [activation] : []
  layers.splice(at, 0, layer, ...follows)
  return layers.join(' | ')
}

/** Sets the number of outputs if the last layer is dense. @param {string} text @param {number} outputs */
export function withOutputs(text, outputs) {
  return text.replace(/(\bdense )\d+\s*$/, `$1${outputs}`)
}

/**
 * The range of the error in the text. A message such as 'unknown layer "rellu" at position 13' counts from 1.
 * @param {string} text @param {string} sentence
 * @returns {{start: number, end: number} | undefined}
 */
export function placeOf(text, sentence) {
  const found = sentence.match(/position (\d+)/)
  if (!found) return undefined
  const start = Math.min(Number(found[1]) - 1, text.length)
  const word = text.slice(start).match(/^[^\s|()]+|^./)?.[0] ?? ''
  return { start, end: start + word.length }
}
