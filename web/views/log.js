// The lines that the command line prints for this run.
import { explain, h } from '../dom/dom.js'
import { View } from './view.js'

/** Maximum number of lines. Older lines are removed. */
const maxLines = 400

export default class LogView extends View {
  #text = h('pre', { class: 'log', tabIndex: 0, role: 'log', 'aria-label': 'Log', 'aria-live': 'off' })
  #empty = h('p', { class: 'empty' }, 'Press Train. A line appears every 100 batches, and the score of the test set after each epoch.')

  build() {
    this.append(this.#empty, this.#text,
      explain({
        what: 'The output of the command line for the same settings: the loss every 100 batches, and the score of the test set after each epoch.',
        look: 'The last line, the SHA-256 of the weights. It is the same in every browser, in Node and in the native program.',
        attempt: 'Download the settings in the view Files, train with reluscope train --config and that file, and compare the last lines.',
      }))
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
