// What the views of loss and accuracy share: they update a few times a second while training, as often as it costs little,
// and keep the smoothed lines from one update to the next, of the run and of the run before.
import { smoother } from '../lab/series.js'
import { View } from './view.js'

/** @import { EpochResult } from '../engine/protocol.js' */

/** Largest share of the time that drawing may take while training, 0 to 1. */
const share = 0.02

/** A smoothed line that grows with its points. */
class Smoothed {
  /** @type {number[]} */
  #points = []
  #weight = 0
  #next = smoother(0)
  /** @type {number[]} */
  #values = []

  /** @param {number[]} points the same list as before, perhaps longer, or another @param {number} weight see smoother() */
  of(points, weight) {
    if (points !== this.#points || weight !== this.#weight || points.length < this.#values.length) {
      this.#points = points
      this.#weight = weight
      this.#next = smoother(weight)
      this.#values = []
    }
    for (let i = this.#values.length; i < points.length; i++) this.#values.push(this.#next(points[i]))
    return this.#values
  }
}

/** A score of each epoch at the step where the epoch ends, null elsewhere. @param {number[]} steps @param {EpochResult[]} epochs @param {'testLoss' | 'testAccuracy' | 'validationLoss' | 'validationAccuracy'} name */
function scoresAt(steps, epochs, name) {
  const values = /** @type {(number | null)[]} */ (Array(steps.length).fill(null))
  for (const epoch of epochs) {
    const at = steps.lastIndexOf(epoch.step)
    if (at >= 0) values[at] = epoch[name] ?? null
  }
  return values
}

/** The columns of a chart. */
const columns = /** @type {const} */ ({ loss: { test: 'testLoss', validation: 'validationLoss' }, accuracy: { test: 'testAccuracy', validation: 'validationAccuracy' } })

export class LiveCurves extends View {
  /** When the next update may be. */
  #next = 0
  #smoothed = { loss: new Smoothed(), accuracy: new Smoothed() }
  #before = { loss: new Smoothed(), accuracy: new Smoothed() }

  /** Draws the lines. */
  show() {}

  update() {
    const before = performance.now()
    this.show()
    const after = performance.now()
    this.#next = after + (after - before) / share
  }

  build() {
    this.lab.on('progress', () => this.seen && performance.now() >= this.#next && this.update())
    this.lab.onEach(['epoch', 'state', 'settings'], () => this.seen && this.update())
    this.lab.onEach(['run', 'ghost'], () => this.update())
    this.update()
  }

  /**
   * Draws one chart.
   * @param {import('../charts/line_chart.js').LineChart} chart @param {'loss' | 'accuracy'} what @param {number} weight of the smoothing @param {boolean} heldOut whether to draw the validation set
   */
  draw(chart, what, weight, heldOut) {
    const { points, epochs, ghost } = this.lab
    const { test, validation } = columns[what]
    chart.show(points.step, points[what], this.#smoothed[what].of(points[what], weight), scoresAt(points.step, epochs, test),
      heldOut ? scoresAt(points.step, epochs, validation) : undefined,
      ghost ? { label: ghost.label, steps: ghost.points.step, values: this.#before[what].of(ghost.points[what], weight), tests: scoresAt(ghost.points.step, ghost.epochs, test) } : undefined)
  }
}
