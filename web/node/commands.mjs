// The commands of the command line in Node except train: race, sweep, lessons, merge, eval, predict, export, info. What they
// allocate in the core is freed with the process.
import { unzlibSync } from 'fflate'
import { decodePng } from '../engine/worker/png.js'
import { openDataset } from './data.mjs'
import { wholeNumber } from './flags.mjs'
import { checkWritable, openResults, readBytes, writeOrSay } from './output.mjs'
import { UsageError, inQuotes, printable } from './usage_error.mjs'
/** @import { Core, Session } from '../engine/worker/core.js' */

/**
 * A command with its arguments.
 * @typedef {object} Job
 * @property {Core} core
 * @property {import('./flags.mjs').Command} command
 * @property {Record<string, string>} own the flags of the command that are not fields
 * @property {[string, string][]} flags the same in their order, with all that repeat
 * @property {string[]} names positional arguments
 * @property {any} config
 * @property {Uint8Array} [checkpoint] of --resume or --from
 * @property {Uint8Array} [saved] the weights of --weights
 */

/** race, sweep and lessons. @param {Job} job */
export function experiment({ core, command, own, flags, config, checkpoint }) {
  if (own.list !== undefined) return void process.stdout.write(core.commands().lessons.join('\n') + '\n')
  if (own.jobs !== undefined && own.jobs !== '0' && own.jobs !== '1') {
    throw new UsageError(`jobs is ${inQuotes(own.jobs)}, but in Node runs go one after the other: 0 and 1 are allowed`)
  }
  const dataset = openDataset(core, config.data, own)
  // Only a sweep's file consists of rows alone, and a sweep continues where it ends.
  const resumes = command.name === 'sweep' && own.jsonl !== undefined && own.jsonl !== '-'
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
  const planFlags = command.flags.filter(({ plan, file }) => plan && !file).map(({ name }) => name)
  const running = core.createExperiment(dataset, command.name, config, flags.filter(([name]) => planFlags.includes(name)), {
    files: checkpoint && { from: checkpoint }, finished: { text: before, name: own.jsonl ?? '' },
  })
  results.file?.write(torn)
  results.show(running.start())
  let progress
  do {
    progress = running.advance()
    results.show(progress)
  } while (progress.event !== 'done')
  results.writeCsv(progress.csv)
  if (resumes) writeOrSay('jsonl', own.jsonl, progress.rows + core.otherRows(before, progress.rows))
}

/** @param {Job} job */
export function merge({ core, own, names }) {
  if (names.length === 0) throw new UsageError('merge: name the files, such as merge 1.jsonl 2.jsonl --jsonl all.jsonl')
  const merged = core.mergeResults(names.map((name) => [name, new TextDecoder().decode(readBytes('merge', name))]))
  if (own.csv) writeOrSay('csv', own.csv, merged.csv)
  if (own.jsonl === '-') process.stdout.write(merged.rows)
  else if (own.jsonl) writeOrSay('jsonl', own.jsonl, merged.rows)
  const text = own.jsonl === '-' ? process.stderr : process.stdout
  text.write(merged.lines.map(printable).join('\n') + '\n')
}

/** An image file as the network input of a data set. @param {Job} job @param {{height: number, width: number}} wanted */
function readImage({ core, own, names: [path] }, wanted) {
  const bytes = readBytes('image', path)
  let image
  try {
    image = decodePng(bytes, unzlibSync)
  } catch (error) {
    throw new UsageError(`image: ${inQuotes(path)} is not a whole PNG image: ${error instanceof Error ? error.message : error}`)
  }
  return core.networkInput(path, image.height, image.width, image.channels, image.pixels, wanted.height, wanted.width, own.invert !== undefined)
}

/** A session with the saved weights, and its data set. @param {Job} job */
function openWeights({ core, own, config, saved = new Uint8Array() }) {
  const dataset = openDataset(core, config.data, own)
  const session = core.createSession(dataset, config)
  session.load(saved)
  return { dataset, session }
}

/** eval and predict. @param {Job} job */
export function weights(job) {
  const { command, own, names } = job
  const predicts = command.name === 'predict'
  if (predicts && names.length !== 1) throw new UsageError('image: name one, such as predict digit.png --weights FILE.safetensors')
  const { dataset, session } = openWeights(job)
  const pixels = predicts ? readImage(job, dataset.info()) : new Uint8Array()
  const results = openResults(own)
  const report = predicts ? session.predictImage(names[0], pixels) : session.evaluateWeights()
  results.show(report)
  results.writeCsv(report.csv)
}

/** The files of --save. Refuses invalid ones before training. @param {Job} job @param {Session} session */
export function openSaves({ core, own, flags }, session) {
  const images = wholeNumber(own, 'npz_images', 2 ** 30)
  const outputs = flags.filter(([flag]) => flag === 'save').map(([, path]) => ({ path, format: core.saveFormatOf(path), images }))
  for (const { format } of outputs) session.checkSave(format, images)
  for (const { path } of outputs) checkWritable('save', path)
  return outputs
}

/**
 * Writes each file and prints its name. If one fails, that is reported, and the others are still written.
 * @param {Session} session @param {ReturnType<typeof openSaves>} outputs @param {NodeJS.WritableStream} text
 */
export function writeSaves(session, outputs, text) {
  for (const { path, format, images } of outputs) {
    if (writeOrSay('save', path, session.save(format, images))) text.write(`Saved ${printable(path)}\n`)
  }
}

/** Saved weights in other formats. @param {Job} job */
export function exportWeights(job) {
  if (job.own.save === undefined) throw new UsageError('save: give --save FILE, at least once')
  const { session } = openWeights(job)
  writeSaves(session, openSaves(job, session), process.stdout)
}

/** The model layer by layer. @param {Job} job */
export function info({ core, config }) {
  process.stdout.write(core.modelTable(config.model, [1, 28, 28], 10, config.batch).join('\n') + '\n')
}
