// Stores the user's preferences between visits. If the storage is disabled or contains invalid data, the page behaves
// as on the first visit.

/** @template T @param {string} name @param {T} otherwise @returns {T} */
export function recall(name, otherwise) {
  try {
    const value = JSON.parse(localStorage.getItem(name) ?? 'null')
    return typeof value === typeof otherwise && value !== null ? value : otherwise
  } catch {
    return otherwise
  }
}

/** @param {string} name @param {unknown} value */
export function remember(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value))
  } catch {
    // The preference then lasts until the page is closed.
  }
}
