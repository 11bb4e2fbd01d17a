// The settings panel: the few settings that most people change, or all of them in closed sections, created from the fields of
// the registry.
import { makeAugmentPreview } from './augment_preview.js'
import { h } from '../dom/dom.js'
import { frame, makeField } from './fields.js'
import { recall, remember } from '../dom/memory.js'
import { makeModelEditor } from './model_editor.js'
import { makeOwnData } from './own_data.js'
import { makeRatePlot } from '../charts/rate_plot.js'
import { words } from '../words/words.js'

/** @import { Field } from '../engine/protocol.js' */
/** @import { Lab } from '../lab/lab.js' */

const own = words.panel.panel

/** The sections in their order, by their names in the registry. A section without fields is not shown. */
const sections = /** @type {const} */ (['Data', 'Augmentation', 'Model', 'Optimizer', 'Schedule', 'Regularisation', 'Run'])

/** The settings that Basic shows. */
const basic = ['data', 'train_samples', 'model', 'init', 'optimizer', 'lr', 'weight_decay', 'epochs', 'batch', 'seed']

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
  /** The controls of Basic, and where they are in the sections. @type {Map<string, {element: HTMLElement, place: Comment}>} */
  #basic = new Map()
  #sections = h('div', { class: 'sections' })
  #few = h('div', { class: 'section few' })
  #other = h('button', { type: 'button', class: 'button small', onclick: () => this.#choose('all') })
  #modes = Object.fromEntries(/** @type {const} */ (['basic', 'all']).map((mode) =>
    [mode, h('button', { type: 'button', onclick: () => this.#choose(mode) }, own.modes[mode])]))

  /** @param {Lab} lab with a run */
  attach(lab) {
    this.append(h('div', { class: 'modes', role: 'group', 'aria-label': own.which }, Object.values(this.#modes)))
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
      this.#sections.append(h('details', { class: 'section', open: open[section] ?? false, ontoggle: toggled }, h('summary', {}, h('h2', {}, own.sections[section])),
        h('div', { class: 'section-body' }, often, section === 'Run' && this.#makeHash(lab), pictures[section]?.(lab),
          seldom.length > 0 && h('details', { class: 'more' }, h('summary', {}, own.more), h('div', { class: 'section-body' }, seldom)))))
    }
    for (const name of basic) this.#basic.get(name)?.element.before(this.#basic.get(name)?.place ?? '')
    this.append(this.#few, this.#sections)
    this.#show(recall('settings', 'basic'))
    const show = () => {
      this.#controls.forEach((control) => control.show())
      const changed = lab.registry.fields.filter(({ name, default: usual }) => !basic.includes(name) && String(lab.shown[name]) !== String(usual)).length
      this.#other.textContent = own.allSettings(changed)
    }
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
    if (basic.includes(field.name)) this.#basic.set(field.name, { element: control.element, place: document.createComment('') })
    return control.element
  }

  /** @param {string} mode */
  #choose(mode) {
    remember('settings', mode)
    this.#show(mode)
    this.#modes[mode].focus()
  }

  /** Moves the controls to where the mode shows them. @param {string} mode */
  #show(mode) {
    const few = mode === 'basic'
    for (const [name, button] of Object.entries(this.#modes)) button.setAttribute('aria-pressed', String(name === mode))
    this.#sections.hidden = few
    this.#few.hidden = !few
    for (const name of basic) {
      const { element, place } = this.#basic.get(name) ?? {}
      if (!element) continue
      if (few) this.#few.append(element)
      else place?.after(element)
    }
    this.#few.append(this.#other)
  }

  /** The hash of the weights, to compare a run with one of the command line. @param {Lab} lab */
  #makeHash(lab) {
    const output = h('output', { class: 'sha', 'aria-label': own.hash.title, 'aria-live': 'off' }, '–')
    let latest = 0
    const show = () => {
      const mine = ++latest
      const still = lab.run && !lab.training
      output.textContent = still ? '…' : own.hash.whilePaused
      // Delayed, so that single steps do not wait for the hash.
      if (still) setTimeout(async () => {
        const sum = mine === latest && await lab.engine.weightsSha256().catch(() => '–')
        if (sum && mine === latest) output.textContent = sum
      }, settle)
    }
    lab.onEach(['state', 'run'], show)
    show()
    return h('div', { class: 'field' }, h('div', { class: 'field-head' }, h('span', { class: 'label' }, own.hash.title)), output,
      h('p', { class: 'field-help' }, own.hash.about))
  }
}
customElements.define('rl-panel', Panel)

/**
 * The available data sets as choices: those of the site, and those that the user has opened.
 * @param {Lab} lab @param {Field} field @returns {Field}
 */
function dataChoice(lab, field) {
  return { ...field, type: 'choice', get choices() {
    return lab.engine.datasets.map(({ name, label, own: opened }) => ({ name, label, about: own.dataAbout[opened ? 'own' : 'site'] }))
  } }
}

/** The changes that were made while training. They are part of the run, as its settings are. @param {Lab} lab @param {Field} field */
function makeChanges(lab, field) {
  const parts = frame(lab, { ...field, help: own.changes.about })
  const list = h('ul', { id: parts.id, class: 'changes' })
  const replay = h('button', { type: 'button', class: 'button small', onclick: () => lab.replay() }, own.changes.replay)
  parts.label.replaceWith(h('span', { class: 'label' }, field.label))
  parts.element.querySelector('.back')?.remove()
  parts.body.append(list, replay)
  return { element: parts.element, show: () => {
    const { events } = lab.run.config
    parts.show()
    parts.element.hidden = events.length === 0
    list.replaceChildren(...events.map(({ step, field: name, value }) => h('li', {}, own.changes.change(lab.labelOf(name), value, step))))
  } }
}
