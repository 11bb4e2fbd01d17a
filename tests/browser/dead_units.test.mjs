// The map of silent units on real MNIST: colours, counts and the recorded history equal the output of the command line; a
// unit is called dead only after the check of all training images.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { short } from '../../web/dom/format.js'
import { cellColours, drawn, hashOf, nodeSession, pageAt, pixelsOf, snapshotsOf } from './monitors.mjs'
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

/** The colours of the cells as the check of all training images leaves them. @param {number[]} firing @param {number[]} dead */
const coloursOf = (firing, dead) => firing.map((rate, unit) => (dead.includes(unit) ? 'rgb(17 17 17)' : colourOf(rate)))

/** How many cells have a cross at their centre. @param {import('playwright-core').Locator} grid @param {number} units */
async function crossed(grid, units) {
  const { width, colours } = await pixelsOf(grid)
  const columns = Number(await grid.getAttribute('data-columns'))
  const side = width / columns
  return Array.from({ length: units }, (_, unit) => unit).filter((unit) => {
    const at = (/** @type {number} */ share) => colours[Math.floor((Math.floor(unit / columns) + 0.5) * side - 0.5) * width + Math.floor(((unit % columns) + share) * side - 0.5)]
    return at(0.5) !== at(0.25)
  })
}

test('cells, counts and silence equal those of the command line, now and at every recorded look', async () => {
  const config = { model: 'dense 128 | relu | dense 10', lr: 0.05, train_samples: 2560, epochs: 1, probe: 4, seed: 5 }
  const { page, troubles, close } = await openPage(site, { hash: hashOf(config) })
  const view = page.locator('rl-dead-units')
  await keepInSight(view)
  await press(page, 'Train')
  await waitForState(page, 'finished')
  await drawn(page, 'rl-dead-units', 40)

  const looks = snapshotsOf(config)
  const { layers } = looks.at(-1)
  const { firing, silent, lives } = layers[1]
  assert.ok(silent.length > 20 && silent.length < 128, `${silent.length} silent`)
  const title = view.locator('.layer h4 span')
  assert.equal(await title.textContent(), `${silent.length} of 128 units silent on the 500 probe images`)
  // The run has finished, so that the lab has checked all training images.
  const session = await nodeSession(config)
  for (let step = 0; step < 40; step++) session.advance()
  const dead = session.probe({ everywhere: true }).layers[1].dead ?? []
  session.delete()
  assert.ok(dead.length > 0 && dead.length < silent.length, `${dead.length} of ${silent.length} dead`)
  const result = view.getByRole('status', { name: 'Dead units' })
  await result.filter({ hasText: 'Dead at step 40' }).waitFor()
  assert.equal(await result.textContent(), `Dead at step 40, on all 2,560 training images: ${dead.length} of 128 in act1.`)
  const grid = view.getByRole('slider', { name: 'Units of act1' })
  const expected = coloursOf(firing, dead)
  assert.deepEqual(await cellColours(grid, 128), expected)
  assert.deepEqual(await crossed(grid, 128), silent, 'silent units have a cross')
  assert.ok(new Set(expected).size > 5)

  // Move with keys to a unit that has fallen silent and, if there is one, to one that fires again.
  await grid.focus()
  const some = [lives.find((/** @type {any} */ life) => life.silent && life.since > 0), lives.find((/** @type {any} */ life) => !life.silent)].filter(Boolean)
  for (const { unit, silent: isSilent, since, since_lr, times, revived, revived_lr } of some) {
    await page.keyboard.press('Home')
    await page.keyboard.press('Home')
    for (let i = 0; i < unit; i++) await page.keyboard.press('ArrowRight')
    const text = await view.locator('.layer .readout').textContent() ?? ''
    assert.ok(text.startsWith(`unit ${unit}: fires on ${(100 * firing[unit]).toFixed(1)}% of 500 images; `), text)
    assert.ok(text.includes(isSilent ? `silent since step ${since} (learning rate ${short(since_lr)})` : 'was silent from'), text)
    if (!isSilent) assert.ok(text.includes(`fires again since step ${revived} (learning rate ${short(revived_lr)})`), text)
    if (times > 1) assert.ok(text.includes(`fell silent ${times} times`), text)
    assert.ok(text.endsWith(dead.includes(unit) ? '; dead: silent on all 2,560 training images' : '; not dead: not silent on all 2,560 training images'), text)
    assert.equal(await grid.getAttribute('aria-valuetext'), `act1, firing rates, ${text}`)
  }
  await page.keyboard.press('Escape')
  const summary = await view.locator('.layer .readout').textContent() ?? ''
  const [, quiet, watched] = summary.match(/; (\d+) silent on the batch of step (\d+)$/) ?? []
  assert.ok(Number(watched) > 0 && Number(watched) <= 40, summary)
  const recorded = looks.find((/** @type {any} */ { gradients }) => gradients?.step === Number(watched))
  if (recorded) assert.equal(Number(quiet), recorded.gradients.activations[0].silent_on_batch.length)
  const warning = await view.locator('.warnings li').first().textContent() ?? ''
  assert.match(warning, /^Step \d+ .*layer 2 \(act1, relu\)/)

  // Back through time: each recorded look, as the command line printed it.
  const slider = view.getByRole('slider', { name: 'Moment of the map' })
  assert.equal(await slider.getAttribute('aria-valuetext'), 'now, step 40')
  assert.equal(await slider.getAttribute('max'), String(looks.length))
  for (const index of [0, 3, looks.length - 2]) {
    const { step, layers: [, layer] } = looks[index]
    await slider.fill(String(index))
    await view.locator('.moment').filter({ hasText: `step ${step} of 40` }).waitFor()
    assert.equal(await slider.getAttribute('aria-valuetext'), `step ${step}`)
    assert.equal(await title.textContent(), `${layer.silent.length} of 128 units silent on the 500 probe images`)
    assert.deepEqual(await cellColours(grid, 128), layer.firing.map(colourOf), `step ${step}: nothing is black that was not checked then`)
  }
  await slider.fill(String(looks.length))
  await view.locator('.moment').filter({ hasText: /^step 40$/ }).waitFor()
  assert.deepEqual(await cellColours(grid, 128), expected)

  const csv = await view.getByRole('img', { name: /^Silent units/ }).getAttribute('aria-label')
  assert.match(csv ?? '', new RegExp(`silent ${silent.length}\\b`))
  assert.deepEqual(troubles, [])
  await close()
})

