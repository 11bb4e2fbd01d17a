// The base class of views of the monitors. They request snapshots while they are visible, and draw the latest one.
import { h } from '../dom/dom.js'
import { View } from './view.js'

/** @typedef {import('../engine/protocol.js').ProbeSnapshot} ProbeSnapshot */

export class ProbeView extends View {
  /** The codes of the warnings that this view shows. @type {string[]} */
  codes = []
  #drawn = false
  #warnings = h('ul', { class: 'warnings', 'aria-label': 'Warnings' })

  connectedCallback() {
    super.connectedCallback()
    this.append(this.#warnings)
    this.lab.onEach(['probe', 'theme'], () => this.refresh())
    this.lab.on('run', () => {
      this.begin()
      this.#drawn = false
      this.#watch()
      this.refresh()
    })
    this.begin()
    this.refresh()
  }

  /** The data that the view needs. @returns {import('../engine/protocol.js').ProbeRequest} */
  request = () => ({})

  /** Called for each new run. */
  begin() {}

  /** @param {ProbeSnapshot} _snapshot the latest */
  draw(_snapshot) {}

  /** Draws the latest snapshot if the view is visible, and once before, so that it has its size when it becomes visible. */
  refresh() {
    const { latest } = this.lab.probes
    if (!latest || (!this.seen && this.#drawn)) return
    this.#drawn = true
    const shown = latest.warnings.filter(({ code }) => this.codes.includes(code))
    this.#warnings.hidden = shown.length === 0
    const texts = shown.map(({ message }) => message)
    if (texts.join('\n') !== [...this.#warnings.children].map((item) => item.textContent).join('\n')) {
      this.#warnings.replaceChildren(...texts.map((text) => h('li', {}, text)))
    }
    this.draw(latest)
    this.dataset.step = String(latest.step)
  }

  update() {
    this.#watch()
    this.refresh()
  }

  #watch() {
    // A stopped engine reports itself.
    this.lab.engine.watchProbe(this.localName, this.seen ? this.request() : null).catch(() => {})
  }
}
