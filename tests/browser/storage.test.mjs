// Storage in the browser: a run that is stopped at any step resumes after a reload with the same bits. Also tests
// damaged files, storage that is full, unavailable or of another kind, and two tabs.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { count } from '../../web/dom/format.js'
import { fullOnly } from '../node/support.mjs'
import { openCore, sessionAt } from './core.mjs'
import { keepInSight, openPage, openSite, output, press, pressFromAfar, serverAnswer, stepOf, trainTo, waitForState, waitForStep, weightsHash } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => { site = await openSite() })
after(() => site?.close())

/** A run of 313 steps per epoch. */
const hash = '#model=dense+32+%7C+relu+%7C+dense+10&epochs=9&batch=32'
const steps = 2817
const seed = Number(process.env.RELUSCOPE_TEST_SEED ?? 20240607)

/** @typedef {import('./support.mjs').Page} Page */

/** @param {Page} page */
async function trainToTheEnd(page) {
  await press(page, 'Train')
  await waitForState(page, 'finished')
  return weightsHash(page)
}

/**
 * Trains to at least this step, pauses, and waits until the run is saved, and autosaved if the page autosaves.
 * @param {Page} page @param {number} step
 */
async function trainAndStop(page, step, forReload = true) {
  const stopped = await trainTo(page, step)
  if (forReload) await waitForAutosave(page, stopped)
  await keepInSight(page.locator('rl-runs'))
  await waitForRow(page, stopped)
  return stopped
}

/** @param {Page} page @param {number} step */
const waitForAutosave = (page, step) => page.waitForSelector(`body[data-autosaved="${step}"]`)

/** Waits until a run is listed at this step. @param {Page} page @param {number} step */
function waitForRow(page, step) {
  return page.waitForFunction((text) => [...document.querySelectorAll('rl-runs tbody tr')].some((row) => row.children[4].textContent?.startsWith(text)),
    `${count(step)} of `)
}

/** @param {Page} page */
async function reload(page) {
  await page.reload()
  await page.waitForSelector('body[data-ready]')
}

test('a run stopped at a random step resumes after a reload as if uninterrupted', async (t) => {
  t.diagnostic(`seed ${seed}`)
  const { page, troubles, close } = await openPage(site, { hash })
  const whole = await trainToTheEnd(page)
  await keepInSight(page.locator('rl-runs'))
  await waitForRow(page, steps)
  await reload(page)
  await press(page, 'Discard')
  const stopped = await trainAndStop(page, 20 + (seed % 500))
  await reload(page)
  assert.match(await page.locator('.notice').innerText(), new RegExp(`can be continued[\\s\\S]*dense 32 \\| relu \\| dense 10 on mnist: ${count(stopped)} steps of`))
  await press(page, 'Continue')
  await waitForState(page, 'paused')
  assert.equal(await stepOf(page), stopped)
  await keepInSight(page.locator('rl-runs'))
  await waitForRow(page, stopped)
  const entries = page.locator('rl-runs tbody tr')
  assert.equal(await entries.count(), 2)
  assert.equal(await trainToTheEnd(page), whole)
  await page.waitForFunction((text) => document.querySelector('rl-runs tbody tr')?.children[4].textContent === text, `${count(steps)} of ${count(steps)}`)
  assert.equal(await entries.count(), 2, 'the run goes on with the entry that it had')
  assert.deepEqual(troubles, [])
  await close()
})

/** A run that is long enough not to end during a test. */
const long = '#model=dense+32+%7C+relu+%7C+dense+10&epochs=1000&batch=32'

