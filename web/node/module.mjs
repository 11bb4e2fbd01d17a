// The core for the command line in Node: the build's module, with or without threads.
import { existsSync, readFileSync } from 'node:fs'
import * as os from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { loadCore } from '../engine/worker/core.js'
import { UsageError } from './usage_error.mjs'

/** The folder of the project. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** @param {string} folder @param {string} script @param {string} wasm both in the folder @param {number} [threads] */
const loadFrom = (folder, script, wasm, threads) => loadCore({
  threads, moduleUrl: pathToFileURL(join(folder, script)).href, wasmBinary: new Uint8Array(readFileSync(join(folder, wasm))),
})

/** The core without threads: the one of the build, or the one in the site. */
export async function load() {
  const folder = [join(root, 'build', 'wasm'), join(root, 'build', 'site', 'engine', 'wasm')].find((each) => existsSync(join(each, 'reluscope.wasm')))
  if (folder) return loadFrom(folder, 'reluscope.mjs', 'reluscope.wasm')
  throw new UsageError('the WebAssembly core is not built; run web/start --build-only first')
}

/**
 * The core that trains with so many threads; 0: with all cores.
 * @param {import('../engine/worker/core.js').Core} single the one without threads @param {number} wanted
 */
export async function loadThreads(single, wanted) {
  const cores = os.availableParallelism?.() ?? os.cpus().length
  const threads = wanted === 0 ? cores : Math.min(wanted, cores)
  if (threads <= 1) return single
  const folder = join(root, 'build', 'wasm')
  if (existsSync(join(folder, 'reluscope-threads.wasm'))) return loadFrom(folder, 'reluscope-node.js', 'reluscope-threads.wasm', threads)
  if (wanted === 0) return single
  throw new UsageError('the WebAssembly core with threads is not built; run web/start --build-only first, or give --threads 1')
}
