// The list of the model's layers: kind, arguments and position of each. Buttons, keys (Alt with an arrow, Delete) and
// dragging add, remove and move layers. The architecture text describes the same model.
import { curveOf, smallCurve } from '../charts/curve.js'
import { h, icon, iconButton } from '../dom/dom.js'
import * as edit from '../lab/model_text.js'
import { words } from '../words/words.js'

const own = words.panel.layerRows

/** @param {import('../lab/lab.js').Lab} lab @param {(text: string) => Promise<boolean>} commit applies the new text of the model */
export function makeLayerRows(lab, commit) {
  const { layers: known, activations } = lab.registry
  const names = activations.map(({ name }) => name)
  const list = h('ol', { class: 'layer-rows' })
  const option = (/** @type {{name: string, about: string}} */ { name, about }) => h('option', { value: name, title: about }, name)
  const add = h('select', { 'aria-label': own.label, onchange: () => {
    const activation = edit.activationLayer(lab.shown.model, names) || names[0]
    void commit(edit.withLayer(lab.shown.model, known.find(({ name }) => name === add.value)?.example ?? add.value, activation))
    add.value = ''
  } }, h('option', { value: '' }, own.add),
  h('optgroup', { label: own.layers }, known.filter(({ name }) => !names.includes(name)).map(option)),
  h('optgroup', { label: own.activations }, known.filter(({ name }) => names.includes(name)).map(option)))
  let current = ''
  /** Index of the row that is being dragged. */
  let dragged = -1
  /** The focus after the list is recreated: a row, and the class of a button in it. @type {[number, string] | undefined} */
  let focus

  /** @param {string} text */
  function show(text) {
    if (text === current) return
    const held = [...list.querySelectorAll('button, input, select')].indexOf(/** @type {any} */ (document.activeElement))
    current = text
    const layers = edit.split(text)
    list.replaceChildren(...layers.map((layer, at) => rowOf(layer, at, layers.length)))
    const [row, kind] = focus ?? [-1, '']
    focus = undefined
    const wanted = row >= 0 ? list.children[Math.min(row, layers.length - 1)]?.querySelector(kind) ?? list.children[row]?.querySelector('button')
      : list.querySelectorAll('button, input, select')[held]
    if (wanted instanceof HTMLElement && (held >= 0 || row >= 0)) wanted.focus()
  }

  /** @param {string} layer @param {number} at @param {number} of number of layers */
  function rowOf(layer, at, of) {
    const word = edit.wordOf(layer)
    const activation = activations.find(({ name }) => name === word)
    const last = at === of - 1
    const moveTo = (/** @type {number} */ to, /** @type {string} */ button, from = at) => apply(edit.moved(current, from, to), to, button)
    const up = iconButton('up', own.up(at + 1, word), () => moveTo(at - 1, '.up'), 'icon-button quiet up')
    const down = iconButton('down', own.down(at + 1, word), () => moveTo(at + 1, '.down'), 'icon-button quiet down')
    const remove = iconButton('close', own.remove(at + 1, word), () => apply(edit.withLayerAt(current, at, ''), at, '.remove'), 'icon-button quiet remove')
    up.disabled = at === 0 || last
    down.disabled = at >= of - 2
    remove.disabled = of === 1
    const handle = h('span', { class: 'drag', 'aria-hidden': 'true', draggable: !last, title: own.drag }, icon('drag'))
    handle.addEventListener('dragstart', () => (dragged = at))
    const item = h('li', { 'data-layer': word }, handle, activation ? activationOf(layer, at, activation) : h('span', { class: 'layer-word' }, word),
      argumentsOf(layer, at, activation), h('span', { class: 'layer-tools' }, up, down, remove))
    item.addEventListener('keydown', (event) => {
      const button = event.altKey && event.key === 'ArrowUp' ? up : event.altKey && event.key === 'ArrowDown' ? down
        : event.key === 'Delete' && !(event.target instanceof HTMLInputElement) ? remove : undefined
      if (!button || button.disabled) return
      button.click()
      event.preventDefault()
    })
    item.addEventListener('dragover', (event) => dragged >= 0 && !last && event.preventDefault())
    item.addEventListener('drop', (event) => {
      event.preventDefault()
      const from = dragged
      dragged = -1
      if (from >= 0 && from !== at) moveTo(at, '.up', from)
    })
    return item
  }

  /** @param {string} layer @param {number} at @param {import('../engine/protocol.js').Activation} activation */
  function activationOf(layer, at, activation) {
    const select = h('select', { 'aria-label': own.activation(at + 1), onchange: () => void attempt(edit.withLayerAt(current, at, select.value)) },
      activations.map(({ name, label }) => h('option', { value: name, selected: name === activation.name }, label)))
    const picture = h('span', { class: 'layer-curve' })
    curveOf(lab.engine, activation, edit.parametersOf(layer)).then((curve) => picture.replaceChildren(smallCurve(curve)), () => {})
    return h('span', { class: 'layer-activation' }, picture, select)
  }

  /** @param {string} layer @param {number} at @param {import('../engine/protocol.js').Activation} [activation] */
  function argumentsOf(layer, at, activation) {
    const word = edit.wordOf(layer)
    const { syntax = '' } = known.find(({ name }) => name === word) ?? {}
    const takes = syntax.slice(word.length).trim()
    if (!takes || (activation && activation.parameters.length === 0)) return h('span', { class: 'layer-arguments' })
    const shown = activation?.parameters.map(({ symbol, default: value }) => `${symbol} ${Number(value.toPrecision(3))}`).join(', ') ?? takes
    return h('input', { type: 'text', class: 'layer-arguments', value: edit.argumentsOf(layer), autocomplete: 'off', spellcheck: false, placeholder: shown,
      title: own.takes(word, takes), 'aria-label': own.arguments(at + 1, word),
      onchange: (/** @type {any} */ { target }) => void attempt(edit.withLayerAt(current, at, `${word} ${target.value.trim()}`.trim())) })
  }

  /** Applies a text and then focuses a button. @param {string} text @param {number} row @param {string} button */
  function apply(text, row, button) {
    focus = [row, button]
    void attempt(text)
  }

  /** Applies a text; restores the rows if it is rejected. @param {string} text */
  async function attempt(text) {
    if (await commit(text)) return
    focus = undefined
    const before = current
    current = ''
    show(before)
  }
  return { element: h('div', {}, list, add), show }
}
