// Files that commands read and write, as natively (native/files/output.h). A path that cannot be read or written is refused
// before the work begins.
import {
  accessSync, chmodSync, closeSync, constants, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, readdirSync, readlinkSync, realpathSync,
  renameSync, rmSync, statSync, writeSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { FileLock, reasonOf } from './lock.mjs'
import { UsageError, inQuotes, printable } from './usage_error.mjs'

/** The exit code of a program that has done its work but could not write all of it. */
const outputFailed = 3

/** Largest files that are read whole. */
export const mostBytes = { config: 2 ** 20, rows: 2 ** 30, checkpoint: 2 ** 32 }

/** Reports on standard error what could not be written, and makes the program end with exit code 3. @param {string} sentence */
export function warnOutput(sentence) {
  process.exitCode ||= outputFailed
  process.stderr.write(`warning: ${printable(sentence)}\n`)
}

/** @param {string} flag @param {string} path @param {string} reason */
const unwritten = (flag, path, reason) => `${flag}: ${inQuotes(path)} cannot be written: ${reason}`

/**
 * A regular file's bytes; the error for one that cannot be read names the flag.
 * @param {string} flag
 * @param {string} path
 * @param {number} [most] bytes
 */
export function readBytes(flag, path, most = mostBytes.rows) {
  const refuse = (/** @type {string} */ reason) => new UsageError(`${flag}: ${inQuotes(path)} cannot be read: ${reason}`)
  try {
    // Checked before it is opened: opening a pipe would block until another process writes to it.
    const about = statSync(path)
    if (about.isDirectory()) throw refuse('it is a folder')
    if (!about.isFile()) throw refuse('it is not a regular file')
    if (about.size > most) throw refuse(`it has ${about.size} bytes; at most ${most} are allowed`)
    return new Uint8Array(readFileSync(path))
  } catch (error) {
    throw error instanceof UsageError ? error : refuse(reasonOf(error))
  }
}

/** The file that a path leads to through symbolic links; which need not exist yet. @param {string} path */
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

/** Refuses a path that exists and is not a regular file. @param {string} flag @param {string} path */
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

/** A new file beside another, under a unique name. @param {string} file @returns {{part: string, to: number}} */
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
 * Writes a file atomically: beside the wanted file, synchronised to the disk, then renamed. Whatever happens meanwhile, the
 * name refers to the old file or the new one. The target of a symbolic link is replaced.
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
      // Some file systems cannot synchronise folders.
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

/** Removes temporary files that writeWhole() of a killed process left. Only the holder of the file's lock may call it. @param {string} path */
export function removeParts(path) {
  const file = resolveLinks(path)
  attempt(() => {
    for (const name of readdirSync(dirname(file))) {
      if (name.startsWith(`${basename(file)}.part-`)) rmSync(join(dirname(file), name), { force: true })
    }
  })
}

/**
 * Lines to a file, each written whole, as soon as it is known. When a write fails, that is reported once, the file is cut
 * after its last whole line, and no more is written. It is first changed when the first line is written.
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
   * @param {(bytes: Uint8Array) => number} [keep] given the file's bytes, how many from the beginning stay
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

  /** Whether the file has lines already. */
  get goesOn() {
    return this.#size > 0
  }

  #giveUp(/** @type {unknown} */ error) {
    warnOutput(`${unwritten(this.#flag, this.#path, reasonOf(error))}; it gets no more lines`)
    const file = /** @type {number} */ (this.#file)
    this.#file = undefined
    // An incomplete last line is cut off; making a file shorter needs no space.
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

  /** To the disk, before a checkpoint that counts on the lines. */
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
 * @param {(bytes: Uint8Array) => number} [keep] of the file of JSON lines; without it the file is emptied
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
