// Data sets by name, folder or archive, from the files of the machine that Node runs on.
import { existsSync, openSync, readFileSync, readSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { constants, gunzipSync } from 'node:zlib'
import { inflateSync, unzlibSync } from 'fflate'
import { readFolder } from '../engine/worker/folder.js'
import { isZip, openZip } from '../engine/worker/zip.js'
import { wholeNumber } from './flags.mjs'
import { root } from './module.mjs'
import { withFile } from './output.mjs'
import { UsageError, inQuotes } from './usage_error.mjs'
/** @import { FileSource } from '../engine/worker/zip.js' */

/** Unpacks at most `most` bytes of a gzip file. Of a larger one only the first thousands of bytes are right; the core refuses it
 * by its length. @param {Uint8Array} packed @param {number} most */
function gunzip(packed, most) {
  try {
    return new Uint8Array(gunzipSync(packed, { maxOutputLength: most }))
  } catch (error) {
    const code = /** @type {{ code?: string }} */ (error).code
    if (code !== 'ERR_BUFFER_TOO_LARGE') throw new Error(code === 'Z_BUF_ERROR' ? 'its gzip data ends too early' : 'its gzip data is damaged')
  }
  const bytes = new Uint8Array(most)
  // The flush mode lets zlib stop in mid-stream.
  bytes.set(gunzipSync(packed.subarray(0, 1 << 15), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, most))
  return bytes
}

/** Most levels of folders, as in MNIST/raw or digits/train/7, and most files; as natively (native/files/data_files.cpp). */
const deepest = 4
const mostFiles = 2_000_000

/** The files of a folder and those in it. @param {string} top @returns {FileSource} */
function openDirectory(top) {
  /** @type {string[]} */
  const paths = []
  /** @param {string} below @param {number} depth */
  const walk = (below, depth) => {
    for (const entry of readdirSync(join(top, below), { withFileTypes: true })) {
      const path = below ? `${below}/${entry.name}` : entry.name
      const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && existsSync(join(top, path)) && statSync(join(top, path)).isDirectory())
      if (!isFolder) paths.push(path)
      else if (depth + 1 < deepest) walk(path, depth + 1)
      if (paths.length > mostFiles) throw new UsageError(`data: the folder ${inQuotes(top)} has more than ${mostFiles} files`)
    }
  }
  try {
    walk('', 0)
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(`data: the folder ${inQuotes(top)} cannot be read`)
  }
  return {
    paths,
    announced: () => 0,
    read: (path, most = Infinity) => {
      const whole = join(top, path)
      const about = statSync(whole)
      if (!about.isFile()) throw new Error('it is not a regular file')
      if (about.size <= most) return new Uint8Array(readFileSync(whole))
      const [file, bytes] = [openSync(whole, 'r'), new Uint8Array(most)]
      return withFile(file, () => bytes.subarray(0, readSync(file, bytes)))
    },
  }
}

/** @param {string} data a folder or archive, or the name of a data set that web/start prepares */
function findData(data) {
  if (data !== 'mnist' && data !== 'fashion-mnist') {
    if (existsSync(data)) return data
    throw new UsageError(`data: ${inQuotes(data)} does not exist; mnist, fashion-mnist, a folder or a .zip or .npz archive is allowed`)
  }
  const places = [join(root, 'build', 'data', data), ...(data === 'mnist' ? [] : ['/usr/share/datasets/fashion-mnist'])]
  const found = places.find((place) => existsSync(place))
  if (found) return found
  throw new UsageError(
    `data: ${data} is not in ${inQuotes(places[0])}; web/start --build-only fetches it, or give --data a folder of IDX files`,
  )
}

/** @param {string} path @returns {{source: FileSource, where: string}} */
function openData(path) {
  if (statSync(path).isDirectory()) return { source: openDirectory(path), where: `the folder ${inQuotes(path)}` }
  const refusal = (/** @type {string} */ why) => new UsageError(`data: ${inQuotes(path)} ${why}`)
  let bytes = new Uint8Array()
  try {
    if (statSync(path).isFile()) bytes = new Uint8Array(readFileSync(path))
  } catch {
    throw refusal('cannot be read')
  }
  if (!isZip(bytes)) throw refusal('is neither a folder nor a .zip or .npz archive; mnist, fashion-mnist or one of these is allowed')
  try {
    return { source: openZip(bytes, inflateSync), where: `the archive ${inQuotes(path)}` }
  } catch {
    throw refusal('is not a whole ZIP archive')
  }
}

/** @param {import('../engine/worker/core.js').Core} core @param {string} data @param {Record<string, string>} own flags, of which --max_data matters */
export function openDataset(core, data, own) {
  const megabytes = wholeNumber(own, 'max_data', 1_000_000)
  const { source, where } = openData(findData(data))
  return readFolder(core, data, where, source, { gunzip, unzlib: unzlibSync }, megabytes && megabytes * 2 ** 20)
}