test('a unit is called dead only after the check of all training images, which the button makes', async () => {
  const config = { model: 'dense 64 | relu | dense 10', lr: 0.1, train_samples: 3000, epochs: 1000 }  // long enough to inspect it while it trains
  const { page, view, close } = await pageAt(site, config, 'rl-dead-units', 4)
  const run = await nodeSession(config)
  for (let step = 0; step < 4; step++) run.advance()
  const { firing = [], silent = [], dead = [] } = run.probe({ everywhere: true }).layers[1]
  assert.ok(dead.length > 0 && dead.length < 64)
  const result = view.getByRole('status', { name: 'Dead units' })
  const grid = view.getByRole('slider', { name: 'Units of act1' })
  assert.equal(await result.textContent(), 'No unit is called dead before it is checked on all 3,000 training images.')
  assert.deepEqual(await cellColours(grid, 64), coloursOf(firing, []))
  await press(page, 'Check on all 3,000 training images')
  await result.filter({ hasText: 'Dead at step 4' }).waitFor()
  assert.equal(await result.textContent(), `Dead at step 4, on all 3,000 training images: ${dead.length} of 64 in act1.`)
  assert.deepEqual(await cellColours(grid, 64), coloursOf(firing, dead))
  assert.equal(await view.locator('.layer h4 span').textContent(), `${silent.length} of 64 units silent on the 500 probe images`)
  // One step later it is said of which step the result is, and no cell is black.
  await press(page, 'Step')
  await drawn(page, 'rl-dead-units', 5)
  await result.filter({ hasText: 'The run is at step 5 now.' }).waitFor()
  run.advance()
  assert.deepEqual(await cellColours(grid, 64), coloursOf(run.probe().layers[1].firing ?? [], []))
  await press(page, 'Train')
  await waitForState(page, 'training')
  assert.ok(await view.getByRole('button', { name: 'Check on all 3,000 training images' }).isDisabled())
  run.delete()
  await close()
})

test('with the default settings the view is right when it is scrolled to after the run', async () => {
  const config = { train_samples: 1280, epochs: 1, lr: 0.02 }
  const { page, troubles, close } = await openPage(site, { hash: hashOf(config) })
  await press(page, 'Train')
  await waitForState(page, 'finished')
  const view = page.locator('rl-dead-units')
  await keepInSight(view)
  await drawn(page, 'rl-dead-units', 20)
  const run = await nodeSession(config)
  for (let step = 0; step < 20; step++) run.advance()
  const layers = run.probe({ everywhere: true }).layers.slice(0, -1).filter(({ kind }) => kind === 'activation')
  assert.deepEqual(await view.locator('.layer h4 span').allTextContents(),
    layers.map(({ units, silent = [] }) => `${silent.length} of ${units} units silent on the 500 probe images`))
  await view.getByRole('status', { name: 'Dead units' }).filter({ hasText: 'Dead at step 20' }).waitFor()
  for (const { name, firing = [], dead = [] } of layers) {
    assert.deepEqual(await cellColours(view.getByRole('slider', { name: `Units of ${name}` }), firing.length), coloursOf(firing, dead), name)
  }
  run.delete()
  assert.deepEqual(troubles, [])
  await close()
})

test('the units of a convolution are its channels; a model without a hidden unit offers one', async () => {
  const config = { model: 'conv 6x5 | relu | pool 2 | dense 10', train_samples: 1000, lr: 0.02 }
  const { view, close } = await pageAt(site, config, 'rl-dead-units', 1)
  const run = await nodeSession(config)
  run.advance()
  const { firing = [], silent = [] } = run.probe().layers[1]
  assert.equal(firing.length, 6)
  assert.equal(await view.locator('.layer h4 span').textContent(), `${silent.length} of 6 channels silent on the 500 probe images`)
  assert.deepEqual(await cellColours(view.getByRole('slider', { name: 'Units of act1' }), 6), firing.map(colourOf))
  run.delete()
  await close()

  const linear = await pageAt(site, { model: 'dense 10', train_samples: 500 }, 'rl-dead-units', 0)
  await linear.view.getByText('it is linear and has no hidden unit').waitFor()
  await linear.view.getByRole('button', { name: 'Use “dense 128 | relu | dense 10”' }).click()
  await linear.view.getByText('of 128 units silent on the 500 probe images').waitFor()
  await linear.close()
})
