// Gradient flow and learnt slopes on real MNIST: tables, charts and warnings equal the output of the command line.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { percent, short } from '../../web/dom/format.js'
import { drawn, hashOf, linesOf, nodeSession, pageAt, snapshotsOf } from './monitors.mjs'
import { keepInSight, openPage, openSite, press, waitForState } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

const config = { model: 'dense 32 | prelu | dense 24 | swish | dense 10', lr: 0.01, train_samples: 1280, epochs: 1, probe: 5 }

/** Trains in the page to the end while a view is visible. @param {string} tag @param {number} last step */
async function trained(tag, last) {
  const opened = await openPage(site, { hash: hashOf(config) })
  const view = opened.page.locator(tag)
  await keepInSight(view)
  await press(opened.page, 'Train')
  await waitForState(opened.page, 'finished')
  await drawn(opened.page, tag, last)
  return { ...opened, view }
}

test('norms, ratios and shares equal those of the command line, now and in the charts', async () => {
  const { view, troubles, close } = await trained('rl-gradient-flow', 20)
  const { gradients } = snapshotsOf(config).at(-1)
  const of = (/** @type {string} */ name) => gradients.parameters.find((/** @type {any} */ each) => [`${name}.weight`, `${name}.beta`].includes(each.name))
  const cellsOf = (/** @type {string} */ table) => view.locator(`${table} tbody tr`).evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)))
  const layers = [['fc1', 'dense 32'], ['act1', 'prelu'], ['fc2', 'dense 24'], ['act2', 'swish'], ['fc3', 'dense 10']]
  assert.deepEqual(await cellsOf('.flow-bars'), layers.map(([name, text]) => [`${name}: ${text}`, '', short(of(name).gradient_norm)]))
  const shareOf = (/** @type {number} */ layer) => percent(gradients.activations.find((/** @type {any} */ each) => each.layer === layer).negative_share, 1)
  assert.deepEqual(await cellsOf('.flow-table'), layers.map(([name, text], layer) => [`${name}: ${text}`, short(of(name).update_ratio), layer % 2 ? shareOf(layer) : '–']))
  // The bars are in proportion to the logarithms, from a third of the smallest norm.
  const norms = layers.map(([name]) => of(name).gradient_norm)
  const [low, high] = [Math.min(...gradients.parameters.map((/** @type {any} */ each) => each.gradient_norm).filter((/** @type {number} */ norm) => norm > 0)) / 3,
    Math.max(...gradients.parameters.map((/** @type {any} */ each) => each.gradient_norm))]
  const bars = await view.locator('.flow-bars .bar-fill').evaluateAll((all) => all.map((bar) => Number(/** @type {HTMLElement} */ (bar).style.transform.match(/[\d.]+/)?.[0])))
  bars.forEach((share, i) => assert.ok(Math.abs(share - Math.log(norms[i] / low) / Math.log(high / low)) < 1e-4, `bar ${i}: ${share}`))
  const [first, last] = [norms[0], norms[4]]
  const times = short(Number((Math.max(first, last) / Math.min(first, last)).toPrecision(2)))
  assert.ok(Math.max(first, last) / Math.min(first, last) > 1.25)
  assert.equal(await view.locator('.verdict').textContent(), `The first layer gets ${times} times ${first < last ? 'less' : 'more'} gradient than the last.`)
  assert.ok((await view.locator('.probe-step').textContent())?.startsWith(`In step 20, learning rate 0.01: all layers together ${short(gradients.norm)}.`))
  const label = (/** @type {RegExp} */ name) => view.getByRole('img', { name, includeHidden: true }).getAttribute('aria-label')
  for (const [name, what] of /** @type {[RegExp, string][]} */ ([[/^Gradient of each layer/, 'gradient_norm'], [/^Update/, 'update_ratio']])) {
    for (const layer of ['fc1', 'fc2', 'fc3']) assert.match(await label(name) ?? '', new RegExp(`${layer} [^,]*${short(of(layer)[what]).replace('.', '\\.')}`))
  }
  assert.deepEqual(troubles, [])
  await close()
})

test('before the first step the view offers to make one', async () => {
  const { page, view, close } = await pageAt(site, { train_samples: 1000, model: 'dense 16 | relu | dense 10' }, 'rl-gradient-flow', 0)
  await view.getByText('Nothing has been trained yet').waitFor()
  assert.ok(await view.locator('.flow-bars').isHidden())
  await press(page, 'Make one step')
  await view.getByText('In step 1, learning rate 0.001').waitFor()
  assert.ok(await view.getByText('Nothing has been trained yet').isHidden())
  await close()
})

