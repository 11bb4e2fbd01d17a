// --save: a network in files, each by what its name's end says.
import { checkWritable, writeOrSay } from './output.mjs'
import { UsageError, inQuotes, printable } from './usage_error.mjs'
/** @import { Session } from '../engine/worker/core.js' */

/**
 * The files of --save. All that can be refused about them is refused here, before training.
 * @param {import('../engine/worker/core.js').Core} core
 * @param {Session} session
 * @param {Record<string, string>} own
 * @param {[string, string][]} flags
 */
export function openSaves(core, session, own, flags) {
  const images = own.npz_images === undefined ? undefined : own.npz_images.trim() === '' ? NaN : Number(own.npz_images)
  if (images !== undefined && (!Number.isInteger(images) || images < 1 || images > 2 ** 30)) {
    throw new UsageError(`npz_images is ${inQuotes(own.npz_images)}, but it must be a whole number from 1 to ${2 ** 30}`)
  }
  const paths = flags.filter(([flag]) => flag === 'save').map(([, path]) => path)
  const formats = paths.map((path) => core.saveFormatOf(path))
  for (const format of formats) session.checkSave(format, images)
  for (const path of paths) checkWritable('save', path)
  return paths.map((path, at) => ({ path, format: formats[at], images }))
}

/**
 * Writes each and says so. A failure is reported, and the others are written all the same.
 * @param {Session} session
 * @param {ReturnType<typeof openSaves>} outputs
 * @param {NodeJS.WritableStream} text
 */
export function writeSaves(session, outputs, text) {
  for (const { path, format, images } of outputs) {
    if (writeOrSay('save', path, session.save(format, images))) text.write(`Saved ${printable(path)}\n`)
  }
}
