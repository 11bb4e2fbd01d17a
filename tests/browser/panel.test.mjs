// The panel and the address: invalid input does not affect the run, and no setting is reset silently.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { addressOf, openPage, openSite, press, setField, stepOf, waitForState, waitForStep } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/** @typedef {import('playwright-core').Page} Page */

/** The registry of the core, from a separate engine. @param {Page} page */
const registryOf = (page) => page.evaluate(async (address) => {
  const { createEngine } = await import(address)
  const engine = await createEngine()
  engine.close()
  return /** @type {import('../../web/engine/protocol.js').Registry} */ (engine.registry)
}, `${site.url}engine/engine.js`)

/** @param {Page} page @param {string} field */
const errorOf = (page, field) => page.locator(`[data-field=${field}] > .field-error`)

const waiting = (/** @type {Page} */ page) => page.locator('.waiting')

/** A run that is long enough not to end during a test. */
const long = '#epochs=1000'

/**
 * Waits for a hash. An invalid address cannot be decoded until the page has corrected it.
 * @param {Page} page @param {string} hash
 */
const waitForHash = (page, hash) => page.waitForFunction((wanted) => String(new URLSearchParams(location.hash.slice(1))) === wanted, String(new URLSearchParams(hash.slice(1))))

test('the menu of activations lists the registry, each with its curve and formulas', async () => {
  const { page, troubles, close } = await openPage(site)
  const { activations } = await registryOf(page)
  const select = page.getByRole('combobox', { name: 'Activation', exact: true })
  await page.waitForFunction((n) => document.querySelectorAll('select.with-curves option svg').length === n, activations.length)
  assert.deepEqual(await select.locator('option:not([hidden])').allTextContents(), activations.map(({ label }) => label))
  /** @type {Set<string>} */
  const curves = new Set()
  for (const { name, formula, derivative, about } of activations) {
    await select.selectOption(name)
    await page.waitForFunction((text) => document.querySelector('.curve-box')?.textContent?.includes(text), about)
    const set = await page.locator('.curve-box math').evaluateAll((all) => all.map((each) => [each.getAttribute('alttext'), each.getBoundingClientRect().height > 4]))
    assert.deepEqual(set, [[formula, true], [derivative, true]])
    curves.add(await page.locator('.curve-box .curve-f').getAttribute('d') ?? '')
    await page.waitForFunction((word) => document.querySelector('textarea')?.value.startsWith(`dense 512 | ${word}`), name)
  }
  // Equal in the plotted range: SiLU and Swish with β = 1, ReLU6 and ReLU, the two forms of GELU.
  assert.equal(curves.size, activations.length - 3)
  assert.deepEqual(troubles, [])
  await close()
})

test('every setting of the registry has a control, help and a reset button', async () => {
  const { page, troubles, close } = await openPage(site)
  const { fields } = await registryOf(page)
  for (const { name, label } of fields) {
    const frame = page.locator(`[data-field=${name}]`)
    assert.equal(await frame.count(), 1, name)
    assert.match(await frame.innerText().then(() => frame.textContent()) ?? '', new RegExp(label), name)
  }
  assert.ok(await page.locator('[data-field=momentum]').isHidden())
  await page.getByRole('combobox', { name: 'Optimizer', exact: true }).selectOption('sgd')
  await page.waitForFunction(() => !document.querySelector('[data-field=momentum]')?.hasAttribute('hidden'))
  await waitForHash(page, '#optimizer=sgd')
  await setField(page, 'Batch size', '32')
  await waitForHash(page, '#optimizer=sgd&batch=32')
  await press(page, 'Reset Batch size to its default, 64')
  await waitForHash(page, '#optimizer=sgd')
  assert.equal(await page.getByRole('textbox', { name: 'Batch size' }).inputValue(), '64')
  assert.deepEqual(troubles, [])
  await close()
})

