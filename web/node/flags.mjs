// The command line's words in Node: the commands, their flags, and what is made of those that were typed. Fields of the
// configuration and the experiments' flags are the core's.
import { parseArgs } from 'node:util'
import { mostBytes, readBytes } from './output.mjs'
import { UsageError, inQuotes } from './usage_error.mjs'

/**
 * Flags that are not fields of the configuration; one without a value is a switch. otherwise: the registry's name for
 * the value where none is given.
 * @typedef {{ value: string, help: string, repeats?: boolean, otherwise?: string }} Flag
 */
const configFlag = { value: 'FILE', help: 'JSON file with config fields; flags win over it' }
const dataFlag = { value: 'MB', help: 'megabytes that data may take once it is unpacked [1024]' }
const jsonlFlag = { value: 'FILE', help: 'also write events as JSON lines to this file; - for standard output' }
const csvFlag = { value: 'FILE', help: 'write results as comma-separated values to this file' }
const keepFlags = {
  checkpoint: { value: 'FILE', help: 'keep the whole run in this file, after every epoch and when it is interrupted' },
  resume: { value: 'FILE', help: 'go on from this checkpoint, with its settings; epochs may grow, and speed may change' },
}
const helpFlag = { value: '', help: 'this text' }
/** @type {Record<string, Flag>} */
const saveFlags = {
  save: { value: 'FILE', help: 'write the network to this file, whose end says how', repeats: true, otherwise: 'save_default' },
  npz_images: { value: 'N', help: 'how many test images an .npz holds the activations for' },
}
const weightsFlag = { value: 'FILE', help: '.safetensors file, as train --save writes it' }

/**
 * The commands: whether they take the fields of the configuration, whether names of files, and their own flags. Those
 * of race, sweep and lessons come from the core.
 * @type {Record<string, { about: string, fields: boolean, names: boolean, flags: Record<string, Flag> }>}
 */
const commands = {
  train: {
    about: 'trains a network and prints what the reference program prints', fields: true, names: false,
    flags: {
      config: configFlag, max_data: dataFlag, jsonl: jsonlFlag, csv: { value: 'FILE', help: 'also write each logged batch and each epoch as a row of this table' },
      ...saveFlags, ...keepFlags, help: helpFlag,
    },
  },
  merge: { about: "puts the results of a sweep's parts together", fields: false, names: true, flags: { jsonl: jsonlFlag, csv: csvFlag, help: helpFlag } },
  eval: {
    about: 'scores saved weights on the test set', fields: true, names: false,
    flags: { config: configFlag, max_data: dataFlag, weights: weightsFlag, jsonl: jsonlFlag, csv: csvFlag, help: helpFlag },
  },
  predict: {
    about: 'says what saved weights make of an image', fields: true, names: true,
    flags: {
      config: configFlag, max_data: dataFlag, weights: weightsFlag, invert: { value: '', help: 'the image is dark on light' }, jsonl: jsonlFlag, csv: csvFlag,
      help: helpFlag,
    },
  },
  export: { about: 'writes saved weights in another format', fields: true, names: false, flags: { config: configFlag, max_data: dataFlag, weights: weightsFlag, ...saveFlags, help: helpFlag } },
  info: { about: 'prints the model, its parameters and its memory', fields: true, names: false, flags: { config: configFlag, help: helpFlag } },
}

/**
 * Adds the experiments that the core knows, after train.
 * @param {import('../engine/worker/core.js').Core} core
 */
export function allCommands(core) {
  const { train, ...others } = commands
  /** @type {typeof commands} */
  const all = { train }
  for (const kind of core.experimentKinds().kinds) {
    /** @type {Record<string, Flag>} */
    const flags = { config: configFlag, max_data: dataFlag, jobs: { value: 'N', help: 'how many runs at the same time; in Node 1' }, jsonl: jsonlFlag, csv: csvFlag, help: helpFlag }
    for (const flag of kind.flags) flags[flag.name] = { value: flag.value, help: flag.about, repeats: flag.repeats }
    if (kind.name === 'lessons') flags.list = { value: '', help: "only print each lesson's name and claim" }
    all[kind.name] = { about: kind.about, fields: true, names: false, flags }
  }
  return { ...all, ...others }
}

/**
 * Sorts the arguments into a command's own flags (the last of those that repeat; all in `flags`, in their order), the
 * fields of the configuration and names.
 * @param {import('../engine/worker/core.js').Core} core
 * @param {typeof commands[string]} command
 * @param {string[]} argv
 */
export function parseFlags(core, command, argv) {
  const fields = new Set(command.fields ? core.registry().fields.map((/** @type {any} */ field) => field.name) : [])
  /** @type {Record<string, { type: 'string' | 'boolean' }>} */
  const options = {}
  for (const name of fields) options[name] = { type: 'string' }
  for (const [name, flag] of Object.entries(command.flags)) options[name] = { type: flag.value ? 'string' : 'boolean' }
  // A flag that may stand alone would take the flag behind it as its value.
  const args = argv.flatMap((arg, at) => {
    const otherwise = arg.startsWith('--') && command.flags[arg.slice(2)]?.otherwise
    const alone = otherwise && (at + 1 === argv.length || argv[at + 1].startsWith('--'))
    return alone ? [`${arg}=${core.registry()[otherwise]}`] : [arg]
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
      if (!command.names) throw new UsageError(`argument ${inQuotes(token.value)} was not expected: flags start with --`)
      names.push(token.value)
    }
    if (token.kind !== 'option') continue
    // The core knows the nearest field to an unknown one and says it.
    if (!(token.name in options)) core.parse([[token.name, token.value ?? '']])
    if (!(token.name in options)) throw new UsageError(`--${token.name} is not a flag of this command`)
    const isSwitch = options[token.name].type === 'boolean'
    if (!isSwitch && token.value === undefined) throw new UsageError(`--${token.name} needs a value`)
    const repeats = command.flags[token.name]?.repeats
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
 * @param {import('../engine/worker/core.js').Core} core
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

/**
 * @param {import('../engine/worker/core.js').Core} core
 * @param {string} [name] of a command, whose flags are listed
 */
export function usage(core, name = 'train') {
  const all = allCommands(core)
  const lines = [`Usage: node web/node/headless.mjs ${Object.keys(all).join('|')} [--FLAG VALUE ...]`, '']
  for (const [command, { about }] of Object.entries(all)) lines.push(`  ${command.padEnd(8)} ${about}`)
  lines.push('', `Flags of ${name}:`)
  const row = (/** @type {string} */ flag, /** @type {string} */ help) => lines.push(`  ${flag.padEnd(26)} ${help}`)
  for (const [flag, { value, help }] of Object.entries(all[name].flags)) row(`--${flag} ${value}`.trim(), help)
  for (const field of all[name].fields ? core.registry().fields : []) {
    const choices = field.choices?.map((/** @type {any} */ choice) => choice.name).join('|')
    row(`--${field.name} ${choices ?? field.type.toUpperCase()}`, `${field.help} [${field.default}]`)
  }
  return lines.join('\n') + '\n'
}

/** The checkpoint that a flag names, if it is given. @param {Record<string, string>} own @param {'resume' | 'from'} flag */
export function readCheckpoint(own, flag) {
  if (!own[flag]) return undefined
  if (own.config) throw new UsageError(`config: --${flag} takes the settings of its checkpoint, so give no --config beside it`)
  return readBytes(flag, own[flag], mostBytes.checkpoint)
}
