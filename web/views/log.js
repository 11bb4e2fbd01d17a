// The lines that the command line would have printed.
import { h } from '../dom/dom.js'
import { explain } from '../dom/explain.js'
import { View } from './view.js'

/** Older lines are dropped from the screen. */
const maxLines = 400

class LogView extends View {
  #text = h('pre', { class: 'log', tabIndex: 0, role: 'log', 'aria-label': 'Log', 'aria-live': 'off' })
  #empty = h('p', { class: 'empty' }, 'Press Train: a line every 100 batches, and the test set’s score after each epoch.')

  build() {
    this.append(this.#empty, this.#text,
      explain({
        what: 'What the command line prints for the same settings: the loss every 100 batches, and the test set’s score after each epoch.',
        look: 'The last line, with the SHA-256 of the weights. It is the same in every browser, in Node and natively.',
        attempt: 'Download the settings under Files, train with them by reluscope train --config, and compare the two.',
      }))
    this.lab.on('log', () => this.#show())
    this.lab.on('run', () => this.#show())
    this.#show()
  }

  seenChanged() {
    if (this.seen) this.#show()
  }

  #show() {
    const { lines } = this.lab
    this.#empty.hidden = lines.length > 0
    this.#text.hidden = lines.length === 0
    if (!this.seen) return
    const atEnd = this.#text.scrollTop + this.#text.clientHeight >= this.#text.scrollHeight - 24
    this.#text.textContent = lines.slice(-maxLines).join('\n')
    if (atEnd) this.#text.scrollTop = this.#text.scrollHeight
  }
}
customElements.define('rl-log', LogView)
