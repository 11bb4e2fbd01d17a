// The model's controls: activation with its curve and formulas, hidden layers with their widths, and the
// architecture text itself. All three show and edit the one text.
import { curveOf, largeCurve, smallCurve } from './curve.js'
import { h, icon, iconButton, uniqueId } from './dom.js'
import { frame, showText } from './fields.js'
import { count, plural } from './format.js'
import * as edit from './model_text.js'

/** The width that a new hidden layer gets. */
const newWidth = 128

/**
 * @param {import('./lab.js').Lab} lab
 * @param {import('../engine/protocol.js').Field} field
 * @returns {import('./fields.js').Control}
 */
export function makeModelEditor(lab, field) {
  const { activations } = lab.registry
  const names = activations.map(({ name }) => name)
  const id = uniqueId('model')
  const parts = frame(lab, field, id)
  const area = h('textarea', {
    id, rows: 2, spellcheck: false, autocomplete: 'off', 'aria-describedby': `${id}-help ${parts.errorId}`,
    onchange: () => void parts.commit(area.value),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Enter') return
      event.preventDefault()
      void parts.commit(area.value)
    },
  })
  parts.body.append(area)

  const menu = makeActivationMenu(lab, activations, (name) => {
    void parts.commit(edit.withActivation(lab.shown.model, name, names))
  })
  const list = h('ol', { class: 'hidden-layers' })
  const add = h('button', { type: 'button', class: 'button small', onclick: () => {
    const layer = edit.activationLayer(lab.shown.model, names) || activations[0].name
    void parts.commit(edit.withLayer(lab.shown.model, newWidth, layer))
  } }, icon('plus'), 'Add a layer')
  const summary = h('p', { class: 'field-help' })
  const layers = h('div', { class: 'field', role: 'group', 'aria-label': 'Hidden layers' },
    h('div', { class: 'field-head' }, h('span', { class: 'label' }, 'Hidden layers')), list, add, summary)

  /** @param {number} index @param {string} width */
  function row(index, width) {
    const set = (/** @type {string} */ text) => void parts.commit(edit.withWidth(lab.shown.model, index, text))
    const by = (/** @type {number} */ factor) => set(String(Math.max(1, Math.round(Number(input.value) * factor))))
    const input = h('input', { type: 'text', inputMode: 'numeric', class: 'number', value: width, autocomplete: 'off',
      'aria-label': `Width of hidden layer ${index + 1}`, onchange: () => set(input.value.trim()) })
    return h('li', {}, h('span', { class: 'layer-name' }, `Layer ${index + 1}`),
      iconButton('minus', `Halve hidden layer ${index + 1}`, () => by(0.5)), input,
      iconButton('plus', `Double hidden layer ${index + 1}`, () => by(2)),
      iconButton('close', `Remove hidden layer ${index + 1}`, () => {
        void parts.commit(edit.withoutLayer(lab.shown.model, index))
      }))
  }

  let shownWidths = ''
  async function show() {
    parts.show()
    const { model, batch } = lab.shown
    showText(area, model, parts)
    menu.show(edit.activationLayer(model, names), edit.activationOf(model, names))
    const widths = edit.hiddenWidths(model)
    if (widths.join() !== shownWidths) {
      shownWidths = widths.join()
      const focused = [...list.querySelectorAll('button, input')].indexOf(/** @type {any} */ (document.activeElement))
      list.replaceChildren(...widths.map((width, index) => row(index, width)))
      const again = list.querySelectorAll('button, input')[focused]
      if (again instanceof HTMLElement) again.focus()
    }
    const described = await lab.describe(model, batch).catch(() => undefined)
    if (!described) return
    const sizes = [lab.run.dataset.height * lab.run.dataset.width,
      ...described.layers.filter(({ kind }) => kind !== 'activation').map(({ output_shape: shape }) => shape.join('×'))]
    summary.textContent = `${sizes.join(' → ')}, ${plural(described.parameters, 'parameter')}, ` +
      `${count(described.multiply_adds)} multiply-adds an image`
  }
  const element = h('div', { class: 'model-editor' }, menu.element, layers, parts.element)
  return { element, show: () => void show() }
}

/**
 * The select named Activation, each entry with its curve, and a picture of the chosen one.
 * @param {import('./lab.js').Lab} lab
 * @param {import('../engine/protocol.js').Activation[]} activations
 * @param {(name: string) => void} choose
 */
function makeActivationMenu(lab, activations, choose) {
  const id = uniqueId('activation')
  const mixed = h('option', { value: 'mixed', hidden: true }, 'Mixed: see the text below')
  const none = h('option', { value: '', hidden: true }, 'None')
  const options = activations.map(({ name, label }) => h('option', { value: name }, h('span', {}, label)))
  const select = h('select', { id, class: 'with-curves', onchange: () => choose(select.value) }, mixed, none, options)
  // Where the browser lets a select hold pictures, they stand in its menu; else in a row of buttons under it.
  const rich = CSS.supports('appearance', 'base-select')
  const chosen = document.createElement('selectedcontent')
  if (rich) select.prepend(h('button', { type: 'button' }, chosen))
  const strip = h('div', { class: 'curve-strip', hidden: rich })
  const picture = h('div', { class: 'curve-box' })
  const element = h('div', { class: 'field' }, h('div', { class: 'field-head' }, h('label', { for: id }, 'Activation')),
    select, strip, picture)

  for (const [i, activation] of activations.entries()) {
    curveOf(lab.engine, activation).then((curve) => {
      options[i].prepend(smallCurve(curve))
      // The browser copies the chosen entry when it is chosen, which was before it had its picture.
      if (options[i].selected) chosen.replaceChildren(...options[i].cloneNode(true).childNodes)
      if (!rich) strip.append(curveButton(activation, smallCurve(curve)))
    }, () => {})
  }

  /** @param {import('../engine/protocol.js').Activation} activation @param {SVGElement} curve */
  function curveButton({ name, label }, curve) {
    return h('button', { type: 'button', class: 'button small', title: label, onclick: () => choose(name) }, curve, label)
  }

  let shown = ''
  /** @param {string} layer the first activation's text @param {string} name of all of them, or mixed, or '' */
  async function show(layer, name) {
    select.value = name
    const activation = activations.find((each) => each.name === layer.split(' ')[0])
    if (layer === shown) return
    shown = layer
    if (!activation) return void picture.replaceChildren()
    const values = edit.parametersOf(layer)
    const curve = await curveOf(lab.engine, activation, values).catch(() => undefined)
    if (!curve || shown !== layer) return
    const { label, formula, derivative, about, parameters } = activation
    const settings = parameters.map((p, i) => `${p.symbol} = ${values[i] ?? p.default}${p.learnable ? ' at first' : ''}`)
    picture.replaceChildren(
      largeCurve(curve, `${label}: the function and its derivative from −4 to 4`),
      h('dl', { class: 'formulas' },
        h('dt', { class: 'formula-f' }, 'f(x)'), h('dd', {}, formula),
        h('dt', { class: 'formula-df' }, 'f′(x)'), h('dd', {}, derivative),
        settings.length > 0 && [h('dt', {}, 'with'), h('dd', {}, settings.join(', '))]),
      h('p', { class: 'field-help' }, about))
  }
  return { element, show }
}
