// The unit inspector: a unit's weights, the images that excite it most, its weights in the next layer, and the accuracy
// without it.
import { diverging, drawPixels } from '../dom/colours.js'
import { explain, h, iconButton } from '../dom/dom.js'
import { count, percent, short } from '../dom/format.js'
import { hiddenActivations, layerTitle } from '../lab/probe_history.js'
import { unitWords } from '../charts/unit_words.js'
import { drawWeights, layOut } from '../charts/weight_picture.js'
import { ProbeView } from './probe_view.js'

/** @import { ProbeSnapshot, UnitReport } from '../engine/protocol.js' */

/** Milliseconds between two reports while training. */
const every = 1500
/** Next units that get a bar: those with the largest weights. */
const mostBars = 10

export default class UnitInspectorView extends ProbeView {
  request = () => ({ gradients: true })
  #layer = h('select', { 'aria-label': 'Layer of the unit', class: 'small', onchange: () => this.#choose(Number(this.#layer.value), 0) })
  #number = h('input', { type: 'text', inputMode: 'numeric', class: 'number', 'aria-label': 'Unit', autocomplete: 'off',
    onchange: () => this.#choose(this.#unit.layer, Number(this.#number.value)) })
  #scale = h('select', { 'aria-label': 'Colour scale of the weights', class: 'small', onchange: () => this.#show() },
    h('option', { value: 'unit' }, 'by unit'), h('option', { value: 'layer' }, 'by layer'), h('option', { value: 'all' }, 'all layers alike'))
  #words = h('output', { class: 'readout', 'aria-live': 'off' })
  #weights = h('canvas', { class: 'weights', role: 'img', 'aria-label': 'Weights' })
  #weightsName = h('h3', {}, 'Weights')
  #response = h('canvas', { class: 'weights', role: 'img', 'aria-label': 'Response' })
  #images = h('ol', { class: 'strongest' })
  #outgoingName = h('h3', {}, 'Output weights')
  #bars = h('tbody')
  #low = h('span')
  #high = h('span')
  #silence = h('button', { type: 'button', class: 'button small', onclick: () => void this.#withoutIt() }, 'Silence this unit')
  #effect = h('output', { class: 'readout', 'aria-label': 'Effect of silencing' })
  #empty = h('p', { class: 'empty', hidden: true }, 'This model has no activation between its layers, so it has no hidden unit.')
  #body = h('div', {}, this.#words, h('div', { class: 'inspector' },
    h('figure', {}, this.#weightsName, this.#weights), h('figure', {}, h('h3', {}, 'Response to the images'), this.#response)),
  h('div', { class: 'legend' }, this.#low, h('span', { class: 'legend-bar', role: 'img', 'aria-label': 'Orange is negative, grey zero, blue positive' }), this.#high,
    h('span', { class: 'legend-nan' }, h('i'), 'NaN'), h('label', { class: 'legend-scale' }, 'Scale ', this.#scale)),
  h('h3', {}, 'Images that fire it most'), this.#images, this.#outgoingName,
  h('table', { class: 'bars signed-bars' }, h('caption', { class: 'visually-hidden' }, 'Output weights of the unit'),
    h('colgroup', {}, h('col', { class: 'col-class' }), h('col'), h('col', { class: 'col-value' })), this.#bars),
  h('div', { class: 'view-tools count-tools' }, this.#silence, this.#effect))
  /** The inspected unit; a layer below 0: none. */
  #unit = { layer: -1, unit: 0 }
  #begun = false
  /** @type {UnitReport | undefined} */
  #report
  /** What the latest report was requested for, and when. */
  #asked = { at: -Infinity, of: '', step: -1 }
  /** Images by number. @type {Record<number, Promise<{pixels: Uint8Array}>>} */
  #loaded = {}
  #data = ''

  build() {
    const move = (/** @type {number} */ by) => () => this.#choose(this.#unit.layer, this.#unit.unit + by)
    this.append(h('div', { class: 'view-tools' }, h('label', {}, 'Layer ', this.#layer),
      h('div', { class: 'unit-picker', role: 'group', 'aria-label': 'Choose a unit' }, iconButton('left', 'Previous unit', move(-1)), this.#number, iconButton('right', 'Next unit', move(1)))),
    this.#empty, this.#body, explain({
      what: 'A unit of the first layer sees the image through its weights. The response shows, for any layer, where the images that excite the unit differ from the mean image: $∑v(x − x̄)∕∑|v|$ over the probe set, with the unit’s output $v$.',
      look: 'Blue strokes excite the unit, orange strokes inhibit it. Whether the images that excite it most share a class, and whether its bars agree.',
      attempt: 'Silence a unit that fires often, then a dead one (zero output and zero gradient): without a dead unit the score is unchanged.',
    }))
    this.lab.on('unit', () => this.#follow())
    this.lab.on('state', () => (this.#silence.disabled = this.lab.training))
  }

  begin() {
    const { model, dataset } = this.lab.run
    const layers = hiddenActivations(model)
    this.#layer.replaceChildren(...layers.map((layer) => h('option', { value: model.layers.indexOf(layer) }, layerTitle(layer))))
    this.#empty.hidden = layers.length > 0
    this.#body.hidden = layers.length === 0
    if (dataset.name !== this.#data) this.#loaded = {}
    this.#data = dataset.name
    this.#asked = { at: -Infinity, of: '', step: -1 }
    this.#unit = { layer: layers.length > 0 ? model.layers.indexOf(layers[0]) : -1, unit: 0 }
    this.#begun = false
    this.#follow()
  }

  /** @param {number} layer @param {number} unit wraps around; ignored unless whole */
  #choose(layer, unit) {
    const size = this.lab.run.model.layers[layer]?.output_shape[0] ?? 0
    if (size > 0 && Number.isInteger(unit)) this.lab.chooseUnit(layer, ((unit % size) + size) % size)
    this.#number.value = String(this.#unit.unit)
  }

  /** Shows the unit selected for all views, if this model has it. */
  #follow() {
    const { unit: wanted, run: { model } } = this.lab
    const layer = wanted && hiddenActivations(model).find((each) => each === model.layers[wanted.layer])
    if (layer && wanted.unit < layer.output_shape[0]) this.#unit = { ...wanted }
    this.#number.value = String(this.#unit.unit)
    if (this.#unit.layer >= 0) this.#layer.value = String(this.#unit.layer)
    this.#effect.textContent = ''
    this.refresh()
  }

  /** @param {ProbeSnapshot} snapshot */
  draw(snapshot) {
    if (!this.lab.unit && !this.#begun && this.#unit.layer >= 0) {
      // The default until a unit is selected: the first that fires on some images and not on others.
      this.#begun = true
      this.#unit.unit = Math.max(0, (snapshot.layers[this.#unit.layer].firing ?? []).findIndex((rate) => rate > 0.1 && rate < 0.6))
      this.#number.value = String(this.#unit.unit)
    }
    const { layer, unit } = this.#unit
    if (layer < 0) return
    this.#words.textContent = `Unit ${unit} of ${snapshot.layers[layer].name} ${unitWords(snapshot, snapshot.layers[layer], unit)}`
    const { at, of, step } = this.#asked
    const next = { at: performance.now(), of: `${layer} ${unit}`, step: snapshot.step }
    if (of === next.of && (step === next.step || (this.lab.training && next.at < at + every))) return
    this.#asked = next
    this.lab.engine.unit(layer, unit).then((report) => {
      if (report.layer !== this.#unit.layer || report.unit !== this.#unit.unit) return
      this.#report = report
      this.#show()
    }, () => {})
  }

  #show() {
    if (!this.#report) return
    const { unit, name, incoming, outgoing, response, strongest, largest } = this.#report
    const size = this.lab.run.dataset
    const scale = this.#scale.value
    const limitOf = (/** @type {import('../engine/protocol.js').UnitWeights} */ { values, largest: ofLayer }) =>
      ({ unit: Math.max(...values.map((value) => (Number.isFinite(value) ? Math.abs(value) : 0))), layer: ofLayer }[scale] ?? largest)
    this.#weights.hidden = !incoming
    const shape = incoming?.shape[0] === size.height * size.width ? [size.height, size.width] : incoming?.shape
    this.#weightsName.textContent = incoming ? `Weights (${incoming.name}, ${shape?.join(' × ')})` : 'No weights of its own'
    if (incoming) {
      const limit = limitOf(incoming)
      drawWeights(this.#weights, incoming.values, layOut(incoming.shape, size), limit)
      this.#weights.setAttribute('aria-label', `Weights of unit ${unit} of ${name}, from ${short(Math.min(...incoming.values))} to ${short(Math.max(...incoming.values))}`)
      this.#low.textContent = `≤ −${short(limit)}`
      this.#high.textContent = `≥ ${short(limit)}`
    }
    const reach = Math.max(...response.map(Math.abs))
    drawWeights(this.#response, response, layOut([size.height, size.width], size), reach)
    this.#response.setAttribute('aria-label', `Response of unit ${unit} of ${name} to the probe images, full colour at ±${short(reach)}`)
    const limit = outgoing ? limitOf(outgoing) : 1
    const byClass = outgoing?.name === `${this.lab.run.model.layers.at(-1)?.name}.weight`
    const rows = (outgoing?.values ?? []).map((value, to) => ({ value, name: byClass ? this.lab.classNames[to] : `unit ${to}` }))
    const shown = byClass ? rows : [...rows].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, mostBars)
    this.#outgoingName.textContent = outgoing ? `Output weights (${outgoing.name}${shown.length < rows.length ? `, largest of ${count(rows.length)}` : ''})` : 'No weights after it'
    this.#bars.replaceChildren(...shown.map(({ name, value }) => {
      const bar = h('div', { class: 'signed-bar' })
      const share = limit > 0 ? Math.min(1, Math.abs(value) / limit) : 0
      Object.assign(bar.style, { width: `${50 * share}%`, left: `${value < 0 ? 50 - 50 * share : 50}%`, background: diverging(value, limit) })
      return h('tr', {}, h('th', { scope: 'row' }, name), h('td', { class: 'signed-track' }, bar), h('td', { class: 'bar-value' }, short(value)))
    }))
    void this.#showImages(strongest.filter(({ value }) => value > 0))
    this.dataset.unit = `${name} ${unit}`
  }

  /** @param {UnitReport['strongest']} strongest */
  async #showImages(strongest) {
    const report = this.#report
    const { lab } = this
    const images = await Promise.all(strongest.map(({ index }) => (this.#loaded[index] ??= lab.engine.image('train', index)))).catch(() => [])
    if (report !== this.#report) return
    if (strongest.length === 0) return this.#images.replaceChildren(h('li', {}, h('span', {}, 'Its output is above 0 for no image of the probe set.')))
    this.#images.replaceChildren(...images.map(({ pixels }, i) => {
      const { index, label, value } = strongest[i]
      const canvas = h('canvas', { class: 'pixels', role: 'img', 'aria-label': `Training image ${index}, labelled ${lab.classNames[label]}` })
      drawPixels(canvas, pixels, lab.run.dataset)
      return h('li', {}, canvas, h('span', {}, `${lab.classNames[label]}: `, h('b', {}, short(value))))
    }))
  }

  /** Scores the test set with and without the unit, with the current weights. */
  async #withoutIt() {
    const { engine, step } = this.lab
    const { layer, unit } = this.#unit
    this.#silence.disabled = true
    this.#effect.textContent = 'Scoring the test set twice…'
    try {
      const [all, without] = [await engine.evaluate(), await engine.evaluateWithout(layer, [unit])]
      if (layer !== this.#unit.layer || unit !== this.#unit.unit) return
      const lost = all.correct - without.correct
      this.#effect.textContent = `Test accuracy ${percent(all.test_accuracy)} with unit ${unit}, ${percent(without.test_accuracy)} without it: ` +
        `${lost === 0 ? 'the same number' : `${count(Math.abs(lost))} ${lost > 0 ? 'fewer' : 'more'}`} correct of ${count(all.total)} images, at step ${count(step)}. The run keeps the unit.`
    } catch {
      this.#effect.textContent = ''
    } finally {
      this.#silence.disabled = this.lab.training
    }
  }
}
