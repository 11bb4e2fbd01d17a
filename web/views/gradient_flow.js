// Gradient flow: how much gradient reaches each layer, first against last in words, as a bar per layer and over the steps. One
// click deeper: the size of a step relative to the weights, and the share of the gradient that passes through negative inputs.
import { barOf } from '../charts/bars.js'
import { h } from '../dom/dom.js'
import { count, percent, short } from '../dom/format.js'
import { Legend } from '../charts/legend.js'
import { SeriesChart } from '../charts/series_chart.js'
import { explain } from './explain.js'
import { emptyUntilStep } from './empty.js'
import { ProbeView } from './probe_view.js'
import { words } from '../words/words.js'

/** @import { GradientFlow, ParameterFlow, ProbeSnapshot } from '../engine/protocol.js' */

const own = words.units.gradientFlow

/** Only weights that multiply: with biases and slopes a chart would have too many lines. @param {ParameterFlow[]} parameters */
const weightsOf = (parameters) => parameters.filter(({ name }) => /^(?:fc|conv)\d+\.weight$/.test(name))

/** The position of a value on a log scale, 0 to 1, for bars. @param {number} value @param {number} low @param {number} high */
const logShare = (value, low, high) => (value > 0 ? Math.max(0.02, Math.min(1, Math.log(value / low) / Math.log(high / low))) : 0)

export default class GradientFlowView extends ProbeView {
  request = () => ({ gradients: true })
  codes = ['vanishing_gradients', 'exploding_gradients', 'large_update', 'small_update', 'loss_not_falling', 'loss_rising']
  #verdict = h('p', { class: 'verdict' })
  #at = h('p', { class: 'readout probe-step' })
  #empty = emptyUntilStep(this.lab, own.empty)
  /** Shared, because norms and ratios are of the same layers. */
  #legend = new Legend()
  #norms = new SeriesChart(this.lab, { title: own.norms, format: short, log: true, legend: this.#legend })
  #ratios = new SeriesChart(this.lab, { title: own.ratios, format: short, log: true, levels: [{ at: 1e-3, text: own.typical }], legend: this.#legend })
  #shares = new SeriesChart(this.lab, { title: own.shares, format: (value) => percent(value, 0), range: [0, 1] })
  #charts = [this.#norms, this.#ratios, this.#shares]
  #bars = h('tbody')
  #more = h('tbody')
  #body = h('div', { hidden: true }, this.#verdict,
    h('table', { class: 'flow-bars' }, h('caption', { class: 'visually-hidden' }, own.bars), this.#bars), this.#at,
    h('div', { class: 'flow-charts' }, this.#legend.element, this.#norms.element),
    h('details', { class: 'numbers' }, h('summary', {}, own.more),
      h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': own.moreOf }, h('table', { class: 'model-table flow-table' },
        h('thead', {}, h('tr', {}, own.columns.map((text) => h('th', { scope: 'col' }, text)))), this.#more)),
      h('div', { class: 'flow-charts' }, this.#ratios.element, this.#shares.element)))

  build() {
    this.append(this.#empty, this.#body, explain(own.explain))
  }

  begin() {
    this.#empty.hidden = false
    this.#body.hidden = true
    for (const chart of this.#charts) chart.show([], [])
  }

  /** @param {ProbeSnapshot} snapshot */
  draw({ gradients, layers }) {
    // Looks between two recorded steps repeat the same step.
    const flows = this.lab.probes.looks.flatMap(({ flow }) => (flow ? [flow] : [])).filter((flow, i, all) => flow.step !== all[i - 1]?.step)
    const recorded = flows[flows.length - 1]
    const now = gradients && gradients.step >= (recorded?.step ?? 0) ? gradients : recorded
    this.#empty.hidden = Boolean(now)
    this.#body.hidden = !now
    if (!now) return
    this.#verdict.textContent = ratioWords(weightsOf(now.parameters))
    this.#at.textContent = own.at(now.step, short(now.lr), short(now.norm))
    const steps = flows.map(({ step }) => step)
    for (const [chart, what] of /** @type {const} */ ([[this.#norms, 'gradient_norm'], [this.#ratios, 'update_ratio']])) {
      chart.show(steps, weightsOf(now.parameters).map(({ name }) => (
        { name: name.replace('.weight', ''), values: flows.map((flow) => flow.parameters.find((each) => each.name === name)?.[what] ?? null) })))
    }
    this.#shares.show(steps, now.activations.map(({ layer }) => ({
      name: layers[layer].name, values: flows.map((flow) => flow.activations.find((each) => each.layer === layer)?.negative_share ?? null),
    })))
    this.#showNow(now, layers)
  }

  /** @param {GradientFlow} flow @param {ProbeSnapshot['layers']} layers */
  #showNow({ parameters, activations }, layers) {
    const norms = parameters.map(({ gradient_norm: norm }) => norm).filter((norm) => norm > 0)
    const [low, high] = [Math.min(...norms) / 3, Math.max(...norms)]
    const rows = layers.flatMap(({ layer, name, text }) => {
      const own = parameters.filter((each) => each.name.startsWith(`${name}.`))
      const share = activations.find((each) => each.layer === layer)
      return own.length === 0 && !share ? [] : [{ title: `${name}: ${text}`, weight: weightsOf(own)[0] ?? own[0], share: share?.negative_share ?? null }]
    })
    const head = (/** @type {string} */ title) => h('th', { scope: 'row' }, title)
    this.#bars.replaceChildren(...rows.filter(({ weight }) => weight).map(({ title, weight }) => h('tr', {}, head(title),
      h('td', { class: 'flow-bar' }, h('div', { class: 'bar-track' }, barOf(logShare(weight.gradient_norm, low, high)))), h('td', { class: 'bar-value' }, short(weight.gradient_norm)))))
    this.#more.replaceChildren(...rows.map(({ title, weight, share }) => h('tr', {}, head(title),
      h('td', {}, weight?.update_ratio === null || !weight ? '–' : short(weight.update_ratio)), h('td', {}, share === null ? '–' : percent(share, 1)))))
  }
}

/** How much gradient the first layer gets in relation to the last. @param {ParameterFlow[]} weights of all layers, in their order */
function ratioWords(weights) {
  const [first, last] = [weights[0]?.gradient_norm, weights[weights.length - 1]?.gradient_norm]
  if (weights.length < 2) return own.oneLayer
  if (!Number.isFinite(first) || !Number.isFinite(last)) return own.notNumbers
  if (first === 0) return own.noneFirst
  if (last === 0) return own.noneLast
  const ratio = Math.max(first / last, last / first)
  if (ratio < 1.25) return own.same
  const times = ratio < 10 ? short(Number(ratio.toPrecision(2))) : count(Number(ratio.toPrecision(2)))
  return first < last ? own.lessThan(times) : own.moreThan(times)
}
