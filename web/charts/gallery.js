// Images of the data set in a row. Each is a button that selects the image in all views.
import { h } from '../dom/dom.js'
import { drawPixels, paperAndInk } from '../dom/pixels.js'

/** @typedef {{part: 'train' | 'test', index: number, name: string, caption?: string}} GalleryItem name: for screen
 *   readers */

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
    const shown = items.map((item) => {
      const canvas = h('canvas', { class: 'thumb' })
      const button = h('button', { type: 'button', class: 'thumb-button', 'aria-label': item.name, title: item.name,
        onclick: () => this.#lab.chooseImage(item.part, item.index) }, canvas, item.caption && h('span', { 'aria-hidden': 'true' }, item.caption))
      return { item, canvas, button, pixels: /** @type {Uint8Array | null} */ (null) }
    })
    this.#shown = shown
    this.element.replaceChildren(...shown.map(({ button }) => h('li', {}, button)))
    this.#mark()
    for (const part of /** @type {const} */ (['train', 'test'])) {
      const of = shown.filter(({ item }) => item.part === part)
      if (of.length === 0) continue
      const images = await this.#lab.engine.images(part, of.map(({ item }) => item.index))
      of.forEach((each, i) => (each.pixels = images[i].pixels))
    }
    if (this.#shown === shown) this.#draw()
  }

  #draw() {
    const { height, width } = this.#lab.run.dataset
    const colours = paperAndInk()
    for (const { canvas, pixels } of this.#shown) drawPixels(canvas, pixels, width, height, colours)
  }

  /** Marks the selected image. */
  #mark() {
    const { part, index } = this.#lab.image
    for (const { item, button } of this.#shown) button.setAttribute('aria-pressed', String(item.part === part && item.index === index))
  }
}
