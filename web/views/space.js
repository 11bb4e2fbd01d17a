// The hidden space: the outputs of a layer for the probe set, projected on their principal components. Each image is
// one mark; the marks move as the network learns to separate the classes.
import { drawPixels, themeColour, themeFont } from '../dom/colours.js'
import { h, set } from '../dom/dom.js'
import { percent, short } from '../dom/format.js'
import { hiddenActivations, layerTitle } from '../lab/probe_history.js'
import { explain } from './explain.js'
import { ProbeView } from './probe_view.js'
import { words } from '../words/words.js'

/** @import { Components, ProbeSnapshot } from '../engine/protocol.js' */

const own = words.images.space
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
    ...[[0, 1], [0, 2], [1, 2]].map(([x, y]) => h('option', { value: `${x},${y}` }, own.axes(x + 1, y + 1))))
  #canvas = h('canvas', {
    class: 'cloud', tabIndex: 0, role: 'slider', 'aria-label': own.noCloud, 'aria-valuemin': 0, 'aria-valuemax': 0, 'aria-valuenow': 0,
    onpointermove: (/** @type {PointerEvent} */ event) => this.#pick(this.#pointAt(event)),
    onclick: (/** @type {PointerEvent} */ event) => {
      this.#pick(this.#pointAt(event))
      this.#load()
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
  })
  #variance = h('output', { class: 'verdict', 'aria-label': own.varianceTitle, 'aria-live': 'off' })
  /** How well the classes are apart. */
  #apart = h('p', { class: 'space-apart' })
  #limits = h('p', { class: 'readout' })
  #image = h('canvas', { class: 'pixels', role: 'img', 'aria-label': own.noPoint })
  #said = h('p', { class: 'space-words' }, own.point)
  #classes = h('ul', { class: 'class-legend', 'aria-label': own.classes })
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
      h('div', { class: 'chart-tools' }, h('label', {}, own.layer, this.#layer), h('label', {}, own.components, this.#axes)),
      h('div', { class: 'space' },
        h('div', { class: 'space-cloud' }, this.#canvas, this.#limits),
        h('div', { class: 'space-side' }, this.#apart, this.#variance, this.#image, this.#said, this.#classes)), explain(own.explain))
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
    const apart = apartWords(components)
    this.#apart.textContent = apart
    set(this.#canvas, { 'aria-valuemax': components.labels.length - 1, 'aria-label': own.cloud(components.name, apart) })
    const { variances, total_variance: total } = components
    const shares = variances.map((variance) => variance / total)
    this.#variance.textContent = Number.isFinite(total) && total > 0
      ? own.variance(shares.map((share) => percent(share, 1)), percent(shares.reduce((a, b) => a + b, 0), 1))
      : total === 0 ? own.allEqual : own.notNumbers
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
    this.#limits.textContent = own.limits(across + 1, up + 1, short(limit))
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
    const said = own.chosen(points.samples[i], this.lab.classNames[points.labels[i]], points.coordinates.slice(k * i, k * i + k).map(short))
    this.#said.textContent = said
    set(this.#canvas, { 'aria-valuenow': i, 'aria-valuetext': said })
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

/** How many images lie nearest to the centre of their own class, in the components. @param {Components} components */
export function apartWords({ coordinates, labels, variances }) {
  const k = variances.length
  const points = labels.map((_, i) => coordinates.slice(k * i, k * i + k))
  /** @type {Map<number, {sum: number[], of: number}>} */
  const classes = new Map()
  labels.forEach((label, i) => {
    const each = classes.get(label) ?? { sum: Array(k).fill(0), of: 0 }
    classes.set(label, { sum: each.sum.map((value, c) => value + points[i][c]), of: each.of + 1 })
  })
  const distance = (/** @type {number[]} */ point, /** @type {number} */ label) => {
    const { sum, of } = /** @type {{sum: number[], of: number}} */ (classes.get(label))
    return Math.hypot(...point.map((value, c) => value - sum[c] / of))
  }
  const nearest = labels.filter((label, i) => [...classes.keys()].every((other) => distance(points[i], label) <= distance(points[i], other))).length
  return own.apart(nearest, labels.length)
}
