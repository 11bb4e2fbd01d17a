// The flags of the command line in Node: parsing and the help text. The commands, their flags and the fields of the
// configuration come from the core.
import { parseArgs } from 'node:util'
import { mostBytes, readBytes } from './output.mjs'
import { UsageError, inQuotes } from './usage_error.mjs'
/** @import { Core } from '../engine/worker/core.js' */

/**
 * A row of the core's table (src/run/commands.h). A flag without a value is a switch; one that stands alone has the
 * value otherwise.
 * @typedef {{ name: string, value: string, help: string, repeats: boolean, file: boolean, plan: boolean, otherwise: string }} Flag
 * @typedef {{ name: string, about: string, fields: boolean, native: boolean, argument: string, flags: Flag[] }} Command
 */

/** @type {Flag} */
const helpFlag = { name: 'help', value: '', help: 'this text', repeats: false, file: false, plan: false, otherwise: '' }

/** The commands that Node has. @param {Core} core @returns {Command[]} */
export function allCommands(core) {
  return core.commands().commands.filter(({ native }) => !native).map((command) => ({ ...command, flags: [...command.flags, helpFlag] }))
}

/**
 * Sorts the arguments into a command's own flags (the last of those that repeat; all in `flags`, in their order), the
 * fields of the configuration and names.
 * @param {Core} core
 * @param {Command} command
 * @param {string[]} argv
 */
export function parseFlags(core, command, argv) {
  const fields = new Set(command.fields ? core.registry().fields.map((/** @type {any} */ field) => field.name) : [])
  /** @type {Record<string, { type: 'string' | 'boolean' }>} */
  const options = {}
  for (const name of fields) options[name] = { type: 'string' }
  for (const flag of command.flags) options[flag.name] = { type: flag.value ? 'string' : 'boolean' }
  const flagOf = (/** @type {string} */ name) => command.flags.find((flag) => flag.name === name)
  // A flag that may stand alone would take the flag behind it as its value.
  const args = argv.flatMap((arg, at) => {
    const otherwise = arg.startsWith('--') && flagOf(arg.slice(2))?.otherwise
    const alone = otherwise && (at + 1 === argv.length || argv[at + 1].startsWith('--'))
    return alone ? [`${arg}=${otherwise}`] : [arg]
  })
  const { tokens } = parseArgs({ args, options, strict: false, allowPositionals: true, tokens: true })
  /** @type {Record<string, string>} */
  const own = {}
  /** @type {[string, string][]} */
  const given = []
  /** @type {[string, string][]} */
  const flags = []
  /** @type {string[]} */
  const names = []
  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (!command.argument) throw new UsageError(`argument ${inQuotes(token.value)} was not expected: flags start with --`)
      names.push(token.value)
    }
    if (token.kind !== 'option') continue
    // The core's error names the nearest field.
    if (!(token.name in options)) core.parse([[token.name, token.value ?? '']])
    if (!(token.name in options)) throw new UsageError(`--${token.name} is not a flag of this command`)
    const isSwitch = options[token.name].type === 'boolean'
    if (!isSwitch && token.value === undefined) throw new UsageError(`--${token.name} needs a value`)
    const repeats = flagOf(token.name)?.repeats
    if ((token.name in own && !isSwitch && !repeats) || given.some(([name]) => name === token.name)) {
      throw new UsageError(`--${token.name} was given twice`)
    }
    if (fields.has(token.name)) given.push([token.name, token.value ?? ''])
    else {
      own[token.name] = isSwitch ? 'yes' : token.value ?? ''
      flags.push([token.name, isSwitch ? '' : token.value ?? ''])
    }
  }
  return { own, given, flags, names }
}

/**
 * @param {Core} core
 * @param {Record<string, string>} own
 * @param {[string, string][]} given
 * @param {any} [underlying] what holds where neither a flag nor the file says anything; the defaults if there is none
 */
export function readConfig(core, own, given, underlying) {
  const below = underlying ? core.fields(underlying) : []
  if (!own.config) return core.parse([...below, ...given])
  const text = textOf(readBytes('config', own.config, mostBytes.config), own.config)
  return core.parse([...core.fields(core.configFromJson(text, underlying)), ...given])
}

/** The text of a file. @param {Uint8Array} bytes @param {string} path */
function textOf(bytes, path) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new UsageError(`config: ${inQuotes(path)} is not JSON: its bytes are no UTF-8`)
  }
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
