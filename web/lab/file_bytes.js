// Reads the files that the user has opened. They are read again for each engine that needs them.
import { words } from '../words/words.js'

/** @typedef {{path: string, file: File}} Found */

/** The current contents of the files. @param {Found[]} found */
export function bytesOfAll(found) {
  return Promise.all(found.map(async ({ path, file }) => {
    try {
      return { path, bytes: new Uint8Array(await file.arrayBuffer()) }
    } catch {
      throw new Error(words.lab.fileBytes.unreadable(path))
    }
  }))
}
