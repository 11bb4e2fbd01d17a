// The command line in Node, on the WebAssembly core: the same flags, lines and exit codes as the native program.
//   node web/engine/headless.mjs train --epochs 1 --data mnist
//   node web/engine/headless.mjs info --model "dense 512 | relu | dense 10"
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import * as os from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { constants, gunzipSync } from 'node:zlib'
import { inflateSync, unzlibSync } from 'fflate'
import { experiment, exportWeights, merge, openWeights, weights } from './commands.mjs'
import { CoreError, loadCore } from './core.js'
import { announcedSize, readFolder } from './folder.js'
import { Keeper, breather } from './keeper.mjs'
import { isZip, openZip } from './zip.js'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(here))

/** A mistake of the person who typed the command: one sentence, exit code 2. */
class UsageError extends Error {}

/**
 * Flags that are not fields of the configuration; one without a value is a switch. otherwise: the registry's name for
 * the value where none is given.
 * @typedef {{ value: string, help: string, repeats?: boolean, otherwise?: string }} Flag
 */
const configFlag = { value: 'FILE', help: 'JSON file with config fields; flags win over it' }
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
      config: configFlag, jsonl: jsonlFlag, csv: { value: 'FILE', help: 'also write each logged batch and each epoch as a row of this table' },
      ...saveFlags, ...keepFlags, help: helpFlag,
    },
  },
  merge: { about: "puts the results of a sweep's parts together", fields: false, names: true, flags: { jsonl: jsonlFlag, csv: csvFlag, help: helpFlag } },
  eval: {
    about: 'scores saved weights on the test set', fields: true, names: false,
    flags: { config: configFlag, weights: weightsFlag, jsonl: jsonlFlag, csv: csvFlag, help: helpFlag },
  },
  predict: {
    about: 'says what saved weights make of an image', fields: true, names: true,
    flags: {
      config: configFlag, weights: weightsFlag, invert: { value: '', help: 'the image is dark on light' }, jsonl: jsonlFlag, csv: csvFlag,
      help: helpFlag,
    },
  },
  export: { about: 'writes saved weights in another format', fields: true, names: false, flags: { config: configFlag, weights: weightsFlag, ...saveFlags, help: helpFlag } },
  info: { about: 'prints the model, its parameters and its memory', fields: true, names: false, flags: { config: configFlag, help: helpFlag } },
}

/**
 * Adds the experiments that the core knows, after train.
 * @param {import('./core.js').Core} core
 */
function allCommands(core) {
  const { train, ...others } = commands
  /** @type {typeof commands} */
  const all = { train }
  for (const kind of core.experimentKinds().kinds) {
    /** @type {Record<string, Flag>} */
    const flags = { config: configFlag, jobs: { value: 'N', help: 'how many runs at the same time; in Node 1' }, jsonl: jsonlFlag, csv: csvFlag, help: helpFlag }
    for (const flag of kind.flags) flags[flag.name] = { value: flag.value, help: flag.about, repeats: flag.repeats }
    if (kind.name === 'lessons') flags.list = { value: '', help: "only print each lesson's name and claim" }
    all[kind.name] = { about: kind.about, fields: true, names: false, flags }
  }
  return { ...all, ...others }
}

/** The core without threads: the one of the build, or the one in the site. */
async function load() {
  for (const folder of [join(root, 'build', 'wasm'), join(root, 'build', 'site', 'engine', 'wasm'), join(here, 'wasm')]) {
    const binary = join(folder, 'reluscope.wasm')
    if (!existsSync(binary)) continue
    return loadCore({
      moduleUrl: pathToFileURL(join(folder, 'reluscope.mjs')).href,
      wasmBinary: new Uint8Array(readFileSync(binary)),
    })
  }
  throw new UsageError('the WebAssembly core is not built; run web/start --build-only first')
}

/**
 * The core that trains with so many threads; 0: with all cores.
 * @param {import('./core.js').Core} single the one without threads
 * @param {number} wanted
 */
