// The dead-unit map on real MNIST: colours, counts and steps of death equal the output of the command line.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { short } from '../../web/dom/format.js'
import { headless, trainJson } from '../node/support.mjs'
import { onCutData } from './cut.mjs'
import { cellColours, drawn, hashOf, nodeSession, pageAt } from './monitors.mjs'
import { keepInSight, openPage, openSite, press, waitForState } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/**
 * Orange for a unit that never fires, otherwise one of 127 steps from grey (232 234 235) to blue (8 119 189).
 * @param {number} rate
 */
function colourOf(rate) {
  if (rate === 0) return 'rgb(245 147 34)'
  const t = Math.round(127 * rate) / 127
  return `rgb(${[232 - 224 * t, 234 - 115 * t, 235 - 46 * t].map(Math.round).join(' ')})`
}

test('cells, counts, deaths and revivals equal those of the command line', async () => {
  const config = { model: 'dense 128 | relu | dense 10', lr: 0.05, train_samples: 2560, epochs: 1, probe: 4, seed: 5 }
  const { page, troubles, close } = await openPage(site, { hash: hashOf(config) })
  const view = page.locator('rl-dead-units')
  await keepInSight(view)
  await press(page, 'Train')
  await waitForState(page, 'finished')
  await drawn(page, 'rl-dead-units', 40)

  const looks = trainJson(headless, [...onCutData, ...Object.entries(config).flatMap(([name, value]) => [`--${name}`, String(value)])]).of('probe')
  const { layers } = looks.at(-1)
  const layer = layers[1]
  const { firing, dead, silent, lives } = layer
  assert.ok(dead.length > 20 && dead.length < 128, `${dead.length} dead`)
  assert.equal(await view.locator('.layer h3 span').textContent(), `128 units, ${dead.length} dead, ${silent.length} silent`)
  const grid = view.getByRole('slider')
  const expected = firing.map(colourOf)
  assert.deepEqual(await cellColours(grid, 128), expected)
  assert.ok(new Set(expected).size > 5)

  // Move with keys to a dead unit and, if there is one, to a revived unit.
  await grid.focus()
  const some = [lives.find((/** @type {any} */ life) => life.dead && life.died > 0), lives.find((/** @type {any} */ life) => !life.dead)].filter(Boolean)
  for (const { unit, dead: isDead, died, died_lr, deaths, revived, revived_lr } of some) {
    await page.keyboard.press('Home')
    await page.keyboard.press('Home')
    for (let i = 0; i < unit; i++) await page.keyboard.press('ArrowRight')
    const text = await view.locator('.layer .readout').textContent() ?? ''
    assert.ok(text.startsWith(`unit ${unit}: fires on ${(100 * firing[unit]).toFixed(1)}% of 500 images; `), text)
    assert.ok(text.includes(isDead ? `dead since step ${died} (learning rate ${short(died_lr)})` : 'was dead from'), text)
    if (!isDead) assert.ok(text.includes(`revived at step ${revived} (learning rate ${short(revived_lr)})`), text)
    if (deaths > 1) assert.ok(text.includes(`${deaths} deaths`), text)
    assert.equal(await grid.getAttribute('aria-valuetext'), `act1, firing rates, ${text}`)
  }
  await page.keyboard.press('Escape')
  const summary = await view.locator('.layer .readout').textContent() ?? ''
  const batch = looks.at(-1).gradients.activations[0].silent_on_batch
  assert.ok(summary.endsWith(`${batch.length} silent on the batch of step 40`), summary)
  const chart = view.getByRole('img', { name: /^Units that are dead/ })
  assert.equal(await chart.getAttribute('aria-label'), `Units that are dead, over the steps at step 40: dead ${dead.length}, silent ${silent.length}`)
  const warning = looks.at(-1) && await view.locator('.warnings li').first().textContent()
  assert.match(warning ?? '', /% of layer 2 \(act1, relu\) is dead since step \d+: learning rate 0\.05/)
  assert.deepEqual(troubles, [])
  await close()
})

test('on demand units are counted over the whole set', async () => {
  const config = { model: 'dense 64 | relu | dense 10', lr: 0.1, train_samples: 3000, epochs: 1000 }  // long enough to inspect it while it trains
  const { page, view, close } = await pageAt(site, config, 'rl-dead-units', 4)
  const run = await nodeSession(config)
  for (let step = 0; step < 4; step++) run.advance()
  const { silent = [], silent_everywhere: everywhere = [], dead_everywhere: dead = [] } = run.probe({ everywhere: true }).layers[1]
  assert.ok(everywhere.length > 0 && everywhere.length < 64)
  await view.getByRole('button', { name: 'Count over all images' }).click()
  const said = view.getByText(/on the whole set at step/)
  await said.waitFor()
  assert.equal(await said.textContent(), `Counted on the whole set at step 4: act1 ${dead.length} dead, ${everywhere.length} silent.`)
  assert.match(await view.locator('.layer h3 span').textContent() ?? '', new RegExp(` ${silent.length} silent$`))
  await press(page, 'Train')
  await waitForState(page, 'training')
  assert.ok(await view.getByRole('button', { name: 'Count over all images' }).isDisabled())
  run.delete()
  await close()
})

test('the units of a convolution are its channels', async () => {
  const config = { model: 'conv 6x5 | relu | pool 2 | dense 10', train_samples: 1000, lr: 0.02 }
  const { view, close } = await pageAt(site, config, 'rl-dead-units', 1)
  const run = await nodeSession(config)
  run.advance()
  const { firing = [], dead = [], silent = [] } = run.probe().layers[1]
  assert.equal(firing.length, 6)
  assert.equal(await view.locator('.layer h3 span').textContent(), `6 channels, ${dead.length} dead, ${silent.length} silent`)
  assert.deepEqual(await cellColours(view.getByRole('slider'), 6), firing.map(colourOf))
  run.delete()
  await close()
})
