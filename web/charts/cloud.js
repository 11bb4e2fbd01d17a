// A cloud of points: the outputs of one layer for many images, projected on two of their principal components. Each image is
// one mark; the marks glide to their places when the network has changed.
import { themeColour, themeFont } from '../dom/colours.js'
import { h, say, set } from '../dom/dom.js'
import { percent, short } from '../dom/format.js'
import { words } from '../words/words.js'

/** @import { Components } from '../engine/protocol.js' */

const own = words.images.space
/** CSS pixels around the marks. */
const margin = 14
/** Maximum distance between pointer and mark in CSS pixels. */
const reach = 18
/** Milliseconds in which marks move to their places in a new snapshot. */
const glide = 250
/** The number of colours. Further classes reuse them and differ by their numbers. */
export const classColours = 10

export class Cloud {
  #title = h('h4')
  #canvas = h('canvas', {
    class: 'cloud', tabIndex: 0, role: 'slider', 'aria-label': own.noCloud, 'aria-valuemin': 0, 'aria-valuemax': 0, 'aria-valuenow': 0,
    onpointermove: (/** @type {PointerEvent} */ event) => this.#choose(this.#pointAt(event)),
    onclick: (/** @type {PointerEvent} */ event) => {
      this.#choose(this.#pointAt(event))
      this.#load()
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
  })
  /** How well the classes are apart. */
  #apart = h('p', { class: 'space-apart' })
  #variance = h('output', { class: 'space-variance', 'aria-label': own.varianceTitle, 'aria-live': 'off' })
  #limits = h('p', { class: 'readout' })
  element = h('figure', { class: 'space-cloud' }, this.#title, this.#canvas, this.#apart, this.#variance, this.#limits)
  /** @type {Components | undefined} */
  #points
  /** The coordinates from which the marks move. @type {number[]} */
  #from = []
  #glideFrom = 0
  #frame = 0
  /** The components across and up. */
  #axes = [0, 1]
  /** The class that is shown alone, or -1. */
  #alone = -1
  /** The selected point, or -1. */
  #picked = -1
  #choose
  #load

  /**
   * @param {(point: number) => void} choose the pointer or a key chose this point; -1: none
   * @param {() => void} load shows the image of the chosen point in every view
   */
  constructor(choose, load) {
    this.#choose = choose
    this.#load = load
    new ResizeObserver(() => this.#redraw()).observe(this.#canvas)
  }

  /** What the cloud shows, until the first points. @param {string} title @param {number[]} axes the components across and up */
  begin(title, axes) {
    say(this.#title, title)
    this.#axes = axes
    this.#points = undefined
    this.#from = []
    this.#redraw()
  }

  /** @param {number[]} axes the components across and up */
  turn(axes) {
    this.#axes = axes
    this.#redraw()
  }

  /** Fades all other classes. @param {number} alone -1: none */
  single(alone) {
    this.#alone = alone
    this.#redraw()
  }

  /** Marks a point. @param {number} point -1: none @param {string[]} classNames */
  pick(point, classNames) {
    if (point !== this.#picked) this.#redraw()
    this.#picked = point
    const said = this.told(classNames)
    if (said) set(this.#canvas, { 'aria-valuenow': point, 'aria-valuetext': said })
  }

  /** The chosen image and its place; empty without one. @param {string[]} classNames */
  told(classNames) {
    const [points, i] = [this.#points, this.#picked]
    if (!points || i < 0) return ''
    const k = points.variances.length
    return own.chosen(points.samples[i], classNames[points.labels[i]], points.coordinates.slice(k * i, k * i + k).map(short))
  }

  /** @param {Components} components */
  show(components) {
    const moves = this.#points && !matchMedia('(prefers-reduced-motion: reduce)').matches
    this.#from = moves ? this.#places() : []
    this.#glideFrom = performance.now()
    this.#points = components
    const apart = apartWords(components)
    say(this.#apart, apart)
    set(this.#canvas, { 'aria-valuemax': components.labels.length - 1, 'aria-label': own.cloud(components.name, apart) })
    const { variances, total_variance: total } = components
    const shares = variances.map((variance) => variance / total)
    say(this.#variance, Number.isFinite(total) && total > 0
      ? own.variance(shares.map((share) => percent(share, 1)), percent(shares.reduce((a, b) => a + b, 0), 1))
      : total === 0 ? own.allEqual : own.notNumbers)
    this.#redraw()
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
    const [across, up] = this.#axes
    const k = this.#points?.variances.length ?? 1
    const component = (/** @type {number} */ i, /** @type {number} */ c) => (c < k ? places[k * i + c] : 0)
    const count = places.length / k
    let limit = 0
    for (let i = 0; i < count; i++) limit = Math.max(limit, Math.abs(component(i, across)), Math.abs(component(i, up)))
    const { clientWidth: width, clientHeight: height } = this.#canvas
    const scale = limit > 0 ? (Math.min(width, height) / 2 - margin) / limit : 0
    const at = (/** @type {number} */ i) => ({ x: width / 2 + scale * component(i, across), y: height / 2 - scale * component(i, up) })
    return { at, limit, across, up }
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas
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
    const inks = Array.from({ length: classColours }, (_, c) => themeColour(`--class-${c}`))
    Object.assign(context, { font: `600 12px ${themeFont()}`, textAlign: 'center', textBaseline: 'middle' })
    points.labels.forEach((label, i) => {
      const { x, y } = at(i)
      context.globalAlpha = this.#alone >= 0 && label !== this.#alone ? 0.15 : 1
      context.fillStyle = inks[label % classColours]
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
    say(this.#limits, own.limits(across + 1, up + 1, short(limit)))
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
    if (event.key === 'Escape') return this.#choose(-1)
    const moves = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity, PageUp: -10, PageDown: 10 }
    const move = moves[/** @type {keyof typeof moves} */ (event.key)]
    if (move === undefined || last < 0) return
    event.preventDefault()
    this.#choose(Math.max(0, Math.min(last, this.#picked < 0 && move < Infinity ? 0 : this.#picked + move)))
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
