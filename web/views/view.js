// The base class of all views: a custom element in a card. A view is told when it becomes visible, so that invisible
// views compute nothing.

export class View extends HTMLElement {
  /** Whether any part of the view is visible. */
  seen = false
  /** @type {(() => void) | undefined} */
  #leave

  /** @param {import('../lab/lab.js').Lab} lab with a run */
  constructor(lab) {
    super()
    this.lab = lab
  }

  /** Called once, when the view is in its card. */
  connectedCallback() {
    this.build()
    let onScreen = false
    const look = () => {
      const seen = onScreen && document.visibilityState === 'visible'
      if (seen === this.seen) return
      this.seen = seen
      this.update()
    }
    const observer = new IntersectionObserver((entries) => {
      onScreen = entries[entries.length - 1].isIntersecting
      look()
    })
    observer.observe(this)
    document.addEventListener('visibilitychange', look)
    this.#leave = () => {
      observer.disconnect()
      document.removeEventListener('visibilitychange', look)
    }
  }

  disconnectedCallback() {
    this.#leave?.()
  }

  /** Creates the content and listens to the lab. */
  build() {}

  /** Called when the view becomes visible or invisible, and by views whose data have changed. */
  update() {}
}
