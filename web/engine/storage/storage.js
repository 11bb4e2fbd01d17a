// The runs that this browser stores: the autosave of the present run, in two slots that are written in turn, so that one is
// always whole; and the saved runs under their names, each with its newest state. Used inside the worker.
import { crc32 } from './crc32.js'
import { isNamed } from './browser_files.js'
/** @import { Lines } from '../protocol.js' */
/** @import { Files } from './browser_files.js' */

/**
 * @typedef {{data: string, model: string, step: number, totalSteps: number, epoch: number, epochs: number, phase: string,
 *   savedAt: number}} AutosavedRun the description in an autosave; savedAt: milliseconds since 1970
 * @typedef {AutosavedRun & {id: string, name: string, config: import('../protocol.js').Config, metrics: Record<string, any>,
 *   hasCheckpoint: boolean, bytes: number}} SavedRun bytes: its size in the storage
 * @typedef {{savedAs?: string}} Savable a run: the id of its entry, once it has one; "storedAs" in the file of an autosave
 * @typedef {{checkpoint?: Uint8Array, lines?: Lines}} State the state needed to resume a run, and the lines that it has printed
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
  const [text, printed] = [about, lines].map((value) => new TextEncoder().encode(JSON.stringify(value)))
  const rest = head + text.length
  const bytes = new Uint8Array(rest + printed.length + checkpoint.length)
  const view = new DataView(bytes.buffer)
  bytes.set(text, head)
  bytes.set(printed, rest)
  bytes.set(checkpoint, rest + printed.length)
  view.setUint32(0, magic, true)
  view.setFloat64(8, sequence, true)
  for (const [i, { length }] of [text, printed, checkpoint].entries()) view.setUint32(16 + 4 * i, length, true)
  view.setUint32(28, crc32(bytes.subarray(rest)), true)
  view.setUint32(4, crc32(bytes.subarray(8, rest)), true)
  return bytes
}

/** No bytes if the file was removed or written since it was opened. @param {Blob} file @param {number} from @param {number} to */
async function read(file, from, to) {
  try {
    return new Uint8Array(await file.slice(from, to).arrayBuffer())
  } catch (error) {
    if (isNamed(error, 'NotFoundError', 'NotReadableError')) return new Uint8Array()
    throw error
  }
}

/** @param {Uint8Array} bytes */
const parse = (bytes) => JSON.parse(new TextDecoder().decode(bytes))

/** The description in a file of seal(), or undefined if it is damaged or the file's length is wrong. @param {Blob | undefined} file */
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
  const about = parse(checked.subarray(head - 8))
  return { sequence: view.getFloat64(8, true), about, rest, lines, checksum: view.getUint32(28, true), size: file.size }
}

/** The contents of a file of seal(), or undefined if it is not whole. @param {Blob | undefined} file */
export async function unseal(file) {
  const found = await aboutOf(file)
  if (!file || !found) return undefined
  const bytes = await read(file, found.rest, file.size)
  if (crc32(bytes) !== found.checksum) return undefined
  /** @type {Lines | undefined} */
  const lines = found.lines > 0 ? parse(bytes.subarray(0, found.lines)) : undefined
  return { sequence: found.sequence, about: found.about, checkpoint: bytes.slice(found.lines), lines }
}

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

  /** The newest slot that is whole. */
  async latestAutosave() {
    const found = await Promise.all(slots.map(async (name) => unseal(await this.files.open(name))))
    return found.filter((slot) => slot !== undefined).sort((a, b) => b.sequence - a.sequence).at(0)
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
   * Saves a run over its entry, whose name is kept. If it has none, or one that is further ahead than the run, it gets a
   * new entry. The old entry stays whole until the new one is.
   * @param {Savable} run gets the entry's id
   * @param {Omit<SavedRun, 'id' | 'bytes' | 'savedAt' | 'hasCheckpoint'>} entry @param {State} state
   */
  saveRun(run, entry, state) {
    return this.#alone(async () => {
      const before = run.savedAs === undefined ? undefined : await this.#newestOf(run.savedAs, aboutOf)
      const over = before && before.about.step <= entry.step ? before : undefined
      const id = over && run.savedAs ? run.savedAs : await this.#newId()
      /** @type {Omit<SavedRun, 'id' | 'bytes'>} */
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
      const found = await Promise.all(ids.map(async (id) => ({ id, ...await this.#newestOf(id, aboutOf) })))
      return found.flatMap(({ id, about, size: bytes }) => (about ? [{ ...about, id, bytes }] : []))
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
      const { about, ...state } = await this.#readRun(id)
      await this.#writeRun(id, { ...about, name }, state)
    })
  }

  /** @param {string} id */
  deleteRun(id) {
    return this.#alone(async () => {
      for (const { file } of await this.#runFiles(id)) await this.files.remove(file)
    })
  }

  /** Bytes that this origin uses and may use. */
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

  /** The files of all runs, the newest first. Each write of a run makes a file of a new name. @param {string} [only] of this id */
  async #runFiles(only) {
    const found = (await this.files.list()).flatMap((file) => {
      const [, id, sequence] = /^run-(\d+)\.(\d+)$/.exec(file) ?? []
      return id && (only === undefined || only === id) ? [{ file, id, sequence: Number(sequence) }] : []
    })
    return found.sort((a, b) => b.sequence - a.sequence)
  }

  /** The newest whole file of a run. @template T @param {string} id @param {(file: Blob | undefined) => Promise<T | undefined>} reader */
  async #newestOf(id, reader) {
    for (const { file } of await this.#runFiles(id)) {
      const found = await reader(await this.files.open(file))
      if (found) return found
    }
    return undefined
  }

  /** @param {string} id */
  async #readRun(id) {
    const run = await this.#newestOf(id, unseal)
    if (!run) throw new Error(`the run ${id} is not in this browser's storage any more, or damaged`)
    return run
  }

  /** Writes a run beside its older files, and then removes those. @param {string} id @param {object} entry @param {State} state */
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
