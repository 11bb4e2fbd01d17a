// Files that commands read and write: one sentence about each that cannot be, before the work begins. As natively
// (native/files/output.h).
import {
  accessSync, chmodSync, closeSync, constants, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, readdirSync, readlinkSync, realpathSync,
  renameSync, rmSync, statSync, writeSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { FileLock, reasonOf } from './lock.mjs'
import { UsageError, inQuotes, printable } from './usage_error.mjs'

/** The exit code of a program that has done its work but could not write all of it. */
const outputFailed = 3

/** What a file that is read whole may have. */
export const mostBytes = { config: 2 ** 20, rows: 2 ** 30, checkpoint: 2 ** 32 }

/** Says on standard error what could not be written, and makes the program end with exit code 3. @param {string} sentence */
export function warnOutput(sentence) {
  process.exitCode ||= outputFailed
  process.stderr.write(`warning: ${printable(sentence)}\n`)
}

/** @param {string} flag @param {string} path @param {string} reason */
const unwritten = (flag, path, reason) => `${flag}: ${inQuotes(path)} cannot be written: ${reason}`

/**
 * A regular file's bytes; one that cannot be read is told by the flag that names it.
 * @param {string} flag
 * @param {string} path
 * @param {number} [most] bytes
 */
export function readBytes(flag, path, most = mostBytes.rows) {
  const refuse = (/** @type {string} */ reason) => new UsageError(`${flag}: ${inQuotes(path)} cannot be read: ${reason}`)
  try {
    // Looked at before it is opened: opening a pipe would wait for somebody to write into it.
    const about = statSync(path)
    if (about.isDirectory()) throw refuse('it is a folder')
    if (!about.isFile()) throw refuse('it is not a regular file')
    if (about.size > most) throw refuse(`it has ${about.size} bytes; at most ${most} are allowed`)
    return new Uint8Array(readFileSync(path))
  } catch (error) {
    throw error instanceof UsageError ? error : refuse(reasonOf(error))
  }
}

/** The file that a path leads to through symbolic links; the last of them may lead to nothing yet. @param {string} path */
export function resolveLinks(path) {
  let at = path
  for (let k = 0; k < 40; k += 1) {
    try {
      const target = readlinkSync(at)
      at = isAbsolute(target) ? target : join(dirname(at), target)
    } catch {
      return at
    }
  }
  return at
}

/** Of what is added to a name: ".part-" and two numbers. */
const longestEnd = 24

/** Refuses a path that could not be written, and touches nothing. @param {string} flag @param {string} path */
export function checkWritable(flag, path) {
  const file = resolveLinks(path)
  try {
    const about = statSync(file, { throwIfNoEntry: false })
    if (about?.isDirectory()) throw new UsageError(unwritten(flag, path, 'it is a folder'))
    if (about) accessSync(file, constants.W_OK)
    if (about && !about.isFile()) return
    if (Buffer.byteLength(basename(file)) + longestEnd > 255) throw new UsageError(unwritten(flag, path, 'its name is too long'))
    accessSync(dirname(file), constants.W_OK | constants.X_OK)
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(unwritten(flag, path, reasonOf(error)))
  }
}

/** Refuses what is something else than a regular file or nothing yet. @param {string} flag @param {string} path */
export function checkRegular(flag, path) {
  const about = existsSync(path) ? statSync(path) : undefined
  if (about && !about.isFile()) throw new UsageError(unwritten(flag, path, about.isDirectory() ? 'it is a folder' : 'it is not a regular file'))
}

/** Refuses two outputs that are one file. @param {[string, string | undefined][]} outputs flags and paths */
export function checkDistinct(outputs) {
  /** @type {Map<string, string>} */
  const taken = new Map()
  for (const [flag, path] of outputs) {
    if (!path || path === '-') continue
    const file = resolveLinks(path)
    if (existsSync(file) && !statSync(file).isFile()) continue  // such as /dev/null
    const whole = existsSync(dirname(file)) ? join(realpathSync(dirname(file)), basename(file)) : resolve(file)
    const other = taken.get(whole)
    if (other !== undefined) throw new UsageError(`${flag}: ${inQuotes(path)} is the file of --${other} too; give each a file of its own`)
    taken.set(whole, flag)
  }
}

/** @param {number} file @param {Uint8Array} bytes */
function writeAll(file, bytes) {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
}

let parts = 0

/** Beside a file, under a name that nobody else has. @param {string} file @returns {{part: string, to: number}} */
function openPart(file) {
  for (;;) {
    const part = `${file}.part-${process.pid}-${parts++}`
    try {
      return { part, to: openSync(part, 'wx') }
    } catch (error) {
      if (/** @type {any} */ (error).code !== 'EEXIST') throw error
    }
  }
}

/**
 * Writes beside the wanted file, has that brought to the disk, renames and has that brought to the disk too: whatever
 * happens meanwhile, the name stands for the old file or the new one. What a symbolic link leads to is replaced.
 * @param {string} flag
 * @param {string} path
 * @param {string | Uint8Array} content
 */
export function writeWhole(flag, path, content) {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  const file = resolveLinks(path)
  try {
    const about = statSync(file, { throwIfNoEntry: false })
    if (about && !about.isFile()) {  // such as /dev/null
      const to = openSync(file, constants.O_WRONLY)
      try {
        return void writeAll(to, bytes)
      } finally {
        closeSync(to)
      }
    }
    const { part, to } = openPart(file)
    try {
      try {
        if (about) attempt(() => chmodSync(part, about.mode & 0o7777))
        writeAll(to, bytes)
        fsyncSync(to)
      } finally {
        closeSync(to)
      }
      renameSync(part, file)
    } catch (error) {
      rmSync(part, { force: true })
      throw error
    }
    const folder = openSync(dirname(file), 'r')
    try {
      fsyncSync(folder)
    } catch (error) {
      // Some file systems cannot be asked for that.
      if (!['EINVAL', 'EROFS'].includes(/** @type {any} */ (error).code)) throw error
    } finally {
      closeSync(folder)
    }
  } catch (error) {
    throw new UsageError(unwritten(flag, path, reasonOf(error)))
  }
}

/** @param {() => void} work that may fail */
function attempt(work) {
  try {
    work()
  } catch {
    // As far as the system lets us.
  }
}

/** The same at the end of the work, when an error would lose the other results. @param {string} flag @param {string} path @param {string | Uint8Array} content */
export function writeOrSay(flag, path, content) {
  try {
    writeWhole(flag, path, content)
    return true
  } catch (error) {
    warnOutput(error instanceof Error ? error.message : String(error))
    return false
  }
}

/** Removes what writeWhole left when it was killed. Only the holder of the file's lock may call it. @param {string} path */
export function removeParts(path) {
  const file = resolveLinks(path)
  attempt(() => {
    for (const name of readdirSync(dirname(file))) {
      if (name.startsWith(`${basename(file)}.part-`)) rmSync(join(dirname(file), name), { force: true })
    }
  })
}

/**
 * Lines to a file, each as soon as it is known and whole. When the file cannot take one, that is said once, what it has
 * ends with its last whole line, and it gets no more. It is changed with the first line, not before.
 */
export class LineFile {
  #flag
  #path
  /** @type {number | undefined} */
  #file
  #regular = false
  #begun = false
  #size = 0
  /** @type {FileLock | undefined} */
  #lock

  /**
   * @param {string} flag
   * @param {string} path
   * @param {(bytes: Uint8Array) => number} [keep] of what the file has, how many bytes from the beginning stay
   */
  constructor(flag, path, keep) {
    this.#flag = flag
    this.#path = path
    const file = resolveLinks(path)
    checkWritable(flag, path)
    this.#regular = !existsSync(file) || statSync(file).isFile()
    if (this.#regular) this.#lock = new FileLock(flag, file)
    try {
      this.#file = openSync(file, 'a')
    } catch (error) {
      throw new UsageError(unwritten(flag, path, reasonOf(error)))
    }
    if (this.#regular && keep && fstatSync(this.#file).size > 0) this.#size = keep(readBytes(flag, path))
  }

  /** Whether there are lines already. */
  get goesOn() {
    return this.#size > 0
  }

  #giveUp(/** @type {unknown} */ error) {
    warnOutput(`${unwritten(this.#flag, this.#path, reasonOf(error))}; it gets no more lines`)
    const file = /** @type {number} */ (this.#file)
    this.#file = undefined
    // What came of the last line goes; a file can always be made shorter.
    if (this.#regular && this.#begun) attempt(() => ftruncateSync(file, this.#size))
    attempt(() => closeSync(file))
  }

  /** @param {string[]} lines */
  write(lines) {
    for (const line of lines) {
      if (this.#file === undefined) return
      try {
        if (this.#regular && !this.#begun) ftruncateSync(this.#file, this.#size)
        this.#begun = true
        const bytes = Buffer.from(`${line}\n`)
        writeAll(this.#file, bytes)
        this.#size += bytes.length
      } catch (error) {
        this.#giveUp(error)
      }
    }
    this.#lock?.touch()
  }

  /** To the disk: before a checkpoint that says they are there. */
  sync() {
    if (this.#file === undefined || !this.#regular) return
    try {
      fsyncSync(this.#file)
    } catch (error) {
      this.#giveUp(error)
    }
  }
}

/**
 * Where results go: lines for people, JSON lines, and at the end a table.
 * @param {{ jsonl?: string, csv?: string }} own flags
 * @param {(bytes: Uint8Array) => number} [keep] of the file of JSON lines; it begins anew without
 */
export function openResults(own, keep) {
  const toStdout = own.jsonl === '-'
  const text = toStdout ? process.stderr : process.stdout
  checkDistinct([['jsonl', own.jsonl], ['csv', own.csv]])
  if (own.csv) checkWritable('csv', own.csv)
  const file = own.jsonl && !toStdout ? new LineFile('jsonl', own.jsonl, keep) : undefined
  return {
    text, file,
    /** @param {import('../engine/worker/core.js').Report} progress */
    show(progress) {
      for (const line of progress.lines) text.write(`${printable(line)}\n`)
      if (toStdout) for (const line of progress.json) process.stdout.write(line + '\n')
      else file?.write(progress.json)
    },
    /** @param {string} csv */
    writeCsv(csv) {
      if (own.csv) writeOrSay('csv', own.csv, csv)
    },
  }
}
