// The chart of one quantity of the run over the steps: a faint line of raw values, a bold smoothed line, and validation
// and test values as dots.
import { Chart, lastOf } from './chart.js'

export class LineChart extends Chart {
  #top

  /**
   * @param {Omit<import('./chart.js').ChartOptions, 'range'> & {top: number | 'data'}} options top: the end of the value axis, or
   *   'data' to fit it
   */
  constructor({ top, ...options }) {
    const { title, format } = options
    super({
      ...options, x: 'Step', sync: 'steps', leastX: 50,
      tick: (value, log) => (top === 1 ? `${Math.round(100 * value)}%` : log ? value.toPrecision(1) : String(Number(value.toPrecision(3)))),
      range: (low, high, log) => (top !== 'data' ? [0, top] : !(high >= low) ? (log ? [0.001, 10] : [0, 2.5])
        : log ? [Math.max(1e-6, Math.min(low, 0.1) / 2), high * 1.3] : [0, high * 1.08]),
      describe: (steps, [, training, ...scores]) => {
        if (steps.length === 0) return `${title}, no data yet`
        const last = scores.map(({ name, values }) => ({ name, value: lastOf(values) })).filter(({ value }) => value !== undefined)
        return `${title} over ${steps[steps.length - 1]} steps: training ${format(Number(training.values.at(-1)))}` +
          last.map(({ name, value }) => `, ${name.toLowerCase()} ${format(Number(value))}`).join('')
      },
    })
    this.#top = top
  }

  /** @param {boolean} log */
  setLog(log) {
    super.setLog(log && this.#top === 'data')
  }

  /**
   * @param {number[]} steps @param {number[]} raw @param {number[]} smoothed
   * @param {(number | null)[]} tests @param {(number | null)[]} [validation] if a part is held out
   */
  show(steps, raw, smoothed, tests, validation) {
    this.draw(steps, [
      { name: 'Training, this point', faint: 'Training', tip: 'this point', colour: '--series-train', values: raw },
      { name: 'Training', colour: '--series-train', values: smoothed },
      ...(validation ? [{ name: 'Validation', colour: '--series-validation', dash: [2, 4], dots: true, values: validation }] : []),
      { name: 'Test', colour: '--series-test', dash: [6, 4], dots: true, values: tests },
    ])
  }
}
