// The embedded page: which views it shows, its small bar in place of settings and navigation, and training that begins
// by itself once the frame is in sight.
import { nameOf } from './cards.js'
import { h, icon } from '../dom/dom.js'
import { percent } from '../dom/format.js'
import { mainAction } from './main_button.js'
import { words } from '../words/words.js'

/** @import { Lab } from '../lab/lab.js' */
/** @import { ViewRow } from '../views/registry.js' */

const own = words.frame.embed

/**
 * The views named by ?embed=name,name in the address; undefined without ?embed. "stage" stands for all views of the first
 * screen, which keep their place there; the others are cards of one group.
 * @param {string} search @param {ViewRow[]} rows @returns {ViewRow[] | undefined}
 */
export function embeddedRows(search, rows) {
  const wanted = new URLSearchParams(search).get('embed')
  if (wanted === null) return undefined
  const names = [...new Set(wanted.split(',').map((text) => text.trim()))]
  const stage = names.includes('stage') ? rows.filter(({ group }) => group === 'Stage') : []
  return [...stage, ...names.filter((name) => name !== 'stage').map((name) => {
    const row = rows.find((each) => nameOf(each) === name)
    if (!row) throw new Error(own.unknown(name, rows.map(nameOf)))
    return { ...row, group: 'Views' }
  })].filter((row, i, all) => all.findIndex(({ tag }) => tag === row.tag) === i)
}

/** The address of the whole page with the settings of the run. */
const wholePage = () => location.pathname + location.hash

/** @param {Lab} lab with a run @param {ViewRow[]} rows of embeddedRows() */
export function embed(lab, rows) {
  document.body.dataset.embed = rows.some(({ group }) => group === 'Stage') ? 'stage' : 'views'
  const train = h('button', { type: 'button', class: 'button primary', onclick: () => void mainAction(lab, true).act() })
  const activation = h('select', { 'aria-label': own.activation, onchange: () => void lab.chooseActivation(activation.value) },
    h('option', { value: 'mixed', hidden: true }, own.mixed), h('option', { value: '', hidden: true }, own.none),
    lab.registry.activations.map(({ name, label }) => h('option', { value: name }, label)))
  const accuracy = h('output', { 'aria-label': own.accuracy, 'aria-live': 'off' }, '–')
  const whole = h('a', { class: 'button', target: '_blank', rel: 'noopener', 'aria-label': own.whole, title: own.wholeTitle }, icon('alone'), h('span', {}, own.whole))

  function show() {
    const { text, picture } = mainAction(lab, true)
    train.replaceChildren(icon(picture), text)
    train.disabled = lab.state === 'empty'
    activation.value = lab.activationOf(lab.run.config)
    accuracy.textContent = percent(lab.epochs.at(-1)?.testAccuracy ?? NaN)
    whole.href = wholePage()
  }
  lab.onEach(['run', 'state', 'epoch', 'settings'], show)
  show()
  document.body.prepend(h('header', { class: 'embed-bar' }, train, activation,
    h('div', { class: 'metric' }, h('span', { 'aria-hidden': 'true' }, own.accuracy), accuracy), whole))

  if (!new URLSearchParams(location.search).has('autostart')) return
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return
    seen.disconnect()
    if (lab.state === 'ready') void lab.toggle()
  })
  seen.observe(train)
}
