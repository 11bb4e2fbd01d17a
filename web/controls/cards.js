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

export class Cards {
  #lab
  #root
  #nav
  /** @type {Map<string, Card>} by name */
  #cards = new Map()
  /** The sections of the groups, and the links to them. @type {Map<Element, HTMLButtonElement>} */
  #groups = new Map()
  /** @type {Record<string, CardState>} of the cards that are not open, by name */
  #states = {}
  #embedded

  /**
   * @param {import('../lab/lab.js').Lab} lab @param {HTMLElement} root parent of the cards
   * @param {HTMLElement} nav parent of the navigation
   * @param {boolean} embedded only some views are shown: all are open, without tools and navigation
   */
  constructor(lab, root, nav, embedded) {
    this.#lab = lab
    this.#root = root
    this.#nav = nav
    this.#embedded = embedded
    if (!embedded) this.#states = recall(memory, this.#states)
  }

  /** Creates the cards one at a time and yields to the event loop after each. @param {string[]} groups in their order @param {ViewRow[]} rows */
  async fill(groups, rows) {
    const titles = groups.filter((title) => rows.some((row) => row.group === title))
    for (const title of titles) {
      const grid = h('div', { class: 'cards' })
      const heading = h('h2', { class: 'group-title', tabIndex: -1 }, title)
      const section = h('section', { class: 'group', 'aria-label': title }, heading, grid)
      this.#groups.set(section, h('button', { type: 'button', class: 'group-link', onclick: () => scrollTo(section, heading) }, title))
      this.#root.append(section)
      for (const row of rows.filter(({ group }) => group === title)) {
        const card = this.#make(row)
        this.#cards.set(nameOf(row), card)
        grid.append(card.box)
        this.#apply(card)
        await new Promise((done) => setTimeout(done))
      }
    }
    this.#fillNav(titles)
  }

  /** Opens the card of a view and scrolls to it. @param {Card} card */
  #go(card) {
    this.#set(card, 'open')
    scrollTo(card.box, card.heading)
  }

  /** @param {ViewRow} row @returns {Card} */
  #make(row) {
    const { tag, title, about, size } = row
    const view = new (/** @type {any} */ (customElements.get(tag)))(this.#lab)
    const heading = h('h2', { tabIndex: -1 }, title)
    const fold = iconButton('down', `Collapse ${title}`, () => this.#set(card, this.#stateOf(row) === 'open' ? 'collapsed' : 'open'), 'icon-button quiet fold')
    const alone = h('a', { class: 'icon-button quiet', target: '_blank', rel: 'noopener', 'aria-label': `${title} alone, to embed`, title: 'Open only this view, for example to embed it in a page' }, icon('alone'))
    const aim = () => (alone.href = `?embed=${nameOf(row)}${location.hash}`)
    for (const type of ['pointerenter', 'focus', 'pointerdown']) alone.addEventListener(type, aim)
    aim()
    const box = h('section', { class: `card ${size && `card-${size}`}`, 'aria-label': title },
      h('header', {}, !this.#embedded && h('div', { class: 'card-tools' }, alone, fold,
        iconButton('close', `Close ${title}`, () => this.#close(card), 'icon-button quiet')),
      h('div', { class: 'card-title' }, heading, h('p', {}, about))),
      view)
    const shown = h('input', { type: 'checkbox', role: 'switch', 'aria-label': `Show ${title}`, onchange: () => this.#set(card, shown.checked ? 'open' : 'closed') })
    const card = { row, view, box, heading, fold, shown }
    return card
  }

  /** @param {ViewRow} row */
  #stateOf(row) {
    return this.#states[nameOf(row)] ?? 'open'
  }

  /** @param {Card} card @param {CardState} state */
  #set(card, state) {
    if (state === 'open') delete this.#states[nameOf(card.row)]
    else this.#states[nameOf(card.row)] = state
    if (!this.#embedded) remember(memory, this.#states)
    this.#apply(card)
  }

  /** @param {Card} card */
  #close(card) {
    this.#set(card, 'closed')
    this.#nav.querySelector('summary')?.focus()
    this.#lab.emit('announce', `${card.row.title} closed. Reopen it in the menu Views.`)
  }

  /** @param {Card} card */
  #apply({ row, view, box, fold, shown }) {
    const state = this.#stateOf(row)
    box.hidden = state === 'closed'
    box.classList.toggle('is-collapsed', state === 'collapsed')
    view.hidden = state !== 'open'
    shown.checked = state !== 'closed'
    const title = `${state === 'open' ? 'Collapse' : 'Open'} ${row.title}`
    set(fold, { 'aria-expanded': state === 'open', 'aria-label': title, title })
    for (const group of this.#groups.keys()) {
      if (group instanceof HTMLElement && group.contains(box)) group.hidden = !group.querySelector('.card:not([hidden])')
    }
  }

  /** @param {string[]} groups */
  #fillNav(groups) {
    const cards = [...this.#cards.values()]
    const all = (/** @type {CardState} */ state) => cards.forEach((card) => this.#set(card, state))
    const list = groups.map((group) => h('section', {}, h('h3', {}, group), h('ul', {},
      cards.filter(({ row }) => row.group === group).map((card) => h('li', {}, card.shown,
        h('button', { type: 'button', class: 'view-go', onclick: () => {
          menu.open = false
          this.#go(card)
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
    this.#nav.append(h('div', { class: 'group-links' }, [...this.#groups.values()]), menu)
    // Marks the link of the group that is in the upper part of the window.
    const seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.#groups.get(target)?.setAttribute('aria-current', 'true')
        else this.#groups.get(target)?.removeAttribute('aria-current')
      }
    }, { rootMargin: '-30% 0px -69% 0px' })
    for (const section of this.#groups.keys()) seen.observe(section)
  }
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
