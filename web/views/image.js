// One image through the network: the image, the activation of every hidden unit, the class probabilities.
import { Bars } from '../charts/bars.js'
import { drawPixels } from '../dom/colours.js'
import { explain, h, iconButton } from '../dom/dom.js'
import { count, percent } from '../dom/format.js'
import { LayerStack } from '../charts/layer_stack.js'
import { View } from './view.js'

export default class ImageView extends View {
  /** @type {{pixels: Uint8Array, label: number} | undefined} */
  #image
  #canvas = h('canvas', { class: 'pixels', role: 'img' })
  #number = h('input', { type: 'text', inputMode: 'numeric', class: 'number', 'aria-label': 'Index of the image', autocomplete: 'off',
    onchange: () => this.#choose(Number(this.#number.value)) })
  #of = h('span', { class: 'muted' })
  #verdict = h('p', { class: 'verdict' })
  #layers = new LayerStack('The activations of the hidden units appear here.')
  #bars = new Bars('Probabilities of the chosen test image')

  build() {
    const move = (/** @type {number} */ by) => () => this.#choose(this.lab.image.index + by)
    this.append(h('div', { class: 'through' },
      h('section', { class: 'stage stage-input', 'aria-label': 'Input' },
        h('h3', {}, 'Input'), this.#canvas,
        h('div', { class: 'picker', role: 'group', 'aria-label': 'Choose an image' },
          iconButton('left', 'Previous image', move(-1)), this.#number, iconButton('right', 'Next image', move(1)),
          iconButton('dice', 'Random image', () => this.#choose(Math.floor(Math.random() * this.lab.run.dataset[this.lab.image.part])))),
        this.#of),
      h('section', { class: 'stage stage-hidden', 'aria-label': 'Hidden layers' }, this.#layers.element),
      h('section', { class: 'stage stage-output', 'aria-label': 'Output' }, h('h3', {}, 'Probabilities'), this.#bars.element, this.#verdict)),
      explain({
        what: 'The image passes through the network from left to right. Each square is the output of a unit: blue above zero, orange below. The bars are the softmax of the last layer.',
        look: 'Only some units of a ReLU layer fire on an image, and another digit makes other units fire. With Leaky ReLU and ELU almost no unit is grey.',
        attempt: 'Step through the images with the arrow buttons during training. The confusion matrix lists images that the network classifies wrongly.',
      }))
    this.lab.on('run', () => this.#reload())
    this.lab.on('image', () => void this.#load())
    this.lab.on('theme', () => this.#drawInput())
    this.lab.on('snapshot', ({ key, prediction: { probabilities, layers } }) => {
      if (key !== 'image' || !this.#image) return
      const { label } = this.#image
      this.#layers.show(layers)
      const best = this.#bars.show(probabilities, label)
      const names = this.lab.classNames
      this.dataset.step = String(this.lab.step)
      const guess = best < 0 ? 'No prediction: the probabilities are NaN' : `Prediction: ${names[best]} with ${percent(probabilities[best], 1)}`
      this.#verdict.textContent = `${guess}; correct: ${names[label]}.`
      this.#verdict.classList.toggle('is-wrong', best !== label)
    })
    this.#reload()
  }

  #reload() {
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
    this.#of.textContent = `${wanted.part === 'test' ? 'test' : 'training'} image 0 to ${count(this.lab.run.dataset[wanted.part] - 1)}`
    const image = await this.lab.engine.image(wanted.part, wanted.index)
    if (wanted !== this.lab.image) return
    this.#image = image
    delete this.dataset.step // set again when the activations of this image are drawn
    this.#drawInput()
    this.update()
  }

  #drawInput() {
    drawPixels(this.#canvas, this.#image?.pixels, this.lab.run.dataset)
    if (!this.#image) return
    const { part, index } = this.lab.image
    this.#canvas.setAttribute('aria-label', `${part === 'test' ? 'Test' : 'Training'} image ${index}, labelled ${this.lab.classNames[this.#image.label]}`)
  }

  update() {
    if (this.#image) void this.lab.engine.watch('image', this.seen ? this.#image.pixels : null)
  }
}
