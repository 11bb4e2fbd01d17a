// The values that a run's messages add to the core's: thinned chart points, speed, and remaining time.

/** Charts get at most about this many points of a whole run; each is the mean of a few steps. */
const maxPoints = 6000
/** Speed is averaged over about this time, in milliseconds, so that it is steady enough to read. */
const speedWindow = 1500

export class Meter {
  /** @type {number[]} */
  #points = []
  #bucket = { steps: 0, samples: 0, loss: 0, accuracy: 0, last: 0 }
  #stepsPerPoint
  #window = { samples: 0, wall: 0 }
  #scoringTime = 0
  /** Milliseconds that scoring the test set took, the last time. */
  #lastScoring = 0

  /** @param {number} totalSteps */
  constructor(totalSteps) {
    this.#stepsPerPoint = Math.max(1, Math.ceil(totalSteps / maxPoints))
  }

  /** A training step was made. @param {{step: number, loss: number, accuracy: number}} result @param {number} samples in this step */
  addStep(result, samples) {
    const bucket = this.#bucket
    bucket.steps += 1
    bucket.samples += samples
    bucket.loss += result.loss * samples
    bucket.accuracy += result.accuracy * samples
    bucket.last = result.step
    if (bucket.steps >= this.#stepsPerPoint) this.closePoint()
    this.#window.samples += samples
  }

  /** A part of the test set was scored. @param {number} milliseconds @param {boolean} last */
  addScoring(milliseconds, last) {
    this.#scoringTime += milliseconds
    if (!last) return
    this.#lastScoring = this.#scoringTime
    this.#scoringTime = 0
  }

  /** Adds time of training. Single steps are not timed: some browsers' clocks are too coarse. @param {number} milliseconds */
  addWallTime(milliseconds) {
    const window = this.#window
    window.wall += milliseconds
    if (window.wall < 2 * speedWindow) return
    this.#window = { samples: window.samples / 2, wall: window.wall / 2 }
  }

  /** Ends the current point, as at a pause or the end of an epoch. */
  closePoint() {
    const { steps, samples, loss, accuracy, last } = this.#bucket
    if (steps === 0) return
    this.#points.push(last, loss / samples, accuracy / samples)
    this.#bucket = { steps: 0, samples: 0, loss: 0, accuracy: 0, last: 0 }
  }

  /** The points since the last call. */
  takePoints() {
    const points = Float64Array.from(this.#points)
    this.#points = []
    return points
  }

  get samplesPerSecond() {
    const { samples, wall } = this.#window
    return wall > 0 ? (1000 * samples) / wall : 0
  }

  /** @param {number} samples still to be trained on @param {number} epochs still to be scored */
  secondsLeft(samples, epochs) {
    const { samples: trained, wall } = this.#window
    return wall > 0 && trained > 0 ? (samples * wall) / trained / 1000 + (epochs * this.#lastScoring) / 1000 : NaN
  }
}
