// The commands of the command line in Node except train and info: race, sweep, lessons, merge, eval, predict, export.
import { unzlibSync } from 'fflate'
import { decodePng } from '../engine/worker/png.js'
import { openDataset } from './data.mjs'
import { openResults, readBytes, writeOrSay } from './output.mjs'
import { openSaves, writeSaves } from './saves.mjs'
import { UsageError, inQuotes, printable } from './usage_error.mjs'
/** @import { Core } from '../engine/worker/core.js' */

/**
 * race, sweep and lessons.
 * @param {Core} core
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
  // Only a sweep's file consists of rows alone, and a sweep goes on where it ends.
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
}

/** @param {Core} core @param {{ own: Record<string, string>, names: string[] }} options */
export function merge(core, { own, names }) {
  if (names.length === 0) throw new UsageError('merge: name the files, such as merge 1.jsonl 2.jsonl --jsonl all.jsonl')
  const merged = core.mergeResults(names.map((name) => [name, new TextDecoder().decode(readBytes('merge', name))]))
  if (own.csv) writeOrSay('csv', own.csv, merged.csv)
  if (own.jsonl === '-') process.stdout.write(merged.rows)
  else if (own.jsonl) writeOrSay('jsonl', own.jsonl, merged.rows)
  const text = own.jsonl === '-' ? process.stderr : process.stdout
  text.write(merged.lines.map(printable).join('\n') + '\n')
}

/** @param {string} path */
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
 * @param {Core} core
 * @param {string} path @param {{height: number, width: number}} wanted @param {boolean} invert
 */
function greyOf(core, path, wanted, invert) {
  const { height, width, channels, pixels } = readPng(path)
  return core.networkInput(path, height, width, channels, pixels, wanted.height, wanted.width, invert)
}

/**
 * eval and predict: one session with the weights in it.
 * @param {Core} core
 * @param {{ command: string, own: Record<string, string>, config: any, weights: Uint8Array, names: string[] }} options
 */
export function weights(core, { command, own, config, weights: bytes, names }) {
  if (command === 'predict' && names.length !== 1) {
    throw new UsageError('image: name one, such as predict digit.png --weights FILE.safetensors')
  }
  const dataset = openDataset(core, config.data, own)
  const pixels = command === 'predict' ? greyOf(core, names[0], dataset.info(), own.invert !== undefined) : new Uint8Array()
  const session = core.createSession(dataset, config)
  session.load(bytes)
  const results = openResults(own)
  const progress = command === 'predict' ? session.predictImage(names[0], pixels) : session.evaluateWeights()
  results.show(progress)
  results.writeCsv(progress.csv)
  session.delete()
  dataset.delete()
}

/**
 * Saved weights in other formats.
 * @param {Core} core
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

/** The config of a weights file, where a flag names one. @param {Core} core @param {Record<string, string>} own */
export function openWeights(core, own) {
  if (!own.weights) throw new UsageError('weights: give --weights FILE.safetensors, as train --save writes it')
  const bytes = readBytes('weights', own.weights)
  return { bytes, config: core.configOfWeights(bytes) }
}
