// The hidden space: how a layer arranges the images of the probe set. For an activation, its input and its output stand side
// by side: what it folds away and what it keeps.
import { Cloud, classColours } from '../charts/cloud.js'
import { drawPixels } from '../dom/colours.js'
import { h, say } from '../dom/dom.js'
import { hiddenActivations, layerTitle } from '../lab/probe_history.js'
import { explain } from './explain.js'
import { ProbeView } from './probe_view.js'
import { words } from '../words/words.js'

/** @import { Components, ProbeSnapshot } from '../engine/protocol.js' */

const own = words.images.space

export default class SpaceView extends ProbeView {
  request = () => ({ components: this.#layers() })
  #layer = h('select', { class: 'small', onchange: () => {
    this.#beginClouds()
    this.update()
  } })
  #axes = h('select', { class: 'small', onchange: () => this.#clouds.forEach((cloud) => cloud.turn(this.#chosenAxes())) },
    ...[[0, 1], [0, 2], [1, 2]].map(([x, y]) => h('option', { value: `${x},${y}` }, own.axes(x + 1, y + 1))))
  #clouds = [0, 1].map(() => new Cloud((point) => this.#pick(point), () => this.#load()))
  #image = h('canvas', { class: 'pixels', role: 'img', 'aria-label': own.noPoint })
  #said = h('p', { class: 'space-words' }, own.point)
  #classes = h('ul', { class: 'class-legend', 'aria-label': own.classes })
  /** Of the chosen layer, for the images; undefined before its first snapshot. @type {Components | undefined} */
  #points
  /** The selected point, or -1. */
  #picked = -1

  build() {
    this.append(
      h('div', { class: 'chart-tools' }, h('label', {}, own.layer, this.#layer), h('label', {}, own.components, this.#axes)),
      h('div', { class: 'space' },
        h('div', { class: 'space-clouds' }, this.#clouds.map(({ element }) => element)),
        h('div', { class: 'space-side' }, this.#image, this.#said, this.#classes)), explain(own.explain))
    this.lab.on('theme', () => this.#drawImage())
  }

  begin() {
    const before = this.#layer.value
    const layers = this.lab.run.model.layers
    this.#layer.replaceChildren(...layers.map((layer) => h('option', { value: layer.name }, layerTitle(layer))))
    const hidden = hiddenActivations(this.lab.run.model).at(-1) ?? layers.at(-1)
    this.#layer.value = layers.some(({ name }) => name === before) ? before : hidden?.name ?? ''
    this.#pick(-1)
    this.#beginClouds()
    this.#showAlone(-1)
    this.#classes.replaceChildren(...this.lab.classNames.map((name, c) => h('li', {}, h('button', { type: 'button', 'aria-pressed': 'false',
      onclick: (/** @type {MouseEvent} */ { currentTarget }) => this.#showAlone(/** @type {Element} */ (currentTarget).getAttribute('aria-pressed') === 'true' ? -1 : c),
    }, h('b', { class: `class-mark class-${c % classColours}` }, String(c)), name === String(c) ? '' : ` ${name}`))))
  }

  /** The names of the layers to show: of an activation, its input's before it. */
  #layers() {
    const layers = this.lab.run.model.layers
    const at = layers.findIndex(({ name }) => name === this.#layer.value)
    return layers.slice(layers[at]?.kind === 'activation' && at > 0 ? at - 1 : at, at + 1).map(({ name }) => name)
  }

  #chosenAxes() {
    return this.#axes.value.split(',').map(Number)
  }

  #beginClouds() {
    const names = this.#layers()
    const text = this.lab.run.model.layers.find(({ name }) => name === this.#layer.value)?.text ?? ''
    const titles = names.length === 1 ? [own.outputs(names[0])] : [own.before(text, names[0]), own.after(text, names[1])]
    this.#points = undefined
    this.#clouds.forEach((cloud, i) => {
      cloud.element.hidden = i >= names.length
      cloud.begin(titles[i] ?? '', this.#chosenAxes())
    })
  }

  /** @param {number} alone the class to show alone; -1: all */
  #showAlone(alone) {
    ;[...this.#classes.querySelectorAll('button')].forEach((button, i) => button.setAttribute('aria-pressed', String(i === alone)))
    for (const cloud of this.#clouds) cloud.single(alone)
  }

  /** @param {ProbeSnapshot} snapshot */
  draw({ components = [] }) {
    const names = this.#layers()
    const found = names.map((name) => components.find((each) => each.name === name))
    if (found.some((each) => !each)) return
    found.forEach((each, i) => each && this.#clouds[i].show(each))
    this.#points = found.at(-1)
    this.#read()
  }

  /** @param {number} point */
  #pick(point) {
    if (point === this.#picked) return
    this.#picked = point
    this.#read()
    void this.#drawImage()
  }

  #read() {
    for (const cloud of this.#clouds) cloud.pick(this.#picked, this.lab.classNames)
    const said = this.#clouds[this.#layers().length - 1].told(this.lab.classNames)
    if (said) say(this.#said, said)
  }

  async #drawImage() {
    const points = this.#points
    if (!points || this.#picked < 0) return
    const { samples, labels } = points
    const at = this.#picked
    const { pixels } = await this.lab.engine.image('train', samples[at])
    if (at !== this.#picked) return
    drawPixels(this.#image, pixels, this.lab.run.dataset)
    this.#image.setAttribute('aria-label', own.image(samples[at], this.lab.classNames[labels[at]]))
  }

  /** Selects the image of the point in all views. */
  #load() {
    const sample = this.#points?.samples[this.#picked]
    if (sample !== undefined) this.lab.chooseImage('train', sample)
  }
}
