// The charts of loss and accuracy: plot, export and texts show the values of the core. Also tests the legend, the
// logarithmic axis, the shared cursor and the marks.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { robustEnds } from '../../web/charts/axis.js'
import { headless, trainJson } from '../node/support.mjs'
import { bytesOf } from './canvas.mjs'
import { openCore, sessionAt } from './core.mjs'
import { onCutData } from './cut.mjs'
import { csvRows, downloaded, keepInSight, openPage, openSite, press, setField, trainTo, trainToTheEnd, waitForState, waitForStep } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/** @typedef {import('playwright-core').Page} Page */

/**
 * The image of a chart, its pixels of nearly a given colour, and the position of its plot.
 * @param {Page} page @param {number} chart @param {string} property
 */
const pixelsOf = (page, chart, property) => page.evaluate(({ chart, property }) => {
  const canvas = document.querySelectorAll('rl-curves canvas')[chart]
  if (!(canvas instanceof HTMLCanvasElement)) throw new Error('no chart')
  const probe = document.body.appendChild(document.createElement('i'))
  probe.style.color = `var(${property})`
  const wanted = (getComputedStyle(probe).color.match(/\d+/g) ?? []).map(Number)
  probe.remove()
  // A copy, because the canvas of the chart is not meant to be read.
  const copy = document.createElement('canvas')
  Object.assign(copy, { width: canvas.width, height: canvas.height })
  const context = copy.getContext('2d', { willReadFrequently: true })
  context?.drawImage(canvas, 0, 0)
  const { data } = context?.getImageData(0, 0, copy.width, copy.height) ?? { data: [] }
  const like = /** @type {{x: number, y: number}[]} */ ([])
  for (let i = 0; i < data.length; i += 4) {
    if (data[i + 3] > 200 && wanted.every((value, c) => Math.abs(value - data[i + c]) < 12)) like.push({ x: i / 4 % copy.width, y: Math.floor(i / 4 / copy.width) })
  }
  const [outer, inner] = [canvas, canvas.parentElement?.querySelector('.u-over')].map((each) => each?.getBoundingClientRect() ?? new DOMRect())
  return { like, plot: { left: inner.left - outer.left, top: inner.top - outer.top, width: inner.width, height: inner.height } }
}, { chart, property })

/**
 * The number of pixels of nearly a given colour in a chart.
 * @param {Page} page @param {number} chart @param {string} property
 */
const pixelsLike = async (page, chart, property) => (await pixelsOf(page, chart, property)).like.length

/**
 * The number of pixels of a colour in one column of the plot, with a tolerance of one pixel to either side.
 * @param {Page} page @param {number} chart @param {string} property @param {number} share of the plot's width
 */
async function columnAt(page, chart, property, share) {
  const { like, plot } = await pixelsOf(page, chart, property)
  const at = plot.left + share * plot.width
  const inside = like.filter(({ y }) => y >= plot.top && y < plot.top + plot.height)
  const columns = [-1, 0, 1].map((shift) => inside.filter(({ x }) => x === Math.floor(at) + shift).length)
  return { pixels: Math.max(...columns), height: plot.height }
}

test('the CSV has the losses and scores of the command line, validation among them; the PNG is a picture', async () => {
  const flags = ['--model', 'dense 16 | relu | dense 10', '--epochs', '2', '--batch', '100', '--train_samples', '6000', '--validation', '1000']
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+16+|+relu+|+dense+10&epochs=2&batch=100&train_samples=6000&validation=1000' })
  await keepInSight(page.locator('rl-curves'))
  await trainToTheEnd(page)
  const epochs = trainJson(headless, [...flags, ...onCutData]).of('epoch')
  const loss = await downloaded(page, 'Loss as CSV')
  assert.equal(loss.name, 'loss.csv')
  const rows = csvRows(loss.bytes)
  assert.equal(rows.length, 120)
  assert.deepEqual(rows.filter((row) => row.Test !== null).map((row) => [row.step, row.Test, row.Validation]),
    epochs.map((/** @type {any} */ epoch) => [60 * epoch.epoch, epoch.test_loss, epoch.validation_loss]))
  const accuracy = csvRows((await downloaded(page, 'Accuracy as CSV')).bytes)
  assert.deepEqual(accuracy.filter((row) => row.Test !== null).map((row) => [row.Test, row.Validation]),
    epochs.map((/** @type {any} */ epoch) => [epoch.test_accuracy, epoch.validation_accuracy]))
  // The mean over the batches of an epoch, all of one size, is the core's value for the epoch.
  const first = rows.slice(0, 60).reduce((sum, row) => sum + Number(row['Training, this point']), 0) / 60
  assert.ok(Math.abs(first - epochs[0].train_loss) < 1e-5 * first, `${first} and ${epochs[0].train_loss}`)
  assert.ok(await pixelsLike(page, 0, '--series-validation') > 20)
  const png = await downloaded(page, 'Accuracy as PNG')
  assert.equal(png.bytes.subarray(1, 4).toString(), 'PNG')
  assert.ok(png.bytes.length > 5000)
  assert.deepEqual(troubles, [])
  await close()
})

