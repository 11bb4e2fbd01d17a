// The command line in Node, on the WebAssembly core: the same flags, lines and exit codes as the native program.
//   node web/engine/headless.mjs train --epochs 1 --data mnist
//   node web/engine/headless.mjs info --model "dense 512 | relu | dense 10"
import {
  accessSync, closeSync, constants, existsSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { gunzipSync, constants as zlibConstants } from 'node:zlib'
import { loadCore } from './core.js'

const here = dirname(fileURLToPath(import.meta.url))
const root = dirname(dirname(here))

/** A mistake of the person who typed the command: one sentence, exit code 2. */
class UsageError extends Error {}

/** Flags that are not fields of the configuration. */
const ownFlags = {
  data: { type: 'string', value: 'DIR', help: "a folder of IDX files, plain or .gz, or mnist or fashion-mnist" },
  config: { type: 'string', value: 'FILE', help: 'read the configuration from a JSON file; flags override it' },
  jsonl: { type: 'string', value: 'FILE', help: 'write one JSON object a line to FILE; - for standard output' },
  save: { type: 'string', value: 'FILE', help: 'write the trained weights as safetensors' },
  help: { type: 'boolean', value: '', help: 'this text' },
}

/** The artifact to run: the one of the build, or the one in the site. */
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

/** @param {unknown} error */
function reason(error) {
  const code = /** @type {{ code?: string }} */ (error).code
  /** @type {Record<string, string>} */
  const known = {
    ENOENT: 'No such file or directory',
    EACCES: 'Permission denied',
    EISDIR: 'Is a directory',
    ENOTDIR: 'Not a directory',
    EROFS: 'Read-only file system',
    ENOSPC: 'No space left on device',
  }
  return known[code ?? ''] ?? (error instanceof Error ? error.message : String(error))
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new UsageError(`cannot read '${path}': ${reason(error)}`)
  }
}

// ---- Data -----------------------------------------------------------------------------------------------------------

/**
 * Unpacks a .gz file and refuses one that unpacks to more than the sizes in its IDX header call for.
 * @param {string} path
 */
function unpack(path) {
  const packed = read(path)
  /** @type {Buffer} */
  let beginning
  try {
    // The first bytes are enough for the header; the flush mode lets zlib stop in mid-stream.
    beginning = gunzipSync(packed.subarray(0, 4096), { finishFlush: zlibConstants.Z_SYNC_FLUSH })
  } catch {
    throw new UsageError(`'${path}' is not a gzip file`)
  }
  let expected = 16
  if (beginning.length >= 4 && beginning.length >= 4 + 4 * beginning[3]) {
    expected = 4 + 4 * beginning[3]
    let product = 1
    for (let i = 0; i < beginning[3]; i += 1) product *= beginning.readUInt32BE(4 + 4 * i)
    expected += product
  }
  const largest = 2 ** 32
  try {
    // One byte more than announced is let through, so that the core can say what is wrong with the size.
    return gunzipSync(packed, { maxOutputLength: Math.min(expected + 1, largest) })
  } catch (error) {
    const code = /** @type {{ code?: string }} */ (error).code
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      throw new UsageError(`'${path}' unpacks to more than the ${expected} bytes that its header announces`)
    }
    throw new UsageError(`'${path}' is a damaged gzip file: ${reason(error)}`)
  }
}

/**
 * The bytes of an IDX file in a folder, plain or with .gz.
 * @param {string} folder
 * @param {string} name
 */
function readIdx(folder, name) {
  const path = join(folder, name)
  if (existsSync(path) || !existsSync(path + '.gz')) return new Uint8Array(read(path))
  return new Uint8Array(unpack(path + '.gz'))
}

/**
 * @param {any} core
 * @param {string} data a folder, or the name of a data set that web/start prepares
 */