test('a page that crashes while training loses only the steps since the last save, and resumes to the same weights', async () => {
  const { page, close } = await openPage(site, { hash: long })
  await press(page, 'Train')
  // The first epoch was autosaved.
  await page.waitForFunction(() => Number(document.body.dataset.autosaved) >= 313)
  const session = await page.context().newCDPSession(page)
  const crashed = page.waitForEvent('crash')
  void session.send('Page.crash').catch(() => {})
  await crashed
  const next = await page.context().newPage()
  await next.goto(site.url)
  await next.waitForSelector('body[data-ready]')
  const words = await next.locator('.notice[data-key=autosave-offer]').innerText()
  const step = Number(/: ([\d,]+) steps of 313,000/.exec(words)?.[1].replace(',', ''))
  assert.ok(step >= 313, words)
  await press(next, 'Continue')
  await waitForState(next, 'paused')
  assert.equal(await stepOf(next), step)
  // The hashes of an uninterrupted run of the core at both steps.
  const run = sessionAt(await openCore(), [...new URLSearchParams(long.slice(1))])
  let made = 0
  const hashAt = (/** @type {number} */ wanted) => {
    while (made < wanted) made += Number(run.advance().event === 'batch')
    return run.weightsSha256()
  }
  assert.equal(await weightsHash(next), hashAt(step))
  const later = await trainTo(next, step + 400)
  assert.equal(await weightsHash(next), hashAt(later))
  run.delete()
  await close()
})

/** The headers of the two slots, the newest first. @param {Page} page @param {boolean} damage the newest */
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

test('a damaged slot is skipped in favour of the previous one', async () => {
  const { page, close } = await openPage(site, { hash: long })
  const before = await trainAndStop(page, 50)
  await press(page, 'Step')
  await waitForAutosave(page, before + 1)
  const [newest, other] = await slots(page, true)
  assert.deepEqual([newest, other], [before + 1, before])
  await reload(page)
  assert.match(await page.locator('.notice').innerText(), new RegExp(`: ${count(other)} steps of`))
  await press(page, 'Continue')
  await waitForState(page, 'paused')
  assert.equal(await stepOf(page), other)
  await close()
})

/** Sets the storage quota of the origin; without a value it is reset. @param {Page} page @param {number} [quotaSize] */
async function setQuota(page, quotaSize) {
  const session = await page.context().newCDPSession(page)
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize })
  return session
}

test('full storage is reported, training continues, and earlier saves and autosaves stay intact', async () => {
  const { page, close } = await openPage(site, { hash: long })
  const saved = await trainAndStop(page, (await trainAndStop(page, 50)) + 50)
  const weights = await weightsHash(page)
  const session = await setQuota(page, 1)
  await press(page, 'Train')
  const tooBig = page.locator('.notice[data-key=autosave]', { hasText: 'The run could not be autosaved in this browser' })
  await tooBig.waitFor()
  const then = await stepOf(page)
  await waitForStep(page, then + 200)
  await press(page, 'Pause')
  await waitForState(page, 'paused')
  const words = await page.locator('.notice[data-key=runs]', { hasText: 'The run could not be saved' }).innerText()
  assert.match(words, /The browser gives this page no more storage\. Training continues, and all earlier saved runs are intact\. Delete runs/)
  await page.locator('rl-runs tbody tr').first().waitFor()
  assert.equal(await page.locator('rl-runs tbody tr').count(), 1)
  await session.detach() // ends the override
  await setQuota(page)
  await reload(page)
  const shown = /: ([\d,]+) steps of/.exec(await page.locator('.notice').innerText())?.[1].replace(',', '')
  assert.ok(Number(shown) > 0 && Number(shown) <= saved, `${shown} of ${saved}`)
  await keepInSight(page.locator('rl-runs'))
  await waitForRow(page, saved)
  await press(page, 'Open Run 1')
  await waitForState(page, 'paused')
  assert.deepEqual([await stepOf(page), await weightsHash(page)], [saved, weights])
  await pressFromAfar(page, 'Continue')
  await page.waitForFunction((step) => document.querySelector('output[aria-label="Step"]')?.textContent?.startsWith(`${step} `), shown)
  await close()
})

test('storage that was cleared while the page is open is used again, and lost runs are reported if it stays full', async () => {
  const { page, close } = await openPage(site, { hash: long })
  const origin = new URL(site.url).origin
  const stopped = await trainAndStop(page, 50)
  const session = await page.context().newCDPSession(page)
  const clear = () => session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' })
  await clear()
  await press(page, 'Step')
  await waitForAutosave(page, stopped + 1)
  await waitForRow(page, stopped + 1)
  assert.deepEqual(await page.locator('.notice').allInnerTexts(), [])
  await clear()
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 })
  await press(page, 'Step')
  const [autosave, runs] = ['autosave', 'runs'].map((key) => page.locator(`.notice[data-key=${key}]`))
  await autosave.waitFor()
  await runs.waitFor()
  assert.match(await autosave.innerText(), /Training continues\. This browser holds no autosave of the run now\./)
  assert.match(await runs.innerText(), /Training continues\. 1 saved run is no longer in this browser: the storage was cleared\./)
  for (const notice of [autosave, runs]) assert.doesNotMatch(await notice.innerText(), /is intact/)
  await trainTo(page, stopped + 20)
  await close()
})

