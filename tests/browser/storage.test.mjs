// What the browser keeps: a run that is stopped anywhere goes on after a reload with the bits it would have had; a slot
// that is damaged, and storage that is full.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openPage, openSite, press, stepOf, waitForState, waitForStep, weightsHash } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => { site = await openSite() })
after(() => site?.close())

const hash = '#model=dense+32+%7C+relu+%7C+dense+10&epochs=2&batch=128'
const seed = Number(process.env.RELUSCOPE_TEST_SEED ?? 20240607)

/** @typedef {import('./support.mjs').Page} Page */

/** @param {Page} page */
async function trainToTheEnd(page) {
  await press(page, 'Train')
  await waitForState(page, 'finished')
  return weightsHash(page)
}

/** Trains at least so far, pauses, and waits until that is kept. @param {Page} page @param {number} step */
async function trainAndStop(page, step) {
  await press(page, 'Train')
  await waitForStep(page, step)
  await press(page, 'Pause')
  await waitForState(page, 'paused')
  await page.waitForTimeout(1500)
  return stepOf(page)
}

/** @param {Page} page */
async function reload(page) {
  await page.reload()
  await page.waitForSelector('body[data-ready]')
}

test('a run stopped at a random step goes on after a reload as if it had not been stopped', async (t) => {
  t.diagnostic(`seed ${seed}`)
  const { page, troubles, close } = await openPage(site, { hash })
  const whole = await trainToTheEnd(page)
  await page.waitForTimeout(1000)
  await reload(page)
  await press(page, 'Discard')
  const stopped = await trainAndStop(page, 20 + (seed % 500))
  await reload(page)
  assert.match(await page.locator('.notice').innerText(), new RegExp(`can go on[\\s\\S]*dense 32 \\| relu \\| dense 10 on mnist: ${stopped} steps of`))
  await press(page, 'Continue')
  await waitForState(page, 'paused')
  assert.equal(await stepOf(page), stopped)
  assert.equal(await trainToTheEnd(page), whole)
  assert.deepEqual(troubles, [])
  await close()
})

/** A run that does not end while it is looked at. */
const long = '#model=dense+32+%7C+relu+%7C+dense+10&epochs=100'

/** What the two slots say of themselves, the newest first. @param {Page} page @param {boolean} damage the newest */
function slots(page, damage = false) {
  return page.evaluate(async (damaged) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('reluscope')
    const found = await Promise.all(['auto-0', 'auto-1'].map(async (name) => {
      const handle = await folder.getFileHandle(name)
      const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer())
      const view = new DataView(bytes.buffer)
      const about = JSON.parse(new TextDecoder().decode(bytes.subarray(32, 32 + view.getUint32(16, true))))
      return { handle, bytes, sequence: view.getFloat64(8, true), step: /** @type {number} */ (about.step) }
    }))
    found.sort((a, b) => b.sequence - a.sequence)
    if (damaged) {
      found[0].bytes[found[0].bytes.length >> 1] ^= 1
      const writable = await found[0].handle.createWritable()
      await writable.write(found[0].bytes)
      await writable.close()
    }
    return found.map(({ step }) => step)
  }, damage)
}

test('a damaged slot is passed over for the one before', async () => {
  const { page, close } = await openPage(site, { hash: long })
  await trainAndStop(page, 50)
  const stopped = await trainAndStop(page, 100)
  const [newest, other] = await slots(page, true)
  assert.equal(newest, stopped)
  assert.ok(other < newest)
  await reload(page)
  assert.match(await page.locator('.notice').innerText(), new RegExp(`: ${other} steps of`))
  await press(page, 'Continue')
  await waitForState(page, 'paused')
  assert.equal(await stepOf(page), other)
  await close()
})

test('storage that is full is said, training goes on, and what was kept is whole', async () => {
  const { page, close } = await openPage(site, { hash: long })
  await trainAndStop(page, 50)
  const kept = await trainAndStop(page, 100)
  const session = await page.context().newCDPSession(page)
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize: 1 })
  await press(page, 'Train')
  await page.locator('.notice', { hasText: 'The run could not be kept in this browser' }).waitFor()
  const then = await stepOf(page)
  await waitForStep(page, then + 200)
  await press(page, 'Pause')
  await waitForState(page, 'paused')
  await page.waitForTimeout(1500)  // a stop is kept too, or not
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin })
  await reload(page)
  const shown = /: ([\d,]+) steps of/.exec(await page.locator('.notice').innerText())?.[1].replace(',', '')
  assert.ok(Number(shown) > 0 && Number(shown) <= kept, `${shown} of ${kept}`)
  await press(page, 'Continue')
  await waitForState(page, 'paused')
  await close()
})
