// The settings panel: all settings of a run in collapsible sections, created from the fields of the registry.
import { makeAugmentPreview } from './augment_preview.js'
import { h } from '../dom/dom.js'
import { frame, makeField } from './fields.js'
import { short } from '../dom/format.js'
import { recall, remember } from '../lab/memory.js'
import { makeModelEditor } from './model_editor.js'
import { makeOwnData } from './own_data.js'
import { makeRatePlot } from '../charts/rate_plot.js'

/** @import { Field } from '../engine/protocol.js' */
/** @import { Lab } from '../lab/lab.js' */

/** The sections in their order. A section without fields is not shown. */
const sections = ['Data', 'Augmentation', 'Model', 'Optimizer', 'Schedule', 'Regularisation', 'Run']

/** Previews of the effect of a section's settings, drawn below them. @type {Record<string, (lab: Lab) => HTMLElement>} */
const pictures = {
  Data: makeOwnData,
  Augmentation: makeAugmentPreview,
  Optimizer: (lab) => makeRatePlot(lab, 'moves'),
  Schedule: (lab) => makeRatePlot(lab, 'lr'),
}

/** Milliseconds that a run must be paused before its weights are hashed. */
const settle = 300

export class Panel extends HTMLElement {
  /** @type {import('./fields.js').Control[]} */
  #controls = []

  /** @param {Lab} lab with a run */
  attach(lab) {
    /** @type {Record<string, boolean>} */
    const open = recall('sections', {})
    for (const section of sections) {
      const fields = lab.registry.fields.filter((field) => field.section === section)
      if (fields.length === 0) continue
      // Those that few people change stand apart, closed, at the end.
      const often = fields.filter(({ rare }) => !rare).map((field) => this.#make(lab, field))
      const seldom = fields.filter(({ rare }) => rare).map((field) => this.#make(lab, field))
      const toggled = (/** @type {Event} */ { target }) => {
        if (!(target instanceof HTMLDetailsElement) || !target.classList.contains('section')) return
        open[section] = target.open
        remember('sections', open)
      }
      this.append(h('details', { class: 'section', open: open[section] ?? true, ontoggle: toggled }, h('summary', {}, h('h2', {}, section)),
        h('div', { class: 'section-body' }, often, section === 'Run' && this.#makeHash(lab), pictures[section]?.(lab),
          seldom.length > 0 && h('details', { class: 'more' }, h('summary', {}, 'More'), h('div', { class: 'section-body' }, seldom)))))
    }
    const show = () => this.#controls.forEach((control) => control.show())
    lab.on('settings', show)
    lab.on('state', () => lab.run && show())
    show()
  }

  /** @param {Lab} lab @param {Field} field */
  #make(lab, field) {
    const control = field.name === 'model' ? makeModelEditor(lab, field)
      : field.name === 'data' ? makeField(lab, dataChoice(lab, field))
      : field.type === 'events' ? makeChanges(lab, field)
      : makeField(lab, field)
    this.#controls.push(control)
    return control.element
  }

  /** The hash of the weights, to compare a run with one of the command line. @param {Lab} lab */
  #makeHash(lab) {
    const output = h('output', { class: 'sha', 'aria-label': 'Weights SHA-256', 'aria-live': 'off' }, '–')
    let latest = 0
    const show = () => {
      const mine = ++latest
      const still = lab.run && !lab.training
      output.textContent = still ? '…' : 'while paused'
      // Delayed, so that single steps do not wait for the hash.
      if (still) setTimeout(async () => {
        const sum = mine === latest && await lab.engine.weightsSha256().catch(() => '–')
        if (sum && mine === latest) output.textContent = sum
      }, settle)
    }
    lab.onEach(['state', 'run'], show)
    show()
    return h('div', { class: 'field' }, h('div', { class: 'field-head' }, h('span', { class: 'label' }, 'Weights SHA-256')), output,
      h('p', { class: 'field-help' }, 'Identifies the weights. The command line prints the same hash for the same settings and steps.'))
  }
}
customElements.define('rl-panel', Panel)

/**
 * The available data sets as choices: those of the site, and those that the user has opened.
 * @param {Lab} lab @param {Field} field @returns {Field}
 */
function dataChoice(lab, field) {
  return { ...field, type: 'choice', get choices() {
    return lab.engine.datasets.map(({ name, label, own }) => ({ name, label, about: own ? 'Opened from your own files' : 'Images of 28 × 28 pixels in ten classes' }))
  } }
}

/** The changes that were made while training. They are part of the run, as its settings are. @param {Lab} lab @param {Field} field */
function makeChanges(lab, field) {
  const parts = frame(lab, { ...field, help: 'Replay, or opening this address, repeats the changes at the same steps.' })
  const list = h('ul', { id: parts.id, class: 'changes' })
  const replay = h('button', { type: 'button', class: 'button small', onclick: () => lab.replay() }, 'Replay from step 0')
  parts.label.replaceWith(h('span', { class: 'label' }, field.label))
  parts.element.querySelector('.back')?.remove()
  parts.body.append(list, replay)
  return { element: parts.element, show: () => {
    const { events } = lab.run.config
    parts.show()
    parts.element.hidden = events.length === 0
    list.replaceChildren(...events.map(({ step, field: name, value }) => h('li', {}, `${lab.labelOf(name)} ${short(value)} after step ${step}`)))
  } }
}
