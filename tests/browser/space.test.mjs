// The hidden space on MNIST: variances, positions and images equal the core's for the same run and step.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openCore, sessionAt } from './core.mjs'
import { keepInSight, openPage, openSite, press } from './support.mjs'

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
const fields = [['model', 'dense 48 | relu | dense 24 | elu | dense 10'], ['train_samples', '2000'], ['lr', '0.01']]
const hash = `#${new URLSearchParams(fields)}`

/** @param {number[]} variances @param {number} total */
function variancesText(variances, total) {
  const percent = (/** @type {number} */ share) => `${(100 * share).toFixed(1)}%`
  return `Components ${variances.map((variance, k) => `${k + 1}: ${percent(variance / total)}`).join(', ')}; together ${percent(variances.reduce((sum, each) => sum + each / total, 0))} of the variance`
}

/** @param {import('playwright-core').Page} page @param {string} text */
const waitForVariances = (page, text) => page.waitForFunction((wanted) => [...document.querySelectorAll('rl-space .space-cloud:not([hidden]) output')].at(-1)?.textContent === wanted, text)

test('variances, marks and images equal the core’s, at step 0, after steps and for another layer', async () => {
  const { page, troubles, close } = await openPage(site, { hash, context: { reducedMotion: 'reduce' } })
  const session = sessionAt(opened, fields)
  const view = page.locator('rl-space')
  await keepInSight(view)
  const show = (/** @type {any} */ { variances, total_variance: total }) => waitForVariances(page, variancesText(variances, total))
  const first = session.probe({ components: ['act2'] }).components?.[0]
  assert.ok(first)
  await show(first)
  // How many images are nearest to the mean of their class.
  const { coordinates, labels } = first
  const point = (/** @type {number} */ i) => coordinates.slice(3 * i, 3 * i + 3)
  const centres = Array.from({ length: 10 }, (_, c) => [0, 1, 2].map((k) => {
    const own = labels.flatMap((label, i) => (label === c ? [point(i)[k]] : []))
    return own.reduce((sum, value) => sum + value, 0) / own.length
  }))
  const nearest = (/** @type {number[]} */ at) => centres.map((centre, c) => ({ c, far: Math.hypot(...centre.map((value, k) => value - at[k])) })).sort((a, b) => a.far - b.far)[0].c
  const own = labels.filter((label, i) => nearest(point(i)) === label).length
  assert.ok(own > 25 && own < 250)
  const apart = `${own} of 250 images lie nearest to the centre of their own class.`
  assert.equal(await view.locator('.space-apart').last().textContent(), apart)

  // With keys: image, label and coordinates of the eighth point. Enter selects its image.
  const cloud = view.getByRole('slider', { name: /outputs of act2/ })
  assert.equal(await cloud.getAttribute('aria-label'), `Images of the probe set in the outputs of act2. ${apart}`)
  await cloud.focus()
  for (let i = 0; i < 8; i++) await page.keyboard.press('ArrowRight')
  const [sample, label] = [first.samples[7], first.labels[7]]
  const short = (/** @type {number} */ value) => String(Number(value.toPrecision(3))).replace('-', '−')
  assert.equal(await cloud.getAttribute('aria-valuetext'), `Training image ${sample}, ${label}, at ${first.coordinates.slice(21, 24).map(short).join(', ')}`)
  await page.keyboard.press('Enter')
  await page.locator('rl-image').getByRole('img', { name: `Training image ${sample}, labelled ${label}`, exact: true }).waitFor({ state: 'attached' })
  await view.getByRole('img', { name: `Training image ${sample.toLocaleString('en-US')}, labelled ${label}` }).waitFor()
  const pixels = await view.locator('canvas.pixels').evaluate((canvas) => [.../** @type {HTMLCanvasElement} */ (canvas).getContext('2d')?.getImageData(0, 0, 28, 28).data ?? []].filter((_, i) => i % 4 === 0))
  const image = [...opened.dataset.image('train', sample).pixels]
  const [paper, ink] = [pixels[image.indexOf(0)], pixels[image.indexOf(255)]]
  assert.deepEqual(pixels, image.map((value) => Math.round(paper + ((ink - paper) * value) / 255)))

  for (let i = 0; i < 5; i++) {
    await press(page, 'Step')
    session.advance()
  }
  const later = session.probe({ components: ['act2'] }).components?.[0]
  assert.ok(later)
  await show(later)
  assert.notDeepEqual(later.coordinates, first.coordinates)

  // Every mark that no other mark covers is at its coordinates, in the colour of its class.
  await page.keyboard.press('Escape')
  await page.waitForTimeout(100)
  const drawn = await cloud.evaluate((element, { coordinates, labels }) => {
    const canvas = /** @type {HTMLCanvasElement} */ (element)
    const [width, height] = [canvas.clientWidth, canvas.clientHeight]
    const flat = coordinates.filter((_, i) => i % 3 < 2)
    const scale = (Math.min(width, height) / 2 - 14) / Math.max(...flat.map(Math.abs))
    // Read all pixels at once: browsers warn about repeated reads.
    const { data, width: across } = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d')).getImageData(0, 0, canvas.width, canvas.height)
    const at = labels.map((_, i) => [width / 2 + scale * coordinates[3 * i], height / 2 - scale * coordinates[3 * i + 1]])
    const colourOf = (/** @type {number} */ c) => (getComputedStyle(document.querySelector(`.class-mark.class-${c}`) ?? document.body).color.match(/\d+/g) ?? []).map(Number)
    return { height, alone: labels.flatMap((label, i) => {
      if (at.some(([x, y], j) => j !== i && Math.hypot(x - at[i][0], y - at[i][1]) < 14)) return []
      const [x, y] = at[i].map((value) => Math.round(value))
      const wanted = colourOf(label)
      let found = 0
      for (let row = y - 5; row < y + 6; row++) {
        for (let column = x - 4; column < x + 5; column++) {
          const p = 4 * (row * across + column)
          if (data[p + 3] > 200 && wanted.every((value, c) => Math.abs(data[p + c] - value) < 12)) found += 1
        }
      }
      return [found]
    }) }
  }, { coordinates: later.coordinates, labels: later.labels })
  assert.ok(drawn.alone.length >= 10, `${drawn.alone.length} marks stand alone`)
  assert.ok(drawn.alone.every((found) => found >= 3), drawn.alone.join(' '))

  await view.getByRole('combobox', { name: 'Layer' }).selectOption('fc1')
  const other = session.probe({ components: ['fc1'] }).components?.[0]
  assert.ok(other)
  await show(other)
  session.delete()
  assert.deepEqual(troubles, [])
  await close()
})

