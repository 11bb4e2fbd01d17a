// Creates the control of a setting from its entry in the registry: type, range, choices, whether it is live. Each
// control has a label, help, a button that restores the default, and a place for the error of the last input.
import { h, iconButton, uniqueId } from '../dom/dom.js'
import { capitalised } from '../dom/format.js'
import { words } from '../words/words.js'

/**
 * @typedef {import('../lab/lab.js').Lab} Lab
 * @typedef {import('../engine/protocol.js').Field} Field
 * @typedef {{element: HTMLElement, show: () => void}} Control show() updates it from the lab
 */

const own = words.panel.fields

/** The parts that all controls share: label, help, reset button and error. @param {Lab} lab @param {Field} field */
export function frame(lab, field) {
  const id = uniqueId(field.name)
  const errorId = uniqueId('error')
  const error = h('p', { class: 'field-error', id: errorId, role: 'alert' })
  const back = iconButton('reset', own.reset(field.label, shortDefault(field)), () => void commit(String(field.default)), 'icon-button back')
  const label = h('label', { for: id }, field.label)
  const body = h('div', { class: 'field-body' })
  // Inputs that the engine has not answered yet.
  let applying = 0
  let wrong = ''
  const element = h('div', { class: 'field', 'data-field': field.name },
    h('div', { class: 'field-head' }, label,
      field.live && h('span', { class: 'badge', title: own.live.about }, own.live.label), back),
    body, h('p', { class: 'field-help', id: `${id}-help` }, capitalised(field.help)), error)

  /** @param {string} text */
  function fail(text) {
    error.textContent = text
    element.querySelector(`#${id}`)?.setAttribute('aria-invalid', String(text !== ''))
  }

  /** Applies a text. @param {string} text @returns {Promise<boolean>} whether it is valid */
  async function commit(text) {
    applying += 1
    wrong = await lab.edit(field.name, text)
    applying -= 1
    fail(wrong && words.lab.error(wrong))
    return !wrong
  }

  function show() {
    element.hidden = !Object.entries(field.used_when ?? {}).every(([name, values]) => values.includes(lab.shown[name]))
    back.hidden = String(lab.shown[field.name]) === String(field.default)  // lists are compared by their text
    element.classList.toggle('is-waiting', lab.waiting.includes(field.name))
  }

  /** @param {() => void} update sets the control to the value in the lab @returns {Control} */
  function control(update) {
    return { element, show: () => {
      show()
      if (applying <= 1) return update()
      // A newer input is pending. Its result replaces this one.
      for (const input of /** @type {NodeListOf<HTMLElement>} */ (body.querySelectorAll('[data-shown]'))) delete input.dataset.shown
    } }
  }

  return { id, describedBy: `${id}-help ${errorId}`, element, body, label, error, wrong: () => wrong, commit, fail, show, control }
}

/** The default of a setting, or '' if its text is long. @param {Field} field */
function shortDefault(field) {
  const name = String(field.default)
  return name.length < 20 ? field.choices?.find((choice) => choice.name === name)?.label ?? name : ''
}

/** The control for a field. @param {Lab} lab @param {Field} field @returns {Control} */
export function makeField(lab, field) {
  const make = field.type === 'boolean' ? makeSwitch : field.type === 'choice' ? makeChoice : makeText
  return make(lab, field)
}

/** Range of the logarithmic slider, in powers of ten. */
const decades = { from: -6, to: 1 }

/**
 * A text box that commits its text on Enter or when it loses the focus. Arrow keys step whole numbers. A live number has a
 * slider as well.
 * @param {Lab} lab @param {Field} field @returns {Control}
 */
function makeText(lab, field) {
  const parts = frame(lab, field)
  const whole = field.type === 'integer'
  const input = h('input', {
    id: parts.id, type: 'text', autocomplete: 'off', spellcheck: false, class: field.type === 'text' ? '' : 'number',
    inputMode: field.auto ? 'text' : whole ? 'numeric' : field.type === 'number' ? 'decimal' : 'text',
    'aria-describedby': parts.describedBy,
    onchange: () => void parts.commit(input.value.trim()),
    onkeydown: (/** @type {KeyboardEvent} */ event) => {
      const by = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0
      const value = Number(input.value)
      if (!whole || by === 0 || !Number.isInteger(value)) return
      event.preventDefault()
      input.value = String(Math.max(field.min ?? -Infinity, Math.min(field.max ?? Infinity, value + by)))
      void parts.commit(input.value)
    },
  })
  const text = () => String(Number((10 ** Number(slider.value)).toPrecision(2)))
  const slider = h('input', {
    type: 'range', min: String(decades.from), max: String(decades.to), step: '0.05', 'aria-label': own.slider(field.label),
    oninput: () => {
      input.value = text()
      slider.setAttribute('aria-valuetext', input.value)
    },
    onchange: () => void parts.commit(text()),
  })
  if (field.type === 'number' && field.live) parts.body.append(slider)
  parts.body.append(input)
  if (field.name === 'seed') {
    parts.body.append(iconButton('dice', own.anotherSeed, () => void parts.commit(String(Math.floor(Math.random() * 1e6)))))
  }
  return parts.control(() => {
    const value = lab.shown[field.name]
    if (input.dataset.shown !== String(value) || document.activeElement !== slider) {
      slider.value = String(Math.log10(Math.max(value, 1e-12)))
      slider.setAttribute('aria-valuetext', String(value))
    }
    showText(input, value, parts)
  })
}

/** @param {HTMLInputElement | HTMLTextAreaElement} input @param {unknown} value @param {ReturnType<typeof frame>} parts */
export function showText(input, value, parts) {
  const text = String(value)
  if (input.dataset.shown === text) return
  input.dataset.shown = text
  input.value = text
  parts.fail('')
}

/** @param {Lab} lab @param {Field} field @returns {Control} */
function makeChoice(lab, field) {
  const parts = frame(lab, field)
  const select = h('select', { id: parts.id, 'aria-describedby': parts.describedBy, onchange: async () => {
    if (!await parts.commit(select.value)) select.value = lab.shown[field.name]
  } })
  const help = parts.element.querySelector('.field-help')
  parts.body.append(select)
  return parts.control(() => {
    const { choices = [] } = field
    if (select.options.length < choices.length) select.replaceChildren(...choices.map(({ name, label }) => h('option', { value: name }, label)))
    select.value = lab.shown[field.name]
    const about = choices.find((choice) => choice.name === select.value)?.about
    if (help && about) help.textContent = capitalised(about)
  })
}

/** @param {Lab} lab @param {Field} field @returns {Control} */
function makeSwitch(lab, field) {
  const parts = frame(lab, field)
  const box = h('input', { id: parts.id, type: 'checkbox', role: 'switch', 'aria-describedby': `${parts.id}-help`,
    onchange: () => void parts.commit(String(box.checked)) })
  parts.label.before(box)
  return parts.control(() => void (box.checked = lab.shown[field.name]))
}
