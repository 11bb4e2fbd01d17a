// The activation microscope: for each activation layer its inputs under the curves of its function, with those of step 0 as a
// ghost, and the share of inputs in each regime. One click deeper: what the regimes mean, and statistics.
import { ActivationPlot, limitOf, plotLegend } from '../charts/activation_plot.js'
import { barOf } from '../charts/bars.js'
import { h } from '../dom/dom.js'
import { count, percent, short } from '../dom/format.js'
import { hiddenActivations, layerTitle } from '../lab/probe_history.js'
import { explain } from './explain.js'
import { curveWith } from './activation_curve.js'
import { emptyUntilHidden } from './empty.js'
import { ProbeView } from './probe_view.js'
import { words } from '../words/words.js'

/** @import { LayerSnapshot } from '../engine/protocol.js' */
/** @typedef {{plot: ActivationPlot, said: HTMLElement, regimes: HTMLElement, stats: HTMLElement, turn: number}} Shown of a layer */

const own = words.units.microscope

export default class MicroscopeView extends ProbeView {
  codes = ['saturation', 'mean_shift']
  #at = h('span', { class: 'muted probe-step' })
  #legend = h('div', { class: 'legend' })
  #empty = emptyUntilHidden(this.lab)
  #layers = h('div', { class: 'multiples' })
  #body = h('div', { class: 'microscope' }, h('div', { class: 'view-tools' }, this.#at), this.#layers, this.#legend)
  /** @type {Shown[]} */
  #shown = []
  /** The look at step 0. @type {Promise<Awaited<ReturnType<import('../lab/lab.js').Lab['engine']['look']>> | undefined> | undefined} */
  #start

  build() {
    this.append(this.#empty, this.#body,
      explain(own.explain))
  }

  begin() {
    this.#shown = []
    this.#start = undefined
    const layers = hiddenActivations(this.lab.run.model)
    this.#body.hidden = layers.length === 0
    this.#empty.hidden = layers.length > 0
  }

  /** @param {import('./probe_view.js').ProbeSnapshot} snapshot */
  draw(snapshot) {
    const { looks } = this.lab.probes
    const layers = hiddenActivations(snapshot)
    if (this.#shown.length !== layers.length) this.#makeLayers(layers)
    if (looks[0]?.step === 0) this.#start ??= this.lab.engine.look(0).catch(() => undefined)
    this.#at.textContent = own.at(snapshot.step, snapshot.samples, snapshot.part)
    layers.forEach((layer, i) => {
      void this.#showPlot(layer, this.#shown[i], snapshot.step)
      this.#showNumbers(layer, this.#shown[i])
    })
  }

  /** @param {LayerSnapshot[]} layers */
  #makeLayers(layers) {
    this.#shown = layers.map(() => ({
      plot: new ActivationPlot({ height: layers.length === 1 ? 230 : 160 }), said: h('p', {}), regimes: h('table', { class: 'regimes' }), stats: h('dl', { class: 'stats' }), turn: 0,
    }))
    this.#layers.replaceChildren(...this.#shown.map(({ plot, said, regimes, stats }, i) => h('section', { 'aria-label': layers[i].name },
      h('h4', {}, layerTitle(layers[i])), plot.element, said, h('details', { class: 'numbers' }, h('summary', {}, own.numbersOf(layers[i].name)), regimes, stats))))
  }

  /** @param {LayerSnapshot} layer @param {Shown} shown @param {number} step */
  async #showPlot(layer, shown, step) {
    const turn = ++shown.turn
    const { name, text, input, regimes = [] } = layer
    if (!input) return
    const { below, above, counts, low, high } = input.histogram
    const [curve, start] = await Promise.all([curveWith(this.lab, layer, input.histogram), step > 0 ? this.#start : undefined])
    if (!curve || turn !== shown.turn) return
    const all = counts.reduce((sum, number) => sum + number, 0)
    const first = start?.layers.find((each) => each.layer === layer.layer)?.input
    shown.plot.show(input.histogram, curve, regimes.map(({ to }) => to),
      own.plot({ layer: name, text, values: all, low: short(low), high: short(high), mean: short(input.mean), start: first ? short(first.mean) : '', shares: sharesOf(regimes, 1) }), first && { histogram: first.histogram })
    const one = this.#shown.length === 1
    if (one || shown === this.#shown[0]) {
      this.#legend.replaceChildren(...plotLegend(limitOf(curve.y), one ? below + above : 0, first && own.ghost, one).filter((part) => part instanceof Node))
    }
  }

  /** @param {LayerSnapshot} layer @param {Shown} shown */
  #showNumbers({ input, regimes = [], mean, deviation, sparsity, slopes, units, positions }, shown) {
    shown.said.textContent = own.inputs(sharesOf(regimes.filter(({ share }) => share >= 0.005), 0), short(mean))
    shown.regimes.replaceChildren(h('caption', { class: 'visually-hidden' }, own.shares),
      h('tbody', {}, regimes.map(({ name, from, to, share }) => h('tr', { class: `regime-${name}` }, h('th', { scope: 'row' }, own.regimes[name], h('span', {}, rangeOf(from, to))),
        h('td', {}, h('div', { class: 'bar-track' }, barOf(share)), h('div', { class: 'regime-about' }, own.meanings[name])), h('td', { class: 'bar-value' }, percent(share))))))
    const { stats } = own
    const rows = [
      [stats.input, `${short(input?.mean ?? NaN)} ± ${short(input?.deviation ?? NaN)}`, stats.inputAbout],
      [stats.output, `${short(mean)} ± ${short(deviation)}`, stats.outputAbout],
      [stats.sparsity, percent(sparsity), stats.sparsityAbout],
      [stats.units, positions > 1 ? `${count(units)} × ${count(positions)}` : count(units), positions > 1 ? stats.channelsAbout : stats.unitsAbout],
      ...(slopes ? [[slopes.symbol, slopes.values.length > 1
        ? own.range(short(Math.min(...slopes.values)), short(Math.max(...slopes.values))) : short(slopes.values[0]), stats.slopeAbout]] : []),
    ]
    shown.stats.replaceChildren(...rows.map(([term, value, about]) => h('div', {}, h('dt', {}, term), h('dd', {}, h('b', {}, value), ' ', h('span', {}, about)))))
  }
}

/** The regimes' names and shares, for texts. @param {NonNullable<LayerSnapshot['regimes']>} regimes @param {number} digits */
const sharesOf = (regimes, digits) => regimes.map(({ name, share }) => ({ regime: own.regimes[name], share: percent(share, digits) }))

/** @param {number | null} from @param {number | null} to */
function rangeOf(from, to) {
  if (from === null && to === null) return own.allInputs
  if (from === null) return `z ≤ ${short(Number(to))}`
  if (to === null) return `z > ${short(from)}`
  return `${short(from)} < z ≤ ${short(to)}`
}
