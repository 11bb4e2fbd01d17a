// The cards of the views: collapse, close and the stored state, the menu of views, embedded views, and the size of
// touch targets.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { views } from '../../web/views/registry.js'
import { openPage, openSite, press, stepOf, waitForStep } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/** @param {import('playwright-core').Page} page */
const shownTags = (page) => page.evaluate(() => [...document.querySelectorAll('.card')].filter((card) => card.getBoundingClientRect().height > 0)
  .map((card) => card.lastElementChild?.localName))

test('cards collapse, close and reopen, and the browser stores their state', async () => {
  const { page, troubles, close } = await openPage(site)
  assert.deepEqual((await shownTags(page)).sort(), views.map(({ tag }) => tag).sort())
  await press(page, 'Collapse One image through the network')
  assert.ok(await page.locator('rl-image').isHidden())
  await press(page, 'Train')
  await waitForStep(page, 60)
  assert.equal(await page.locator('rl-image').getAttribute('data-step'), '0', 'nothing is computed for what is not seen')
  await press(page, 'Close Log')
  assert.ok(!(await shownTags(page)).includes('rl-log'))

  await page.reload()
  await page.waitForSelector('body[data-ready]')
  assert.ok(await page.locator('rl-image').isHidden())
  assert.ok(!(await shownTags(page)).includes('rl-log'))
  await press(page, 'Open One image through the network')
  await page.waitForSelector('rl-image[data-step="0"]')

  await page.locator('.view-menu summary').click()
  assert.equal(await page.getByRole('switch', { name: 'Show Log' }).isChecked(), false)
  await page.getByRole('button', { name: 'Log', exact: true }).click()
  assert.ok((await shownTags(page)).includes('rl-log'))
  await page.waitForFunction(() => {
    const box = document.querySelector('rl-log')?.getBoundingClientRect()
    return box && box.top > 0 && box.top < innerHeight
  })
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Log')
  assert.deepEqual(troubles, [])
  await close()
})

test('every view has a short explanation: what it is, what to look for, what to try', async () => {
  const { page, close } = await openPage(site)
  for (const { tag } of views) {
    const details = page.locator(`${tag} details.explain`)
    assert.equal(await details.count(), 1, tag)
    assert.ok(!await details.evaluate((element) => /** @type {HTMLDetailsElement} */ (element).open), tag)
    assert.deepEqual(await details.locator('dt').allTextContents(), ['What it is', 'Look for', 'Try'], tag)
    for (const text of await details.locator('dd').allTextContents()) assert.ok(text.length > 20 && text.length < 420, `${tag}: ${text.length} letters`)
  }
  await close()
})

test('?embed= shows only the given views, and they work', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '?embed=image,curves#seed=3' })
  assert.deepEqual(await shownTags(page), ['rl-image', 'rl-curves'])
  for (const place of ['rl-panel', '#views', '.tabs', '.card-tools']) assert.ok(await page.locator(place).first().isHidden(), place)
  await press(page, 'Step')
  await waitForStep(page, 1)
  assert.equal(await stepOf(page), 1)
  assert.deepEqual(troubles, [])
  await close()
  const wrong = await openPage(site, { hash: '?embed=curvs' })
  assert.match(await wrong.page.locator('.notice').innerText(), /"curvs", but the views are curves, /)
  await wrong.close()
})

test('on a touch screen every target is 44 px high', async () => {
  const { page, close } = await openPage(site, { context: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } })
  const small = () => page.evaluate(() => [...document.querySelectorAll('button, select, summary, input[type=text], input[type=range], .icon-button')]
    .filter((element) => !element.closest('select') || element.localName === 'select')
    .map((element) => ({ box: element.getBoundingClientRect(), html: element.outerHTML.slice(0, 100) }))
    .filter(({ box }) => box.height > 0 && box.height < 43.5).map(({ box, html }) => `${box.height} ${html}`))
  assert.deepEqual(await small(), [])
  await page.getByRole('tab', { name: 'Settings' }).click()
  assert.deepEqual(await small(), [])
  await close()
})
