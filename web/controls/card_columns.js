// Packs cards into columns of about equal height, without holes. The cards stay children of one box, in the order of the
// registry; slots show them in the columns, so a view is never taken out of the document. The style sheet lays out a
// column, so a card that grows moves only those below it. Cards change columns when the user opens or closes one, when
// the width allows another number of columns, and otherwise only while none of them is in sight.
import { h } from '../dom/dom.js'

/** Least width of a column in pixels, and the most columns. */
const least = 420
const most = 3

/**
 * The column of each card: the first cards head the columns in their order; the others even out the heights.
 * @param {number[]} heights @param {number} columns @param {number} gap between cards
 */
export function columnsFor(heights, columns, gap) {
  /** @type {number[]} */
  let best = []
  let lowest = Infinity
  /** @param {number[]} taken @param {number[]} tops */
  const place = (taken, tops) => {
    const cost = tops.reduce((sum, top) => sum + top * top, 0)
    if (cost >= lowest) return
    const at = taken.length
    if (at === heights.length) {
      best = taken
      lowest = cost
      return
    }
    const free = at < columns ? [at] : [...tops.keys()].sort((a, b) => tops[a] - tops[b])
    for (const column of free) place([...taken, column], tops.map((top, i) => (i === column ? top + heights[at] + gap : top)))
  }
  place([], Array(columns).fill(0))
  return best
}

/** pack() is called after cards were added, opened, collapsed or closed. */
export function makeColumns() {
  const element = h('div', { class: 'cards' })
  const root = element.attachShadow({ mode: 'open' })
  const columns = Array.from({ length: most }, (_, i) => h('div', { part: 'column' }, h('slot', { name: String(i) })))
  let width = 0
  let inSight = false
  let asked = 0

  const put = (/** @type {HTMLElement} */ card, /** @type {number} */ column) => card.slot !== String(column) && (card.slot = String(column))

  function pack() {
    const there = /** @type {HTMLElement[]} */ ([...element.children]).filter((card) => !card.hidden)
    const isOpen = (/** @type {HTMLElement} */ card) => !card.classList.contains('is-collapsed')
    const gap = Number.parseFloat(getComputedStyle(element).columnGap) || 0
    const fitting = Math.min(most, Math.floor((width + gap) / (least + gap)))
    const count = Math.max(1, Math.min(fitting, there.filter(isOpen).length))
    if (root.childElementCount !== count) {
      root.replaceChildren(...columns.slice(0, count))
      there.forEach((card, i) => put(card, i % count))
    }
    for (const card of there) card.classList.remove('is-stretched')
    const chosen = columnsFor(count === 1 ? there.map(() => 0) : there.map((card) => card.offsetHeight), count, gap)
    there.forEach((card, i) => put(card, chosen[i]))
    // The last open card of each column takes the rest, so that the columns end together.
    for (let i = 0; i < count; i++) there.filter((card, at) => chosen[at] === i && isOpen(card)).at(-1)?.classList.add('is-stretched')
  }

  function ask() {
    cancelAnimationFrame(asked)
    asked = requestAnimationFrame(pack)
  }
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width === width) return void (!inSight && root.childElementCount > 1 && ask())
    width = contentRect.width
    ask()
  }).observe(element)
  new IntersectionObserver((entries) => {
    inSight = entries[entries.length - 1].isIntersecting
    if (!inSight && root.childElementCount > 1) ask()
  }).observe(element)
  return { element, pack }
}
