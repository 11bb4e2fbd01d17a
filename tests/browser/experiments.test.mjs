// Race and lessons in the page on MNIST: they show the results of the command line in Node for the same configs.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bytesOf } from './canvas.mjs'
import { headless, trainJson } from '../node/support.mjs'
import { onCutData } from './cut.mjs'
import { ranking, verdictOf } from '../../web/lab/ranking.js'
import { csvRows, downloaded, openPage, openSite, output, press, rowsOf, stepOf, waitForState, waitForStep, weightsHash } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/**
 * The vertical extents of a chart's first line and of its band, as shares of the height of the plot from below.
 * @param {import('playwright-core').Locator} chart @param {number} share of the plot's width
 */
async function bandAt(chart, share) {
  const { left, top, width, height } = await chart.locator('.u-over').evaluate((over) => {
    const [inner, outer] = [over.getBoundingClientRect(), over.parentElement?.querySelector('canvas')?.getBoundingClientRect() ?? new DOMRect()]
    return { left: inner.left - outer.left, top: inner.top - outer.top, width: inner.width, height: inner.height }
  })
  const [picture] = await bytesOf(chart.locator('canvas'))
  const x = Math.round(left + share * width)
  const rows = Array.from({ length: picture.height }, (_, y) => y).filter((y) => {
    const [red, green, blue, alpha] = picture.bytes.slice(4 * (y * picture.width + x), 4 * (y * picture.width + x) + 4)
    return alpha > 20 && Math.abs(red - 0xab) < 16 && Math.abs(green - 0x6a) < 16 && Math.abs(blue - 0xea) < 16
  })
  return { low: 1 - (rows[rows.length - 1] + 1 - top) / height, high: 1 - (rows[0] - top) / height }
}

/** @param {number} value */
const percent = (value) => `${(100 * value).toFixed(2)}%`

test('a race shows the numbers of the command line, over two seeds, and does not affect the run', async () => {
  const { page, troubles, close } = await openPage(site)
  const view = page.locator('rl-race')
  await view.scrollIntoViewIfNeeded()
  for (const name of ['leaky_relu', 'prelu', 'swish']) await view.getByRole('button', { name: `Remove ${name}`, exact: true }).click()
  await view.getByRole('textbox', { name: 'Add a setting' }).fill('lr=0.02')
  await view.getByRole('button', { name: 'Add setting' }).click()
  for (const [box, text] of [['Seeds', '2'], ['Epochs', '2'], ['Training samples', '1000']]) await view.getByRole('textbox', { name: `${box} of the race` }).fill(text)
  await view.getByRole('button', { name: 'Start race' }).click()
  await view.locator('.race-table').waitFor()
  const shown = await view.locator('.race-table tbody tr').evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)))
  const rows = rowsOf(['race', ...onCutData, '--entry', 'lr=0.02', '--activations', 'relu,elu', '--seeds', '2', '--epochs', '2', '--train_samples', '1000'])
  const expected = rows.filter(({ event }) => event === 'summary')
  const ranked = [...expected].sort((a, b) => b.test_accuracy.mean - a.test_accuracy.mean)
  assert.deepEqual(shown.map(([name]) => name), ranked.map(({ name }) => name))
  // The sentence names the first, and what it says follows from the differences by seed.
  assert.equal(await output(page, 'Winner'), verdictOf(ranking(rows), true))
  assert.ok((await output(page, 'Winner')).includes(ranked[0].name))
  assert.deepEqual(shown.map((row) => [row[1], row[4]]), ranked.map((row) =>
    ['test_accuracy', 'silent'].map((key) => `${percent(row[key].mean)} ± ${percent(row[key].deviation)}`)))
  const label = await view.getByRole('img', { name: /^Test accuracy/ }).getAttribute('aria-label')
  for (const { name, test_accuracy: { mean, deviation } } of expected) assert.ok(label?.includes(`${name} ${percent(mean)} ± ${percent(deviation)} at epoch 2, first `), label ?? '')
  const running = await view.getByRole('img', { name: /^Running loss/ }).getAttribute('aria-label')
  assert.match(running ?? '', /^Running loss, by step, smoothed over \d+ steps: lr=0\.02 \d\S* at step .*; relu \d\S* at step .*; elu \d\S* at step /)

  // The CSV ends with the values of the core's summary. The band extends one deviation to both sides of the mean.
  const last = csvRows((await downloaded(page, 'Test loss, by epoch as CSV')).bytes).at(-1) ?? {}
  assert.equal(last.epoch, 2)
  for (const { name, test_loss: { mean, deviation } } of expected) {
    assert.ok(Math.abs(Number(last[name]) - mean) < 1e-12, `${name}: ${last[name]} and ${mean}`)
    assert.ok(Math.abs(Number(last[`${name} deviation`]) - deviation) < 1e-12, `${name}: ${last[`${name} deviation`]} and ${deviation}`)
  }
  const losses = (/** @type {string} */ name, /** @type {number} */ epoch) =>
    rows.filter((row) => row.event === 'epoch' && row.name === name && row.epoch === epoch).map(({ test_loss: value }) => value)
  const ends = (/** @type {number[]} */ [a, b]) => [(a + b) / 2 - Math.abs(a - b) / Math.SQRT2, (a + b) / 2 + Math.abs(a - b) / Math.SQRT2]
  for (const name of ['relu', 'elu']) await view.locator('.chart-legend').getByRole('button', { name, exact: true }).click()
  const widest = ends(losses('lr=0.02', 1)).map((end, i) => (end + ends(losses('lr=0.02', 2))[i]) / 2) // halfway between two epochs
  const drawn = await bandAt(view.locator('.chart').nth(1), 0.75)
  const bound = 1.05 * Math.max(...[1, 2].map((epoch) => ends(losses('lr=0.02', epoch))[1]))
  for (const [i, at] of [drawn.low, drawn.high].entries()) {
    assert.ok(Math.abs(at - widest[i] / bound) < 0.012, `the band's end is at ${at}, and should be at ${widest[i] / bound}`)
  }
  assert.equal(await stepOf(page), 0)
  assert.deepEqual(troubles, [])
  await close()
})

