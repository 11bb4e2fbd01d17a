// The flags of the command line in Node: parsing and the help text. The commands, their flags and the fields of the
// configuration come from the core.
import { parseArgs } from 'node:util'
import { mostBytes, readBytes } from './output.mjs'
import { UsageError, inQuotes } from './usage_error.mjs'
/** @import { Core } from '../engine/worker/core.js' */

/**
 * A row of the core's table (src/run/commands.h). A flag without a value is a switch; otherwise: its value if it stands alone.
 * @typedef {{ name: string, value: string, help: string, repeats: boolean, file: boolean, plan: boolean, otherwise: string }} Flag
 * @typedef {{ name: string, about: string, fields: boolean, native: boolean, argument: string, many_arguments: boolean, pictures: boolean,
 *   no_argument: string, question: string, flags: Flag[] }} Command
 */

/** The commands that Node has. @param {Core} core @returns {Command[]} */
export function allCommands(core) {
  const help = { name: 'help', value: '', help: 'this text', repeats: false, file: false, plan: false, otherwise: '' }
  return core.commands().commands.filter(({ native }) => !native).map((command) => ({ ...command, flags: [...command.flags, help] }))
}

/** Sorts the arguments of a command, as Job describes. @param {Core} core @param {Command} command @param {string[]} argv */
export function parseFlags(core, command, argv) {
  /** @type {string[]} */
  const fieldNames = command.fields ? core.registry().fields.map((/** @type {any} */ field) => field.name) : []
  const flagOf = new Map(command.flags.map((flag) => [flag.name, flag]))
  const options = Object.fromEntries([...fieldNames, ...flagOf.keys()].map((name) =>
    [name, { type: /** @type {'string' | 'boolean'} */ (flagOf.get(name)?.value === '' ? 'boolean' : 'string') }]))
  // A flag that may stand alone would take the flag behind it as its value.
  const args = argv.map((arg, at) => {
    const otherwise = arg.startsWith('--') && flagOf.get(arg.slice(2))?.otherwise
    return otherwise && (argv[at + 1]?.startsWith('--') ?? true) ? `${arg}=${otherwise}` : arg
  })
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true })
  /** @type {{own: Record<string, string>, fields: [string, string][], flags: [string, string][], names: string[]}} */
  const given = { own: {}, fields: [], flags: [], names: [] }
  const { own, fields, flags, names } = given
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (!command.argument) throw new UsageError(`argument ${inQuotes(token.value)} was not expected: flags start with --`)
      names.push(token.value)
    }
    if (token.kind !== 'option') continue
    const { name, value = '' } = token
    // The core's error names the nearest field.
    if (!(name in options)) core.parse([[name, value]])
    if (!(name in options)) throw new UsageError(`--${name} is not a flag of this command`)
    const isSwitch = options[name].type === 'boolean'
    if (!isSwitch && token.value === undefined) throw new UsageError(`--${name} needs a value`)
    if (!isSwitch && !flagOf.get(name)?.repeats && (name in own || fields.some(([field]) => field === name))) {
      throw new UsageError(`--${name} was given twice`)
    }
    if (!flagOf.has(name)) fields.push([name, value])
    else {
      own[name] = isSwitch ? 'yes' : value
      flags.push([name, isSwitch ? '' : value])
    }
  }
  return given
}

/**
 * @param {Core} core @param {Record<string, string>} own @param {[string, string][]} fields given as flags
 * @param {any} [underlying] the values of fields that neither a flag nor the file sets; their defaults if left out
 */
export function readConfig(core, own, fields, underlying) {
  if (!own.config) return core.parse([...(underlying ? core.fields(underlying) : []), ...fields])
  const bytes = readBytes('config', own.config, mostBytes.config)
  let text
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new UsageError(`config: ${inQuotes(own.config)} is not JSON: its bytes are no UTF-8`)
  }
  return core.parse([...core.fields(core.configFromJson(text, underlying)), ...fields])
}

/** The number from 1 to `most` that a flag gives, if it is given. @param {Record<string, string>} own @param {string} flag @param {number} most */
export function wholeNumber(own, flag, most) {
  const text = own[flag]
  if (text === undefined) return undefined
  const number = Number(text.trim() || NaN)
  if (Number.isInteger(number) && number >= 1 && number <= most) return number
  throw new UsageError(`${flag} is ${inQuotes(text)}, but it must be a whole number from 1 to ${most}`)
}

/** @param {Core} core @param {string} [name] of a command, whose flags are listed */
export function usage(core, name = 'train') {
  const all = allCommands(core)
  const lines = [`Usage: node web/node/headless.mjs ${all.map((command) => command.name).join('|')} [--FLAG VALUE ...]`, '']
  for (const command of all) lines.push(`  ${command.name.padEnd(8)} ${command.about}`)
  lines.push('', `Flags of ${name}:`)
  const { flags, fields } = /** @type {Command} */ (all.find((command) => command.name === name))
  const row = (/** @type {string} */ flag, /** @type {string} */ help) => lines.push(`  ${flag.padEnd(26)} ${help}`)
  for (const flag of flags) row(`--${flag.name} ${flag.value}`.trim(), flag.help)
  for (const field of fields ? core.registry().fields : []) {
    const choices = field.choices?.map((/** @type {any} */ choice) => choice.name).join('|')
    row(`--${field.name} ${choices ?? field.type.toUpperCase()}`, `${field.help} [${field.default}]`)
  }
  return lines.join('\n') + '\n'
}

/** The checkpoint that a flag names, if one is given. @param {Command} command @param {Record<string, string>} own */
export function readCheckpoint(command, own) {
  const flag = command.flags.find(({ name, file }) => file && own[name])?.name
  if (!flag) return undefined
  if (own.config) throw new UsageError(`config: --${flag} takes the settings of its checkpoint, so give no --config beside it`)
  return readBytes(flag, own[flag], mostBytes.checkpoint)
}
