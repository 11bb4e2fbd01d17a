// Loss and accuracy over the steps: training batches, raw (faint) and smoothed (bold); the test set, and the validation
// set if one is held out, at the end of each epoch; a mark for each change made while training.
import { Chart } from '../charts/chart.js'
import { explain, h } from '../dom/dom.js'
import { loss, percent } from '../dom/format.js'
import { Legend } from '../charts/legend.js'
import { smooth } from '../lab/series.js'
import { View } from './view.js'

/** Milliseconds between two updates while training. */
const drawEvery = 80

/** The chart of one quantity: a faint line of raw values, a bold smoothed line, and validation and test values as dots. */
export class LineChart extends Chart {
  /**
   * @param {import('../lab/lab.js').Lab} lab @param {Omit<import('../charts/chart.js').ChartOptions, 'range'> & {top?: 1}} options
   *   top: the end of the value axis, which has percentages then; default: what the values need
   */
  constructor(lab, { top, ...options }) {
    const { title, format } = options
    super(lab, {
      ...options, x: 'Step', sync: 'steps', leastX: 50, marks: () => lab.marks,
      tick: (value, log) => (top ? `${Math.round(100 * value)}%` : log ? value.toPrecision(1) : String(Number(value.toPrecision(3)))),
      range: (low, high, log) => (top ? [0, top] : !(high >= low) ? (log ? [0.001, 10] : [0, 2.5])
        : log ? [Math.max(1e-6, Math.min(low, 0.1) / 2), high * 1.3] : [0, high * 1.08]),
      describe: (steps, [, ...lines]) => {
        const ends = lines.map(({ name, values }) => ({ name, value: values.filter((value) => value !== null).at(-1) })).filter(({ value }) => value !== undefined)
        return steps.length === 0 ? `${title}, no data yet`
          : `${title} over ${steps.at(-1)} steps: ${ends.map(({ name, value }) => `${name.toLowerCase()} ${format(Number(value))}`).join(', ')}`
      },
    })
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

export default class CurvesView extends View {
  #smoothing = h('input', { type: 'range', min: '0', max: '0.99', step: '0.01', value: '0.9', oninput: () => this.update() })
  #log = h('input', { type: 'checkbox', role: 'switch', onchange: () => {
    this.#loss.setLog(this.#log.checked)
    this.update()
  } })
  #empty = h('p', { class: 'empty chart-empty' }, 'Press Train. Within a second or two the loss appears here, one point every few steps. The score of the test set is added at the end of each epoch.')
  #legend = new Legend()
  #loss = new LineChart(this.lab, { title: 'Loss', format: loss, legend: this.#legend })
  #accuracy = new LineChart(this.lab, { title: 'Accuracy', format: percent, top: 1, legend: this.#legend })
  #drawn = 0
  #later = 0

  build() {
    this.append(
      h('div', { class: 'chart-tools' }, this.#legend.element,
        h('label', {}, 'Smoothing ', this.#smoothing), h('label', { class: 'switch-label' }, this.#log, 'Log loss')),
      h('div', { class: 'charts' }, this.#loss.element, this.#accuracy.element, this.#empty),
      explain({
        what: 'The loss is the cross-entropy $−log p_label$, averaged over a batch. Accuracy is the share of images whose most probable class is correct. The bold line is a moving average of the faint one.',
        look: 'A training loss that keeps falling while the test loss rises: the network memorises the images (overfitting). A loss that jumps, or stays at 2.3, the value of guessing: the learning rate is too high, or units have died.',
        attempt: 'Change the learning rate during training; a mark shows the step. Switch on Log loss to see late progress.',
      }))
    this.lab.onEach(['progress', 'epoch', 'state', 'settings'], () => {
      if (!this.seen || this.#later) return
      this.#later = window.setTimeout(() => {
        this.#later = 0
        this.update()
      }, Math.max(0, drawEvery - (performance.now() - this.#drawn)))
    })
    this.lab.on('run', () => this.update())
    this.update()
  }

  update() {
    this.#drawn = performance.now()
    const { points, epochs, run } = this.lab
    const weight = Number(this.#smoothing.value)
    const at = new Map(epochs.map((epoch) => [epoch.step, epoch]))
    const scores = points.step.map((step) => at.get(step))
    const heldOut = run.config.validation > 0 || epochs.some(({ validationLoss }) => validationLoss !== undefined)
    this.#empty.hidden = points.step.length > 0
    for (const [chart, raw, test, validation] of /** @type {const} */ ([
      [this.#loss, points.loss, 'testLoss', 'validationLoss'], [this.#accuracy, points.accuracy, 'testAccuracy', 'validationAccuracy']])) {
      const of = (/** @type {typeof test | typeof validation} */ name) => scores.map((epoch) => epoch?.[name] ?? null)
      chart.show(points.step, raw, smooth(raw, weight), of(test), heldOut ? of(validation) : undefined)
    }
  }
}
