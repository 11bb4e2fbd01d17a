// The activation microscope: the inputs of one activation layer under the curves of its function, the share of inputs
// in each regime, and statistics of the outputs.
import { ActivationPlot, limitOf, plotLegend, positionsFor } from '../charts/activation_plot.js'
import { barOf } from '../charts/bars.js'
import { explain, h } from '../dom/dom.js'
import { count, percent, short } from '../dom/format.js'
import { hiddenActivations, layerTitle } from '../lab/probe_history.js'
import { meanOf } from '../lab/series.js'
import { ProbeView } from './probe_view.js'

/** @import { LayerSnapshot } from '../engine/protocol.js' */

/** A short explanation of each regime. */
const meanings = {
  off: 'output 0, no gradient', saturated: 'flat near a bound, almost no gradient', leaky: 'a line with a small slope',
  curved: 'neither flat nor linear', linear: 'passes unchanged',
}

export default class MicroscopeView extends ProbeView {
  codes = ['saturation', 'mean_shift']
  #select = h('select', { 'aria-label': 'Layer under the microscope', class: 'small', onchange: () => this.refresh() })
  #plot = new ActivationPlot()
  #legend = h('div', { class: 'legend' })
  #stats = h('dl', { class: 'stats' })
  #regimes = h('table', { class: 'regimes' })
  #at = h('span', { class: 'muted probe-step' })
  #empty = h('p', { class: 'empty', hidden: true }, 'This model has no activation between its layers, so it is linear. Add an activation under Model in the panel.')
  #body = h('div', { class: 'microscope' }, this.#plot.element, this.#legend, this.#regimes, this.#stats)
  #turn = 0

  build() {
    this.append(h('div', { class: 'view-tools' }, h('label', {}, 'Layer ', this.#select), this.#at), this.#empty, this.#body,
      explain({
        what: 'The inputs of the function are the pre-activations $z = Wx + b$, here for 500 fixed images. The bars are their histogram; the solid line is $f(z)$, the dashed line its slope.',
        look: 'ReLU passes only inputs above 0, so its outputs have a mean above 0, which shifts the inputs of the next layer. Where the slope is 0 a unit learns nothing.',
        attempt: 'Choose Sigmoid and watch inputs move to the flat ends. Choose ELU and see the mean of the outputs approach 0.',
      }))
  }

  begin() {
    this.#turn += 1
    const chosen = this.#select.value
    const layers = hiddenActivations(this.lab.run.model)
    this.#select.replaceChildren(...layers.map((layer) => h('option', { value: layer.name, selected: layer.name === chosen }, layerTitle(layer))))
    this.#body.hidden = layers.length === 0
    this.#empty.hidden = layers.length > 0
  }

  /** @param {import('./probe_view.js').ProbeSnapshot} snapshot */
  draw(snapshot) {
    const layer = hiddenActivations(snapshot).find(({ name }) => name === this.#select.value)
    if (!layer) return
    this.#at.textContent = `after step ${count(snapshot.step)}, ${count(snapshot.samples)} images (${snapshot.part})`
    void this.#showPlot(layer)
    const { input, regimes = [], mean, deviation, sparsity, slopes, units, positions } = layer
    this.#regimes.replaceChildren(h('caption', { class: 'visually-hidden' }, 'Share of the inputs in each regime'),
      h('tbody', {}, regimes.map(({ name, from, to, share }) => h('tr', { class: `regime-${name}` }, h('th', { scope: 'row' }, name, h('span', {}, rangeOf(from, to))),
        h('td', {}, h('div', { class: 'bar-track' }, barOf(share)), h('div', { class: 'regime-about' }, meanings[name])), h('td', { class: 'bar-value' }, percent(share))))))
    const rows = [
      ['Input', `${short(input?.mean ?? NaN)} ± ${short(input?.deviation ?? NaN)}`, 'mean and deviation of z'],
      ['Output', `${short(mean)} ± ${short(deviation)}`, 'mean and deviation of f(z); a mean near 0 is best'],
      ['Sparsity', percent(sparsity), 'of the outputs are exactly 0'],
      ['Units', positions > 1 ? `${count(units)} × ${count(positions)}` : count(units), positions > 1 ? 'channels × positions' : 'in this layer'],
      ...(slopes ? [[slopes.symbol, slopes.values.length > 1
        ? `${short(Math.min(...slopes.values))} to ${short(Math.max(...slopes.values))}` : short(slopes.values[0]), 'learnt so far; the curve uses this value']] : []),
    ]
    this.#stats.replaceChildren(...rows.map(([term, value, about]) => h('div', {}, h('dt', {}, term), h('dd', {}, h('b', {}, value), ' ', h('span', {}, about)))))
  }

  /** @param {LayerSnapshot} layer */
  async #showPlot({ name, text, input, regimes = [], slopes }) {
    const turn = ++this.#turn
    const { registry, engine } = this.lab
    const [word, ...values] = text.split(' ')
    const activation = registry.activations.find((each) => each.name === word)
    if (!activation || !input) return
    const learnt = slopes && meanOf(slopes.values)
    const parameters = activation.parameters.map((parameter, i) =>
      (learnt !== undefined && parameter.name === slopes?.name ? learnt : Number(values[i] ?? parameter.default)))
    const xs = positionsFor(input.histogram, activation.kinks)
    const curve = await engine.curve(word, parameters, xs).catch(() => null)
    if (!curve || turn !== this.#turn) return
    const { below, above, counts } = input.histogram
    const all = counts.reduce((sum, number) => sum + number, 0)
    this.#plot.show(input.histogram, { xs, ...curve }, regimes.map(({ to }) => to),
      `Inputs of ${name} (${text}): ${count(all)} values from ${short(input.histogram.low)} to ${short(input.histogram.high)}, mean ${short(input.mean)}; ` +
      regimes.map((regime) => `${percent(regime.share, 1)} ${regime.name}`).join(', '))
    this.#legend.replaceChildren(...plotLegend(limitOf(curve.y), below + above).filter((part) => part instanceof Node))
  }
}

/** @param {number | null} from @param {number | null} to */
function rangeOf(from, to) {
  if (from === null && to === null) return 'all z'
  if (from === null) return `z ≤ ${short(Number(to))}`
  if (to === null) return `z > ${short(from)}`
  return `${short(from)} < z ≤ ${short(to)}`
}