async function loadThreads(single, wanted) {
  const cores = os.availableParallelism?.() ?? os.cpus().length
  const threads = wanted === 0 ? cores : Math.min(wanted, cores)
  if (threads <= 1) return single
  const folder = join(root, 'build', 'wasm-threads')
  if (!existsSync(join(folder, 'reluscope-node.wasm'))) {
    if (wanted === 0) return single
    throw new UsageError('the WebAssembly core with threads is not built; run web/start --build-only first, or give --threads 1')
  }
  return loadCore({
    threads,
    moduleUrl: pathToFileURL(join(folder, 'reluscope-node.js')).href,
    wasmBinary: new Uint8Array(readFileSync(join(folder, 'reluscope-node.wasm'))),
  })
}

/**
 * A text quoted for a message, as the core does it.
 * @param {string} text
 */
function inQuotes(text) {
  const shown = [...text].slice(0, 60).join('')
  return `"${shown}${shown.length < text.length ? '...' : ''}"`
}

// ---- Data -----------------------------------------------------------------------------------------------------------

/**
 * Unpacks a gzip file, to at most one byte more than its IDX header announces, so that a small file cannot fill
 * the memory; that one byte makes the core refuse it.
 * @param {Uint8Array} packed
 */
function gunzip(packed) {
  /** @type {Buffer} */
  let head
  try {
    // The flush mode lets zlib stop in mid-stream: the beginning is enough for the header.
    head = gunzipSync(packed.subarray(0, 4096), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, 16)
  } catch {
    throw new Error('it is damaged gzip data')
  }
  const most = announcedSize(head) + 1
  try {
    return new Uint8Array(gunzipSync(packed, { maxOutputLength: most }))
  } catch (error) {
    const code = /** @type {{ code?: string }} */ (error).code
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      const bytes = new Uint8Array(most)
      bytes.set(head)
      return bytes
    }
    throw new Error(code === 'Z_BUF_ERROR' ? 'its gzip data ends too early' : 'its gzip data is damaged')
  }
}

/** Folders in folders: MNIST/raw, or digits/train/7. As natively (native/file_source.cpp). */
const deepest = 4
const mostFiles = 2_000_000

/**
 * The files of a folder and those in it.
 * @param {string} top
 * @returns {import('./zip.js').FileSource}
 */
function openDirectory(top) {
  /** @type {string[]} */
  const paths = []
  /** @param {string} below @param {number} depth */
  const walk = (below, depth) => {
    for (const entry of readdirSync(join(top, below), { withFileTypes: true })) {
      const path = below ? `${below}/${entry.name}` : entry.name
      const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && existsSync(join(top, path)) && statSync(join(top, path)).isDirectory())
      if (!isFolder) paths.push(path)
      else if (depth + 1 < deepest) walk(path, depth + 1)
      if (paths.length > mostFiles) throw new UsageError(`data: the folder ${inQuotes(top)} has more than ${mostFiles} files`)
    }
  }
  try {
    walk('', 0)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`data: the folder ${inQuotes(top)} cannot be read`)
  }
  return {
    paths,
    read: (path) => {
      if (!statSync(join(top, path)).isFile()) throw new Error('it is no file')
      return new Uint8Array(readFileSync(join(top, path)))
    },
  }
}

/** @param {string} data a folder or archive, or the name of a data set that web/start prepares */
function findData(data) {
  if (data !== 'mnist' && data !== 'fashion-mnist') {
    if (existsSync(data)) return data
    throw new UsageError(`data: ${inQuotes(data)} does not exist; mnist, fashion-mnist, a folder or a .zip or .npz archive is allowed`)
  }
  const places = [join(root, 'build', 'data', data)]
  if (data === 'fashion-mnist') places.push('/usr/share/datasets/fashion-mnist')
  const found = places.find((place) => existsSync(place))
  if (found) return found
  throw new UsageError(
    `data: ${data} is not in ${inQuotes(places[0])}; web/start --build-only fetches it, or give --data a folder of IDX files`,
  )
}

