// A first visit, training, a reload within seconds, and the end of the run, in Chromium, Firefox and WebKitGTK. The
// weights equal those of the command line, bit for bit.
import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { fullOnly, headless, trainJson } from '../node/support.mjs'
import { onCutData } from './cut.mjs'
import { browsers } from './drivers.mjs'
import { openSite } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  if (!fullOnly) site = await openSite({ alone: true })
})
after(() => site?.close())

const settings = { model: 'dense 32 | relu | dense 10', epochs: '4', batch: '32' }

/**
 * @param {import('./drivers.mjs').Visit} visit @param {(...args: any[]) => unknown} condition in the page
 * @param {any[]} args
 */
async function until(visit, condition, ...args) {
  for (let k = 0; k < 600; k += 1) {
    if (await visit.run(condition, ...args)) return
    await new Promise((done) => setTimeout(done, 200))
  }
  throw new Error(`not in two minutes: ${condition} of ${JSON.stringify(args)}; the page says: ${await visit.run(() => `${document.getElementById('loading')?.textContent} ${document.body.innerText.slice(0, 600)}`)}`)
}

/** @param {import('./drivers.mjs').Visit} visit @param {string} name of a button */
const press = (visit, name) => visit.run((wanted) => {
  const button = [...document.querySelectorAll('button')].find((each) => (each.getAttribute('aria-label') ?? each.textContent ?? '').trim() === wanted)
  if (!button) throw new Error(`no button ${wanted}`)
  button.click()
}, name)

const isReady = () => document.body?.dataset.ready === 'true'
const isIn = (/** @type {string} */ state) => /** @type {HTMLElement} */ (document.querySelector('rl-topbar'))?.dataset.state === state
const stepNow = () => Number.parseInt(document.querySelector('output[aria-label="Step"]')?.textContent ?? '', 10)

for (const { name, missing, open } of browsers) {
  test(`${name}: first visit, training, reload and the rest of the run`, { skip: fullOnly || (missing ? `${missing} is not installed` : false) }, async (t) => {
    const visit = await open()
    t.after(() => visit.close())
    await visit.goto(`${site.url}#${new URLSearchParams(settings)}`)
    await until(visit, isReady)
    // One browser may leave these invisible while another shows them.
    for (const selector of ['#settings', 'rl-panel', 'rl-topbar', '#cards']) {
      assert.equal(await visit.run((wanted) => getComputedStyle(/** @type {Element} */ (document.querySelector(wanted))).visibility, selector), 'visible', selector)
    }
    await press(visit, 'Train')
    await until(visit, () => Number.parseInt(document.querySelector('output[aria-label="Step"]')?.textContent ?? '', 10) >= 60)
    if (await visit.run(isIn, 'training')) await press(visit, 'Pause')
    await until(visit, () => /paused|finished/.test(/** @type {HTMLElement} */ (document.querySelector('rl-topbar'))?.dataset.state ?? ''))
    const stopped = await visit.run(stepNow)
    await until(visit, (step) => document.body.dataset.autosaved === String(step), stopped)
    await visit.reload()
    await until(visit, isReady)
    await until(visit, () => [...document.querySelectorAll('.notice button')].some((each) => /^(?:Continue|Show)$/.test(each.textContent ?? '')))
    await visit.run(() => /** @type {HTMLButtonElement} */ ([...document.querySelectorAll('.notice button')].find((each) => /^(?:Continue|Show)$/.test(each.textContent ?? ''))).click())
    await until(visit, (step) => Number.parseInt(document.querySelector('output[aria-label="Step"]')?.textContent ?? '', 10) === step, stopped)
    if (!await visit.run(isIn, 'finished')) await press(visit, 'Train')
    await until(visit, isIn, 'finished')
    await until(visit, () => /^[0-9a-f]{64}$/.test(document.querySelector('output.sha')?.textContent ?? ''))
    const hash = await visit.run(() => document.querySelector('output.sha')?.textContent)
    assert.equal(hash, trainJson(headless, [...onCutData, ...Object.entries(settings).flatMap(([field, value]) => [`--${field}`, value])]).hash)
  })
}