test('forks of the current run: the unchanged fork equals the continued run, another rate equals that live change, and the run continues', async () => {
  const config = [...onCutData, '--train_samples', '1000', '--epochs', '2', '--lr', '0.004']
  const { page, troubles, close } = await openPage(site, { hash: '#train_samples=1000&epochs=2&lr=0.004' })
  const steps = 18
  for (let step = 1; step <= steps; step++) {
    await press(page, 'Step')
    await waitForStep(page, step)
  }
  const view = page.locator('rl-race')
  await view.scrollIntoViewIfNeeded()
  await view.getByRole('combobox', { name: 'Where the race begins' }).selectOption('run')
  assert.deepEqual(await view.locator('.race-entries li').allInnerTexts(), ['unchanged', 'lr=0.0004', 'leaky_relu'])
  assert.equal(await view.getByRole('textbox', { name: 'Seeds of the race' }).isVisible(), false)
  await view.getByRole('button', { name: 'Fork the run' }).click()
  await view.locator('.race-table').waitFor()
  const shown = await view.locator('.race-table tbody tr').evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)))
  assert.deepEqual(shown.map(([name]) => name).sort(), ['leaky_relu', 'lr=0.0004', 'unchanged'])
  const accuracies = shown.map((row) => Number.parseFloat(row[1] ?? ''))
  assert.deepEqual(accuracies, [...accuracies].sort((a, b) => b - a))
  const of = (/** @type {string} */ name) => shown.find(([each]) => each === name)?.[1]
  const accuracyOf = (/** @type {string[]} */ more) => percent(trainJson(headless, [...config, ...more]).of('epoch')[1].test_accuracy)
  assert.equal(of('unchanged'), accuracyOf([]))
  assert.equal(of('lr=0.0004'), accuracyOf(['--events', `${steps}:lr:0.0004`]))
  assert.notEqual(of('leaky_relu'), of('unchanged'))
  assert.match(await view.getByRole('status', { name: 'Race' }).innerText(), /^Forks after step 18: finished/)
  // One curve before the fork, three after it.
  const rows = csvRows((await downloaded(page, 'Running loss, by step, smoothed as CSV')).bytes)
  const filled = (/** @type {number} */ from, /** @type {number} */ to) => rows.filter(({ step }) => Number(step) >= from && Number(step) <= to).map((row) => Object.values(row).slice(1).filter((value) => value !== null && Number.isFinite(value)).length)
  assert.ok(filled(1, steps - 1).length > 0 && filled(1, steps - 1).every((count) => count === 1))
  assert.ok(filled(steps + 1, 32).length > 0 && filled(steps + 1, 32).every((count) => count === 3))

  assert.equal(await stepOf(page), steps)
  await press(page, 'Train')
  await waitForState(page, 'finished')
  assert.equal(await weightsHash(page), trainJson(headless, config).hash)
  assert.deepEqual(troubles, [])
  await close()
})

