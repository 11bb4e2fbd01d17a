// Two live runs side by side on the first screen: both have the bits of separate runs, they keep level, the second follows the
// first in all that is done to it, and closing restores the stage.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { after, before, test } from 'node:test'
import { zipSync } from 'fflate'
import { settingsOf } from '../../web/lab/pair.js'
import { png } from '../node/formats.mjs'
import { openCore, sessionAt } from './core.mjs'
import { openPage, openSite, press, setField, stepOf, trainTo, waitForState, waitForStep } from './support.mjs'

/** @typedef {import('playwright-core').Page} Page */

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/** 6,260 steps on the subset. */
const long = '#model=dense+24+|+relu+|+dense+10&epochs=20&batch=32'
/** 80 steps in two epochs. */
const short = '#model=dense+24+|+relu+|+dense+10&epochs=2&batch=50&train_samples=2000'
/** @param {string} hash @param {Record<string, string>} [changes] @returns {[string, string][]} */
const fieldsOf = (hash, changes = {}) => [...new Map([...new URLSearchParams(hash.slice(1)), ...Object.entries(changes)])]
const elu = 'dense 24 | elu | dense 10'

/** Opens the comparison. @param {Page} page */
async function compare(page) {
  await press(page, 'Compare')
  await page.waitForSelector('.is-second rl-learning')
}

/** Both runs. @param {Page} page @returns {Promise<{step: number, state: string, epochs: number, hash: string, config: any}[]>} */
const runs = (page) => page.evaluate(() => Promise.all([...document.querySelectorAll('rl-learning')].map(async (view) => {
  const { lab } = /** @type {any} */ (view)
  return { step: lab.step, state: lab.state, epochs: lab.epochs.length, hash: await lab.engine.weightsSha256(), config: lab.run.config }
})))

/** Waits until both runs are in a state, at the same step. @param {Page} page @param {string} state */
async function level(page, state) {
  await page.waitForFunction((wanted) => {
    const [a, b] = [...document.querySelectorAll('rl-learning')].map((view) => /** @type {any} */ (view).lab)
    return a.state === wanted && b.state === wanted && a.step === b.step
  }, state)
  return runs(page)
}

/** Waits until the second run is another one: with this setting. @param {Page} page @param {string} name @param {string} text */
const waitForSecond = (page, name, text) => page.waitForFunction(([field, value]) =>
  String(/** @type {any} */ (document.querySelector('.is-second rl-learning'))?.lab.run.config[field]) === value, [name, text])

/** The names of the columns. @param {Page} page @param {string[]} wanted */
async function headed(page, ...wanted) {
  await page.waitForFunction((names) => JSON.stringify([...document.querySelectorAll('.compare-head h2')].map((each) => each.textContent)) === names, JSON.stringify(wanted))
}

test('both runs have the bits of separate runs, also after single steps and a change while they train, and the second is never ahead', async () => {
  const { page, troubles, close } = await openPage(site, { hash: long })
  await compare(page)
  await headed(page, 'ReLU', 'ELU')
  await page.evaluate(() => {
    const [first, second] = [...document.querySelectorAll('rl-learning')].map((view) => /** @type {any} */ (view).lab)
    Reflect.set(globalThis, 'ahead', [])
    second.on('progress', () => second.step > first.step && Reflect.get(globalThis, 'ahead').push([second.step, first.step]))
  })
  const opened = await openCore()
  const sessions = [fieldsOf(long), fieldsOf(long, { model: elu })].map((fields) => sessionAt(opened, fields))
  /** @param {number} step */
  const advanceTo = (step) => sessions.map((session) => {
    while (session.position().step < step) session.advance()
    return session.weightsSha256()
  })

  await trainTo(page, 200)
  const paused = await level(page, 'paused')
  assert.deepEqual(paused.map(({ hash }) => hash), advanceTo(paused[0].step))
  assert.notEqual(paused[0].hash, paused[1].hash)
  const labels = await page.evaluate(() => [...document.querySelectorAll('rl-learning')].map((view) => view.querySelector('.plot')?.getAttribute('aria-label')))
  assert.match(labels[1] ?? '', /^Accuracy.*\d/)
  assert.notEqual(labels[0], labels[1])

  await press(page, 'Step')
  await waitForStep(page, paused[0].step + 1)
  const stepped = await level(page, 'paused')
  assert.equal(stepped[1].step, paused[0].step + 1)
  assert.deepEqual(stepped.map(({ hash }) => hash), advanceTo(stepped[0].step))

  await press(page, 'Train')
  await waitForStep(page, stepped[0].step + 50)
  await setField(page, 'Learning rate, takes effect at once', '0.02')
  await page.waitForFunction(() => /** @type {any} */ (document.querySelector('rl-learning')).lab.run.config.events.length === 1)
  await waitForStep(page, await stepOf(page) + 50)
  await press(page, 'Pause')
  await waitForState(page, 'paused')
  const changed = await level(page, 'paused')
  const [event] = changed[0].config.events
  assert.ok(event.step > stepped[0].step && event.value === 0.02)
  assert.deepEqual(changed[1].config.events, [event])
  advanceTo(event.step)
  for (const session of sessions) session.set('lr', 0.02)
  assert.deepEqual(changed.map(({ hash }) => hash), advanceTo(changed[0].step))
  assert.deepEqual(await page.evaluate(() => Reflect.get(globalThis, 'ahead')), [])

  await press(page, 'Reset')
  const reset = await level(page, 'ready')
  assert.deepEqual(reset.map(({ config: { lr, events } }) => [lr, events.length]), [[0.02, 0], [0.02, 0]])
  assert.deepEqual(troubles, [])
  await close()
})

