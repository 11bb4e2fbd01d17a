// A pad to draw a digit with pointer or keys. The network classifies the drawing after every stroke.
import { Bars } from '../charts/bars.js'
import { drawPixels, themeColour } from '../dom/colours.js'
import { toMnist } from '../charts/digit.js'
import { h } from '../dom/dom.js'
import { LayerStack } from '../charts/layer_stack.js'
import { explain } from './explain.js'
import { View } from './view.js'
import { words } from '../words/words.js'

const own = words.images.draw
const side = 280
const pen = 28
/** Pixels by which an arrow key moves the pen. */
const keyStep = 10

export default class DrawView extends View {
  /** The ink: black on transparent, so that alpha is the amount of ink. The pad shows it in the page's colours. */
  #ink = h('canvas', { width: side, height: side })
  #pad = h('canvas', { class: 'pad', width: side, height: side, tabIndex: 0, role: 'application', 'aria-roledescription': own.padRole,
    'aria-label': own.pad, 'aria-describedby': 'draw-keys',
    onpointerdown: (/** @type {PointerEvent} */ event) => this.#onDown(event), onpointermove: (/** @type {PointerEvent} */ event) => this.#onMove(event),
    onpointerup: () => (this.#from = null), onpointercancel: () => (this.#from = null),
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
    onblur: () => {
      this.#key.shown = false
      this.#paint()
    } })
  #preview = h('canvas', { class: 'pixels small-pixels', role: 'img', 'aria-label': own.input })
  #turn = 0
  #verdict = h('output', { class: 'verdict', 'aria-label': own.verdict, 'aria-live': 'off' }, own.nothing)
  #bars = new Bars(own.bars)
  #layers = new LayerStack(own.noLayers)
  /** @type {Uint8Array | null} */
  #pixels = null
  /** The last position of the pointer while it is down. @type {{x: number, y: number} | null} */
  #from = null
  #key = { x: side / 2, y: side / 2, down: false, shown: false }
  #queued = false
  #context = /** @type {CanvasRenderingContext2D} */ (this.#ink.getContext('2d', { willReadFrequently: true }))

  build() {
    this.append(h('div', { class: 'draw' },
      h('div', { class: 'draw-left' }, this.#pad,
        h('div', { class: 'draw-tools' }, h('button', { type: 'button', class: 'button', onclick: () => this.#clear() }, own.clear), this.#preview, this.#verdict)),
      h('div', { class: 'draw-right' }, this.#bars.element)),
    h('p', { class: 'field-help', id: 'draw-keys' }, own.keys),
    this.#layers.element, explain(own.explain))
    this.lab.on('run', () => this.#begin())
    this.lab.on('theme', () => this.#paint())
    this.lab.on('snapshot', ({ key, prediction }) => {
      if (key !== 'drawing' || !this.#pixels) return
      this.#layers.show(prediction.layers)
      const best = this.#bars.show(prediction.probabilities)
      this.#verdict.textContent = best < 0 ? own.noClass : own.guess(this.lab.classNames[best], prediction.probabilities[best])
    })
    this.#begin()
    this.#paint()
  }

  #begin() {
    this.#bars.setClasses(this.lab.classNames)
    this.#bars.show(null)
    this.#layers.clear()
    this.#pixels = null
    this.#classifySoon()
  }

  /** @param {PointerEvent} event */
  #placeOf(event) {
    const box = this.#pad.getBoundingClientRect()
    return { x: ((event.clientX - box.left) * side) / box.width, y: ((event.clientY - box.top) * side) / box.height }
  }

  /** @param {PointerEvent} event */
  #onDown(event) {
    if (event.button !== 0) return
    event.preventDefault()
    this.#pad.focus({ preventScroll: true })
    this.#pad.setPointerCapture(event.pointerId)
    this.#from = this.#placeOf(event)
    this.#line(this.#from, this.#from)
  }

  /** @param {PointerEvent} event */
  #onMove(event) {
    if (!this.#from) return
    const points = event.getCoalescedEvents?.() ?? []
    for (const each of points.length > 0 ? points : [event]) {
      const to = this.#placeOf(each)
      this.#line(this.#from, to)
      this.#from = to
    }
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
    const move = moves[/** @type {keyof typeof moves} */ (event.key)]
    const key = this.#key
    if (event.key === 'Delete' || event.key === 'Backspace') this.#clear()
    else if (event.key === ' ') {
      key.down = !key.down
      if (!key.down) this.lab.emit('announce', own.drawn(this.#verdict.textContent))
    } else if (!move) return
    event.preventDefault()
    const from = { ...key }
    if (move) {
      key.x = Math.max(0, Math.min(side, key.x + move[0] * keyStep))
      key.y = Math.max(0, Math.min(side, key.y + move[1] * keyStep))
    }
    key.shown = true
    if (key.down) this.#line(from, key)
    else this.#paint()
  }

  /** @param {{x: number, y: number}} from @param {{x: number, y: number}} to */
  #line(from, to) {
    const context = this.#context
    Object.assign(context, { lineWidth: pen, lineCap: 'round', lineJoin: 'round' })
    context.beginPath()
    context.moveTo(from.x, from.y)
    context.lineTo(to.x, to.y)
    context.stroke()
    this.#paint()
    this.#classifySoon()
  }

  #clear() {
    this.#context.clearRect(0, 0, side, side)
    this.#key.down = false
    this.#paint()
    this.#classifySoon()
  }

  #paint() {
    const context = this.#pad.getContext('2d')
    if (!context) return
    context.clearRect(0, 0, side, side)
    context.drawImage(this.#ink, 0, 0)
    for (const [operation, colour] of /** @type {const} */ ([['source-in', '--ink'], ['destination-over', '--paper']])) {
      context.globalCompositeOperation = operation
      context.fillStyle = themeColour(colour)
      context.fillRect(0, 0, side, side)
    }
    context.globalCompositeOperation = 'source-over'
    if (!this.#key.shown) return
    context.strokeStyle = themeColour(this.#key.down ? '--accent' : '--muted')
    context.lineWidth = 2
    context.beginPath()
    context.arc(this.#key.x, this.#key.y, pen / 2, 0, 2 * Math.PI)
    context.stroke()
  }

  /** Classifies at most once per frame, however many points the pointer reports. */
  #classifySoon() {
    if (this.#queued) return
    this.#queued = true
    requestAnimationFrame(() => {
      this.#queued = false
      void this.#classify()
    })
  }

  /** Makes an image like those of the data set from the drawing: of their size, and dark on light where they are. */
  async #classify() {
    const turn = ++this.#turn
    const { data } = this.#context.getImageData(0, 0, side, side)
    const { height, width, background } = this.lab.run.dataset
    const digit = toMnist(data.filter((_, i) => i % 4 === 3), side, side)
    const light = background > 127
    const pixels = digit && (light || height !== 28 || width !== 28)
      ? await this.lab.engine.networkInput('drawing', 28, 28, 1, digit, height, width, light).catch(() => null) : digit
    if (turn !== this.#turn) return
    this.#pixels = pixels
    drawPixels(this.#preview, pixels, { width, height })
    this.#preview.setAttribute('aria-label', own.inputOf(height, width))
    this.update()
    if (pixels) return
    this.#bars.show(null)
    this.#layers.clear()
    this.#verdict.textContent = own.nothing
  }

  update() {
    this.lab.engine.watch('drawing', this.seen ? this.#pixels : null).catch(() => {})
  }
}
