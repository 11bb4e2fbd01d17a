// The words of the page in its language. A language is a table with the same keys as en.js: texts, and functions for texts
// with values. The type checker refuses a table that lacks a key, has another, or has one that takes other values. To add a
// language, add its table, and a row in dom/language.js and here.
import { en } from './en.js'
import { language } from '../dom/language.js'

/** The tables besides English. @type {Partial<Record<import('../dom/language.js').Language, () => Promise<typeof en>>>} */
const tables = {
  zh: async () => (await import('./zh.js')).zh,
}

/** English until loadWords() is done, which the entry of the page waits for before it loads any module that has words. */
export let words = en

export async function loadWords() {
  words = await tables[language]?.() ?? en
}
