// Errors in the arguments of a command, and texts from files that are safe to print.

/** One sentence; the program ends with exit code 2. */
export class UsageError extends Error {}

/** A line in which control characters except tabs, and those that reorder text or end a line, are escaped, as by the core
 * (src/core/text.h). @param {string} line */
export const printable = (line) => line
  // eslint-disable-next-line no-control-regex
  .replace(/[\0-\x08\x0a-\x1f\x7f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
  .replace(/[\x80-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** A text quoted for a message, as by the core. @param {string} text */
export function inQuotes(text) {
  const shown = printable([...text].slice(0, 60).join('')).replaceAll('\t', '\\x09')
  return `"${shown}${[...text].length > 60 ? '...' : ''}"`
}
