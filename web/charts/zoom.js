// The switch between the range that matters and the full range, for one or several charts.
import { h } from '../dom/dom.js'
import { words } from '../words/words.js'

export class Zoom {
  full = false
  /** Called after a change. @type {(() => void)[]} */
  listeners = []
  #box = h('input', { type: 'checkbox', role: 'switch', onchange: () => this.set(this.#box.checked) })
  element = h('label', { class: 'switch-label', title: words.charts.zoom.about }, this.#box, words.charts.zoom.full)

  /** @param {boolean} full */
  set(full) {
    this.full = this.#box.checked = full
    for (const listener of this.listeners) listener()
  }
}