test('the legend hides a line in both charts, and one switch shows their full range', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+16+|+relu+|+dense+10&epochs=1&train_samples=4000' })
  await keepInSight(page.locator('rl-curves'))
  await trainToTheEnd(page)
  assert.ok(await pixelsLike(page, 0, '--series-train') > 100)
  await page.getByRole('button', { name: 'Training', exact: true }).and(page.locator('.legend-key')).click()
  await page.waitForTimeout(100)
  for (const chart of [0, 1]) {
    assert.equal(await pixelsLike(page, chart, '--series-train'), 0)
    assert.ok(await pixelsLike(page, chart, '--series-test') > 20)
  }
  assert.equal(await page.locator('.legend-key[aria-pressed=false]').count(), 1)
  // With one score the zoomed axis is 0.5 percentage points around it; the full one has it near its top.
  const scoreAt = async () => {
    const { like, plot } = await pixelsOf(page, 1, '--series-test')
    const rows = like.filter(({ y }) => y >= plot.top).map(({ y }) => y)
    return 1 - ((Math.min(...rows) + Math.max(...rows) + 1) / 2 - plot.top) / plot.height
  }
  const score = Number.parseFloat((await page.getByRole('status', { name: 'Test accuracy', exact: true }).textContent()) ?? '') / 100
  const zoomed = await scoreAt()
  assert.ok(zoomed > 0.2 && zoomed < 0.8, `${zoomed} of the height`)
  await page.locator('rl-curves').getByRole('switch', { name: 'Full range' }).check()
  await page.waitForTimeout(100)
  assert.ok(Math.abs(await scoreAt() - score) < 0.02, `${await scoreAt()} of the height, the score is ${score}`)
  const captions = await page.locator('rl-curves .chart-now span').allTextContents()
  assert.match(captions[1], new RegExp(`^Test ${(100 * score).toFixed(2)}%, epoch 1; Training \\d+\\.\\d\\d%, step 63$`))
  assert.deepEqual(troubles, [])
  await close()
})

test('without smoothing the bold line ends at the core’s last batch; on the logarithmic axis the test score is at its logarithm', async () => {
  const session = sessionAt(await openCore(), [['model', 'dense 16 | relu | dense 10'], ['epochs', '2'], ['batch', '100'], ['train_samples', '5000']])
  const tests = /** @type {number[]} */ ([])
  let last = NaN
  for (let answer = session.advance(); answer.event !== 'done'; answer = session.advance()) {
    if (answer.event === 'batch') last = answer.loss
    if (answer.event === 'epoch') tests.push(answer.test_loss)
  }
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+16+|+relu+|+dense+10&epochs=2&batch=100&train_samples=5000' })
  await keepInSight(page.locator('rl-curves'))
  await trainToTheEnd(page)
  const smoothing = page.getByRole('slider', { name: 'Smoothing' })
  await smoothing.fill('0')
  const label = await page.locator('rl-curves').getByRole('img', { name: /^Loss over/ }).getAttribute('aria-label')
  assert.ok(label?.startsWith(`Loss over 100 steps: Training ${last.toFixed(4)} at step 100, first `), `${label} and ${last}`)

  await page.getByRole('switch', { name: 'Log loss' }).check()
  const rows = csvRows((await downloaded(page, 'Loss as CSV')).bytes)
  const raw = rows.map((row) => Number(row['Training, this point']))
  // The documented range of the axis, without outliers.
  const [least, most] = robustEnds(raw, true)
  const low = Math.min(least, ...tests, 0.1) / 2
  const high = Math.max(most, ...tests) * 1.3
  const chart = page.locator('rl-curves .chart').first()
  const box = await chart.locator('.u-over').evaluate((over) => {
    const [inner, outer] = [over.getBoundingClientRect(), over.parentElement?.querySelector('canvas')?.getBoundingClientRect() ?? new DOMRect()]
    return { left: inner.left - outer.left, top: inner.top - outer.top, width: inner.width, height: inner.height }
  })
  const [picture] = await bytesOf(chart.locator('canvas'))
  const x = Math.round(box.left + box.width / 2) // the end of the first epoch
  const orange = Array.from({ length: picture.height }, (_, y) => y).filter((y) => {
    const [red, green, blue, alpha] = picture.bytes.slice(4 * (y * picture.width + x), 4 * (y * picture.width + x) + 4)
    return alpha > 200 && Math.abs(red - 0xd9) < 12 && Math.abs(green - 0x73) < 12 && Math.abs(blue - 0x0d) < 12
  })
  const middle = (orange[0] + orange[orange.length - 1] + 1) / 2
  const expected = box.top + box.height * (1 - Math.log(tests[0] / low) / Math.log(high / low))
  assert.ok(Math.abs(middle - expected) < 1.5, `the dot is at ${middle}, and should be at ${expected}`)
  assert.deepEqual(troubles, [])
  await close()
})

