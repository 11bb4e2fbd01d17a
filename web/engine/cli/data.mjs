// Data sets by name, folder or archive, from the files of the machine that Node runs on.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { constants, gunzipSync } from 'node:zlib'
import { inflateSync, unzlibSync } from 'fflate'
import { announcedSize, readFolder } from '../folder.js'
import { isZip, openZip } from '../zip.js'
import { root } from './module.mjs'
import { UsageError, inQuotes } from './usage_error.mjs'

/**
 * Unpacks a gzip file, to at most one byte more than its IDX header announces, so that a small file cannot fill
 * the memory; that one byte makes the core refuse it.
 * @param {Uint8Array} packed
 */
function gunzip(packed) {
  /** @type {Buffer} */
  let head
  try {
    // The flush mode lets zlib stop in mid-stream: the beginning is enough for the header.
    head = gunzipSync(packed.subarray(0, 4096), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, 16)
  } catch {
    throw new Error('it is damaged gzip data')
  }
  const most = announcedSize(head) + 1
  try {
    return new Uint8Array(gunzipSync(packed, { maxOutputLength: most }))
  } catch (error) {
    const code = /** @type {{ code?: string }} */ (error).code
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      const bytes = new Uint8Array(most)
      bytes.set(head)
      return bytes
    }
    throw new Error(code === 'Z_BUF_ERROR' ? 'its gzip data ends too early' : 'its gzip data is damaged')
  }
}

/** Folders in folders: MNIST/raw, or digits/train/7. As natively (native/file_source.cpp). */
const deepest = 4
const mostFiles = 2_000_000

/**
 * The files of a folder and those in it.
 * @param {string} top
 * @returns {import('../zip.js').FileSource}
 */
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
    read: (path) => {
      if (!statSync(join(top, path)).isFile()) throw new Error('it is no file')
      return new Uint8Array(readFileSync(join(top, path)))
    },
  }
}

/** @param {string} data a folder or archive, or the name of a data set that web/start prepares */
function findData(data) {
  if (data !== 'mnist' && data !== 'fashion-mnist') {
    if (existsSync(data)) return data
    throw new UsageError(`data: ${inQuotes(data)} does not exist; mnist, fashion-mnist, a folder or a .zip or .npz archive is allowed`)
  }
  const places = [join(root, 'build', 'data', data)]
  if (data === 'fashion-mnist') places.push('/usr/share/datasets/fashion-mnist')
  const found = places.find((place) => existsSync(place))
  if (found) return found
  throw new UsageError(
    `data: ${data} is not in ${inQuotes(places[0])}; web/start --build-only fetches it, or give --data a folder of IDX files`,
  )
}

/** @param {string} path @returns {{source: import('../zip.js').FileSource, where: string}} */
function openData(path) {
  if (statSync(path).isDirectory()) return { source: openDirectory(path), where: `the folder ${inQuotes(path)}` }
  /** @type {Uint8Array} */
  let bytes = new Uint8Array()
  try {
    if (statSync(path).isFile()) bytes = new Uint8Array(readFileSync(path))
  } catch {
    throw new UsageError(`data: ${inQuotes(path)} cannot be read`)
  }
  if (!isZip(bytes)) {
    throw new UsageError(`data: ${inQuotes(path)} is neither a folder nor a .zip or .npz archive; mnist, fashion-mnist or one of these is allowed`)
  }
  try {
    return { source: openZip(bytes, inflateSync), where: `the archive ${inQuotes(path)}` }
  } catch {
    throw new UsageError(`data: ${inQuotes(path)} is not a whole ZIP archive`)
  }
}

/**
 * @param {import('../core.js').Core} core
 * @param {string} data
 */
export function openDataset(core, data) {
  const { source, where } = openData(findData(data))
  return readFolder(core, data, where, source, { gunzip, unzlib: unzlibSync })
}
