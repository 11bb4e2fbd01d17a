// Named events with typed payloads, for objects that are not in the document.

/** @template {object} Events a type whose properties are the events' names and payloads */
export class Emitter {
  /** @type {Map<keyof Events, Set<(payload: any) => void>>} */
  #listeners = new Map()

  /**
   * Calls a function at every event of a type, until the returned function is called.
   * @template {keyof Events} Type @param {Type} type @param {(payload: Events[Type]) => void} listener
   */
  on(type, listener) {
    const set = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, set.add(listener))
    return () => void set.delete(listener)
  }

  /** @template {keyof Events} Type @param {Type} type @param {Events[Type]} payload */
  emit(type, payload) {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) listener(payload)
  }
}
