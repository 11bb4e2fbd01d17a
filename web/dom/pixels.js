// Draws an image of a data set in the colours of the page.
import { themeColour } from './colours.js'

/**
 * @param {HTMLCanvasElement} canvas is set to the size of the image; the style sheet enlarges it
 * @param {Uint8Array | null} pixels 0 for paper to 255 for ink @param {number} width @param {number} height
 */
export function drawPixels(canvas, pixels, width, height) {
  const [paper, ink] = paperAndInk()
  canvas.width = width
  canvas.height = height
  const context = canvas.getContext('2d')
  if (!context || !pixels) return
  const image = context.createImageData(width, height)
  pixels.forEach((value, i) => {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = paper[c] + ((ink[c] - paper[c]) * value) / 255
    image.data[4 * i + 3] = 255
  })
  context.putImageData(image, 0, 0)
}

/** The colours of paper and ink in the current theme: rgb(...) as numbers. */
export const paperAndInk = () => ['--paper', '--ink'].map((name) => (themeColour(name).match(/[\d.]+/g) ?? ['0', '0', '0']).slice(0, 3).map(Number))
