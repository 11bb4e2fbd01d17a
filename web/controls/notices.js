// Notices: what happened, what was kept, what to do. Also the live region that announces milestones to screen readers.
import { h, iconButton } from '../dom/dom.js'
import { words } from '../words/words.js'

/** @typedef {import('../lab/lab.js').Notice} Notice */

/** So many milestones stay in the log. */
const mostMilestones = 8

export class Notices extends HTMLElement {
  /** A log, not a status: of two milestones in one task a status would speak only the second. */
  #milestones = h('div', { class: 'visually-hidden', role: 'log' })
  #list = h('div', { class: 'notices', role: 'alert' })

  connectedCallback() {
    if (!this.#list.isConnected) this.append(this.#list, this.#milestones)
  }

  /** Shows a notice; it replaces the one with the same key. @param {Notice} notice */
  show(notice) {
    this.hide(notice.key)
    const button = (/** @type {NonNullable<Notice['action']> | undefined} */ action, kind = '') => action &&
      h('button', { type: 'button', class: `button ${kind}`, onclick: () => {
        this.hide(notice.key)
        action.run()
      } }, action.label)
    this.#list.append(h('section', { class: `notice notice-${notice.kind}`, 'data-key': notice.key },
      h('div', { class: 'notice-words' },
        h('strong', {}, notice.title),
        h('p', {}, words.frame.notices.together([notice.text, notice.kept ?? '', notice.advice ?? ''].filter(Boolean)))),
      button(notice.action, notice.kind === 'info' ? 'primary' : ''), button(notice.other),
      iconButton('close', words.frame.notices.dismiss, () => this.hide(notice.key))))
  }

  /** @param {string} key */
  hide(key) {
    this.#list.querySelector(`[data-key="${key}"]`)?.remove()
  }

  /** Has screen readers speak a milestone. @param {string} text */
  announce(text) {
    this.#milestones.append(h('p', {}, text))
    if (this.#milestones.childElementCount > mostMilestones) this.#milestones.firstElementChild?.remove()
  }
}
customElements.define('rl-notices', Notices)
