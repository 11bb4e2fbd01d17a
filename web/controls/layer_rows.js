// The list of the model's layers: kind, arguments and position of each. Buttons, keys (Alt with an arrow, Delete) and
// dragging add, remove and move layers. The architecture text describes the same model.
import { curveOf, smallCurve } from '../charts/curve.js'
import { h, icon, iconButton } from '../dom/dom.js'
import * as edit from '../lab/model_text.js'

export class LayerRows {
  #lab
  #commit
  #list = h('ol', { class: 'layer-rows' })
  #text = ''
  /** Index of the row that is being dragged. */
  #dragged = -1
  /** The focus after the list is recreated: a row, and the class of a button in it. @type {[number, string] | undefined} */
  #focus

  /** @param {import('../lab/lab.js').Lab} lab @param {(text: string) => Promise<boolean>} commit applies the new text of the model */
  constructor(lab, commit) {
    this.#lab = lab
    this.#commit = commit
    const { layers, activations } = lab.registry
    const names = activations.map(({ name }) => name)
    const option = (/** @type {{name: string, about: string}} */ { name, about }) => h('option', { value: name, title: about }, name)
    const add = h('select', { 'aria-label': 'Add a layer', onchange: () => {
      const activation = edit.activationLayer(lab.shown.model, names) || names[0]
      void commit(edit.withLayer(lab.shown.model, layers.find(({ name }) => name === add.value)?.example ?? add.value, activation))
      add.value = ''
    } }, h('option', { value: '' }, 'Add a layer…'),
    h('optgroup', { label: 'Layers' }, layers.filter(({ name }) => !names.includes(name)).map(option)),
    h('optgroup', { label: 'Activations' }, layers.filter(({ name }) => names.includes(name)).map(option)))
    this.element = h('div', {}, this.#list, add)
  }

  /** @param {string} text */
  show(text) {
    if (text === this.#text) return
    const held = [...this.#list.querySelectorAll('button, input, select')].indexOf(/** @type {any} */ (document.activeElement))
    this.#text = text
    const layers = edit.split(text)
    this.#list.replaceChildren(...layers.map((layer, at) => this.#row(layer, at, layers.length)))
    const [row, kind] = this.#focus ?? [-1, '']
    this.#focus = undefined
    const wanted = row >= 0 ? this.#list.children[Math.min(row, layers.length - 1)]?.querySelector(kind) ?? this.#list.children[row]?.querySelector('button')
      : this.#list.querySelectorAll('button, input, select')[held]
    if (wanted instanceof HTMLElement && (held >= 0 || row >= 0)) wanted.focus()
  }

  /** @param {string} layer @param {number} at @param {number} of number of layers */
  #row(layer, at, of) {
    const word = edit.wordOf(layer)
    const activation = this.#lab.registry.activations.find(({ name }) => name === word)
    const last = at === of - 1
    const name = `layer ${at + 1}, ${word}`
    const moveTo = (/** @type {number} */ to, /** @type {string} */ focus, from = at) => this.#apply(edit.moved(this.#text, from, to), to, focus)
    const up = iconButton('up', `Move ${name} up`, () => moveTo(at - 1, '.up'), 'icon-button quiet up')
    const down = iconButton('down', `Move ${name} down`, () => moveTo(at + 1, '.down'), 'icon-button quiet down')
    const remove = iconButton('close', `Remove ${name}`, () => this.#apply(edit.withLayerAt(this.#text, at, ''), at, '.remove'), 'icon-button quiet remove')
    up.disabled = at === 0 || last
    down.disabled = at >= of - 2
    remove.disabled = of === 1
    const handle = h('span', { class: 'drag', 'aria-hidden': 'true', draggable: !last, title: 'Drag to move the layer' }, icon('drag'))
    handle.addEventListener('dragstart', () => (this.#dragged = at))
    const item = h('li', { 'data-layer': word }, handle, activation ? this.#activation(layer, at, activation) : h('span', { class: 'layer-word' }, word),
      this.#arguments(layer, at, activation), h('span', { class: 'layer-tools' }, up, down, remove))
    item.addEventListener('keydown', (event) => {
      const button = event.altKey && event.key === 'ArrowUp' ? up : event.altKey && event.key === 'ArrowDown' ? down
        : event.key === 'Delete' && !(event.target instanceof HTMLInputElement) ? remove : undefined
      if (!button || button.disabled) return
      button.click()
      event.preventDefault()
    })
    item.addEventListener('dragover', (event) => this.#dragged >= 0 && !last && event.preventDefault())
    item.addEventListener('drop', (event) => {
      event.preventDefault()
      const from = this.#dragged
      this.#dragged = -1
      if (from >= 0 && from !== at) moveTo(at, '.up', from)
    })
    return item
  }

  /** @param {string} layer @param {number} at @param {import('../engine/protocol.js').Activation} activation */
  #activation(layer, at, activation) {
    const select = h('select', { 'aria-label': `Activation of layer ${at + 1}`, onchange: () => void this.#try(edit.withLayerAt(this.#text, at, select.value)) },
      this.#lab.registry.activations.map(({ name, label }) => h('option', { value: name, selected: name === activation.name }, label)))
    const picture = h('span', { class: 'layer-curve' })
    curveOf(this.#lab.engine, activation, edit.parametersOf(layer)).then((curve) => picture.replaceChildren(smallCurve(curve)), () => {})
    return h('span', { class: 'layer-activation' }, picture, select)
  }

  /** @param {string} layer @param {number} at @param {import('../engine/protocol.js').Activation} [activation] */
  #arguments(layer, at, activation) {
    const word = edit.wordOf(layer)
    const { syntax = '' } = this.#lab.registry.layers.find(({ name }) => name === word) ?? {}
    const takes = syntax.slice(word.length).trim()
    if (!takes || (activation && activation.parameters.length === 0)) return h('span', { class: 'layer-arguments' })
    const shown = activation?.parameters.map(({ symbol, default: value }) => `${symbol} ${Number(value.toPrecision(3))}`).join(', ') ?? takes
    return h('input', { type: 'text', class: 'layer-arguments', value: edit.argumentsOf(layer), autocomplete: 'off', spellcheck: false, placeholder: shown,
      title: `${word} takes ${takes}`, 'aria-label': `Arguments of layer ${at + 1}, ${word}`,
      onchange: (/** @type {any} */ { target }) => void this.#try(edit.withLayerAt(this.#text, at, `${word} ${target.value.trim()}`.trim())) })
  }

  /** Applies a text and then focuses a button. @param {string} text @param {number} row @param {string} button */
  #apply(text, row, button) {
    this.#focus = [row, button]
    void this.#try(text)
  }

  /** Applies a text; restores the rows if it is rejected. @param {string} text */
  async #try(text) {
    if (await this.#commit(text)) return
    this.#focus = undefined
    const before = this.#text
    this.#text = ''
    this.show(before)
  }
}
