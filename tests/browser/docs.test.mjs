// The documentation as a reader has it: reached from the page, in both themes, on a phone, by keys, for axe.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fullOnly, root } from '../node/support.mjs'
import { openPage, openSite } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const pages = readdirSync(join(root, 'web/docs')).filter((file) => file.endsWith('.md')).map((file) => file.replace('.md', '.html'))

/** @param {import('playwright-core').Page} page */
const brightness = (page) => page.evaluate(() => {
  const [r, g, b] = (getComputedStyle(document.body).backgroundColor.match(/\d+/g) ?? []).map(Number)
  return (r + g + b) / 3
})

for (const [colorScheme, width] of /** @type {const} */ ([['light', 1440], ['dark', 390]])) {
  test(`every page: axe finds nothing, nothing is broken or sticks out: ${colorScheme}, ${width} px`, async () => {
    const context = await site.browser.newContext({ colorScheme, viewport: { width, height: 844 }, serviceWorkers: 'block' })
    const page = await context.newPage()
    /** @type {string[]} */
    const troubles = []
    page.on('pageerror', (error) => troubles.push(String(error)))
    page.on('console', (message) => troubles.push(message.text()))
    page.on('response', (response) => response.status() < 400 || troubles.push(`${response.status()} ${response.url()}`))
    for (const file of pages) {
      await page.goto(`${site.url}docs/${file}`)
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, file)
      assert.equal(await brightness(page) < 60, colorScheme === 'dark', file)
      // Axe takes a second a page. Both looks have the same elements, so a few pages are enough to compare the dark colours.
      if (colorScheme === 'dark' && fullOnly && !['index.html', 'cli.html', 'speed.html'].includes(file)) continue
      await page.evaluate(axe)
      const found = await page.evaluate(async () => (await Reflect.get(globalThis, 'axe').run()).violations
        .map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.map((/** @type {any} */ node) => node.html.slice(0, 160)).join(' ')}`))
      assert.deepEqual(found, [], file)
    }
    assert.deepEqual(troubles, [])
    await context.close()
  })
}

test('the page leads to the documentation, which has the theme that was chosen there and leads back', async () => {
  const { page, close } = await openPage(site, { context: { colorScheme: 'light' } })
  await page.getByRole('button', { name: 'Switch between light and dark' }).click()
  const opened = page.waitForEvent('popup')
  await page.getByRole('link', { name: 'Documentation', exact: true }).click()
  const docs = await opened
  await docs.getByRole('heading', { name: 'Documentation', level: 1 }).waitFor()
  await docs.waitForFunction(() => document.documentElement.dataset.theme === 'dark')
  assert.ok(await brightness(docs) < 60)
  await docs.keyboard.press('Tab')
  assert.equal(await docs.evaluate(() => document.activeElement?.textContent), 'Skip to the text')
  await docs.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Networks' }).click()
  await docs.getByRole('navigation', { name: 'On this page' }).getByRole('link', { name: 'Optimizers' }).click()
  assert.match(docs.url(), /docs\/networks\.html#optimizers$/)
  await docs.getByRole('link', { name: 'Open the laboratory' }).click()
  await docs.waitForSelector('body[data-ready]')
  await close()
})
