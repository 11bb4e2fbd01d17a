// Uniform messages for platform errors, whose texts differ between browsers.

/** @param {unknown} error */
export function wordsOf(error) {
  const text = error instanceof Error ? error.message : String(error)
  if (error instanceof DOMException && error.name === 'QuotaExceededError') return 'the browser gives this page no more storage'
  const memory = error instanceof RangeError && /alloc|memory|array (?:buffer )?length|array size/i.test(text)
  return memory ? `out of memory: this needs more than is available here (${text})` : text
}
