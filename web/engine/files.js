// Named files of this origin, for a worker: in its private file system, or in IndexedDB where that is missing.

/**
 * @typedef {object} Files
 * @property {string} kind where they are
 * @property {(name: string) => Promise<Uint8Array | undefined>} read
 * @property {(name: string, bytes: Uint8Array) => Promise<void>} write not all at once: a file may be found cut short
 * @property {(name: string) => Promise<void>} remove
 * @property {() => Promise<string[]>} list
 */

const folderName = 'reluscope'

/** @returns {Promise<Files>} */
export async function openFiles() {
  try {
    const root = await navigator.storage.getDirectory()
    const folder = await root.getDirectoryHandle(folderName, { create: true })
    if (typeof FileSystemFileHandle === 'function' && 'createSyncAccessHandle' in FileSystemFileHandle.prototype) return privateFiles(folder)
  } catch {
    // Not here, or not now: some browsers refuse it to private windows.
  }
  return databaseFiles(await openDatabase())
}

/** @param {FileSystemDirectoryHandle} folder @returns {Files} */
function privateFiles(folder) {
  return {
    kind: 'file system',
    async read(name) {
      try {
        const file = await (await folder.getFileHandle(name)).getFile()
        return new Uint8Array(await file.arrayBuffer())
      } catch (error) {
        if (error instanceof DOMException && error.name === 'NotFoundError') return undefined
        throw error
      }
    },
    async write(name, bytes) {
      const handle = await folder.getFileHandle(name, { create: true })
      const access = await /** @type {any} */ (handle).createSyncAccessHandle()
      try {
        access.truncate(0)
        if (access.write(bytes, { at: 0 }) !== bytes.length) throw new DOMException('the storage is full', 'QuotaExceededError')
        access.flush()
      } finally {
        access.close()
      }
    },
    remove: (name) => folder.removeEntry(name).catch(() => {}),
    async list() {
      const names = []
      for await (const name of /** @type {any} */ (folder).keys()) names.push(name)
      return names.sort()
    },
  }
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((done, failed) => {
    const request = indexedDB.open(folderName, 1)
    request.onupgradeneeded = () => request.result.createObjectStore('files')
    request.onsuccess = () => done(request.result)
    request.onerror = () => failed(request.error)
  })
}

/** @param {IDBDatabase} database @returns {Files} */
function databaseFiles(database) {
  /** @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} work @returns {Promise<T>} */
  const run = (mode, work) => new Promise((done, failed) => {
    const transaction = database.transaction('files', mode)
    const request = work(transaction.objectStore('files'))
    transaction.oncomplete = () => done(request.result)
    transaction.onabort = () => failed(transaction.error ?? request.error)
  })
  return {
    kind: 'database',
    read: (name) => run('readonly', (store) => store.get(name)),
    write: async (name, bytes) => void (await run('readwrite', (store) => store.put(bytes, name))),
    remove: async (name) => void (await run('readwrite', (store) => store.delete(name))),
    list: async () => (await run('readonly', (store) => store.getAllKeys())).map(String).sort(),
  }
}
