// The first screen: two clicks to another activation's curve beside the first one's, the run before as a ghost, undo, and what
// the main button does when a run has ended.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { headless, trainJson } from '../node/support.mjs'
import { views } from '../../web/views/registry.js'
import { onCutData } from './cut.mjs'
import { nodeSession } from './monitors.mjs'
import { addressOf, csvRows, downloaded, openPage, openSite, output, press, setField, stepOf, trainTo, trainToTheEnd, waitForState, waitForStep, weightsHash } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const model = 'dense 24 | relu | dense 10'
const short = { model, epochs: 1, batch: 64, train_samples: 640 }
const hashOf = (/** @type {object} */ config) => `#${new URLSearchParams(Object.entries(config).map(([name, value]) => [name, String(value)]))}`

/** The hash of the weights of a whole run in Node. @param {object} config */
async function weightsOf(config) {
  const session = await nodeSession(config)
  while (session.advance().event !== 'done') { /* trains */ }
  return session.weightsSha256()
}

/** Whether an element is wholly inside the window. @param {import('playwright-core').Locator} place */
const inWindow = (place) => place.evaluate((element) => {
  const { top, bottom, left, right, width } = element.getBoundingClientRect()
  return width > 0 && top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth
})

for (const [name, context] of /** @type {const} */ ([['1440 x 900', {}], ['390 x 844', phone]])) {
  test(`a newcomer at ${name} sees ELU’s curve beside ReLU’s after two clicks, without scrolling`, async () => {
    const { page, troubles, close } = await openPage(site, { context, first: true })
    await press(page, 'Train')
    await waitForStep(page, 20)
    await press(page, 'ELU')
    await page.getByRole('heading', { name: 'What ELU does to its inputs' }).waitFor()
    await page.locator('.curve-ghost').waitFor()
    assert.match(await page.locator('rl-activation').innerText(), /Dashed: the run before, ReLU\./)
    assert.ok(await inWindow(page.locator('rl-activation svg.activation-plot')))
    await waitForStep(page, 20)
    assert.match(await page.locator('rl-learning').textContent() ?? '', /Grey: the run before \(ReLU\)/)
    assert.equal(await page.evaluate(() => scrollY), 0)
    assert.equal(addressOf(page).get('model'), 'dense 512 | elu | dense 10')
    assert.deepEqual(troubles, [])
    await close()
  })
}

test('Undo returns to the run before, at its step', async () => {
  const { page, troubles, close } = await openPage(site, { hash: hashOf({ ...short, epochs: 1000 }) })
  assert.ok(await page.locator('.undo').isHidden())
  const step = await trainTo(page, 30)
  const before = await weightsHash(page)
  await press(page, 'PReLU')
  await waitForState(page, 'ready')
  assert.equal(await stepOf(page), 0)
  await press(page, 'Undo')
  await page.waitForFunction((wanted) => Number.parseInt(document.querySelector('output[aria-label="Step"]')?.textContent ?? '', 10) === wanted, step)
  assert.equal(addressOf(page).get('model'), model)
  assert.equal(await weightsHash(page), before)
  assert.deepEqual(troubles, [])
  await close()
})

test('a finished run continues for five epochs, with the weights of a run of as many', async () => {
  const { page, troubles, close } = await openPage(site, { hash: hashOf(short) })
  assert.equal(await trainToTheEnd(page), await weightsOf(short))
  await press(page, '5 more epochs')
  await page.waitForFunction(() => document.querySelector('output[aria-label="Epoch"]')?.textContent === '6 / 6')
  await waitForState(page, 'finished')
  assert.equal(await weightsHash(page), await weightsOf({ ...short, epochs: 6 }))
  assert.equal(addressOf(page).get('epochs'), '6')
  assert.ok(await page.locator('.undo').isHidden(), 'it is the same run')
  assert.deepEqual(troubles, [])
  await close()
})

test('a finished run with a changed setting starts anew with it, and the button says so', async () => {
  const { page, troubles, close } = await openPage(site, { hash: hashOf(short) })
  await trainToTheEnd(page)
  await setField(page, 'Batch size', '32')
  await press(page, 'Train anew')
  await page.waitForFunction(() => location.hash.includes('batch=32'))
  await waitForState(page, 'finished')
  assert.equal(await weightsHash(page), await weightsOf({ ...short, batch: 32 }))
  assert.match(await page.locator('rl-learning').textContent() ?? '', /Grey: the run before \(batch size 64\)/)
  assert.deepEqual(troubles, [])
  await close()
})