function openDataset(core, data) {
  const named = data === 'mnist' || data === 'fashion-mnist'
  const folder = named ? join(root, 'build', 'data', data) : data
  if (!existsSync(folder)) {
    throw new UsageError(named ? `the data set '${data}' is not in ${folder}; web/start fetches it` : `cannot read '${data}': No such file or directory`)
  }
  return core.createDataset({
    name: data,
    trainImages: readIdx(folder, 'train-images-idx3-ubyte'),
    trainLabels: readIdx(folder, 'train-labels-idx1-ubyte'),
    testImages: readIdx(folder, 't10k-images-idx3-ubyte'),
    testLabels: readIdx(folder, 't10k-labels-idx1-ubyte'),
  })
}

// ---- Output ---------------------------------------------------------------------------------------------------------

/**
 * Refuses a destination that cannot be written, before hours of training are spent on it.
 * @param {string} path
 */
function checkWritable(path) {
  try {
    if (existsSync(path)) {
      if (statSync(path).isDirectory()) throw Object.assign(new Error(), { code: 'EISDIR' })
      accessSync(path, constants.W_OK)
    } else {
      accessSync(dirname(resolve(path)), constants.W_OK | constants.X_OK)
    }
  } catch (error) {
    throw new UsageError(`cannot write '${path}': ${reason(error)}`)
  }
}

/**
 * Writes a file whole or not at all.
 * @param {string} path
 * @param {Uint8Array} bytes
 */
function save(path, bytes) {
  const part = `${path}.part-${process.pid}`
  try {
    const file = openSync(part, 'w')
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    } finally {
      closeSync(file)
    }
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw new UsageError(`cannot write '${path}': ${reason(error)}`)
  }
}

/** A line on standard error that is drawn over, with the rate and the time left. */
class ProgressBar {
  started = Date.now()
  drawn = 0

