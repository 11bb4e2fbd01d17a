// The dead-unit map: one cell per unit, coloured by its firing rate on the probe set; the silent and dead units, with the
// step and learning rate at which they died; and the counts over time. A click or Enter selects a unit for all views.
import { explain, h } from '../dom/dom.js'
import { count, percent, plural } from '../dom/format.js'
import { hiddenActivations, layerTitle } from '../lab/probe_history.js'
import { SeriesChart } from '../charts/series_chart.js'
import { UnitGrid } from '../charts/unit_grid.js'
import { firingColour, unitWords } from '../charts/unit_words.js'
import { ProbeView } from './probe_view.js'

/** @import { LayerSnapshot, ProbeSnapshot } from '../engine/protocol.js' */
/** @typedef {{grid: UnitGrid, title: HTMLElement, layer: LayerSnapshot}} Row */

export default class DeadUnitsView extends ProbeView {
  request = () => ({ gradients: true })
  codes = ['dead_units']
  #scale = h('select', { 'aria-label': 'Colour scale of the firing rates', class: 'small', onchange: () => this.refresh() },
    h('option', { value: 'all' }, 'all alike'), h('option', { value: 'layer' }, 'by layer'), h('option', { value: 'unit' }, 'by unit'))
  #full = h('span')
  #at = h('span', { class: 'muted probe-step' })
  #list = h('div', { class: 'layers' })
  #empty = h('p', { class: 'empty', hidden: true }, 'This model has no activation between its layers, so it has no hidden unit.')
  #count = h('button', { type: 'button', class: 'button small', onclick: () => void this.#countAll() }, 'Count over all images')
  #counted = h('output', { class: 'readout' })
  #chart = new SeriesChart(this.lab, { title: 'Units that are dead, over the steps', format: count, range: [0, null] })
  #body = h('div', {}, this.#list,
    h('div', { class: 'legend' }, h('span', { class: 'key-cell is-dead' }, 'dead'), h('span', { class: 'key-cell is-silent' }, 'silent'), h('span', {}, 'above 0%'),
      h('span', { class: 'legend-bar is-firing', role: 'img', 'aria-label': 'From grey to blue by firing rate' }), this.#full,
      h('span', { class: 'legend-nan' }, h('i'), 'NaN'), h('label', { class: 'legend-scale' }, 'Scale ', this.#scale)),
    h('div', { class: 'view-tools count-tools' }, this.#count, this.#counted), this.#chart.element)
  /** @type {Row[]} */
  #rows = []
  /** The results over all samples, by layer. @type {Map<number, {step: number, silent: Set<number>, dead: Set<number>, samples: number}>} */
  #everywhere = new Map()

  build() {
    this.append(h('div', { class: 'view-tools' }, this.#at), this.#empty, this.#body, explain({
      what: 'A unit is silent if its output is above 0 for no probe image, and dead if it has zero output and zero gradient for every probe image. Its input then lies on a flat part of its function, so that $(∂L)/(∂z) = (∂L)/(∂y) f′(z) = 0$: it no longer learns. Count over all images to check this on the whole training set.',
      look: 'The step at which many units die at once, and the learning rate at that step. A few dead units are usual. Each time is the first snapshot that shows the unit dead.',
      attempt: 'SGD or Adam with a learning rate of 0.1: most of the map turns orange within an epoch. Then Leaky ReLU with the same rate.',
    }))
    this.lab.onEach(['unit', 'state'], () => this.#follow())
  }

  begin() {
    this.#rows = []
    this.#everywhere = new Map()
    this.#counted.textContent = ''
    this.#empty.hidden = hiddenActivations(this.lab.run.model).length > 0
    this.#body.hidden = !this.#empty.hidden
    this.#follow()
  }

  /** @param {ProbeSnapshot} snapshot */
  draw(snapshot) {
    const layers = hiddenActivations(snapshot)
    this.#at.textContent = `after step ${count(snapshot.step)}, ${count(snapshot.samples)} images (${snapshot.part})`
    const same = layers.length === this.#rows.length && layers.every(({ name, units }, i) => name === this.#rows[i].layer.name && units === this.#rows[i].layer.units)
    if (!same) {
      this.#rows = layers.map((layer, i) => {
        const grid = new UnitGrid(`${layer.name}, firing rates`, {
          colour: firingColour,
          crossed: (unit) => this.#rows[i].layer.dead?.includes(unit) ?? false,
          describe: (unit) => (this.lab.probes.latest ? unitWords(this.lab.probes.latest, this.#rows[i].layer, unit, this.#everywhere.get(layer.layer)) : ''),
          summary: () => this.#summary(this.#rows[i].layer),
          choose: (unit) => this.lab.chooseUnit(layer.layer, unit),
        })
        return { grid, layer, title: h('span') }
      })
      this.#list.replaceChildren(...this.#rows.map(({ grid, layer, title }) =>
        h('section', { class: 'layer' }, h('h3', {}, layerTitle(layer), title), grid.element)))
    }
    const scale = this.#scale.value
    layers.forEach((layer, i) => {
      const row = this.#rows[i]
      const firing = Float32Array.from(layer.firing ?? [])
      row.layer = layer
      row.grid.show(firing, scale === 'unit' ? null : scale === 'all' ? 1 : Math.max(...firing))
      row.title.textContent = `${plural(layer.units, layer.positions > 1 ? 'channel' : 'unit')}, ${count(layer.dead?.length ?? 0)} dead, ${count(layer.silent?.length ?? 0)} silent` +
        (scale === 'layer' ? `, full colour at ${percent(Math.max(...firing), 0)}` : '')
    })
    this.#full.textContent = { all: '100%', layer: 'the layer’s most', unit: 'the unit’s most so far' }[scale] ?? ''
    const { looks } = this.lab.probes
    const one = layers.length === 1
    const valuesOf = (/** @type {number} */ layer, /** @type {'dead' | 'silent'} */ what) =>
      looks.map((look) => look.layers.find((each) => each.layer === layer)?.[what] ?? null)
    this.#chart.show(looks.map(({ step }) => step), layers.flatMap(({ layer, name }) => [
      { name: one ? 'dead' : name, values: valuesOf(layer, 'dead') }, ...(one ? [{ name: 'silent', values: valuesOf(layer, 'silent') }] : []),
    ]))
    this.#follow()
  }

  /** @param {LayerSnapshot} layer */
  #summary({ layer, units, firing = [], lives = [] }) {
    const mean = firing.reduce((sum, rate) => sum + rate, 0) / Math.max(1, units)
    const revived = lives.filter(({ dead }) => !dead).length
    const { gradients } = this.lab.probes.latest ?? {}
    const batch = gradients?.activations.find((each) => each.layer === layer)?.silent_on_batch
    return `fires on ${percent(mean, 1)} on average${revived ? `; ${revived} revived` : ''}` +
      (batch ? `; ${batch.length} silent on the batch of step ${gradients?.step}` : '')
  }

  /** Marks the selected unit, and enables the count over all samples if it is possible now. */
  #follow() {
    for (const { grid, layer } of this.#rows) grid.mark(this.lab.unit?.layer === layer.layer ? this.lab.unit.unit : -1)
    // A snapshot at a step other than the run's own would see deaths that the command line does not.
    this.#count.disabled = this.lab.training || this.lab.probes.latest?.step !== this.lab.step
  }

  async #countAll() {
    const { lab } = this
    this.#count.disabled = true
    this.#counted.textContent = 'Counting…'
    try {
      const { step, layers } = await lab.engine.probe({ everywhere: true })
      if (step !== lab.probes.latest?.step) return
      const samples = lab.run.trainSamples
      const found = layers.filter(({ silent_everywhere: silent }) => silent).map(({ layer, name, silent_everywhere: silent = [], dead_everywhere: dead = [] }) => {
        this.#everywhere.set(layer, { step, silent: new Set(silent), dead: new Set(dead), samples })
        return layer + 1 < layers.length ? `${name} ${count(dead.length)} dead, ${count(silent.length)} silent` : ''
      }).filter(Boolean)
      this.#counted.textContent = `Counted on the whole set at step ${count(step)}: ${found.join('; ')}.`
      this.refresh()
    } catch {
      this.#counted.textContent = ''
    } finally {
      this.#follow()
    }
  }
}
