// Writes the English words into index.html, for the time before the page's modules have loaded, and for readers without scripts.
import { textAt } from '../words/fill.js'

/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/**
 * The page with the texts of the elements with data-words, and the labels of those with data-label. Throws if the table lacks one,
 * or an element has its own.
 * @param {string} html @param {object} en the table
 */
export function filled(html, en) {
  return html
    .replace(/<[^>]*\sdata-label="([^"]*)"[^>]*>/g, (tag, path) => {
      if (/\saria-label=/.test(tag)) throw new Error(`index.html: the element of ${path} has a label of its own`)
      return `${tag.slice(0, -1)} aria-label="${escaped(textAt(en, path))}">`
    })
    .replace(/(<[^>]*\sdata-words="([^"]*)"[^>]*>)([^<]*)(<\/)?/g, (_, tag, path, text, end) => {
      if (text || !end) throw new Error(`index.html: the element of ${path} has a text of its own`)
      return tag + escaped(textAt(en, path)) + end
    })
}
