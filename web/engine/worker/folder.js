// Makes a data set of a folder or an archive: the core classifies the files by their paths and receives their bytes.
import { CoreError } from './core.js'
import { decodePng } from './png.js'

/** Of 4096 x 4096 pixels, stored without compression. */
const mostPng = 2 ** 28

/**
 * @typedef {(packed: Uint8Array, most: number) => Uint8Array} Gunzip unpacks at most `most` bytes; the message of an error is the
 *   reason alone
 *
 * @param {import('./core.js').Core} core @param {string} name of the data set
 * @param {string} where the source, for messages: 'the folder "digits"' @param {import('./zip.js').FileSource} source
 * @param {{unzlib: import('./zip.js').Inflate, gunzip: Gunzip}} tools
 * @param {number} [most] bytes of the unpacked data; a GiB by default
 */
export function readFolder(core, name, where, source, tools, most) {
  /** @template T @param {string} path @param {string} what @param {() => T} work @returns {T} */
  const attempt = (path, what, work) => {
    try {
      return work()
    } catch (error) {
      throw new CoreError(`data: ${JSON.stringify(path)} in ${where} ${what}: ${error instanceof Error ? error.message : error}`)
    }
  }
  const folder = core.openFolder(source.paths, where, most)
  try {
    const files = folder.files()
    if (files.length > 0) {
      const headBytes = core.registry().head_bytes
      const [trainImages, trainLabels, testImages, testLabels] = files.map((path) => {
        const read = (/** @type {() => Uint8Array} */ work) => attempt(path, 'cannot be read', work)
        const head = read(() => source.read(path, headBytes))
        const size = source.announced(path)
        if (head[0] !== 0x1f || head[1] !== 0x8b) {
          const wanted = folder.bytesOfFile(path, head, size)
          return read(() => source.read(path, size === 0 ? Infinity : wanted))
        }
        folder.claim(path, size)
        const packed = read(() => source.read(path))
        const unpacked = read(() => tools.gunzip(packed, headBytes))
        const wanted = folder.bytesOfFile(path, unpacked, 0)
        return unpacked.length < headBytes || wanted <= headBytes ? unpacked.subarray(0, wanted) : read(() => tools.gunzip(packed, wanted))
      })
      return core.createDataset({ name, trainImages, trainLabels, testImages, testLabels })
    }
    for (let path = folder.next(); path; path = folder.next()) {
      const bytes = attempt(path, 'cannot be read', () => {
        if (source.announced(path) > mostPng) throw new Error(`it has ${source.announced(path)} bytes, but a PNG image may have at most ${mostPng}`)
        return source.read(path)
      })
      const image = attempt(path, 'is not a whole PNG image', () => decodePng(bytes, tools.unzlib))
      folder.add(image.height, image.width, image.channels, image.pixels)
    }
    return folder.finish(name)
  } finally {
    folder.delete()
  }
}
