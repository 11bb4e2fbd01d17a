// Saved runs and files: a saved run keeps its settings and live changes over a reload. Downloads equal the files of the
// command line, and opening them gives the same weights.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { headless, trainJson } from '../node/support.mjs'
import { onCutData } from './cut.mjs'
import { bytesOf, keepInSight, openPage, openSite, output, press, pressFromAfar, setField, stepOf, trainTo, trainToTheEnd, waitForState, waitForStep, weightsHash } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

const hash = '#model=dense+16+|+relu+|+dense+10&epochs=1&batch=100&train_samples=3000'
/** @typedef {import('./support.mjs').Page} Page */

/** The steps of the listed runs, by name. @param {Page} page */
function stepsByName(page) {
  return page.locator('rl-runs tbody tr').evaluateAll((rows) => Object.fromEntries(rows.map((row) =>
    [/** @type {HTMLInputElement} */ (row.querySelector('input[type=text]')).value, row.children[4].textContent])))
}

/** Waits until the list shows these steps. @param {Page} page @param {Record<string, string>} wanted */
function waitForRuns(page, wanted) {
  return page.waitForFunction((text) => JSON.stringify([...document.querySelectorAll('rl-runs tbody tr')].map((row) =>
    [/** @type {HTMLInputElement} */ (row.querySelector('input[type=text]')).value, row.children[4].textContent])) === text, JSON.stringify(Object.entries(wanted)))
}

/** @param {Page} page @param {string} name of a download */
async function downloaded(page, name) {
  const waiting = page.waitForEvent('download')
  await pressFromAfar(page, `Download .${name}`)
  const file = await waiting
  return { name: file.suggestedFilename(), content: await bytesOf(file) }
}

const flags = ['--model', 'dense 16 | relu | dense 10', '--epochs', '1', '--batch', '100', '--train_samples', '3000', ...onCutData]

test('runs are saved with their scores and differences, renamed, compared, opened and deleted', async () => {
  const { page, troubles, close } = await openPage(site, { hash })
  const view = page.locator('rl-runs')
  await keepInSight(view)
  await trainToTheEnd(page)
  await view.locator('tbody tr').first().waitFor()
  await press(page, 'Reset')
  await waitForState(page, 'ready')
  await setField(page, 'Learning rate', '0.01')
  await page.waitForFunction(() => location.hash.includes('lr=0.01'))
  await trainToTheEnd(page)
  await page.waitForFunction(() => document.querySelectorAll('rl-runs tbody tr').length === 2 &&
    [...document.querySelectorAll('rl-runs tbody tr')].every((row) => /%/.test(row.textContent ?? '')))
  const accuracies = ['0.01', '0.001'].map((lr) => `${(100 * trainJson(headless, [...flags, '--lr', lr]).of('epoch')[0].test_accuracy).toFixed(2)}%`)
  const cells = () => view.locator('tbody tr').evaluateAll((rows) => rows.map((row) => [2, 3, 4].map((i) => row.children[i].textContent)))
  const expected = [['lr 0.001 → 0.01', `${accuracies[0]}, epoch 1`, '30 of 30'], ['the first', `${accuracies[1]}, epoch 1`, '30 of 30']]
  assert.deepEqual(await cells(), expected)

  const name = view.getByRole('textbox', { name: 'Name of Run 2' })
  await name.fill('faster')
  await name.press('Enter')
  await view.getByRole('textbox', { name: 'Name of faster' }).waitFor()
  assert.equal((await downloaded(page, 'csv')).name, 'faster-step30.csv')
  await page.reload()
  await page.waitForSelector('body[data-ready]')
  await keepInSight(view)
  await view.getByRole('textbox', { name: 'Name of faster' }).waitFor()
  assert.deepEqual(await cells(), expected)
  for (const each of ['Run 1', 'faster']) await view.getByRole('checkbox', { name: `Compare ${each}` }).check()
  await view.scrollIntoViewIfNeeded()
  const label = await view.getByRole('img', { name: /^Test accuracy of runs/ }).getAttribute('aria-label')
  assert.match(label ?? '', new RegExp(`^Test accuracy of runs over [\\d,]+ steps: Run 1 ${accuracies[1]} at step .*; faster ${accuracies[0]} at step `))
  await view.getByRole('button', { name: 'Open the settings of Run 1' }).click()
  await page.waitForFunction(() => !location.hash.includes('lr='))
  await press(page, 'Delete faster')
  await page.waitForFunction(() => document.querySelectorAll('rl-runs tbody tr').length === 1)
  await page.reload()
  await page.waitForSelector('body[data-ready]')
  await keepInSight(view)
  await page.waitForFunction(() => document.querySelectorAll('rl-runs tbody tr').length === 1)
  const size = await view.locator('tbody tr td').nth(5).textContent()
  assert.match(size ?? '', /^1\d\d\.\d KB$/, 'weights and two moments of 12,730 numbers, and the curves')
  assert.match(await output(page, 'Storage'), new RegExp(`^1 run takes ${size} of this browser’s private file system; this site uses [\\d.]+ [KM]B of the [\\d.]+ [MG]B available\\.$`))
  assert.deepEqual(troubles, [])
  await close()
})

