// Weights as pixels in diverging colours: in the shape of the image for weights of the input, as kernels side by side
// for a convolution, otherwise in rows of 32.
import { diverging } from '../dom/colours.js'

/** @typedef {{columns: number, rows: number, at: (column: number, row: number) => number}} Layout at: index of the value or -1 */

/** @param {number[]} shape of the weights @param {{height: number, width: number}} image the network's input @returns {Layout} */
export function layOut(shape, { height, width }) {
  if (shape.length === 3) {
    const [channels, tall, wide] = shape
    const at = (/** @type {number} */ column, /** @type {number} */ row) =>
      (column % (wide + 1) === wide ? -1 : Math.floor(column / (wide + 1)) * tall * wide + row * wide + (column % (wide + 1)))
    return { columns: channels * (wide + 1) - 1, rows: tall, at }
  }
  const count = shape.reduce((product, size) => product * size, 1)
  const columns = count === height * width ? width : Math.min(count, 32)
  return { columns, rows: Math.ceil(count / columns), at: (column, row) => (row * columns + column < count ? row * columns + column : -1) }
}

/**
 * @param {HTMLCanvasElement} canvas gets one pixel per value; the style sheet enlarges it
 * @param {ArrayLike<number>} values @param {Layout} layout @param {number} limit value of the full colour
 */
export function drawWeights(canvas, values, { columns, rows, at }, limit) {
  if (canvas.width !== columns || canvas.height !== rows) Object.assign(canvas, { width: columns, height: rows })
  const context = canvas.getContext('2d')
  if (!context) return
  context.clearRect(0, 0, columns, rows)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const weight = at(column, row)
      if (weight < 0) continue
      context.fillStyle = diverging(values[weight], limit)
      context.fillRect(column, row, 1, 1)
    }
  }
}
