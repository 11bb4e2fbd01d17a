// Race and lessons in the page, on MNIST: what they show is what the command line in Node says of the same configs.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { root } from '../../web/data.mjs'
import { openPage, openSite, press, stepOf } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/** The rows that the command line prints. @param {string[]} args @returns {any[]} */
function rowsOf(args) {
  const text = execFileSync('node', [join(root, 'web/engine/headless.mjs'), ...args, '--threads', '1', '--jsonl', '-'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return text.trim().split('\n').map((line) => JSON.parse(line))
}

/** @param {number} value */
const percent = (value) => `${(100 * value).toFixed(2)}%`

test('a race shows the numbers of the command line, over two seeds, and leaves the run alone', async () => {
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
  const expected = rowsOf(['race', '--entry', 'lr=0.02', '--activations', 'relu,elu', '--seeds', '2', '--epochs', '2', '--train_samples', '1000'])
    .filter(({ event }) => event === 'summary')
  assert.deepEqual(shown.map(([name]) => name), ['lr=0.02', 'relu', 'elu'])
  assert.deepEqual(shown.map((row) => [row[1], row[4]]), expected.map((row) =>
    ['test_accuracy', 'dead'].map((key) => `${percent(row[key].mean)} ± ${percent(row[key].deviation)}`)))
  const label = await view.getByRole('img', { name: /^Test accuracy/ }).getAttribute('aria-label')
  assert.equal(label, `Test accuracy, by epoch: ${expected.map((row) => `${row.name} ${(100 * row.test_accuracy.mean).toFixed(1)}%`).join(', ')}`)
  const running = await view.getByRole('img', { name: /^Running loss/ }).getAttribute('aria-label')
  assert.match(running ?? '', /^Running loss, by step, smoothed: lr=0\.02 \d\S*, relu \d\S*, elu \d\S*$/)
  assert.equal(await stepOf(page), 0)
  assert.deepEqual(troubles, [])
  await close()
})

test('a race is stopped, and a setting that is refused is told', async () => {
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
  const lesson = rowsOf(['lessons', '--only', 'dead-units', '--quick']).find(({ event }) => event === 'lesson')
  assert.equal(await row.locator('.lesson-verdict').getAttribute('data-verdict'), lesson.verdict)
  const dead = await row.locator('tbody tr').evaluateAll((rows) => rows.map((each) => each.children[2].textContent))
  assert.deepEqual(dead, lesson.variants.map((/** @type {any} */ { measures }) => percent(measures[1].summary.mean)))
  assert.ok((await row.locator('li').first().textContent())?.includes(`difference ${percent(lesson.checks[0].difference.mean)}`))
  await press(page, 'Open this configuration: large rate')
  await page.waitForFunction(() => location.hash.includes('lr=0.02'))
  // The panel follows the address once the engine has taken it.
  const rate = await page.getByRole('textbox', { name: 'Learning rate', exact: true }).elementHandle()
  await page.waitForFunction((box) => /** @type {HTMLInputElement} */ (box).value === '0.02', rate)
  assert.deepEqual(troubles, [])
  await close()
})
