// The unit inspector: a unit's weights, the images that excite it most, its weights in the next layer, and the accuracy
// without it. The units can be walked through in the order of their number, firing rate or output weights.
import { diverging, drawPixels } from '../dom/colours.js'
import { h, iconButton } from '../dom/dom.js'
import { percent, short } from '../dom/format.js'
import { hiddenActivations, layerTitle } from '../lab/probe_history.js'
import { unitWords } from '../charts/unit_words.js'
import { drawWeights, layOut } from '../charts/weight_picture.js'
import { explain } from './explain.js'
import { emptyUntilHidden } from './empty.js'
import { ProbeView } from './probe_view.js'
import { interestingUnit, outputNorms } from './unit_order.js'
import { words } from '../words/words.js'

/** @import { ProbeSnapshot, UnitReport } from '../engine/protocol.js' */

/** Milliseconds between two reports while training. */
const every = 1500
/** Next units that get a bar: those with the largest weights. */
const mostBars = 10

const own = words.units.unitInspector

export default class UnitInspectorView extends ProbeView {
  request = () => ({ gradients: true })
  #layer = h('select', { 'aria-label': own.layerOf, class: 'small', onchange: () => this.#enter(Number(this.#layer.value)) })
  #number = h('input', { type: 'text', inputMode: 'numeric', class: 'number', 'aria-label': own.unit, autocomplete: 'off',
    onchange: () => this.#choose(this.#unit.layer, Number(this.#number.value)) })
  #order = h('select', { 'aria-label': own.orderOf, class: 'small', onchange: () => void this.#sort() },
    h('option', { value: 'number' }, own.orders.number), h('option', { value: 'firing' }, own.orders.firing), h('option', { value: 'weights' }, own.orders.weights))
  #rank = h('span', { class: 'muted' })
  /** The norms of the units' output weights, by the layer they are of. @type {{layer: number, values: number[]} | undefined} */
  #norms
  #scale = h('select', { 'aria-label': own.scaleOf, class: 'small', onchange: () => this.#show() },
    h('option', { value: 'unit' }, own.scales.unit), h('option', { value: 'layer' }, own.scales.layer), h('option', { value: 'all' }, own.scales.all))
  #words = h('output', { class: 'readout', 'aria-live': 'off' })
  #weights = h('canvas', { class: 'weights', role: 'img', 'aria-label': own.weights })
  #weightsName = h('h4', {}, own.weights)
  #response = h('canvas', { class: 'weights', role: 'img', 'aria-label': own.response })
  #images = h('ol', { class: 'strongest' })
  #outgoingName = h('h4', {}, own.outgoing)
  #bars = h('tbody')
  #low = h('span')
  #high = h('span')
  #off = h('button', { type: 'button', class: 'button small', onclick: () => void this.#withoutIt() }, own.off)
  #effect = h('output', { class: 'readout', 'aria-label': own.effectOf })
  #empty = emptyUntilHidden(this.lab)
  #body = h('div', {}, this.#words, h('div', { class: 'inspector' },
    h('figure', {}, this.#weightsName, this.#weights), h('figure', {}, h('h4', {}, own.responseTitle), this.#response)),
  h('div', { class: 'legend' }, this.#low, h('span', { class: 'legend-bar', role: 'img', 'aria-label': own.colours }), this.#high,
    h('span', { class: 'legend-nan' }, h('i'), 'NaN'), h('label', { class: 'legend-scale' }, own.scale, ' ', this.#scale)),
  h('h4', {}, own.strongest), this.#images, this.#outgoingName,
  h('table', { class: 'bars signed-bars' }, h('caption', { class: 'visually-hidden' }, own.outgoingOfUnit),
    h('colgroup', {}, h('col', { class: 'col-class' }), h('col'), h('col', { class: 'col-value' })), this.#bars),
  h('div', { class: 'view-tools count-tools' }, this.#off, this.#effect))
  /** The inspected unit. A layer below 0: none; a unit below 0: not known yet; chosen: by the user. */
  #unit = { layer: -1, unit: -1, chosen: false }
  /** @type {UnitReport | undefined} */
  #report
  /** What the latest report was requested for, and when. */
  #asked = { at: -Infinity, of: '', step: -1 }
  /** Images by number. @type {Record<number, Promise<{pixels: Uint8Array}>>} */
  #loaded = {}
  #data = ''

  build() {
    const move = (/** @type {number} */ by) => () => this.#move(by)
    this.append(h('div', { class: 'view-tools' }, h('label', {}, own.layer, ' ', this.#layer),
      h('div', { class: 'unit-picker', role: 'group', 'aria-label': own.choose }, iconButton('left', own.previous, move(-1)), this.#number, iconButton('right', own.next, move(1))),
      h('label', {}, own.order, ' ', this.#order), this.#rank),
    this.#empty, this.#body, explain(own.explain))
    this.lab.on('unit', () => this.#follow())
    this.lab.on('dead', () => this.refresh())
    this.lab.on('state', () => (this.#off.disabled = this.lab.training))
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
    this.#unit = { layer: layers.length > 0 ? model.layers.indexOf(layers[0]) : -1, unit: -1, chosen: false }
    this.#norms = undefined
    this.#follow()
  }

  /** @param {number} layer @param {number} unit wraps around; ignored unless whole */
  #choose(layer, unit) {
    const size = this.lab.run.model.layers[layer]?.output_shape[0] ?? 0
    if (size > 0 && Number.isInteger(unit)) this.lab.chooseUnit(layer, ((unit % size) + size) % size)
    this.#number.value = String(this.#unit.unit)
  }

  /** Shows an interesting unit of a layer. @param {number} layer */
  #enter(layer) {
    this.#choose(layer, interestingUnit(this.lab.probes.latest?.layers[layer].firing ?? []))
    void this.#sort()
  }

  /** The units of the layer in the chosen order. @returns {number[]} */
  #ordered() {
    const { layer } = this.#unit
    const units = Array.from({ length: this.lab.run.model.layers[layer]?.output_shape[0] ?? 0 }, (_, unit) => unit)
    const of = { firing: this.lab.probes.latest?.layers[layer]?.firing, weights: this.#norms?.layer === layer ? this.#norms.values : undefined }[this.#order.value]
    return of ? units.sort((a, b) => (of[b] || 0) - (of[a] || 0) || a - b) : units
  }

  /** Goes on in the chosen order, and around at its ends. @param {number} by */
  #move(by) {
    const units = this.#ordered()
    const at = units.indexOf(this.#unit.unit) + by
    this.#choose(this.#unit.layer, units[(at + units.length) % units.length])
  }

  /** Goes to the first unit of the chosen order. */
  async #sort() {
    await this.#measure()
    if (this.#order.value !== 'number') this.#choose(this.#unit.layer, this.#ordered()[0])
    this.#place()
  }

  /** Reads the norms of the output weights of all units, if the order needs them. */
  async #measure() {
    const { layer } = this.#unit
    const next = this.#report?.layer === layer ? this.#report.outgoing?.name : undefined
    if (this.#order.value !== 'weights' || !next) return
    const weights = await this.lab.engine.parameter(next).catch(() => undefined)
    if (weights) this.#norms = { layer, values: outputNorms(weights, this.lab.run.model.layers[layer].output_shape[0]) }
  }

  /** Says where the unit is in the chosen order. */
  #place() {
    const { layer, unit } = this.#unit
    const units = this.#ordered()
    const of = this.#order.value
    const norm = this.#norms?.layer === layer ? this.#norms.values[unit] : undefined
    this.#rank.textContent = of === 'number' ? '' : own.place(units.indexOf(unit) + 1, units.length, of === 'weights' && norm !== undefined ? short(norm) : '')
  }

  /** Shows the unit selected for all views, if this model has it. */
  #follow() {
    const { unit: wanted, run: { model } } = this.lab
    const layer = wanted && hiddenActivations(model).find((each) => each === model.layers[wanted.layer])
    if (layer && wanted.unit < layer.output_shape[0]) this.#unit = { ...wanted, chosen: true }
    this.#number.value = this.#unit.unit < 0 ? '' : String(this.#unit.unit)
    if (this.#unit.layer >= 0) this.#layer.value = String(this.#unit.layer)
    this.#effect.textContent = ''
    this.refresh()
  }

  /** @param {ProbeSnapshot} snapshot */
  draw(snapshot) {
    const { layer, chosen } = this.#unit
    if (layer < 0) return
    const { firing = [] } = snapshot.layers[layer]
    if (!chosen && !(firing[this.#unit.unit] > 0)) this.#unit.unit = -1
    if (this.#unit.unit < 0) {
      this.#unit.unit = interestingUnit(firing)
      this.#number.value = String(this.#unit.unit)
    }
    const { unit } = this.#unit
    this.#place()
    this.#words.textContent = own.described(unit, snapshot.layers[layer].name, unitWords(snapshot, snapshot.layers[layer], unit, this.lab.dead))
    const { at, of, step } = this.#asked
    const next = { at: performance.now(), of: `${layer} ${unit}`, step: snapshot.step }
    if (of === next.of && (step === next.step || (this.lab.training && next.at < at + every))) return
    this.#asked = next
    this.lab.engine.unit(layer, unit).then((report) => {
      if (report.layer !== this.#unit.layer || report.unit !== this.#unit.unit) return
      this.#report = report
      this.#show()
      void this.#measure().then(() => this.#place())
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
    this.#weightsName.textContent = incoming ? own.weightsOf(incoming.name, shape?.join(' × ') ?? '') : own.noWeights
    if (incoming) {
      const limit = limitOf(incoming)
      drawWeights(this.#weights, incoming.values, layOut(incoming.shape, size), limit)
      this.#weights.setAttribute('aria-label', own.weightsFrom({ unit, layer: name, low: short(Math.min(...incoming.values)), high: short(Math.max(...incoming.values)) }))
      this.#low.textContent = `≤ −${short(limit)}`
      this.#high.textContent = `≥ ${short(limit)}`
    }
    const reach = Math.max(...response.map(Math.abs))
    drawWeights(this.#response, response, layOut([size.height, size.width], size), reach)
    this.#response.setAttribute('aria-label', own.responseOf(unit, name, short(reach)))
    const limit = outgoing ? limitOf(outgoing) : 1
    const byClass = outgoing?.name === `${this.lab.run.model.layers.at(-1)?.name}.weight`
    const rows = (outgoing?.values ?? []).map((value, to) => ({ value, name: byClass ? this.lab.classNames[to] : own.unitNumber(to) }))
    const shown = byClass ? rows : [...rows].sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, mostBars)
    this.#outgoingName.textContent = !outgoing ? own.noOutgoing : shown.length < rows.length ? own.outgoingLargest(outgoing.name, rows.length) : own.outgoingOf(outgoing.name)
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
    if (strongest.length === 0) return this.#images.replaceChildren(h('li', {}, h('span', {}, own.noImage)))
    this.#images.replaceChildren(...images.map(({ pixels }, i) => {
      const { index, label, value } = strongest[i]
      const canvas = h('canvas', { class: 'pixels', role: 'img', 'aria-label': own.image(index, lab.classNames[label]) })
      drawPixels(canvas, pixels, lab.run.dataset)
      return h('li', {}, canvas, h('span', {}, own.labelled(lab.classNames[label]), h('b', {}, short(value))))
    }))
  }

  /** Scores the test set with and without the unit, with the current weights. */
  async #withoutIt() {
    const { engine, step } = this.lab
    const { layer, unit } = this.#unit
    this.#off.disabled = true
    this.#effect.textContent = own.scoring
    try {
      const [all, without] = [await engine.evaluate(), await engine.evaluateWithout(layer, [unit])]
      if (layer !== this.#unit.layer || unit !== this.#unit.unit) return
      this.#effect.textContent = own.effect({ unit, all: percent(all.test_accuracy), without: percent(without.test_accuracy), lost: all.correct - without.correct, total: all.total, step })
    } catch {
      this.#effect.textContent = ''
    } finally {
      this.#off.disabled = this.lab.training
    }
  }
}
