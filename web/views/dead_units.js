// The map of silent units: one cell per unit, coloured by its firing rate on the probe images, now or at any recorded look;
// the silent units over the steps; and on demand the check of all training images, which alone calls a unit dead. A click or
// Enter selects a unit for all views.
import { h, say, set } from '../dom/dom.js'
import { count, percent } from '../dom/format.js'
import { hiddenActivations, layerTitle } from '../lab/probe_history.js'
import { SeriesChart } from '../charts/series_chart.js'
import { UnitGrid } from '../charts/unit_grid.js'
import { firingColour, unitWords } from '../charts/unit_words.js'
import { explain } from './explain.js'
import { emptyUntilHidden } from './empty.js'
import { ProbeView } from './probe_view.js'
import { words } from '../words/words.js'

/** @import { LayerSnapshot, ProbeSnapshot } from '../engine/protocol.js' */
/** @typedef {{layer: number, firing: number[], silent: number[]}} Shown of a layer, at the chosen moment */
/** @typedef {{grid: UnitGrid, title: HTMLElement, now: LayerSnapshot, shown: Shown}} Row now: in the latest snapshot */

const own = words.units.deadUnits
const { fires, join, silent: silentWord } = words.units.unitWords

export default class DeadUnitsView extends ProbeView {
  request = () => ({ gradients: true })
  codes = ['silent_units']
  /** The step of the look that is shown; null: the present moment. @type {number | null} */
  #step = null
  /** The look at that step, once it has arrived. @type {Awaited<ReturnType<import('../lab/lab.js').Lab['engine']['look']>> | undefined} */
  #past
  #slider = h('input', { type: 'range', min: 0, step: 1, 'aria-label': own.moment, oninput: () => this.#scrub() })
  #moment = h('output', { class: 'moment', 'aria-live': 'off' })
  #scale = h('select', { 'aria-label': own.scaleOf, class: 'small', onchange: () => this.refresh() },
    h('option', { value: 'all' }, own.scales.all), h('option', { value: 'layer' }, own.scales.layer), h('option', { value: 'unit' }, own.scales.unit))
  #full = h('span')
  #list = h('div', { class: 'layers' })
  #empty = emptyUntilHidden(this.lab)
  #check = h('button', { type: 'button', class: 'button small', onclick: () => void this.#checkAll() })
  #checked = h('output', { class: 'readout', 'aria-label': own.title, 'aria-live': 'off' })
  #chart = new SeriesChart(this.lab, { title: own.chart, format: count, range: [0, null] })
  #body = h('div', {}, h('div', { class: 'view-tools scrub' }, h('span', {}, own.start), this.#slider, h('span', {}, own.now), this.#moment), this.#list,
    h('div', { class: 'legend' }, h('span', { class: 'key-cell is-silent' }, own.silent), h('span', { class: 'key-cell is-dead' }, own.dead), h('span', { class: 'key-cell' }, own.never),
      h('span', { class: 'legend-bar is-firing', role: 'img', 'aria-label': own.colours }), this.#full,
      h('span', { class: 'legend-nan' }, h('i'), 'NaN'), h('label', { class: 'legend-scale' }, own.scale, ' ', this.#scale)),
    h('div', { class: 'view-tools count-tools' }, this.#check, this.#checked), this.#chart.element)
  /** @type {Row[]} */
  #rows = []

  build() {
    this.append(this.#empty, this.#body, explain(own.explain))
    this.lab.onEach(['unit', 'state', 'dead'], () => this.#follow())
    this.lab.on('progress', () => this.seen && this.#follow())
    this.lab.on('dead', () => this.refresh())
  }

  begin() {
    this.#rows = []
    this.#step = null
    this.#past = undefined
    this.#empty.hidden = hiddenActivations(this.lab.run.model).length > 0
    this.#body.hidden = !this.#empty.hidden
    this.#follow()
  }

  /** Shows the look that the slider chooses. */
  #scrub() {
    this.#step = this.lab.probes.looks[Number(this.#slider.value)]?.step ?? null
    this.refresh()
  }

  /** @param {ProbeSnapshot} snapshot */
  draw(snapshot) {
    const { looks } = this.lab.probes
    const layers = hiddenActivations(snapshot)
    // A long history loses every second look; then the chosen one is that before it.
    const at = this.#step === null ? looks.length : looks.filter(({ step }) => step <= Number(this.#step)).length - 1
    const step = this.#step = looks[at]?.step ?? null
    set(this.#slider, { max: looks.length })
    this.#slider.value = String(step === null ? looks.length : at)
    if (step !== null && this.#past?.step !== step) {
      this.lab.engine.look(step).then((past) => {
        if (this.#step !== step) return
        this.#past = past
        this.refresh()
      }, () => {})
    }
    const past = step === null ? undefined : this.#past
    this.#makeRows(layers)
    layers.forEach((layer, i) => {
      const { firing = [], silent = [] } = past?.layers.find((each) => each.layer === layer.layer) ?? layer
      Object.assign(this.#rows[i], { now: layer, shown: { layer: layer.layer, firing, silent } })
    })
    this.#paint(snapshot.samples)
    this.#moment.textContent = past ? own.atStepOf(past.step, snapshot.step) : own.atStep(snapshot.step)
    this.#slider.setAttribute('aria-valuetext', past ? own.atStep(past.step) : own.nowAtStep(snapshot.step))
    this.#chart.show(looks.map((look) => look.step), layers.map(({ layer, name }) => (
      { name: layers.length === 1 ? own.silent : name, values: looks.map((look) => look.layers.find((each) => each.layer === layer)?.silent ?? null) })))
    this.#follow()
  }

  /** @param {LayerSnapshot[]} layers */
  #makeRows(layers) {
    if (layers.length === this.#rows.length && layers.every(({ name, units }, i) => name === this.#rows[i].now.name && units === this.#rows[i].now.units)) return
    this.#rows = layers.map((now, i) => {
      const row = () => this.#rows[i]
      const grid = new UnitGrid(own.firingRates(now.name), {
        colour: firingColour,
        crossed: (unit) => row().shown.silent.includes(unit),
        black: (unit) => this.#isDead(row(), unit),
        describe: (unit) => this.#describe(row(), unit),
        summary: () => this.#summary(row()),
        choose: (unit) => this.lab.chooseUnit(now.layer, unit),
      })
      return { grid, now, shown: { layer: now.layer, firing: [], silent: [] }, title: h('span') }
    })
    this.#list.replaceChildren(...this.#rows.map(({ grid, now, title }) => h('section', { class: 'layer' }, h('h4', {}, layerTitle(now), title), grid.element)))
  }

  /** @param {number} samples of the probe set */
  #paint(samples) {
    const scale = this.#scale.value
    for (const { grid, now, shown, title } of this.#rows) {
      const firing = Float32Array.from(shown.firing)
      const most = Math.max(...firing)
      grid.show(firing, scale === 'unit' ? null : scale === 'all' ? 1 : most)
      title.textContent = own.silentOf({ silent: shown.silent.length, units: now.units, channels: now.positions > 1, samples, full: scale === 'layer' ? percent(most, 0) : '' })
    }
    this.#full.textContent = own.full[/** @type {keyof typeof own.full} */ (scale)]
  }

  /** Whether the check of all training images found the unit dead at the moment that is shown. @param {Row} row @param {number} unit */
  #isDead({ now: { layer } }, unit) {
    const { dead, probes } = this.lab
    return dead?.step === (this.#step ?? probes.latest?.step) && Boolean(dead?.layers.find((each) => each.layer === layer)?.dead.includes(unit))
  }

  /** @param {Row} row @param {number} unit */
  #describe({ now, shown }, unit) {
    const { dead, probes: { latest } } = this.lab
    if (!latest) return ''
    if (this.#step === null) return unitWords(latest, now, unit, dead)
    return join([fires(percent(shown.firing[unit] ?? NaN, 1), latest.samples, now.positions), ...(shown.silent.includes(unit) ? [silentWord] : [])])
  }

  /** @param {Row} row */
  #summary({ now, shown: { firing } }) {
    const mean = own.average(percent(firing.reduce((sum, rate) => sum + rate, 0) / Math.max(1, firing.length), 1))
    if (this.#step !== null) return mean
    const again = (now.lives ?? []).filter(({ silent }) => !silent).length
    const { gradients } = this.lab.probes.latest ?? {}
    const batch = gradients?.activations.find((each) => each.layer === now.layer)?.silent_on_batch
    return join([mean, ...(again > 0 ? [own.again(again)] : []), ...(batch ? [own.silentOnBatch(batch.length, gradients?.step ?? 0)] : [])])
  }

  /** Marks the selected unit, and says what the check of all training images found. */
  #follow() {
    const { lab } = this
    for (const { grid, now } of this.#rows) grid.mark(lab.unit?.layer === now.layer ? lab.unit.unit : -1)
    say(this.#check, own.check(lab.run.trainSamples))
    this.#check.disabled = lab.training
    say(this.#checked, this.#result())
  }

  #result() {
    const { dead, run: { model, trainSamples } } = this.lab
    if (!dead) return own.unchecked(trainSamples)
    const hidden = hiddenActivations(model).map(({ name }) => name)
    const found = dead.layers.filter(({ name }) => hidden.includes(name)).map((each) => ({ dead: each.dead.length, units: each.units, layer: each.name }))
    return own.checked({ step: dead.step, samples: dead.samples, found, now: this.lab.step })
  }

  async #checkAll() {
    this.#check.disabled = true
    this.#checked.textContent = own.checking
    try {
      await this.lab.checkDead()
      this.lab.emit('announce', this.#result())
    } catch {
      // A stopped engine reports itself.
    } finally {
      this.#follow()
    }
  }
}
