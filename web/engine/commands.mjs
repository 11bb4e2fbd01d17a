// The subcommands of the command line in Node beside train and info: race, sweep, lessons, merge, eval, predict, export.
// What they share with those (data sets, files, errors) they get as tools from headless.mjs.
import { closeSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { unzlibSync } from 'fflate'
import { decodePng } from './png.js'

/**
 * @typedef {object} Tools
 * @property {(core: import('./core.js').Core, data: string) => import('./core.js').Dataset} openDataset
 * @property {(flag: string, path: string, opened?: string, mode?: string) => number} openToWrite
 * @property {(core: import('./core.js').Core, own: Record<string, string>, flags: [string, string][]) => any[]} openSaves
 * @property {(session: import('./core.js').Session, outputs: any[], text: NodeJS.WritableStream) => void} writeSaves
 * @property {(text: string) => string} inQuotes
 * @property {new (sentence: string) => Error} UsageError
 */

/**
 * A file's bytes; one that cannot be read is told by the flag that names it.
 * @param {Tools} tools
 * @param {string} flag
 * @param {string} path
 */
function readBytes(tools, flag, path) {
  try {
    return new Uint8Array(readFileSync(path))
  } catch {
    throw new tools.UsageError(`${flag}: ${tools.inQuotes(path)} cannot be read`)
  }
}

/**
 * Writes beside the wanted file and renames.
 * @param {Tools} tools
 * @param {string} flag
 * @param {string} path
 * @param {string} text
 */
function writeText(tools, flag, path, text) {
  const part = `${path}.part-${process.pid}`
  try {
    writeFileSync(part, text)
    renameSync(part, path)
  } catch {
    rmSync(part, { force: true })
    throw new tools.UsageError(`${flag}: ${tools.inQuotes(path)} cannot be written`)
  }
}

/**
 * Where results go: lines for people, JSON lines, and at the end a table.
 * @param {Tools} tools
 * @param {Record<string, string>} own flags
 * @param {{ append?: boolean }} [options]
 */
function openResults(tools, own, { append = false } = {}) {
  const toStdout = own.jsonl === '-'
  const text = toStdout ? process.stderr : process.stdout
  if (own.csv) {
    const part = `${own.csv}.part-${process.pid}`
    closeSync(tools.openToWrite('csv', own.csv, part))
    rmSync(part)
  }
  const file = own.jsonl && !toStdout ? tools.openToWrite('jsonl', own.jsonl, own.jsonl, append ? 'a' : 'w') : undefined
  return {
    text,
    /** @param {import('./core.js').Progress} progress */
    show(progress) {
      for (const line of progress.lines) text.write(line + '\n')
      for (const line of progress.json) {
        if (toStdout) process.stdout.write(line + '\n')
        else if (file !== undefined) writeSync(file, line + '\n')
      }
    },
    /** @param {string} csv */
    writeCsv(csv) {
      if (own.csv) writeText(tools, 'csv', own.csv, csv)
    },
  }
}

/**
 * race, sweep and lessons.
 * @param {Tools} tools
 * @param {import('./core.js').Core} core
 * @param {{ command: string, own: Record<string, string>, config: any, flags: [string, string][], files: Record<string, Uint8Array> }} options
 */
export function experiment(tools, core, { command, own, config, flags, files }) {
  if (own.list !== undefined) {
    process.stdout.write(core.experimentKinds().lessons.join('\n') + '\n')
    return
  }
  if (own.jobs !== undefined && own.jobs !== '0' && own.jobs !== '1') {
    throw new tools.UsageError(`jobs is ${tools.inQuotes(own.jobs)}, but in Node runs go one after the other: 0 and 1 are allowed`)
  }
  const dataset = tools.openDataset(core, config.data)
  // Only a sweep's file is all rows, and goes on where it ends.
  const resumes = command === 'sweep' && own.jsonl !== undefined && own.jsonl !== '-'
  let before = ''
  if (resumes && existsSync(own.jsonl)) {
    before = core.checkRows(new TextDecoder().decode(readBytes(tools, 'jsonl', own.jsonl)), own.jsonl)
  }
  const running = core.createExperiment(dataset, command, config, flags, { files, finished: { text: before, name: own.jsonl ?? '' } })
  if (resumes && existsSync(own.jsonl)) writeText(tools, 'jsonl', own.jsonl, before)
  const results = openResults(tools, own, { append: resumes })
  results.show(running.start())
  let progress
  do {
    progress = running.advance()
    results.show(progress)
  } while (progress.event !== 'done')
  results.writeCsv(progress.csv)
  if (resumes) writeText(tools, 'jsonl', own.jsonl, progress.rows + core.otherRows(before, progress.rows))
  running.delete()
  dataset.delete()
}

/**
 * @param {Tools} tools
 * @param {import('./core.js').Core} core
 * @param {{ own: Record<string, string>, names: string[] }} options
 */
export function merge(tools, core, { own, names }) {
  if (names.length === 0) throw new tools.UsageError('merge: name the files, such as merge 1.jsonl 2.jsonl --jsonl all.jsonl')
  const merged = core.mergeResults(names.map((name) => [name, new TextDecoder().decode(readBytes(tools, 'merge', name))]))
  if (own.csv) writeText(tools, 'csv', own.csv, merged.csv)
  if (own.jsonl === '-') process.stdout.write(merged.rows)
  else if (own.jsonl) writeText(tools, 'jsonl', own.jsonl, merged.rows)
  const text = own.jsonl === '-' ? process.stderr : process.stdout
  text.write(merged.lines.join('\n') + '\n')
}

/**
 * @param {Tools} tools
 * @param {string} path
 */
function readPng(tools, path) {
  const bytes = readBytes(tools, 'image', path)
  try {
    return decodePng(bytes, unzlibSync)
  } catch (error) {
    throw new tools.UsageError(`image: ${tools.inQuotes(path)} is not a whole PNG image: ${error instanceof Error ? error.message : error}`)
  }
}

/**
 * eval and predict: one session with the weights in it.
 * @param {Tools} tools
 * @param {import('./core.js').Core} core
 * @param {{ command: string, own: Record<string, string>, config: any, weights: Uint8Array, names: string[] }} options
 */
export function weights(tools, core, { command, own, config, weights: bytes, names }) {
  if (command === 'predict' && names.length !== 1) {
    throw new tools.UsageError('image: name one, such as predict digit.png --weights FILE.safetensors')
  }
  const dataset = tools.openDataset(core, config.data)
  const pixels = command === 'predict'
    ? core.networkInput(names[0], readPng(tools, names[0]), dataset.info(), own.invert !== undefined)
    : new Uint8Array()
  const session = core.createSession(dataset, config)
  session.load(bytes)
  const results = openResults(tools, own)
  const progress = command === 'predict' ? session.predictImage(names[0], pixels) : session.evaluateWeights()
  results.show(progress)
  results.writeCsv(progress.csv)
  session.delete()
  dataset.delete()
}

/**
 * Saved weights in other formats.
 * @param {Tools} tools
 * @param {import('./core.js').Core} core
 * @param {{ own: Record<string, string>, config: any, weights: Uint8Array, flags: [string, string][] }} options
 */
export function exportWeights(tools, core, { own, config, weights: bytes, flags }) {
  if (own.save === undefined) throw new tools.UsageError('save: give --save FILE, at least once')
  const dataset = tools.openDataset(core, config.data)
  const session = core.createSession(dataset, config)
  session.load(bytes)
  tools.writeSaves(session, tools.openSaves(core, own, flags), process.stdout)
  session.delete()
  dataset.delete()
}

/**
 * The config of a weights file, where a flag names one.
 * @param {Tools} tools
 * @param {import('./core.js').Core} core
 * @param {Record<string, string>} own
 */
export function openWeights(tools, core, own) {
  if (!own.weights) throw new tools.UsageError('weights: give --weights FILE.safetensors, as train --save writes it')
  const bytes = readBytes(tools, 'weights', own.weights)
  return { bytes, config: core.configOfWeights(bytes) }
}
