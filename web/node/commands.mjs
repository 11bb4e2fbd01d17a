// The commands of the command line in Node except train: those that only report, race, sweep, lessons, export.
import { unzlibSync } from 'fflate'
import { decodePng } from '../engine/worker/png.js'
import { openDataset } from './data.mjs'
import { checkDistinct, checkWritable, openResults, readBytes, writeOrSay } from './output.mjs'
import { openSaves, writeSaves } from './saves.mjs'
import { UsageError, inQuotes, printable } from './usage_error.mjs'

/**
 * race, sweep and lessons.
 * @param {import('../engine/worker/core.js').Core} core
 * @param {{ command: string, own: Record<string, string>, config: any, flags: [string, string][], files: Record<string, Uint8Array> }} options
 */
export function experiment(core, { command, own, config, flags, files }) {
  if (own.list !== undefined) {
    process.stdout.write(core.commands().lessons.join('\n') + '\n')
    return
  }
  if (own.jobs !== undefined && own.jobs !== '0' && own.jobs !== '1') {
    throw new UsageError(`jobs is ${inQuotes(own.jobs)}, but in Node runs go one after the other: 0 and 1 are allowed`)
  }
  const dataset = openDataset(core, config.data, own)
  // Only a sweep's file consists of rows alone. A sweep resumes at its end.
  const resumes = command === 'sweep' && own.jsonl !== undefined && own.jsonl !== '-'
  let before = ''
  /** The last row, if only its line end is missing after a crash. @type {string[]} */
  let torn = []
  const results = openResults(own, resumes ? (bytes) => {
    const text = new TextDecoder().decode(bytes)
    before = core.checkRows(text, own.jsonl)
    const whole = bytes.lastIndexOf(10) + 1
    if (core.checkRows(new TextDecoder().decode(bytes.subarray(0, whole)), own.jsonl).length < before.length) torn = [text.slice(text.lastIndexOf('\n') + 1)]
    return whole
  } : undefined)
  const running = core.createExperiment(dataset, command, config, flags, { files, finished: { text: before, name: own.jsonl ?? '' } })
  results.file?.write(torn)
  results.show(running.start())
  let progress
  do {
    progress = running.advance()
    results.show(progress)
  } while (progress.event !== 'done')
  results.writeCsv(progress.csv)
  if (resumes) writeOrSay('jsonl', own.jsonl, progress.rows + core.otherRows(before, progress.rows))
  running.delete()
  dataset.delete()
  if (progress.failure) throw new UsageError(`${command}: ${progress.failure}`)
}

/**
 * @param {string} path
 */
function readPng(path) {
  const bytes = readBytes('image', path)
  try {
    return decodePng(bytes, unzlibSync)
  } catch (error) {
    throw new UsageError(`image: ${inQuotes(path)} is not a whole PNG image: ${error instanceof Error ? error.message : error}`)
  }
}

/**
 * An image file as a network for this data reads it.
 * @param {import('../engine/worker/core.js').Core} core
 * @param {string} path @param {{height: number, width: number}} wanted @param {boolean} invert
 */
function greyOf(core, path, wanted, invert) {
  const { height, width, channels, pixels } = readPng(path)
  return core.networkInput(path, height, width, channels, pixels, wanted.height, wanted.width, invert)
}

/**
 * A command that only reports, such as info and eval: asks the question that its row names, and prints and writes the answer.
 * @param {import('../engine/worker/core.js').Core} core
 * @param {import('./flags.mjs').Command} command
 * @param {{ own: Record<string, string>, config: any, weights?: Uint8Array, names: string[] }} options
 */
export function answer(core, command, { own, config, weights, names }) {
  if (command.argument && names.length !== 1 && !(names.length && command.many_arguments)) throw new UsageError(command.no_argument)
  const dataset = weights && openDataset(core, config.data, own)
  const files = names.map((name) => (dataset && command.pictures ? greyOf(core, name, dataset.info(), own.invert !== undefined) : readBytes(command.name, name)))
  const session = dataset && core.createSession(dataset, config)
  if (weights) session?.load(weights)
  checkDistinct([['jsonl', own.jsonl], ['csv', own.csv]])
  for (const flag of ['jsonl', 'csv']) if (own[flag] && own[flag] !== '-') checkWritable(flag, own[flag])
  const text = own.jsonl === '-' ? process.stderr : process.stdout
  const report = core.ask(command.question, [config, names, files], dataset, session)
  for (const line of report.lines) text.write(`${printable(line)}\n`)
  if (own.csv) writeOrSay('csv', own.csv, report.csv)
  const json = report.json.map((/** @type {string} */ line) => line + '\n').join('')
  if (own.jsonl === '-') process.stdout.write(json)
  else if (own.jsonl) writeOrSay('jsonl', own.jsonl, json)
  session?.delete()
  dataset?.delete()
}

/**
 * Saved weights in other formats.
 * @param {import('../engine/worker/core.js').Core} core
 * @param {{ own: Record<string, string>, config: any, weights: Uint8Array, flags: [string, string][] }} options
 */
export function exportWeights(core, { own, config, weights: bytes, flags }) {
  if (own.save === undefined) throw new UsageError('save: give --save FILE, at least once')
  const dataset = openDataset(core, config.data, own)
  const session = core.createSession(dataset, config)
  session.load(bytes)
  writeSaves(session, openSaves(core, session, own, flags), process.stdout)
  session.delete()
  dataset.delete()
}

/**
 * The config of a weights file, where a flag names one.
 * @param {import('../engine/worker/core.js').Core} core
 * @param {Record<string, string>} own
 */
export function openWeights(core, own) {
  if (!own.weights) throw new UsageError('weights: give --weights FILE.safetensors, as train --save writes it')
  const bytes = readBytes('weights', own.weights)
  return { bytes, config: core.configOfWeights(bytes) }
}
