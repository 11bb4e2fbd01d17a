// Files that commands read and write: one sentence about each that cannot be, before the work begins.
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { UsageError, inQuotes } from './usage_error.mjs'

/**
 * A file's bytes; one that cannot be read is told by the flag that names it.
 * @param {string} flag
 * @param {string} path
 */
export function readBytes(flag, path) {
  try {
    return new Uint8Array(readFileSync(path))
  } catch {
    throw new UsageError(`${flag}: ${inQuotes(path)} cannot be read`)
  }
}

const partOf = (/** @type {string} */ path) => `${path}.part-${process.pid}`

/**
 * A file that is opened before the work, so that a path that cannot be written is known at once.
 * @param {string} flag
 * @param {string} path
 * @param {string} [opened] what is opened in its stead
 * @param {string} [mode] 'a' keeps what is there
 */
export function openToWrite(flag, path, opened = path, mode = 'w') {
  try {
    if (existsSync(path) && statSync(path).isDirectory()) throw new Error('a folder')
    return openSync(opened, mode)
  } catch {
    throw new UsageError(`${flag}: ${inQuotes(path)} cannot be written`)
  }
}

/** Refuses a path that writeWhole() could not write, and leaves nothing behind. @param {string} flag @param {string} path */
export function tryToWrite(flag, path) {
  closeSync(openToWrite(flag, path, partOf(path)))
  rmSync(partOf(path))
}

/**
 * Writes beside the wanted file and renames, so that no half-written file ever has its name.
 * @param {string} flag
 * @param {string} path
 * @param {string | Uint8Array} content
 */
export function writeWhole(flag, path, content) {
  try {
    writeFileSync(partOf(path), content)
    renameSync(partOf(path), path)
  } catch {
    rmSync(partOf(path), { force: true })
    throw new UsageError(`${flag}: ${inQuotes(path)} cannot be written`)
  }
}

/**
 * Where results go: lines for people, JSON lines, and at the end a table.
 * @param {{ jsonl?: string, csv?: string }} own flags
 * @param {{ append?: boolean }} [options]
 */
export function openResults(own, { append = false } = {}) {
  const toStdout = own.jsonl === '-'
  const text = toStdout ? process.stderr : process.stdout
  if (own.csv) tryToWrite('csv', own.csv)
  const file = own.jsonl && !toStdout ? openToWrite('jsonl', own.jsonl, own.jsonl, append ? 'a' : 'w') : undefined
  return {
    text,
    /** @param {import('../core.js').Progress} progress */
    show(progress) {
      for (const line of progress.lines) text.write(line + '\n')
      for (const line of progress.json) {
        if (toStdout) process.stdout.write(line + '\n')
        else if (file !== undefined) writeSync(file, line + '\n')
      }
    },
    /** @param {string} csv */
    writeCsv(csv) {
      if (own.csv) writeWhole('csv', own.csv, csv)
    },
  }
}
