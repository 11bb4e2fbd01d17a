// The menu of activations. Each entry has its curve; below it are the plot, formulas and use of the chosen activation.
import { curveOf, largeCurve, smallCurve } from '../charts/curve.js'
import { h, uniqueId } from '../dom/dom.js'
import { formula as mathOf } from '../dom/formula.js'
import { parametersOf } from '../lab/model_text.js'

/** @param {import('../lab/lab.js').Lab} lab @param {(name: string) => void} choose */
export function makeActivationMenu(lab, choose) {
  const { activations } = lab.registry
  const id = uniqueId('activation')
  const mixed = h('option', { value: 'mixed', hidden: true }, 'Mixed: see the text below')
  const none = h('option', { value: '', hidden: true }, 'None')
  const options = activations.map(({ name, label }) => h('option', { value: name }, h('span', {}, label)))
  const select = h('select', { id, class: 'with-curves', onchange: () => choose(select.value) }, mixed, none, options)
  // If the browser supports pictures in a select, the curves are in its menu; otherwise in a row of buttons below it.
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
    const values = parametersOf(layer)
    const curve = await curveOf(lab.engine, activation, values).catch(() => undefined)
    if (!curve || shown !== layer) return
    const { label, formula, derivative, about, parameters } = activation
    const settings = parameters.map((p, i) => `${p.symbol} = ${values[i] ?? p.default}${p.learnable ? ' initially' : ''}`)
    picture.replaceChildren(
      largeCurve(curve, `${label}: the function and its derivative from −4 to 4`),
      h('dl', { class: 'formulas' },
        h('dt', { class: 'formula-f' }, 'f(x)'), h('dd', {}, mathOf(formula)),
        h('dt', { class: 'formula-df' }, 'f′(x)'), h('dd', {}, mathOf(derivative)),
        settings.length > 0 && [h('dt', {}, 'with'), h('dd', {}, settings.join(', '))]),
      h('p', { class: 'field-help' }, about))
  }
  return { element, show }
}
