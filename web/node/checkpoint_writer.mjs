// Writes a run to the file of --checkpoint, from Node, and lets signals stop it.
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { removeParts, resolveLinks, warnOutput, writeWhole } from './output.mjs'
import { FileLock } from './lock.mjs'
import { printable } from './usage_error.mjs'

/**
 * Throws if another process writes its run there.
 * @param {string} path '': nothing is written, and signals end the program @param {import('../engine/worker/core.js').Session} session
 */
export function openCheckpoint(path, session) {
  const file = resolveLinks(path)
  const lock = path ? new FileLock('checkpoint', file) : undefined
  if (path) removeParts(path)
  /** There is a checkpoint, of this run or an earlier one. */
  let exists = existsSync(file)
  let told = false
  const writer = {
    /** The signal that asked the run to stop. @type {NodeJS.Signals | ''} */
    signal: '',

    /** Writes the checkpoint. A failure is reported once, and training continues. */
    save() {
      if (!path) return true
      try {
        writeWhole('checkpoint', path, session.checkpoint())
        exists = true
        told = false
        return true
      } catch (error) {
        const there = exists ? 'and the checkpoint before is kept' : 'and no checkpoint is there'
        if (!told) warnOutput(`${error instanceof Error ? error.message : error}; training continues, ${there}`)
        told = true
        return false
      }
    },

    /** Shows other processes that this one is alive. */
    touch: () => lock?.touch(),

    /** After a signal: writes the run and says so. @param {NodeJS.WriteStream} text */
    stop(text) {
      const then = writer.save() ? ': resume with --resume ' : '; the run could not be kept in '
      const { step, epoch } = session.position()
      text.write(`Interrupted at step ${step} (epoch ${epoch})${then}${printable(path)}\n`)
      if (writer.signal) process.exitCode = 128 + constants.signals[writer.signal]
    },
  }
  // A second one ends the program at once.
  for (const name of path ? /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']) : []) process.once(name, () => void (writer.signal = name))
  return writer
}
