// Loss and accuracy: what is drawn, exported and said is what the core measured, and the legend, the log axis, the
// shared cursor and the marks do what they say.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { headless, trainJson } from '../node/support.mjs'
import { csvRows, downloaded, openPage, openSite, press, setField, stepOf, trainToTheEnd, waitForState, waitForStep } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/** @typedef {import('playwright-core').Page} Page */

/** How many pixels of a chart are nearly of a colour. @param {Page} page @param {number} chart @param {string} property */
const pixelsLike = (page, chart, property) => page.evaluate(({ chart, property }) => {
  const canvas = document.querySelectorAll('rl-curves canvas')[chart]
  if (!(canvas instanceof HTMLCanvasElement)) return -1
  const probe = document.body.appendChild(document.createElement('i'))
  probe.style.color = `var(${property})`
  const wanted = (getComputedStyle(probe).color.match(/\d+/g) ?? []).map(Number)
  probe.remove()
  // A copy, as the chart's own canvas is not made for reading.
  const copy = document.createElement('canvas')
  Object.assign(copy, { width: canvas.width, height: canvas.height })
  const context = copy.getContext('2d', { willReadFrequently: true })
  context?.drawImage(canvas, 0, 0)
  const { data } = context?.getImageData(0, 0, copy.width, copy.height) ?? { data: [] }
  let count = 0
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && wanted.every((value, c) => Math.abs(value - data[i + c]) < 12)) count += 1
  return count
}, { chart, property })

test('the CSV has the losses and scores of the command line, validation among them; the PNG is a picture', async () => {
  const flags = ['--model', 'dense 16 | relu | dense 10', '--epochs', '2', '--batch', '100', '--train_samples', '6000', '--validation', '1000']
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+16+|+relu+|+dense+10&epochs=2&batch=100&train_samples=6000&validation=1000' })
  await trainToTheEnd(page)
  const epochs = trainJson(headless, flags).of('epoch')
  const loss = await downloaded(page, 'Loss as CSV')
  assert.equal(loss.name, 'loss.csv')
  const rows = csvRows(loss.bytes)
  assert.equal(rows.length, 120)
  assert.deepEqual(rows.filter((row) => row.Test !== null).map((row) => [row.step, row.Test, row.Validation]),
    epochs.map((/** @type {any} */ epoch) => [60 * epoch.epoch, epoch.test_loss, epoch.validation_loss]))
  const accuracy = csvRows((await downloaded(page, 'Accuracy as CSV')).bytes)
  assert.deepEqual(accuracy.filter((row) => row.Test !== null).map((row) => [row.Test, row.Validation]),
    epochs.map((/** @type {any} */ epoch) => [epoch.test_accuracy, epoch.validation_accuracy]))
  // The mean over an epoch's batches of one size is what the core says of the epoch.
  const first = rows.slice(0, 60).reduce((sum, row) => sum + Number(row['Training, this point']), 0) / 60
  assert.ok(Math.abs(first - epochs[0].train_loss) < 1e-5 * first, `${first} and ${epochs[0].train_loss}`)
  assert.ok(await pixelsLike(page, 0, '--series-validation') > 20)
  const png = await downloaded(page, 'Accuracy as PNG')
  assert.equal(png.bytes.subarray(1, 4).toString(), 'PNG')
  assert.ok(png.bytes.length > 5000)
  assert.deepEqual(troubles, [])
  await close()
})

test('the legend hides a line in both charts, and the accuracy axis stays 0 to 1', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+16+|+relu+|+dense+10&epochs=1&train_samples=4000' })
  await trainToTheEnd(page)
  assert.ok(await pixelsLike(page, 0, '--series-train') > 100)
  await page.getByRole('button', { name: 'Training', exact: true }).and(page.locator('.legend-key')).click()
  await page.waitForTimeout(100)
  for (const chart of [0, 1]) {
    assert.equal(await pixelsLike(page, chart, '--series-train'), 0)
    assert.ok(await pixelsLike(page, chart, '--series-test') > 20)
  }
  assert.equal(await page.locator('.legend-key[aria-pressed=false]').count(), 1)
  assert.deepEqual(troubles, [])
  await close()
})

test('the cursor is shared, by mouse and by keys, its values are sorted, and a live change leaves its mark', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+16+|+relu+|+dense+10&epochs=100' })
  await press(page, 'Train')
  await waitForStep(page, 200)
  await press(page, 'Pause')
  await waitForState(page, 'paused')
  const before = await pixelsLike(page, 0, '--muted')
  await setField(page, 'Learning rate', '0.01')
  await page.waitForFunction(() => location.hash.includes('events'))
  const step = await stepOf(page)
  await press(page, 'Step')
  await waitForStep(page, step + 1)
  await page.waitForTimeout(200)
  assert.ok(await pixelsLike(page, 0, '--muted') > before + 30, 'the mark is drawn')

  await page.locator('rl-curves .plot').first().focus()
  await page.keyboard.press('End')
  await page.keyboard.press('ArrowLeft')
  const tips = page.locator('rl-curves .tip')
  const heads = await tips.locator('strong').allTextContents()
  assert.equal(heads.length, 2)
  assert.equal(heads[0], heads[1])
  for (const tip of await tips.all()) {
    const values = (await tip.locator('b').allTextContents()).map(Number.parseFloat)
    assert.ok(values.length >= 2)
    assert.deepEqual(values, [...values].sort((a, b) => b - a))
  }
  await page.keyboard.press('Escape')
  assert.ok(await tips.first().isHidden())
  assert.deepEqual(troubles, [])
  await close()
})
