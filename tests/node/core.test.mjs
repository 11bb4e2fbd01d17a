// Transfer of bytes into the core: arrays, and readers that fill one piece of memory after another, give the same data
// set.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { CoreError, loadCore } from '../../web/engine/worker/core.js'
import { root, smallFiles } from './support.mjs'

const open = () => loadCore({
  moduleUrl: pathToFileURL(join(root, 'build/wasm/reluscope.mjs')).href, wasmBinary: new Uint8Array(readFileSync(join(root, 'build/wasm/reluscope.wasm'))),
})

/** A reader of bytes. @param {Uint8Array} bytes @param {number} [short] number of missing bytes at the end */
function readerOf(bytes, short = 0) {
  let at = 0
  return { length: bytes.length, read: (/** @type {Uint8Array} */ place) => {
    const next = bytes.subarray(at, Math.min(at + place.length, bytes.length - short))
    place.set(next)
    at += next.length
    return next.length
  } }
}

/** 1.6 MB of images, more than one piece. */
const [trainImages, trainLabels, testImages, testLabels] = Object.values(smallFiles()).map((bytes) => new Uint8Array(bytes))
const files = { trainImages, trainLabels, testImages, testLabels }
const readers = () => Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, readerOf(bytes)]))

test('readers give the same data set as arrays', async () => {
  const core = await open()
  const [one, two] = [core.createDataset({ name: 'small', ...files }), core.createDataset({ name: 'small', .../** @type {any} */ (readers()) })]
  assert.deepEqual(two.info(), one.info())
  assert.equal(one.info().train, 2000)
  for (const index of [0, 1336, 1337, 1338, 1999]) {  // the second piece starts in image 1337
    assert.deepEqual(two.image('train', index), one.image('train', index))
    assert.deepEqual(two.image('train', index).pixels, trainImages.slice(16 + 784 * index, 16 + 784 * (index + 1)))
  }
})

test('a reader with missing bytes is rejected, in the first piece or a later one, without a leak', async () => {
  const core = await open()
  for (const [name, short] of /** @type {const} */ ([['trainLabels', 1], ['trainImages', 500_000], ['trainImages', 1_500_000]])) {
    const { length } = files[name]
    assert.throws(() => core.createDataset(/** @type {any} */ ({ name: 'small', ...readers(), [name]: readerOf(files[name], short) })),
      new CoreError(`a file has ${length - short} bytes of the ${length} that it should have`))
  }
  assert.throws(() => core.createDataset(/** @type {any} */ ({ name: 'small', ...files, testLabels: [1, 2] })), new CoreError('testLabels must be a Uint8Array'))
  assert.equal(core.createDataset({ name: 'small', ...files }).info().train, 2000)
})
