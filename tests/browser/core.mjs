// Opens the core in this process with the images of the page, so that the tests in Chromium can compare the two.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { loadCore } from '../../web/engine/worker/core.js'
import { root } from '../node/support.mjs'
import { cutData } from './cut.mjs'

export async function openCore() {
  const folder = join(root, 'build/wasm')
  const core = await loadCore({
    moduleUrl: pathToFileURL(join(folder, 'reluscope.mjs')).href, wasmBinary: new Uint8Array(readFileSync(join(folder, 'reluscope.wasm'))),
  })
  const bytes = (/** @type {string} */ name) => new Uint8Array(readFileSync(join(cutData, name)))
  const dataset = core.createDataset({
    name: 'mnist',
    trainImages: bytes('train-images-idx3-ubyte'), trainLabels: bytes('train-labels-idx1-ubyte'),
    testImages: bytes('t10k-images-idx3-ubyte'), testLabels: bytes('t10k-labels-idx1-ubyte'),
  })
  return { core, dataset }
}

/**
 * A session after a number of steps.
 * @param {Awaited<ReturnType<typeof openCore>>} opened @param {[string, string][]} fields @param {number} [steps]
 */
export function sessionAt({ core, dataset }, fields, steps = 0) {
  const session = core.createSession(dataset, core.parse([...fields, ['threads', '1']]))
  for (let i = 0; i < steps; i++) session.advance()
  return session
}
