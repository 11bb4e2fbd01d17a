// Gradient flow and learnt slopes on real MNIST: tables, charts and warnings equal the output of the command line.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { percent, short } from '../../web/dom/format.js'
import { headless, trainJson } from '../node/support.mjs'
import { onCutData } from './cut.mjs'
import { drawn, hashOf, nodeSession, pageAt } from './monitors.mjs'
import { keepInSight, openPage, openSite, press, waitForState } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

const config = { model: 'dense 32 | prelu | dense 24 | swish | dense 10', lr: 0.01, train_samples: 1280, epochs: 1, probe: 5 }

/** The snapshots of the command line. */
const looksOf = () => trainJson(headless, [...onCutData, ...Object.entries(config).flatMap(([name, value]) => [`--${name}`, String(value)])]).of('probe')

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
  const { gradients } = looksOf().at(-1)
  const of = (/** @type {string} */ name) => gradients.parameters.find((/** @type {any} */ each) => [`${name}.weight`, `${name}.beta`].includes(each.name))
  const rows = await view.locator('.flow-table tbody tr').evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent)))
  const shareOf = (/** @type {number} */ layer) => percent(gradients.activations.find((/** @type {any} */ each) => each.layer === layer).negative_share, 1)
  assert.deepEqual(rows, [
    ...[['fc1', 'dense 32'], ['act1', 'prelu'], ['fc2', 'dense 24'], ['act2', 'swish'], ['fc3', 'dense 10']].map(([name, text], layer) => [
      `${name}: ${text}`, short(of(name).gradient_norm), '', short(of(name).update_ratio), layer % 2 ? shareOf(layer) : '–',
    ]),
  ])
  assert.equal(await view.locator('.probe-step').textContent(), `in step 20, learning rate 0.01, total norm ${short(gradients.norm)}`)
  const label = (/** @type {RegExp} */ name) => view.getByRole('img', { name }).getAttribute('aria-label')
  const ends = (/** @type {string} */ what) => ['fc1', 'fc2', 'fc3'].map((name) => `${name} ${short(of(name)[what])}`).join(', ')
  assert.equal(await label(/^Norm/), `Norm of the gradient at step 20: ${ends('gradient_norm')}`)
  assert.equal(await label(/^Update/), `Update ÷ weight, of a step at step 20: ${ends('update_ratio')}`)
  assert.deepEqual(troubles, [])
  await close()
})

test('slopes equal those of the command line', async () => {
  const { view, troubles, close } = await trained('rl-slopes', 20)
  const { layers } = looksOf().at(-1)
  const [alpha, beta] = [layers[1], layers[3]].map(({ slopes }) => slopes.values[0])
  assert.notEqual(short(alpha), '0.25')
  assert.deepEqual(await view.locator('.stats b').allTextContents(), [short(alpha), short(beta)])
  assert.equal(await view.getByRole('img', { name: /^Slope/ }).getAttribute('aria-label'),
    `Slope, over the steps at step 20: α of act1 ${short(alpha)}, β of act2 ${short(beta)}`)
  assert.deepEqual(troubles, [])
  await close()
})

test('slopes per channel, and none without learnt slopes', async () => {
  const byChannel = { model: 'dense 30 | prelu channel | dense 10', lr: 0.05 }
  const { view, close } = await pageAt(site, byChannel, 'rl-slopes', 2)
  const run = await nodeSession(byChannel)
  run.advance()
  run.advance()
  const values = run.probe().layers[1].slopes?.values ?? []
  assert.equal(values.length, 30)
  const mean = values.reduce((sum, value) => sum + value, 0) / 30
  assert.equal(await view.locator('.stats dd').textContent(), `${short(mean)} mean of 30 channels, ${short(Math.min(...values))} to ${short(Math.max(...values))}`)
  run.delete()
  await close()
  const none = await pageAt(site, { model: 'dense 8 | relu | dense 10' }, 'rl-slopes', 0)
  await none.view.getByText('No activation of this model learns a slope').waitFor()
  await none.close()
})

test('the core’s warning about vanishing gradients is announced once and shown while it applies', async () => {
  const deep = { model: `${Array(8).fill('dense 16 | sigmoid').join(' | ')} | dense 10`, train_samples: 1000 }
  const { page, view, close } = await pageAt(site, deep, 'rl-gradient-flow', 2)
  const run = await nodeSession(deep)
  run.probe({ gradients: true })
  for (let step = 0; step < 2; step++) {
    run.advance()
    run.probe({ gradients: true })
  }
  const expected = run.probe().warnings.filter(({ code }) => code === 'vanishing_gradients').map(({ message }) => message)
  assert.equal(expected.length, 1)
  assert.ok((await view.locator('.warnings li').allTextContents()).includes(expected[0]))
  const { gradients } = run.probe()
  assert.equal(await view.locator('.probe-step').textContent(), `in step 2, learning rate 0.001, total norm ${short(gradients?.norm ?? NaN)}`)
  run.delete()
  await press(page, 'Reset')
  await drawn(page, 'rl-gradient-flow', 0)
  await view.getByText('Gradients are recorded during training steps').waitFor()
  assert.equal(await view.locator('.warnings li:visible').count(), 0)
  await close()
})
