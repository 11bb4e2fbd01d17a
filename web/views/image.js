// One image through the network: the image, the activation of every hidden unit, the class probabilities.
import { Bars } from '../charts/bars.js'
import { drawPixels } from '../dom/colours.js'
import { h, iconButton } from '../dom/dom.js'
import { LayerStack } from '../charts/layer_stack.js'
import { explain } from './explain.js'
import { View } from './view.js'
import { words } from '../words/words.js'

const own = words.stage.image

export default class ImageView extends View {
  /** @type {{pixels: Uint8Array, label: number} | undefined} */
  #image
  #canvas = h('canvas', { class: 'pixels', role: 'img' })
  #number = h('input', { type: 'text', inputMode: 'numeric', class: 'number', 'aria-label': own.index, autocomplete: 'off',
    onchange: () => this.#choose(Number(this.#number.value)) })
  #part = h('span')
  #verdict = h('p', { class: 'verdict' })
  #layers = new LayerStack(own.empty, {
    crossed: (layer, unit) => this.lab.probes.latest?.layers[layer]?.silent?.includes(unit) ?? false,
    choose: (layer, unit) => this.lab.chooseUnit(layer, unit),
  })
  /** Of the latest snapshot. @type {import('../engine/protocol.js').LayerOutput[]} */
  #outputs = []
  #bars = new Bars(own.probabilities)

  build() {
    const move = (/** @type {number} */ by) => () => this.#choose(this.lab.image.index + by)
    this.append(h('header', { class: 'stage-head' }, h('h2', {}, own.title)),
      h('div', { class: 'through' },
        h('div', { class: 'through-input' }, this.#canvas,
          h('div', { class: 'picker', role: 'group', 'aria-label': own.choose },
            iconButton('left', own.previous, move(-1)), iconButton('dice', own.random, () => this.#choose(Math.floor(Math.random() * this.lab.run.dataset[this.lab.image.part]))),
            iconButton('right', own.next, move(1))),
          h('label', { class: 'picker-number' }, this.#part, this.#number)),
        this.#layers.element),
      this.#bars.element, this.#verdict, explain(own.explain))
    this.lab.on('layer', () => this.#showLayers())
    this.lab.on('unit', () => this.#mark())
    // While training the next outputs follow at once.
    this.lab.on('probe', () => this.lab.training || this.#layers.draw())
    this.lab.on('run', () => this.#reload())
    this.lab.on('image', () => void this.#load())
    this.lab.on('theme', () => this.#drawInput())
    this.lab.on('snapshot', ({ key, prediction: { probabilities, layers } }) => {
      if (key !== 'image' || !this.#image) return
      const { label } = this.#image
      this.#outputs = layers
      this.#showLayers()
      const best = this.#bars.show(probabilities, label)
      const names = this.lab.classNames
      this.dataset.step = String(this.lab.step)
      this.#verdict.textContent = best < 0 ? own.noPrediction(names[label]) : own.prediction(names[best], probabilities[best], names[label])
      this.#verdict.classList.toggle('is-wrong', best !== label)
    })
    this.#reload()
  }

  #reload() {
    this.#outputs = []
    this.#layers.clear()
    this.#bars.setClasses(this.lab.classNames)
    const { part, index } = this.lab.image
    this.lab.chooseImage(part, Math.min(index, this.lab.run.dataset[part] - 1))
  }

  /** @param {number} index wraps around; ignored if it is not an integer */
  #choose(index) {
    const { image } = this.lab
    this.lab.chooseImage(image.part, Number.isInteger(index) ? index : image.index)
  }

  async #load() {
    const { image: wanted } = this.lab
    this.#number.value = String(wanted.index)
    this.#part.textContent = own[wanted.part]
    this.#number.title = own.indexUpTo(this.lab.run.dataset[wanted.part] - 1)
    const image = await this.lab.engine.image(wanted.part, wanted.index)
    if (wanted !== this.lab.image) return
    this.#image = image
    delete this.dataset.step // set again when the activations of this image are drawn
    this.#drawInput()
    this.update()
  }

  /** Only the layer that the first screen shows, if it shows one. */
  #showLayers() {
    if (this.#outputs.length === 0) return
    this.#layers.show(this.#outputs, this.lab.layer)
    this.#mark()
  }

  /** Marks the selected unit. */
  #mark() {
    this.#layers.mark(this.lab.unit)
  }

  #drawInput() {
    drawPixels(this.#canvas, this.#image?.pixels, this.lab.run.dataset)
    if (!this.#image) return
    const { part, index } = this.lab.image
    this.#canvas.setAttribute('aria-label', own.image(part, index, this.lab.classNames[this.#image.label]))
  }

  update() {
    if (this.#image) void this.lab.engine.watch('image', this.seen ? this.#image.pixels : null)
  }
}
