// The user's data in the browser: an archive and a folder of PNG images give the weights of the native program.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { zipSync } from 'fflate'
import { png } from '../node/formats.mjs'
import { native, temporaryFolder, trainJson } from '../node/support.mjs'
import { openPage, openSite } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/** Colour and grey images of three classes, some half transparent, one interlaced. */
const files = Object.fromEntries(Array.from({ length: 60 }, (_, i) => {
  const type = [0, 2, 6][i % 3]
  const values = Array.from({ length: 6 * 5 * [1, 0, 3, 1, 2, 0, 4][type] }, (_, k) => (i * 37 + k * (11 + i)) % 256)
  return [`shapes/${['disc', 'ring', 'star'][i % 3]}/${i}.png`, png(6, 5, 8, type, values, { interlace: i === 7 })]
}))

const folder = join(temporaryFolder(), 'mine')
for (const [path, bytes] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), bytes)
}
const config = { model: 'dense 8 | relu | dense 3', epochs: 3, batch: 10, augment_rotate: 20, augment_elastic: 5, validation: 6 }

/**
 * The result of a separate engine in the page for these files.
 * @param {import('playwright-core').Page} page
 * @param {Record<string, Uint8Array>} given
 */
function trainInPage(page, given) {
  const texts = Object.entries(given).map(([path, bytes]) => [path, Buffer.from(bytes).toString('base64')])
  return page.evaluate(async ({ texts, settings }) => {
    const address = new URL('engine/engine.js', document.baseURI).href
    const { createEngine } = await import(address)
    const engine = await createEngine()
    const bytesOf = (/** @type {string} */ text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
    try {
      const info = await engine.addData('mine', texts.map(([path, text]) => ({ path, bytes: bytesOf(text) })))
      const run = await engine.configure({ ...settings, data: 'mine' })
      const versions = await engine.augmented(0, 2)
      const done = new Promise((resolve) => engine.on('done', resolve))
      await engine.train()
      const { weightsSha256 } = /** @type {any} */ (await done)
      // A second run on the same data after a run on another data set.
      await engine.configure({ data: 'mnist', epochs: 1 })
      await engine.configure({ ...settings, data: 'mine' })
      return { info, trainSamples: run.trainSamples, bytes: versions.length, hash: weightsSha256 }
    } finally {
      engine.close()
    }
  }, { texts, settings: config })
}

test('an archive and the files of a folder', async () => {
  const args = Object.entries(config).flatMap(([name, value]) => [`--${name}`, String(value)])
  const expected = trainJson(native, ['--data', folder, ...args])
  const { page, troubles, close } = await openPage(site)
  const archive = zipSync(Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, new Uint8Array(bytes)])))
  for (const given of [files, { 'shapes.zip': archive }]) {
    const { info, trainSamples, bytes, hash } = await trainInPage(page, given)
    assert.deepEqual(info.class_names, ['disc', 'ring', 'star'])
    assert.deepEqual([info.width, info.height, info.train, info.test], [6, 5, 50, 10])
    assert.equal(trainSamples, 44)
    assert.equal(bytes, 2 * 30)
    assert.equal(hash, expected.hash)
  }
  assert.deepEqual(troubles, [])
  await close()
})

test('invalid files are rejected with an error', async () => {
  const { page, close } = await openPage(site)
  await assert.rejects(trainInPage(page, { 'a/notes.txt': Buffer.from('hello') }), /holds no data set/)
  const [first] = Object.keys(files)
  await assert.rejects(trainInPage(page, { ...files, [first]: files[first].subarray(0, 50) }), /is not a whole PNG image: the file is truncated/)
  await close()
})