/** A change as the view writes it. @param {number} value */
const signed = (value) => (value > 0 ? `+${short(value)}` : short(value))

test('slopes and their changes equal those of the command line, and the curve of step 0 is a ghost', async () => {
  const { view, troubles, close } = await trained('rl-slopes', 20)
  const all = snapshotsOf(config)
  const [start, now] = [all[0], all.at(-1)].map(({ layers }) => [layers[1], layers[3]].map(({ slopes }) => slopes.values[0]))
  assert.equal(all[0].step, 0)
  assert.deepEqual(start, [0.25, 1])
  assert.notEqual(short(now[0]), '0.25')
  assert.deepEqual(await view.locator('.multiples p').allTextContents(),
    [0, 1].map((i) => `${'αβ'[i]} ${short(start[i])} → ${short(now[i])} (${signed(now[i] - start[i])})`))
  const label = await view.getByRole('img', { name: /^Change of the slope/ }).getAttribute('aria-label') ?? ''
  for (const [i, name] of ['α of act1', 'β of act2'].entries()) assert.ok(label.includes(`${name} `) && label.includes(signed(now[i] - start[i])), label)
  // The height of both curves above the axis of z at their left ends: α z, so that their ratio is that of the slopes.
  const plot = view.locator('svg.activation-plot').first()
  await view.getByRole('img', { name: `The curve of α of act1: 0.25 at step 0, ${short(now[0])} now (${signed(now[0] - start[0])})` }).waitFor()
  const [zero, before, present] = await plot.evaluate((picture) => ['.curve-axis', '.curve-ghost', '.curve-f'].map((name) => Number(picture.querySelector(name)?.getAttribute('d')?.match(/[\d.]+/g)?.[1])))
  assert.ok(before > zero, 'α z is below 0')
  assert.ok(Math.abs((present - zero) / (before - zero) - now[0] / 0.25) < 0.02, `${present - zero} and ${before - zero}, ${now[0]}`)
  assert.deepEqual(troubles, [])
  await close()
})

test('slopes per channel; without learnt slopes the view offers PReLU', async () => {
  const byChannel = { model: 'dense 30 | prelu channel | dense 10', lr: 0.05 }
  const { view, close } = await pageAt(site, byChannel, 'rl-slopes', 2)
  const run = await nodeSession(byChannel)
  run.advance()
  run.advance()
  const values = run.probe().layers[1].slopes?.values ?? []
  assert.equal(values.length, 30)
  const mean = values.reduce((sum, value) => sum + value, 0) / 30
  assert.equal(await view.locator('.multiples p').textContent(),
    `α 0.25 → ${short(mean)} (${signed(mean - 0.25)}) mean of 30 channels, now ${short(Math.min(...values))} to ${short(Math.max(...values))}`)
  run.delete()
  await close()
  const none = await pageAt(site, { model: 'dense 8 | relu | dense 10', train_samples: 500 }, 'rl-slopes', 0)
  await none.view.getByText('No activation of this model learns a slope').waitFor()
  await none.view.getByRole('button', { name: 'Use PReLU' }).click()
  await none.view.getByText('α 0.25 → 0.25 (0)').waitFor()
  await none.close()
})

test('the core’s warning about vanishing gradients is shown with its step', async () => {
  const deep = { model: `${Array(8).fill('dense 16 | sigmoid').join(' | ')} | dense 10`, train_samples: 1000, epochs: 1, probe: 1 }
  const { page, view, close } = await pageAt(site, deep, 'rl-gradient-flow', 2)
  const [raised] = linesOf(deep, 'warning').filter(({ code, step }) => code === 'vanishing_gradients' && step <= 2).map(({ step, message }) => `Step ${step} ${message}`)
  assert.ok(raised)
  assert.ok((await view.locator('.warnings li').allTextContents()).includes(raised), raised)
  assert.match(await view.locator('.verdict').textContent() ?? '', /^The first layer gets [\d,]+ times less gradient than the last\.$/)
  await press(page, 'Reset')
  await drawn(page, 'rl-gradient-flow', 0)
  await view.getByText('Nothing has been trained yet').waitFor()
  assert.equal(await view.locator('.warnings li:visible').count(), 0)
  await close()
})
