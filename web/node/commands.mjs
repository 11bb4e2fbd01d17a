// The commands of the command line in Node except train: race, sweep, lessons, export, and those that only report. What they
// allocate in the core is freed at the end.
import { unzlibSync } from 'fflate'
import { decodePng } from '../engine/worker/png.js'
import { openDataset } from './data.mjs'
import { wholeNumber } from './flags.mjs'
import { checkOutputs, checkWritable, openResults, readBytes, writeOrSay } from './output.mjs'
import { UsageError, inQuotes, printable } from './usage_error.mjs'
/** @import { Core, Session } from '../engine/worker/core.js' */

/**
 * @typedef {{core: Core, command: import('./flags.mjs').Command, own: Record<string, string>, flags: [string, string][], names: string[],
 *   config: any, checkpoint?: Uint8Array, saved?: Uint8Array}} Job a command with its arguments. own: the flags that are not fields;
 *   flags: the same in their order, with all that repeat; names: positional arguments; checkpoint: of --resume or --from; saved:
 *   of --weights
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
  if (own.csv) writeOrSay('csv', own.csv, progress.csv)
  if (resumes) writeOrSay('jsonl', own.jsonl, progress.rows + core.otherRows(before, progress.rows))
  if (progress.failure) throw new UsageError(`${command.name}: ${progress.failure}`)
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

/**
 * A command that only reports, such as info and eval: asks the question that its row names, prints and writes the answer.
 * @param {Job} job
 */
export function answer(job) {
  const { core, command, own, config, names } = job
  if (command.argument && names.length !== 1 && !(names.length && command.many_arguments)) throw new UsageError(command.no_argument)
  const { dataset, session } = job.saved ? openWeights(job) : {}
  const files = names.map((name) => (dataset && command.pictures ? readImage(job, dataset.info()) : readBytes(command.name, name)))
  checkOutputs([['jsonl', own.jsonl], ['csv', own.csv]])
  const report = core.ask(command.question, [config, names, files], dataset, session)
  const text = own.jsonl === '-' ? process.stderr : process.stdout
  for (const line of report.lines) text.write(`${printable(line)}\n`)
  if (own.csv) writeOrSay('csv', own.csv, report.csv)
  const json = report.json.map((/** @type {string} */ line) => line + '\n').join('')
  if (own.jsonl === '-') process.stdout.write(json)
  else if (own.jsonl) writeOrSay('jsonl', own.jsonl, json)
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
