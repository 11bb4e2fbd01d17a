// Makes a data set of a folder or an archive: the core tells from the paths what is what, and gets bytes.
import { CoreError } from './core.js'
import { decodePng } from './png.js'

/**
 * @typedef {object} Tools
 * @property {import('./zip.js').Inflate} unzlib
 * @property {(packed: Uint8Array) => Uint8Array} gunzip throws an Error with the reason alone
 */

/**
 * @param {import('./core.js').Core} core
 * @param {string} name what the data set will be called
 * @param {string} where what it is read from, for messages: 'the folder "digits"'
 * @param {import('./zip.js').FileSource} source
 * @param {Tools} tools
 * @returns {import('./core.js').Dataset}
 */
export function readFolder(core, name, where, source, tools) {
  /** @template T @param {string} path @param {string} what @param {() => T} work @returns {T} */
  const attempt = (path, what, work) => {
    try {
      return work()
    } catch (error) {
      throw new CoreError(`data: ${JSON.stringify(path)} in ${where} ${what}: ${error instanceof Error ? error.message : error}`)
    }
  }
  const folder = core.openFolder(source.paths, where)
  try {
    const files = folder.files()
    if (files.length > 0) {
      const [trainImages, trainLabels, testImages, testLabels] = files.map((path) => attempt(path, 'cannot be read', () => {
        const bytes = source.read(path)
        return bytes[0] === 0x1f && bytes[1] === 0x8b ? tools.gunzip(bytes) : bytes
      }))
      return core.createDataset({ name, trainImages, trainLabels, testImages, testLabels })
    }
    for (let path = folder.next(); path; path = folder.next()) {
      const bytes = attempt(path, 'cannot be read', () => source.read(path))
      const image = attempt(path, 'is not a whole PNG image', () => decodePng(bytes, tools.unzlib))
      folder.add(image.height, image.width, image.channels, image.pixels)
    }
    return folder.finish(name)
  } finally {
    folder.delete()
  }
}

/**
 * How many bytes an IDX file has to have, from its first 16; as many as were given if they are no IDX header.
 * @param {Uint8Array} head
 */
export function announcedSize(head) {
  if (head.length < 4 || head[3] === 0 || head[3] > 3) return head.length
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength)
  let size = 1
  for (let at = 4; at < 4 + 4 * head[3] && at + 4 <= head.length; at += 4) {
    size *= view.getUint32(at)
    if (size > largestFile) return head.length
  }
  return 4 + 4 * head[3] + size
}

/** What WebAssembly can hold at all. */
const largestFile = 2 ** 31
