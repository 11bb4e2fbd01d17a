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

test('a damaged slot is passed over for the one before', async () => {
  const { page, close } = await openPage(site, { hash })
  const first = await trainAndStop(page, 50)
  const second = await trainAndStop(page, first + 50)
  assert.ok(second > first)
  const [newestStep, olderStep] = await page.evaluate(async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('reluscope')
    const read = async (/** @type {string} */ name) => new Uint8Array(await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer())
    const sequence = (/** @type {Uint8Array} */ bytes) => new DataView(bytes.buffer).getFloat64(8, true)
    const slots = await Promise.all(['auto-0', 'auto-1'].map(async (name) => ({ name, bytes: await read(name) })))
    slots.sort((a, b) => sequence(b.bytes) - sequence(a.bytes))
    // Of the checkpoint in a slot, by the text in its header; what is kept at the end of an epoch may lie between the stops.
    const steps = slots.map(({ bytes }) => Number(new TextDecoder('latin1').decode(bytes.subarray(0, 1 << 14)).match(/\\"steps\\":(\d+)/)?.[1]))
    const newest = slots[0]
    newest.bytes[newest.bytes.length >> 1] ^= 1
    const writable = await (await folder.getFileHandle(newest.name)).createWritable()
    await writable.write(newest.bytes)
    await writable.close()
    return steps
  })
  assert.equal(newestStep, second)
  assert.ok(olderStep >= first && olderStep < second, `${olderStep} is not from ${first} to ${second}`)
  await reload(page)
  assert.match(await page.locator('.notice').innerText(), new RegExp(`: ${olderStep} steps of`))
  await close()
})
