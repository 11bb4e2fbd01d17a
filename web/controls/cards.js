// The cards that contain the views, in groups, and the navigation: links to the groups and a menu of all views. The
// user can collapse a card to its title or close it; the menu reopens it. The browser stores the state of each card.
import { makeColumns } from './card_columns.js'
import { h, icon, iconButton, set } from '../dom/dom.js'
import { recall, remember } from '../dom/memory.js'
import { words } from '../words/words.js'

/**
 * @import { ViewRow } from '../views/registry.js'
 * @typedef {'open' | 'collapsed' | 'closed'} CardState
 * @typedef {{row: ViewRow, view: HTMLElement, box: HTMLElement, heading: HTMLElement, fold: HTMLButtonElement, shown: HTMLInputElement, pack: () => void}} Card
 *   shown: the switch in the menu; pack: after its state has changed
 */

const memory = 'cards'

const own = words.frame.cards
/** The names of the groups, and what each teaches. @type {Record<string, string | undefined>[]} */
const [names, teaches] = [words.frame.groups, own.teaches]
const titleOf = (/** @type {string} */ group) => names[group] ?? group

/** The name of a view in an address: its tag without the prefix. @param {ViewRow} row */
export const nameOf = (row) => row.tag.replace(/^rl-/, '')

/**
 * Creates the cards one at a time and yields to the event loop after each; then the navigation. The rows of the group
 * Stage have their place on the first screen, not here.
 * @param {import('../lab/lab.js').Lab} lab @param {HTMLElement} root parent of the cards @param {HTMLElement} nav parent of the navigation
 * @param {boolean} embedded only some views are shown: all are open, without tools and navigation
 * @param {string[]} groups in their order @param {ViewRow[]} rows
 */
