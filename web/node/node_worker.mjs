// The worker's surroundings in Node as a browser has them: itself under the name self, messages as events, and fetch for
// files. All of this is in a thread of its own, which has nothing else in it.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'

const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort)
/** @type {any} */
const scope = globalThis
const { fetch: fetchWeb } = globalThis

scope.self = scope
scope.postMessage = (/** @type {any} */ message, /** @type {any[]} */ transfer) => port.postMessage(message, transfer)
scope.fetch = async (/** @type {string | URL} */ url) => {
  const address = new URL(url)
  if (address.protocol !== 'file:') return fetchWeb(address)
  const bytes = await readFile(address).catch(() => undefined)
  if (!bytes) return new Response(null, { status: 404, statusText: `there is no file ${fileURLToPath(address)}` })
  return new Response(/** @type {any} */ (bytes), { headers: { 'Content-Length': String(bytes.length) } })
}

await import(workerData)
port.on('message', (data) => scope.onmessage({ data }))
