// The command that trains: lines, events and rows as they come, checkpoints on the way, the files at the end.
import { openDataset } from './data.mjs'
import { LineFile, checkDistinct, checkRegular, checkWritable, openResults } from './output.mjs'
import { CheckpointWriter, breather } from './checkpoint_writer.mjs'
import { openSaves, writeSaves } from './saves.mjs'
/** @import { Report } from '../engine/worker/core.js' */

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

/**
 * @param {import('../engine/worker/core.js').Core} core
 * @param {Record<string, string>} own
 * @param {any} config
 * @param {[string, string][]} flags own, with those that repeat
 * @param {Uint8Array} [before] a checkpoint to go on from
 */
export async function train(core, own, config, flags, before) {
  const dataset = openDataset(core, config.data, own)
  const session = core.createSession(dataset, config)
  if (before) session.restore(before)
  // Everything that can be refused is refused before any file is touched.
  const outputs = openSaves(core, session, own, flags)
  checkDistinct([['checkpoint', own.checkpoint], ['jsonl', own.jsonl], ['csv', own.csv], .../** @type {[string, string][]} */ (outputs.map(({ path }) => ['save', path]))])
  if (own.checkpoint) checkRegular('checkpoint', own.checkpoint)
  for (const flag of ['checkpoint', 'jsonl', 'csv']) if (own[flag] && own[flag] !== '-') checkWritable(flag, own[flag])
  const writer = new CheckpointWriter(own.checkpoint ?? '', session)
  const breathe = breather()
  // What was written after the checkpoint is written again.
  const keep = (/** @type {'jsonl' | 'csv'} */ flag) => (before ? (/** @type {Uint8Array} */ bytes) => session.linesUntilNow(flag, bytes, own[flag]) : undefined)
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
  show({ ...first, json: jsonl?.goesOn ? [] : first.json, csv_lines: csv?.goesOn ? [] : first.csv_lines })
  if (before) text.write(`Resumed at step ${session.position().step} (epoch ${session.position().epoch})\n`)
  let progress
  do {
    await breathe()
    if (writer.signal) break
    progress = session.advance()
    show(progress)
    writer.touch()
    if (progress.event !== 'epoch') continue
    // Lines first, so that after a power failure none is missing that the checkpoint counts on.
    jsonl?.sync()
    csv?.sync()
    writer.save()
  } while (progress.event !== 'done' && progress.event !== 'diverged')
  bar?.clear()
  if (writer.signal) {
    writer.stop(text)
  } else if (progress?.event === 'diverged') {
    process.exitCode = 1
  } else {
    writeSaves(session, outputs, text)
  }
  session.delete()
  dataset.delete()
}
