// The controls of the model: the activation of all layers, the list of layers, and the architecture text. All three
// show and edit the same text. An error is marked at its position in the text.
import { curveOf, largeCurve, smallCurve } from '../charts/curve.js'
import { h, uniqueId } from '../dom/dom.js'
import { formula as mathOf } from '../charts/formula.js'
import { frame, showText } from './fields.js'
import { makeLayerRows } from './layer_rows.js'
import * as edit from '../lab/model_text.js'
import { words } from '../words/words.js'

const own = words.panel.modelEditor

/** Milliseconds after the last key until the typed model is described. */
const typingPause = 200

/** @param {import('../lab/lab.js').Lab} lab @param {import('../engine/protocol.js').Field} field @returns {import('./fields.js').Control} */
export function makeModelEditor(lab, field) {
  const names = lab.registry.activations.map(({ name }) => name)
  const parts = frame(lab, field)
  const marked = h('code', { class: 'model-marked', hidden: true })
  const area = h('textarea', {
    id: parts.id, rows: 3, spellcheck: false, autocomplete: 'off', 'aria-describedby': parts.describedBy,
    onchange: () => void commit(area.value),
    oninput: () => {
      clearTimeout(typing)
      typing = window.setTimeout(() => void describe(area.value, true), typingPause)
    },
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Enter') return
      event.preventDefault()
      void commit(area.value)
    },
  })
  let typing = 0
  parts.body.append(area)
  parts.error.before(marked)

  /** Applies a text, or marks the error in it. @param {string} text */
  async function commit(text) {
    const good = await parts.commit(text)
    const place = good ? undefined : edit.placeOf(text, parts.wrong())
    marked.hidden = !place
    if (!place) return good
    const { start, end } = place
    marked.replaceChildren(text.slice(0, start), h('mark', {}, text.slice(start, end) || '…'), text.slice(end))
    if (document.activeElement === area && area.value === text) area.setSelectionRange(start, end)
    return good
  }

  const menu = makeActivationMenu(lab, (name) => void commit(edit.withActivation(lab.shown.model, name, names)))
  const rows = makeLayerRows(lab, commit)
  const summary = h('p', { class: 'field-help' })
  const layers = h('div', { class: 'field layers-field', role: 'group', 'aria-label': own.layers },
    h('div', { class: 'field-head' }, h('span', { class: 'label' }, own.layers)), rows.element, summary)

  /** @param {string} model @param {boolean} draft typed but not applied yet */
  async function describe(model, draft) {
    const described = await lab.describe(model, lab.shown.batch).catch(() => undefined)
    if (!described) return
    if (draft) lab.emit('draft', described)
    const sizes = [described.input_shape.filter((size, i) => i > 0 || size > 1).join('×'),
      ...described.layers.filter(({ kind }) => kind !== 'activation').map(({ output_shape: shape }) => shape.join('×'))]
    summary.textContent = own.summary(sizes.filter((size, i) => size !== sizes[i - 1]).join(' → '), described.parameters, described.multiply_adds)
  }

  function show() {
    parts.show()
    const { model } = lab.shown
    if (area.dataset.shown !== model) marked.hidden = true
    showText(area, model, parts)
    menu.show(edit.activationLayer(model, names), edit.activationOf(model, names))
    rows.show(model)
    void describe(model, false)
  }
  return { element: h('div', { class: 'model-editor' }, menu.element, layers, parts.element), show }
}

/**
 * The menu of activations. Each entry has its curve; below it are the plot, formulas and use of the chosen activation.
 * @param {import('../lab/lab.js').Lab} lab @param {(name: string) => void} choose
 */
function makeActivationMenu(lab, choose) {
  const { activations } = lab.registry
  const id = uniqueId('activation')
  const mixed = h('option', { value: 'mixed', hidden: true }, own.mixed)
  const none = h('option', { value: '', hidden: true }, own.none)
  const options = activations.map(({ name, label }) => h('option', { value: name }, h('span', {}, label)))
  const select = h('select', { id, class: 'with-curves', onchange: () => choose(select.value) }, mixed, none, options)
  // If the browser supports pictures in a select, the curves are in its menu; otherwise in a row of buttons below it.
  const rich = CSS.supports('appearance', 'base-select')
  const chosen = document.createElement('selectedcontent')
  if (rich) select.prepend(h('button', { type: 'button' }, chosen))
  const strip = h('div', { class: 'curve-strip', hidden: rich })
  const picture = h('div', { class: 'curve-box' })
  const element = h('div', { class: 'field' }, h('div', { class: 'field-head' }, h('label', { for: id }, own.activation)),
    select, strip, picture)

  for (const [i, activation] of activations.entries()) {
    curveOf(lab.engine, activation).then((curve) => {
      options[i].prepend(smallCurve(curve))
      // The browser copied the chosen entry before its curve was ready: copy it again.
      if (options[i].selected) chosen.replaceChildren(...options[i].cloneNode(true).childNodes)
      const { name, label } = activation
      if (!rich) strip.append(h('button', { type: 'button', class: 'button small', title: label, onclick: () => choose(name) }, smallCurve(curve), label))
    }, () => {})
  }

  let shown = ''
  /** @param {string} layer the text of the first activation @param {string} name of all activations, 'mixed', or '' */
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
    const settings = parameters.map(({ symbol, learnable, default: usual }, i) => ({ symbol, learnable, value: values[i] ?? usual }))
    picture.replaceChildren(
      largeCurve(curve, own.picture(label)),
      h('dl', { class: 'formulas' },
        h('dt', { class: 'formula-f' }, 'f(x)'), h('dd', {}, mathOf(formula)),
        h('dt', { class: 'formula-df' }, 'f′(x)'), h('dd', {}, mathOf(derivative)),
        settings.length > 0 && [h('dt', {}, own.with), h('dd', {}, own.parameters(settings))]),
      h('p', { class: 'field-help' }, about))
  }
  return { element, show }
}
