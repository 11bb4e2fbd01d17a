// What the page remembers of how somebody likes it, between visits. Storage may be forbidden or hold nonsense; then
// everything is as on a first visit.

/**
 * @template T
 * @param {string} name @param {T} otherwise
 * @returns {T}
 */
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
    // It then lasts as long as the page.
  }
}
