// Runs experiments in a separate worker, so that they do not disturb the current run. The worker starts with the first
// experiment and keeps its data set for the next ones. An experiment on other files of the user's data restarts it.
import { createEngine } from '../engine/engine.js'
import { bytesOfAll } from './file_bytes.js'

/** @import { Engine } from '../engine/engine.js' */
/** @import { Found } from './file_bytes.js' */

export class ExperimentEngine {
  #ownFiles
  /** @type {Promise<Engine> | undefined} */
  #engine
  /** The user's files that the engine has loaded. @type {Found[] | undefined} */
  #files

  /** @param {Map<string, Found[]>} ownFiles the files of the user's data sets, by name */
  constructor(ownFiles) {
    this.#ownFiles = ownFiles
  }

  /** An engine that has the data set. @param {string} data name of the data set @returns {Promise<Engine>} */
  open(data) {
    const files = this.#ownFiles.get(data)
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
  if (given) await engine.addData(data, given).catch((error) => {
    engine.close()
    throw error
  })
  return engine
}

export class ExperimentRunner extends ExperimentEngine {
  /** Number of the latest experiment. Earlier ones are stopped. */
  #latest = 0

  /**
   * Returns whether the experiment was completed.
   * @param {string} kind "race" or "lessons" @param {import('../engine/protocol.js').Config} config base configuration of all runs
   * @param {[string, string][]} flags @param {(progress: any) => void} onProgress called several times a second
   * @param {{from?: Uint8Array}} [files] see engine.startExperiment()
   */
  async run(kind, config, flags, onProgress, files) {
    const mine = ++this.#latest
    try {
      const engine = await this.open(config.data)
      if (mine !== this.#latest) return false
      let progress = await engine.startExperiment(kind, config, flags, files)
      while (mine === this.#latest) {
        onProgress(progress)
        if (progress.event === 'done') return true
        progress = await engine.advanceExperiment()
      }
    } catch (error) {
      // An error of a stopped experiment is expected when its worker ends.
      if (mine === this.#latest) throw error
    }
    return false
  }

  /** Stops the experiment after the current part. */
  stop() {
    this.#latest += 1
  }
}
