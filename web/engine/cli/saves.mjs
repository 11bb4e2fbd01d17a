// --save: a network in files, each by what its name's end says.
import { tryToWrite, writeWhole } from './files.mjs'
import { UsageError, inQuotes } from './usage_error.mjs'

/**
 * The files of --save.
 * @param {import('../core.js').Core} core
 * @param {Record<string, string>} own
 * @param {[string, string][]} flags
 */
export function openSaves(core, own, flags) {
  const images = own.npz_images === undefined ? undefined : own.npz_images.trim() === '' ? NaN : Number(own.npz_images)
  if (images !== undefined && (!Number.isInteger(images) || images < 1 || images > 2 ** 30)) {
    throw new UsageError(`npz_images is ${inQuotes(own.npz_images)}, but it must be a whole number from 1 to ${2 ** 30}`)
  }
  const paths = flags.filter(([flag]) => flag === 'save').map(([, path]) => path || core.registry().save_default)
  const formats = paths.map((path) => core.saveFormatOf(path))
  for (const path of paths) tryToWrite('save', path)
  return paths.map((path, at) => ({ path, format: formats[at], images }))
}

/**
 * @param {import('../core.js').Session} session
 * @param {ReturnType<typeof openSaves>} outputs
 * @param {NodeJS.WritableStream} text
 */
export function writeSaves(session, outputs, text) {
  for (const { path, format, images } of outputs) {
    writeWhole('save', path, session.save(format, images))
    text.write(`Saved ${path}\n`)
  }
}