test('weights are saved and opened again; other files are rejected', async () => {
  const { page, troubles, close } = await openPage(site, { hash })
  const trained = await trainToTheEnd(page)
  /** @param {string} end */
  const saved = async (end) => {
    const waiting = page.waitForEvent('download')
    await press(page, `Download .${end}`)
    const file = await waiting
    assert.equal(file.suggestedFilename(), `mnist-16-relu-10-step30.${end}`)
    return await bytesOf(file)
  }
  const { formats } = await page.evaluate(async (address) => {
    const { createEngine } = await import(address)
    const engine = await createEngine({ oneThread: true })
    engine.close()
    return { formats: engine.registry.save_formats.map((/** @type {{name: string}} */ { name }) => name) }
  }, `${site.url}engine/engine.js`)
  for (const end of formats) assert.ok((await saved(end)).length > 100, end)
  const lines = (await saved('jsonl')).toString().trim().split('\n').map((line) => JSON.parse(line))
  assert.equal(lines.find(({ event }) => event === 'epoch').test_accuracy, trainJson(headless, flags).of('epoch')[0].test_accuracy)
  assert.equal(JSON.parse((await saved('json')).toString()).train_samples, 3000)
  const weights = await saved('safetensors')

  await press(page, 'Reset')
  await waitForState(page, 'ready')
  await page.waitForFunction((before) => /^[0-9a-f]{64}$/.test(document.querySelector('output.sha')?.textContent ?? '') &&
    document.querySelector('output.sha')?.textContent !== before, trained)
  const input = page.locator('rl-files input[type=file]')
  await input.setInputFiles({ name: 'broken.safetensors', mimeType: 'application/octet-stream', buffer: Buffer.from('no weights') })
  await page.locator('.notice[data-key=files]').filter({ hasText: 'broken.safetensors could not be opened' }).waitFor()
  await input.setInputFiles({ name: 'mine.safetensors', mimeType: 'application/octet-stream', buffer: weights })
  await page.waitForFunction((wanted) => document.querySelector('output.sha')?.textContent === wanted, trained)
  assert.equal(await weightsHash(page), trained)
  assert.deepEqual(troubles, [])
  await close()
})

