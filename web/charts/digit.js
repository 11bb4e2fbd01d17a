// Converts a drawing to the format of MNIST: the ink is scaled into a box of 20 by 20 with its aspect ratio kept, then
// placed in 28 by 28 pixels with its centre of mass in the middle (LeCun, Cortes, Burges, "The MNIST database").

const size = 28
const box = 20
/** Weaker ink is the edge of a stroke and does not count for the extent of the drawing. */
const threshold = 24

/**
 * The 784 pixels of a drawing; null if it is empty.
 * @param {ArrayLike<number>} ink width * height, 0 for paper to 255 for ink @param {number} width @param {number} height
 */
export function toMnist(ink, width, height) {
  let [left, top, right, bottom] = [width, height, 0, 0]
  for (let i = 0; i < width * height; i++) {
    if (ink[i] < threshold) continue
    left = Math.min(left, i % width)
    right = Math.max(right, (i % width) + 1)
    top = Math.min(top, Math.floor(i / width))
    bottom = Math.floor(i / width) + 1
  }
  if (right === 0) return null
  const scale = box / Math.max(right - left, bottom - top)
  const columns = Math.max(1, Math.round((right - left) * scale))
  const rows = Math.max(1, Math.round((bottom - top) * scale))
  const edgeX = (/** @type {number} */ x) => left + ((right - left) * x) / columns
  const edgeY = (/** @type {number} */ y) => top + ((bottom - top) * y) / rows
  // Each pixel is the mean over a rectangle with fractional edges.
  const small = Float64Array.from({ length: columns * rows }, (_, i) => {
    const [x0, x1] = [edgeX(i % columns), edgeX((i % columns) + 1)]
    const [y0, y1] = [edgeY(Math.floor(i / columns)), edgeY(Math.floor(i / columns) + 1)]
    let sum = 0
    for (let y = Math.floor(y0); y < y1; y++) {
      const tall = Math.min(y + 1, y1) - Math.max(y, y0)
      for (let x = Math.floor(x0); x < x1; x++) sum += ink[y * width + x] * tall * (Math.min(x + 1, x1) - Math.max(x, x0))
    }
    return sum / ((x1 - x0) * (y1 - y0))
  })
  let [mass, atX, atY] = [0, 0, 0]
  small.forEach((value, i) => {
    mass += value
    atX += value * ((i % columns) + 0.5)
    atY += value * (Math.floor(i / columns) + 0.5)
  })
  const clamp = (/** @type {number} */ at, /** @type {number} */ used) => Math.max(0, Math.min(size - used, at))
  const firstColumn = clamp(Math.round(size / 2 - atX / mass), columns)
  const firstRow = clamp(Math.round(size / 2 - atY / mass), rows)
  const pixels = new Uint8Array(size * size)
  small.forEach((value, i) => {
    pixels[(firstRow + Math.floor(i / columns)) * size + firstColumn + (i % columns)] = Math.round(value)
  })
  return pixels
}
