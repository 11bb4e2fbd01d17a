// The unit inspector on real MNIST: pictures, images, bars and the score without the unit equal the core's.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { diverging } from '../../web/dom/colours.js'
import { count, percent, short } from '../../web/dom/format.js'
import { interestingUnit, outputNorms } from '../../web/views/unit_order.js'
import { drawn, nodeSession, pageAt, pixelsOf } from './monitors.mjs'
import { keepInSight, openSite, press, waitForState } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

const config = { model: 'dense 40 | relu | dense 24 | relu | dense 10', lr: 0.01, seed: 2, train_samples: 4000, epochs: 1000 }  // long enough to inspect it while it trains

/** @param {number[]} values */
const largest = (values) => Math.max(...values.map(Math.abs))

/** A session at the step of the page. @param {number} steps */
async function runAt(steps) {
  const run = await nodeSession(config)
  for (let step = 0; step < steps; step++) run.advance()
  return run
}

test('a unit chosen in the map shows the core’s values, and the score without it equals the core’s', async () => {
  const { page, view, troubles, close } = await pageAt(site, config, 'rl-unit-inspector', 4)
  const run = await runAt(4)
  const map = page.locator('rl-dead-units')
  await keepInSight(map)
  await drawn(page, 'rl-dead-units', 4)
  const grid = map.getByRole('slider', { name: 'Units of act1' })
  await grid.focus()
  for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await keepInSight(view)
  await page.waitForSelector('rl-unit-inspector[data-unit="act1 11"]')
  const report = run.unit(1, 11)
  assert.ok(report.incoming && report.outgoing)
  assert.equal(report.incoming.values.length, 784)

  const weights = view.getByRole('img', { name: /^Weights of unit 11 of act1/ })
  const scale = view.getByRole('combobox', { name: 'Colour scale of the weights' })
  for (const [name, limit] of /** @type {[string, number][]} */ ([['unit', largest(report.incoming.values)], ['layer', report.incoming.largest], ['all', report.largest]])) {
    await scale.selectOption(name)
    assert.deepEqual((await pixelsOf(weights)).colours, report.incoming.values.map((value) => diverging(value, limit)), name)
  }
  const response = view.getByRole('img', { name: /^Response of unit 11/ })
  assert.deepEqual((await pixelsOf(response)).colours, report.response.map((value) => diverging(value, largest(report.response))))

  await page.waitForFunction(() => document.querySelectorAll('rl-unit-inspector .strongest canvas').length === 8)
  assert.deepEqual(await view.locator('.strongest canvas').evaluateAll((all) => all.map((canvas) => canvas.getAttribute('aria-label'))),
    report.strongest.map(({ index, label }) => `Training image ${index}, labelled ${label}`))
  assert.deepEqual(await view.locator('.strongest b').allTextContents(), report.strongest.map(({ value }) => short(value)))
  // The unit feeds 24 units; the ten with the largest weights have a bar.
  const most = report.outgoing.values.map((value, to) => ({ value, to })).sort((a, b) => Math.abs(b.value) - Math.abs(a.value)).slice(0, 10)
  assert.deepEqual(await view.locator('.signed-bars tr').allTextContents(), most.map(({ value, to }) => `unit ${to}${short(value)}`))

  const [all, without] = [run.evaluate(), run.evaluateWithout(1, [11])]
  const { firing = [] } = run.probe().layers[1]
  assert.ok(firing[11] > 0, 'a unit that does something')
  await press(page, 'Switch this unit off')
  const effect = view.getByRole('status', { name: 'Effect of switching it off' })
  await effect.filter({ hasText: 'Test accuracy' }).waitFor()
  const text = await effect.textContent() ?? ''
  assert.ok(text.startsWith(`Test accuracy ${percent(all.test_accuracy)} with unit 11, ${percent(without.test_accuracy)} without it: `), text)
  const lost = all.correct - without.correct
  assert.ok(lost === 0 ? text.includes('the same number correct') : text.includes(`${count(Math.abs(lost))} ${lost > 0 ? 'fewer' : 'more'} correct`), text)
  await page.waitForFunction((hash) => document.querySelector('output.sha')?.textContent === hash, run.weightsSha256())
  assert.deepEqual(troubles, [])
  run.delete()
  await close()
})

