// Keeps two processes from writing one file, as natively (native/files/file_lock.h): while a process writes FILE, FILE.lock names
// it as "PID START HOST". A lock is stale, and is taken over, if its process has ended; one of another machine, if it has not been
// touched for two minutes. Also runs work whose errors are ignored or name a file.
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { UsageError, inQuotes } from './usage_error.mjs'

/** Milliseconds between two touches, and without one after which a lock of another machine is stale. */
const touchEvery = 30_000
const staleAfter = 120_000

/**
 * The result of some work, or undefined if it fails with one of these error codes; without codes, with any error.
 * @template T @param {() => T} work @param {string[]} [codes]
 */
export function attempt(work, codes) {
  try {
    return work()
  } catch (error) {
    if (codes && !codes.includes(/** @type {any} */ (error).code)) throw error
    return undefined
  }
}

/** The system's reason for an error, in the words of the native program: ENOSPC is "No space left on device". @param {any} error */
export function reasonOf(error) {
  const text = String(error?.message ?? error).replace(/^E[A-Z]+: /, '').replace(/, \w+(?: '.*)?$/, '')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/**
 * The result of some work on a file. Errors name the flag, the file and the reason; a UsageError of the work gives the reason alone.
 * @template T @param {string} flag @param {string} path @param {'read' | 'written'} done @param {() => T} work
 */
export function onFile(flag, path, done, work) {
  try {
    return work()
  } catch (error) {
    throw new UsageError(`${flag}: ${inQuotes(path)} cannot be ${done}: ${error instanceof UsageError ? error.message : reasonOf(error)}`)
  }
}

/** @param {string} path */
const textOf = (path) => attempt(() => readFileSync(path, 'utf8')) ?? ''

/** When a process began, in ticks since the machine did; '0' if the system does not say. @param {number} pid */
function startOf(pid) {
  const text = textOf(`/proc/${pid}/stat`)
  // The 22nd field, counted from the process's number; its name, in brackets, may hold anything.
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? '0'
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return /** @type {any} */ (error).code !== 'ESRCH'
  }
}

/** @param {string} owner the text of the lock @param {string} lock @param {string} justMade a file there that was made now */
function isStale(owner, lock, justMade) {
  const [pid, start, host] = owner.trim().split(' ')
  const [made, touched] = [justMade, lock].map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? NaN)
  if (!(Number(pid) > 0) || host !== hostname()) return made - touched > staleAfter
  const now = startOf(Number(pid))
  return !isAlive(Number(pid)) || (start !== '0' && now !== '0' && start !== now)
}

/** Whether the work makes a file that was not there. @param {() => void} work @param {() => void} [otherwise] if the work fails */
function makes(work, otherwise) {
  try {
    work()
    return true
  } catch (error) {
    if (/** @type {any} */ (error).code === 'EEXIST') return false
    if (!otherwise) throw error
    return makes(otherwise)
  }
}

/** @type {Set<FileLock>} */
const held = new Set()
process.on('exit', releaseLocks)

/** Releases all locks of this process. */
export function releaseLocks() {
  for (const lock of held) lock.release()
}

export class FileLock {
  #lock
  #mine = `${process.pid} ${startOf(process.pid)} ${hostname()}\n`
  #touched = Date.now()

  /** Throws while another process has the file. @param {string} flag that names it @param {string} file */
  constructor(flag, file) {
    this.#lock = `${file}.lock`
    const own = `${this.#lock}-${process.pid}`
    try {
      onFile(flag, file, 'written', () => this.#take(own))
    } finally {
      rmSync(own, { force: true })
    }
    held.add(this)
  }

  /** @param {string} own */
  #take(own) {
    for (let tries = 0; ; tries += 1) {
      rmSync(own, { force: true })
      writeFileSync(own, this.#mine, { flag: 'wx' })
      // A link comes whole or not at all, where a file would be empty for a moment. On a file system without links the name
      // alone decides.
      if (makes(() => linkSync(own, this.#lock), () => writeFileSync(this.#lock, this.#mine, { flag: 'wx' }))) return
      const owner = textOf(this.#lock)
      if (tries === 10 || !isStale(owner, this.#lock, own)) {
        const [pid, , host] = owner.trim().split(' ')
        throw new UsageError(owner === '' ? 'another process begins to write it' : `process ${pid} on ${host} writes it; if there is none, delete ${inQuotes(this.#lock)}`)
      }
      // Renamed to this process's own name: if two processes find the lock stale, one of them takes the other's new lock, sees
      // that and puts it back. An error: another process was faster.
      attempt(() => {
        renameSync(this.#lock, own)
        if (textOf(own) !== owner) linkSync(own, this.#lock)
      })
    }
  }

  /** Shows other machines that this process is alive. To be called now and then; costs nothing in between. */
  touch() {
    const now = Date.now()
    if (now - this.#touched < touchEvery) return
    this.#touched = now
    attempt(() => utimesSync(this.#lock, new Date(now), new Date(now)))
  }

  release() {
    held.delete(this)
    if (textOf(this.#lock) === this.#mine) rmSync(this.#lock, { force: true })
  }
}
