// Bars of class probabilities, one row per class. The correct class is marked if it is known.
import { h } from '../dom/dom.js'
import { percent } from '../dom/format.js'
import { words } from '../words/words.js'

const own = words.charts.bars

/** The filled part of a bar. @param {number} share 0 to 1 */
export function barOf(share) {
  const bar = h('div', { class: 'bar-fill' })
  bar.style.transform = `scaleX(${share})`
  return bar
}

export class Bars {
  /** @type {{row: HTMLElement, mark: HTMLElement, bar: HTMLElement, value: HTMLElement}[]} */
  #rows = []
  #body = h('tbody')

  /** @param {string} caption of the table, for screen readers */
  constructor(caption) {
    this.element = h('table', { class: 'bars' }, h('caption', { class: 'visually-hidden' }, caption),
      h('colgroup', {}, h('col', { class: 'col-class' }), h('col'), h('col', { class: 'col-value' })),
      h('thead', { class: 'visually-hidden' }, h('tr', {},
        [own.class, own.bar, own.probability].map((text) => h('th', { scope: 'col' }, text)))),
      this.#body)
  }

  /** @param {string[]} names of the classes */
  setClasses(names) {
    this.element.classList.toggle('has-names', names.some((name) => name.length > 2))
    this.element.style.setProperty('--rows', String(Math.ceil(names.length / 2)))
    this.#rows = names.map((name) => {
      const mark = h('span', { class: 'mark' })
      const bar = h('div', { class: 'bar-fill' })
      const value = h('td', { class: 'bar-value' }, '–')
      const row = h('tr', {}, h('th', { scope: 'row' }, name, mark), h('td', { class: 'bar-track' }, bar), value)
      return { row, mark, bar, value }
    })
    this.#body.replaceChildren(...this.#rows.map(({ row }) => row))
  }

  /** @param {Float32Array | null} probabilities null if there is no image @param {number} [right] the correct class */
  show(probabilities, right = -1) {
    const best = probabilities ? probabilities.indexOf(Math.max(...probabilities)) : -1
    this.#rows.forEach(({ row, mark, bar, value }, i) => {
      const p = probabilities?.[i]
      bar.style.transform = `scaleX(${p && Number.isFinite(p) ? p : 0})`
      value.textContent = p === undefined ? '–' : Number.isNaN(p) ? 'NaN' : percent(p, 1)
      row.classList.toggle('is-best', i === best)
      row.classList.toggle('is-right', i === right)
      const text = i === right ? ' ✓' : ''
      if (mark.textContent === text) return
      mark.textContent = text
      mark.title = text && own.correct
    })
    return best
  }
}
