// The unpacked data set in the browser's storage: the next page reads it instead of fetching it. It fetches the data
// set again if the stored one has another version, is truncated or is not a data set.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { headless, trainJson } from '../node/support.mjs'
import { onCutData } from './cut.mjs'
import { openPage, openSite, trainToTheEnd } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

const hash = '#model=dense+16+|+relu+|+dense+10&epochs=1&train_samples=3000'

/** @typedef {import('./support.mjs').Page} Page */

/**
 * The stored files: name and size. Optionally damages them first.
 * @param {Page} page @param {'none' | 'cut' | 'header' | 'version' | 'label'} [damage]
 */
function kept(page, damage = 'none') {
  return page.evaluate(async (how) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('reluscope-data', { create: true })
    const sizes = /** @type {Record<string, number>} */ ({})
    for await (const [name, handle] of /** @type {any} */ (folder).entries()) {
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer())
      sizes[name] = new DataView(bytes.buffer).getUint32(0, true) === 0 ? 0 : bytes.length
      if (how === 'none') continue
      const target = how === 'version' ? await folder.getFileHandle(`${name}0`, { create: true }) : handle
      const [, images] = new Uint32Array(bytes.buffer, 0, 2)
      if (how === 'header') bytes[20] ^= 0xff // the first byte of the training images
      if (how === 'label') bytes[20 + images + 8 + 5] = 200
      const writable = await target.createWritable()
      await writable.write(how === 'cut' ? bytes.subarray(0, bytes.length - 1) : bytes)
      await writable.close()
      if (how === 'version') await folder.removeEntry(name)
    }
    return sizes
  }, damage)
}

/**
 * Reloads the page and trains. Returns the hash of the weights and the number of requested files of the data set.
 * @param {Page} page
 */
async function trainedAgain(page) {
  let fetched = 0
  page.on('request', (request) => (fetched += Number(/data\/mnist\/.*\.gz$/.test(request.url()))))
  await page.reload()
  await page.waitForSelector('body[data-ready]')
  const sum = await trainToTheEnd(page)
  return { sum, fetched }
}

/** Waits until the storage has the whole data set. @param {Page} page */
async function waitForKept(page) {
  for (let i = 0; i < 200; i++) {
    const sizes = Object.values(await kept(page))
    if (sizes.length === 1 && sizes[0] > 12_000 * 784) return
    await page.waitForTimeout(100)
  }
  assert.fail(`kept are ${JSON.stringify(await kept(page))}`)
}

test('a reloaded page uses the stored unpacked data set and trains to the same weights', async () => {
  const expected = trainJson(headless, ['--model', 'dense 16 | relu | dense 10', '--epochs', '1', '--train_samples', '3000', ...onCutData]).hash
  const { page, troubles, close } = await openPage(site, { hash })
  await waitForKept(page)
  assert.deepEqual(await trainedAgain(page), { sum: expected, fetched: 0 })
  for (const damage of /** @type {const} */ (['cut', 'header', 'label', 'version'])) {
    await kept(page, damage)
    const { sum, fetched } = await trainedAgain(page)
    assert.equal(sum, expected, damage)
    assert.ok(fetched >= 4, `${damage}: ${fetched} files were fetched`)
    await waitForKept(page)
  }
  assert.deepEqual(troubles, [])
  await close()
})

test('with full storage no data set is stored, and the page works', async () => {
  const { page, troubles, close } = await openPage(site, { hash, prepare: async (context) => {
    const session = await context.newCDPSession(await context.newPage())
    await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize: 4e6 })
  } })
  await page.waitForTimeout(3000)
  assert.deepEqual(await kept(page), {})
  const { fetched } = await trainedAgain(page)
  assert.ok(fetched >= 4)
  assert.deepEqual(troubles, [])
  await close()
})
