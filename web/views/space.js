// The hidden space: the outputs of a layer for the probe set, projected on their principal components. Each image is
// one mark; the marks move as the network learns to separate the classes.
import { drawPixels, themeColour, themeFont } from '../dom/colours.js'
import { explain, h, set } from '../dom/dom.js'
import { count, percent, short } from '../dom/format.js'
import { hiddenActivations, layerTitle } from '../lab/probe_history.js'
import { ProbeView } from './probe_view.js'

/** @import { Components, ProbeSnapshot } from '../engine/protocol.js' */

const height = 380
/** CSS pixels around the marks. */
const margin = 14
/** Maximum distance between pointer and mark in CSS pixels. */
const reach = 18
/** Milliseconds in which marks move to their places in a new snapshot. */
const glide = 250
/** The number of colours. Further classes reuse them and differ by their numbers. */
const colours = 10

export default class SpaceView extends ProbeView {
  request = () => ({ components: this.#layer.value })
  #layer = h('select', { class: 'small', onchange: () => {
    this.#points = undefined
    this.update()
  } })
  #axes = h('select', { class: 'small', onchange: () => this.#redraw() },
    ...[[0, 1], [0, 2], [1, 2]].map(([x, y]) => h('option', { value: `${x},${y}` }, `${x + 1} across, ${y + 1} up`)))
  #canvas = h('canvas', {
    class: 'cloud', tabIndex: 0, role: 'slider', 'aria-label': 'Images of the probe set, none yet', 'aria-valuemin': 0, 'aria-valuemax': 0, 'aria-valuenow': 0,
    onpointermove: (/** @type {PointerEvent} */ event) => this.#pick(this.#pointAt(event)),
    onclick: (/** @type {PointerEvent} */ event) => {
      this.#pick(this.#pointAt(event))
      this.#load()
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
  })
  #variance = h('output', { class: 'verdict', 'aria-label': 'Explained variance', 'aria-live': 'off' })
  #limits = h('p', { class: 'readout' })
  #image = h('canvas', { class: 'pixels', role: 'img', 'aria-label': 'No point chosen' })
  #words = h('p', { class: 'space-words' }, 'Point at a mark, or move between marks with the arrow keys. Click or press Enter to show its image in every view.')
  #classes = h('ul', { class: 'class-legend', 'aria-label': 'Classes: choose one to see it alone' })
  /** @type {Components | undefined} */
  #points
  /** The coordinates from which the marks move. @type {number[]} */
  #from = []
  #glideFrom = 0
  #frame = 0
  /** The selected point, or -1. */
  #picked = -1
  /** The class that is shown alone, or -1. */
  #alone = -1

  build() {
    this.append(
      h('div', { class: 'chart-tools' }, h('label', {}, 'Layer ', this.#layer), h('label', {}, 'Components ', this.#axes)),
      h('div', { class: 'space' },
        h('div', { class: 'space-cloud' }, this.#canvas, this.#limits),
        h('div', { class: 'space-side' }, this.#variance, this.#image, this.#words, this.#classes)),
      explain({
        what: 'The outputs of a layer for 250 images are points in a space with one dimension per unit. $X = UΣVᵀ$ gives the directions of largest variance. A mark is the projection of its image on two of them, $x_iv$. Both axes have the same scale.',
        look: 'At step 0 the classes overlap; during training they separate. Images between two groups are often the mistakes in the confusion matrix.',
        attempt: 'Press Train and watch. Choose one class to see it alone. Compare fc1 with act1: ReLU maps the negative half of every direction to 0.',
      }))
    new ResizeObserver(() => this.#redraw()).observe(this.#canvas)
    this.lab.on('theme', () => this.#drawImage())
  }

  begin() {
    const before = this.#layer.value
    const layers = this.lab.run.model.layers
    this.#layer.replaceChildren(...layers.map((layer) => h('option', { value: layer.name }, layerTitle(layer))))
    const hidden = hiddenActivations(this.lab.run.model).at(-1) ?? layers.at(-1)
    this.#layer.value = layers.some(({ name }) => name === before) ? before : hidden?.name ?? ''
    this.#points = undefined
    this.#from = []
    this.#alone = -1
    this.#pick(-1)
    const names = this.lab.classNames
    this.#classes.replaceChildren(...names.map((name, c) => h('li', {}, h('button', { type: 'button', 'aria-pressed': 'false', onclick: () => {
      this.#alone = this.#alone === c ? -1 : c
      ;[...this.#classes.querySelectorAll('button')].forEach((button, i) => button.setAttribute('aria-pressed', String(i === this.#alone)))
      this.#redraw()
    } }, h('b', { class: `class-mark class-${c % colours}` }, String(c)), name === String(c) ? '' : ` ${name}`))))
  }

  /** @param {ProbeSnapshot} snapshot */
  draw({ components }) {
    if (!components || components.name !== this.#layer.value) return
    const moves = this.#points && !matchMedia('(prefers-reduced-motion: reduce)').matches
    this.#from = moves ? this.#places() : []
    this.#glideFrom = performance.now()
    this.#points = components
    set(this.#canvas, { 'aria-valuemax': components.labels.length - 1, 'aria-label': `Images of the probe set in the outputs of ${components.name}` })
    const { variances, total_variance: total } = components
    const shares = variances.map((variance) => variance / total)
    this.#variance.textContent = Number.isFinite(total) && total > 0
      ? `Components ${shares.map((share, k) => `${k + 1}: ${percent(share, 1)}`).join(', ')}; together ${percent(shares.reduce((a, b) => a + b, 0), 1)} of the variance`
      : total === 0 ? 'All outputs are equal: there is no direction to show' : 'The outputs are NaN'
    this.#redraw()
    this.#read()
  }

  #redraw() {
    cancelAnimationFrame(this.#frame)
    this.#frame = requestAnimationFrame(() => this.#draw())
  }

  /** The current coordinates: those of the latest snapshot, or on the way to them. @returns {number[]} */
  #places() {
    const to = this.#points?.coordinates ?? []
    const t = Math.min(1, (performance.now() - this.#glideFrom) / glide)
    return t === 1 || this.#from.length !== to.length ? to : to.map((value, i) => this.#from[i] + (value - this.#from[i]) * t)
  }

  /** The projection of coordinates to the canvas. @param {number[]} places */
  #projection(places) {
    const [across, up] = this.#axes.value.split(',').map(Number)
    const k = this.#points?.variances.length ?? 1
    let limit = 0
    for (let i = 0; i < places.length; i += k) limit = Math.max(limit, Math.abs(places[i + across] ?? 0), Math.abs(places[i + up] ?? 0))
    const { clientWidth: width } = this.#canvas
    const scale = limit > 0 ? (Math.min(width, height) / 2 - margin) / limit : 0
    const at = (/** @type {number} */ i) => ({ x: width / 2 + scale * (places[k * i + across] ?? 0), y: height / 2 - scale * (places[k * i + up] ?? 0) })
    return { at, limit, across, up }
  }

  #draw() {
    const { clientWidth: width } = this.#canvas
    const context = this.#canvas.getContext('2d')
    if (!context || width === 0) return
    const ratio = devicePixelRatio || 1
    this.#canvas.width = Math.round(width * ratio)
    this.#canvas.height = Math.round(height * ratio)
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    const points = this.#points
    context.strokeStyle = themeColour('--grid')
    context.strokeRect(width / 2, -1, 0, height + 2)
    context.strokeRect(-1, height / 2, width + 2, 0)
    if (!points) return
    const places = this.#places()
    const { at, limit, across, up } = this.#projection(places)
    const inks = Array.from({ length: colours }, (_, c) => themeColour(`--class-${c}`))
    Object.assign(context, { font: `600 12px ${themeFont()}`, textAlign: 'center', textBaseline: 'middle' })
    points.labels.forEach((label, i) => {
      const { x, y } = at(i)
      context.globalAlpha = this.#alone >= 0 && label !== this.#alone ? 0.15 : 1
      context.fillStyle = inks[label % colours]
      context.fillText(String(label), x, y)
    })
    context.globalAlpha = 1
    if (this.#picked >= 0) {
      const { x, y } = at(this.#picked)
      context.strokeStyle = themeColour('--text')
      context.lineWidth = 1.5
      context.beginPath()
      context.arc(x, y, 10, 0, 2 * Math.PI)
      context.stroke()
    }
    this.#limits.textContent = `Component ${across + 1} across, ${up + 1} up; the centre is the mean, the farthest mark is ${short(limit)} away on one axis.`
    if (places !== points.coordinates) this.#redraw()
  }

  /** @param {MouseEvent} event */
  #pointAt(event) {
    const { at } = this.#projection(this.#places())
    let [best, nearest] = [-1, reach]
    this.#points?.labels.forEach((label, i) => {
      if (this.#alone >= 0 && label !== this.#alone) return
      const { x, y } = at(i)
      const distance = Math.hypot(x - event.offsetX, y - event.offsetY)
      if (distance < nearest) [best, nearest] = [i, distance]
    })
    return best
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const last = (this.#points?.labels.length ?? 0) - 1
    if (event.key === 'Enter') return this.#load()
    if (event.key === 'Escape') return this.#pick(-1)
    const moves = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity, PageUp: -10, PageDown: 10 }
    const move = moves[/** @type {keyof typeof moves} */ (event.key)]
    if (move === undefined || last < 0) return
    event.preventDefault()
    this.#pick(Math.max(0, Math.min(last, this.#picked < 0 && move < Infinity ? 0 : this.#picked + move)))
  }

  /** @param {number} point */
  #pick(point) {
    if (point === this.#picked) return
    this.#picked = point
    this.#redraw()
    this.#read()
    void this.#drawImage()
  }

  #read() {
    const points = this.#points
    if (!points || this.#picked < 0) return
    const i = this.#picked
    const k = points.variances.length
    const where = points.coordinates.slice(k * i, k * i + k).map(short).join(', ')
    const words = `Training image ${points.samples[i]}, ${this.lab.classNames[points.labels[i]]}, at ${where}`
    this.#words.textContent = words
    set(this.#canvas, { 'aria-valuenow': i, 'aria-valuetext': words })
  }

  async #drawImage() {
    const points = this.#points
    if (!points || this.#picked < 0) return
    const { samples, labels } = points
    const at = this.#picked
    const { pixels } = await this.lab.engine.image('train', samples[at])
    if (at !== this.#picked) return
    drawPixels(this.#image, pixels, this.lab.run.dataset)
    this.#image.setAttribute('aria-label', `Training image ${count(samples[at])}, labelled ${this.lab.classNames[labels[at]]}`)
  }

  /** Selects the image of the point in all views. */
  #load() {
    const sample = this.#points?.samples[this.#picked]
    if (sample !== undefined) this.lab.chooseImage('train', sample)
  }
}
