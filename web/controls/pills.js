// The activations as a row of buttons, each with its curve: one click trains with another one. The others are in a menu.
import { curveOf, smallCurve } from '../charts/curve.js'
import { h, icon } from '../dom/dom.js'
import { words } from '../words/words.js'

const own = words.frame.pills

/** The activations with a button, as far as the registry has them. */
const first = ['relu', 'leaky_relu', 'prelu', 'elu', 'swish']

/** @param {import('../lab/lab.js').Lab} lab */
export function makePills(lab) {
  const { activations } = lab.registry
  const shown = first.flatMap((name) => activations.filter((each) => each.name === name))
  const others = activations.filter((each) => !shown.includes(each))
  const buttons = shown.map((activation) => {
    const picture = h('span', { class: 'pill-curve' })
    curveOf(lab.engine, activation).then((curve) => picture.replaceChildren(smallCurve(curve)), () => {})
    return h('button', { type: 'button', class: 'pill', 'data-activation': activation.name, onclick: () => void lab.chooseActivation(activation.name) },
      picture, activation.label)
  })
  const menu = h('select', { class: 'pill', 'aria-label': own.others, onchange: () => menu.value && void lab.chooseActivation(menu.value) },
    h('option', { value: '' }, own.more), others.map(({ name, label }) => h('option', { value: name }, label)))
  const compare = h('button', { type: 'button', class: 'pill pill-compare', title: own.compareTitle, onclick: () => lab.emit('compare', {}) }, icon('views'), own.compare)
  const undo = h('button', { type: 'button', class: 'button small undo', hidden: true, onclick: () => void lab.undo() })

  function show() {
    const chosen = lab.activationOf(lab.shown)
    const train = lab.training || lab.state === 'finished' || lab.state === 'diverged'
    shown.forEach(({ name, label }, i) => {
      const is = name === chosen
      buttons[i].setAttribute('aria-pressed', String(is))
      buttons[i].title = is ? own.chosen(label) : train ? own.train(label) : own.begin(label)
    })
    menu.value = others.some(({ name }) => name === chosen) ? chosen : ''
    menu.classList.toggle('is-chosen', menu.value !== '')
    const { ghost } = lab
    undo.hidden = !ghost
    if (!ghost) return
    undo.replaceChildren(icon('undo'), own.undo)
    undo.title = own.undoTitle(ghost.label, ghost.step)
  }
  lab.onEach(['settings', 'state', 'ghost'], () => lab.run && show())
  show()
  return h('div', { class: 'pills', role: 'group', 'aria-label': own.label }, buttons, menu, compare, undo)
}
