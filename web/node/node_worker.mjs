// Gives the engine's worker, in a thread of Node's, the globals that a browser's worker has: self, messages as events, and fetch
// for files.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort)
/** @type {any} */
const scope = globalThis
const { fetch: fetchWeb } = globalThis

scope.self = scope
scope.postMessage = port.postMessage.bind(port)
scope.fetch = async (/** @type {string | URL} */ url) => {
  const address = new URL(url)
  if (address.protocol !== 'file:') return fetchWeb(address)
  const bytes = await readFile(address).catch(() => undefined)
  if (!bytes) return new Response(null, { status: 404, statusText: `there is no file ${fileURLToPath(address)}` })
  return new Response(/** @type {any} */ (bytes), { headers: { 'Content-Length': String(bytes.length) } })
}

await import(workerData)
port.on('message', (data) => scope.onmessage({ data }))
