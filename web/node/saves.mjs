// --save: a network in files, each in the format that its name's end selects.
import { wholeNumber } from './flags.mjs'
import { checkWritable, writeOrSay } from './output.mjs'
import { printable } from './usage_error.mjs'
/** @import { Session } from '../engine/worker/core.js' */

/** The files of --save. Refuses invalid ones before training. @param {import('./commands.mjs').Job} job @param {Session} session */
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
