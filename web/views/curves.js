// Loss and accuracy over the steps: training batches, faint as they come and bold when smoothed; at the end of each epoch
// the test set, and the validation set where one is held out; a mark for every change made while it ran.
import { h } from '../dom/dom.js'
import { explain, math } from '../dom/explain.js'
import { loss, percent } from '../dom/format.js'
import { Legend } from '../charts/legend.js'
import { LineChart } from '../charts/line_chart.js'
import { smooth } from '../lab/series.js'
import { View } from './view.js'

/** Milliseconds between two drawings while training. */
const drawEvery = 80

class CurvesView extends View {
  #smoothing = h('input', { type: 'range', min: '0', max: '0.99', step: '0.01', value: '0.9', oninput: () => this.#draw() })
  #log = h('input', { type: 'checkbox', role: 'switch', onchange: () => {
    this.#loss.setLog(this.#log.checked)
    this.#draw()
  } })
  #empty = h('p', { class: 'empty chart-empty' }, 'Press Train. The loss falls here within a second or two, one point every few steps; the test set joins at the end of each epoch.')
  /** @type {LineChart} */
  #loss = /** @type {any} */ (undefined)
  /** @type {LineChart} */
  #accuracy = /** @type {any} */ (undefined)
  #drawn = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later

  build() {
    const marks = () => this.lab.marks
    const legend = new Legend()
    this.#loss = new LineChart({ title: 'Loss', format: loss, marks, top: 'data', legend })
    this.#accuracy = new LineChart({ title: 'Accuracy', format: (value) => percent(value, 2), marks, top: 1, legend })
    this.append(
      h('div', { class: 'chart-tools' },
        legend.element,
        h('label', {}, 'Smoothing ', this.#smoothing), h('label', { class: 'switch-label' }, this.#log, 'Log loss')),
      h('div', { class: 'charts' }, this.#loss.element, this.#accuracy.element, this.#empty),
      explain({
        what: ['The loss is the cross-entropy ', math(['mo', '−'], ['mi', 'log'], ['msub', ['mi', 'p'], ['mi', 'label']]), ', the mean over a batch; accuracy is the share of images whose most probable class is right. Bold is a moving average of what is faint.'],
        look: 'Training that goes on falling while the test dots rise: it learns the images by heart. A loss that jumps or stays at 2.3, as of guessing: the rate is too large, or units have died.',
        attempt: 'Move the learning rate while it trains; a mark shows where. On the logarithmic axis late progress can be seen.',
      }))
    this.lab.on('progress', () => this.#drawSoon())
    this.lab.on('epoch', () => this.#drawSoon())
    this.lab.on('state', () => this.#drawSoon())
    this.lab.on('settings', () => this.#drawSoon())
    this.lab.on('run', () => this.#draw())
    this.lab.on('theme', () => {
      this.#loss.restyle()
      this.#accuracy.restyle()
    })
    this.#draw()
  }

  seenChanged() {
    if (this.seen) this.#draw()
  }

  #drawSoon() {
    if (!this.seen || this.#later !== undefined) return
    this.#later = setTimeout(() => {
      this.#later = undefined
      this.#draw()
    }, Math.max(0, drawEvery - (performance.now() - this.#drawn)))
  }

  #draw() {
    this.#drawn = performance.now()
    const { points, epochs, run } = this.lab
    const weight = Number(this.#smoothing.value)
    const at = new Map(epochs.map((epoch) => [epoch.step, epoch]))
    const scores = points.step.map((step) => at.get(step))
    const heldOut = run.config.validation > 0 || epochs.some(({ validationLoss }) => validationLoss !== undefined)
    this.#empty.hidden = points.step.length > 0
    this.#loss.show(points.step, points.loss, smooth(points.loss, weight), scores.map((epoch) => epoch?.testLoss ?? null),
      heldOut ? scores.map((epoch) => epoch?.validationLoss ?? null) : undefined)
    this.#accuracy.show(points.step, points.accuracy, smooth(points.accuracy, weight), scores.map((epoch) => epoch?.testAccuracy ?? null),
      heldOut ? scores.map((epoch) => epoch?.validationAccuracy ?? null) : undefined)
  }
}
customElements.define('rl-curves', CurvesView)