test('a checkpoint contains the whole run: another browser restores settings, weights and metrics, and resumes to the same weights', async () => {
  const hash = '#model=dense+16+|+relu+|+dense+10&epochs=2&batch=100&train_samples=3000&lr=0.002'
  const { page, troubles, close } = await openPage(site, { hash })
  await press(page, 'Train')
  await page.waitForFunction(() => /%/.test(document.querySelector('output[aria-label="Test accuracy"]')?.textContent ?? ''))
  await waitForState(page, 'finished')
  const [whole, finished] = [await weightsHash(page), await output(page, 'Test accuracy')]
  await press(page, 'Reset')
  await waitForState(page, 'ready')
  for (let i = 0; i < 33; i++) {
    await press(page, 'Step')
    await page.waitForFunction((step) => document.querySelector('output[aria-label="Step"]')?.textContent?.startsWith(`${step} `), i + 1)
  }
  await waitForState(page, 'paused')
  const [accuracy, stopped, address] = [await output(page, 'Test accuracy'), await weightsHash(page), new URL(page.url()).hash]
  const { name, content: checkpoint } = await downloaded(page, 'ckpt')
  assert.equal(name, 'mnist-16-relu-10-step33.ckpt')
  await close()

  const other = await openPage(site)
  const files = other.page.locator('rl-files')
  const input = files.locator('input[type=file]')
  await input.setInputFiles({ name: 'torn.ckpt', mimeType: 'application/octet-stream', buffer: checkpoint.subarray(0, -100) })
  await other.page.locator('.notice[data-key=files]').filter({ hasText: 'torn.ckpt could not be opened' }).waitFor()
  await input.setInputFiles({ name: 'mine.ckpt', mimeType: 'application/octet-stream', buffer: checkpoint })
  await files.getByText('The run of mine.ckpt is at step 33.').waitFor()
  assert.deepEqual([new URL(other.page.url()).hash, await output(other.page, 'Test accuracy'), await weightsHash(other.page), await stepOf(other.page)], [address, accuracy, stopped, 33])
  const chart = await other.page.locator('rl-curves').getByRole('img', { name: /^Accuracy/ }).getAttribute('aria-label')
  assert.match(chart ?? '', new RegExp(`over 33 steps: .*Test ${accuracy} at step 30$`))
  assert.equal(await trainToTheEnd(other.page), whole)
  assert.equal(await output(other.page, 'Test accuracy'), finished)
  assert.deepEqual([...troubles, ...other.troubles], [])
  await other.close()
})

test('a saved run opens after a reload at its step, with weights and log, and resumes to the weights of an uninterrupted run', async (t) => {
  const seed = Number(process.env.RELUSCOPE_TEST_SEED ?? 20240607)
  t.diagnostic(`seed ${seed}`)
  const settings = ['--model', 'dense 32 | relu | dense 10', '--epochs', '9', '--batch', '32', ...onCutData]
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+32+|+relu+|+dense+10&epochs=9&batch=32' })
  const view = page.locator('rl-runs')
  await keepInSight(view)
  const stopped = await trainTo(page, 480 + (seed % 200))
  const [accuracy, weights] = [await output(page, 'Test accuracy'), await weightsHash(page)]
  assert.match(accuracy, /%/)
  await waitForRuns(page, { 'Run 1': `${stopped.toLocaleString('en-US')} of 2,817` })
  await page.reload()
  await page.waitForSelector('body[data-ready]')
  await press(page, 'Discard')
  await keepInSight(view)
  await press(page, 'Open Run 1')
  await waitForState(page, 'paused')
  assert.deepEqual([await stepOf(page), await output(page, 'Test accuracy'), await weightsHash(page)], [stopped, accuracy, weights])
  await page.waitForFunction(() => document.querySelector('rl-runs tr.is-current'))
  assert.equal(await page.getByRole('button', { name: 'Open Run 1', exact: true }).isDisabled(), true)
  const expected = trainJson(headless, settings)
  assert.equal(await trainToTheEnd(page), expected.hash)
  await waitForRuns(page, { 'Run 1': '2,817 of 2,817' })
  const printed = (await downloaded(page, 'jsonl')).content.toString().trim().split('\n').map((line) => JSON.parse(line))
  const told = (/** @type {any[]} */ events) => events.map(({ event, epoch, batch, loss, test_accuracy: score }) => [event, epoch, batch, loss, score])
  assert.deepEqual(told(printed.filter(({ event }) => event !== 'start')), told(expected.events.filter(({ event }) => event !== 'start')))
  assert.deepEqual(troubles, [])
  await close()
})

