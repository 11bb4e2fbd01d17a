// Converts a formula of the registry, such as "x if x > 0, else α(eˣ − 1)", to MathML. The notation has products
// without a sign, fractions with / (∕ is a slash in the line), powers as superscripts or after ^, subscripts after _, roots,
// primes, bars, and cases with "if" and "else".
import { words } from '../words/words.js'

/** The words of formulas in the page's language. @type {Record<string, string>} */
const own = words.charts.formula

/** Creates a MathML element. @param {string} tag @param {...(Element | string)} children */
function m(tag, ...children) {
  const element = document.createElementNS('http://www.w3.org/1998/Math/MathML', tag)
  element.append(...children)
  return element
}

const raised = new Map([...'⁰0¹1²2³3⁴4⁵5⁶6⁷7⁸8⁹9⁻−ˣxᵀT'.matchAll(/(.)(.)/gu)].map(([, from, to]) => [from, to]))

/** A single child unchanged; several children in a row. @param {Element[]} parts */
const row = (parts) => (parts.length === 1 ? parts[0] : m('mrow', ...parts))

/** @param {string} text @returns {Element} a math element with the text as its alttext */
export function formula(text) {
  const [, left, right] = text.match(/^(\S+\(x\) = )?(.*)$/u) ?? [text, '', text]
  const cases = right.match(/^(.*?) if (.*?), (?:(.*?) if (.*?), )?else (.*?)((?:; |, ).*)?$/u)
  const math = m('math', ...(cases ? [...(left ? [parse(left)] : []), casesOf(cases)] : [parse(text)]))
  math.setAttribute('alttext', text.replace(/[a-z]{2,}/g, (word) => own[word] ?? word))
  return math
}

/** @param {RegExpMatchArray} found */
function casesOf([, value, condition, value2, condition2, otherwise, rest]) {
  const line = (/** @type {string} */ shown, /** @type {Element[]} */ when) => m('mtr', m('mtd', parse(shown)), m('mtd', ...when))
  const when = (/** @type {string} */ text) => [m('mtext', `${own.if}\u00a0`), parse(text)]
  const table = m('mtable', line(value, when(condition)), ...(value2 ? [line(value2, when(condition2))] : []), line(otherwise, [m('mtext', own.else)]))
  table.setAttribute('columnalign', 'left left')
  const brace = m('mo', '{')
  brace.setAttribute('stretchy', 'true')
  return row([m('mrow', brace, table), ...(rest ? [m('mtext', rest.slice(0, 1) + '\u00a0'), parse(rest.slice(2))] : [])])
}

/** Names of functions. Other names of several letters are text. */
const functions = new Set(['max', 'min', 'erf', 'tanh', 'ln', 'log', 'exp', 'sin', 'cos', 'Var'])

/** @param {string} text */
function parse(text) {
  // Adjacent letters, such as xe and λα, are a product unless they form a word.
  const tokens = (text.match(/[\d.]*\d|\p{L}\p{M}|\p{L}{2,}(?![⁰¹²³⁴-⁹⁻ˣ])|[⁰¹²³⁴-⁹⁻ˣ]+|\S/gu) ?? []).flatMap((token) =>
    (/^\p{L}{2,}$/u.test(token) && !functions.has(token) && !/^[a-z]{3,}$|^in$/.test(token) ? [...token] : [token]))
  const next = () => tokens[0] ?? ''
  const take = () => tokens.shift() ?? ''

  /** Parses up to a closing bracket. @returns {Element} */
  function list() {
    const parts = []
    while (next() && !/[)\]]/.test(next())) parts.push(/[=<>,;+−]/.test(next()) ? m('mo', take()) : term())
    return row(parts)
  }

  /** A product, or a fraction of two products. */
  function term() {
    let above = product(Infinity)
    while (next() === '/') {
      take()
      above = [m('mfrac', row(bare(above)), row(bare(product(1))))]
    }
    return row(above)
  }

  /** @param {number} most factors */
  function product(most) {
    const factors = []
    while (next() && !/^[=<>,;+−/)\]]$/.test(next()) && factors.length < most) factors.push(factor())
    return factors.length > 0 ? factors : [m('mo', take())]
  }

  function factor() {
    let power = base()
    for (;;) {
      if (raised.has([...next()][0])) power = m('msup', power, row([...take()].map((each) => atom(raised.get(each) ?? each))))
      else if (next() === '′') power = m('msup', power, m('mo', take()))
      else if (next() === '^') {
        take()
        power = m('msup', power, row(bare([base()])))
      } else if (next() === '_') {
        take()
        power = m('msub', power, m('mi', take()))
      } else return power
    }
  }

  /** @returns {Element} */
  function base() {
    const token = take()
    if (token === '√') return m('msqrt', row(bare([base()])))
    if (token !== '(' && token !== '[') return atom(token)
    const inner = list()
    const group = m('mrow', m('mo', token), inner, m('mo', take()))
    group.setAttribute('data-group', token)
    return group
  }
  return list()
}

/** Removes brackets that a fraction, root or power makes redundant. @param {Element[]} parts */
function bare(parts) {
  const [only] = parts
  return parts.length === 1 && only.getAttribute('data-group') === '(' ? [only.children[1]] : parts
}

/** @param {string} token */
function atom(token) {
  if (/\d/.test(token)) return m('mn', token)
  if (/\p{M}/u.test(token)) return m('mover', m('mi', token[0]), m('mo', '¯'))
  if (functions.has(token)) return m('mi', token)
  if (/^\p{L}{2,}$/u.test(token)) return m('mtext', `\u00a0${own[token] ?? token}\u00a0`)
  return m(/\p{L}/u.test(token) ? 'mi' : 'mo', token.replace('∕', '/'))
}
