// Loss and accuracy over the steps: training batches, raw (faint) and smoothed (bold); the test set, and the validation
// set if one is held out, at the end of each epoch; a mark for each change made while training.
import { explain, h, math } from '../dom/dom.js'
import { loss, percent } from '../dom/format.js'
import { Legend } from '../charts/legend.js'
import { LineChart } from '../charts/line_chart.js'
import { smooth } from '../lab/series.js'
import { View } from './view.js'

/** Milliseconds between two updates while training. */
const drawEvery = 80

class CurvesView extends View {
  #smoothing = h('input', { type: 'range', min: '0', max: '0.99', step: '0.01', value: '0.9', oninput: () => this.#draw() })
  #log = h('input', { type: 'checkbox', role: 'switch', onchange: () => {
    this.#loss.setLog(this.#log.checked)
    this.#draw()
  } })
  #empty = h('p', { class: 'empty chart-empty' }, 'Press Train. Within a second or two the loss appears here, one point every few steps. The score of the test set is added at the end of each epoch.')
  #legend = new Legend()
  #marks = () => this.lab.marks
  #loss = new LineChart({ title: 'Loss', format: loss, marks: this.#marks, top: 'data', legend: this.#legend })
  #accuracy = new LineChart({ title: 'Accuracy', format: percent, marks: this.#marks, top: 1, legend: this.#legend })
  #drawn = 0
  #later = 0

  build() {
    this.append(
      h('div', { class: 'chart-tools' }, this.#legend.element,
        h('label', {}, 'Smoothing ', this.#smoothing), h('label', { class: 'switch-label' }, this.#log, 'Log loss')),
      h('div', { class: 'charts' }, this.#loss.element, this.#accuracy.element, this.#empty),
      explain({
        what: ['The loss is the cross-entropy ', math(['mo', '−'], ['mi', 'log'], ['msub', ['mi', 'p'], ['mi', 'label']]), ', averaged over a batch. Accuracy is the share of images whose most probable class is correct. The bold line is a moving average of the faint one.'],
        look: 'A training loss that keeps falling while the test loss rises: the network memorises the images (overfitting). A loss that jumps, or stays at 2.3, the value of guessing: the learning rate is too high, or units have died.',
        attempt: 'Change the learning rate during training; a mark shows the step. Switch on Log loss to see late progress.',
      }))
    this.lab.onEach(['progress', 'epoch', 'state', 'settings'], () => {
      if (!this.seen || this.#later) return
      this.#later = window.setTimeout(() => {
        this.#later = 0
        this.#draw()
      }, Math.max(0, drawEvery - (performance.now() - this.#drawn)))
    })
    this.lab.on('run', () => this.#draw())
    this.lab.on('theme', () => [this.#loss, this.#accuracy].forEach((chart) => chart.restyle()))
    this.#draw()
  }

  seenChanged() {
    if (this.seen) this.#draw()
  }

  #draw() {
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
customElements.define('rl-curves', CurvesView)
