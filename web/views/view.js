// What every view is: a custom element in a card, given the lab once there is a run, and told when it can be seen, so
// that nothing is computed for one that cannot.

export class View extends HTMLElement {
  /** @type {import('../lab/lab.js').Lab} */
  lab = /** @type {any} */ (undefined)
  /** Whether any of it is on screen. */
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

  /** Makes the content and listens to the lab; called once. */
  build() {}

  /** Called when the view comes into sight or leaves it. */
  seenChanged() {}

  #update() {
    const seen = this.#onScreen && document.visibilityState === 'visible'
    if (seen === this.seen) return
    this.seen = seen
    this.seenChanged()
  }
}
