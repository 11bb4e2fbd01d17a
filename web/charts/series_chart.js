// Lines over the steps, one per layer or parameter, with a legend. For the numbers that the monitors collect with each
// snapshot. Gaps in the data stay gaps in the line.
import { Chart } from './chart.js'
import { runStyle } from './race_chart.js'

/**
 * @typedef {{name: string, values: (number | null)[], style?: number, of?: string}} Series
 *   style: index of the colour and dash pattern; default: the index in the list; of: the name of the line that this one
 *   belongs to; it is drawn faint and is not in the legend
 */

export class SeriesChart extends Chart {
  /**
   * @param {import('../lab/lab.js').Lab} lab
   * @param {Omit<import('./chart.js').ChartOptions, 'range'> & {range?: (number | null)[]}} options range: fixed ends of the axis
   */
  constructor(lab, { range: [start, end] = [], ...options }) {
    const { title, format } = options
    super(lab, {
      ...options, x: 'Step', sync: 'steps', leastX: 50, height: 190, marks: () => lab.marks,
      range: (low, high, log) => {
        if (!(high >= low)) return log ? [0.1, 1] : [start ?? 0, end ?? 1]
        if (log) return [low / 1.5, high * 1.5]
        // At least so much that the three digits of the axis labels differ.
        const room = Math.max((high - low) * 0.08, Math.abs(high) * 0.02, 1e-3)
        return [start ?? low - room, end ?? high + room]
      },
      describe: (steps, series) => {
        const ends = series.filter(({ faint }) => !faint).map(({ name, values }) => {
          const value = values.at(-1) ?? null
          return `${name} ${value === null ? '–' : format(value)}`
        })
        return steps.length === 0 ? `${title}, no data yet` : `${title} at step ${steps.at(-1)}: ${ends.join(', ')}`
      },
    })
  }

  /** @param {number[]} steps @param {Series[]} series */
  show(steps, series) {
    this.draw(steps, series.map(({ name, values, style, of }, i) => {
      const { colour, dash } = runStyle(style ?? i)
      return { name, values, colour, faint: of, dash: of ? [] : dash, dots: steps.length < 3 && !of }
    }))
  }
}
