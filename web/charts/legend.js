// The legend of one or several charts: a button per line that hides or shows it.
import { h, svg } from '../dom/dom.js'
import { words } from '../words/words.js'

/** @typedef {{name: string, colour: string, dash?: number[]}} Key colour: a custom property such as --accent, or a CSS colour */

/** A sample of the line as the charts draw it. @param {Omit<Key, 'name'>} key */
export function swatch({ colour, dash = [] }) {
  const line = svg('line', { x1: 0, y1: 4, x2: 26, y2: 4, 'stroke-width': 2.5, 'stroke-dasharray': dash.join(' ') })
  line.style.stroke = colour.startsWith('--') ? `var(${colour})` : colour
  return svg('svg', { viewBox: '0 0 26 8', width: 26, height: 8, class: 'swatch', 'aria-hidden': 'true' }, line)
}

export class Legend {
  /** The names of the hidden lines. @type {Set<string>} */
  hidden = new Set()
  element = h('ul', { class: 'chart-legend', 'aria-label': words.charts.legend.lines })
  #shown = ''
  /** Called after a line is hidden or shown. @type {(() => void)[]} */
  listeners = []

  /** @param {Key[]} keys */
  show(keys) {
    const shown = keys.map(({ name, colour, dash }) => [name, colour, dash].join()).join('\n')
    if (shown === this.#shown) return
    this.#shown = shown
    this.element.replaceChildren(...keys.map((key) => {
      const button = h('button', { type: 'button', class: 'legend-key', 'aria-pressed': !this.hidden.has(key.name), title: words.charts.legend.hide(key.name), onclick: () => {
        if (!this.hidden.delete(key.name)) this.hidden.add(key.name)
        button.setAttribute('aria-pressed', String(!this.hidden.has(key.name)))
        for (const listener of this.listeners) listener()
      } }, swatch(key), key.name)
      return h('li', {}, button)
    }))
  }
}
