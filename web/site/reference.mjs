// The tables of the documentation that follow from the core's registry: settings, layers, activations, and the choices of some settings. A page
// has a comment where a table goes: <!-- table: settings -->.
import { load } from '../node/module.mjs'

/** @typedef {{ label: string, name: string, section: string, help: string, default: unknown, type: string, min?: number, max?: number, below_max?: boolean, choices?: { name: string }[] }} Field */

/** @param {unknown} text */
const cell = (text) => String(text).replace(/\|/g, '\\|').replace(/</g, '&lt;')
/** @param {unknown} value */
const asCode = (value) => `\`${String(value).replace(/\|/g, '\\|')}\``

/** @param {string[]} head @param {string[][]} rows */
const table = (head, rows) => [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

/** What a setting takes. @param {Field} field */
function values({ type, min, max, below_max: open, choices }) {
  if (choices) return choices.map(({ name }) => asCode(name)).join(', ')
  if (type === 'boolean') return '`true`, `false`'
  const kind = type === 'integer' ? 'whole number' : type === 'number' ? 'number' : 'text'
  if (min === undefined || max === undefined || type === 'text') return kind
  // A million or more is there to catch slips, and nobody asks for it.
  if (max >= 1e6) return `${kind} from ${min}`
  return `${kind} from ${min} to ${open ? 'below ' : ''}${max}`
}

/** Every table as Markdown, by its name. @returns {Promise<Record<string, string>>} */
export async function registryTables() {
  const { fields, layers, activations } = (await load()).registry()
  const sections = [...new Set(fields.map((/** @type {Field} */ { section }) => section))]
  const shown = (/** @type {unknown} */ value) => value === '' || (Array.isArray(value) && value.length === 0) ? 'none' : asCode(value)
  const choicesOf = (/** @type {string} */ setting) => table(['name', ''], fields.find((/** @type {Field} */ { name }) => name === setting).choices
    .map((/** @type {{ name: string, about: string }} */ { name, about }) => [asCode(name), cell(about)]))
  return {
    initialisations: choicesOf('init'), optimizers: choicesOf('optimizer'), schedules: choicesOf('schedule'),
    settings: sections.map((section) => `### ${section}\n\n` + table(['flag', 'default', 'values', ''],
      fields.filter((/** @type {Field} */ field) => field.section === section)
        .map((/** @type {Field} */ field) => [asCode(`--${field.name}`), shown(field.default), values(field), cell(field.help)]))).join('\n\n'),
    layers: table(['layer', ''], layers.map((/** @type {any} */ { syntax, about }) => [asCode(syntax), cell(about)])),
    activations: table(['name', 'f(x)', 'f′(x)', ''], activations.map((/** @type {any} */ { name, formula, derivative, about, parameters }) => [
      asCode([name, ...parameters.map((/** @type {any} */ parameter) => Number(parameter.default.toPrecision(4)))].join(' ')), cell(formula), cell(derivative), cell(about)])),
  }
}
