// The claims of the first screen: one click shows what half of the units die of, comparisons run their baseline first, whatever
// else the user does ends them, the warnings offer remedies, and the tour leads through four of them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addressOf, openPage, openSite, press, waitForState } from './support.mjs'

/** @typedef {import('playwright-core').Page} Page */
/** @type {Awaited<ReturnType<typeof openSite>>} */
let site
before(async () => (site = await openSite()))
after(() => site?.close())

/** @param {Page} page @param {string} id */
const claim = (page, id) => page.locator(`[data-claim=${id}]`)

/** Waits for the verdict of a run that has ended. @param {Page} page */
async function verdictOf(page) {
  const place = page.locator('.claim-verdict:is([data-holds=yes], [data-holds=part], [data-holds=no])')
  await place.waitFor()
  return place.innerText()
}

/** The text that is on the screen. @param {Page} page */
const textInSight = (page) => page.evaluate(() => [...document.querySelectorAll('.alert-text, .claim-line p')].filter((element) => {
  const { top, bottom, left, right } = element.getBoundingClientRect()
  const inside = top >= 0 && bottom <= innerHeight && left >= 0 && right <= innerWidth
  const above = document.elementFromPoint((left + right) / 2, (top + bottom) / 2)
  return inside && above !== null && (element.contains(above) || above.contains(element))
}).map(({ textContent }) => textContent).join('\n'))

for (const [name, context] of /** @type {const} */ ([
  ['1440 x 900', { viewport: { width: 1440, height: 900 } }],
  ['390 x 844', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
])) {
  test(`one click says how many units are dead, since when and why, without scrolling, at ${name}`, async () => {
    const { page, troubles, close } = await openPage(site, { context })
    await claim(page, 'kill').click()
    const from = await page.evaluate(() => scrollY)
    const verdict = await verdictOf(page)
    assert.equal(await page.evaluate(() => scrollY), from)
    const [, count] = /^\S?\s*Yes: (\d+) of 512 units are dead: a learning rate of 0\.0125 pushed their inputs below 0 on all 10,000 training images\. Half of the silent units fell silent by step \d+\.$/.exec(verdict) ?? []
    assert.ok(Number(count) > 205 && Number(count) < 307, verdict)
    const seen = await textInSight(page)
    assert.match(seen, new RegExp(`${count} of 512 units are dead: a learning rate of 0\\.0125`))
    assert.match(seen, new RegExp(`${count} of 512 units are dead: no output and no gradient on all 10,000 training images \\(step 471\\)`))
    assert.equal(await claim(page, 'kill').getAttribute('aria-pressed'), 'true')
    // Nothing is wider than the screen.
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
    assert.deepEqual(troubles, [])
    await close()
  })
}

test('a claim runs what it compares with first, unless that run is on the page; Undo returns to it', async () => {
  const { page, troubles, close } = await openPage(site)
  await claim(page, 'leaky').click()
  await page.locator('.claim-line').getByText('First ReLU at the same rate, then Leaky ReLU.').waitFor()
  assert.match(await verdictOf(page), /0 of 512 units are silent, with ReLU \d{3}\. \d+ never rise above 0, with ReLU \d{3}\. The test accuracy is \d\d\.\d%, with ReLU \d\d\.\d%\./)
  assert.equal(addressOf(page).get('model'), 'dense 512 | leaky_relu | dense 10')
  await press(page, 'Undo')
  await page.waitForFunction(() => !location.hash.includes('leaky'))
  assert.equal(await claim(page, 'leaky').getAttribute('aria-pressed'), 'false')
  assert.ok(await page.locator('.claim-line').isHidden())
  await claim(page, 'kill').click()
  await verdictOf(page)
  await claim(page, 'batchnorm').click()
  await page.waitForFunction(() => location.hash.includes('bn'))
  assert.doesNotMatch(await page.locator('.claim-line').innerText(), /First ReLU/)
  assert.match(await verdictOf(page), /Yes: 0 of 512 units are silent, without BatchNorm \d{3}\./)
  assert.deepEqual(troubles, [])
  await close()
})

test('a pause or another run ends a claim', async () => {
  const { page, troubles, close } = await openPage(site)
  await claim(page, 'swish').click()
  await waitForState(page, 'training')
  await press(page, 'Pause')
  await page.getByText('Stopped before the end: no verdict.').waitFor()
  assert.match(addressOf(page).get('model') ?? '', /relu/)
  // Another claim takes its place.
  await claim(page, 'prelu').click()
  assert.match(await verdictOf(page), /Yes: the slope went from 0\.25 to 0\.\d+ in hidden layer 1, from 0\.25 to 0\.\d+ in hidden layer 2 by step 471\./)
  assert.equal(await page.locator('[data-claim][aria-pressed=true]').count(), 1)
  await press(page, 'Reset')
  await page.locator('.claim-line').waitFor({ state: 'hidden' })
  assert.equal(await page.locator('[data-claim][aria-pressed=true]').count(), 0)
  assert.deepEqual(troubles, [])
  await close()
})

test('a warning appears when it happens, offers remedies, and is cleared by a new run', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#lr=0.05&train_samples=5000&epochs=1' })
  const alerts = page.getByRole('region', { name: 'Warnings', exact: true }).first()
  assert.ok(await alerts.isHidden())
  await press(page, 'Train')
  await alerts.getByText(/^\d{3} of 512 units are dead: no output and no gradient on all 5,000 training images \(step 79\)\.$/).waitFor()
  const more = alerts.getByRole('button', { name: /^\+\d more$/ })
  if (await more.count() > 0) {
    await more.click()
    assert.ok(await alerts.getByRole('listitem').count() > 1)
  }
  await alerts.getByRole('button', { name: 'Dismiss the warnings' }).click()
  assert.ok(await alerts.isHidden())
  await press(page, 'Reset')
  await press(page, 'Train')
  await alerts.getByText(/are dead/).waitFor()
  await alerts.getByRole('button', { name: 'Use a rate of 0.005' }).first().click()
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('lr') === '0.005')
  await waitForState(page, 'finished')
  await page.evaluate(() => (location.hash = '#lr=0.05&train_samples=5000&epochs=1'))
  await page.getByRole('button', { name: 'Restart with changes' }).click()
  await alerts.getByText(/are dead/).waitFor()
  await alerts.getByRole('button', { name: 'Try Leaky ReLU' }).first().click()
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('model') === 'dense 512 | leaky_relu | dense 10')
  await waitForState(page, 'finished')
  assert.doesNotMatch(await page.locator('.alerts').innerText(), /dead|silent/)
  assert.deepEqual(troubles, [])
  await close()
})

