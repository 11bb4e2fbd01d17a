// Unpacked data sets in the origin's private file system, so that a page that is loaded again need neither fetch nor unpack
// them. Used inside the worker, as only workers can read such files synchronously. Browsers without synchronous access keep
// nothing: no other storage is faster than unpacking.
/** @import { FileReader } from '../worker/core.js' */
/** @import { Idx } from '../worker/fetch_data.js' */

const folderName = 'reluscope-data'
const parts = /** @type {const} */ (['trainImages', 'trainLabels', 'testImages', 'testLabels'])
const magic = 0x31444c52 // "RLD1"
/** Bytes before the files: magic and their lengths, written last, so that an incomplete file has none. */
const head = 4 * (1 + parts.length)
/** Bytes written at a time, so that the worker can train in between. */
const piece = 1 << 20

/** Throws if there is no such storage, or none with synchronous access. @param {boolean} create */
async function openFolder(create) {
  if (!('createSyncAccessHandle' in FileSystemFileHandle.prototype)) throw new Error('no synchronous access')
  return (await navigator.storage.getDirectory()).getDirectoryHandle(folderName, { create })
}

/** @param {FileSystemFileHandle} file @param {'readwrite' | 'read-only'} mode several tabs may read at a time @returns {Promise<any>} */
const access = (file, mode) => /** @type {any} */ (file).createSyncAccessHandle({ mode })

/**
 * Calls make() with the files of a stored data set, read straight from the storage; undefined if no whole one is stored.
 * @template T @param {string} name @param {string} version of its files, by the site @param {(files: Record<keyof Idx, FileReader>) => T} make
 */
export async function ofUnpacked(name, version, make) {
  const opened = openFolder(false).then((folder) => folder.getFileHandle(`${name}.${version}`)).then((file) => access(file, 'read-only'))
  const handle = await opened.catch(() => undefined)
  if (!handle) return undefined // never stored, open elsewhere, or no such storage
  try {
    const top = new Uint32Array(head / 4)
    handle.read(top, { at: 0 })
    const [mark, ...lengths] = top
    if (mark !== magic || lengths.reduce((sum, length) => sum + length, head) !== handle.getSize()) return undefined
    let next = head
    const files = Object.fromEntries(parts.map((part, i) => {
      let at = next
      next += lengths[i]
      return [part, { length: lengths[i], read: (/** @type {Uint8Array} */ place) => {
        const count = handle.read(place, { at })
        at += count
        return count
      } }]
    }))
    return make(/** @type {any} */ (files))
  } finally {
    handle.close()
  }
}

/** Stores a data set in place of its other versions. Ignores errors. @param {string} name @param {string} version @param {Idx} files */
export async function keepUnpacked(name, version, files) {
  const folder = await openFolder(true).catch(() => undefined)
  if (!folder) return
  await forgetUnpacked(name)
  let handle
  let whole = false
  try {
    handle = await access(await folder.getFileHandle(`${name}.${version}`, { create: true }), 'readwrite')
    let at = head
    for (const part of parts) {
      for (let i = 0; i < files[part].length; i += piece) {
        at += handle.write(files[part].subarray(i, i + piece), { at })
        await new Promise((done) => setTimeout(done))
      }
    }
    handle.flush()
    const lengths = parts.map((part) => files[part].length)
    whole = at === lengths.reduce((sum, length) => sum + length, head) && handle.write(Uint32Array.of(magic, ...lengths), { at: 0 }) === head
  } catch {
    // The storage is full, or another tab writes it.
  } finally {
    handle?.close()
  }
  if (handle && !whole) await folder.removeEntry(`${name}.${version}`).catch(() => {})
}

/** Removes all versions of a data set. @param {string} name @returns {Promise<undefined>} */
export async function forgetUnpacked(name) {
  try {
    const folder = await openFolder(false)
    for await (const file of /** @type {any} */ (folder).keys()) if (file.startsWith(`${name}.`)) await folder.removeEntry(file)
  } catch {
    // There is no such storage, or it is open in another tab.
  }
}
