// The model as torchinfo prints it: layer, output shape, parameters, multiply-adds, memory.
import { h } from '../ui/dom.js'
import { bytes, count } from '../ui/format.js'
import { View } from './view.js'

class ModelView extends View {
  build() {
    this.lab.on('run', () => this.#show())
    this.#show()
  }

  #show() {
    const { model } = this.lab.run
    const shape = (/** @type {number[]} */ sizes) => `[${[model.batch, ...sizes].join(', ')}]`
    const some = (/** @type {number} */ value) => (value === 0 ? '–' : count(value))
    const row = (/** @type {string[]} */ [name, ...values]) => h('tr', {}, h('th', { scope: 'row' }, name),
      values.map((value) => h('td', {}, value)))
    const inputs = model.batch * model.input_shape.reduce((a, b) => a * b, 1)
    this.replaceChildren(h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Model table' }, h('table', { class: 'model-table' },
      h('thead', {}, h('tr', {}, ['Layer', 'Output shape', 'Param #', 'Mult-adds', 'Memory'].map((text) => h('th', { scope: 'col' }, text)))),
      h('tbody', {},
        row(['input', shape(model.input_shape), '–', '–', bytes(4 * inputs)]),
        model.layers.map((layer) => row([`${layer.name}: ${layer.text}`, shape(layer.output_shape), some(layer.parameters),
          some(layer.multiply_adds * model.batch), bytes(layer.memory_bytes)]))),
      h('tfoot', {}, row(['Total', '', count(model.parameters), count(model.multiply_adds * model.batch),
        bytes(model.memory_bytes + 4 * inputs)])))))
  }
}
customElements.define('rl-model', ModelView)
