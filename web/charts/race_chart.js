// The curves of several runs in one chart. Each run has a colour and a dash pattern, so that curves do not differ by
// hue alone.
import { Chart } from './chart.js'

/** The colours of the runs; further runs reuse them with other dash patterns. */
const palette = ['#ab6aea', '#f5493b', '#dfa300', '#3bbc4a', '#00b7c0', '#4475f6']
const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [14, 4], [4, 2, 4, 6], [1, 5]]

/** The style of the run at this index. @param {number} index */
export const runStyle = (index) => ({ colour: palette[index % palette.length], dash: dashes[index % dashes.length] })

/** @typedef {{name: string, points: Map<number, number | null>, spread?: Map<number, number>}} RunCurve from an x to its value
 *  or null, and to the deviation over several runs */

export class RaceChart extends Chart {
  #dots

  /**
   * @param {import('../lab/lab.js').Lab} lab @param {Omit<import('./chart.js').ChartOptions, 'range' | 'among'> & {dots?: boolean}} options
   *   dots: mark each value, if there are few
   */
  constructor(lab, { dots = false, ...options }) {
    super(lab, { height: 220, ...options, among: true, range: (low, high, log) => (log && high >= low ? [low / 1.3, high * 1.3] : [log ? 0.01 : 0, Math.max(0, high) * 1.05 || 1]) })
    this.#dots = dots
  }

  /** @param {RunCurve[]} curves */
  show(curves) {
    const xs = [...new Set(curves.flatMap(({ points }) => [...points.keys()]))].sort((a, b) => a - b)
    const of = (/** @type {Map<number, number | null>} */ points) => xs.map((x) => points.get(x) ?? null)
    this.draw(xs, curves.map(({ name, points, spread }, i) => ({
      name, ...runStyle(i), values: of(points), dots: this.#dots || xs.length < 3, ...(spread && spread.size > 0 ? { spread: of(spread) } : {}),
    })))
  }
}
