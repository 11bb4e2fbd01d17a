// Edits an architecture text such as "dense 512 | relu | dense 10" for the controls of the model. Only the core decides
// whether a text is valid.

/** @param {string} text @returns {string[]} the layers; a residual with the layers in its brackets is one of them */
export function split(text) {
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

/** A text with its layers edited. @param {string} text @param {(layers: string[]) => void} change */
function edited(text, change) {
  const layers = split(text)
  change(layers)
  return layers.join(' | ')
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
export const activationLayer = (text, names) => split(text).find((layer) => names.includes(wordOf(layer))) ?? ''

/** The numbers after the name of an activation. The word "channel" is not a number. @param {string} layer */
export const parametersOf = (layer) => layer.split(' ').slice(1).map(Number).filter((value) => !Number.isNaN(value))

/**
 * The same model with another activation everywhere.
 * @param {string} text @param {string} layer the activation, with arguments or without @param {string[]} names
 */
export function withActivation(text, layer, names) {
  const layers = split(text)
  const isActivation = (/** @type {string} */ each) => names.includes(wordOf(each))
  if (layers.some(isActivation)) return layers.map((each) => (isActivation(each) ? layer : each)).join(' | ')
  // After each hidden dense layer: all but the last.
  const last = layers.map(wordOf).lastIndexOf('dense')
  return layers.flatMap((each, at) => (wordOf(each) === 'dense' && at < last ? [each, layer] : [each])).join(' | ')
}

/** The model with BatchNorm before each activation; '' if it has some already. @param {string} model @param {string[]} activations */
export function withNorm(model, activations) {
  const layers = split(model)
  if (layers.some((layer) => wordOf(layer) === 'bn' || wordOf(layer) === 'residual')) return ''
  return layers.flatMap((layer, i) => (activations.includes(wordOf(layer)) && i + 1 < layers.length ? ['bn', layer] : [layer])).join(' | ')
}

/** @param {string} text @param {number} at @param {string} layer its new text; '' removes the layer */
export const withLayerAt = (text, at, layer) => edited(text, (layers) => layers.splice(at, 1, ...(layer ? [layer] : [])))

/** @param {string} text @param {number} from @param {number} to its index afterwards */
export const moved = (text, from, to) => edited(text, (layers) => layers.splice(to, 0, ...layers.splice(from, 1)))

/** Layers that read images. They come before the first layer that reads rows of features. */
const spatial = new Set(['conv', 'pool', 'avgpool', 'gap'])
const flat = new Set(['dense', 'flatten', 'gap'])

/**
 * Adds a layer before the output layer, or after the last layer that reads images. A layer with weights gets an
 * activation.
 * @param {string} text @param {string} layer with its arguments @param {string} activation '' for none
 */
export function withLayer(text, layer, activation) {
  const word = wordOf(layer)
  const follows = (word === 'dense' || word === 'conv') && activation ? [activation] : []
  return edited(text, (layers) => {
    const at = spatial.has(word) ? layers.findIndex((one) => flat.has(wordOf(one))) : layers.length - 1
    layers.splice(Math.max(0, at), 0, layer, ...follows)
  })
}

/** Sets the number of outputs if the last layer is dense. @param {string} text @param {number} outputs */
export const withOutputs = (text, outputs) => text.replace(/(\bdense )\d+\s*$/, `$1${outputs}`)

/**
 * The range of the error in the text. A message such as 'unknown layer "rellu" at position 13' counts from 1.
 * @param {string} text @param {string} sentence
 */
export function placeOf(text, sentence) {
  const found = sentence.match(/position (\d+)/)
  if (!found) return undefined
  const start = Math.min(Number(found[1]) - 1, text.length)
  const word = text.slice(start).match(/^[^\s|()]+|^./)?.[0] ?? ''
  return { start, end: start + word.length }
}
