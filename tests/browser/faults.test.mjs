// Failures of the page's environment: a worker that hangs or dies, files of the page that are missing or of different
// versions, a model that is too large. The page reports each failure and keeps what was saved.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { pathToFileURL } from 'node:url'
import { siteRoot } from '../../web/site/site.mjs'
import { openPage, openSite, press, stepOf, trainTo, trainToTheEnd, waitForState } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => { site = await openSite() })
after(() => site?.close())

const hash = '#model=dense+16+%7C+relu+%7C+dense+10&epochs=3&batch=50'

/** The training worker. @param {import('./support.mjs').Page} page */
function engineOf(page) {
  const worker = page.workers().find((each) => each.url().endsWith('/engine/worker/worker.js'))
  assert.ok(worker)
  return worker
}

for (const [what, title, act] of /** @type {[string, string, () => void][]} */ ([
  ['hangs', 'The engine does not respond', () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)],
  ['dies', 'The engine stopped', () => void setTimeout(() => {
    throw new Error('out of luck')
  })],
])) {
  test(`a worker that ${what} is reported, and another one resumes from the autosave`, async () => {
    const { page, close } = await openPage(site, { hash })
    const whole = await trainToTheEnd(page)
    await page.reload()
    await page.waitForSelector('body[data-ready]')
    await press(page, 'Discard')
    const stopped = await trainTo(page, 40)
    await page.waitForSelector(`body[data-autosaved="${stopped}"]`)
    engineOf(page).evaluate(act).catch(() => {})
    const notice = page.locator('.notice', { hasText: title })
    await notice.waitFor()
    assert.match(await notice.innerText(), new RegExp(`The run was autosaved at step ${stopped}\\.`))
    await press(page, `Restart from step ${stopped}`)
    await waitForState(page, 'paused')
    await page.waitForFunction((step) => Number.parseInt(document.querySelector('output[aria-label="Step"]')?.textContent ?? '', 10) === step, stopped)
    assert.equal(await stepOf(page), stopped)
    await notice.waitFor({ state: 'detached' })
    assert.equal(await trainToTheEnd(page), whole)
    await close()
  })
}

test('the notice disappears when the worker responds again', async () => {
  const { page, troubles, close } = await openPage(site, { hash })
  engineOf(page).evaluate(() => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 14_000)).catch(() => {})
  const notice = page.locator('.notice', { hasText: 'The engine does not respond' })
  await notice.waitFor()
  assert.match(await notice.innerText(), /The run was not autosaved yet/)
  await notice.waitFor({ state: 'detached' })
  await trainTo(page, 5)
  assert.deepEqual(troubles, [])
  await close()
})

test('a model that does not fit into memory is rejected by its size, and the previous run remains', async () => {
  const { page, troubles, close } = await openPage(site, { hash })
  await page.evaluate(() => {
    location.hash = '#model=conv+4096x3+p1+%7C+dense+10'
  })
  const notice = page.locator('.notice', { hasText: 'cannot be used' })
  await notice.waitFor()
  assert.match(await notice.innerText(), /the model needs \d+\.\d\d GB of memory \(weights with gradients and moments \d+\.\d\d GB, activations of 64 samples \d+\.\d\d GB\), but \d\.\d\d GB is free/)
  await trainTo(page, 5)
  assert.deepEqual(troubles, [])
  await close()
})

/**
 * The error that the page shows if one of its files has another content.
 * @param {string} part @param {Parameters<import('playwright-core').Route['fulfill']>[0]} answer
 */
async function saidWithout(part, answer) {
  const context = await site.browser.newContext({ serviceWorkers: 'block' })
  const page = await context.newPage()
  await page.route(`**/${part}`, (route) => route.fulfill(answer))
  await page.goto(site.url)
  await page.waitForSelector('#loading[data-failed], .notice')
  const text = await page.locator('#loading, .notice').first().innerText()
  const again = await page.getByRole('button', { name: /Reload|Try again/ }).count()
  await context.close()
  return { text, again }
}

/** The worker of a newer site, which a tab gets that was opened before the update. */
const ofOtherBuild = readFileSync(join(siteRoot, 'engine/worker/worker.js'), 'utf8').replace(/"[0-9a-f]{16}"/, '"newer"')
/** The script of the page, and one that boot.js imports. */
const pageScript = `engine/${readdirSync(join(siteRoot, 'engine')).find((file) => file.startsWith('page-'))}`
const imported = `engine/${readFileSync(join(siteRoot, 'boot.js'), 'utf8').match(/from"\.\/engine\/([^"]+)"/)?.[1]}`

test('missing files and files of different versions are reported', async () => {
  const script = { contentType: 'text/javascript' }
  for (const [part, answer, words] of /** @type {[string, any, RegExp][]} */ ([
    ['app.js', { status: 404, body: 'none' }, /A file of the page could not be loaded: app\.js\./],
    ['app.js', { ...script, body: 'throw new Error("no luck")' }, /The page could not start: no luck\./],
    [pageScript, { status: 500, body: '' }, /A file of the page could not be loaded/],
    [imported, { status: 404, body: '' }, /A file of the page could not be loaded/],
    [imported, { ...script, body: 'export const other = 1' }, /files of the page belong to different versions/],
    [pageScript, { ...script, body: 'nonsense (' }, /files of the page belong to different versions/],
    ['engine/worker/worker.js', { status: 404, body: 'none' }, /could not/],
    ['engine/worker/worker.js', { ...script, headers: { 'cross-origin-embedder-policy': 'require-corp' }, body: ofOtherBuild }, /A new version of this page is here: load the page again\./i],
  ])) {
    const { text, again } = await saidWithout(part, answer)
    assert.match(text, words, `${part}: ${text}`)
    assert.equal(again, 1, part)
  }
})

test('an invalid browser language does not break the page', async () => {
  const { page, troubles, close } = await openPage(site, { hash, prepare: (context) => context.addInitScript(() => {
    Object.defineProperty(navigator, 'language', { value: 'C', configurable: true })
    const plain = Date.prototype.toLocaleString
    Date.prototype.toLocaleString = /** @type {any} */ (function toLocaleString(/** @type {any} */ locale, /** @type {any} */ options) {
      return plain.call(this, locale ?? 'C', options)
    })
  }) })
  await page.waitForSelector(`body[data-autosaved="${await trainTo(page, 5)}"]`)
  await page.reload()
  await page.locator('.notice', { hasText: 'can be continued' }).waitFor()
  assert.deepEqual(troubles, [])
  await close()
})

test('a page that is opened from a file explains how to serve it', async () => {
  const context = await site.browser.newContext()
  const page = await context.newPage()
  await page.goto(pathToFileURL(join(siteRoot, 'index.html')).href)
  await page.locator('#loading[data-failed]').waitFor()
  assert.match(await page.locator('#loading').innerText(), /opened from a file\. Browsers do not load modules from files\. Run web\/start/)
  await context.close()
})