/** @param {string} path @returns {{source: import('./zip.js').FileSource, where: string}} */
function openData(path) {
  if (statSync(path).isDirectory()) return { source: openDirectory(path), where: `the folder ${inQuotes(path)}` }
  /** @type {Uint8Array} */
  let bytes = new Uint8Array()
  try {
    if (statSync(path).isFile()) bytes = new Uint8Array(readFileSync(path))
  } catch {
    throw new UsageError(`data: ${inQuotes(path)} cannot be read`)
  }
  if (!isZip(bytes)) {
    throw new UsageError(`data: ${inQuotes(path)} is neither a folder nor a .zip or .npz archive; mnist, fashion-mnist or one of these is allowed`)
  }
  try {
    return { source: openZip(bytes, inflateSync), where: `the archive ${inQuotes(path)}` }
  } catch {
    throw new UsageError(`data: ${inQuotes(path)} is not a whole ZIP archive`)
  }
}

/**
 * @param {import('./core.js').Core} core
 * @param {string} data
 */
function openDataset(core, data) {
  const { source, where } = openData(findData(data))
  return readFolder(core, data, where, source, { gunzip, unzlib: unzlibSync })
}

// ---- Output ---------------------------------------------------------------------------------------------------------

/**
 * A file that is opened before training, so that a path that cannot be written is known at once.
 * @param {string} flag
 * @param {string} path
 * @param {string} [opened] what is opened in its stead
 * @param {string} [mode] 'a' keeps what is there
 */
function openToWrite(flag, path, opened = path, mode = 'w') {
  try {
    if (existsSync(path) && statSync(path).isDirectory()) throw new Error('a folder')
    return openSync(opened, mode)
  } catch {
    throw new UsageError(`${flag}: ${inQuotes(path)} cannot be written`)
  }
}

/**
 * A file that is written beside the wanted one and renamed, so that no half-written file ever has its name. That it
 * can be written is tried before training; a run that is interrupted leaves nothing behind.
 */
class OutputFile {
  /** @param {string} path @param {string} [flag] */
  constructor(path, flag = 'save') {
    this.path = path
    this.part = `${path}.part-${process.pid}`
    closeSync(openToWrite(flag, path, this.part))
    rmSync(this.part)
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    try {
      writeFileSync(this.part, bytes)
      renameSync(this.part, this.path)
    } catch {
      rmSync(this.part, { force: true })
      throw new UsageError(`save: ${inQuotes(this.path)} cannot be written`)
    }
  }
}

/** A line on standard error that is drawn over, with the rate and the time left. */
class ProgressBar {
  started = Date.now()
  drawn = 0
  shown = false

  /** @param {import('./core.js').Progress} progress an event of kind batch */
  draw(progress) {
    const now = Date.now()
    if (now - this.drawn < 100) return
    this.drawn = now
    const share = progress.step / progress.total_steps
    const seconds = (now - this.started) / 1000
    const rate = ((progress.epoch - 1) * progress.total + progress.samples) / seconds
    const left = seconds / share - seconds
    const bar = '#'.repeat(Math.floor(share * 30)).padEnd(30, '.')
    const percent = (100 * share).toFixed(0).padStart(3)
    process.stderr.write(`\r[${bar}] ${percent}%  ${rate.toFixed(0)} samples/s  ${left.toFixed(0)} s left \x1b[K`)
    this.shown = true
  }

  clear() {
    if (this.shown) process.stderr.write('\r\x1b[K')
    this.shown = false
  }
}

/**
 * The files of --save.
 * @param {import('./core.js').Core} core
 * @param {Record<string, string>} own
 * @param {[string, string][]} flags
 */
