// The confusion matrix on MNIST: counts, shares, colours and hardest samples equal the output of the command line for
// the same run, and the images are those of the data set.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { headless, trainJson } from '../node/support.mjs'
import { cutData, onCutData } from './cut.mjs'
import { keepInSight, openPage, openSite, press, trainToTheEnd } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

const settings = { model: 'dense 32 | relu | dense 10', epochs: '2', train_samples: '1500' }
const hash = `#${new URLSearchParams(settings)}`
const args = [...onCutData, ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])]

/** @param {number | null} share */
const shown = (share) => (share === null ? '–' : (100 * share).toFixed(1))

/** The displayed counts of the cells. @param {import('playwright-core').Locator} view */
const countsOf = async (view) => {
  const cells = await view.locator('[role=gridcell]').allTextContents()
  return Array.from({ length: 10 }, (_, row) => cells.slice(10 * row, 10 * row + 10).map(Number))
}

/** One of 127 steps from grey (232 234 235) to blue, or below 0 to orange. @param {number} share of the full colour */
function mixed(share) {
  const t = Math.round(127 * share) / 127
  const full = t < 0 ? [245, 147, 34] : [8, 119, 189]
  return `rgb(${[232, 234, 235].map((grey, c) => Math.round(grey + (full[c] - grey) * Math.abs(t))).join(' ')})`
}

test('after a run the matrix equals the command line’s, in numbers and colours; a cell shows its images, an image is selected in all views', async () => {
  const { of } = trainJson(headless, [...args, '--probe', '1000'])
  const { confusion, precision, recall, hardest, correct } = of('classes').at(-1)
  const { page, troubles, close } = await openPage(site, { hash })
  await trainToTheEnd(page)
  const view = page.locator('rl-confusion')
  await keepInSight(view)
  await page.waitForSelector(`rl-confusion[data-step="${of('done')[0].steps}"]`)
  assert.deepEqual(await countsOf(view), confusion)
  assert.ok((await view.getByRole('status').textContent())?.includes(`${correct.toLocaleString('en-US')} of 2,000 test images correct`))
  assert.deepEqual(await view.locator('[data-share=recall]').allTextContents(), recall.map(shown))
  assert.deepEqual(await view.locator('[data-share=precision]').allTextContents(), precision.map(shown))
  const names = await view.getByRole('list', { name: 'Hardest samples' }).getByRole('button').evaluateAll((buttons) => buttons.map((each) => each.getAttribute('aria-label')))
  assert.deepEqual(names.map((name) => name?.match(/^(\d) → (\d): test image (\d+), /)?.slice(1).map(Number)),
    hardest.map((/** @type {any} */ { index, label, prediction }) => [label, prediction, index]))

  // The largest count of mistakes is in full orange; the gallery has all of its images.
  let [label, prediction] = [0, 1]
  for (let i = 0; i < 10; i++) for (let j = 0; j < 10; j++) if (i !== j && confusion[i][j] > confusion[label][prediction]) [label, prediction] = [i, j]
  const cell = view.locator(`[data-label="${label}"][data-prediction="${prediction}"]`)
  const scale = view.getByRole('combobox', { name: 'Scale of mistakes' })
  const most = confusion[label][prediction]
  const largest = confusion.map((/** @type {number[]} */ row, /** @type {number} */ i) => Math.max(...row.filter((_, j) => j !== i)))
  for (const [name, full] of /** @type {[string, number[]][]} */ ([['row', largest], ['all', largest.map(() => most)]])) {
    await scale.selectOption(name)
    const colours = await view.locator('[role=gridcell]').evaluateAll((cells) => cells.map((each) => getComputedStyle(each).backgroundColor.replaceAll(',', '')))
    assert.deepEqual(colours, confusion.flatMap((/** @type {number[]} */ row, /** @type {number} */ i) => {
      const total = row.reduce((sum, n) => sum + n, 0)
      return row.map((n, j) => mixed(i === j ? n / total : -n / full[i]))
    }), name)
    assert.ok((await view.locator('.legend').textContent())?.includes(`full colour at ${name === 'row' ? 'the largest in the row' : most.toLocaleString('en-US')};`), name)
  }
  assert.ok(new Set(largest).size > 1)
  // The first of the largest in the order of the rows.
  const worst = confusion.flatMap((/** @type {number[]} */ row, /** @type {number} */ i) => row.map((n, j) => ({ n, i, j }))).find((/** @type {any} */ { n, i, j }) => i !== j && n === most)
  assert.equal(await view.locator('p.readout').textContent(), `Most frequent mistake: ${worst.i} taken for ${worst.j}, ${most} times.`)
  await cell.click()
  const images = view.getByRole('list', { name: 'Images of the chosen cell' }).getByRole('button')
  await images.first().waitFor()
  assert.equal(await images.count(), Math.min(40, confusion[label][prediction]))
  const index = Number((await images.nth(1).getAttribute('aria-label'))?.match(/^Test image (\d+):/)?.[1])
  const labels = readFileSync(join(cutData, 't10k-labels-idx1-ubyte'))
  assert.equal(labels[8 + index], label)

  // The canvas shows the image in the colours of the page: dark pixels where it has ink.
  const pixels = readFileSync(join(cutData, 't10k-images-idx3-ubyte')).subarray(16 + 784 * index, 16 + 784 * (index + 1))
  await page.waitForFunction(() => /** @type {HTMLCanvasElement} */ (document.querySelectorAll('rl-confusion .gallery')[0].querySelectorAll('canvas')[1]).width === 28)
  const drawn = await images.nth(1).locator('canvas').evaluate((canvas) => {
    const context = /** @type {HTMLCanvasElement} */ (canvas).getContext('2d')
    return [...context?.getImageData(0, 0, 28, 28).data ?? []].filter((_, i) => i % 4 === 0)
  })
  const [paper, ink] = [drawn[pixels.indexOf(0)], drawn[pixels.indexOf(255)]]
  assert.ok(paper > ink)
  assert.deepEqual(drawn, [...pixels].map((value) => Math.round(paper + ((ink - paper) * value) / 255)))

  await images.nth(1).click()
  await page.getByRole('img', { name: `Test image ${index}, labelled ${label}`, exact: true }).waitFor({ state: 'attached' })
  assert.equal(await page.getByRole('textbox', { name: 'Index of the image' }).inputValue(), String(index))
  assert.deepEqual(troubles, [])
  await close()
})

