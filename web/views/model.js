// The table of the model in the form of torchinfo: layer, output shape, parameters, multiply-adds, memory. While a
// model is being typed or needs a restart, the table shows that model.
import { h } from '../dom/dom.js'
import { bytes, count } from '../dom/format.js'
import { explain } from './explain.js'
import { View } from './view.js'
import { words } from '../words/words.js'

const own = words.run.model

export default class ModelView extends View {
  #state = h('p', { class: 'field-help', hidden: true })
  #place = h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': own.table })
  #shown = ''

  build() {
    this.append(this.#state, this.#place, explain(own.explain))
    const { lab } = this
    lab.onEach(['run', 'settings'], async () => {
      if (!lab.waiting.includes('model') && !lab.waiting.includes('batch')) return this.#show(lab.run.model, '')
      const model = await lab.describe(lab.shown.model, lab.shown.batch).catch(() => undefined)
      if (model) this.#show(model, own.chosen)
    })
    lab.on('draft', (model) => this.#show(model, own.typed))
    this.#show(lab.run.model, '')
  }

  /** @param {import('../engine/protocol.js').ModelDescription} model @param {string} state */
  #show(model, state) {
    this.#state.textContent = state
    this.#state.hidden = !state
    const key = `${model.text} ${model.batch} ${model.input_shape.join()}`
    if (key === this.#shown) return
    this.#shown = key
    const shape = (/** @type {number[]} */ sizes) => `[${[model.batch, ...sizes].join(', ')}]`
    const some = (/** @type {number} */ value) => (value === 0 ? '–' : count(value))
    const row = (/** @type {string[]} */ [name, ...values]) => h('tr', {}, h('th', { scope: 'row' }, name),
      values.map((value) => h('td', {}, value)))
    const inputs = model.batch * model.input_shape.reduce((a, b) => a * b, 1)
    this.#place.replaceChildren(h('table', { class: 'model-table' },
      h('thead', {}, h('tr', {}, own.columns.map((text) => h('th', { scope: 'col' }, text)))),
      h('tbody', {},
        row([own.input, shape(model.input_shape), '–', '–', bytes(4 * inputs)]),
        model.layers.map((layer) => row([`${layer.name}: ${layer.text}`, shape(layer.output_shape), some(layer.parameters),
          some(layer.multiply_adds * model.batch), bytes(layer.memory_bytes)]))),
      h('tfoot', {}, row([own.total, '', count(model.parameters), count(model.multiply_adds * model.batch),
        bytes(model.memory_bytes + 4 * inputs)]))))
  }
}
