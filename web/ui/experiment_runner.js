// Carries out experiments in a worker of their own, so that the page's run goes on untouched. The worker starts with
// the first of them and keeps its data set for the next.
import { createEngine } from '../engine/engine.js'

export class ExperimentRunner {
  /** @type {Promise<import('../engine/engine.js').Engine> | undefined} */
  #engine
  /** Counts the experiments: one that is not the latest has been stopped. */
  #latest = 0

  /**
   * @param {string} kind "race" or "lessons"
   * @param {import('../engine/protocol.js').Config} config what all runs begin from
   * @param {[string, string][]} flags
   * @param {(progress: any) => void} onProgress told after every few hundredths of a second
   * @returns {Promise<boolean>} whether it came to its end
   */
  async run(kind, config, flags, onProgress) {
    const mine = ++this.#latest
    this.#engine ??= createEngine({ oneThread: true }).catch((error) => {
      this.#engine = undefined
      throw error
    })
    const engine = await this.#engine
    if (mine !== this.#latest) return false
    let progress = await engine.startExperiment(kind, config, flags)
    while (mine === this.#latest) {
      onProgress(progress)
      if (progress.event === 'done') return true
      progress = await engine.advanceExperiment()
    }
    return false
  }

  /** Ends it after the part that is being worked on. */
  stop() {
    this.#latest += 1
  }
}
