// Exports a chart: its numbers as CSV, its picture with title and legend as PNG.
import { themeColour, themeFont } from '../dom/colours.js'

/** @typedef {import('./chart.js').Series} Series */

/**
 * One row per x, one column per line and one for its deviation if it has one. Missing values are empty.
 * @param {string} x @param {number[]} xs @param {Series[]} series
 */
export function toCsv(x, xs, series) {
  const quoted = (/** @type {string} */ text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const columns = series.flatMap(({ name, values, spread }) => [{ name, values }, ...(spread ? [{ name: `${name} deviation`, values: spread }] : [])])
  const rows = xs.map((at, i) => [at, ...columns.map(({ values }) => values[i] ?? '')].join(','))
  return [[x, ...columns.map(({ name }) => quoted(name))].join(','), ...rows].join('\n') + '\n'
}

/** @param {HTMLCanvasElement} plot the canvas of the chart @param {string} title @param {string} x label of the axis @param {Series[]} keys @returns {Promise<Blob | null>} */
export function toPng(plot, title, x, keys) {
  const scale = plot.width / (plot.clientWidth || plot.width)
  const [top, bottom, margin] = [58 * scale, 26 * scale, 12 * scale]
  const canvas = document.createElement('canvas')
  canvas.width = plot.width + 2 * margin
  canvas.height = plot.height + top + bottom
  const context = canvas.getContext('2d')
  if (!context) return Promise.resolve(null)
  const family = themeFont()
  context.fillStyle = themeColour('--surface')
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.drawImage(plot, margin, top)
  context.fillStyle = themeColour('--text')
  context.font = `600 ${14 * scale}px ${family}`
  context.fillText(title, margin, 22 * scale)
  context.font = `${12 * scale}px ${family}`
  context.textAlign = 'center'
  context.fillText(x, canvas.width / 2, canvas.height - 10 * scale)
  context.textAlign = 'left'
  let at = margin
  for (const { name, colour, dash = [] } of keys) {
    context.strokeStyle = themeColour(colour)
    context.lineWidth = 2.5 * scale
    context.setLineDash(dash.map((length) => length * scale))
    context.beginPath()
    context.moveTo(at, 40 * scale)
    context.lineTo(at + 26 * scale, 40 * scale)
    context.stroke()
    context.fillText(name, at + 32 * scale, 44 * scale)
    at += 50 * scale + context.measureText(name).width
  }
  return new Promise((done) => canvas.toBlob(done, 'image/png'))
}
