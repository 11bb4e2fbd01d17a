// The tables of the documentation that follow from the core's registry: settings, layers, activations, and the choices of some
// settings. A page has a comment where a table goes: <!-- table: settings -->.
import { load } from '../node/module.mjs'
/** @import { Field, Registry } from '../engine/protocol.js' */

/** @param {unknown} text */
const cell = (text) => String(text).replace(/\|/g, '\\|').replace(/</g, '&lt;')
/** @param {unknown} value */
const asCode = (value) => `\`${String(value).replace(/\|/g, '\\|')}\``

/** @param {string[]} head @param {string[][]} rows */
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

/** The values of a setting. @param {Field} field */
function values({ type, min, max, below_max: open, choices }) {
  if (choices) return choices.map(({ name }) => asCode(name)).join(', ')
  if (type === 'boolean') return '`true`, `false`'
  const kind = type === 'integer' ? 'whole number' : type === 'number' ? 'number' : 'text'
  if (min === undefined || max === undefined || type === 'text') return kind
  // A limit of a million or more only catches typing errors.
  return `${kind} from ${min}${max >= 1e6 ? '' : ` to ${open ? 'below ' : ''}${max}`}`
}

/** Every table as Markdown, by its name. @returns {Promise<Record<string, string>>} */
export async function registryTables() {
  /** @type {Registry} */
  const { fields, layers, activations } = (await load()).registry()
  const sections = [...new Set(fields.map(({ section }) => section))]
  const shown = (/** @type {any} */ value) => (value?.length === 0 ? 'none' : asCode(value))
  const choicesOf = (/** @type {string} */ setting) => {
    const { choices } = /** @type {Required<Field>} */ (fields.find(({ name }) => name === setting))
    return table(['name', ''], choices.map(({ name, about }) => [asCode(name), cell(about)]))
  }
  return {
    initialisations: choicesOf('init'), optimizers: choicesOf('optimizer'), schedules: choicesOf('schedule'),
    settings: sections.map((section) => `### ${section}\n\n` + table(['flag', 'default', 'values', ''], fields.filter((field) => field.section === section)
      .map((field) => [asCode(`--${field.name}`), shown(field.default), values(field), cell(field.help)]))).join('\n\n'),
    layers: table(['layer', ''], layers.map(({ syntax, about }) => [asCode(syntax), cell(about)])),
    activations: table(['name', 'f(x)', 'f′(x)', ''], activations.map(({ name, formula, derivative, about, parameters }) => [
      asCode([name, ...parameters.map((parameter) => Number(parameter.default.toPrecision(4)))].join(' ')), cell(formula), cell(derivative), cell(about)])),
  }
}
