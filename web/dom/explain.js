// The explanation of a view: what it is, what to look for, what to try. Also creates MathML for its formulas.
import { h } from './dom.js'

/** @typedef {string | Node} Words */

/** @param {{what: Words | Words[], look: Words | Words[], attempt: Words | Words[]}} parts */
export function explain({ what, look, attempt }) {
  const part = (/** @type {string} */ title, /** @type {Words | Words[]} */ words) => h('div', {}, h('dt', {}, title), h('dd', {}, words))
  return h('details', { class: 'explain' }, h('summary', {}, 'What is this?'),
    h('dl', {}, part('What it is', what), part('Look for', look), part('Try', attempt)))
}

/** @typedef {[string, ...(string | MathPart)[]]} MathPart the name of a MathML element and its children */

/** @param {...MathPart} parts */
export const math = (...parts) => mathElement(['math', ...parts])

/** @param {MathPart} part @returns {Element} */
function mathElement([name, ...children]) {
  const element = document.createElementNS('http://www.w3.org/1998/Math/MathML', name)
  element.append(...children.map((child) => (typeof child === 'string' ? child : mathElement(child))))
  return element
}
