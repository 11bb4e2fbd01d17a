// Lines over the steps, one per layer or parameter, with a legend. For the numbers that the monitors collect with each
// snapshot. Gaps in the data stay gaps in the line.
import { Chart, ghostStyle } from './chart.js'
import { runStyle } from './race_chart.js'
import { words } from '../words/words.js'

/**
 * @typedef {{name: string, values: (number | null)[], style?: number, of?: string, ghost?: boolean}} Series
 *   ghost: of the previous run, drawn grey and dashed behind, first in the list; style: index of the colour and dash pattern; default: the index in the list; of: the name of the line that this one
 *   belongs to; it is drawn faint and is not in the legend
 */

export class SeriesChart extends Chart {
  /**
   * @param {import('../lab/lab.js').Lab} lab
   * @param {Omit<import('./chart.js').ChartOptions, 'range'> & {range?: (number | null)[], symmetric?: boolean}} options
   *   range: fixed ends of the axis; symmetric: around 0, for changes from a start
   */
  constructor(lab, { range: [start, end] = [], symmetric = false, ...options }) {
    super(lab, {
      height: 190, ...options, x: 'step', sync: 'steps', leastX: 50, marks: () => lab.marks,
      now: (steps, series) => (series.length > 0 && steps.length > 0 ? words.charts.lines.latest(words.charts.axes.step.at(steps[steps.length - 1])) : ''),
      range: (low, high, log) => {
        if (!(high >= low)) return log ? [0.1, 1] : [start ?? 0, end ?? 1]
        if (log) return [low / 1.5, high * 1.5]
        if (symmetric) [low, high] = [-1, 1].map((side) => side * Math.max(Math.abs(low), Math.abs(high)))
        const room = Math.max((high - low) * 0.08, Math.max(Math.abs(low), Math.abs(high)) * 1e-3) || 1e-3
        return [start ?? low - room, end ?? high + room]
      },
    })
  }

  /** @param {number[]} steps @param {Series[]} series */
  show(steps, series) {
    const ghosts = series.filter(({ ghost }) => ghost).length
    this.draw(steps, series.map(({ name, values, style, of, ghost }, i) => {
      if (ghost) return { name, values, ...ghostStyle }
      const { colour, dash } = runStyle(style ?? i - ghosts)
      return { name, values, colour, faint: of, dash: of ? [] : dash, dots: steps.length < 3 && !of }
    }))
  }
}
