// Files that somebody opened, which engines are given anew each time they need them.

/** @typedef {{path: string, file: File}} Found */

/** What is in files now, for an engine. @param {Found[]} found */
export function bytesOfAll(found) {
  return Promise.all(found.map(async ({ path, file }) => {
    try {
      return { path, bytes: new Uint8Array(await file.arrayBuffer()) }
    } catch {
      throw new Error(`${path} cannot be read any more: open the data again in the Data section`)
    }
  }))
}
