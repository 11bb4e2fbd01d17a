// Lines over the steps, one a layer or parameter, told apart by colour and dash and named in a legend. For numbers that
// views gather look by look; gaps stay gaps.
import { Chart } from './chart.js'
import { runStyle } from './race_chart.js'

/**
 * @typedef {{name: string, values: (number | null)[], style?: number, of?: string}} Series
 *   style: its place among colours and dashes, if not that in the list; of: the line that it belongs to, drawn faint and
 *   not named
 * @typedef {{title: string, format: (value: number) => string, log?: boolean, lines?: {at: number, text: string}[],
 *            range?: [number | null, number | null], marks?: () => {step: number, text: string}[],
 *            legend?: import('./legend.js').Legend}} Options
 *   lines: levels to compare with; range: ends that are fixed
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

/** @param {number} low @param {number} high @param {boolean} log @param {[number | null, number | null]} [ends] @returns {[number, number]} */
function rangeOf(low, high, log, ends = [null, null]) {
  if (!(high >= low)) return log ? [0.1, 1] : [ends[0] ?? 0, ends[1] ?? 1]
  if (log) return [low / 1.5, high * 1.5]
  // So much that the three digits of the axis's numbers tell them apart.
  const room = Math.max((high - low) * 0.08, Math.abs(high) * 0.02, 1e-3)
  return [ends[0] ?? low - room, ends[1] ?? high + room]
}

/** @param {number | null | undefined} value @param {(value: number) => string} format */
function showOf(value, format) {
  return value === null || value === undefined ? '–' : format(value)
}