test('a second run that begins late catches up; it takes another activation, settings, more epochs, and follows the first', async () => {
  const { page, troubles, close } = await openPage(site, { hash: short })
  const opened = await openCore()
  const hashOf = (/** @type {Record<string, string>} */ changes, /** @type {number} */ epochs) => {
    const session = sessionAt(opened, fieldsOf(short, { ...changes, epochs: String(epochs) }))
    while (session.advance().event !== 'done');
    return session.weightsSha256()
  }
  const finished = async () => (await level(page, 'finished')).map(({ hash }) => hash)
  await press(page, 'Train')
  await waitForState(page, 'finished')
  await compare(page)
  assert.deepEqual(await finished(), [hashOf({}, 2), hashOf({ model: elu }, 2)])

  const select = page.getByRole('combobox', { name: 'Activation of the second run' })
  const box = page.getByRole('textbox', { name: 'Settings of the second run' })
  await select.selectOption('sigmoid')
  await waitForSecond(page, 'model', 'dense 24 | sigmoid | dense 10')
  assert.equal((await finished())[1], hashOf({ model: 'dense 24 | sigmoid | dense 10' }, 2))
  await select.selectOption('relu')
  await box.fill('lr=0.01 init=he_uniform')
  await box.press('Enter')
  await waitForSecond(page, 'lr', '0.01')
  assert.equal((await finished())[1], hashOf({ lr: '0.01', init: 'he_uniform' }, 2))
  const [left, right] = await page.locator('.compare-head h2').allTextContents()
  assert.match(left, /learning rate 0\.001/i)
  assert.match(right, /learning rate 0\.01/i)

  // What cannot be used changes nothing.
  for (const [wrong, words] of /** @type {const} */ ([['0.01', /name=value/], ['lr=none', /lr/]])) {
    await box.fill(wrong)
    await box.press('Enter')
    await page.locator('.compare-head .field-error').filter({ hasText: words }).waitFor()
    assert.equal((await runs(page))[1].config.lr, 0.01)
  }
  await box.fill('')
  await box.press('Enter')
  await waitForSecond(page, 'lr', '0.001')
  await select.selectOption('elu')
  await waitForSecond(page, 'model', elu)
  await finished()

  await press(page, '5 more epochs')
  await waitForSecond(page, 'epochs', '7')
  assert.deepEqual(await finished(), [hashOf({}, 7), hashOf({ model: elu }, 7)])

  // A new run of the first begins a new run of the second, which keeps its activation.
  await press(page, 'Leaky ReLU')
  await headed(page, 'Leaky ReLU', 'ELU')
  await page.waitForFunction(() => /** @type {any} */ (document.querySelector('rl-learning')).lab.run.config.model.includes('leaky'))
  assert.deepEqual(await finished(), [hashOf({ model: 'dense 24 | leaky_relu | dense 10' }, 7), hashOf({ model: elu }, 7)])
  assert.deepEqual(troubles, [])
  await close()
})

