// The runs that this browser keeps: their settings, curves and scores, in a database of its own. Where there is none
// (private windows, forbidden storage) they last as long as the page.

/**
 * @typedef {{id: number, name: string, fields: [string, string][], steps: number, totalSteps: number, state: string,
 *            points: [number, number][], epochs: {epoch: number, step: number, testAccuracy: number, testLoss: number}[]}} SavedRun
 *   fields: what is not at its default; points: step and loss, thinned
 */

const [database, table] = ['reluscope', 'runs']

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function answer(request) {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result)
    request.onerror = () => failed(request.error ?? new Error('the browser’s database refused'))
  })
}

export class RunStore {
  /** @type {Promise<IDBDatabase | undefined>} */
  #open
  /** @type {Map<number, SavedRun>} for when there is no database */
  #memory = new Map()

  constructor() {
    this.#open = RunStore.#connect().catch(() => undefined)
  }

  static #connect() {
    const request = indexedDB.open(database, 1)
    request.onupgradeneeded = () => request.result.createObjectStore(table, { keyPath: 'id' })
    return answer(request)
  }

  /** Whether runs are kept over a reload. */
  async lasts() {
    return await this.#open !== undefined
  }

  /** In the order in which they were begun. @returns {Promise<SavedRun[]>} */
  async all() {
    const place = await this.#open
    if (!place) return [...this.#memory.values()]
    return answer(place.transaction(table).objectStore(table).getAll())
  }

  /** @param {SavedRun} run in place of one with its id */
  async put(run) {
    const place = await this.#open
    if (!place) return void this.#memory.set(run.id, run)
    await answer(place.transaction(table, 'readwrite').objectStore(table).put(run))
  }

  /** @param {number} id */
  async remove(id) {
    const place = await this.#open
    if (!place) return void this.#memory.delete(id)
    await answer(place.transaction(table, 'readwrite').objectStore(table).delete(id))
  }
}

/**
 * What one run's settings have that another's have not: "lr 0.001 → 0.0001".
 * @param {[string, string][]} before @param {[string, string][]} after @param {Record<string, any>} defaults
 * @returns {string[]}
 */
export function differences(before, after, defaults) {
  const [old, now] = [new Map(before), new Map(after)]
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const [from, to] = [old, now].map((fields) => fields.get(name) ?? String(defaults[name] ?? ''))
    return from === to ? [] : [`${name} ${from || '–'} → ${to || '–'}`]
  })
}

/** At most so many points of a curve, evenly. @template T @param {T[]} points @param {number} most */
export function thinned(points, most) {
  const by = Math.max(1, points.length / most)
  const kept = Array.from({ length: Math.min(points.length, most) }, (_, i) => points[Math.min(points.length - 1, Math.floor((i + 1) * by) - 1)])
  return kept
}