test('while training the matrix is that of the last epoch, without another scoring', async () => {
  // Many epochs, so that the page shows some of them on any machine.
  const { of } = trainJson(headless, [...args.map((arg) => (arg === settings.epochs ? '40' : arg)), '--probe', '1000'])
  const { page, troubles, close } = await openPage(site, { hash: hash.replace('epochs=2', 'epochs=40') })
  const view = page.locator('rl-confusion')
  await keepInSight(view)
  await page.waitForSelector('rl-confusion[data-step="0"]')
  assert.equal((await countsOf(view)).flat().reduce((sum, n) => sum + n, 0), 2000)
  await page.evaluate(() => {
    const view = document.querySelector('rl-confusion')
    const seen = /** @type {Record<string, string[]>} */ ({})
    Reflect.set(globalThis, 'matrices', seen)
    new MutationObserver(() => {
      const step = view?.getAttribute('data-step') ?? ''
      // The cells are filled in the same task as the attribute.
      queueMicrotask(() => (seen[step] ??= [...view?.querySelectorAll('[role=gridcell]') ?? []].map((cell) => cell.textContent ?? '')))
    }).observe(/** @type {Element} */ (view), { attributes: true, attributeFilter: ['data-step'] })
  })
  await trainToTheEnd(page)
  await page.waitForSelector(`rl-confusion[data-step="${of('done')[0].steps}"]`)
  const matrices = await page.evaluate(() => Reflect.get(globalThis, 'matrices'))
  const known = of('classes').map(({ step, confusion }) => [String(step), confusion.flat()])
  const seen = known.filter(([step]) => matrices[step])
  assert.equal(seen.length, Object.keys(matrices).length, 'each is of the end of an epoch')
  assert.ok(seen.length > 1, 'and not of the last one only')
  for (const [step, confusion] of seen) assert.deepEqual(matrices[step].map(Number), confusion, `step ${step}`)
  assert.deepEqual(troubles, [])
  await close()
})

test('keyboard navigation of the matrix', async () => {
  const { page, close } = await openPage(site, { hash })
  const view = page.locator('rl-confusion')
  await keepInSight(view)
  await page.waitForSelector('rl-confusion[data-step="0"]')
  await view.locator('[role=gridcell][tabindex="0"]').focus()
  for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight', 'Enter']) await page.keyboard.press(key)
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-selected')), 'true')
  assert.match(await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? ''), /^2 predicted as 1: \d+$/)
  assert.match(await view.locator('h4').first().textContent() ?? '', /^2 predicted as 1: /)
  await close()
})

test('on a phone all columns fit, and the cells are as high as a finger', async () => {
  const { page, troubles, close } = await openPage(site, { hash, context: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } })
  await page.getByRole('tab', { name: 'Views' }).click()
  const view = page.locator('rl-confusion')
  await keepInSight(view)
  await page.waitForSelector('rl-confusion[data-step="0"]')
  const scroll = view.locator('.confusion-scroll')
  assert.ok(await scroll.evaluate((element) => element.scrollWidth <= element.clientWidth), 'nothing is cut at the side')
  assert.ok(await view.locator('.confusion-frame').evaluate((frame) => !frame.matches('.has-left, .has-right')))
  const sizes = await view.locator('[role=gridcell]').evaluateAll((cells) => cells.map((cell) => cell.getBoundingClientRect()).map(({ width, height, right }) => ({ width, height, right })))
  assert.ok(sizes.every(({ width, height, right }) => width >= 24 && height >= 44 && right < 390), JSON.stringify(sizes[9]))
  await view.locator('[data-label="9"][data-prediction="9"]').tap()
  assert.equal(await view.locator('[data-label="9"][data-prediction="9"]').getAttribute('aria-selected'), 'true')
  // Where the table is wider than the frame there is a shade at the side with more.
  await scroll.evaluate((element) => (element.style.width = '150px'))
  await view.locator('.confusion-frame.has-right:not(.has-left)').waitFor()
  await scroll.evaluate((element) => (element.scrollLeft = element.scrollWidth))
  await view.locator('.confusion-frame.has-left:not(.has-right)').waitFor()
  assert.deepEqual(troubles, [])
  await close()
})

test('while a first epoch runs the view says when there will be a score, and offers to pause', async () => {
  const { page, troubles, close } = await openPage(site, { hash: hash.replace('epochs=2', 'epochs=1000&batch=1').replace('train_samples=1500', 'train_samples=10000').replace('dense+32', 'dense+512') })
  await press(page, 'Train')
  const view = page.locator('rl-confusion')
  await keepInSight(view)
  await press(page, 'Pause and score now')
  await view.getByText(/^At step [\d,]+: [\d,]+ of 2,000 test images correct/).waitFor()
  assert.ok(await view.getByRole('button', { name: 'Pause and score now' }).isHidden())
  assert.deepEqual(troubles, [])
  await close()
})
