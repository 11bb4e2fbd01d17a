// The cards that contain the views, in groups, and the navigation: links to the groups and a menu of all views. The
// user can collapse a card to its title or close it; the menu reopens it. The browser stores the state of each card.
import { h, icon, iconButton, set } from '../dom/dom.js'
import { recall, remember } from '../lab/memory.js'

/**
 * @import { ViewRow } from '../views/registry.js'
 * @typedef {'open' | 'collapsed' | 'closed'} CardState
 * @typedef {{row: ViewRow, view: HTMLElement, box: HTMLElement, heading: HTMLElement, fold: HTMLButtonElement, shown: HTMLInputElement}} Card
 *   shown: the switch in the menu
 */

const memory = 'cards'

/** The name of a view in an address: its tag without the prefix. @param {ViewRow} row */
export const nameOf = (row) => row.tag.replace(/^rl-/, '')

/**
 * Creates the cards one at a time and yields to the event loop after each; then the navigation.
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
    const { tag, title, about, size } = row
    const view = new (/** @type {CustomElementConstructor} */ (customElements.get(tag)))(lab)
    const heading = h('h2', { tabIndex: -1 }, title)
    const fold = iconButton('down', `Collapse ${title}`, () => change(card, stateOf(row) === 'open' ? 'collapsed' : 'open'), 'icon-button quiet fold')
    const alone = h('a', { class: 'icon-button quiet', target: '_blank', rel: 'noopener', 'aria-label': `${title} alone, to embed`, title: 'Open only this view, for example to embed it in a page' }, icon('alone'))
    const aim = () => (alone.href = `?embed=${nameOf(row)}${location.hash}`)
    for (const type of ['pointerenter', 'focus', 'pointerdown']) alone.addEventListener(type, aim)
    aim()
    const box = h('section', { class: `card ${size && `card-${size}`}`, 'aria-label': title },
      h('header', {}, !embedded && h('div', { class: 'card-tools' }, alone, fold,
        iconButton('close', `Close ${title}`, () => {
          change(card, 'closed')
          nav.querySelector('summary')?.focus()
          lab.emit('announce', `${title} closed. Reopen it in the menu Views.`)
        }, 'icon-button quiet')),
      h('div', { class: 'card-title' }, heading, h('p', {}, about))),
      view)
    const shown = h('input', { type: 'checkbox', role: 'switch', 'aria-label': `Show ${title}`, onchange: () => change(card, shown.checked ? 'open' : 'closed') })
    const card = { row, view, box, heading, fold, shown }
    return card
  }

  /** @param {Card} card @param {CardState} state */
  function change(card, state) {
    if (state === 'open') delete states[nameOf(card.row)]
    else states[nameOf(card.row)] = state
    if (!embedded) remember(memory, states)
    apply(card)
  }

  /** @param {Card} card */
  function apply({ row, view, box, fold, shown }) {
    const state = stateOf(row)
    box.hidden = state === 'closed'
    box.classList.toggle('is-collapsed', state === 'collapsed')
    view.hidden = state !== 'open'
    shown.checked = state !== 'closed'
    const title = `${state === 'open' ? 'Collapse' : 'Open'} ${row.title}`
    set(fold, { 'aria-expanded': state === 'open', 'aria-label': title, title })
    for (const section of sections.keys()) {
      if (section.contains(box)) section.hidden = !section.querySelector('.card:not([hidden])')
    }
  }

  const titles = groups.filter((title) => rows.some((row) => row.group === title))
  for (const title of titles) {
    const grid = h('div', { class: 'cards' })
    const heading = h('h2', { class: 'group-title', tabIndex: -1 }, title)
    const section = h('section', { class: 'group', 'aria-label': title }, heading, grid)
    sections.set(section, h('button', { type: 'button', class: 'group-link', onclick: () => scrollTo(section, heading) }, title))
    root.append(section)
    for (const row of rows.filter(({ group }) => group === title)) {
      const card = make(row)
      cards.push(card)
      grid.append(card.box)
      apply(card)
      await new Promise((done) => setTimeout(done))
    }
  }
  const all = (/** @type {CardState} */ state) => cards.forEach((card) => change(card, state))
  const list = titles.map((group) => h('section', {}, h('h3', {}, group), h('ul', {},
    cards.filter(({ row }) => row.group === group).map((card) => h('li', {}, card.shown,
      h('button', { type: 'button', class: 'view-go', onclick: () => {
        menu.open = false
        change(card, 'open')
        scrollTo(card.box, card.heading)
      } }, card.row.title))))))
  const menu = h('details', { class: 'view-menu' }, h('summary', { class: 'button small' }, icon('views'), 'Views'),
    h('div', { class: 'view-list' }, list, h('div', { class: 'view-all' },
      h('button', { type: 'button', class: 'button small', onclick: () => all('open') }, 'Open all'),
      h('button', { type: 'button', class: 'button small', onclick: () => all('collapsed') }, 'Collapse all'))))
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
}

/** @param {HTMLElement} place @param {HTMLElement} heading receives the focus */
function scrollTo(place, heading) {
  place.scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' })
  heading.focus({ preventScroll: true })
}

/** The views named by ?embed=name,name in the address; undefined without ?embed. @param {string} search @param {ViewRow[]} rows */
export function embeddedRows(search, rows) {
  const wanted = new URLSearchParams(search).get('embed')
  if (wanted === null) return undefined
  return wanted.split(',').map((text) => {
    const row = rows.find((each) => nameOf(each) === text.trim())
    if (!row) throw new Error(`embed names "${text.trim()}", but the views are ${rows.map(nameOf).join(', ')}`)
    return row
  })
}
