// The first screen's curves: accuracy and loss of the run, and of the run before in grey.
import { LineChart } from '../charts/line_chart.js'
import { Zoom } from '../charts/zoom.js'
import { h, say } from '../dom/dom.js'
import { loss, percent } from '../dom/format.js'
import { Legend } from '../charts/legend.js'
import { words } from '../words/words.js'
import { explain } from './explain.js'
import { lowFrame } from './activation.js'
import { LiveCurves } from './live_curves.js'

const own = words.curves.learning

/** Of the training lines. */
const smoothing = 0.97

export default class LearningView extends LiveCurves {
  #finding = h('p', { class: 'finding' })
  #legend = new Legend()
  #zoom = new Zoom()
  #shared = { legend: this.#legend, zoom: this.#zoom, plain: true, empty: own.empty }
  #accuracy = new LineChart(this.lab, { ...this.#shared, title: own.accuracy, format: percent, share: true, height: innerHeight < lowFrame ? 110 : 160 })
  #loss = new LineChart(this.lab, { ...this.#shared, title: own.loss, format: loss, height: innerHeight < lowFrame ? 110 : 150 })

  build() {
    this.append(h('header', { class: 'stage-head' }, h('h2', {}, own.title), this.#zoom.element), this.#finding, this.#accuracy.element, this.#loss.element, explain(own.explain))
    super.build()
  }

  show() {
    const { points, epochs, ghost } = this.lab
    const last = epochs.at(-1)
    const finding = last ? own.scored(percent(last.testAccuracy), last.epoch) : points.step.length > 0 ? own.later : own.start
    say(this.#finding, ghost ? own.withGhost(finding, ghost.label) : finding)
    this.draw(this.#accuracy, 'accuracy', smoothing, false)
    this.draw(this.#loss, 'loss', smoothing, false)
  }
}