test('the bar changes the learning rate at once and refuses a bad one in words', async () => {
  const { page, close } = await openPage(site, { hash: hashOf({ ...short, epochs: 1000 }) })
  const rate = page.getByRole('textbox', { name: 'Learning rate, takes effect at once' })
  await trainTo(page, 10)
  await rate.fill('0,01')
  await rate.press('Enter')
  await page.locator('.notice[data-key=rate]').filter({ hasText: '0,01' }).waitFor()
  await rate.fill('0.01')
  await rate.press('Enter')
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('events')?.includes(':lr:0.01'))
  assert.equal(await page.locator('.notice').count(), 0)
  await close()
})

test('Basic has at most ten settings, All has every one, and the same control is in both', async () => {
  const { page, troubles, close } = await openPage(site, { first: true })
  const few = page.locator('rl-panel .few > *:not(button)')
  assert.ok(await few.count() <= 10)
  await setField(page, 'Batch size', '32')
  await page.waitForFunction(() => location.hash === '#batch=32')
  await page.getByRole('button', { name: 'All', exact: true }).click()
  assert.ok(await page.getByRole('textbox', { name: 'Batch size' }).isHidden(), 'its section is closed')
  await page.locator('rl-panel summary').filter({ hasText: 'Run' }).click()
  assert.equal(await page.getByRole('textbox', { name: 'Batch size' }).inputValue(), '32')
  await page.getByRole('button', { name: 'Basic', exact: true }).click()
  assert.equal(await page.getByRole('textbox', { name: 'Batch size' }).inputValue(), '32')
  assert.deepEqual(troubles, [])
  await close()
})

test('with every card closed the page records what the command line’s --probe does', async () => {
  const args = ['--model', 'dense 48 | relu | dense 24 | relu | dense 10', '--epochs', '1', '--batch', '32', '--lr', '0.05', '--probe', '20', ...onCutData]
  const looks = trainJson(headless, args).of('probe')
  const { page, troubles, close } = await openPage(site, {
    hash: hashOf({ model: args[1], epochs: 1, batch: 32, lr: 0.05, probe: 20 }),
    prepare: (context) => context.addInitScript((closed) => localStorage.setItem('cards', closed),
      JSON.stringify(Object.fromEntries(views.filter(({ group }) => group !== 'Stage').map(({ tag }) => [tag.slice(3), 'closed'])))),
  })
  assert.ok(await page.locator('rl-dead-units').isHidden())
  await trainToTheEnd(page)
  assert.equal(await page.evaluate(() => scrollY), 0)
  // Opened only now, it shows the history from the start.
  await page.locator('.view-menu summary').click()
  await page.getByRole('switch', { name: 'Show Dead units' }).click()
  await page.keyboard.press('Escape')
  const rows = csvRows((await downloaded(page, 'Silent units, over the steps as CSV')).bytes)
  const silentOf = (/** @type {any} */ look, /** @type {number} */ layer) => look.layers[layer].silent.length
  assert.deepEqual(rows.map((row) => Object.values(row).slice(0, 3)), looks.map((look) => [look.step, silentOf(look, 1), silentOf(look, 3)]))
  assert.ok(silentOf(looks.at(-1), 1) > 0, 'some units fall silent at this rate')
  assert.deepEqual(troubles, [])
  await close()
})

test('at most 20 Tab stops before the first view, and skip links to it and to the settings', async () => {
  const { page, close } = await openPage(site, { first: true })
  const inside = (/** @type {string} */ selector) => page.evaluate((each) => Boolean(document.activeElement?.closest(each)), selector)
  let stops = 0
  while (!await inside('.stage > .card')) {
    await page.keyboard.press('Tab')
    stops += 1
    assert.ok(stops <= 21, 'the first view is not reached')
  }
  await page.reload()
  await page.waitForSelector('body[data-ready]')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the settings')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  assert.ok(await inside('#settings'))
  await close()
})

test('on a phone the bar is at most 64 px high and the rest of it opens from a button', async () => {
  const { page, close } = await openPage(site, { context: phone, first: true })
  assert.ok(await page.locator('rl-topbar').evaluate((bar) => bar.getBoundingClientRect().height) <= 64)
  const data = page.getByRole('combobox', { name: 'Data set of the run' })
  assert.ok(await data.isHidden())
  await page.getByRole('button', { name: 'Data set, learning rate and more' }).click()
  assert.ok(await inWindow(data))
  await page.keyboard.press('Escape')
  assert.ok(await data.isHidden())
  assert.equal(await output(page, 'Test accuracy'), '–')
  await close()
})
