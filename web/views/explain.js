// The explanation of a view, closed until the reader opens it.
import { h } from '../dom/dom.js'
import { formula } from '../charts/formula.js'
import { words } from '../words/words.js'

/** The explanation of a view: what it is, what to look for, what to try. Formulas are between dollar signs. @param {{what: string, look: string, attempt: string}} parts */
export function explain({ what, look, attempt }) {
  const part = (/** @type {string} */ title, /** @type {string} */ text) =>
    h('div', {}, h('dt', {}, title), h('dd', {}, text.split('$').map((each, i) => (i % 2 ? formula(each) : each))))
  return h('details', { class: 'explain' }, h('summary', {}, words.charts.explain.question),
    h('dl', {}, part(words.charts.explain.what, what), part(words.charts.explain.look, look), part(words.charts.explain.attempt, attempt)))
}
