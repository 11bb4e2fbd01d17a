// Weights as pixels in diverging colours: in the shape of the image for weights of the input, as kernels side by side
// for a convolution, otherwise in rows of 32.
import { diverging } from '../dom/colours.js'

/**
 * The layout: columns, rows, and the weight at each position.
 * @param {number[]} shape of the weights @param {{height: number, width: number}} image the network's input
 * @returns {{columns: number, rows: number, at: (column: number, row: number) => number}} at: index of the weight or -1
 */
export function layOut(shape, { height, width }) {
  if (shape.length === 3) {
    const [channels, tall, wide] = shape
    return {
      columns: channels * (wide + 1) - 1, rows: tall,
      at: (column, row) => (column % (wide + 1) === wide ? -1 : Math.floor(column / (wide + 1)) * tall * wide + row * wide + (column % (wide + 1))),
    }
  }
  const count = shape.reduce((product, size) => product * size, 1)
  const columns = count === height * width ? width : Math.min(count, 32)
  return { columns, rows: Math.ceil(count / columns), at: (column, row) => (row * columns + column < count ? row * columns + column : -1) }
}

/**
 * @param {HTMLCanvasElement} canvas gets one pixel per weight; the style sheet enlarges it
 * @param {number[]} values @param {ReturnType<typeof layOut>} layout @param {number} limit value of the full colour
 */
export function drawWeights(canvas, values, { columns, rows, at }, limit) {
  canvas.width = columns
  canvas.height = rows
  canvas.style.aspectRatio = `${columns} / ${rows}`
  const context = canvas.getContext('2d')
  if (!context) return
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const weight = at(column, row)
      if (weight < 0) continue
      context.fillStyle = diverging(values[weight], limit)
      context.fillRect(column, row, 1, 1)
    }
  }
}
