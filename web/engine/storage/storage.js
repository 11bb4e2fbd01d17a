// What this browser stores of runs: the autosave of the present one, in two slots that are written in turn, so that whatever
// happens while one is written the other is whole; and the saved runs under their names, each with its newest state. Used
// inside the worker.
import { crc32 } from './crc32.js'
import { openFiles } from './browser_files.js'
/** @import { Lines } from '../protocol.js' */
/** @import { Files } from './browser_files.js' */

/**
 * @typedef {{data: string, model: string, step: number, totalSteps: number, epoch: number, epochs: number, phase: string,
 *            savedAt: number}} AutosavedRun what an autosave says of its run; savedAt: milliseconds since 1970
 * @typedef {AutosavedRun & {id: string, name: string, config: import('../protocol.js').Config, metrics: Record<string, any>,
 *            hasCheckpoint: boolean, bytes: number}} SavedRun bytes: its size in the storage
 * @typedef {{savedAs?: string}} Savable a run: the id of its entry, once it has one. In an autosave's file it is called
 *   storedAs
 * @typedef {{checkpoint?: Uint8Array, lines?: Lines}} State what a run needs to go on, and what
 *   it has printed
 */

const magic = 0x324b4c52 // "RLK2"
const slots = ['auto-0', 'auto-1']
// Bytes: magic, checksum of the rest of this and of about, sequence number (as a double), lengths of about, of the lines
// and of the checkpoint, checksum of both.
const head = 32

/**
 * The bytes of a file with checksums: JSON about the run, which can be read without the rest, and the run's state.
 * @param {number} sequence @param {object} about @param {State} state
 */
export function seal(sequence, about, { checkpoint = new Uint8Array(), lines }) {
  const encoder = new TextEncoder()
  const text = encoder.encode(JSON.stringify(about))
  const printed = lines ? encoder.encode(JSON.stringify(lines)) : new Uint8Array()
  const bytes = new Uint8Array(head + text.length + printed.length + checkpoint.length)
  const view = new DataView(bytes.buffer)
  const rest = head + text.length
  bytes.set(text, head)
  bytes.set(printed, rest)
  bytes.set(checkpoint, rest + printed.length)
  view.setUint32(0, magic, true)
  view.setFloat64(8, sequence, true)
  view.setUint32(16, text.length, true)
  view.setUint32(20, printed.length, true)
  view.setUint32(24, checkpoint.length, true)
  view.setUint32(28, crc32(bytes.subarray(rest)), true)
  view.setUint32(4, crc32(bytes.subarray(8, rest)), true)
  return bytes
}

/** No bytes where the file was removed or written since it was opened. @param {Blob} file @param {number} from @param {number} to */
async function read(file, from, to) {
  try {
    return new Uint8Array(await file.slice(from, to).arrayBuffer())
  } catch (error) {
    if (error instanceof DOMException && ['NotFoundError', 'NotReadableError'].includes(error.name)) return new Uint8Array()
    throw error
  }
}

/** @param {Uint8Array} bytes */
const parse = (bytes) => JSON.parse(new TextDecoder().decode(bytes))

/**
 * The first part of a file of seal(): what it says about the run. Nothing where that is damaged or the file's length is wrong.
 * @param {Blob | undefined} file
 */
export async function aboutOf(file) {
  if (!file || file.size < head) return undefined
  const top = await read(file, 0, head)
  if (top.length < head) return undefined
  const view = new DataView(top.buffer)
  const [texts, lines, checkpoint] = [16, 20, 24].map((at) => view.getUint32(at, true))
  const rest = head + texts
  if (view.getUint32(0, true) !== magic || file.size !== rest + lines + checkpoint) return undefined
  const checked = await read(file, 8, rest)
  if (view.getUint32(4, true) !== crc32(checked)) return undefined
  return { sequence: view.getFloat64(8, true), about: parse(checked.subarray(head - 8)), rest, lines, checksum: view.getUint32(28, true) }
}

/**
 * What seal() wrote, or nothing for a file that is not whole.
 * @param {Blob | undefined} file
 * @returns {Promise<{sequence: number, about: any, checkpoint: Uint8Array, lines?: Lines} | undefined>}
 */
export async function unseal(file) {
  const found = await aboutOf(file)
  if (!file || !found) return undefined
  const bytes = await read(file, found.rest, file.size)
  if (crc32(bytes) !== found.checksum) return undefined
  const lines = found.lines > 0 ? parse(bytes.subarray(0, found.lines)) : undefined
  return { sequence: found.sequence, about: found.about, checkpoint: bytes.slice(found.lines), lines }
}

/** The one with the highest sequence number, or undefined. @template {{sequence: number}} T @param {(T | undefined)[]} found */
const newest = (found) => found.reduce((best, each) => (each && (!best || each.sequence > best.sequence) ? each : best), undefined)

export class Storage {
  /** The number of the next autosave. @type {number | undefined} */
  next
  /** Changes of saved runs are made one after the other. @type {Promise<unknown>} */
  #queue = Promise.resolve()
  #lastId = 0

  /** @param {Files} files */
  constructor(files) {
    this.files = files
  }

  static async open() {
    return new Storage(await openFiles())
  }

  /** The newest slot that is whole. */
  async latestAutosave() {
    return newest(await Promise.all(slots.map(async (name) => unseal(await this.files.open(name)))))
  }

