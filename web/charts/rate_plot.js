// A preview of the whole run, drawn before training: the learning rate, or the step of one weight. The core computes
// the values.
import { h, svg } from '../dom/dom.js'
import { preview } from './preview.js'
import { words } from '../words/words.js'

const own = words.panel.ratePlot

const width = 270
const height = 84
/** Milliseconds before the first plot, so that it does not delay the start of the page. */
const afterStart = 300

/** @typedef {import('../engine/protocol.js').RatePlan} RatePlan */

/** @param {import('../lab/lab.js').Lab} lab @param {'lr' | 'moves'} which */
export function makeRatePlot(lab, which) {
  const title = own.title[which]
  const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, class: 'rate-plot', role: 'img', 'aria-label': title })
  const about = h('p', { class: 'field-help' })
  const element = h('figure', { class: 'rate-figure' }, h('figcaption', { class: 'label' }, title), picture, about)
  /** The config, with the changes that were made while training. */
  const configOf = () => {
    const { events, lr } = lab.run.config
    return { ...lab.shown, lr: events.length > 0 ? lr : lab.shown.lr, events }
  }

  /** @type {SVGElement} marks the current step */
  const now = svg('path', { class: 'rate-now' })
  let updates = 1

  /** @param {RatePlan} plan */
  function draw(plan) {
    const values = plan[which]
    updates = Math.max(1, plan.updates - 1)
    element.hidden = values.length === 0
    if (element.hidden) return
    const most = Math.max(...values, 1e-30)
    const lines = [svg('path', { class: 'rate-axis', d: `M0 ${height - 1}H${width}` }), line(plan.at, values, most, `rate-${which}`)]
    if (which === 'lr' && plan.momentum.length > 0) lines.push(line(plan.at, plan.momentum, 1, 'rate-momentum'))
    picture.replaceChildren(...lines, now)
    const told = { first: values[0], most, last: values[values.length - 1], updates: plan.updates, perEpoch: plan.updates_per_epoch }
    picture.setAttribute('aria-label', own.picture(title, told))
    about.textContent = own.about[which]({ ...told, momentum: plan.momentum.length > 0, unknown: plan.depends_on_validation })
    mark()
  }

  /** @param {number[]} at @param {number[]} values @param {number} most @param {string} name */
  function line(at, values, most, name) {
    const x = (/** @type {number} */ update) => ((width * update) / updates).toFixed(2)
    const y = (/** @type {number} */ value) => (height - 2 - ((height - 8) * value) / most).toFixed(2)
    return svg('path', { class: name, d: `M${values.map((value, i) => `${x(at[i])} ${y(value)}`).join('L')}` })
  }

  function mark() {
    const x = Math.min(width, (width * lab.step) / (updates * lab.run.config.accumulate))
    now.setAttribute('d', lab.step > 0 ? `M${x.toFixed(1)} 0V${height}` : '')
  }

  const show = preview(lab, element, () => [configOf(), lab.run.dataset], () => lab.rates(configOf()), draw, (message) => {
    picture.replaceChildren()
    about.textContent = message
  })
  lab.onEach(['run', 'settings', 'state'], () => lab.run && mark())
  setTimeout(() => void show(), afterStart)
  return element
}
