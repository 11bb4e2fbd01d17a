// The engine in Node: the same as engine.js gives a page, with the worker in a thread of Node's.
//
//   import { createEngine } from 'reluscope/node'
//
// Needs the built site (web/start --build-only), whose module and data it takes.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { Engine, EngineError } from '../engine/engine.js'
import { root } from './module.mjs'

export { Engine, EngineError }

/**
 * Starts a worker and loads the core into it. Call close() at the end: a worker keeps Node running.
 * @param {object} [options]
 * @param {string} [options.site] path of the built site; that of this package by default
 * @param {string} [options.dataUrl] address of a folder of data sets with index.json in it, if not the site's
 */
export async function createEngine({ site = join(root, 'build', 'site'), dataUrl } = {}) {
  const folder = join(site, 'engine')
  const binary = join(folder, 'wasm', 'reluscope.wasm')
  if (!existsSync(binary)) throw new EngineError(`${binary} is missing: build the site with web/start --build-only`)
  // A worker of Node's with the handlers that a browser's has.
  const start = () => {
    const worker = /** @type {any} */ (new Worker(new URL('./node_worker.mjs', import.meta.url), { workerData: pathToFileURL(join(folder, 'worker/worker.js')).href }))
    worker.on('message', (/** @type {any} */ data) => worker.onmessage({ data }))
    worker.on('error', (/** @type {Error} */ error) => worker.onerror({ message: error.message, preventDefault() {} }))
    return worker
  }
  return Engine.open(start, {
    dataUrl: dataUrl ?? pathToFileURL(join(site, 'data/')).href,
    core: { moduleUrl: pathToFileURL(join(folder, 'wasm', 'reluscope.mjs')).href, wasmBinary: new Uint8Array(readFileSync(binary)) },
  })
}
