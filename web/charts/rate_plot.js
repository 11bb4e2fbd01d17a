// A preview of the whole run, drawn before training: the learning rate, or the step of one weight. The core computes
// the values.
import { h, svg } from '../dom/dom.js'
import { count, messageOf, plural, short } from '../dom/format.js'

const width = 270
const height = 84
/** Milliseconds before the first plot, so that it does not delay the start of the page. */
const afterStart = 300

/** @typedef {import('../engine/protocol.js').RatePlan} RatePlan */

/** @param {import('../lab/lab.js').Lab} lab @param {'lr' | 'moves'} which */
export function makeRatePlot(lab, which) {
  const title = which === 'lr' ? 'Learning rate over the run' : 'Step of a weight whose gradient stays 1'
  const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, class: 'rate-plot', role: 'img', 'aria-label': title })
  const words = h('p', { class: 'field-help' })
  const element = h('figure', { class: 'rate-figure' }, h('figcaption', { class: 'label' }, title), picture, words)
  let latest = 0
  let asked = ''

  async function show() {
    if (!lab.run || element.closest('details:not([open])')) return
    const { shown, step } = lab
    // Includes the changes that were made while training.
    const config = { ...shown, lr: lab.run.config.events.length > 0 ? lab.run.config.lr : shown.lr, events: lab.run.config.events }
    const question = JSON.stringify([config, lab.run.dataset])
    if (question === asked) return mark(step)
    asked = question
    const mine = ++latest
    let plan
    try {
      plan = await lab.rates(config)
    } catch (error) {
      if (mine !== latest) return
      picture.replaceChildren()
      words.textContent = messageOf(error)
      return
    }
    if (mine === latest) draw(plan)
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
    const ends = `${short(values[0])} at the start, at most ${short(most)}, ${short(values[values.length - 1])} at the end`
    const epochs = plurals(plan)
    picture.setAttribute('aria-label', `${title}: ${ends}, over ${epochs}`)
    words.textContent = which === 'moves'
      ? `The effect of momentum, averages and bias correction on the rate: ${ends}.`
      : `${ends}, over ${epochs}${plan.momentum.length > 0 ? '; dashed: momentum, 0 to 1' : ''}${plan.depends_on_validation ? '; the rate drops when the validation loss stops falling, which cannot be predicted' : ''}.`
    element.dataset.drawn = asked
    mark(lab.step)
  }

  /** @param {number[]} at @param {number[]} values @param {number} most @param {string} name */
  function line(at, values, most, name) {
    const x = (/** @type {number} */ update) => ((width * update) / updates).toFixed(2)
    const y = (/** @type {number} */ value) => (height - 2 - ((height - 8) * value) / most).toFixed(2)
    return svg('path', { class: name, d: `M${values.map((value, i) => `${x(at[i])} ${y(value)}`).join('L')}` })
  }

  /** @param {number} step number of steps made */
  function mark(step) {
    const x = Math.min(width, (width * step) / (updates * lab.run.config.accumulate))
    now.setAttribute('d', step > 0 ? `M${x.toFixed(1)} 0V${height}` : '')
  }

  for (const event of /** @type {const} */ (['run', 'settings', 'state'])) lab.on(event, () => void show())
  // Redraw when the section opens. The toggle event does not bubble.
  setTimeout(() => element.closest('details')?.addEventListener('toggle', () => void show()))
  setTimeout(() => void show(), afterStart)
  return element
}

/** @param {RatePlan} plan */
const plurals = ({ updates, updates_per_epoch: each }) => `${plural(updates, 'update')} (${count(each)} per epoch)`
