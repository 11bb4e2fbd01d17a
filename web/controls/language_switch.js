// The button in the bar that shows the page in the other language. The page loads again and goes on with its run.
import { h } from '../dom/dom.js'
import { language, languages } from '../dom/language.js'
import { recall, remember } from '../dom/memory.js'
import { keepForReload } from '../lab/autosaved.js'
import { words } from '../words/words.js'

const own = words.frame.languageSwitch
const other = language === 'en' ? 'zh' : 'en'

/** The search of an address in another language: without ?lang=, or with it where the browser does not remember the choice. @param {string} search @param {string} [code] */
export function searchFor(search, code) {
  const parts = search.slice(1).split('&').filter((part) => part && !/^lang(?:=|$)/.test(part))
  if (code) parts.push(`lang=${code}`)
  return parts.length > 0 ? `?${parts.join('&')}` : ''
}

function load() {
  remember('language', other)
  history.replaceState(null, '', location.pathname + searchFor(location.search, String(recall('language', '')) === other ? undefined : other) + location.hash)
  location.reload()
}

/** @param {() => import('../lab/lab.js').Lab | undefined} labOf */
export const makeLanguageSwitch = (labOf) => h('button', {
  type: 'button', class: 'icon-button language', lang: languages[other].locale, 'aria-label': own.label, title: own.label, onclick: async () => {
    const lab = labOf()
    const lost = lab?.run && await keepForReload(lab)
    if (!lost) return load()
    lab.emit('notice', { key: 'language', kind: 'info', title: own.lost.title, text: own.lost[lost], action: { label: own.anyway, run: load } })
  },
}, own.otherLanguage)
