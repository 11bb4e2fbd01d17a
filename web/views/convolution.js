// The filters of each convolution and their feature maps for the selected image, in diverging colours, with the current
// weights.
import { drawWeights, layOut } from '../charts/weight_picture.js'
import { drawPixels, roundUp } from '../dom/colours.js'
import { h } from '../dom/dom.js'
import { short } from '../dom/format.js'
import { explain } from './explain.js'
import { emptyUntilModel } from './empty.js'
import { View } from './view.js'
import { words } from '../words/words.js'

const own = words.units.convolution

/** Minimum milliseconds between two updates of the filters while training. */
const readEvery = 500
/** Maximum number of input channels shown of a filter. */
const mostPlanes = 8

/** @typedef {{name: string, text: string, shape: number[], maps: Float32Array, filters: HTMLCanvasElement[], images: HTMLCanvasElement[], readout: HTMLElement, scale: HTMLElement}} ShownLayer
 *  shape: of the maps, (C, H, W) */

export default class ConvolutionView extends View {
  #body = h('div', { class: 'conv-layers' })
  #input = h('canvas', { class: 'pixels small-pixels', role: 'img', 'aria-label': own.image })
  #scale = h('select', { class: 'small', onchange: () => this.#paint() },
    h('option', { value: 'layer' }, own.scales.layer), h('option', { value: 'all' }, own.scales.all), h('option', { value: 'unit' }, own.scales.unit))
  #legend = h('div', { class: 'legend' }, h('span', {}, own.negative), h('span', { class: 'legend-bar', role: 'img', 'aria-label': own.colours }), h('span', {}, own.positive),
    h('span', { class: 'legend-nan' }, h('i'), 'NaN'), h('label', { class: 'legend-scale' }, own.scale, ' ', this.#scale))
  #tools = h('div', { class: 'conv-tools' }, this.#input, h('p', { class: 'muted' }, own.imageAbout))
  /** @type {Uint8Array | undefined} */
  #pixels
  /** @type {ShownLayer[]} */
  #layers = []
  #read = 0

  build() {
    this.append(this.#tools, this.#body, this.#legend, explain(own.explain))
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
      const make = (/** @type {'filter' | 'map'} */ what) => Array.from({ length: channels }, (_, k) => h('canvas', { class: what, role: 'img', 'aria-label': own[what](k, name), width, height }))
      return { name, text, shape, maps: new Float32Array(0), filters: make('filter'), images: make('map'), readout: h('output', { class: 'readout' }), scale: h('span') }
    })
    this.#body.replaceChildren(...none
      ? [emptyUntilModel(this.lab, own.empty, 'conv 16x3 p1 | relu | pool 2 | dense 10')]
      : this.#layers.map((layer) => h('section', { class: 'layer' }, h('h4', {}, `${layer.name}: ${layer.text}`, h('span', {}, own.channels(layer.shape[0])), layer.scale),
        h('ul', { class: 'conv-channels', tabIndex: 0, 'aria-label': own.channelsOf(layer.name), onpointerover: (/** @type {any} */ { target }) => this.#say(layer, target.closest('[data-channel]')?.dataset.channel), onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(layer, event) },
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
      layer.scale.textContent = own.filterScale(short(limit), mostPlanes, inputs)
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
      images.forEach((canvas, k) => {
        drawWeights(canvas, mapOf(layer, k), layout, scale === 'unit' ? largest(mapOf(layer, k)) : limits[at])
        canvas.setAttribute('aria-label', own.map(k, layer.name, mapWords(mapOf(layer, k))))
      })
      const bad = maps.filter(Number.isNaN).length
      if (!readout.dataset.channel) readout.textContent = own.mapScale(scale === 'unit' ? undefined : short(limits[at]), bad)
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
    readout.dataset.channel = String(k)
    readout.textContent = own.channel(k, name, mapWords(mapOf(layer, k)))
    images.forEach((image, i) => image.parentElement?.classList.toggle('is-picked', i === k))
    images[k]?.scrollIntoView({ block: 'nearest' })
  }
}

/** The largest absolute value of the finite values. @param {Float32Array} values */
const largest = (values) => values.reduce((most, value) => (Number.isFinite(value) ? Math.max(most, Math.abs(value)) : most), 0)

/** A channel of a layer's maps. @param {ShownLayer} layer @param {number} k */
const mapOf = ({ shape: [, height, width], maps }, k) => maps.subarray(k * height * width, (k + 1) * height * width)

/** @param {Float32Array} map */
function mapWords(map) {
  const above = map.filter((value) => value > 0).length
  return own.values({ low: short(Math.min(...map)), high: short(Math.max(...map)), above, all: map.length })
}
