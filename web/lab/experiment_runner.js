// Carries out experiments in a worker of their own, so that the page's run goes on untouched. The worker starts with
// the first of them and keeps its data set for the next; it is given the files of own data, and ends when others are wanted.
import { createEngine } from '../engine/engine.js'
import { bytesOfAll } from './file_bytes.js'

/** @typedef {import('../controls/own_data.js').Found} Found */
/** @typedef {import('../engine/engine.js').Engine} Engine */

export class ExperimentEngine {
  #filesOf
  /** @type {Promise<Engine> | undefined} */
  #engine
  /** Those that it was given. @type {Found[] | undefined} */
  #files

  /** @param {(data: string) => Found[] | undefined} filesOf of what own data sets are made */
  constructor(filesOf) {
    this.#filesOf = filesOf
  }

  /** One that knows the data set. @param {string} data its name @returns {Promise<Engine>} */
  open(data) {
    const files = this.#filesOf(data)
    if (this.#engine && files !== this.#files) {
      this.#engine.then((engine) => engine.close(), () => {})
      this.#engine = undefined
    }
    this.#files = files
    this.#engine ??= begin(data, files).catch((error) => {
      this.#engine = undefined
      throw error
    })
    return this.#engine
  }
}

/** @param {string} data @param {Found[]} [files] */
async function begin(data, files) {
  const given = files && await bytesOfAll(files)
  const engine = await createEngine({ oneThread: true })
  try {
    if (given) await engine.addData(data, given)
  } catch (error) {
    engine.close()
    throw error
  }
  return engine
}

export class ExperimentRunner {
  #engines
  /** Counts the experiments: one that is not the latest has been stopped. */
  #latest = 0

  /** @param {(data: string) => Found[] | undefined} filesOf */
  constructor(filesOf) {
    this.#engines = new ExperimentEngine(filesOf)
  }

  /**
   * @param {string} kind "race" or "lessons"
   * @param {import('../engine/protocol.js').Config} config what all runs begin from
   * @param {[string, string][]} flags
   * @param {(progress: any) => void} onProgress told after every few hundredths of a second
   * @param {{from?: Uint8Array}} [files] see engine.startExperiment()
   * @returns {Promise<boolean>} whether it came to its end
   */
  async run(kind, config, flags, onProgress, files) {
    const mine = ++this.#latest
    try {
      const engine = await this.#engines.open(config.data)
      if (mine !== this.#latest) return false
      let progress = await engine.startExperiment(kind, config, flags, files)
      while (mine === this.#latest) {
        onProgress(progress)
        if (progress.event === 'done') return true
        progress = await engine.advanceExperiment()
      }
    } catch (error) {
      // What ended with its worker was stopped before.
      if (mine === this.#latest) throw error
    }
    return false
  }

  /** Ends it after the part that is being worked on. */
  stop() {
    this.#latest += 1
  }
}
