// Gradient flow per layer: the norm of the gradient, the size of a step relative to the weights, and the share of the
// gradient that passes through negative inputs of an activation; now and over the steps.
import { barOf } from '../charts/bars.js'
import { explain, h } from '../dom/dom.js'
import { count, percent, short } from '../dom/format.js'
import { Legend } from '../charts/legend.js'
import { SeriesChart } from '../charts/series_chart.js'
import { ProbeView } from './probe_view.js'

/** @import { ParameterFlow, ProbeSnapshot } from '../engine/protocol.js' */

/** Only weights that multiply: with biases and slopes a chart would have too many lines. @param {ParameterFlow[]} parameters */
const weightsOf = (parameters) => parameters.filter(({ name }) => /^(?:fc|conv)\d+\.weight$/.test(name))

/** The position of a value on a log scale, 0 to 1, for bars. @param {number} value @param {number} low @param {number} high */
const logShare = (value, low, high) => (value > 0 ? Math.max(0.02, Math.min(1, Math.log(value / low) / Math.log(high / low))) : 0)

export default class GradientFlowView extends ProbeView {
  request = () => ({ gradients: true })
  codes = ['vanishing_gradients', 'exploding_gradients', 'large_update', 'small_update', 'loss_not_falling', 'loss_rising']
  #at = h('span', { class: 'muted probe-step' })
  #empty = h('p', { class: 'empty' }, 'Gradients are recorded during training steps. Press Train or Step.')
  /** Shared, because norms and ratios are of the same layers. */
  #legend = new Legend()
  #norms = new SeriesChart(this.lab, { title: 'Norm of the gradient', format: short, log: true, legend: this.#legend })
  #ratios = new SeriesChart(this.lab, { title: 'Update ÷ weight, of a step', format: short, log: true, levels: [{ at: 1e-3, text: 'typical' }], legend: this.#legend })
  #shares = new SeriesChart(this.lab, { title: 'Share of the gradient through z < 0', format: (value) => percent(value, 0), range: [0, 1] })
  #charts = [this.#norms, this.#ratios, this.#shares]
  #now = h('tbody')
  #table = h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Gradients now' }, h('table', { class: 'model-table flow-table' },
    h('thead', {}, h('tr', {}, ['Layer', 'Gradient', '', 'Update ÷ weight', 'z < 0'].map((text) => h(text ? 'th' : 'td', text ? { scope: 'col' } : {}, text)))), this.#now))
  #body = h('div', {}, this.#table,
    h('div', { class: 'flow-charts' }, this.#legend.element, this.#charts.map(({ element }) => element)))

  build() {
    this.append(h('div', { class: 'view-tools' }, this.#at), this.#empty, this.#body, explain({
      what: 'In the backward pass each layer multiplies the gradient by its weights and by the slope $f′$. The norm is $‖∂L∕∂W‖$, the ratio $‖ΔW‖∕‖W‖$.',
      look: 'Lines that differ by powers of ten: the first layers learn more slowly than the last, or not at all. For z < 0 ReLU passes no gradient, Leaky ReLU a hundredth of it.',
      attempt: 'Ten layers of Sigmoid: the first ones receive almost no gradient. Then ReLU with He initialisation, or BatchNorm.',
    }))
  }

  begin() {
    this.#empty.hidden = false
    this.#at.textContent = ''
    this.#now.replaceChildren()
    for (const chart of this.#charts) chart.show([], [])
  }

  /** @param {ProbeSnapshot} snapshot */
  draw({ gradients, layers }) {
    this.#empty.hidden = Boolean(gradients)
    if (!gradients) return
    this.#at.textContent = `in step ${count(gradients.step)}, learning rate ${short(gradients.lr)}, total norm ${short(gradients.norm)}`
    // Snapshots between two recorded steps repeat the same step.
    const flows = this.lab.probes.looks.flatMap(({ flow }) => (flow ? [flow] : [])).filter((flow, i, all) => flow.step !== all[i - 1]?.step)
    const steps = flows.map(({ step }) => step)
    const { parameters, activations } = gradients
    for (const [chart, what] of /** @type {const} */ ([[this.#norms, 'gradient_norm'], [this.#ratios, 'update_ratio']])) {
      chart.show(steps, weightsOf(parameters).map(({ name }) => (
        { name: name.replace('.weight', ''), values: flows.map((flow) => flow.parameters.find((each) => each.name === name)?.[what] ?? null) })))
    }
    this.#shares.show(steps, activations.map(({ layer }) => ({
      name: layers[layer].name, values: flows.map((flow) => flow.activations.find((each) => each.layer === layer)?.negative_share ?? null),
    })))
    const norms = parameters.map(({ gradient_norm: norm }) => norm).filter((norm) => norm > 0)
    const [low, high] = [Math.min(...norms) / 3, Math.max(...norms)]
    const rows = layers.flatMap(({ layer, name, text }) => {
      const own = parameters.filter((each) => each.name.startsWith(`${name}.`))
      const share = activations.find((each) => each.layer === layer)
      if (own.length === 0 && !share) return []
      const weight = weightsOf(own)[0] ?? own[0]
      return [h('tr', {}, h('th', { scope: 'row' }, `${name}: ${text}`), h('td', {}, weight ? short(weight.gradient_norm) : '–'),
        h('td', { class: 'flow-bar' }, weight && h('div', { class: 'bar-track' }, barOf(logShare(weight.gradient_norm, low, high)))),
        h('td', {}, weight?.update_ratio === null || !weight ? '–' : short(weight.update_ratio)),
        h('td', {}, share && share.negative_share !== null ? percent(share.negative_share, 1) : '–'))]
    })
    this.#now.replaceChildren(...rows)
  }
}
