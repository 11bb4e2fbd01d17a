// What a view says while it can show nothing: why, and a button for each action that changes this.
import { h } from '../dom/dom.js'
import { withOutputs } from '../lab/model_text.js'
import { words } from '../words/words.js'

/** @typedef {import('../lab/lab.js').Lab} Lab */

/** @param {string} text @param {[label: string, run: () => unknown][]} actions */
export const empty = (text, ...actions) => h('div', { class: 'empty' }, h('p', {}, text), actions.length > 0 && h('div', { class: 'empty-actions' },
  actions.map(([label, run]) => h('button', { type: 'button', class: 'button', onclick: () => void run() }, label))))

/** For what only steps can show. @param {Lab} lab @param {string} text */
export const emptyUntilStep = (lab, text) => empty(text, [words.units.empty.oneStep, () => lab.step1()], [words.units.empty.train, () => lab.training || lab.toggle()])

/** For a model without a kind of layer: starts the run anew with one that has it. @param {Lab} lab @param {string} text @param {string} model */
export const emptyUntilModel = (lab, text, model) => empty(text, [words.units.empty.use(model), async () => {
  await lab.edit('model', withOutputs(model, lab.run.dataset.classes))
  if (lab.waiting.length > 0) await lab.restart()
}])

/** @param {Lab} lab */
export const emptyUntilHidden = (lab) => emptyUntilModel(lab, words.units.empty.noHidden, 'dense 128 | relu | dense 10')
