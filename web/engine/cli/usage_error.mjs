// What a command says of a mistake of the person who typed it.

/** One sentence; the program ends with exit code 2. */
export class UsageError extends Error {}

/**
 * A text quoted for a message, as the core does it.
 * @param {string} text
 */
export function inQuotes(text) {
  const shown = [...text].slice(0, 60).join('')
  return `"${shown}${shown.length < text.length ? '...' : ''}"`
}