test('a race can be stopped, and an invalid setting is reported', async () => {
  const { page, close } = await openPage(site)
  const view = page.locator('rl-race')
  await view.getByRole('textbox', { name: 'Epochs of the race' }).fill('100')
  await view.getByRole('button', { name: 'Start race' }).click()
  await view.getByText(/^Racing: /).waitFor()
  await view.getByRole('button', { name: 'Stop race' }).click()
  await view.getByRole('button', { name: 'Start race' }).waitFor()
  assert.equal(await view.locator('.race-table').count(), 0)
  await view.getByRole('textbox', { name: 'Add a setting' }).fill('lr=fast')
  await view.getByRole('button', { name: 'Add setting' }).click()
  await view.getByRole('button', { name: 'Start race' }).click()
  await view.getByRole('alert').filter({ hasText: 'lr' }).filter({ hasText: 'fast' }).waitFor()
  await close()
})

test('a lesson shows the command line’s verdict and numbers, and opens the configuration behind it', async () => {
  const { page, troubles, close } = await openPage(site)
  const row = page.locator('rl-lessons [data-lesson="dead-units"]')
  await press(page, 'Run dead-units')
  await row.locator('.lesson-verdict').waitFor()
  const lesson = rowsOf(['lessons', ...onCutData, '--only', 'dead-units', '--quick']).find(({ event }) => event === 'lesson')
  assert.equal(await row.locator('.lesson-verdict').getAttribute('data-verdict'), lesson.verdict)
  // Each verdict of the core has its sign and colour.
  const words = { supported: '--good', 'supported in part': '--warm', 'no difference': '--text', 'not supported': '--error', undecided: '--text', refused: '--error' }
  assert.ok(lesson.verdict in words)
  assert.equal(await row.locator('.lesson-verdict .verdict-sign').textContent(), { supported: '✓', 'supported in part': '◐', 'no difference': '=', 'not supported': '✗', undecided: '?' }[/** @type {string} */ (lesson.verdict)])
  const colours = await row.locator('.lesson-verdict').evaluate((element, words) => {
    const shown = (/** @type {string} */ colour) => {
      const probe = document.body.appendChild(document.createElement('i'))
      probe.style.color = `var(${colour})`
      const text = getComputedStyle(probe).color
      probe.remove()
      return text
    }
    const real = element.getAttribute('data-verdict') ?? ''
    const found = Object.entries(words).map(([word, colour]) => {
      element.setAttribute('data-verdict', word)
      return [word, getComputedStyle(element).color, shown(colour)]
    })
    element.setAttribute('data-verdict', real)
    return found
  }, words)
  for (const [word, colour, wanted] of colours) assert.equal(colour, wanted, word)
  const dead = await row.locator('tbody tr').evaluateAll((rows) => rows.map((each) => each.children[2].textContent))
  assert.deepEqual(dead, lesson.variants.map((/** @type {any} */ { measures }) => percent(measures[1].summary.mean)))
  assert.ok((await row.locator('li').first().textContent())?.includes(`difference ${percent(lesson.checks[0].difference.mean)}`))
  await press(page, 'Open this configuration: large rate')
  await page.waitForFunction(() => location.hash.includes('lr=0.02'))
  // The panel shows the address once the engine has accepted it.
  const rate = await page.getByRole('textbox', { name: 'Learning rate', exact: true }).elementHandle()
  await page.waitForFunction((box) => /** @type {HTMLInputElement} */ (box).value === '0.02', rate)
  assert.deepEqual(troubles, [])
  await close()
})
