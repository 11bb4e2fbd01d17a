// Loss and accuracy over the steps: training batches, raw (faint) and smoothed (bold); the test set, and the validation
// set if one is held out, at the end of each epoch; a mark for each change made while training; the previous run behind.
import { LineChart } from '../charts/line_chart.js'
import { Zoom } from '../charts/zoom.js'
import { h } from '../dom/dom.js'
import { loss, percent } from '../dom/format.js'
import { Legend } from '../charts/legend.js'
import { words } from '../words/words.js'
import { explain } from './explain.js'
import { LiveCurves } from './live_curves.js'

const own = words.curves.curves

export default class CurvesView extends LiveCurves {
  #smoothing = h('input', { type: 'range', min: '0', max: '0.99', step: '0.01', value: '0.9', 'aria-label': own.smoothing, oninput: () => this.update() })
  /** What the smoothing does. */
  #window = h('span', { class: 'smoothing-words' })
  #log = h('input', { type: 'checkbox', role: 'switch', onchange: () => {
    this.#loss.setLog(this.#log.checked)
    this.update()
  } })
  #legend = new Legend()
  #zoom = new Zoom()
  #loss = new LineChart(this.lab, { title: own.loss, format: loss, legend: this.#legend, zoom: this.#zoom, empty: own.emptyLoss })
  #accuracy = new LineChart(this.lab, { title: own.accuracy, format: percent, share: true, legend: this.#legend, zoom: this.#zoom, empty: own.emptyAccuracy })

  build() {
    this.append(
      h('div', { class: 'chart-tools' }, this.#legend.element,
        h('label', {}, this.#window, this.#smoothing), this.#zoom.element, h('label', { class: 'switch-label' }, this.#log, own.logLoss)),
      h('div', { class: 'charts' }, this.#loss.element, this.#accuracy.element),
      explain(own.explain))
    super.build()
  }

  show() {
    const { epochs, run } = this.lab
    const weight = Number(this.#smoothing.value)
    const number = Math.round(1 / (1 - weight))
    this.#window.textContent = number > 1 ? own.smoothingOf(number) : own.noSmoothing
    const heldOut = run.config.validation > 0 || epochs.some(({ validationLoss }) => validationLoss !== undefined)
    this.draw(this.#loss, 'loss', weight, heldOut)
    this.draw(this.#accuracy, 'accuracy', weight, heldOut)
  }
}