test('the cursor is shared, with mouse and keys, its values are sorted, and a live change adds a mark', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+16+|+relu+|+dense+10&epochs=100' })
  await keepInSight(page.locator('rl-curves'))
  const step = await trainTo(page, 200)
  await setField(page, 'Learning rate', '0.01')
  await page.waitForFunction(() => location.hash.includes('events'))
  await press(page, 'Step')
  await waitForStep(page, step + 1)
  // A dashed vertical line in the text colour at the step of the change, whole pixels wide, two in five pixels drawn.
  let mark = await columnAt(page, 0, '--muted', step / (step + 1))
  for (let tries = 0; mark.pixels === 0 && tries < 100; tries++) {
    await page.waitForTimeout(100)
    mark = await columnAt(page, 0, '--muted', step / (step + 1))
  }
  assert.ok(Math.abs(mark.pixels / mark.height - 0.4) < 0.1, `the mark has ${mark.pixels} of ${mark.height} pixels`)

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

test('on a narrow screen the tooltip stands beside the cursor and inside the card', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+16+|+relu+|+dense+10&epochs=1&train_samples=4000', context: { viewport: { width: 390, height: 844 } } })
  await page.getByRole('tab', { name: 'Views' }).click()
  // Without values the texts cover neither axes nor buttons: the axes are hidden.
  const empty = page.locator('rl-curves .chart').first()
  assert.ok(await empty.locator('.plot-empty').isVisible())
  assert.ok(await empty.locator('canvas').isHidden())
  await press(page, 'Train')
  await waitForState(page, 'finished')
  const chart = page.locator('rl-curves .chart').nth(1)
  await chart.scrollIntoViewIfNeeded()
  assert.ok(await chart.locator('.plot-empty').isHidden())
  const over = await chart.locator('.u-over').boundingBox() ?? { x: 0, y: 0, width: 0, height: 0 }
  for (const share of [0.02, 0.3, 0.45, 0.55, 0.7, 0.98]) {
    const x = over.x + share * over.width
    await page.mouse.move(x, over.y + over.height / 2)
    await chart.locator('.tip').waitFor()
    const [tip, card, cursor] = await chart.evaluate((element) => ['.tip', '.plot-frame', '.u-cursor-x'].map((name) => {
      const { left, right, top, bottom } = element.querySelector(name)?.getBoundingClientRect() ?? new DOMRect()
      return { left, right, top, bottom }
    }))
    assert.ok(tip.left >= card.left - 1 && tip.right <= card.right + 1 && tip.top >= card.top && tip.right > tip.left, `${share}: ${JSON.stringify([tip, card])}`)
    assert.ok(tip.right <= cursor.left - 8 || tip.left >= cursor.left + 8, `${share}: ${JSON.stringify([tip, cursor])}`)
  }
  assert.deepEqual(troubles, [])
  await close()
})

test('the previous run is a grey dashed line with its name in the legend, and disappears with it', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+16+|+relu+|+dense+10&epochs=1&train_samples=4000' })
  await keepInSight(page.locator('rl-curves'))
  await trainToTheEnd(page)
  const without = await pixelsLike(page, 1, '--muted')
  const show = (/** @type {boolean} */ on) => page.locator('rl-curves').evaluate((view, on) => {
    const { lab } = /** @type {any} */ (view)
    const { step, loss, accuracy } = lab.points
    lab.ghost = on ? { label: 'ELU', points: { step, loss: loss.map(Number), accuracy: accuracy.map((/** @type {number} */ value) => value - 0.1) }, epochs: lab.epochs } : null
    lab.emit('ghost', null)
  }, on)
  await show(true)
  const key = page.locator('rl-curves .legend-key').filter({ hasText: 'previous run (ELU)' })
  await key.waitFor()
  await page.waitForTimeout(100)
  const with_ = await pixelsLike(page, 1, '--muted')
  assert.ok(with_ > without + 30, `${without} grey pixels, ${with_} with the previous run`)
  await show(false)
  await key.waitFor({ state: 'detached' })
  assert.deepEqual(troubles, [])
  await close()
})