test('an activation chosen while a restart is under way trains, as the restart would', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#train_samples=2000&epochs=1' })
  await press(page, 'Train')
  await waitForState(page, 'finished')
  await page.evaluate(() => (location.hash = '#lr=0.002&train_samples=2000&epochs=1'))
  await page.getByRole('button', { name: 'Restart with changes' }).waitFor()
  await page.evaluate(() => {
    const button = (/** @type {string} */ text) => [...document.querySelectorAll('button')].find((each) => each.textContent === text)
    button('Restart with changes')?.click()
    // The run that restarts is ready but does not train yet.
    new MutationObserver((_, observer) => {
      if (document.querySelector('rl-topbar')?.getAttribute('data-state') !== 'ready') return
      observer.disconnect()
      button('ELU')?.click()
    }).observe(document, { attributes: true, subtree: true, attributeFilter: ['data-state'] })
  })
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('model') === 'dense 512 | elu | dense 10')
  await waitForState(page, 'finished')
  assert.deepEqual(troubles, [])
  await close()
})

test('the test of a claim is opened in the view Lessons, also if its card is closed', async () => {
  const { page, troubles, close } = await openPage(site)
  await page.getByRole('button', { name: 'Close Lessons', exact: true }).click()
  await claim(page, 'prelu').click()
  await press(page, 'Tested over five seeds')
  const lesson = page.locator('[data-lesson=prelu-slopes]')
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Run prelu-slopes')
  assert.ok(await lesson.isVisible())
  assert.match(await lesson.getAttribute('class') ?? '', /is-named/)
  assert.deepEqual(troubles, [])
  await close()
})

test('the tour leads through four claims by keyboard, and Escape ends it', async () => {
  const { page, troubles, close } = await openPage(site)
  const tour = page.getByRole('dialog', { name: /^\d of 4: / })
  const start = page.getByRole('button', { name: 'Tour 60 seconds' })
  await start.focus()
  await page.keyboard.press('Enter')
  for (const [i, id] of ['kill', 'leaky', 'elu', 'prelu'].entries()) {
    await tour.getByRole('heading', { name: new RegExp(`^${i + 1} of 4: `) }).waitFor()
    assert.equal(await claim(page, id).getAttribute('aria-pressed'), 'true')
    assert.equal(await page.locator('.is-toured').count(), 1)
    if (i < 3) {
      await tour.getByRole('button', { name: 'Next' }).focus()
      await page.keyboard.press('Enter')
    }
  }
  await tour.getByRole('button', { name: 'Back' }).click()
  await tour.getByRole('heading', { name: '3 of 4: ELU' }).waitFor()
  await page.keyboard.press('Escape')
  await tour.waitFor({ state: 'hidden' })
  assert.equal(await page.locator('.is-toured').count(), 0)
  assert.ok(await start.evaluate((element) => element === document.activeElement))
  assert.deepEqual(troubles, [])
  await close()
})
