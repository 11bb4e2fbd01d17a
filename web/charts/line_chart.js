// Loss or accuracy over the steps: a faint line of raw values, a bold smoothed line, validation and test values as dots,
// and the previous run behind them.
import { Chart, ghostStyle } from './chart.js'
import { words } from '../words/words.js'

const { axes, lines: said } = words.charts

/** @typedef {{label: string, steps: number[], values: number[], tests: (number | null)[]}} Ghost the previous run: its name, and its own steps */

/**
 * The steps of two runs in one ascending list, and where each of theirs is in it.
 * @param {number[]} a @param {number[]} b both ascending
 */
function merged(a, b) {
  /** @type {number[]} */
  const xs = []
  const at = /** @type {[number[], number[]]} */ ([[], []])
  for (let i = 0, k = 0; i < a.length || k < b.length;) {
    const x = Math.min(a[i] ?? Infinity, b[k] ?? Infinity)
    if (a[i] === x) at[0][i++] = xs.length
    if (b[k] === x) at[1][k++] = xs.length
    xs.push(x)
  }
  return { xs, at }
}

/** The values of a line in a longer list, null where it has none. @param {(number | null)[]} values @param {number[]} at their places @param {number} length */
function placed(values, at, length) {
  const all = /** @type {(number | null)[]} */ (Array(length).fill(null))
  values.forEach((value, i) => (all[at[i]] = value))
  return all
}

export class LineChart extends Chart {
  #lab

  /** @param {import('../lab/lab.js').Lab} lab @param {Omit<import('./chart.js').ChartOptions, 'range' | 'now'>} options */
  constructor(lab, options) {
    super(lab, {
      ...options, x: 'step', sync: 'steps', leastX: 50, marks: () => lab.marks, now: (steps, lines) => this.#now(steps, lines),
      range: (low, high, log) => (!(high >= low) ? (log ? [0.001, 10] : [0, 2.5]) : log ? [Math.max(1e-6, Math.min(low, 0.1) / 2), high * 1.3] : [0, high * 1.08]),
    })
    this.#lab = lab
  }

  /**
   * @param {number[]} steps @param {number[]} raw @param {number[]} smoothed
   * @param {(number | null)[]} tests @param {(number | null)[]} [validation] if a part is held out @param {Ghost} [ghost]
   */
  show(steps, raw, smoothed, tests, validation, ghost) {
    const { xs, at: [here, there] } = ghost ? merged(steps, ghost.steps) : { xs: steps, at: [[], []] }
    const own = (/** @type {(number | null)[]} */ values) => (ghost ? placed(values, here, xs.length) : values)
    /** @type {import('./chart.js').Series[]} */
    const before = []
    if (ghost) {
      const name = said.previous(ghost.label)
      before.push({ ...ghostStyle, name, values: placed(ghost.values, there, xs.length) },
        { ...ghostStyle, name: said.testOf(name), faint: name, tip: said.testOf(name), dots: true, values: placed(ghost.tests, there, xs.length) })
    }
    this.draw(xs, [
      ...before,
      { name: said.trainingPoint, faint: said.training, tip: said.thisPoint, colour: '--series-train', values: own(raw) },
      { name: said.training, colour: '--series-train', values: own(smoothed) },
      ...(validation ? [{ name: said.validation, colour: '--series-validation', dash: [2, 4], dots: true, values: own(validation) }] : []),
      { name: said.test, colour: '--series-test', dash: [6, 4], dots: true, values: own(tests) },
    ])
  }

  /** The latest values with their moments. @param {number[]} steps @param {import('./chart.js').Series[]} series */
  #now(steps, series) {
    return series.filter(({ faint, ghost }) => !faint && !ghost).reverse().flatMap(({ name, values }) => {
      const at = values.map((value) => value !== null).lastIndexOf(true)
      if (at < 0) return []
      const epoch = name === said.training ? undefined : this.#lab.epochs.find(({ step }) => step === steps[at])?.epoch
      return [said.now(name, this.options.format(Number(values[at])), epoch === undefined ? axes.step.at(steps[at]) : axes.epoch.at(epoch))]
    }).join(said.join)
  }
}