test('closing ends the second worker and restores the stage, and a second engine that fails closes the comparison', async () => {
  const { page, close } = await openPage(site, { hash: long.replace('=20', '=1000') })
  const shape = () => page.evaluate(() => [...document.querySelectorAll('.stage > .card')].map((card) => {
    const { left, width, height } = card.getBoundingClientRect()
    return [card.className, card.querySelector('.compare-of')?.textContent, Math.round(left), Math.round(width), height > 0]
  }))
  const before = await shape()
  const workers = page.workers().length
  await compare(page)
  assert.equal(page.workers().length, workers + 1)
  assert.ok(await page.locator('rl-image').isHidden())
  await press(page, 'Train')
  await waitForStep(page, 50)
  const ended = page.workers().at(-1)?.waitForEvent('close')
  await press(page, 'Close the comparison')
  await ended
  assert.equal(page.workers().length, workers)
  // The first run does not wait for the second any more.
  await waitForStep(page, await stepOf(page) + 1000)
  assert.deepEqual((await shape()).map(([name, ...rest]) => [String(name).replace(/ of-[\w-]+/, ''), ...rest]), before)
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Compare')

  await page.context().route('**/worker/worker.js*', (route) => route.abort())
  await press(page, 'Compare')
  await page.locator('.notice').filter({ hasText: 'The comparison was closed' }).waitFor()
  assert.equal(await page.locator('.compare-head').count(), 0)
  await waitForStep(page, await stepOf(page) + 50)
  await page.context().unroute('**/worker/worker.js*')
  await press(page, 'Reset')
  await waitForState(page, 'ready')
  await compare(page)
  await trainTo(page, 20)
  await level(page, 'paused')
  await close()
})

test('the event "compare" names the activation and settings, and the user’s data reaches the second run', async () => {
  const archive = Buffer.from(zipSync(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${['disc', 'ring', 'star'][i % 3]}/${i}.png`,
    new Uint8Array(png(6, 5, 8, 0, Array.from({ length: 30 }, (_, k) => (i * 37 + k * (11 + i)) % 256)))]))))
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+8+|+relu+|+dense+10&batch=10&epochs=3' })
  await page.locator('input[aria-label="Files of own data"]').setInputFiles({ name: 'shapes.zip', mimeType: 'application/zip', buffer: archive })
  await page.waitForFunction(() => /** @type {any} */ (document.querySelector('rl-learning')).lab.run.config.data === 'shapes')
  await page.evaluate(() => /** @type {any} */ (document.querySelector('rl-learning')).lab.emit('compare', { activation: 'tanh', settings: 'optimizer=sgd' }))
  await page.waitForSelector('.is-second rl-learning')
  await press(page, 'Train')
  const [first, second] = await level(page, 'finished')
  assert.deepEqual([first, second].map(({ config: { data, model, optimizer } }) => [data, model, optimizer]),
    [['shapes', 'dense 8 | relu | dense 3', 'adam'], ['shapes', 'dense 8 | tanh | dense 3', 'sgd']])
  // And the way back.
  await page.getByRole('combobox', { name: 'Data set of the run' }).selectOption('mnist')
  await waitForSecond(page, 'data', 'mnist')
  assert.equal((await runs(page))[1].config.model, 'dense 8 | tanh | dense 10')
  assert.deepEqual(troubles, [])
  await close()
})

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

for (const [colorScheme, width] of /** @type {const} */ ([['light', 1440], ['dark', 1440], ['light', 390], ['dark', 390]])) {
  test(`with the keyboard alone, without sideways scrolling, and axe finds nothing: ${colorScheme}, ${width} px`, async () => {
    const { page, troubles, close } = await openPage(site, { hash: long, context: { colorScheme, viewport: { width, height: 844 } } })
    await page.getByRole('button', { name: 'Compare', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Activation of the second run')
    await page.waitForSelector('.is-second rl-learning')
    await page.keyboard.press('Tab')
    await page.keyboard.type('lr=0.01')
    await page.keyboard.press('Enter')
    await waitForSecond(page, 'lr', '0.01')
    await trainTo(page, 60)
    await level(page, 'paused')
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0)
    await page.evaluate(axe)
    const { violations } = await page.evaluate(() => Reflect.get(globalThis, 'axe').run('#stage'))
    assert.deepEqual(violations.map((/** @type {any} */ { id, nodes }) => [id, nodes[0].html.slice(0, 160)]), [])
    await page.getByRole('textbox', { name: 'Settings of the second run' }).focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.activeElement?.textContent === 'Compare')
    assert.equal(await page.locator('.is-compared').count(), 0)
    assert.deepEqual(troubles, [])
    await close()
  })
}

test('settings of one line: a text ends before the next name', () => {
  assert.deepEqual(settingsOf(''), [])
  assert.deepEqual(settingsOf(' lr=0.01  init=he_uniform '), [['lr', '0.01'], ['init', 'he_uniform']])
  assert.deepEqual(settingsOf('model=dense 8 | prelu | dense 10 seed=3'), [['model', 'dense 8 | prelu | dense 10'], ['seed', '3']])
  assert.throws(() => settingsOf('0.01'), /name=value/)
  assert.throws(() => settingsOf('fast lr=0.01'), /name=value/)
})
