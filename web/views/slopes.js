// Learnt slopes: PReLU's alpha and Swish's beta, one per layer or per channel. The curve with the present slope over that of
// step 0, and the change from step 0 over the steps.
import { ActivationPlot } from '../charts/activation_plot.js'
import { h } from '../dom/dom.js'
import { short } from '../dom/format.js'
import { layerTitle } from '../lab/probe_history.js'
import { SeriesChart } from '../charts/series_chart.js'
import { meanOf } from '../lab/series.js'
import { explain } from './explain.js'
import { curveWith } from './activation_curve.js'
import { empty } from './empty.js'
import { ProbeView } from './probe_view.js'
import { words } from '../words/words.js'

/** @import { LayerSnapshot } from '../engine/protocol.js' */

/** @typedef {{name: string, plot: ActivationPlot, said: HTMLElement, drawn: string}} Shown of a layer; drawn: its slopes in the plot */

const own = words.units.slopes

/** Maximum number of lines per layer. More channels are drawn as minimum, quartiles and maximum. */
const mostLines = 24
/** The inputs for which the curves are drawn. */
const range = { low: -4, high: 4, counts: [], below: 0, above: 0 }

export default class SlopesView extends ProbeView {
  codes = ['slope_range']
  #at = h('span', { class: 'muted probe-step' })
  #empty = empty(own.empty,
    [own.usePrelu, () => this.lab.chooseActivation('prelu')], [own.useSwish, () => this.lab.chooseActivation('swish')])
  #chart = new SeriesChart(this.lab, { title: own.chart, format: signed })
  #layers = h('div', { class: 'multiples' })
  #legend = h('div', { class: 'legend' }, h('span', { class: 'legend-line key-f' }, own.legend.f), h('span', { class: 'legend-line key-df' }, own.legend.df), h('span', { class: 'legend-line key-ghost' }, own.legend.ghost))
  #body = h('div', { hidden: true }, h('div', { class: 'view-tools' }, this.#at), this.#layers, this.#legend, this.#chart.element)
  /** @type {Shown[]} */
  #shown = []

  build() {
    this.append(this.#empty, this.#body, explain(own.explain))
  }

  begin() {
    this.#body.hidden = true
    this.#empty.hidden = false
    this.#shown = []
  }

  /** @param {import('./probe_view.js').ProbeSnapshot} snapshot */
  draw({ step, layers }) {
    const learning = layers.filter(({ slopes }) => slopes)
    this.#body.hidden = learning.length === 0
    this.#empty.hidden = learning.length > 0
    if (learning.length === 0) return
    this.#at.textContent = own.afterStep(step)
    if (this.#shown.length === 0) {
      this.#shown = learning.map(({ name }) => ({ name, plot: new ActivationPlot({ height: 150 }), said: h('p', {}), drawn: '' }))
      this.#layers.replaceChildren(...this.#shown.map(({ plot, said }, i) => h('section', {}, h('h4', {}, layerTitle(learning[i])), plot.element, said)))
    }
    learning.forEach((layer, i) => void this.#showLayer(layer, this.#shown[i]))
    this.#showChanges(learning)
  }

  /** The slopes of a layer at the first recorded look. @param {LayerSnapshot} layer */
  #startOf({ layer, slopes }) {
    return this.lab.probes.looks[0]?.layers.find((each) => each.layer === layer)?.slopes ?? slopes?.values ?? []
  }

  /** @param {LayerSnapshot} layer @param {Shown} shown */
  async #showLayer(layer, shown) {
    const { slopes, name } = layer
    if (!slopes) return
    const [start, now] = [this.#startOf(layer), slopes.values].map(meanOf)
    const all = slopes.values.length
    const change = signed(now - start)
    shown.said.replaceChildren(`${slopes.symbol} ${short(start)} → `, h('b', {}, short(now)), ` (${change})`,
      all === 1 ? '' : h('span', { class: 'muted' }, ' ', own.meanOfChannels(all, short(Math.min(...slopes.values)), short(Math.max(...slopes.values)))))
    const drawn = `${start} ${now}`
    if (drawn === shown.drawn) return
    shown.drawn = drawn
    const [before, curve] = await Promise.all([start, now].map((slope) => curveWith(this.lab, layer, range, slope)))
    if (curve && shown.drawn === drawn) shown.plot.show(range, curve, [], own.curve({ symbol: slopes.symbol, layer: name, start: short(start), now: short(now), change }), { curve: before })
  }

  /** @param {LayerSnapshot[]} learning */
  #showChanges(learning) {
    const { looks } = this.lab.probes
    const series = learning.flatMap((layer, style) => {
      const start = this.#startOf(layer)
      const of = (/** @type {(values: number[]) => number} */ pick) => looks.map((look) => {
        const values = look.layers.find((each) => each.layer === layer.layer)?.slopes
        return values ? pick(values.map((value, i) => value - start[i])) : null
      })
      const number = start.length
      const symbol = layer.slopes?.symbol ?? ''
      if (number === 1) return [{ name: own.line(symbol, layer.name), style, values: of(([value]) => value) }]
      const inside = number <= mostLines
        ? Array.from({ length: number }, (_, i) => of((values) => values[i]))
        : [0, 0.25, 0.5, 0.75, 1].map((share) => of((values) => [...values].sort((a, b) => a - b)[Math.round(share * (number - 1))]))
      const mean = own.meanLine(symbol, layer.name, number)
      return [{ name: mean, style, values: of(meanOf) }, ...inside.map((values, i) => ({ name: `${layer.name} ${i}`, style, of: mean, values }))]
    })
    this.#chart.show(looks.map((look) => look.step), series)
  }
}

/** A change, with its sign. @param {number} value */
function signed(value) {
  return value > 0 ? `+${short(value)}` : short(value)
}
