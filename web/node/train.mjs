// The command that trains: lines, events and rows as they come, checkpoints on the way, the files at the end.
import { openDataset } from './data.mjs'
import { LineFile, checkDistinct, checkWritable, openResults } from './output.mjs'
import { openCheckpoint } from './checkpoint_writer.mjs'
import { openSaves, writeSaves } from './commands.mjs'
/** @import { Report } from '../engine/api.js' */

/** Milliseconds of training after which signals are let through. */
const slice = 20

/** A line on standard error that is drawn over, with the rate and the time left. */
class ProgressBar {
  started = Date.now()
  drawn = 0
  shown = false

  /** @param {Report} progress an event of kind batch */
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

/** @param {import('./commands.mjs').Job} job */
export async function train(job) {
  const { core, own, config, checkpoint } = job
  const session = core.createSession(openDataset(core, config.data, own), config)
  if (checkpoint) session.restore(checkpoint)
  // Everything that can be refused is refused before any file is touched.
  const outputs = openSaves(job, session)
  checkDistinct([...['checkpoint', 'jsonl', 'csv'].map((flag) => [flag, own[flag]]), ...outputs.map(({ path }) => ['save', path])])
  for (const flag of ['checkpoint', 'jsonl', 'csv']) if (own[flag] && own[flag] !== '-') checkWritable(flag, own[flag], flag === 'checkpoint')
  const writer = openCheckpoint(own.checkpoint ?? '', session)
  // The lines written after the checkpoint are written again.
  const keep = (/** @type {'jsonl' | 'csv'} */ flag) => (checkpoint ? (/** @type {Uint8Array} */ bytes) => session.linesUntilNow(flag, bytes, own[flag]) : undefined)
  const { text, file: jsonl, show: tell } = openResults({ jsonl: own.jsonl }, keep('jsonl'))
  const csv = own.csv ? new LineFile('csv', own.csv, keep('csv')) : undefined
  const bar = text.isTTY && process.stderr.isTTY ? new ProgressBar() : undefined
  /** @param {Report} progress */
  const show = (progress) => {
    if (progress.lines.length) bar?.clear()
    tell(progress)
    csv?.write(progress.csv_lines)
    if (progress.event === 'batch') bar?.draw(progress)
  }

  const first = session.start()
  show({ ...first, json: jsonl?.hasLines ? [] : first.json, csv_lines: csv?.hasLines ? [] : first.csv_lines })
  const { step, epoch } = session.position()
  if (checkpoint) text.write(`Resumed at step ${step} (epoch ${epoch})\n`)
  let progress
  let rested = Date.now()
  do {
    if (Date.now() - rested >= slice) {
      await new Promise((done) => setImmediate(done))
      rested = Date.now()
    }
    if (writer.signal) break
    progress = session.advance()
    show(progress)
    writer.touch()
    if (progress.event !== 'epoch') continue
    // Lines first, so that after a power failure all lines before the checkpoint are there.
    jsonl?.sync()
    csv?.sync()
    writer.save()
  } while (progress.event !== 'done' && progress.event !== 'diverged')
  bar?.clear()
  if (writer.signal) writer.stop(text)
  else if (progress?.event === 'diverged') process.exitCode = 1
  else writeSaves(session, outputs, text)
}
