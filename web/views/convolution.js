// The filters of each convolution and their feature maps for the selected image, in diverging colours, with the current
// weights.
import { drawWeights, layOut } from '../charts/weight_picture.js'
import { drawPixels, roundUp } from '../dom/colours.js'
import { explain, h } from '../dom/dom.js'
import { plural, short } from '../dom/format.js'
import { View } from './view.js'

/** Minimum milliseconds between two updates of the filters while training. */
const readEvery = 500
/** Maximum number of input channels shown of a filter. */
const mostPlanes = 8

/** @typedef {{name: string, text: string, shape: number[], maps: Float32Array, filters: HTMLCanvasElement[], images: HTMLCanvasElement[], readout: HTMLElement, scale: HTMLElement}} ShownLayer
 *  shape: of the maps, (C, H, W) */

export default class ConvolutionView extends View {
  #body = h('div', { class: 'conv-layers' })
  #input = h('canvas', { class: 'pixels small-pixels', role: 'img', 'aria-label': 'The selected image' })
  #scale = h('select', { class: 'small', onchange: () => this.#paint() },
    h('option', { value: 'layer' }, 'by layer'), h('option', { value: 'all' }, 'same for all layers'), h('option', { value: 'unit' }, 'by channel'))
  #legend = h('div', { class: 'legend' }, h('span', {}, 'negative'), h('span', { class: 'legend-bar', role: 'img', 'aria-label': 'Orange is negative, grey zero, blue positive' }), h('span', {}, 'positive'),
    h('span', { class: 'legend-nan' }, h('i'), 'NaN'), h('label', { class: 'legend-scale' }, 'Scale ', this.#scale))
  #tools = h('div', { class: 'conv-tools' }, this.#input, h('p', { class: 'muted' }, 'The selected image. To select another one, use the view One image through the network, Confusion matrix or Hidden space.'))
  /** @type {Uint8Array | undefined} */
  #pixels
  /** @type {ShownLayer[]} */
  #layers = []
  #read = 0

  build() {
    this.append(this.#tools, this.#body, this.#legend, explain({
      what: 'A filter, for example 3 × 3 weights, slides over the image. The map is blue where the image resembles the filter and orange where it resembles its negative: $z_k = w_k ∗ x + b_k$.',
      look: 'Filters start as noise and become detectors of edges and strokes. A ReLU after them passes only the blue part of a map. A map that is grey for every image is a dead channel.',
      attempt: 'Compare a 1 with an 8. Then set the learning rate to 0.05 and count the grey maps.',
    }))
    this.lab.on('run', () => this.#begin())
    this.lab.on('image', () => void this.#load())
    this.lab.on('theme', () => this.#drawInput())
    this.lab.on('snapshot', ({ key, step, prediction: { layers } }) => {
      if (key !== 'maps') return
      for (const layer of this.#layers) layer.maps = layers.find(({ name }) => name === layer.name)?.values ?? layer.maps
      this.#paint()
      this.dataset.step = String(step)
      const now = performance.now()
      if (this.lab.training && now - this.#read < readEvery) return
      this.#read = now
      void this.#readFilters(step)
    })
    this.#begin()
  }

  #begin() {
    const convolutions = this.lab.run.model.layers.filter(({ kind }) => kind === 'conv')
    const none = convolutions.length === 0
    for (const part of [this.#tools, this.#legend]) part.hidden = none
    this.#read = 0
    this.#layers = convolutions.map(({ name, text, output_shape: shape }) => {
      const [channels, height, width] = shape
      const make = (/** @type {string} */ what) => Array.from({ length: channels }, (_, k) => h('canvas', { class: what, role: 'img', 'aria-label': `${what === 'filter' ? 'Filter' : 'Map'} ${k} of ${name}`, width, height }))
      return { name, text, shape, maps: new Float32Array(0), filters: make('filter'), images: make('map'), readout: h('output', { class: 'readout' }), scale: h('span') }
    })
    this.#body.replaceChildren(...none
      ? [h('p', { class: 'empty' }, 'This model has no convolution. Enter, for example, “conv 16x3 p1 | relu | pool 2 | dense 10” as Architecture in the panel.')]
      : this.#layers.map((layer) => h('section', { class: 'layer' }, h('h3', {}, `${layer.name}: ${layer.text}`, h('span', {}, plural(layer.shape[0], 'channel')), layer.scale),
        h('ul', { class: 'conv-channels', tabIndex: 0, 'aria-label': `Channels of ${layer.name}`, onpointerover: (/** @type {any} */ { target }) => this.#say(layer, target.closest('[data-channel]')?.dataset.channel), onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(layer, event) },
          layer.images.map((image, k) => h('li', { 'data-channel': k }, layer.filters[k], image))), layer.readout)))
    if (!none) void this.#load()
    else this.update()
  }

  async #load() {
    const { image, engine } = this.lab
    if (this.#layers.length === 0) return
    const { pixels } = await engine.image(image.part, image.index)
    if (image !== this.lab.image) return
    this.#pixels = pixels
    delete this.dataset.step // set again when the maps of this image are drawn
    this.#drawInput()
    this.update()
  }

  #drawInput() {
    drawPixels(this.#input, this.#pixels, this.lab.run.dataset)
  }

  update() {
    const wanted = this.seen && this.#layers.length > 0 ? this.#pixels : undefined
    this.lab.engine.watch('maps', wanted ?? null).catch(() => {})
  }

  /** @param {number} step */
  async #readFilters(step) {
    for (const layer of this.#layers) {
      const weights = await this.lab.engine.parameter(`${layer.name}.weight`).catch(() => undefined)
      if (!weights) continue
      const { shape: [, inputs, rows, columns], values } = weights
      const limit = roundUp(largest(values))
      const layout = layOut([Math.min(inputs, mostPlanes), rows, columns], this.lab.run.dataset)
      const size = inputs * rows * columns
      layer.filters.forEach((canvas, k) => drawWeights(canvas, values.subarray(k * size), layout, limit))
      layer.scale.textContent = `filters: full colour at ±${short(limit)}${inputs > mostPlanes ? `, first ${mostPlanes} of ${inputs} planes` : ''}`
    }
    this.dataset.filters = String(step)
  }

  #paint() {
    const scale = this.#scale.value
    const limits = this.#layers.map(({ maps }) => roundUp(largest(maps)))
    if (scale === 'all') limits.fill(Math.max(...limits))
    this.#layers.forEach((layer, at) => {
      const { shape: [, rows, columns], maps, images, readout } = layer
      const layout = layOut([1, rows, columns], this.lab.run.dataset)
      images.forEach((canvas, k) => drawWeights(canvas, mapOf(layer, k), layout, scale === 'unit' ? largest(mapOf(layer, k)) : limits[at]))
      const bad = maps.filter(Number.isNaN).length
      if (!readout.dataset.channel) readout.textContent = `maps: full colour at ±${scale === 'unit' ? 'each channel’s largest' : short(limits[at])}${bad ? `, ${bad} NaN` : ''}`
    })
  }

  /** @param {ShownLayer} layer @param {KeyboardEvent} event */
  #onKey(layer, event) {
    const move = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (move === 0) return
    event.preventDefault()
    this.#say(layer, Math.max(0, Math.min(layer.images.length - 1, Number(layer.readout.dataset.channel ?? -1) + move)))
  }

  /** @param {ShownLayer} layer @param {string | number} [channel] */
  #say(layer, channel) {
    if (channel === undefined) return
    const k = Number(channel)
    const { name, readout, images } = layer
    const map = mapOf(layer, k)
    const above = map.filter((value) => value > 0).length
    readout.dataset.channel = String(k)
    readout.textContent = `${name}, channel ${k}: from ${short(Math.min(...map))} to ${short(Math.max(...map))}, above zero at ${above} of ${map.length} positions`
    images.forEach((image, i) => image.parentElement?.classList.toggle('is-picked', i === k))
    images[k]?.scrollIntoView({ block: 'nearest' })
  }
}

/** The largest absolute value of the finite values. @param {Float32Array} values */
const largest = (values) => values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0)

/** A channel of a layer's maps. @param {ShownLayer} layer @param {number} k */
const mapOf = ({ shape: [, height, width], maps }, k) => maps.subarray(k * height * width, (k + 1) * height * width)
