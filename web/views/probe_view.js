// The base class of views of the monitors. They request snapshots while they are visible, and draw the latest one.
import { h } from '../dom/dom.js'
import { View } from './view.js'
import { words } from '../words/words.js'

/** @typedef {import('../engine/protocol.js').ProbeSnapshot} ProbeSnapshot */

export class ProbeView extends View {
  /** The codes of the warnings that this view shows. @type {string[]} */
  codes = []
  #drawn = false
  #warnings = h('ul', { class: 'warnings', 'aria-label': words.units.probeView.warnings })

  connectedCallback() {
    super.connectedCallback()
    this.append(this.#warnings)
    this.lab.onEach(['probe', 'looks', 'theme'], () => this.refresh())
    this.lab.onEach(['run', 'warning'], () => this.#warn())
    this.lab.on('run', () => {
      this.begin()
      this.#drawn = false
      this.#watch()
      this.refresh()
    })
    this.begin()
    this.#warn()
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
    this.draw(latest)
    this.dataset.step = String(latest.step)
  }

  update() {
    this.#watch()
    this.refresh()
  }

  /** Lists the warnings that the recorded looks raised. */
  #warn() {
    const shown = this.lab.warnings.filter(({ code }) => this.codes.includes(code))
    this.#warnings.hidden = shown.length === 0
    this.#warnings.replaceChildren(...shown.map(({ code, step, message }) => h('li', {}, h('b', {}, words.units.probeView.atStep(step)), ' ', words.lab.warning(code, message))))
  }

  #watch() {
    // A stopped engine reports itself.
    this.lab.engine.watchProbe(this.localName, this.seen ? this.request() : null).catch(() => {})
  }
}
