// What a command says of a mistake of the person who typed it.

/** One sentence; the program ends with exit code 2. */
export class UsageError extends Error {}

/**
 * A line as it may go to a terminal: control characters but tabs, and those that turn the direction of writing or end a line are
 * escaped, as the core does it (src/core/text.h). Names from files are in many lines.
 * @param {string} line
 */
export const printable = (line) => line
  // eslint-disable-next-line no-control-regex
  .replace(/[\0-\x08\x0a-\x1f\x7f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
  .replace(/[\x80-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** A text quoted for a message, as the core does it. @param {string} text */
export function inQuotes(text) {
  const shown = printable([...text].slice(0, 60).join('')).replaceAll('\t', '\\x09')
  return `"${shown}${[...text].length > 60 ? '...' : ''}"`
}