test('a run is saved before another replaces it, also in the middle of an epoch', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+32+|+relu+|+dense+10&epochs=1000' })
  const view = page.locator('rl-runs')
  await keepInSight(view)
  await press(page, 'Train')
  await waitForStep(page, 100)
  await press(page, 'Reset')
  await waitForState(page, 'ready')
  await page.waitForFunction(() => document.querySelectorAll('rl-runs tbody tr').length === 1)
  const first = (await stepsByName(page))['Run 1']
  await press(page, 'Train')
  await waitForStep(page, 100)
  await press(page, 'Open Run 1')
  await waitForState(page, 'paused')
  assert.equal(`${(await stepOf(page)).toLocaleString('en-US')} of 157,000`, first)
  const second = (await stepsByName(page))['Run 2']
  await press(page, 'Open Run 2')
  await page.waitForFunction(() => document.querySelector('rl-runs tbody tr')?.classList.contains('is-current'))
  assert.equal(`${(await stepOf(page)).toLocaleString('en-US')} of 157,000`, second)
  // Each run keeps its own curve, whatever its state was when the other one was opened.
  await view.getByRole('checkbox', { name: 'Compare Run 1' }).check()
  const curve = () => view.getByRole('img', { name: /^Training loss/ }).getAttribute('aria-label')
  const alone = await curve()
  for (let i = 0; i < 4; i++) {
    await press(page, 'Train')
    await waitForState(page, 'training')
    await press(page, 'Open Run 1')
    await page.waitForFunction(() => document.querySelector('rl-runs tbody')?.lastElementChild?.classList.contains('is-current'))
    assert.equal(await curve(), alone)
    assert.equal((await stepsByName(page))['Run 1'], first)
    await press(page, 'Open Run 2')
    await page.waitForFunction(() => document.querySelector('rl-runs tbody tr')?.classList.contains('is-current'))
  }
  // A run that is deleted while it is open is not saved again, but the next run is.
  await press(page, 'Delete Run 2')
  await waitForRuns(page, { 'Run 1': first })
  await trainTo(page, (await stepOf(page)) + 20)
  await press(page, 'Reset')
  await waitForState(page, 'ready')
  await press(page, 'Step')
  await waitForRuns(page, { 'Run 2': '1 of 157,000', 'Run 1': first })
  assert.deepEqual(troubles, [])
  await close()
})

test('a name that is being typed stays while the training run is saved', async () => {
  const { page, close } = await openPage(site, { hash })
  const view = page.locator('rl-runs')
  await keepInSight(view)
  await press(page, 'Step')
  await waitForRuns(page, { 'Run 1': '1 of 30' })
  const name = view.getByRole('textbox', { name: 'Name of Run 1' })
  await name.fill('half a na')
  await page.evaluate(() => /** @type {HTMLElement} */ (document.querySelector('rl-topbar button[title="Make one training step"]')).click())
  await page.waitForFunction(() => document.querySelector('rl-runs tbody tr')?.children[4].textContent === '2 of 30')
  assert.deepEqual([await name.inputValue(), await name.evaluate((input) => input === document.activeElement)], ['half a na', true])
  await name.press('Enter')
  await view.getByRole('textbox', { name: 'Name of half a na' }).waitFor()
  await close()
})

test('the copied address of a run gives that run in another browser', async () => {
  const { page, troubles, close } = await openPage(site, { hash, context: { permissions: ['clipboard-read', 'clipboard-write'] } })
  await setField(page, 'Learning rate', '0.02')
  await page.waitForFunction(() => location.hash.includes('lr=0.02'))
  const trained = await trainToTheEnd(page)
  await press(page, 'Copy this run’s address')
  await page.getByRole('button', { name: 'Copied', exact: true }).waitFor()
  const address = await page.evaluate(() => navigator.clipboard.readText())
  await close()
  const other = await openPage(site, { hash: new URL(address).hash })
  assert.equal(address.split('#')[0], site.url)
  assert.equal(await trainToTheEnd(other.page), trained)
  assert.deepEqual([...troubles, ...other.troubles], [])
  await other.close()
})
