// The cards that contain the views, in groups, and the navigation: links to the groups and a menu of all views. The
// user can collapse a card to its title or close it; the menu reopens it. The browser stores the state of each card.
import { h, icon, iconButton } from '../dom/dom.js'
import { recall, remember } from '../lab/memory.js'

/**
 * @typedef {import('../views/registry.js').ViewRow} ViewRow
 * @typedef {import('../views/view.js').View} View
 * @typedef {'open' | 'collapsed' | 'closed'} CardState
 * @typedef {{row: ViewRow, name: string, view: View, card: HTMLElement, title: HTMLElement, fold: HTMLButtonElement,
 *            switch: HTMLInputElement}} Card
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
  /** @type {{title: string, section: HTMLElement, link: HTMLButtonElement}[]} */
  #groups = []
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

  /**
   * Creates the cards one at a time and yields to the event loop after each.
   * @param {string[]} groups in their order @param {ViewRow[]} rows
   */
  async fill(groups, rows) {
    for (const title of groups) {
      const members = rows.filter((row) => row.group === title)
      if (members.length === 0) continue
      const grid = h('div', { class: 'cards' })
      const heading = h('h2', { class: 'group-title', tabIndex: -1 }, title)
      const section = h('section', { class: 'group', 'aria-label': title }, heading, grid)
      const link = h('button', { type: 'button', class: 'group-link', onclick: () => this.#scrollTo(section, heading) }, title)
      this.#groups.push({ title, section, link })
      this.#root.append(section)
      for (const row of members) {
        const card = this.#make(row)
        this.#cards.set(card.name, card)
        grid.append(card.card)
        card.view.attach(this.#lab)
        this.#apply(card)
        await new Promise((done) => setTimeout(done))
      }
    }
    this.#fillNav()
  }

  /** Opens the card of a view and scrolls to it. @param {string} name */
  go(name) {
    const card = this.#cards.get(name)
    if (!card) return
    this.#set(card, 'open')
    this.#scrollTo(card.card, card.title)
  }

  /** @param {ViewRow} row @returns {Card} */
  #make(row) {
    const { tag, title, about, size } = row
    const name = nameOf(row)
    const view = /** @type {View} */ (document.createElement(tag))
    const heading = h('h2', { tabIndex: -1 }, title)
    const fold = iconButton('down', `Collapse ${title}`, () => this.#set(card, this.#stateOf(card) === 'open' ? 'collapsed' : 'open'), 'icon-button quiet fold')
    const alone = h('a', { class: 'icon-button quiet', target: '_blank', rel: 'noopener', 'aria-label': `${title} alone, to embed`, title: 'Open only this view, for example to embed it in a page' }, icon('alone'))
    const aim = () => (alone.href = `?embed=${name}${location.hash}`)
    for (const type of ['pointerenter', 'focus', 'pointerdown']) alone.addEventListener(type, aim)
    aim()
    const box = h('section', { class: `card ${size && `card-${size}`}`, 'aria-label': title },
      h('header', {}, !this.#embedded && h('div', { class: 'card-tools' }, alone, fold,
        iconButton('close', `Close ${title}`, () => this.#close(card), 'icon-button quiet')),
      h('div', { class: 'card-title' }, heading, h('p', {}, about))),
      view)
    const shown = h('input', { type: 'checkbox', role: 'switch', 'aria-label': `Show ${title}`, onchange: () => this.#set(card, shown.checked ? 'open' : 'closed') })
    /** @type {Card} */
    const card = { row, name, view, card: box, title: heading, fold, switch: shown }
    return card
  }

  /** @param {Card} card */
  #stateOf(card) {
    return this.#states[card.name] ?? 'open'
  }

  /** @param {Card} card @param {CardState} state */
  #set(card, state) {
    if (state === 'open') delete this.#states[card.name]
    else this.#states[card.name] = state
    if (!this.#embedded) remember(memory, this.#states)
    this.#apply(card)
  }

  /** @param {Card} card */
  #close(card) {
    this.#set(card, 'closed')
    const menu = this.#nav.querySelector('summary')
    menu?.focus()
    this.#lab.emit('announce', `${card.row.title} closed. Reopen it in the menu Views.`)
  }

  /** @param {Card} card */
  #apply(card) {
    const state = this.#stateOf(card)
    card.card.hidden = state === 'closed'
    card.card.classList.toggle('is-collapsed', state === 'collapsed')
    card.view.hidden = state !== 'open'
    card.switch.checked = state !== 'closed'
    const words = `${state === 'open' ? 'Collapse' : 'Open'} ${card.row.title}`
    card.fold.setAttribute('aria-expanded', String(state === 'open'))
    card.fold.setAttribute('aria-label', words)
    card.fold.title = words
    const group = this.#groups.find(({ title }) => title === card.row.group)
    if (group) group.section.hidden = [...this.#cards.values()].every((each) => each.row.group !== group.title || this.#stateOf(each) === 'closed')
  }

  #fillNav() {
    const all = (/** @type {CardState} */ state) => this.#cards.forEach((card) => this.#set(card, state))
    const list = this.#groups.map(({ title }) => h('section', {}, h('h3', {}, title), h('ul', {},
      [...this.#cards.values()].filter(({ row }) => row.group === title).map((card) => h('li', {}, card.switch,
        h('button', { type: 'button', class: 'view-go', onclick: () => {
          menu.open = false
          this.go(card.name)
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
    this.#nav.append(h('div', { class: 'group-links' }, this.#groups.map(({ link }) => link)), menu)
    this.#follow()
  }

  /** Marks the link of the group that is in the upper part of the window. */
  #follow() {
    const seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        const group = this.#groups.find(({ section }) => section === target)
        if (isIntersecting) group?.link.setAttribute('aria-current', 'true')
        else group?.link.removeAttribute('aria-current')
      }
    }, { rootMargin: '-30% 0px -69% 0px' })
    for (const { section } of this.#groups) seen.observe(section)
  }

  /** @param {HTMLElement} place @param {HTMLElement} heading receives the focus */
  #scrollTo(place, heading) {
    place.scrollIntoView({ behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' })
    heading.focus({ preventScroll: true })
  }
}

/**
 * The views named by ?embed=name,name in the address; undefined without ?embed.
 * @param {string} search @param {ViewRow[]} rows
 * @returns {ViewRow[] | undefined}
 */
export function embeddedRows(search, rows) {
  const wanted = new URLSearchParams(search).get('embed')
  if (wanted === null) return undefined
  return wanted.split(',').map((text) => {
    const row = rows.find((each) => nameOf(each) === text.trim())
    if (!row) throw new Error(`embed names "${text.trim()}", but the views are ${rows.map(nameOf).join(', ')}`)
    return row
  })
}
