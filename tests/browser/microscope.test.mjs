// The activation microscope on real MNIST: shares, moments, bars and colours equal the core's values at that step.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { diverging } from '../../web/dom/colours.js'
import { percent, short } from '../../web/dom/format.js'
import { drawn, linesOf, nodeSession, pageAt } from './monitors.mjs'
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

test('the microscope shows the numbers of the core for all layers, with step 0 as a ghost', async () => {
  const { page, view, troubles, close } = await pageAt(site, config, 'rl-microscope', 3)
  const run = await nodeSession(config)
  const start = run.probe().layers
  for (let step = 0; step < 3; step++) run.advance()
  const { layers } = run.probe()
  for (const name of ['act1', 'act2']) {
    const part = view.getByRole('region', { name })
    const layer = layers.find((each) => each.name === name)
    assert.ok(layer?.input && layer.regimes)
    const { counts, low, high } = layer.input.histogram
    const before = start.find((each) => each.name === name)?.input
    assert.ok(before)
    const label = await part.getByRole('img', { name: new RegExp(`^Inputs of ${name} `) }).getAttribute('aria-label') ?? ''
    assert.ok(label.includes(`mean ${short(layer.input.mean)}, at step 0 ${short(before.mean)}; `), label)

    await part.getByText(`Numbers of ${name}`).click()
    assert.deepEqual(await part.locator('.regimes .bar-value').allTextContents(), layer.regimes.map(({ share }) => percent(share)))
    assert.deepEqual(await part.locator('.regimes th').evaluateAll((heads) => heads.map((head) => head.firstChild?.textContent)), layer.regimes.map((each) => each.name))
    const values = await part.locator('.stats b').allTextContents()
    assert.deepEqual(values.slice(0, 4), [
      `${short(layer.input.mean)} ± ${short(layer.input.deviation)}`, `${short(layer.mean)} ± ${short(layer.deviation)}`, percent(layer.sparsity), String(layer.units),
    ])
    if (layer.slopes) assert.equal(values[4], short(layer.slopes.values[0]))
    assert.equal(await part.locator('> p').textContent(),
      `Inputs: ${layer.regimes.filter(({ share }) => share >= 0.005).map((each) => `${percent(each.share, 0)} ${each.name}`).join(', ')}. Mean output ${short(layer.mean)}.`)

    const bars = await barsOf(part)
    assert.equal(bars.length, counts.length)
    bars.forEach(({ share }, i) => assert.ok(Math.abs(share - counts[i] / Math.max(...counts)) < 1e-3, `bar ${i}: ${share} of ${counts[i]}`))
    // The outermost bars lie well inside one regime, and their values are far above that of the full colour.
    assert.ok(low < 0 && high > 0)
    assert.equal(bars.at(-1)?.fill.replaceAll(',', ''), diverging(1, 1))
    const [red, , blue] = (bars[0].fill.match(/\d+/g) ?? []).map(Number)
    assert.ok(red > blue, `${name}: what is below 0 comes out below 0, and is orange: ${bars[0].fill}`)

    // The heights of the ghost's steps are the counts at step 0.
    const outline = await part.locator('.activation-ghost').getAttribute('d') ?? ''
    const [bottom, ...heights] = [Number(outline.match(/ ([\d.]+)/)?.[1]), ...[...outline.matchAll(/V([\d.]+)H/g)].map(([, y]) => Number(y))]
    const first = before.histogram.counts
    assert.equal(heights.length, first.length)
    const tall = bottom - Math.min(...heights)
    heights.forEach((y, i) => assert.ok(Math.abs((bottom - y) / tall - first[i] / Math.max(...first)) < 2e-3, `step ${i} of the ghost`))
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
  const saturated = { model: 'dense 64 | sigmoid | dense 10', init: 'constant', init_value: 0.4, train_samples: 640, epochs: 1, probe: 1 }
  const { view, close } = await pageAt(site, saturated, 'rl-microscope', 1)
  const expected = linesOf(saturated, 'warning').filter(({ step, code }) => step <= 1 && ['saturation', 'mean_shift'].includes(code)).map(({ step, message }) => `Step ${step} ${message}`)
  assert.ok(expected.length > 0)
  await view.locator('.warnings li').first().waitFor()
  assert.deepEqual(await view.locator('.warnings li').allTextContents(), expected)
  await close()
})

test('a model without an activation offers one', async () => {
  const { view, close } = await pageAt(site, { model: 'dense 10', train_samples: 500 }, 'rl-microscope', 0)
  await view.getByText('This model has no activation between its layers').waitFor()
  await view.getByRole('button', { name: 'Use “dense 128 | relu | dense 10”' }).click()
  await view.getByRole('img', { name: /^Inputs of act1 \(relu\)/ }).waitFor()
  await close()
})
