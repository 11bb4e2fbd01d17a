// The units of a layer as a grid of cells in diverging colours, one cell per unit, in row-major order. Pointer or arrow
// keys select a unit and show its value. Options change the colours and texts.
import { diverging } from '../dom/colours.js'
import { h, say, set } from '../dom/dom.js'
import { short } from '../dom/format.js'
import { words } from '../words/words.js'

/** Possible sides of a cell in CSS pixels. The largest that keeps the grid low enough is used. */
const cellSizes = [22, 18, 16, 14, 12, 10, 8, 6, 5, 4, 3]
const maxHeight = 200
const own = words.units.unitGrid

/**
 * @typedef {{colour?: (value: number, limit: number) => string, crossed?: (unit: number) => boolean, black?: (unit: number) => boolean,
 *            describe?: (unit: number) => string, summary?: () => string, choose?: (unit: number) => void}} GridOptions
 *   colour: of a cell; crossed: whether a unit is marked by a cross; NaN always is; black: whether
 *   it is black with a cross in its colour; describe: text after the number of a
 *   unit; summary: text while no unit is selected; choose: called after a click or Enter on a unit
 */

export class UnitGrid {
  #canvas
  #readout = h('output', { class: 'readout', 'aria-live': 'off' })
  #name
  #options
  /** @type {Float32Array} */
  #values = new Float32Array(0)
  /** The largest size of each unit's values so far. */
  #largest = new Float32Array(0)
  /** @type {number | null} */
  #limit = 1
  #columns = 1
  #cell = 10
  /** The unit under the pointer or keyboard cursor, or -1. */
  #picked = -1
  /** The unit that is marked as chosen, or -1. */
  #chosen = -1

