// The controls of the model: the activation of all layers, the list of layers, and the architecture text. All three
// show and edit the same text. An error is marked at its position in the text.
import { makeActivationMenu } from './activation_menu.js'
import { h } from '../dom/dom.js'
import { frame, showText } from './fields.js'
import { count, plural } from '../dom/format.js'
import { makeLayerRows } from './layer_rows.js'
import * as edit from '../lab/model_text.js'

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
    const place = good ? undefined : edit.placeOf(text, parts.error.textContent ?? '')
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
  const layers = h('div', { class: 'field', role: 'group', 'aria-label': 'Layers' },
    h('div', { class: 'field-head' }, h('span', { class: 'label' }, 'Layers')), rows.element, summary)

  /** @param {string} model @param {boolean} draft typed but not applied yet */
  async function describe(model, draft) {
    const described = await lab.describe(model, lab.shown.batch).catch(() => undefined)
    if (!described) return
    if (draft) lab.emit('draft', described)
    const sizes = [described.input_shape.filter((size, i) => i > 0 || size > 1).join('×'),
      ...described.layers.filter(({ kind }) => kind !== 'activation').map(({ output_shape: shape }) => shape.join('×'))]
    summary.textContent = `${sizes.filter((size, i) => size !== sizes[i - 1]).join(' → ')}, ${plural(described.parameters, 'parameter')}, ` +
      `${count(described.multiply_adds)} multiply-adds per image`
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
