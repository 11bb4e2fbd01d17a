// Runs and files: what is kept over a reload is what was run, with what it changed; what is downloaded is what the
// command line saves, and opened again it gives the same weights.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { headless, trainJson } from '../node/support.mjs'
import { openPage, openSite, output, press, setField, trainToTheEnd, waitForState, weightsHash } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

const hash = '#model=dense+16+|+relu+|+dense+10&epochs=1&batch=100&train_samples=3000'
const flags = ['--model', 'dense 16 | relu | dense 10', '--epochs', '1', '--batch', '100', '--train_samples', '3000']

test('runs are kept with their scores and differences, renamed, compared, opened and deleted', async () => {
  const { page, troubles, close } = await openPage(site, { hash })
  const view = page.locator('rl-runs')
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
  const expected = [['lr 0.001 → 0.01', accuracies[0], '30 of 30'], ['the first', accuracies[1], '30 of 30']]
  assert.deepEqual(await cells(), expected)

  const name = view.getByRole('textbox', { name: 'Name of Run 2' })
  await name.fill('faster')
  await name.press('Enter')
  await view.getByRole('textbox', { name: 'Name of faster' }).waitFor()
  await page.reload()
  await page.waitForSelector('body[data-ready]')
  await view.getByRole('textbox', { name: 'Name of faster' }).waitFor()
  assert.deepEqual(await cells(), expected)
  for (const each of ['Run 1', 'faster']) await view.getByRole('checkbox', { name: `Compare ${each}` }).check()
  await view.scrollIntoViewIfNeeded()
  const label = await view.getByRole('img', { name: /^Test accuracy of runs/ }).getAttribute('aria-label')
  assert.equal(label, `Test accuracy of runs: Run 1 ${accuracies[1]}, faster ${accuracies[0]}`)
  await view.getByRole('button', { name: 'Open the settings of Run 1' }).click()
  await page.waitForFunction(() => !location.hash.includes('lr='))
  await press(page, 'Delete faster')
  await page.waitForFunction(() => document.querySelectorAll('rl-runs tbody tr').length === 1)
  await page.reload()
  await page.waitForSelector('body[data-ready]')
  await page.waitForFunction(() => document.querySelectorAll('rl-runs tbody tr').length === 1)
  assert.match(await output(page, 'Storage'), /Kept in this browser/)
  assert.deepEqual(troubles, [])
  await close()
})

test('weights go out and come back in; what is no such file is refused', async () => {
  const { page, troubles, close } = await openPage(site, { hash })
  const trained = await trainToTheEnd(page)
  /** @param {string} end */
  const saved = async (end) => {
    const waiting = page.waitForEvent('download')
    await press(page, `Download .${end}`)
    const file = await waiting
    assert.equal(file.suggestedFilename(), `mnist-16-relu-10-step30.${end}`)
    return readFileSync(await file.path())
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

test('a checkpoint takes the whole run along: opened after another run it goes on to the same weights', async () => {
  const { page, troubles, close } = await openPage(site, { hash })
  for (let i = 0; i < 3; i++) await press(page, 'Step')
  await page.waitForFunction(() => document.querySelector('output[aria-label="Step"]')?.textContent?.startsWith('3'))
  await waitForState(page, 'paused')
  const waiting = page.waitForEvent('download')
  await press(page, 'Download .ckpt')
  const file = await waiting
  assert.equal(file.suggestedFilename(), 'mnist-16-relu-10-step3.ckpt')
  const checkpoint = readFileSync(await file.path())
  await press(page, 'Reset')
  await waitForState(page, 'ready')
  await setField(page, 'Learning rate', '0.5')
  await trainToTheEnd(page)
  const input = page.locator('rl-files input[type=file]')
  await input.setInputFiles({ name: 'torn.ckpt', mimeType: 'application/octet-stream', buffer: checkpoint.subarray(0, -100) })
  await page.locator('.notice[data-key=files]').filter({ hasText: 'torn.ckpt could not be opened' }).waitFor()
  await input.setInputFiles({ name: 'mine.ckpt', mimeType: 'application/octet-stream', buffer: checkpoint })
  await page.locator('rl-files').getByText('The run of mine.ckpt stands at step 3.').waitFor()
  assert.equal(await trainToTheEnd(page), trainJson(headless, flags).of('done')[0].weights_sha256)
  assert.deepEqual(troubles, [])
  await close()
})
