// Draws what a chart has besides its lines: marks at steps, reference levels, values outside the range, and the deviation
// around a mean.
import uPlot from 'uplot'
import { themeColour, themeFont } from '../dom/colours.js'

/** Opacity of a deviation band. */
const bandAlpha = 0.16

/** The position at which a line of this width covers whole pixels instead of two half pixels. @param {number} at @param {number} width */
const crisp = (at, width) => Math.round(at - width / 2) + width / 2

/** @param {any} ctx @param {[number, number]} from @param {[number, number]} to */
function line(ctx, from, to) {
  ctx.beginPath()
  ctx.moveTo(...from)
  ctx.lineTo(...to)
  ctx.stroke()
}

/**
 * Lines with a label: levels are horizontal; marks are vertical, for example where the learning rate was changed.
 * @param {any} chart @param {{at: number, text: string}[]} levels @param {{step: number, text: string}[]} marks @param {string} colour
 */
export function drawMarks(chart, levels, marks, colour) {
  const { ctx, bbox } = chart
  const scale = uPlot.pxRatio
  ctx.save()
  Object.assign(ctx, { strokeStyle: colour, fillStyle: colour, lineWidth: scale, textAlign: 'left', textBaseline: 'alphabetic',
    font: `${10 * scale}px ${themeFont()}` })
  ctx.setLineDash([2 * scale, 3 * scale])
  for (const { at, text } of levels) {
    const y = crisp(chart.valToPos(at, 'y', true), scale)
    line(ctx, [bbox.left, y], [bbox.left + bbox.width, y])
    ctx.fillText(text, bbox.left + 4 * scale, y - 3 * scale)
  }
  marks.forEach(({ step, text }, i) => {
    const x = crisp(chart.valToPos(step, 'x', true), scale)
    line(ctx, [x, bbox.top], [x, bbox.top + bbox.height])
    const left = x + 4 * scale + ctx.measureText(text).width > bbox.left + bbox.width
    ctx.textAlign = left ? 'right' : 'left'
    ctx.fillText(text, x + (left ? -4 : 4) * scale, bbox.top + (12 + 12 * (i % 4)) * scale)
  })
  ctx.restore()
}

/**
 * A small triangle at the edge of the plot for each value outside its range, or for several close to each other.
 * @param {any} chart @param {number[]} xs @param {(number | null)[][]} lines @param {[number, number]} range @param {string} colour
 */
export function drawOutside(chart, xs, lines, [low, high], colour) {
  const { ctx, bbox } = chart
  const scale = uPlot.pxRatio
  const size = 4 * scale
  ctx.save()
  ctx.fillStyle = colour
  for (const [edge, inwards, out] of /** @type {const} */ ([[bbox.top, 1, (/** @type {number} */ value) => value > high], [bbox.top + bbox.height, -1, (/** @type {number} */ value) => value < low]])) {
    let last = -Infinity
    xs.forEach((step, i) => {
      if (!lines.some((values) => values[i] !== null && out(Number(values[i])))) return
      const x = chart.valToPos(step, 'x', true)
      if (x - last < 3 * size) return
      last = x
      ctx.beginPath()
      ctx.moveTo(x, edge)
      ctx.lineTo(x - size, edge + inwards * size)
      ctx.lineTo(x + size, edge + inwards * size)
      ctx.fill()
    })
  }
  ctx.restore()
}

/**
 * The deviation of each line that has one: a faint band, or a whisker at a value without neighbours.
 * @param {any} chart @param {number[]} xs @param {import('./chart.js').Series[]} series the visible lines
 */
export function drawSpreads(chart, xs, series) {
  const { ctx, bbox } = chart
  const scale = uPlot.pxRatio
  for (const { values, spread, colour } of series) {
    if (!spread) continue
    const at = xs.flatMap((x, i) => {
      const [value, deviation] = [values[i], spread[i]]
      if (!Number.isFinite(value) || !Number.isFinite(deviation)) return []
      const y = (/** @type {number} */ of) => chart.valToPos(of, 'y', true)
      return [{ x: chart.valToPos(x, 'x', true), high: y(Number(value) + Number(deviation)), low: y(Number(value) - Number(deviation)) }]
    })
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    ctx.fillStyle = ctx.strokeStyle = themeColour(colour)
    ctx.globalAlpha = bandAlpha
    ctx.beginPath()
    for (const { x, high } of at) ctx.lineTo(x, high)
    for (const { x, low } of [...at].reverse()) ctx.lineTo(x, low)
    ctx.fill()
    ctx.globalAlpha = 1
    ctx.lineWidth = 1.5 * scale
    if (at.length === 1) line(ctx, [at[0].x, at[0].high], [at[0].x, at[0].low])
    ctx.restore()
  }
}