  /** @param {any} progress an event of kind batch */
  draw(progress) {
    const now = Date.now()
    if (now - this.drawn < 100) return
    this.drawn = now
    const share = progress.step / progress.total_steps
    const seconds = (now - this.started) / 1000
    const rate = ((progress.epoch - 1) * progress.total + progress.samples) / seconds
    const left = Math.round((seconds / share) * (1 - share))
    const bar = '='.repeat(Math.floor(share * 30)).padEnd(30)
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`
    process.stderr.write(
      `\r[${bar}] ${(share * 100).toFixed(0).padStart(3)}%  epoch ${progress.epoch}/${progress.epochs}  ` +
        `${Math.round(rate).toLocaleString('en')} samples/s  ${time} left\x1b[K`,
    )
  }

  clear() {
    if (this.drawn) process.stderr.write('\r\x1b[K')
    this.drawn = 0
  }
}

// ---- Commands -------------------------------------------------------------------------------------------------------

/**
 * Sorts the arguments into our own flags and the fields of the configuration.
 * @param {any} core
 * @param {string[]} argv
 */
function parseFlags(core, argv) {
  const fields = new Set(core.registry().fields.map((/** @type {any} */ field) => field.name))
  /** @type {Record<string, { type: 'string' | 'boolean' }>} */
  const options = {}
  for (const name of fields) options[name] = { type: 'string' }
  for (const [name, flag] of Object.entries(ownFlags)) {
    options[name] = { type: /** @type {'string' | 'boolean'} */ (flag.type) }
  }
  const { tokens } = parseArgs({ args: argv, options, strict: false, allowPositionals: true, tokens: true })
  /** @type {Record<string, string>} */
  const own = {}
  /** @type {[string, string][]} */
  const given = []
  for (const token of tokens) {
    if (token.kind === 'positional') throw new UsageError(`unexpected argument '${token.value}'`)
    if (token.kind !== 'option') continue
    // The core knows the nearest field to an unknown one and says it.
    if (!(token.name in options)) core.configFromFields([[token.name, token.value ?? '']])
    if (token.name === 'help') {
      own.help = 'yes'
      continue
    }
    if (token.value === undefined || token.value === '') throw new UsageError(`--${token.name} needs a value`)
    if (fields.has(token.name)) given.push([token.name, token.value])
    else own[token.name] = token.value
  }
  return { own, given }
}

/**
 * @param {any} core
 * @param {Record<string, string>} own
 * @param {[string, string][]} given
 */
function readConfig(core, own, given) {
  if (!own.config) return core.configFromFields(given)
  const base = core.configFromJson(read(own.config).toString('utf8'))
  return core.configFromFields([...core.configToFields(base), ...given])
}

/** @param {any} core */
function usage(core) {
  const lines = [
    'Usage: node web/engine/headless.mjs train|info [--FLAG VALUE ...]',
    '',
    '  train   trains a network and prints what the reference program prints',
    '  info    prints the model, its parameters and its memory',
    '',
  ]
  const row = (/** @type {string} */ flag, /** @type {string} */ help) => lines.push(`  ${flag.padEnd(26)} ${help}`)
  for (const [name, flag] of Object.entries(ownFlags)) row(`--${name} ${flag.value}`.trim(), flag.help)
  for (const field of core.registry().fields) {
    const choices = field.choices?.map((/** @type {any} */ choice) => choice.name).join('|')
    row(`--${field.name} ${choices ?? field.type.toUpperCase()}`, `${field.help} [${field.default}]`)
  }
  return lines.join('\n') + '\n'
}

/**
 * @param {any} core
 * @param {Record<string, string>} own
 * @param {any} config
 */
function train(core, own, config) {
  const jsonToStdout = own.jsonl === '-'
  if (own.jsonl && !jsonToStdout) checkWritable(own.jsonl)
  if (own.save) checkWritable(own.save)
  const dataset = openDataset(core, own.data ?? 'mnist')
  const session = core.createSession(dataset, config)

  const jsonFile = own.jsonl && !jsonToStdout ? openSync(own.jsonl, 'w') : undefined
  const text = jsonToStdout ? process.stderr : process.stdout
  const bar = process.stdout.isTTY && !jsonToStdout ? new ProgressBar() : undefined
  const show = (/** @type {any} */ progress) => {
    if (bar && progress.lines.length) bar.clear()
    for (const line of progress.lines) text.write(line + '\n')
    for (const line of progress.json) {
      if (jsonToStdout) process.stdout.write(line + '\n')
      else if (jsonFile !== undefined) writeSync(jsonFile, line + '\n')
    }
    if (bar && progress.event === 'batch') bar.draw(progress)
  }

  show(session.start())
  let progress
  do {
    progress = session.advance()
    show(progress)
  } while (progress.event !== 'done' && progress.event !== 'diverged')
  bar?.clear()
  if (jsonFile !== undefined) closeSync(jsonFile)
  if (progress.event === 'diverged') {
    process.exitCode = 1
  } else if (own.save) {
    save(own.save, session.save('safetensors'))
    text.write(`Saved ${own.save}\n`)
  }
  session.delete()
  dataset.delete()
}

async function main() {
  const [command, ...argv] = process.argv.slice(2)
  const core = await load()
  if (command === undefined || command === '--help' || command === '-h') {
    process.stdout.write(usage(core))
    return
  }
  if (command !== 'train' && command !== 'info') {
    throw new UsageError(`unknown command '${command}'; the commands are train and info`)
  }
  const { own, given } = parseFlags(core, argv)
  if (own.help) {
    process.stdout.write(usage(core))
    return
  }
  const config = readConfig(core, own, given)
  if (command === 'train') train(core, own, config)
  else process.stdout.write(core.describeModel(config.model, [1, 28, 28], 10).text + '\n')
}

// A reader that has seen enough (| head) is no error.
process.stdout.on('error', (/** @type {any} */ error) => process.exit(error.code === 'EPIPE' ? 0 : 1))

main().catch((error) => {
  if (error instanceof UsageError || error?.name === 'CoreError') {
    process.stderr.write(`error: ${error.message}\n`)
    process.exitCode = 2
  } else {
    process.stderr.write(`error: ${error?.stack ?? error}\n`)
    process.exitCode = 1
  }
})