  /** In the slot that does not hold the newest. @param {AutosavedRun & {storedAs?: string}} run @param {State} state */
  async writeAutosave(run, state) {
    this.next ??= ((await this.latestAutosave())?.sequence ?? 0) + 1
    await this.files.write(slots[this.next % 2], seal(this.next, run, state))
    this.next += 1
  }

  async discardAutosave() {
    for (const name of slots) await this.files.remove(name)
    this.next = undefined
  }

  /**
   * Saves a run over its entry, whose name stays. Where it has none, or one that has gone further than the run, it gets a
   * new entry. Whatever happens meanwhile, the old entry is whole.
   * @param {Savable} run is given the entry's id
   * @param {Omit<SavedRun, 'id' | 'bytes' | 'savedAt' | 'hasCheckpoint'>} entry @param {State} state
   * @returns {Promise<SavedRun>}
   */
  saveRun(run, entry, state) {
    return this.#alone(async () => {
      const before = run.savedAs === undefined ? undefined : await this.#entry(run.savedAs)
      const over = before && before.about.step <= entry.step ? before : undefined
      const id = over && run.savedAs ? run.savedAs : await this.#newId()
      const saved = { ...entry, name: over?.about.name ?? entry.name, savedAt: Date.now(), hasCheckpoint: Boolean(state.checkpoint) }
      const bytes = await this.#writeRun(id, saved, state)
      run.savedAs = id
      return { ...saved, id, bytes }
    })
  }

  /** All of them, the one begun last first. @returns {Promise<SavedRun[]>} */
  runs() {
    return this.#alone(async () => {
      const ids = [...new Set((await this.#runFiles()).map(({ id }) => id))].sort((a, b) => Number(b) - Number(a))
      const found = await Promise.all(ids.map(async (id) => {
        const entry = await this.#entry(id)
        return entry ? [{ ...entry.about, id, bytes: entry.size }] : []
      }))
      return found.flat()
    })
  }

  /** The state of a saved run. @param {string} id */
  stateOf(id) {
    return this.#alone(async () => {
      const run = await this.#readRun(id)
      if (!run.about.hasCheckpoint) throw new Error(`the run "${run.about.name}" was saved without a checkpoint`)
      return run
    })
  }

  /** @param {string} id @param {string} name */
  renameRun(id, name) {
    return this.#alone(async () => {
      const { about, checkpoint, lines } = await this.#readRun(id)
      await this.#writeRun(id, { ...about, name }, { checkpoint, lines })
    })
  }

  /** @param {string} id */
  deleteRun(id) {
    return this.#alone(async () => {
      for (const { file } of await this.#runFiles(id)) await this.files.remove(file)
    })
  }

  /** Bytes that this origin uses and may use. @returns {Promise<{usage: number, quota: number, where: Files['kind']}>} */
  async usage() {
    const { usage = 0, quota = 0 } = await globalThis.navigator?.storage?.estimate?.() ?? {}
    return { usage, quota, where: this.files.kind }
  }

  /** One after the other, in all tabs of this origin. @template T @param {() => Promise<T>} work @returns {Promise<T>} */
  #alone(work) {
    const locks = this.files.kind === 'memory' ? undefined : navigator.locks
    const result = this.#queue.then(() => (locks ? locks.request('reluscope-runs', work) : work()))
    this.#queue = result.catch(() => {})
    return result
  }

  /** Never an id that was used before: a run may still refer to it. */
  async #newId() {
    this.#lastId = Math.max(Date.now(), this.#lastId + 1, ...(await this.#runFiles()).map(({ id }) => Number(id) + 1))
    return String(this.#lastId)
  }

  /** A run's file has a new name each time that it is written. @param {string} [only] of this id */
  async #runFiles(only) {
    const found = (await this.files.list()).flatMap((file) => {
      const [, id, sequence] = /^run-(\d+)\.(\d+)$/.exec(file) ?? []
      return id && (only === undefined || only === id) ? [{ file, id, sequence: Number(sequence) }] : []
    })
    return found.sort((a, b) => b.sequence - a.sequence)
  }

  /** What the newest complete file of a run says about it. @param {string} id */
  async #entry(id) {
    for (const { file } of await this.#runFiles(id)) {
      const blob = await this.files.open(file)
      const found = await aboutOf(blob)
      if (found) return { ...found, size: blob?.size ?? 0 }
    }
    return undefined
  }

  /** A run's newest file that is whole. @param {string} id */
  async #readRun(id) {
    for (const { file } of await this.#runFiles(id)) {
      const run = await unseal(await this.files.open(file))
      if (run) return run
    }
    throw new Error(`the run ${id} is not in this browser's storage any more, or damaged`)
  }

  /** Beside the files before it, which are removed after that. @param {string} id @param {object} entry @param {State} state */
  async #writeRun(id, entry, state) {
    const before = await this.#runFiles(id)
    const sequence = 1 + Math.max(0, ...before.map((each) => each.sequence))
    const file = `run-${id}.${sequence}`
    const bytes = seal(sequence, entry, state)
    try {
      await this.files.write(file, bytes)
    } catch (error) {
      await this.files.remove(file)
      throw error
    }
    for (const each of before) await this.files.remove(each.file)
    return bytes.length
  }
}
