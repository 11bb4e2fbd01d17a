// The lines that the command line prints for this run.
import { h } from '../dom/dom.js'
import { explain } from './explain.js'
import { View } from './view.js'
import { words } from '../words/words.js'

const own = words.run.log
/** Maximum number of lines. Older lines are removed. */
const maxLines = 400

export default class LogView extends View {
  #text = h('pre', { class: 'log', tabIndex: 0, role: 'log', 'aria-label': own.label, 'aria-live': 'off' })
  #empty = h('p', { class: 'empty' }, own.empty)

  build() {
    this.append(this.#empty, this.#text, explain(own.explain))
    this.lab.onEach(['log', 'run'], () => this.update())
    this.update()
  }

  update() {
    const { lines } = this.lab
    this.#empty.hidden = lines.length > 0
    this.#text.hidden = lines.length === 0
    if (!this.seen) return
    const atEnd = this.#text.scrollTop + this.#text.clientHeight >= this.#text.scrollHeight - 24
    this.#text.textContent = lines.slice(-maxLines).join('\n')
    if (atEnd) this.#text.scrollTop = this.#text.scrollHeight
  }
}