function openSaves(core, own, flags) {
  const images = own.npz_images === undefined ? undefined : own.npz_images.trim() === '' ? NaN : Number(own.npz_images)
  if (images !== undefined && (!Number.isInteger(images) || images < 1 || images > 2 ** 30)) {
    throw new UsageError(`npz_images is ${inQuotes(own.npz_images)}, but it must be a whole number from 1 to ${2 ** 30}`)
  }
  const paths = flags.filter(([flag]) => flag === 'save').map(([, path]) => path || core.registry().save_default)
  const formats = paths.map((path) => core.saveFormatOf(path))
  return paths.map((path, at) => ({ file: new OutputFile(path), format: formats[at], images }))
}

/**
 * @param {import('./core.js').Session} session
 * @param {ReturnType<typeof openSaves>} outputs
 * @param {NodeJS.WritableStream} text
 */
function writeSaves(session, outputs, text) {
  for (const { file, format, images } of outputs) {
    file.write(session.save(format, images))
    text.write(`Saved ${file.path}\n`)
  }
}

// ---- Commands -------------------------------------------------------------------------------------------------------

/**
 * Sorts the arguments into a command's own flags (the last of those that repeat; all in `flags`, in their order), the
 * fields of the configuration and names.
 * @param {import('./core.js').Core} core
 * @param {typeof commands[string]} command
 * @param {string[]} argv
 */
