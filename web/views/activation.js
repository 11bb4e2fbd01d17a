// The first screen's picture of an activation: f and f′ over the histogram of its inputs, the share of each regime, and the
// function of the run before as a dashed line.
import { ActivationPlot, positionsFor } from '../charts/activation_plot.js'
import { h, say } from '../dom/dom.js'
import { count, percent, short } from '../dom/format.js'
import { formula } from '../charts/formula.js'
import { activationLayer, wordOf } from '../lab/model_text.js'
import { hiddenActivations } from '../lab/probe_history.js'
import { words } from '../words/words.js'
import { curveAt } from './activation_curve.js'
import { explain } from './explain.js'
import { ProbeView } from './probe_view.js'

/** @import { LayerSnapshot } from '../engine/protocol.js' */

const own = words.curves.activation

/** Below this height of the window, as in a small frame, the picture is smaller. */
export const lowFrame = 600

export default class ActivationView extends ProbeView {
  #title = h('h2')
  #finding = h('p', { class: 'finding' })
  #layer = h('select', { class: 'small', 'aria-label': own.layer, onchange: () => this.lab.chooseLayer(Number(this.#layer.value)) })
  #plot = new ActivationPlot({ height: innerHeight < lowFrame ? 190 : 270 })
  #shares = h('div', { class: 'shares' })
  #formula = h('p', { class: 'finding formula-line' })
  #turn = 0

  build() {
    this.append(h('header', { class: 'stage-head' }, this.#title, this.#layer), this.#finding, this.#plot.element, this.#shares, this.#formula, explain(own.explain))
    this.lab.on('layer', () => this.#follow())
  }

  begin() {
    this.#turn += 1
    const { model } = this.lab.run
    const layers = hiddenActivations(model)
    this.#layer.replaceChildren(...layers.map((layer, i) => h('option', { value: model.layers.indexOf(layer) }, own.layerOf(i + 1, layers.length))))
    this.#layer.hidden = layers.length < 2
    for (const part of [this.#plot.element, this.#shares, this.#formula]) part.hidden = layers.length === 0
    if (layers.length === 0) {
      this.#title.textContent = own.none
      this.#finding.textContent = own.linear
    }
    this.#follow()
  }

  #follow() {
    this.#layer.value = String(this.lab.layer)
    this.refresh()
  }

  /** @param {import('./probe_view.js').ProbeSnapshot} snapshot */
  draw(snapshot) {
    const layer = snapshot.layers[this.lab.layer]
    const activation = layer && this.lab.registry.activations.find(({ name }) => name === wordOf(layer.text))
    if (!activation || !layer.input) return
    const { regimes = [], mean, input } = layer
    say(this.#title, own.does(activation.label))
    const said = regimes.map(({ name, share }) => own.fates[name](percent(share, 0)))
    say(this.#finding, own.finding(said, short(mean)))
    while (this.#shares.children.length > regimes.length) this.#shares.lastChild?.remove()
    regimes.forEach(({ name, share }, i) => {
      const part = this.#shares.children[i] ?? this.#shares.appendChild(h('span'))
      Object.assign(part, { className: `share-${name}`, title: own.ofInputs(percent(share, 1), name), textContent: share > 0.26 ? `${own.regimes[name]} ${percent(share, 0)}` : share > 0.12 ? percent(share, 0) : '' })
      if (part instanceof HTMLElement) part.style.flexGrow = String(Math.max(share, 0.004))
    })
    void this.#showPlot(layer, activation, own.summary({ name: layer.name, label: activation.label, step: count(snapshot.step), mean: short(input.mean), fates: said }))
  }

  /** @param {LayerSnapshot} layer @param {import('../engine/protocol.js').Activation} activation @param {string} summary */
  async #showPlot({ text, input, regimes = [], slopes }, activation, summary) {
    const turn = ++this.#turn
    if (!input) return
    const { lab } = this
    const { histogram } = input
    const before = lab.ghost && activationLayer(lab.ghost.config.model, lab.activationNames)
    const other = before && wordOf(before) !== activation.name ? lab.registry.activations.find(({ name }) => name === wordOf(before)) : undefined
    const xs = positionsFor(histogram, [...activation.kinks, ...other?.kinks ?? []])
    const [curve, ghost] = await Promise.all([curveAt(lab, text, xs, slopes), other && before ? curveAt(lab, before, xs) : undefined])
    if (!curve || turn !== this.#turn) return
    this.#plot.show(histogram, curve, regimes.map(({ to }) => to), summary, ghost && { curve: ghost })
    const of = `${activation.name} ${other?.name}`
    if (this.#formula.dataset.of === of) return
    this.#formula.dataset.of = of
    this.#formula.replaceChildren(formula(`f(x) = ${activation.formula}`), other ? h('span', {}, own.before(other.label)) : '')
  }
}
