// What this browser keeps of runs: the present one, in two slots that are written in turn, so that whatever happens
// while one is written the other is whole; and runs that were given a name. Used inside the worker.
import { crc32 } from './crc32.js'
import { openFiles } from './files.js'

/**
 * @typedef {{data: string, model: string, step: number, totalSteps: number, epoch: number, epochs: number, phase: string,
 *            savedAt: number}} SavedRun what a kept run says of itself; savedAt: milliseconds since 1970
 * @typedef {{id: string, name: string, savedAt: number, config: Record<string, any>, metrics: Record<string, any>,
 *            hasCheckpoint: boolean, bytes: number}} StoredRun
 */

const magic = 0x4b434c52 // "RLCK"
const slots = ['auto-0', 'auto-1']
const head = 24 // bytes: magic, checksum of all that follows, sequence number (as a double), lengths of about and payload

/**
 * A file with its checksum: JSON about it, and bytes.
 * @param {number} sequence @param {object} about @param {Uint8Array} payload
 */
export function seal(sequence, about, payload) {
  const text = new TextEncoder().encode(JSON.stringify(about))
  const bytes = new Uint8Array(head + text.length + payload.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, magic, true)
  view.setFloat64(8, sequence, true)
  view.setUint32(16, text.length, true)
  view.setUint32(20, payload.length, true)
  bytes.set(text, head)
  bytes.set(payload, head + text.length)
  view.setUint32(4, crc32(bytes.subarray(8)), true)
  return bytes
}

/**
 * What seal() put together, or nothing for a file that is not whole.
 * @param {Uint8Array | undefined} bytes
 * @returns {{sequence: number, about: any, payload: Uint8Array} | undefined}
 */
export function unseal(bytes) {
  if (!bytes || bytes.length < head) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const [textLength, payloadLength] = [view.getUint32(16, true), view.getUint32(20, true)]
  if (view.getUint32(0, true) !== magic || bytes.length !== head + textLength + payloadLength) return undefined
  if (view.getUint32(4, true) !== crc32(bytes.subarray(8))) return undefined
  try {
    const about = JSON.parse(new TextDecoder().decode(bytes.subarray(head, head + textLength)))
    return { sequence: view.getFloat64(8, true), about, payload: bytes.slice(head + textLength) }
  } catch {
    return undefined
  }
}

/** Why nothing could be kept, for people. @param {unknown} error */
export function refusal(error) {
  if (error instanceof DOMException && error.name === 'QuotaExceededError') return 'the browser gives this page no more storage'
  return error instanceof Error ? error.message : String(error)
}

export class Storage {
  /** The number of the next save of the present run. @type {number | undefined} */
  next
  /** @param {import('./files.js').Files} files */
  constructor(files) {
    this.files = files
  }

  static async open() {
    return new Storage(await openFiles())
  }

  /** The newest slot that is whole. @returns {Promise<{sequence: number, about: SavedRun, payload: Uint8Array} | undefined>} */
  async latest() {
    const found = await Promise.all(slots.map(async (name) => unseal(await this.files.read(name))))
    return found.reduce((best, each) => (each && (!best || each.sequence > best.sequence) ? each : best), undefined)
  }

  /** Keeps the present run, in the slot that does not hold the newest. @param {SavedRun} about @param {Uint8Array} checkpoint */
  async keep(about, checkpoint) {
    this.next ??= ((await this.latest())?.sequence ?? 0) + 1
    await this.files.write(slots[this.next % 2], seal(this.next, about, checkpoint))
    this.next += 1
  }

  /** Forgets the present run. */
  async forget() {
    for (const name of slots) await this.files.remove(name)
    this.next = undefined
  }

  /**
   * Stores a run under a name.
   * @param {{name: string, config: Record<string, any>, metrics: Record<string, any>, checkpoint?: Uint8Array}} run
   * @returns {Promise<string>} its id
   */
  async storeRun({ name, config, metrics, checkpoint }) {
    const ids = (await this.#runFiles()).map((file) => Number(file.slice(4)))
    const id = String(Math.max(0, ...ids) + 1)
    await this.#writeRun(id, { name, savedAt: Date.now(), config, metrics, hasCheckpoint: Boolean(checkpoint) }, checkpoint)
    return id
  }

  /** All of them, the newest first. @returns {Promise<StoredRun[]>} */
  async runs() {
    const runs = []
    for (const file of await this.#runFiles()) {
      const bytes = await this.files.read(file)
      const run = unseal(bytes)
      if (run) runs.push({ ...run.about, id: file.slice(4), bytes: bytes?.length ?? 0 })
    }
    return runs.sort((a, b) => b.savedAt - a.savedAt || Number(b.id) - Number(a.id))
  }

  /** A stored run's checkpoint. @param {string} id */
  async checkpointOf(id) {
    const run = await this.#readRun(id)
    if (!run.about.hasCheckpoint) throw new Error(`the run "${run.about.name}" was stored without a checkpoint`)
    return run.payload
  }

  /** @param {string} id @param {string} name */
  async renameRun(id, name) {
    const { about, payload } = await this.#readRun(id)
    // Beside it first: a rename that is cut short leaves the old one.
    const renamed = await this.storeRun({ ...about, name, checkpoint: about.hasCheckpoint ? payload : undefined })
    await this.deleteRun(id)
    return renamed
  }

  /** @param {string} id */
  async deleteRun(id) {
    await this.files.remove(`run-${id}`)
  }

  async #runFiles() {
    return (await this.files.list()).filter((name) => /^run-\d+$/.test(name))
  }

  /** @param {string} id */
  async #readRun(id) {
    const run = unseal(await this.files.read(`run-${id}`))
    if (!run) throw new Error(`the run ${id} is not in this browser's storage any more, or damaged`)
    return run
  }

  /** @param {string} id @param {object} about @param {Uint8Array} [checkpoint] */
  async #writeRun(id, about, checkpoint = new Uint8Array()) {
    try {
      await this.files.write(`run-${id}`, seal(1, about, checkpoint))
    } catch (error) {
      await this.files.remove(`run-${id}`)
      throw error
    }
  }

  /** Bytes that this origin uses and may use. @returns {Promise<{usage: number, quota: number, where: string}>} */
  async usage() {
    const { usage = 0, quota = 0 } = await navigator.storage?.estimate?.() ?? {}
    return { usage, quota, where: this.files.kind }
  }
}