test('for the last hidden layer the bars are classes, and keys step through the units', async () => {
  const { page, view, close } = await pageAt(site, config, 'rl-unit-inspector', 1)
  const run = await runAt(1)
  await view.getByRole('combobox', { name: 'Layer of the unit' }).selectOption({ label: 'act2: relu' })
  await page.waitForSelector(`rl-unit-inspector[data-unit="act2 ${interestingUnit(run.probe().layers[3].firing ?? [])}"]`)
  const first = view.getByRole('textbox', { name: 'Unit', exact: true })
  await first.fill('0')
  await first.press('Enter')
  await page.waitForSelector('rl-unit-inspector[data-unit="act2 0"]')
  await view.getByRole('button', { name: 'Previous unit' }).focus()
  await page.keyboard.press('Enter')
  await page.waitForSelector('rl-unit-inspector[data-unit="act2 23"]')
  const { outgoing, incoming } = run.unit(3, 23)
  assert.ok(outgoing && incoming)
  assert.deepEqual(await view.locator('.signed-bars tr').allTextContents(), outgoing.values.map((value, to) => `${to}${short(value)}`))
  const reach = largest(outgoing.values)
  const widths = await view.locator('.signed-bar').evaluateAll((bars) => bars.map((bar) => (bar instanceof HTMLElement ? Number.parseFloat(bar.style.width) : NaN)))
  widths.forEach((width, i) => assert.ok(Math.abs(width - (50 * Math.abs(outgoing.values[i])) / reach) < 0.01, `bar ${i}`))
  const box = view.getByRole('textbox', { name: 'Unit', exact: true })
  await box.fill('5')
  await box.press('Enter')
  await page.waitForSelector('rl-unit-inspector[data-unit="act2 5"]')
  assert.equal(incoming.values.length, 40)
  await press(page, 'Train')
  await waitForState(page, 'training')
  assert.ok(await view.getByRole('button', { name: 'Switch this unit off' }).isDisabled())
  run.delete()
  await close()
})

test('it opens on a unit that fires, and goes through the units by firing rate and by output weights', async () => {
  // After some steps at this rate the first units of act1 are silent.
  const fast = { ...config, lr: 0.1 }
  const { page, view, troubles, close } = await pageAt(site, fast, 'rl-unit-inspector', 3)
  const run = await nodeSession(fast)
  for (let step = 0; step < 3; step++) run.advance()
  const { firing = [] } = run.probe().layers[1]
  const [opened] = (await view.getAttribute('data-unit') ?? '').match(/\d+$/) ?? []
  assert.ok(firing[Number(opened)] > 0, `unit ${opened} fires`)
  assert.ok(firing.some((rate) => rate === 0))

  const order = view.getByRole('combobox', { name: 'Order of the units' })
  const weights = run.parameter('fc2.weight')
  const norms = outputNorms(weights, 40)
  assert.equal(norms[7].toPrecision(6), Math.hypot(...Array.from({ length: 24 }, (_, to) => weights.values[40 * to + 7])).toPrecision(6))
  for (const [name, of] of /** @type {[string, number[]][]} */ ([['firing', firing], ['weights', norms]])) {
    const units = [...of.keys()].sort((a, b) => of[b] - of[a] || a - b)
    await order.selectOption(name)
    for (const place of [0, 1, 2]) {
      await page.waitForSelector(`rl-unit-inspector[data-unit="act1 ${units[place]}"]`)
      await view.getByText(`number ${place + 1} of 40${name === 'weights' ? `, norm ${short(of[units[place]])}` : ''}`, { exact: true }).waitFor()
      await view.getByRole('button', { name: 'Next unit' }).click()
    }
  }
  run.delete()
  assert.deepEqual(troubles, [])
  await close()
})

test('the first unit that fires on some images only, else the one that fires most; norms also behind a flattened image', () => {
  assert.equal(interestingUnit([0, 1, 0.05, 0.4, 0.3]), 3)
  assert.equal(interestingUnit([0, 0.9, 1, 0.05]), 2)
  assert.equal(interestingUnit([0, 0, 0]), 0)
  assert.equal(interestingUnit([]), 0)
  // Two channels of two pixels, three outputs.
  assert.deepEqual(outputNorms({ shape: [3, 4], values: Float32Array.of(3, 0, 0, 0, 4, 0, 0, 1, 0, 0, 1, 1) }, 2), [5, Math.sqrt(3)])
})

test('a convolution shows kernels, and a unit that never fires has no favourite images', async () => {
  const { page, view, close } = await pageAt(site, { model: 'conv 4x5 | relu | pool 2 | dense 10', train_samples: 500 }, 'rl-unit-inspector', 0)
  await page.waitForSelector('rl-unit-inspector[data-unit]')
  assert.match(await view.locator('.inspector h4').first().textContent() ?? '', /^Weights \(conv1\.weight, 1 × 5 × 5\)$/)
  assert.equal((await pixelsOf(view.getByRole('img', { name: /^Weights of unit/ }))).colours.length, 25)
  await close()

  const dead = await pageAt(site, { model: 'dense 8 | relu | dense 10', init: 'constant', init_value: -0.5, mean: 0, std: 1, train_samples: 500 }, 'rl-unit-inspector', 0)
  await dead.view.getByText('Its output is above 0 for no image of the probe set.').waitFor()
  await dead.close()
})
