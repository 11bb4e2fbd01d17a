// The activation microscope on real MNIST: shares, moments, bars and colours equal the core's values at that step.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { diverging } from '../../web/dom/colours.js'
import { percent, short } from '../../web/dom/format.js'
import { drawn, nodeSession, pageAt } from './monitors.mjs'
import { openSite } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

const config = { model: 'dense 64 | elu | dense 32 | prelu | dense 10', lr: 0.01, seed: 3 }

/**
 * The heights of the bars relative to the highest, and their colours.
 * @param {import('playwright-core').Locator} view
 */
const barsOf = (view) => view.locator('.activation-bar').evaluateAll((bars) => {
  const heights = bars.map((bar) => Number(bar.getAttribute('height')))
  return bars.map((bar, i) => ({ share: heights[i] / Math.max(...heights), fill: getComputedStyle(bar).fill }))
})

test('the microscope shows the numbers of the core, layer by layer', async () => {
  const { page, view, troubles, close } = await pageAt(site, config, 'rl-microscope', 3)
  const run = await nodeSession(config)
  for (let step = 0; step < 3; step++) run.advance()
  const { layers } = run.probe()
  for (const name of ['act1', 'act2']) {
    await view.getByRole('combobox', { name: 'Layer under the microscope' }).selectOption(name)
    const layer = layers.find((each) => each.name === name)
    assert.ok(layer?.input && layer.regimes)
    const { counts, low, high } = layer.input.histogram
    await view.getByRole('img', { name: new RegExp(`^Inputs of ${name} `) }).waitFor()

    assert.deepEqual(await view.locator('.regimes .bar-value').allTextContents(), layer.regimes.map(({ share }) => percent(share)))
    assert.deepEqual(await view.locator('.regimes th').evaluateAll((heads) => heads.map((head) => head.firstChild?.textContent)), layer.regimes.map((each) => each.name))
    const values = await view.locator('.stats b').allTextContents()
    assert.deepEqual(values.slice(0, 4), [
      `${short(layer.input.mean)} ± ${short(layer.input.deviation)}`, `${short(layer.mean)} ± ${short(layer.deviation)}`, percent(layer.sparsity), String(layer.units),
    ])
    if (layer.slopes) assert.equal(values[4], short(layer.slopes.values[0]))

    const bars = await barsOf(view)
    assert.equal(bars.length, counts.length)
    bars.forEach(({ share }, i) => assert.ok(Math.abs(share - counts[i] / Math.max(...counts)) < 1e-3, `bar ${i}: ${share} of ${counts[i]}`))
    // The outermost bars lie well inside one regime, and their values are far above that of the full colour.
    assert.ok(low < 0 && high > 0)
    assert.equal(bars.at(-1)?.fill.replaceAll(',', ''), diverging(1, 1))
    const [red, , blue] = (bars[0].fill.match(/\d+/g) ?? []).map(Number)
    assert.ok(red > blue, `${name}: what is below 0 comes out below 0, and is orange: ${bars[0].fill}`)
  }
  assert.deepEqual(troubles, [])
  run.delete()
  assert.equal(await page.locator('rl-microscope').getAttribute('data-step'), '3')
  await close()
})

test('the curve uses the learnt slope and follows the run', async () => {
  const { page, view, close } = await pageAt(site, { model: 'dense 24 | prelu | dense 10', lr: 0.1 }, 'rl-microscope', 0)
  // The slope of the curve below 0, from its ends and the origin of the axes.
  const drawnSlope = () => view.locator('svg.activation-plot').evaluate((picture) => {
    const numbersOf = (/** @type {string} */ name) => (picture.querySelector(name)?.getAttribute('d')?.match(/[\d.]+/g) ?? []).map(Number)
    const [, zero, , middle] = numbersOf('.curve-axis'), curve = numbersOf('.curve-f')
    const [x, y, endX, endY] = [...curve.slice(0, 2), ...curve.slice(-2)]
    return ((y - zero) / (middle - x)) / ((zero - endY) / (endX - middle))
  })
  const said = async () => Number(await view.locator('.stats b').nth(4).textContent())
  await view.locator('.curve-f').waitFor()
  assert.equal(await said(), 0.25)
  assert.ok(Math.abs(await drawnSlope() - 0.25) < 0.01, String(await drawnSlope()))
  await page.getByRole('button', { name: 'Step', exact: true }).click()
  await drawn(page, 'rl-microscope', 1)
  const learnt = await said()
  assert.ok(Math.abs(Math.abs(learnt - 0.25) - 0.1) < 0.001, `Adam's first step is the learning rate: ${learnt}`)
  // The numbers appear first, because the curve is requested separately.
  for (let i = 0; i < 100 && Math.abs(await drawnSlope() - learnt) > 0.01; i++) await page.waitForTimeout(100)
  assert.ok(Math.abs(await drawnSlope() - learnt) < 0.01, `${await drawnSlope()}, and not ${learnt}`)
  await close()
})

test('the microscope shows the warning about saturated inputs', async () => {
  const { view, close } = await pageAt(site, { model: 'dense 64 | sigmoid | dense 10', init: 'constant', init_value: 0.4 }, 'rl-microscope', 0)
  const run = await nodeSession({ model: 'dense 64 | sigmoid | dense 10', init: 'constant', init_value: 0.4 })
  const expected = run.probe().warnings.filter(({ code }) => ['saturation', 'mean_shift'].includes(code)).map(({ message }) => message)
  assert.ok(expected.length > 0)
  assert.deepEqual(await view.locator('.warnings li').allTextContents(), expected)
  run.delete()
  await close()
})

test('a model without an activation shows an explanation', async () => {
  const { view, close } = await pageAt(site, { model: 'dense 10' }, 'rl-microscope', 0)
  await view.getByText('This model has no activation between its layers').waitFor()
  await close()
})