/** Prepends code to the worker. @param {string} code */
const inWorker = (code) => (/** @type {import('playwright-core').BrowserContext} */ context) =>
  context.route('**/engine/worker/worker.js', async (route) => {
    const response = await serverAnswer(route)
    await route.fulfill({ response, body: `${await response.text()}\n${code}\n` })
  })

const ways = {
  'no file handles that a worker can write': 'delete FileSystemFileHandle.prototype.createSyncAccessHandle',
  'no private file system': 'delete StorageManager.prototype.getDirectory',
}
for (const [name, code] of Object.entries(ways)) {
  test(`with ${name}, runs are saved in IndexedDB`, { skip: name === 'no private file system' ? false : fullOnly }, async () => {
    const { page, troubles, close } = await openPage(site, { hash, prepare: inWorker(code) })
    const stopped = await trainAndStop(page, 50)
    const weights = await weightsHash(page)
    assert.match(await output(page, 'Storage'), /^1 run takes [\d.]+ KB of this browser’s database; this site uses/)
    await reload(page)
    await press(page, 'Continue')
    await waitForState(page, 'paused')
    assert.deepEqual([await stepOf(page), await weightsHash(page)], [stopped, weights])
    const whole = await trainToTheEnd(page)
    await reload(page)
    await press(page, 'Discard')
    await keepInSight(page.locator('rl-runs'))
    await waitForRow(page, steps)
    const given = page.getByRole('textbox', { name: 'Name of Run 1' })
    await given.fill('in the database')
    await given.press('Enter')
    await press(page, 'Open in the database')
    await waitForState(page, 'finished')
    assert.deepEqual([await stepOf(page), await weightsHash(page)], [steps, whole])
    assert.deepEqual(await page.evaluate(async () => {
      const names = []
      for await (const name of /** @type {any} */ (await navigator.storage.getDirectory()).keys()) names.push(name)
      return names
    }), [])
    await press(page, 'Delete in the database')
    await page.locator('rl-runs .empty').waitFor()
    assert.deepEqual(troubles, [])
    await close()
  })
}

test('full storage is reported for IndexedDB too, and entries stay intact', async () => {
  const { page, close } = await openPage(site, { hash: long, prepare: async (context) => {
    // Set the quota before the first use, because the database caches it. It suffices for a small network, not for a
    // large one.
    await setQuota(await context.newPage(), 3e6)
    await inWorker(ways['no private file system'])(context)
  } })
  const kept = await trainAndStop(page, 50)
  const weights = await weightsHash(page)
  await press(page, 'Reset')
  await waitForState(page, 'ready')
  await page.evaluate(() => (location.hash = '#model=dense+512+|+relu+|+dense+10&epochs=1000'))
  await page.waitForFunction(() => document.querySelector('rl-model')?.textContent?.includes('407,050'))
  await press(page, 'Step')
  const full = page.locator('.notice[data-key=runs]', { hasText: 'The browser gives this page no more storage' })
  await full.waitFor()
  await press(page, 'Train')
  await waitForStep(page, 50)
  await press(page, 'Pause')
  await waitForState(page, 'paused')
  assert.equal(await page.locator('rl-runs tbody tr').count(), 1)
  await press(page, 'Open Run 1')
  await page.waitForFunction((step) => document.querySelector('output[aria-label="Step"]')?.textContent?.startsWith(`${step} `), kept)
  assert.equal(await weightsHash(page), weights)
  await close()
})