test('the layer list and the architecture text edit the same model, with buttons, keys and typing', async () => {
  const { page, troubles, close } = await openPage(site)
  const text = page.getByRole('textbox', { name: 'Architecture' })
  const rows = page.locator('.layer-rows li')
  const waitForText = (/** @type {string} */ wanted) => page.waitForFunction((each) => document.querySelector('textarea')?.value === each, wanted)
  await setField(page, 'Arguments of layer 1, dense', '48')
  await waitForText('dense 48 | relu | dense 10')
  await page.getByRole('combobox', { name: 'Add a layer' }).selectOption('dense')
  await waitForText('dense 48 | relu | dense 128 | relu | dense 10')
  await page.getByRole('combobox', { name: 'Add a layer' }).selectOption('bn')
  await waitForText('dense 48 | relu | dense 128 | relu | bn | dense 10')
  await press(page, 'Move layer 5, bn up')
  await waitForText('dense 48 | relu | dense 128 | bn | relu | dense 10')
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Move layer 4, bn up')
  await page.keyboard.press('Alt+ArrowUp')
  await waitForText('dense 48 | relu | bn | dense 128 | relu | dense 10')
  await page.waitForFunction(() => document.activeElement?.closest('li')?.dataset.layer === 'bn')
  await page.keyboard.press('Delete')
  await waitForText('dense 48 | relu | dense 128 | relu | dense 10')
  await page.getByRole('combobox', { name: 'Activation of layer 4' }).selectOption('elu')
  await waitForText('dense 48 | relu | dense 128 | elu | dense 10')
  await setField(page, 'Arguments of layer 4, elu', '0.5')
  await waitForText('dense 48 | relu | dense 128 | elu 0.5 | dense 10')
  assert.equal(await page.getByRole('combobox', { name: 'Activation', exact: true }).inputValue(), 'mixed')
  await page.locator('.layer-rows .drag').nth(3).dragTo(rows.nth(0))
  await waitForText('elu 0.5 | dense 48 | relu | dense 128 | dense 10')
  await press(page, 'Remove layer 1, elu')
  await waitForText('dense 48 | relu | dense 128 | dense 10')
  await text.fill('dense 30|elu 0.5|dense 20|elu 0.5|dense 10')
  // The table shows the typed model before it is applied.
  await page.waitForFunction(() => /As typed/.test(document.querySelector('rl-model')?.textContent ?? ''))
  assert.match(await page.locator('rl-model').innerText(), /fc2: dense 20\s+\[64, 20\]\s+620/)
  await text.press('Enter')
  await page.waitForFunction(() => document.querySelectorAll('.layer-rows li').length === 5)
  assert.equal(await text.inputValue(), 'dense 30 | elu 0.5 | dense 20 | elu 0.5 | dense 10')
  assert.equal(await page.getByRole('combobox', { name: 'Activation', exact: true }).inputValue(), 'elu')
  await page.waitForFunction(() => document.querySelectorAll('rl-activation select option').length === 2)
  assert.match(await page.locator('rl-model').innerText(), /fc3: dense 10\s+\[64, 10\]\s+210/)

  // An error is marked at its position in the text, and the rows do not change.
  await text.fill('dense 30 | elu | dense 2O | dense 10')
  await text.press('Enter')
  await page.locator('.model-marked mark').filter({ hasText: /^2O$/ }).waitFor()
  assert.equal(await text.evaluate((area) => area instanceof HTMLTextAreaElement && area.value.slice(area.selectionStart, area.selectionEnd)), '2O')
  assert.equal(await rows.count(), 5)
  assert.deepEqual(troubles, [])
  await close()
})

test('errors are shown next to the setting, and the run continues', async () => {
  const { page, troubles, close } = await openPage(site, { hash: long })
  await press(page, 'Train')
  await waitForStep(page, 20)
  const text = page.getByRole('textbox', { name: 'Architecture' })
  for (const [typed, said] of /** @type {const} */ ([
    ['dense 512 | rellu | dense 10', /"rellu" at position 13 is not a layer.*relu/],
    ['dense 0 | relu | dense 10', /"0" at position 7/],
    ['dense 512 | relu | dense 9', /9 outputs.*10 classes/],
    ['', /empty/],
  ])) {
    await text.fill(typed)
    await text.press('Enter')
    await page.waitForFunction(() => document.querySelector('[data-field=model] > .field-error')?.textContent)
    await errorOf(page, 'model').filter({ hasText: said }).waitFor()
    assert.equal(await text.getAttribute('aria-invalid'), 'true')
  }
  for (const typed of ['-1', 'fast']) {
    await setField(page, 'Learning rate', typed)
    await errorOf(page, 'lr').filter({ hasText: typed }).filter({ hasText: 'number' }).waitFor()
  }
  assert.ok(await waiting(page).isHidden())
  assert.equal(new URL(page.url()).hash, long)
  const step = await stepOf(page)
  await waitForStep(page, step + 20)
  assert.deepEqual(troubles, [])
  await close()
})

test('a change that needs a restart is pending until one', async () => {
  const { page, troubles, close } = await openPage(site, { hash: long })
  await press(page, 'Train')
  await waitForStep(page, 10)
  await setField(page, 'Batch size', '100')
  await page.getByRole('combobox', { name: 'Activation', exact: true }).selectOption('tanh')
  await waiting(page).filter({ hasText: 'Architecture' }).filter({ hasText: 'Batch size' }).waitFor()
  const step = await stepOf(page)
  await waitForStep(page, step + 20)
  assert.equal(new URL(page.url()).hash, long, 'the address tells the run that there is')

  await press(page, 'Discard')
  await waiting(page).waitFor({ state: 'hidden' })
  assert.equal(await page.getByRole('textbox', { name: 'Batch size' }).inputValue(), '64')

  await setField(page, 'Batch size', '100')
  await waiting(page).filter({ hasText: 'Batch size' }).waitFor()
  await press(page, 'Restart with changes')
  await waitForHash(page, '#epochs=1000&batch=100')
  await page.waitForFunction(() => / \/ 100000$/.test(document.querySelector('output[aria-label="Step"]')?.textContent ?? ''))
  await waitForState(page, 'training')
  assert.deepEqual(troubles, [])
  await close()
})

