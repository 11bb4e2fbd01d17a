// Writes a run to the file of --checkpoint, from Node, and lets signals stop it.
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { removeParts, resolveLinks, warnOutput, writeWhole } from './output.mjs'
import { FileLock } from './lock.mjs'
import { printable } from './usage_error.mjs'

export class CheckpointWriter {
  #path
  #session
  /** @type {FileLock | undefined} */
  #lock
  #told = false
  /** There is a checkpoint, of this run or an earlier one. */
  #exists = false
  /** @type {NodeJS.Signals | ''} the signal that asked the run to stop */
  signal = ''

  /**
   * Throws if another process writes its run there.
   * @param {string} path '': nothing is written, and signals end the program @param {import('../engine/worker/core.js').Session} session
   */
  constructor(path, session) {
    this.#path = path
    this.#session = session
    if (!path) return
    const file = resolveLinks(path)
    this.#lock = new FileLock('checkpoint', file)
    removeParts(path)
    this.#exists = existsSync(file)
    // A second one ends the program at once.
    for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.once(name, () => void (this.signal = name))
  }

  /** Writes the checkpoint. A failure is reported once, and training continues. */
  save() {
    if (!this.#path) return true
    try {
      writeWhole('checkpoint', this.#path, this.#session.checkpoint())
      this.#told = false
      this.#exists = true
      return true
    } catch (error) {
      const there = this.#exists ? 'and the checkpoint before is kept' : 'and no checkpoint is there'
      if (!this.#told) warnOutput(`${error instanceof Error ? error.message : error}; training continues, ${there}`)
      this.#told = true
      return false
    }
  }

  /** Shows other processes that this one is alive. */
  touch() {
    this.#lock?.touch()
  }

  /** After a signal: writes the run and says so. @param {NodeJS.WriteStream} text */
  stop(text) {
    const saved = this.save()
    const { step, epoch } = this.#session.position()
    const then = saved ? ': resume with --resume ' : '; the run could not be kept in '
    text.write(`Interrupted at step ${step} (epoch ${epoch})${then}${printable(this.#path)}\n`)
    process.exitCode = 128 + constants.signals[/** @type {NodeJS.Signals} */ (this.signal)]
  }
}
