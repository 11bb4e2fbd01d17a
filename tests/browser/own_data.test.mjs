// The user's data, opened with the buttons and by drag and drop: it becomes an entry of the Data menu and gives the
// weights of the command line. Invalid data is rejected with an error.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gunzipSync, unzlibSync, zipSync } from 'fflate'
import { readFolder } from '../../web/engine/worker/folder.js'
import { png } from '../node/formats.mjs'
import { cutIdx, headless, idxNames, temporaryFolder, trainJson } from '../node/support.mjs'
import { openCore, sessionAt } from './core.mjs'
import { addressOf, keepInSight, openPage, openSite, press, pressFromAfar, rowsOf, setField, stepOf, trainToTheEnd, waitForState, weightsHash } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/** @type {Record<string, Uint8Array>} */
const files = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${['disc', 'ring', 'star'][i % 3]}/${i}.png`,
  new Uint8Array(png(6, 5, 8, 0, Array.from({ length: 30 }, (_, k) => (i * 37 + k * (11 + i)) % 256)))]))
const archive = Buffer.from(zipSync(files))

/** @param {import('playwright-core').Page} page */
const dataMenu = (page) => page.getByRole('combobox', { name: 'Data set', exact: true })

test('an archive becomes a data set in the menu, the last layer is adapted, and the run equals the command line’s', async () => {
  const path = join(temporaryFolder(), 'shapes.zip')
  writeFileSync(path, archive)
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+8+|+relu+|+dense+10&batch=10&epochs=3' })
  await page.locator('input[aria-label="Files of own data"]').setInputFiles(path)
  await page.getByRole('status', { name: 'Own data' }).filter({ hasText: 'shapes: 50 training and 10 test images of 6 × 5 pixels in 3 classes' }).waitFor()
  assert.equal(await dataMenu(page).inputValue(), 'shapes')
  assert.deepEqual([addressOf(page).get('data'), addressOf(page).get('model')], ['shapes', 'dense 8 | relu | dense 3'])
  const { hash } = trainJson(headless, ['--data', path, '--model', 'dense 8 | relu | dense 3', '--batch', '10', '--epochs', '3'])
  assert.equal(await trainToTheEnd(page), hash)
  // The classes have their names. Then switching back to MNIST gives ten classes again.
  assert.match(await page.locator('rl-image .bars').first().innerText(), /disc[\s\S]*ring[\s\S]*star/)
  await dataMenu(page).selectOption('mnist')
  await press(page, 'Reset')
  await waitForState(page, 'ready')
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('model') === 'dense 8 | relu | dense 10')
  assert.deepEqual(troubles, [])
  await close()
})

test('race and initialisation map also run on the user’s data, with the numbers of the command line and the core; lessons report that they do not', async () => {
  const path = join(temporaryFolder(), 'shapes.zip')
  writeFileSync(path, archive)
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+8+|+relu+|+dense+10&batch=10' })
  await page.locator('input[aria-label="Files of own data"]').setInputFiles(path)
  await page.waitForFunction(() => location.hash.includes('data=shapes'))
  const race = page.locator('rl-race')
  for (const name of ['leaky_relu', 'prelu', 'swish']) await race.getByRole('button', { name: `Remove ${name}`, exact: true }).click()
  assert.equal(await race.getByRole('textbox', { name: 'Training samples of the race' }).inputValue(), '50')
  await race.getByRole('textbox', { name: 'Epochs of the race' }).fill('2')
  await race.getByRole('button', { name: 'Start race' }).click()
  await race.locator('.race-table').waitFor()
  const cells = await race.locator('.race-table tbody tr').evaluateAll((rows) => rows.map((row) => [...row.children].slice(0, 3).map((cell) => cell.textContent)))
  const rows = rowsOf(['race', '--data', path, '--model', 'dense 8 | relu | dense 3', '--batch', '10', '--activations', 'relu,elu', '--epochs', '2', '--train_samples', '50'])
    .filter(({ event }) => event === 'summary')
  assert.deepEqual(cells, rows.map(({ name, test_accuracy: accuracy, test_loss: loss }) => [name, `${(100 * accuracy.mean).toFixed(2)}%`, loss.mean.toFixed(4)]))

  const map = page.locator('rl-init-map')
  await map.getByRole('textbox', { name: 'Depth of the map' }).fill('3')
  await map.getByRole('combobox', { name: 'Width' }).selectOption('32')
  await map.getByRole('button', { name: 'Draw the map' }).click()
  await page.waitForSelector('rl-init-map[data-drawn="3 32"]')
  const { core } = await openCore()
  const source = { paths: Object.keys(files), announced: () => 0, read: (/** @type {string} */ name) => files[name] }
  const dataset = readFolder(core, 'shapes', 'the test', source, { gunzip: (packed) => gunzipSync(packed), unzlib: unzlibSync })
  const session = sessionAt({ core, dataset }, [['data', 'shapes'], ['init', 'he_normal'], ['model', `${'dense 32 | relu | '.repeat(3)}dense 3`]])
  const variances = session.probe().layers.filter(({ kind }) => kind === 'activation').map(({ deviation }) => deviation ** 2)
  const label = await map.locator('[data-init=he_normal][data-activation=relu]').getAttribute('aria-label')
  assert.equal(label?.split(': variance ')[1], variances.map((value, i) => `${Number(value.toPrecision(3))} after layer ${i + 1}`).join(', '))

  await page.getByText('Lessons always run on MNIST, not on “shapes”').waitFor()
  assert.deepEqual(troubles, [])
  await close()
})

test('four IDX files dropped on the section', async () => {
  const { page, troubles, close } = await openPage(site)
  const given = idxNames.map((name) => [name, [...cutIdx(name, name.startsWith('train') ? 60 : 20)]])
  await page.evaluate((given) => {
    const transfer = new DataTransfer()
    for (const [name, bytes] of given) transfer.items.add(new File([new Uint8Array(/** @type {number[]} */ (bytes))], /** @type {string} */ (name)))
    document.querySelector('.own-data')?.dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }))
  }, given)
  await page.getByRole('status', { name: 'Own data' }).filter({ hasText: 'own data: 60 training and 20 test images of 28 × 28 pixels in 10 classes' }).waitFor()
  assert.equal(await dataMenu(page).inputValue(), 'own data')
  assert.deepEqual(troubles, [])
  await close()
})

test('invalid data is rejected with an error, and nothing changes', async () => {
  const { page, troubles, close } = await openPage(site)
  const input = page.locator('input[aria-label="Files of own data"]')
  const error = page.locator('.own-data [role=alert]')
  await input.setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') })
  await error.filter({ hasText: /holds no data set/ }).waitFor()
  await input.setInputFiles({ name: 'cut.zip', mimeType: 'application/zip', buffer: archive.subarray(0, 700) })
  await error.filter({ hasText: /not a whole ZIP archive/ }).waitFor()
  assert.equal(await dataMenu(page).inputValue(), 'mnist')
  await setField(page, 'Batch size', '32')
  await page.waitForFunction(() => location.hash === '#batch=32')
  assert.deepEqual(troubles, [])
  await close()
})

test('a saved run on the user’s data needs its files, and then opens at its step', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+8+|+relu+|+dense+10&batch=10&epochs=3' })
  const open = async () => {
    await page.locator('input[aria-label="Files of own data"]').setInputFiles({ name: 'shapes.zip', mimeType: 'application/zip', buffer: archive })
    await page.getByRole('status', { name: 'Own data' }).filter({ hasText: 'shapes: 50 training' }).waitFor()
  }
  await open()
  for (let i = 0; i < 3; i++) {
    await press(page, 'Step')
    await page.waitForFunction((step) => document.querySelector('output[aria-label="Step"]')?.textContent?.startsWith(`${step} `), i + 1)
  }
  const weights = await weightsHash(page)
  await keepInSight(page.locator('rl-runs'))
  await page.waitForFunction(() => document.querySelector('rl-runs tbody tr')?.children[4].textContent === '3 of 15')
  await page.goto(`${site.url}?`)
  await page.waitForSelector('body[data-ready]')
  await press(page, 'Continue')
  const refused = await page.locator('.notice[data-key=autosave]').innerText()
  assert.match(refused, /^The autosaved run could not be opened\s+Data is "shapes", but this page has mnist/)
  assert.equal(await page.getByRole('button', { name: 'Continue', exact: true }).count(), 1, 'it can be tried again')
  await keepInSight(page.locator('rl-runs'))
  await press(page, 'Open Run 1')
  assert.match(await page.locator('.notice[data-key=runs]').innerText(), /Data is "shapes", but this page has .*\. The run on this page is unchanged\. Open the files of “shapes” first/)
  await open()
  await press(page, 'Open Run 1')
  await waitForState(page, 'paused')
  assert.deepEqual([await stepOf(page), await weightsHash(page)], [3, weights])
  await pressFromAfar(page, 'Continue')
  await page.waitForFunction(() => document.querySelector('.notice') === null)
  assert.deepEqual([await stepOf(page), await weightsHash(page)], [3, weights])
  assert.deepEqual(troubles, [])
  await close()
})
