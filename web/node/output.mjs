// Files that commands read and write, as natively (native/files/output.h). A path that cannot be read or written is refused
// before the work begins.
import {
  accessSync, chmodSync, closeSync, constants, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, readdirSync, readlinkSync, realpathSync,
  renameSync, rmSync, statSync, writeFileSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { FileLock, attempt, onFile } from './lock.mjs'
import { UsageError, inQuotes, printable } from './usage_error.mjs'

/** The exit code of a program that has done its work but could not write all of it. */
const outputFailed = 3

/** Largest files that are read whole. */
export const mostBytes = { config: 2 ** 20, rows: 2 ** 30, checkpoint: 2 ** 32 }

/** Reports on standard error what could not be written, and sets exit code 3. @param {string} sentence */
export function warnOutput(sentence) {
  process.exitCode ||= outputFailed
  process.stderr.write(`warning: ${printable(sentence)}\n`)
}

/** A regular file's bytes. Errors name the flag. @param {string} flag @param {string} path @param {number} [most] bytes */
export function readBytes(flag, path, most = mostBytes.rows) {
  return onFile(flag, path, 'read', () => {
    // Checked before it is opened: opening a pipe would block until another process writes to it.
    const about = statSync(path)
    if (about.isDirectory()) throw new UsageError('it is a folder')
    if (!about.isFile()) throw new UsageError('it is not a regular file')
    if (about.size > most) throw new UsageError(`it has ${about.size} bytes; at most ${most} are allowed`)
    return new Uint8Array(readFileSync(path))
  })
}

/** The target of a path through symbolic links; it need not exist. @param {string} path */
export function resolveLinks(path) {
  let at = path
  for (let k = 0; k < 40; k += 1) {
    const target = attempt(() => readlinkSync(at))
    if (target === undefined) break
    at = isAbsolute(target) ? target : join(dirname(at), target)
  }
  return at
}

/** The most characters that openPart() adds to a name. */
const longestEnd = 24

/** Refuses a path that could not be written. @param {string} flag @param {string} path @param {boolean} [regular] refuses devices too */
export function checkWritable(flag, path, regular = false) {
  const file = resolveLinks(path)
  onFile(flag, path, 'written', () => {
    const about = statSync(file, { throwIfNoEntry: false })
    if (about?.isDirectory()) throw new UsageError('it is a folder')
    if (regular && about && !about.isFile()) throw new UsageError('it is not a regular file')
    if (about) accessSync(file, constants.W_OK)
    if (about && !about.isFile()) return
    if (Buffer.byteLength(basename(file)) + longestEnd > 255) throw new UsageError('its name is too long')
    accessSync(dirname(file), constants.W_OK | constants.X_OK)
  })
}

/** Refuses outputs that could not be written, and two that are one file. @param {(string | undefined)[][]} outputs flags and paths */
export function checkOutputs(outputs) {
  /** @type {Map<string, string>} */
  const taken = new Map()
  for (const [flag = '', path] of outputs) {
    if (!path || path === '-') continue
    checkWritable(flag, path)
    const file = resolveLinks(path)
    if (existsSync(file) && !statSync(file).isFile()) continue  // such as /dev/null
    const whole = join(realpathSync(dirname(file)), basename(file))
    const other = taken.get(whole)
    if (other !== undefined) throw new UsageError(`${flag}: ${inQuotes(path)} is the file of --${other} too; give each a file of its own`)
    taken.set(whole, flag)
  }
}

let parts = 0

/** A new file beside another, under a unique name. @param {string} file @returns {{part: string, to: number}} */
function openPart(file) {
  for (;;) {
    const part = `${file}.part-${process.pid}-${parts++}`
    const to = attempt(() => openSync(part, 'wx'), ['EEXIST'])
    if (to !== undefined) return { part, to }
  }
}

/**
 * Writes a file atomically: beside the wanted file, synchronised to the disk, then renamed. The name always refers to the whole
 * old file or the whole new one. The target of a symbolic link is replaced.
 * @param {string} flag @param {string} path @param {string | Uint8Array} content
 */
export function writeWhole(flag, path, content) {
  const file = resolveLinks(path)
  onFile(flag, path, 'written', () => {
    const about = statSync(file, { throwIfNoEntry: false })
    if (about && !about.isFile()) return void writeFileSync(file, content, { flag: /** @type {any} */ (constants.O_WRONLY) })  // such as /dev/null
    const { part, to } = openPart(file)
    try {
      withFile(to, () => {
        if (about) attempt(() => chmodSync(part, about.mode & 0o7777))
        writeFileSync(to, content)
        fsyncSync(to)
      })
      renameSync(part, file)
    } catch (error) {
      rmSync(part, { force: true })
      throw error
    }
    const folder = openSync(dirname(file), 'r')
    // Some file systems cannot synchronise folders.
    withFile(folder, () => attempt(() => fsyncSync(folder), ['EINVAL', 'EROFS']))
  })
}

/** @template T @param {number} file is closed after the work @param {() => T} work */
export function withFile(file, work) {
  try {
    return work()
  } finally {
    closeSync(file)
  }
}

/** writeWhole() with a warning in place of an error. @param {string} flag @param {string} path @param {string | Uint8Array} content */
export function writeOrSay(flag, path, content) {
  try {
    writeWhole(flag, path, content)
    return true
  } catch (error) {
    warnOutput(error instanceof Error ? error.message : String(error))
    return false
  }
}

/** Removes the part files that a killed process left. Only the holder of the file's lock may call it. @param {string} path */
export function removeParts(path) {
  const file = resolveLinks(path)
  attempt(() => {
    for (const name of readdirSync(dirname(file))) {
      if (name.startsWith(`${basename(file)}.part-`)) rmSync(join(dirname(file), name), { force: true })
    }
  })
}

/**
 * Writes lines to a file, each whole and at once. If a write fails, that is reported once, the file is cut after its last whole
 * line, and no more is written. The first write() is the first change of the file.
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

  /** @param {string} flag @param {string} path @param {(bytes: Uint8Array) => number} [keep] the number of bytes to keep of the file's */
  constructor(flag, path, keep) {
    this.#flag = flag
    this.#path = path
    const file = resolveLinks(path)
    this.#regular = !existsSync(file) || statSync(file).isFile()
    if (this.#regular) this.#lock = new FileLock(flag, file)
    const opened = onFile(flag, path, 'written', () => openSync(file, 'a'))
    this.#file = opened
    if (this.#regular && keep && fstatSync(opened).size > 0) this.#size = keep(readBytes(flag, path))
  }

  get hasLines() {
    return this.#size > 0
  }

  /** @param {(file: number) => void} work on the file, unless an earlier error has ended it */
  #try(work) {
    const file = this.#file
    if (file === undefined) return
    try {
      onFile(this.#flag, this.#path, 'written', () => work(file))
    } catch (/** @type {any} */ error) {
      warnOutput(`${error.message}; it gets no more lines`)
      this.#file = undefined
      // An incomplete last line is cut off; making a file shorter needs no space.
      if (this.#regular && this.#begun) attempt(() => ftruncateSync(file, this.#size))
      attempt(() => closeSync(file))
    }
  }

  /** @param {string[]} lines */
  write(lines) {
    // A finished run that is resumed writes no more lines, but what follows those kept is cut off.
    if (this.#regular && !this.#begun && (this.hasLines || lines.length > 0)) {
      this.#try((file) => ftruncateSync(file, this.#size))
      this.#begun = true
    }
    for (const line of lines) {
      this.#try((file) => {
        const bytes = Buffer.from(`${line}\n`)
        writeFileSync(file, bytes)
        this.#size += bytes.length
      })
    }
    this.#lock?.touch()
  }

  /** To the disk, before a checkpoint that relies on the lines. */
  sync() {
    if (this.#regular) this.#try(fsyncSync)
  }
}

/**
 * The destinations of results: lines of text and JSON lines.
 * @param {{ jsonl?: string, csv?: string }} own flags
 * @param {(bytes: Uint8Array) => number} [keep] of the file of JSON lines; without it the file is emptied
 */
export function openResults(own, keep) {
  const toStdout = own.jsonl === '-'
  const text = toStdout ? process.stderr : process.stdout
  checkOutputs([['jsonl', own.jsonl], ['csv', own.csv]])
  const file = own.jsonl && !toStdout ? new LineFile('jsonl', own.jsonl, keep) : undefined
  return {
    text, file,
    /** @param {import('../engine/api.js').Report} progress */
    show(progress) {
      for (const line of progress.lines) text.write(`${printable(line)}\n`)
      if (toStdout) for (const line of progress.json) process.stdout.write(line + '\n')
      else file?.write(progress.json)
    },
  }
}
