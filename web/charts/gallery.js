// Images of the test set in a row. Each is a button that selects the image in all views.
import { drawPixels } from '../dom/colours.js'
import { h } from '../dom/dom.js'

/** @typedef {{index: number, name: string, caption?: string}} GalleryItem name: for screen readers */

export class Gallery {
  #lab
  /** @type {{item: GalleryItem, canvas: HTMLCanvasElement, button: HTMLButtonElement, pixels: Uint8Array | null}[]} */
  #shown = []

  /** @param {import('../lab/lab.js').Lab} lab @param {string} label */
  constructor(lab, label) {
    this.#lab = lab
    this.element = h('ul', { class: 'gallery', 'aria-label': label })
    lab.on('theme', () => this.#draw())
    lab.on('image', () => this.#mark())
  }

  /** @param {GalleryItem[]} items */
  async show(items) {
    if (JSON.stringify(items) === JSON.stringify(this.#shown.map(({ item }) => item))) return
    const shown = this.#shown = items.map((item) => {
      const { index, name, caption } = item
      const canvas = h('canvas', { class: 'thumb' })
      const button = h('button', { type: 'button', class: 'thumb-button', 'aria-label': name, title: name,
        onclick: () => this.#lab.chooseImage('test', index) }, canvas, caption && h('span', { 'aria-hidden': 'true' }, caption))
      return { item, canvas, button, pixels: /** @type {Uint8Array | null} */ (null) }
    })
    this.element.replaceChildren(...shown.map(({ button }) => h('li', {}, button)))
    this.#mark()
    const images = items.length > 0 ? await this.#lab.engine.images('test', items.map(({ index }) => index)) : []
    images.forEach(({ pixels }, i) => (shown[i].pixels = pixels))
    if (this.#shown === shown) this.#draw()
  }

  #draw() {
    for (const { canvas, pixels } of this.#shown) drawPixels(canvas, pixels, this.#lab.run.dataset)
  }

  /** Marks the selected image. */
  #mark() {
    const { part, index } = this.#lab.image
    for (const { item, button } of this.#shown) button.setAttribute('aria-pressed', String(part === 'test' && item.index === index))
  }
}
