// A pad to draw a digit with pointer or keys. The network classifies the drawing after every stroke.
import { Bars } from '../charts/bars.js'
import { drawPixels, themeColour } from '../dom/colours.js'
import { toMnist } from '../charts/digit.js'
import { explain, h } from '../dom/dom.js'
import { percent } from '../dom/format.js'
import { LayerStack } from '../charts/layer_stack.js'
import { View } from './view.js'

const side = 280
const pen = 28
/** Pixels by which an arrow key moves the pen. */
const keyStep = 10

export default class DrawView extends View {
  /** The ink: black on transparent, so that alpha is the amount of ink. The pad shows it in the page's colours. */
  #ink = h('canvas', { width: side, height: side })
  #pad = h('canvas', { class: 'pad', width: side, height: side, tabIndex: 0, role: 'application', 'aria-roledescription': 'drawing pad',
    'aria-label': 'Drawing pad', 'aria-describedby': 'draw-keys',
    onpointerdown: (/** @type {PointerEvent} */ event) => this.#onDown(event), onpointermove: (/** @type {PointerEvent} */ event) => this.#onMove(event),
    onpointerup: () => (this.#from = null), onpointercancel: () => (this.#from = null),
    onkeydown: (/** @type {KeyboardEvent} */ event) => this.#onKey(event),
    onblur: () => {
      this.#key.shown = false
      this.#paint()
    } })
  #preview = h('canvas', { class: 'pixels small-pixels', role: 'img', 'aria-label': 'The input of the network: the drawing in 28 by 28 pixels' })
  #verdict = h('output', { class: 'verdict', 'aria-label': 'Drawn digit', 'aria-live': 'off' }, 'Draw here')
  #bars = new Bars('Probabilities of the drawing')
  #layers = new LayerStack('The activations of the hidden units appear here while you draw.')
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
        h('div', { class: 'draw-tools' }, h('button', { type: 'button', class: 'button', onclick: () => this.#clear() }, 'Clear'), this.#preview, this.#verdict)),
      h('div', { class: 'draw-right' }, this.#bars.element)),
    h('p', { class: 'field-help', id: 'draw-keys' }, 'Keys: arrows move the pen, space lowers and lifts it, Delete clears the pad.'),
    this.#layers.element,
    explain({
      what: 'The drawing is scaled into 20 × 20 pixels and centred by its mass in 28 × 28 pixels, like the digits of MNIST. The small picture is the input of the network.',
      look: 'High probabilities for drawings that are not digits: the probabilities always sum to 1, and the network has never seen a letter.',
      attempt: 'Draw a 7 with a bar, a 1 as a slanted line, a circle in a corner. Then train with augmentation and draw them again.',
    }))
    this.lab.on('run', () => this.#begin())
    this.lab.on('theme', () => this.#paint())
    this.lab.on('snapshot', ({ key, prediction }) => {
      if (key !== 'drawing' || !this.#pixels) return
      this.#layers.show(prediction.layers)
      const best = this.#bars.show(prediction.probabilities)
      this.#verdict.textContent = best < 0 ? 'No class' : `${this.lab.classNames[best]} (${percent(prediction.probabilities[best], 0)})`
    })
    this.#begin()
    this.#paint()
  }

  #begin() {
    this.#bars.setClasses(this.lab.classNames)
    this.#bars.show(null)
    this.#layers.clear()
    this.update()
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
      if (!key.down) this.lab.emit('announce', `Drawn digit: ${this.#verdict.textContent}`)
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
      const { data } = this.#context.getImageData(0, 0, side, side)
      this.#pixels = toMnist(data.filter((_, i) => i % 4 === 3), side, side)
      drawPixels(this.#preview, this.#pixels, { width: 28, height: 28 })
      this.update()
      if (this.#pixels) return
      this.#bars.show(null)
      this.#layers.clear()
      this.#verdict.textContent = 'Draw here'
    })
  }

  update() {
    const { height, width } = this.lab.run.dataset
    const fits = height === 28 && width === 28
    void this.lab.engine.watch('drawing', this.seen && fits ? this.#pixels : null)
  }
}