  /** @param {string} name of the layer @param {GridOptions} [options] */
  constructor(name, options = {}) {
    this.#name = name
    this.#options = options
    this.#canvas = h('canvas', {
      class: `unit-grid${options.choose ? ' can-choose' : ''}`, tabIndex: 0, role: 'slider', 'aria-valuemin': 0, 'aria-label': own.unitsOf(name),
      onpointermove: (/** @type {PointerEvent} */ event) => this.#pick(this.#unitAt(event)),
      onpointerleave: () => this.#pick(-1),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
      onclick: (/** @type {PointerEvent} */ event) => this.#choose(this.#unitAt(event)),
    })
    this.element = h('div', { class: 'units' }, this.#canvas, this.#readout)
    new ResizeObserver(() => this.#layOut()).observe(this.element)
  }

  /** @param {Float32Array} values @param {number | null} limit value of the full colour; null: for each unit its largest value so far */
  show(values, limit) {
    const resized = values.length !== this.#values.length
    this.#largest = values.map((value, i) => Math.max(resized ? 0 : this.#largest[i], Math.abs(value) || 0))
    this.#values = values
    this.#limit = limit
    if (resized) this.#layOut()
    else this.draw()
    this.#read()
  }

  /** Marks the unit that other views show. @param {number} unit or -1 */
  mark(unit) {
    if (unit === this.#chosen) return
    this.#chosen = unit
    this.draw()
  }

  #layOut() {
    const width = this.element.clientWidth
    const units = this.#values.length
    if (width === 0 || units === 0) return
    this.#cell = cellSizes.find((cell) => Math.ceil(units / Math.floor(width / cell)) * cell <= maxHeight) ?? 3
    this.#columns = Math.min(units, Math.max(1, Math.floor(width / this.#cell)))
    // A layer whose width is a power of two reads best in rows of a power of two.
    const even = 2 ** Math.floor(Math.log2(this.#columns))
    if (units % even === 0 && Math.ceil(units / even) * this.#cell <= maxHeight * 1.3) this.#columns = even
    for (const [side, cells] of /** @type {const} */ ([['width', this.#columns], ['height', Math.ceil(units / this.#columns)]])) {
      this.#canvas[side] = Math.round(cells * this.#cell * (devicePixelRatio || 1))
      this.#canvas.style[side] = `${cells * this.#cell}px`
    }
    this.#canvas.setAttribute('aria-valuemax', String(units - 1))
    this.#canvas.dataset.columns = String(this.#columns)
    this.draw()
  }

  /** Draws the cells, also after what the options say about them has changed. */
  draw() {
    const context = this.#canvas.getContext('2d')
    if (!context) return
    const scale = this.#canvas.width / (this.#columns * this.#cell)
    const side = this.#cell - (this.#cell >= 6 ? 1 : 0)
    const placeOf = (/** @type {number} */ unit) => [(unit % this.#columns) * this.#cell, Math.floor(unit / this.#columns) * this.#cell]
    context.setTransform(scale, 0, 0, scale, 0, 0)
    context.clearRect(0, 0, this.#canvas.width, this.#canvas.height)
    context.lineWidth = 1
    this.#values.forEach((value, i) => {
      const [x, y] = placeOf(i)
      const limit = this.#limit ?? this.#largest[i]
      const colour = this.#options.colour?.(value, limit) ?? diverging(value, limit)
      const black = this.#options.black?.(i)
      context.fillStyle = black ? '#111' : colour
      context.strokeStyle = black ? colour : '#111'
      context.fillRect(x, y, side, side)
      const crossed = black || Number.isNaN(value) || this.#options.crossed?.(i)
      if (crossed) context.stroke(new Path2D(`M${x} ${y}L${x + side} ${y + side}M${x + side} ${y}L${x} ${y + side}`))
    })
    context.strokeStyle = '#111'
    for (const [unit, width] of [[this.#chosen, 3], [this.#picked, 2]]) {
      const [x, y] = placeOf(unit)
      context.lineWidth = width
      if (unit >= 0) context.strokeRect(x, y, side, side)
    }
  }

  /** @param {PointerEvent} event */
  #unitAt(event) {
    const column = Math.floor(event.offsetX / this.#cell)
    const unit = Math.floor(event.offsetY / this.#cell) * this.#columns + column
    return column < this.#columns && unit < this.#values.length ? unit : -1
  }

  /** @param {number} unit */
  #pick(unit) {
    if (unit === this.#picked) return
    this.#picked = unit
    this.draw()
    this.#read()
  }

  /** @param {number} unit */
  #choose(unit) {
    if (unit >= 0) this.#options.choose?.(unit)
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.#columns, ArrowDown: this.#columns }
    const last = this.#values.length - 1
    if (event.key === 'Escape') return this.#pick(-1)
    if ((event.key === 'Enter' || event.key === ' ') && this.#options.choose) {
      event.preventDefault()
      return this.#choose(this.#picked)
    }
    const move = event.key === 'Home' ? -Infinity : event.key === 'End' ? Infinity : moves[/** @type {keyof typeof moves} */ (event.key)]
    if (move === undefined || last < 0) return
    event.preventDefault()
    this.#pick(Math.max(0, Math.min(last, this.#picked < 0 && move < Infinity ? 0 : this.#picked + move)))
  }

  #read() {
    const on = this.#values.filter((value) => value > 0).length
    const bad = this.#values.filter(Number.isNaN).length
    const largest = this.#values.reduce((most, value) => (value > most ? value : most), -Infinity)
    const { describe, summary } = this.#options
    const text = this.#picked >= 0
      ? own.unit(this.#picked, describe?.(this.#picked) ?? short(this.#values[this.#picked]))
      : summary?.() ?? own.summary({ on, all: this.#values.length, largest: short(largest), bad })
    say(this.#readout, text)
    this.#canvas.title = this.#picked >= 0 && describe ? text : ''
    set(this.#canvas, { 'aria-valuenow': Math.max(0, this.#picked), 'aria-valuetext': own.spoken(this.#name, text) })
  }
}
