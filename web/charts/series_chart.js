// Lines over the steps, one per layer or parameter, with a legend. For the numbers that the monitors collect with each
// snapshot. Gaps in the data stay gaps in the line.
import { Chart } from './chart.js'
import { runStyle } from './race_chart.js'

/**
 * @typedef {{name: string, values: (number | null)[], style?: number, of?: string}} Series
 *   style: index of the colour and dash pattern; default: the index in the list; of: the name of the line that this one
 *   belongs to; it is drawn faint and is not in the legend
 * @typedef {{title: string, format: (value: number) => string, log?: boolean, lines?: {at: number, text: string}[],
 *            range?: [number | null, number | null], marks?: () => {step: number, text: string}[],
 *            legend?: import('./legend.js').Legend}} Options
 *   lines: reference levels; range: fixed ends of the axis
 */

export class SeriesChart {
  #chart

  /** @param {Options} options */
  constructor({ lines, range, ...options }) {
    const { title, format } = options
    this.#chart = new Chart({
      ...options, levels: lines, x: 'Step', sync: 'steps', leastX: 50, height: 190,
      range: (low, high, isLog) => rangeOf(low, high, isLog, range),
      describe: (steps, series) => {
        const ends = series.filter(({ faint }) => !faint).map(({ name, values }) => `${name} ${showOf(values.at(-1), format)}`)
        return steps.length === 0 ? `${title}, no data yet` : `${title} at step ${steps.at(-1)}: ${ends.join(', ')}`
      },
    })
  }

  get element() {
    return this.#chart.element
  }

  restyle() {
    this.#chart.restyle()
  }

  /** @param {number[]} steps @param {Series[]} series */
  show(steps, series) {
    this.#chart.show(steps, series.map(({ name, values, style, of }, i) => {
      const { colour, dash } = runStyle(style ?? i)
      return { name, values, colour, faint: of, dash: of ? [] : dash, dots: steps.length < 3 && !of }
    }))
  }
}

/**
 * @param {number} low @param {number} high @param {boolean} log @param {[number | null, number | null]} [ends]
 * @returns {[number, number]}
 */
function rangeOf(low, high, log, ends = [null, null]) {
  if (!(high >= low)) return log ? [0.1, 1] : [ends[0] ?? 0, ends[1] ?? 1]
  if (log) return [low / 1.5, high * 1.5]
  // At least so much that the three digits of the axis labels differ.
  const room = Math.max((high - low) * 0.08, Math.abs(high) * 0.02, 1e-3)
  return [ends[0] ?? low - room, ends[1] ?? high + room]
}

/** @param {number | null | undefined} value @param {(value: number) => string} format */
function showOf(value, format) {
  return value === null || value === undefined ? '–' : format(value)
}