/**
 * The number of pixels in the colour of each class, and of faint pixels.
 * @param {import('playwright-core').Page} page
 */
const inksOf = (page) => page.evaluate(async () => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  const colours = Array.from({ length: 10 }, (_, c) =>
    (getComputedStyle(document.querySelector(`.class-mark.class-${c}`) ?? document.body).color.match(/\d+/g) ?? []).map(Number))
  const canvas = [...document.querySelectorAll('rl-space .cloud')].at(-1)
  if (!(canvas instanceof HTMLCanvasElement)) throw new Error('no cloud')
  // A copy, because the browser warns about canvases that are read repeatedly.
  const context = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')
  context?.drawImage(canvas, 0, 0)
  const { data = [] } = context?.getImageData(0, 0, canvas.width, canvas.height) ?? {}
  const inks = Array(10).fill(0)
  let faint = 0
  for (let i = 0; i < data.length; i += 4) {
    // Opacity of a sixth or less, for which the colour is not exact.
    if (data[i + 3] > 30 && data[i + 3] < 42) faint += 1
    if (data[i + 3] < 250) continue
    const found = colours.findIndex((colour) => colour.every((value, c) => value === data[i + c]))
    if (found >= 0) inks[found] += 1
  }
  return { inks, faint }
})

test('one class alone: the marks of all others are faint', async () => {
  const { page, troubles, close } = await openPage(site, { hash, context: { reducedMotion: 'reduce' } })
  const view = page.locator('rl-space')
  await keepInSight(view)
  await view.getByRole('slider', { name: 'Images of the probe set in the outputs of act2' }).waitFor()
  const all = await inksOf(page)
  assert.ok(all.inks.every((pixels) => pixels > 20), all.inks.join(' '))
  const choose = (/** @type {string} */ name) => view.getByRole('list', { name: /^Classes/ }).getByRole('button', { name }).click()
  for (const alone of [3, 7]) {
    await choose(String(alone))
    const { inks, faint } = await inksOf(page)
    assert.deepEqual(inks.map((pixels) => pixels > 0), inks.map((_, c) => c === alone), inks.join(' '))
    // No opaque mark covers them, so that at least as many pixels are visible as before.
    assert.ok(inks[alone] > all.inks[alone] / 2, `${inks[alone]} of ${all.inks[alone]} pixels`)
    assert.ok(faint > all.faint + 500, `${faint} faint pixels, ${all.faint} before`)
  }
  await choose('7')
  assert.deepEqual(await inksOf(page), all)
  assert.deepEqual(troubles, [])
  await close()
})

