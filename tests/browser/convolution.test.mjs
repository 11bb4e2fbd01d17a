// Filters and feature maps on MNIST: every pixel has the colour of the core's value.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { diverging, roundUp } from '../../web/dom/colours.js'
import { short } from '../../web/dom/format.js'
import { bytesOf } from './canvas.mjs'
import { openCore, sessionAt } from './core.mjs'
import { keepInSight, openPage, openSite, press, setField, waitForState } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
/** @type {Awaited<ReturnType<typeof openCore>>} */
let opened
before(async () => {
  site = await openSite()
  opened = await openCore()
})
after(() => site?.close())

/** @type {[string, string][]} */
const fields = [['model', 'conv 4x3 p1 | relu | pool 2 | conv 6x3 | relu | dense 10'], ['train_samples', '1000'], ['batch', '32']]

/**
 * The colours of the pixels of a canvas in row-major order; '' for transparent ones.
 * @param {import('playwright-core').Locator} canvas
 */
const coloursOf = async (canvas) => {
  const [{ width, height, bytes }] = await bytesOf(canvas)
  const colours = Array.from({ length: width * height }, (_, i) => (bytes[4 * i + 3] === 0 ? '' : `rgb(${bytes.slice(4 * i, 4 * i + 3).join(' ')})`))
  return { width, height, colours }
}

/** @param {Float32Array} values */
const largest = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)

test('filters and maps have the colours of the core’s weights and outputs, at step 0 and later', async () => {
  const { page, troubles, close } = await openPage(site, { hash: `#${new URLSearchParams(fields)}` })
  // Other visible views process the same steps, which takes long on a slow machine.
  page.setDefaultTimeout(240_000)
  const session = sessionAt(opened, fields)
  const view = page.locator('rl-convolution')
  await view.scrollIntoViewIfNeeded()
  await page.locator('rl-image').scrollIntoViewIfNeeded()
  await setField(page, 'Index of the image', '7')
  await keepInSight(view)
  const { pixels } = opened.dataset.image('test', 7)
  for (const step of [0, 3]) {
    for (let i = 0; i < step; i++) {
      await press(page, 'Step')
      session.advance()
    }
    if (step > 0) await waitForState(page, 'paused')
    await page.waitForSelector(`rl-convolution[data-step="${step}"][data-filters="${step}"]`)
    const { layers } = session.predict(pixels)
    for (const [name, channels, side] of /** @type {[string, number, number][]} */ ([['conv1', 4, 28], ['conv2', 6, 12]])) {
      const maps = layers.find((layer) => layer.name === name)?.values ?? new Float32Array()
      assert.equal(maps.length, channels * side * side)
      const limit = roundUp(largest(maps))
      const last = channels - 1
      const shown = await coloursOf(view.getByRole('img', { name: `Map ${last} of ${name}: ` }))
      assert.deepEqual([shown.width, shown.height], [side, side])
      const map = maps.subarray(last * side * side)
      assert.equal(await view.getByRole('img', { name: `Map ${last} of ${name}: ` }).getAttribute('aria-label'),
        `Map ${last} of ${name}: from ${short(Math.min(...map))} to ${short(Math.max(...map))}, above zero at ${map.filter((value) => value > 0).length} of ${side * side} positions`)
      assert.deepEqual(shown.colours, [...maps.subarray(last * side * side)].map((value) => diverging(value, limit)), `${name} at step ${step}`)
      const { shape, values } = session.parameter(`${name}.weight`)
      assert.deepEqual(shape, [channels, name === 'conv1' ? 1 : 4, 3, 3])
      const [, inputs] = shape
      const most = roundUp(largest(values))
      const filter = await coloursOf(view.getByRole('img', { name: `Filter ${last} of ${name}`, exact: true }))
      assert.deepEqual([filter.width, filter.height], [4 * inputs - 1, 3])
      const expected = Array.from({ length: 3 }, (_, y) => Array.from({ length: 4 * inputs - 1 }, (_, x) =>
        (x % 4 === 3 ? '' : diverging(values[((last * inputs + Math.floor(x / 4)) * 3 + y) * 3 + (x % 4)], most)))).flat()
      assert.deepEqual(filter.colours, expected, `filter of ${name} at step ${step}`)
    }
  }
  session.delete()
  assert.deepEqual(troubles, [])
  await close()
})

test('without a convolution the view offers one, and that model shows it', async () => {
  const { page, troubles, close } = await openPage(site)
  const view = page.locator('rl-convolution')
  await view.getByText('This model has no convolution.').waitFor({ state: 'attached' })
  await keepInSight(view)
  await press(page, 'Use “conv 16x3 p1 | relu | pool 2 | dense 10”')
  await view.getByRole('img', { name: 'Map 15 of conv1' }).waitFor()
  await view.getByRole('list', { name: 'Channels of conv1' }).focus()
  await page.keyboard.press('ArrowRight')
  assert.match(await view.locator('.readout').first().textContent() ?? '', /^conv1, channel 0: from /)
  assert.deepEqual(troubles, [])
  await close()
})
