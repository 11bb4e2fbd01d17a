// Keeps a run in a file from Node: writes beside it, has that brought to the disk and renames, so that its name stands
// for the old file or the new one whatever happens.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname } from 'node:path'

/** @param {string} path @param {Uint8Array} bytes */
export function replaceFile(path, bytes) {
  const part = `${path}.part`
  try {
    const file = openSync(part, 'w')
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** Why the system refused, as the native program says it: ENOSPC is "No space left on device". @param {any} error */
function reason(error) {
  const text = String(error?.message ?? error).replace(/^E[A-Z]+: /, '').replace(/, \w+(?: '.*)?$/, '')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

export class Keeper {
  #path
  #session
  #told = false
  /** @type {NodeJS.Signals | ''} the signal that asked the run to stop */
  signal = ''

  /** @param {string} path '': nothing is kept, and signals end the program @param {import('../core.js').Session} session */
  constructor(path, session) {
    this.#path = path
    this.#session = session
    if (!path) return
    // A second one ends the program at once.
    for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(name, () => void (this.signal = name))
  }

  /** Writes the checkpoint. A file that cannot be written is said once, and training goes on. */
  save() {
    if (!this.#path) return true
    try {
      replaceFile(this.#path, this.#session.checkpoint())
      this.#told = false
      return true
    } catch (error) {
      const words = `checkpoint: ${JSON.stringify(this.#path)} cannot be written: ${reason(error)}`
      if (!this.#told) process.stderr.write(`warning: ${words}; training goes on, and the checkpoint before is kept\n`)
      this.#told = true
      return false
    }
  }

  /** After a signal: keeps the run and says so. @param {NodeJS.WriteStream} text */
  stop(text) {
    const saved = this.save()
    const { step, epoch } = this.#session.position()
    const then = saved ? ': go on with --resume ' : '; the run could not be kept in '
    text.write(`Interrupted at step ${step} (epoch ${epoch})${then}${this.#path}\n`)
    process.exitCode = 128 + constants.signals[/** @type {NodeJS.Signals} */ (this.signal)]
  }
}

/** Milliseconds of training between two looks at whether a signal came. */
const slice = 20

/** Lets signals through now and then: resolves at once in between. */
export function breather() {
  let last = Date.now()
  return async () => {
    if (Date.now() - last < slice) return
    await new Promise((done) => setImmediate(done))
    last = Date.now()
  }
}