test('without storage runs last until the page is closed, and the page reports it', async () => {
  const code = 'delete StorageManager.prototype.getDirectory; Object.defineProperty(self, "indexedDB", { value: undefined })'
  const { page, troubles, close } = await openPage(site, { hash, prepare: inWorker(code) })
  const stopped = await trainAndStop(page, 50, false)
  const weights = await weightsHash(page)
  assert.equal(await output(page, 'Storage'), 'This browser stores no data for this page: runs are lost when it is closed.')
  await press(page, 'Reset')
  await waitForState(page, 'ready')
  await press(page, 'Open Run 1')
  await waitForState(page, 'paused')
  assert.deepEqual([await stepOf(page), await weightsHash(page)], [stopped, weights])
  await reload(page)
  await keepInSight(page.locator('rl-runs'))
  await page.locator('rl-runs .empty').waitFor()
  assert.deepEqual(await page.locator('.notice').allInnerTexts(), [])
  assert.deepEqual(troubles, [])
  await close()
})

test('of two tabs one autosaves and the other reports that; both runs are saved', async () => {
  const { page, troubles, close } = await openPage(site, { hash: long })
  const first = await trainAndStop(page, 50)
  const other = await page.context().newPage()
  await other.goto(site.url + long.replace('dense+32', 'dense+24'))
  await other.waitForSelector('body[data-ready]')
  const words = await other.locator('.notice[data-key=autosave-offer]').innerText()
  assert.match(words, /^Another tab has this page open\s+The autosave, which is restored after a reload or a crash, belongs to that tab; .* The run of this tab is among the saved runs below: it is saved at each pause and each epoch\./)
  const second = await trainAndStop(other, first + 40, false)
  const both = [...new Set([first, second])]
  assert.equal(both.length, 2, `two steps to tell them by: ${first} and ${second}`)
  for (const step of both) await waitForRow(other, step)
  // Each tab is notified of the changes of the other, and neither overwrites the other's run.
  for (const step of both) await waitForRow(page, step)
  const name = page.locator('input[aria-label="Name of Run 2"]')
  await name.fill('Narrow')
  await name.press('Enter')
  await other.locator('input[aria-label="Name of Narrow"]').waitFor()
  await reload(page)
  assert.match(await page.locator('.notice[data-key=autosave-offer]').innerText(), new RegExp(`dense 32 \\| relu \\| dense 10 on mnist: ${count(first)} steps of`))
  await press(page, 'Continue')
  await waitForState(page, 'paused')
  assert.equal(await stepOf(page), first)
  await other.close()
  assert.deepEqual(troubles, [])
  await close()
})

test('persistent storage is requested at the first save, and once', async () => {
  const { page, troubles, close } = await openPage(site, { hash: long, prepare: (context) => context.addInitScript(() => {
    const { persist } = StorageManager.prototype
    Reflect.set(globalThis, 'asked', 0)
    StorageManager.prototype.persist = function () {
      Reflect.set(globalThis, 'asked', Reflect.get(globalThis, 'asked') + 1)
      return persist.call(this)
    }
  }) })
  const asked = () => page.evaluate(() => Reflect.get(globalThis, 'asked'))
  await page.waitForTimeout(500)
  assert.equal(await asked(), 0)
  const stopped = await trainAndStop(page, 50)
  assert.equal(await asked(), 1)
  await trainAndStop(page, stopped + 50)
  assert.equal(await asked(), 1)
  assert.deepEqual(troubles, [])
  await close()
})

test('a damaged saved run is listed; opening it reports the damage and keeps the current run', async () => {
  const { page, troubles, close } = await openPage(site, { hash: long })
  await trainAndStop(page, 50)
  await press(page, 'Reset')
  await waitForState(page, 'ready')
  // As another tab would do: not while this tab reads the file.
  await page.evaluate(() => navigator.locks.request('reluscope-runs', async () => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('reluscope')
    let name = ''
    for await (const each of /** @type {any} */ (folder).keys()) if (/^run-/.test(each)) name = each
    const handle = await folder.getFileHandle(name)
    const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer())
    bytes[bytes.length - 100] ^= 1
    const writable = await handle.createWritable()
    await writable.write(bytes)
    await writable.close()
  }))
  await press(page, 'Open Run 1')
  const words = await page.locator('.notice[data-key=runs]').innerText()
  assert.match(words, /^Run 1 could not be opened\s+The run \d+ is not in this browser's storage any more, or damaged\. The run on this page is unchanged\. Its settings can still be opened\./)
  await waitForState(page, 'ready')
  assert.equal(await stepOf(page), 0)
  assert.deepEqual(troubles, [])
  await close()
})
