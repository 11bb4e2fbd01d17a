// Named files of this origin, for a worker: in its private file system, in IndexedDB if that is missing, and in memory
// if both are.

/**
 * @typedef {object} Files
 * @property {'file system' | 'database' | 'memory'} kind where they are; those in memory end with the worker
 * @property {(name: string) => Promise<Blob | undefined>} open
 * @property {(name: string, bytes: Uint8Array) => Promise<void>} write not atomic: a file may be found incomplete
 * @property {(name: string) => Promise<void>} remove
 * @property {() => Promise<string[]>} list
 */

const [folderName, table] = ['reluscope', 'files']

/** Whether an error of the browser has one of these names. @param {unknown} error @param {string[]} names */
export const isNamed = (error, ...names) => error instanceof DOMException && names.includes(error.name)

/** @returns {Promise<Files>} */
export async function openFiles() {
  try {
    // Firefox had the first before the second, and old Safaris have the first alone.
    if (typeof FileSystemFileHandle === 'function' && 'createSyncAccessHandle' in FileSystemFileHandle.prototype) {
      return privateFiles(await openFolder())
    }
  } catch {
    // Not available: some browsers refuse it in private windows.
  }
  return openDatabase().then(databaseFiles, memoryFiles)
}

/** Calls work(). If that fails because the user or the browser has cleared the storage meanwhile, opens the storage again
 * and calls work() once more.
 * @template T @param {() => Promise<T>} work @param {string} sign the name of that error @param {() => Promise<void>} openAnew */
async function alsoWhenCleared(work, sign, openAnew) {
  try {
    return await work()
  } catch (error) {
    if (!isNamed(error, sign)) throw error
    await openAnew()
    return work()
  }
}

const openFolder = async () => (await navigator.storage.getDirectory()).getDirectoryHandle(folderName, { create: true })

/** @param {FileSystemDirectoryHandle} folder @returns {Files} */
function privateFiles(folder) {
  /** The value if a file or the folder is missing. @template T @param {() => Promise<T>} work @param {T} value */
  const orMissing = (work, value) => work().catch((error) => {
    if (isNamed(error, 'NotFoundError')) return value
    throw error
  })
  return {
    kind: 'file system',
    open: (name) => orMissing(async () => (await folder.getFileHandle(name)).getFile(), /** @type {File | undefined} */ (undefined)),
    async write(name, bytes) {
      const access = await alsoWhenCleared(
        async () => /** @type {any} */ (await folder.getFileHandle(name, { create: true })).createSyncAccessHandle(),
        'NotFoundError', async () => void (folder = await openFolder()))
      try {
        access.truncate(0)
        if (access.write(bytes, { at: 0 }) !== bytes.length) throw new DOMException('the storage is full', 'QuotaExceededError')
        access.flush()
      } finally {
        access.close()
      }
    },
    remove: (name) => folder.removeEntry(name).catch(() => {}),
    // A cleared folder is not made again only to be listed: there may be no room for it.
    list: () => orMissing(async () => {
      const names = []
      for await (const name of /** @type {any} */ (folder).keys()) names.push(name)
      return names.sort()
    }, []),
  }
}

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((done, failed) => {
    const request = indexedDB.open(folderName, 2)
    request.onupgradeneeded = () => {
      if (!request.result.objectStoreNames.contains(table)) request.result.createObjectStore(table)
    }
    request.onsuccess = () => done(request.result)
    request.onerror = () => failed(request.error)
  })
}

/** @param {IDBDatabase} database @returns {Files} */
function databaseFiles(database) {
  /** @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} work @returns {Promise<T>} */
  const run = (mode, work) => alsoWhenCleared(() => new Promise((done, failed) => {
    const transaction = database.transaction(table, mode)
    const request = work(transaction.objectStore(table))
    transaction.oncomplete = () => done(request.result)
    transaction.onabort = () => failed(transaction.error ?? request.error)
  }), 'InvalidStateError', async () => void (database = await openDatabase()))
  return {
    kind: 'database',
    async open(name) {
      const bytes = await run('readonly', (store) => store.get(name))
      return bytes && new Blob([bytes])
    },
    write: async (name, bytes) => void (await run('readwrite', (store) => store.put(bytes, name))),
    remove: async (name) => void (await run('readwrite', (store) => store.delete(name))),
    list: async () => (await run('readonly', (store) => store.getAllKeys())).map(String).sort(),
  }
}

/** @returns {Files} */
export function memoryFiles() {
  /** @type {Map<string, Blob>} */
  const files = new Map()
  return {
    kind: 'memory',
    open: async (name) => files.get(name),
    write: async (name, bytes) => void files.set(name, new Blob([/** @type {any} */ (bytes)])),
    remove: async (name) => void files.delete(name),
    list: async () => [...files.keys()].sort(),
  }
}
