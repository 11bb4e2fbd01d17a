// Reads ZIP archives (and .npz, which are ZIPs of .npy) in pages and in Node. fflate unpacks the entries, but it compares no
// checksums and has no size limit, so this file reads the directory itself.
import { crc32 } from '../storage/crc32.js'

/**
 * @typedef {object} FileSource named files
 * @property {string[]} paths
 * @property {(path: string) => number} announced the unpacked size of a file by its archive's directory; 0 for a file on disk
 * @property {(path: string, most?: number) => Uint8Array} read its first bytes, at most `most`; the message of an error is the
 *   reason alone
 * @typedef {(packed: Uint8Array, options: {out: Uint8Array}) => Uint8Array} Inflate
 *   fills `out` as far as there is data, and returns the filled part
 */

/** The most bytes that one byte of deflate data can stand for. */
export const mostOfOneByte = 1032

/** @param {Uint8Array} bytes */
export function isZip(bytes) {
  return bytes[0] === 0x50 && bytes[1] === 0x4b
}

/** @param {Uint8Array} bytes the whole archive @param {Inflate} inflate for raw deflate data @returns {FileSource} */
export function openZip(bytes, inflate) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries = readDirectory(bytes, view)
  return {
    paths: [...entries.keys()],
    announced: (path) => (entries.has(path) ? view.getUint32(Number(entries.get(path)) + 24, true) : 0),
    read(path, most = Infinity) {
      const at = entries.get(path)
      if (at === undefined) throw new Error('the archive does not have it')
      const [flags, method] = [8, 10].map((field) => view.getUint16(at + field, true))
      const [crc, packedSize, size, offset] = [16, 20, 24, 42].map((field) => view.getUint32(at + field, true))
      if (flags & 1) throw new Error('it is encrypted')
      if (method !== 0 && method !== 8) throw new Error(`its compression method is ${method}, but only 0 and 8 can be read`)
      if (offset + 30 > bytes.length || view.getUint32(offset, true) !== 0x04034b50) throw new Error('its place in the archive is damaged')
      const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true)
      const packed = bytes.subarray(start, start + packedSize)
      if (packed.length !== packedSize) throw new Error('the archive is truncated')
      if (size > packedSize * mostOfOneByte) throw new Error('it announces more than it can hold')
      const wanted = Math.min(size, most)
      let content
      try {
        content = method === 0 ? packed.slice(0, wanted) : inflate(packed, { out: new Uint8Array(wanted) })
      } catch {
        throw new Error('its data is damaged')
      }
      if (content.length !== wanted || (wanted === size && crc32(content) !== crc)) throw new Error('its data is damaged')
      return content
    },
  }
}

/** The place of each file's entry in the directory, by its path; of the first of equal paths. @param {Uint8Array} bytes @param {DataView} view */
function readDirectory(bytes, view) {
  /** @returns {never} */
  const refuse = () => {
    throw new Error('it is not a whole ZIP archive')
  }
  // The directory's end is the last 22 bytes, unless a comment of up to 65,535 follows.
  let end = bytes.length - 22
  const first = Math.max(0, end - 0xffff)
  while (end >= first && view.getUint32(end, true) !== 0x06054b50) end -= 1
  if (end < first) refuse()
  let count = view.getUint16(end + 10, true)
  let at = view.getUint32(end + 16, true)
  if ((count === 0xffff || at === 0xffffffff) && end >= 20 && view.getUint32(end - 20, true) === 0x07064b50) {
    // ZIP64, which archives of more than 65,535 files are.
    const end64 = Number(view.getBigUint64(end - 12, true))
    if (end64 + 56 > bytes.length || view.getUint32(end64, true) !== 0x06064b50) refuse()
    count = Number(view.getBigUint64(end64 + 32, true))
    at = Number(view.getBigUint64(end64 + 48, true))
  }
  /** @type {Map<string, number>} */
  const entries = new Map()
  const decoder = new TextDecoder()
  for (let i = 0; i < count; ++i) {
    if (at + 46 > bytes.length || view.getUint32(at, true) !== 0x02014b50) refuse()
    const nameEnd = at + 46 + view.getUint16(at + 28, true)
    const path = decoder.decode(bytes.subarray(at + 46, nameEnd))
    if (!path.endsWith('/') && !entries.has(path)) entries.set(path, at)
    at = nameEnd + view.getUint16(at + 30, true) + view.getUint16(at + 32, true)
  }
  return entries
}