test('a part of an address that cannot be used is named and kept, and the rest applies', async () => {
  const { page, close } = await openPage(site, { hash: '#lrr=0.1' })
  const notice = page.locator('.notice[data-key=hash]')
  assert.match(await notice.innerText(), /lrr=0\.1: unknown setting "lrr": the nearest known one is "lr".*The rest of the address is in use/s)
  await waitForHash(page, '#lrr=0.1')
  await press(page, 'Dismiss')
  const mixed = await openPage(site, { hash: '#batch=16&lr=0,01' })
  assert.match(await mixed.page.locator('.notice').innerText(), /lr=0,01/)
  await waitForHash(mixed.page, '#batch=16&lr=0,01')
  assert.equal(await mixed.page.getByRole('textbox', { name: 'Batch size' }).inputValue(), '16')
  await setField(mixed.page, 'Learning rate', '0.01')
  await waitForHash(mixed.page, '#lr=0.01&batch=16')
  await mixed.close()

  await page.evaluate((hash) => (location.hash = hash), long)
  await page.waitForFunction(() => document.querySelector('output[aria-label="Step"]')?.textContent === '0 / 157000')
  await press(page, 'Train')
  await waitForStep(page, 10)
  for (const [hash, said] of /** @type {const} */ ([
    ['#lr=-3', 'lr is -3'], ['#batch=1.5', 'batch is 1.5'], ['#model=dense+12+|+what', '"what"'], ['#data=nowhere', 'nowhere'], ['#%%%', 'nknown setting'],
  ])) {
    await page.evaluate((text) => (location.hash = text), hash)
    await notice.filter({ hasText: said }).filter({ hasText: 'cannot be used' }).waitFor()
    // The part stays in the address, behind the settings of the run, unless the run has that setting.
    await page.waitForFunction(([run, part]) => location.hash.startsWith(run) && (run.includes(part) || location.hash.includes(part)),
      [long, decodeURIComponent(hash.slice(1).split('=')[0].replace(/^%%%$/, '%25'))])
    assert.ok(await waiting(page).isHidden(), 'nothing is pending')
  }
  const step = await stepOf(page)
  await waitForStep(page, step + 20)

  await page.evaluate(() => (location.hash = '#batch=32'))
  await waiting(page).filter({ hasText: 'Batch size' }).waitFor()
  assert.equal(await notice.count(), 0)
  await press(page, 'Restart with changes')
  await waitForHash(page, '#batch=32')
  assert.equal(addressOf(page).get('batch'), '32')
  // The good part is pending although the other is bad.
  await page.evaluate(() => (location.hash = '#batch=16&lr=0,01'))
  await notice.filter({ hasText: 'lr=0,01' }).waitFor()
  await waiting(page).filter({ hasText: 'Batch size' }).waitFor()
  await waitForHash(page, '#batch=32&lr=0,01')
  await close()
})

test('another data set loads with progress and replaces the images', async (t) => {
  const { page, troubles, close } = await openPage(site)
  const data = page.getByRole('combobox', { name: 'Data set', exact: true })
  const names = await data.locator('option').evaluateAll((options) => options.map((option) => /** @type {HTMLOptionElement} */ (option).value))
  assert.ok(names.includes('mnist'))
  if (!names.includes('fashion-mnist')) {
    t.skip('the site was built without Fashion-MNIST')
  } else {
    const before = await page.locator('rl-image .verdict').textContent()
    await data.selectOption('fashion-mnist')
    await waitForHash(page, '#data=fashion-mnist')
    await page.waitForFunction((text) => document.querySelector('rl-image .verdict')?.textContent !== text, before)
    await press(page, 'Step')
    await waitForStep(page, 1)
    assert.ok(await page.locator('#loading').isHidden())
    assert.deepEqual(troubles, [])
  }
  await close()
})

test('a data set that cannot be fetched does not affect the run', async (t) => {
  const { page, close } = await openPage(site)
  const data = page.getByRole('combobox', { name: 'Data set', exact: true })
  if (await data.locator('option').count() < 2) t.skip('the site was built with one data set')
  else {
    await page.context().route('**/data/fashion-mnist/**', (route) => route.fulfill({ status: 404, body: '' }))
    await data.selectOption('fashion-mnist')
    await errorOf(page, 'data').filter({ hasText: '404' }).waitFor()
    await press(page, 'Step')
    await waitForStep(page, 1)
    assert.equal(await data.inputValue(), 'mnist')
  }
  await close()
})