function parseFlags(core, command, argv) {
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
    if (!(token.name in options)) core.configFromFields([[token.name, token.value ?? '']])
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
 * @param {import('./core.js').Core} core
 * @param {Record<string, string>} own
 * @param {[string, string][]} given
 * @param {any} [underlying] what holds where neither a flag nor the file says anything; the defaults if there is none
 */
function readConfig(core, own, given, underlying) {
  const below = underlying ? core.configToFields(underlying) : []
  if (!own.config) return core.configFromFields([...below, ...given])
  let text
  try {
    text = readFileSync(own.config, 'utf8')
  } catch {
    throw new UsageError(`config: ${inQuotes(own.config)} cannot be read`)
  }
  core.configFromJson(text) // refuses what is no config
  const base = core.configFromJson(JSON.stringify({ ...underlying, ...JSON.parse(text) }))
  return core.configFromFields([...core.configToFields(base), ...given])
}

/**
 * @param {import('./core.js').Core} core
 * @param {string} [name] of a command, whose flags are listed
 */
function usage(core, name = 'train') {
  const all = allCommands(core)
  const lines = [`Usage: node web/engine/headless.mjs ${Object.keys(all).join('|')} [--FLAG VALUE ...]`, '']
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

/**
 * @param {import('./core.js').Core} core
 * @param {Record<string, string>} own
 * @param {any} config
 * @param {[string, string][]} flags own, with those that repeat
 * @param {Uint8Array} [before] a checkpoint to go on from
 */
async function train(core, own, config, flags, before) {
  const dataset = openDataset(core, config.data)
  const session = core.createSession(dataset, config)
  if (before) session.restore(before)
  if (own.checkpoint) new OutputFile(own.checkpoint, 'checkpoint')
  const keeper = new Keeper(own.checkpoint ?? '', session)
  const breathe = breather()
  const outputs = openSaves(core, own, flags)
  const csvFile = own.csv ? openToWrite('csv', own.csv, own.csv, before ? 'a' : 'w') : undefined
  const jsonToStdout = own.jsonl === '-'
  const jsonFile = own.jsonl && !jsonToStdout ? openToWrite('jsonl', own.jsonl, own.jsonl, before ? 'a' : 'w') : undefined
  const text = jsonToStdout ? process.stderr : process.stdout
  const bar = text.isTTY && process.stderr.isTTY ? new ProgressBar() : undefined
  /** @param {import('./core.js').Progress} progress */
  const show = (progress) => {
    if (progress.lines.length) bar?.clear()
    for (const line of progress.lines) text.write(line + '\n')
    for (const line of progress.json) {
      if (jsonToStdout) process.stdout.write(line + '\n')
      else if (jsonFile !== undefined) writeSync(jsonFile, line + '\n')
    }
    if (csvFile !== undefined) for (const row of progress.csv_lines) writeSync(csvFile, row + '\n')
    if (progress.event === 'batch') bar?.draw(progress)
  }

  const first = session.start()
  // A table that goes on has the names of its columns already.
  show(before && csvFile !== undefined && fstatSync(csvFile).size > 0 ? { ...first, csv_lines: [] } : first)
  if (before) text.write(`Resumed at step ${session.position().step} (epoch ${session.position().epoch})\n`)
  let progress
  do {
    await breathe()
    if (keeper.signal) break
    progress = session.advance()
    show(progress)
    if (progress.event === 'epoch') keeper.save()
  } while (progress.event !== 'done' && progress.event !== 'diverged')
  bar?.clear()
  if (keeper.signal) {
    keeper.stop(text)
  } else if (progress?.event === 'diverged') {
    process.exitCode = 1
  } else {
    writeSaves(session, outputs, text)
  }
  session.delete()
  dataset.delete()
}

/** The checkpoint that a flag names, if it is given. @param {Record<string, string>} own @param {'resume' | 'from'} flag */
function readCheckpoint(own, flag) {
  if (!own[flag]) return undefined
  if (own.config) throw new UsageError(`config: --${flag} takes the settings of its checkpoint, so give no --config beside it`)
  try {
    return new Uint8Array(readFileSync(own[flag]))
  } catch {
    throw new UsageError(`${flag}: ${inQuotes(own[flag])} cannot be read`)
  }
}

async function main() {
  const [name, ...argv] = process.argv.slice(2)
  const core = await load()
  if (name === '--help' || name === '-h') {
    process.stdout.write(usage(core))
    return
  }
  const all = allCommands(core)
  if (name === undefined || !Object.hasOwn(all, name)) {
    const known = Object.keys(all)
    throw new UsageError(`the command is ${name === undefined ? 'missing' : inQuotes(name)}, but it must be ${known.slice(0, -1).join(', ')} or ${known.at(-1)}`)
  }
  const { own, given, flags, names } = parseFlags(core, all[name], argv)
  if (own.help) {
    process.stdout.write(usage(core, name))
    return
  }
  const tools = { openDataset, openToWrite, openSaves, writeSaves, inQuotes, UsageError }
  if (name === 'merge') {
    merge(tools, core, { own, names })
    return
  }
  const saved = name === 'eval' || name === 'predict' || name === 'export' ? openWeights(tools, core, own) : undefined
  const before = readCheckpoint(own, name === 'train' ? 'resume' : 'from')
  const config = before ? core.configOfCheckpoint(before, given) : readConfig(core, own, given, saved?.config)
  if (name === 'info') {
    process.stdout.write(core.modelTable(config.model, [1, 28, 28], 10, config.batch).join('\n') + '\n')
  } else if (name === 'export' && saved) {
    exportWeights(tools, core, { own, config, weights: saved.bytes, flags })
  } else if (saved) {
    weights(tools, core, { command: name, own, config, weights: saved.bytes, names })
  } else if (name !== 'train') {
    const ours = ['config', 'jobs', 'jsonl', 'csv', 'list', 'help', 'from']
    experiment(tools, core, {
      command: name, own, config, flags: flags.filter(([flag]) => !ours.includes(flag)), files: before ? { from: before } : {},
    })
  } else {
    const threaded = await loadThreads(core, config.threads)
    try {
      await train(threaded, own, config, flags, before)
    } finally {
      threaded.close()
    }
  }
}

// A reader that has seen enough (| head) is no error.
process.stdout.on('error', (/** @type {any} */ error) => process.exit(error.code === 'EPIPE' ? 0 : 1))

main().catch((error) => {
  if (error instanceof UsageError || error instanceof CoreError) {
    process.stderr.write(`error: ${error.message}\n`)
    process.exitCode = 2
  } else {
    process.stderr.write(`error: ${error?.stack ?? error}\n`)
    process.exitCode = 1
  }
})
