// The base class of all views: a custom element in a card. A view is attached to the lab once there is a run, and is
// told when it becomes visible, so that invisible views compute nothing.

export class View extends HTMLElement {
  /** @type {import('../lab/lab.js').Lab} */
  lab = /** @type {any} */ (undefined)
  /** Whether any part of the view is visible. */
  seen = false
  #onScreen = false

  /** @param {import('../lab/lab.js').Lab} lab with a run */
  attach(lab) {
    this.lab = lab
    this.build()
    new IntersectionObserver((entries) => {
      this.#onScreen = entries[entries.length - 1].isIntersecting
      this.#update()
    }).observe(this)
    document.addEventListener('visibilitychange', () => this.#update())
  }

  /** Creates the content and listens to the lab. Called once. */
  build() {}

  /** Called when the view becomes visible or invisible. */
  seenChanged() {}

  #update() {
    const seen = this.#onScreen && document.visibilityState === 'visible'
    if (seen === this.seen) return
    this.seen = seen
    this.seenChanged()
  }
}