test('the marks move while training, with one class alone', async () => {
  const { page, troubles, close } = await openPage(site, { hash })
  const view = page.locator('rl-space')
  await keepInSight(view)
  await page.waitForSelector('rl-space[data-step="0"]')
  const before = await view.getByRole('status').last().textContent()
  await press(page, 'Train')
  await page.waitForFunction((text) => [...document.querySelectorAll('rl-space output')].at(-1)?.textContent !== text, before)
  await view.getByRole('list', { name: /^Classes/ }).getByRole('button', { name: '3' }).click()
  assert.equal(await view.getByRole('button', { name: '3', pressed: true }).count(), 1)
  assert.deepEqual(troubles, [])
  await close()
})

test('an activation has its input and its output side by side; an image is marked in both', async () => {
  const { page, troubles, close } = await openPage(site, { hash, context: { reducedMotion: 'reduce', viewport: { width: 1440, height: 900 } } })
  const session = sessionAt(opened, fields)
  const view = page.locator('rl-space')
  await keepInSight(view)
  const clouds = view.locator('.space-cloud:visible')
  await view.getByRole('slider', { name: /outputs of act2/ }).waitFor()
  assert.deepEqual(await clouds.locator('h4').allTextContents(), ['Before elu: outputs of fc2', 'After elu: outputs of act2'])
  const [left, right] = await Promise.all([0, 1].map((i) => clouds.nth(i).locator('canvas').boundingBox()))
  assert.ok(left && right && left.y === right.y && left.x + left.width <= right.x, 'the two clouds are beside each other')
  const found = session.probe({ components: ['fc2', 'act2'] }).components ?? []
  assert.deepEqual(await clouds.locator('output').allTextContents(), found.map(({ variances, total_variance: total }) => variancesText(variances, total)))
  // The same image, at its place in each.
  await view.getByRole('slider', { name: /outputs of fc2/ }).focus()
  for (let i = 0; i < 3; i++) await page.keyboard.press('ArrowRight')
  const short = (/** @type {number} */ value) => String(Number(value.toPrecision(3))).replace('-', '−')
  const places = found.map(({ samples, labels, coordinates }) => `Training image ${samples[2]}, ${labels[2]}, at ${coordinates.slice(6, 9).map(short).join(', ')}`)
  assert.notEqual(places[0], places[1])
  assert.deepEqual(await clouds.locator('canvas').evaluateAll((all) => all.map((each) => each.getAttribute('aria-valuetext'))), places)
  assert.equal(await view.locator('.space-words').textContent(), places[1])
  // A layer that is no activation has one cloud.
  await view.getByRole('combobox', { name: 'Layer' }).selectOption('fc2')
  await view.getByRole('heading', { name: 'Outputs of fc2', exact: true }).waitFor()
  assert.equal(await clouds.count(), 1)
  // On a phone the clouds are below each other.
  await view.getByRole('combobox', { name: 'Layer' }).selectOption('act1')
  await view.getByRole('heading', { name: 'Before relu: outputs of fc1' }).waitFor()
  await page.setViewportSize({ width: 390, height: 844 })
  await page.getByRole('tab', { name: 'Views' }).click()
  const [upper, lower] = await Promise.all([0, 1].map((i) => clouds.nth(i).locator('canvas').boundingBox()))
  assert.ok(upper && lower && upper.x === lower.x && upper.y + upper.height <= lower.y, 'the two clouds are below each other')
  session.delete()
  assert.deepEqual(troubles, [])
  await close()
})
