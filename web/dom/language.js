// The language of the page: ?lang= of the address, else what the user chose before, else the first language of the browser
// that the page has, else English. Outside a browser it is English.
import { recall } from './memory.js'

/** The languages, by the code in ?lang=: their own names, and their locales for numbers, dates and the page's attribute lang. */
export const languages = /** @type {const} */ ({
  en: { name: 'English', locale: 'en-US' },
  zh: { name: '中文', locale: 'zh-CN' },
})

/** @typedef {keyof typeof languages} Language */

/** @param {string | null | undefined} code such as zh-TW @returns {Language | undefined} */
const known = (code) => /** @type {Language[]} */ (Object.keys(languages)).find((each) => each === code?.toLowerCase().split('-')[0])

const inPage = typeof document !== 'undefined'
const asked = inPage ? new URLSearchParams(location.search).get('lang') : null

/** The language that the address asks for and the page does not have; '' if there is none. */
export const unknownLanguage = asked !== null && !known(asked) ? asked : ''

/** @type {Language} */
export const language = (inPage && (known(asked) ?? known(recall('language', '')) ?? navigator.languages.map(known).find(Boolean))) || 'en'

export const { locale } = languages[language]

/** The same language as in the user's country, such as en-GB, for dates. */
export const dateLocale = (inPage && navigator.languages.find((each) => known(each) === language)) || locale
