// The command that trains: lines, events and rows as they come, checkpoints on the way, the files at the end.
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { openSaves, writeSaves } from './commands.mjs'
import { openDataset } from './data.mjs'
import { FileLock } from './lock.mjs'
import { LineFile, checkOutputs, checkWritable, openResults, removeParts, resolveLinks, warnOutput, writeWhole } from './output.mjs'
import { printable } from './usage_error.mjs'
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

/**
 * Writes the run to the file of --checkpoint, and lets signals stop it. Throws if another process writes its run there.
 * @param {string} path '': nothing is written, and signals end the program @param {import('../engine/worker/core.js').Session} session
 */
function openCheckpoint(path, session) {
  const file = resolveLinks(path)
  const lock = path ? new FileLock('checkpoint', file) : undefined
  if (path) removeParts(path)
  /** There is a checkpoint, of this run or an earlier one. */
  let exists = existsSync(file)
  let told = false
  const writer = {
    /** The signal that asked the run to stop. @type {NodeJS.Signals | ''} */
    signal: '',

    /** Writes the checkpoint. A failure is reported once, and training continues. */
    save() {
      if (!path) return true
      try {
        writeWhole('checkpoint', path, session.checkpoint())
        exists = true
        told = false
        return true
      } catch (error) {
        const there = exists ? 'and the checkpoint before is kept' : 'and no checkpoint is there'
        if (!told) warnOutput(`${error instanceof Error ? error.message : error}; training continues, ${there}`)
        told = true
        return false
      }
    },

    /** Shows other processes that this one is alive. */
    touch: () => lock?.touch(),

    /** After a signal: writes the run and says so. @param {NodeJS.WriteStream} text */
    stop(text) {
      const then = writer.save() ? ': resume with --resume ' : '; the run could not be kept in '
      const { step, epoch } = session.position()
      text.write(`Interrupted at step ${step} (epoch ${epoch})${then}${printable(path)}\n`)
      if (writer.signal) process.exitCode = 128 + constants.signals[writer.signal]
    },
  }
  // A second one ends the program at once.
  for (const name of path ? /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']) : []) process.once(name, () => void (writer.signal = name))
  return writer
}

/** @param {import('./commands.mjs').Job} job */
export async function train(job) {
  const { core, own, config, checkpoint } = job
  const session = core.createSession(openDataset(core, config.data, own), config)
  if (checkpoint) session.restore(checkpoint)
  // Everything that can be refused is refused before any file is touched.
  const outputs = openSaves(job, session)
  if (own.checkpoint) checkWritable('checkpoint', own.checkpoint, true)
  checkOutputs([...['checkpoint', 'jsonl', 'csv'].map((flag) => [flag, own[flag]]), ...outputs.map(({ path }) => ['save', path])])
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
