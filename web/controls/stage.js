// The first screen: the activations, the warnings, the views of the group Stage beside each other, and the claims. On the lab's
// event 'compare' a second run stands beside the first.
import { makeAlerts } from './alerts.js'
import { makeClaims } from './claims.js'
import { h } from '../dom/dom.js'
import { sentence } from '../dom/format.js'
import { makePills } from './pills.js'
import { words } from '../words/words.js'

/**
 * @param {import('../lab/lab.js').Lab} lab @param {HTMLElement} root @param {import('../views/registry.js').ViewRow[]} rows of the stage
 * @param {boolean} embedded only the views
 */
export function makeStage(lab, root, rows, embedded) {
  const stage = h('div', { class: 'stage' }, rows.map(({ tag, title }) => h('section', { class: 'card', 'aria-label': title },
    new (/** @type {CustomElementConstructor} */ (customElements.get(tag)))(lab))))
  root.append(...(embedded ? [stage] : [makePills(lab), makeAlerts(lab), stage, makeClaims(lab)]))
  /** @type {Promise<import('./compare.js').Comparison> | undefined} */
  let comparison
  lab.on('compare', (wanted) => {
    comparison ??= import('./compare.js').then(({ Comparison }) => new Comparison(lab, stage))
    comparison.then((each) => each.open(wanted), (error) => lab.complain({ key: 'compare', title: words.frame.stage.noComparison, text: words.lab.error(sentence(error)) }))
  })
}