export async function makeCards(lab, root, nav, embedded, groups, rows) {
  /** The sections of the groups, and the links to them. @type {Map<HTMLElement, HTMLButtonElement>} */
  const sections = new Map()
  /** @type {Card[]} */
  const cards = []
  /** Of the cards that are not open, by name. @type {Record<string, CardState>} */
  const states = embedded ? {} : recall(memory, {})
  const stateOf = (/** @type {ViewRow} */ row) => states[nameOf(row)] ?? 'open'

  /** @param {ViewRow} row @returns {Card} */
  function make(row) {
    const { tag, title, about } = row
    const view = new (/** @type {CustomElementConstructor} */ (customElements.get(tag)))(lab)
    const heading = h('h3', { tabIndex: -1 }, title)
    const fold = iconButton('down', own.collapse(title), () => change(card, stateOf(row) === 'open' ? 'collapsed' : 'open'), 'icon-button quiet fold')
    const alone = h('a', { class: 'icon-button quiet', target: '_blank', rel: 'noopener', 'aria-label': own.alone(title), title: own.aloneTitle }, icon('alone'))
    const aim = () => (alone.href = `?embed=${nameOf(row)}${location.hash}`)
    for (const type of ['pointerenter', 'focus', 'pointerdown']) alone.addEventListener(type, aim)
    aim()
    const box = h('section', { class: 'card', 'aria-label': title, 'data-view': nameOf(row) },
      h('header', {}, !embedded && h('div', { class: 'card-tools' }, alone, fold,
        iconButton('close', own.close(title), () => {
          change(card, 'closed')
          nav.querySelector('summary')?.focus()
          lab.emit('announce', own.closed(title))
        }, 'icon-button quiet')),
      h('hgroup', { class: 'card-title' }, heading, h('p', {}, about))),
      view)
    const shown = h('input', { type: 'checkbox', role: 'switch', 'aria-label': own.show(title), onchange: () => change(card, shown.checked ? 'open' : 'closed') })
    const card = { row, view, box, heading, fold, shown, pack: () => {} }
    return card
  }

  /** @param {Card} card @param {CardState} state */
  function change(card, state) {
    if (state === 'open') delete states[nameOf(card.row)]
    else states[nameOf(card.row)] = state
    if (!embedded) remember(memory, states)
    const { activeElement } = document
    const { box } = card
    const before = box.getBoundingClientRect().top
    apply(card)
    card.pack()
    // What the user has just clicked stays under the pointer, with the focus.
    if (!box.hidden && box.contains(activeElement)) {
      scrollBy(0, box.getBoundingClientRect().top - before)
      if (activeElement instanceof HTMLElement) activeElement.focus({ preventScroll: true })
    }
  }

  /** @param {Card} card */
  function apply({ row, view, box, fold, shown }) {
    const state = stateOf(row)
    box.hidden = state === 'closed'
    box.classList.toggle('is-collapsed', state === 'collapsed')
    view.hidden = state !== 'open'
    shown.checked = state !== 'closed'
    const title = state === 'open' ? own.collapse(row.title) : own.open(row.title)
    set(fold, { 'aria-expanded': state === 'open', 'aria-label': title, title })
    for (const section of sections.keys()) {
      if (section.contains(box)) section.hidden = !section.querySelector('.card:not([hidden])')
    }
  }

  const present = groups.filter((name) => name !== 'Stage' && rows.some(({ group }) => group === name))
  for (const name of present) {
    const title = titleOf(name)
    const heading = h('h2', { class: 'group-title', tabIndex: -1 }, title)
    const section = h('section', { class: 'group', 'aria-label': title }, h('hgroup', {}, heading, teaches[name] && h('p', { class: 'muted' }, teaches[name])))
    sections.set(section, h('button', { type: 'button', class: 'group-link', onclick: () => goTo(section, heading) }, title))
    root.append(section)
    /** Of the cards since the last wide one. @type {ReturnType<typeof makeColumns> | undefined} */
    let columns
    for (const row of rows.filter(({ group }) => group === name)) {
      const card = make(row)
      cards.push(card)
      if (row.size === 'wide') columns = undefined
      else if (!columns) section.append((columns = makeColumns()).element)
      ;(columns?.element ?? section).append(card.box)
      if (columns) card.pack = columns.pack
      apply(card)
      card.pack()
      await new Promise((done) => setTimeout(done))
    }
  }
  const all = (/** @type {CardState} */ state) => cards.forEach((card) => change(card, state))
  const list = present.map((group) => h('section', { 'aria-label': titleOf(group) }, h('p', {}, titleOf(group)), h('ul', {},
    cards.filter(({ row }) => row.group === group).map((card) => h('li', {}, card.shown,
      h('button', { type: 'button', class: 'view-go', onclick: () => {
        menu.open = false
        change(card, 'open')
        goTo(card.box, card.heading)
      } }, card.row.title))))))
  const menu = h('details', { class: 'view-menu' }, h('summary', { class: 'button small' }, icon('views'), h('span', {}, own.views)),
    h('div', { class: 'view-list' }, list, h('div', { class: 'view-all' },
      h('button', { type: 'button', class: 'button small', onclick: () => all('open') }, own.openAll),
      h('button', { type: 'button', class: 'button small', onclick: () => all('collapsed') }, own.collapseAll))))
  menu.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !menu.open) return
    menu.open = false
    menu.querySelector('summary')?.focus()
  })
  document.addEventListener('pointerdown', (event) => {
    if (!menu.contains(/** @type {Node} */ (event.target))) menu.open = false
  })
  nav.append(h('div', { class: 'group-links' }, [...sections.values()]), menu)
  // Marks the link of the group that is in the upper part of the window.
  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) sections.get(/** @type {HTMLElement} */ (target))?.setAttribute('aria-current', String(isIntersecting))
  }, { rootMargin: '-30% 0px -69% 0px' })
  for (const section of sections.keys()) seen.observe(section)
  new ResizeObserver(() => document.documentElement.style.setProperty('--nav', `${nav.offsetHeight}px`)).observe(nav)
}

/** Milliseconds for which a place that the user went to is held while the views that come into sight take their size. */
const settling = 3000

/** Ends the hold of the last place. */
let letGo = new AbortController()

/**
 * Scrolls to a place at once and holds it there until the user does something else.
 * @param {HTMLElement} place @param {HTMLElement} heading receives the focus
 */
function goTo(place, heading) {
  letGo.abort()
  letGo = new AbortController()
  const { signal } = letGo
  const hold = () => place.scrollIntoView({ behavior: 'instant' })
  const watch = new ResizeObserver(hold)
  const end = () => letGo.abort()
  signal.addEventListener('abort', () => watch.disconnect())
  for (const type of ['wheel', 'touchmove', 'pointerdown', 'keydown']) addEventListener(type, end, { signal, passive: true })
  setTimeout(() => !signal.aborted && end(), settling)
  hold()
  watch.observe(document.body)
  heading.focus({ preventScroll: true })
}
