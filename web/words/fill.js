// Puts the words of a table into the elements of index.html: the text of those with data-words, the aria-label of those with
// data-label. The site has the English ones in its index.html (site/page_words.mjs), the page the others from here.
import { words } from './words.js'

/** The text at a path such as frame.page.views. @param {object} table @param {string} path @returns {string} */
export function textAt(table, path) {
  const text = path.split('.').reduce((/** @type {any} */ part, key) => part?.[key], table)
  if (typeof text !== 'string') throw new Error(`the table of words has no text ${path}`)
  return text
}

/** Fills the elements of the document with the words of the page. */
export function fill() {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-words]'))) element.textContent = textAt(words, element.dataset.words ?? '')
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-label]'))) element.setAttribute('aria-label', textAt(words, element.dataset.label ?? ''))
}
