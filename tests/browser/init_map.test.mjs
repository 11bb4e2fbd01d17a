// The initialisation map on MNIST: variances and colours equal the core's values at step 0, for several
// initialisations, activations and depths.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { diverging } from '../../web/dom/colours.js'
import { openCore, sessionAt } from './core.mjs'
import { openPage, openSite, stepOf } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
/** @type {Awaited<ReturnType<typeof openCore>>} */
let opened
before(async () => {
  site = await openSite()
  opened = await openCore()
})
after(() => site?.close())

test('all cells exist, and sampled ones have the core’s variances as colours', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#train_samples=1000&seed=3' })
  const view = page.locator('rl-init-map')
  await view.getByRole('textbox', { name: 'Depth of the map' }).fill('4')
  await view.getByRole('combobox', { name: 'Width' }).selectOption('32')
  await view.getByRole('button', { name: 'Draw the map' }).click()
  await page.waitForSelector('rl-init-map[data-drawn="4 32"]', { timeout: 240_000 })
  const { activations, fields } = opened.core.registry()
  const inits = fields.find((/** @type {any} */ { name }) => name === 'init').choices
  assert.equal(await view.locator('[role=gridcell]').count(), activations.length * inits.length)
  // The main activations are the first rows, and no other is missing.
  const rows = await view.locator('tbody tr').evaluateAll((all) => all.map((row) => row.querySelector('td')?.dataset.activation))
  assert.deepEqual(rows.slice(0, 5), ['relu', 'leaky_relu', 'prelu', 'elu', 'swish'])
  assert.deepEqual([...rows].sort(), activations.map((/** @type {any} */ { name }) => name).sort())
  for (const [init, activation] of [['he_normal', 'relu'], ['glorot_uniform', 'tanh'], ['zero', 'relu'], ['constant', 'swish'], ['orthogonal', 'elu']]) {
    const session = sessionAt(opened, [['train_samples', '1000'], ['seed', '3'], ['init', init], ['model', `${`dense 32 | ${activation} | `.repeat(4)}dense 10`]])
    const variances = session.probe().layers.filter(({ kind }) => kind === 'activation').map(({ deviation }) => deviation ** 2)
    session.delete()
    assert.equal(variances.length, 4)
    const cell = view.locator(`[data-init=${init}][data-activation=${activation}]`)
    const colours = await cell.locator('canvas').evaluate((element) => {
      const data = /** @type {HTMLCanvasElement} */ (element).getContext('2d')?.getImageData(0, 0, 4, 1).data ?? []
      return [0, 4, 8, 12].map((i) => `rgb(${data[i]} ${data[i + 1]} ${data[i + 2]})`)
    })
    assert.deepEqual(colours, variances.map((variance) => diverging(Math.log10(variance), 1)), `${init} ${activation}`)
  }
  // The current run does not change until a cell is chosen.
  assert.equal(await stepOf(page), 0)
  await view.locator('[role=gridcell][tabindex="0"]').focus()
  await page.keyboard.press('ArrowRight')
  assert.match(await view.getByRole('status').textContent() ?? '', / with .*: variance .* after layer 1, .* after layer 4$/)
  await page.keyboard.press('Enter')
  await page.waitForFunction((init) => new URLSearchParams(location.hash.slice(1)).get('init') === init, inits[1].name)
  assert.deepEqual(troubles, [])
  await close()
})

test('an invalid depth is rejected, and a map can be stopped', async () => {
  const { page, close } = await openPage(site)
  const view = page.locator('rl-init-map')
  await view.getByRole('textbox', { name: 'Depth of the map' }).fill('51')
  await view.getByRole('button', { name: 'Draw the map' }).click()
  assert.equal(await view.getByRole('status').textContent(), 'Depth is 51, but it must be a whole number from 1 to 50.')
  await view.getByRole('textbox', { name: 'Depth of the map' }).fill('50')
  await view.getByRole('button', { name: 'Draw the map' }).click()
  await view.getByRole('button', { name: 'Stop' }).click()
  await view.getByText('Stopped. Cells without colours were not computed.').waitFor()
  await close()
})
