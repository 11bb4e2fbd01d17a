// The previews in the panel: the schedule, the optimizer's steps and the augmented images equal those of the core for
// the same settings, and those of the run.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { bytesOf } from './canvas.mjs'
import { openCore } from './core.mjs'
import { openPage, openSite, press, setField, waitForState } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
/** @type {Awaited<ReturnType<typeof openCore>>} */
let opened
before(async () => {
  site = await openSite()
  opened = await openCore()
})
after(() => site?.close())

/** The corners of a line. @param {import('playwright-core').Page} page @param {string} line */
const cornersOf = async (page, line) => (await page.locator(`.rate-plot .${line}`).getAttribute('d') ?? '').slice(1).split('L').map((corner) => corner.split(' ').map(Number))

/** The expected corners of a line. @param {number[]} at @param {number[]} values @param {number} [most] */
function expected(at, values, most = Math.max(...values)) {
  const last = at[at.length - 1]
  return at.map((update, i) => [Number(((270 * update) / last).toFixed(2)), Number((84 - 2 - ((84 - 8) * values[i]) / most).toFixed(2))])
}

test('the planned rates equal those of the run, for every schedule and with live changes', () => {
  const base = { model: 'dense 8 | relu | dense 10', train_samples: '500', epochs: '4', validation: '60' }
  const { fields } = opened.core.registry()
  for (const { name } of fields.find((/** @type {any} */ field) => field.name === 'schedule').choices) {
    const settings = { ...base, schedule: name, lr_warmup: '5', lr_step: '1', lr_milestones: '1,3', lr_restart: '2', accumulate: '2', events: '9:lr:0.01', lr_threshold: '1' }
    const plan = opened.dataset.rates(opened.core.parse(Object.entries(settings)), 1000)
    const session = opened.core.createSession(opened.dataset, opened.core.parse(Object.entries({ ...settings, threads: '1' })))
    /** @type {any[]} */
    const batches = []
    for (let progress = session.advance(); progress.event !== 'done'; progress = session.advance()) if (progress.event === 'batch') batches.push(progress)
    session.delete()
    assert.deepEqual([plan.updates, plan.updates_per_epoch], [16, 4])
    // Every second batch makes an update, and so does the end of an epoch.
    const made = batches.filter(({ batch, batches: all }) => batch % 2 === 0 || batch === all)
    if (name === 'plateau') {
      assert.ok(plan.depends_on_validation)
      continue
    }
    assert.deepEqual(plan.lr, made.map(({ lr }) => lr), name)
    assert.deepEqual(plan.momentum, made.flatMap(({ momentum }) => (momentum === undefined ? [] : [momentum])), name)
  }
})

test('planned steps equal the optimizer’s: momentum accumulates, Adam corrects the bias, Adagrad decays', () => {
  const moves = (/** @type {Record<string, string>} */ settings) =>
    opened.dataset.rates(opened.core.parse(Object.entries({ epochs: '1', train_samples: '640', lr: '0.1', ...settings })), 10).moves
  const near = (/** @type {number[]} */ found, /** @type {number[]} */ wanted) => found.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) <= 1e-5 * wanted[i], `${found} ${wanted}`))
  const steps = Array.from({ length: 10 }, (_, i) => i)
  near(moves({ optimizer: 'sgd' }), steps.map(() => 0.1))
  near(moves({ optimizer: 'sgd', momentum: '0.9' }), steps.map((i) => 0.1 * (1 - 0.9 ** (i + 1)) / 0.1))
  near(moves({ optimizer: 'adam' }), steps.map(() => 0.1))
  near(moves({ optimizer: 'adagrad' }), steps.map((i) => 0.1 / Math.sqrt(i + 1)))
  near(moves({ optimizer: 'sgd', lr_warmup: '4' }), [0.025, 0.05, 0.075, ...steps.map(() => 0.1)])
})

test('the panel draws both plots, before the run and with a pending change', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#schedule=one_cycle&train_samples=6400&epochs=2' })
  const planOf = (/** @type {[string, string][]} */ fields) => opened.dataset.rates(opened.core.parse([['train_samples', '6400'], ['epochs', '2'], ...fields]), 300)
  const drawn = (/** @type {string} */ line, /** @type {number[][]} */ corners) => page.waitForFunction(({ line, text }) =>
    document.querySelector(`.rate-plot .${line}`)?.getAttribute('d')?.slice(1).split('L').map((corner) => corner.split(' ').map(Number).join()).join(' ') === text,
  { line, text: corners.map((corner) => corner.join()).join(' ') })
  let plan = planOf([['schedule', 'one_cycle']])
  await drawn('rate-lr', expected(plan.at, plan.lr))
  await drawn('rate-momentum', expected(plan.at, plan.momentum, 1))
  await drawn('rate-moves', expected(plan.at, plan.moves))
  assert.equal((await cornersOf(page, 'rate-lr')).length, 200)
  await press(page, 'Step')
  await waitForState(page, 'paused')
  await page.getByRole('combobox', { name: 'Schedule', exact: true }).selectOption('cosine')
  await setField(page, 'Warm-up', '40')
  plan = planOf([['schedule', 'cosine'], ['lr_warmup', '40']])
  await drawn('rate-lr', expected(plan.at, plan.lr))
  assert.equal(await page.locator('.rate-momentum').count(), 0)
  assert.deepEqual(troubles, [])
  await close()
})

test('sixteen augmented images equal the core’s and follow the settings, also pending ones', async () => {
  const { page, troubles, close } = await openPage(site)
  const images = async () => (await bytesOf(page.locator('.augmented'))).map(({ bytes }) => bytes.filter((_, i) => i % 4 === 0))
  /** @param {[string, string][]} fields */
  async function check(fields) {
    await page.waitForFunction((wanted) => wanted.every((text) => document.querySelector('.augment-figure')?.textContent?.includes(text)), fields.length > 0 ? ['rotation', 'noise'] : ['the same in every epoch'])
    const bytes = [...opened.dataset.augmented(0, 16, opened.core.parse(fields))]
    const shown = (await images()).flat()
    const [paper, ink] = [shown[bytes.indexOf(0)], shown[bytes.indexOf(255)]]
    assert.ok(paper > ink)
    assert.deepEqual(shown, bytes.map((value) => Math.round(paper + ((ink - paper) * value) / 255)))
  }
  await check([])
  await press(page, 'Step')
  await waitForState(page, 'paused')
  await setField(page, 'Rotation', '25')
  await setField(page, 'Noise', '40')
  await check([['augment_rotate', '25'], ['augment_noise', '40']])
  assert.deepEqual(troubles, [])
  await close()
})
