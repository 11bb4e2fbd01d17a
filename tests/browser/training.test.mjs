// A run in the page: the buttons train, pause, step and reset it, it gives the same bits as Node, and the views show
// the values of the model.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fullOnly, headless, slow, trainJson } from '../node/support.mjs'
import { diverging, roundUp } from '../../web/dom/colours.js'
import { openCore, sessionAt } from './core.mjs'
import { onCutData } from './cut.mjs'
import { cellColours } from './monitors.mjs'
import {
  addressOf, openPage, openSite, output, press, setField, stepOf, trainTo, trainToTheEnd, waitForState, waitForStep, weightsHash,
} from './support.mjs'

/** @typedef {import('./support.mjs').Site} Site */
/** @type {Site} */
let site
/** The site with all of MNIST. @type {Site} */
let whole
before(async () => {
  site = await openSite()
  whole = await openSite({ whole: true })
})
after(async () => {
  await site?.close()
  await whole?.close()
})

/** A run of a second or two on all of MNIST, of less on the subset. */
const short = ['--model', 'dense 24 | relu | dense 10', '--epochs', '2', '--batch', '128']
const shortHash = '#model=dense+24+|+relu+|+dense+10&epochs=2&batch=128'
/** Long enough to pause it: 6,260 steps on the subset. */
const longer = ['--model', 'dense 24 | relu | dense 10', '--epochs', '20', '--batch', '32', ...onCutData]
const longerHash = '#model=dense+24+|+relu+|+dense+10&epochs=20&batch=32'

/** @param {import('playwright-core').Page} page */
const allText = (page) => page.evaluate(() => document.body.innerText)

test('the views show the untrained network before training', async () => {
  const { page, troubles, close } = await openPage(whole)
  assert.equal(await output(page, 'Epoch'), '0 / 10')
  assert.equal(await page.locator('output[aria-label="Step"]').textContent(), '0 / 9380')
  assert.equal(await output(page, 'Training loss'), '–')
  await page.waitForFunction(() => /\d+ of 512 above zero/.test(document.querySelector('rl-image')?.textContent ?? ''))
  await page.waitForFunction(() => /Prediction: \d with [\d.]+%; correct: 7\./.test(document.querySelector('rl-image')?.textContent ?? ''))
  assert.match(await allText(page), /Press Train\. Within a second or two the loss appears here/)
  assert.match(await page.locator('rl-model').innerText(), /fc1: dense 512\s+\[64, 512\]\s+401,920/)
  assert.match(await page.locator('rl-model').innerText(), /fc2: dense 10\s+\[64, 10\]\s+5,130/)
  assert.match(await page.locator('rl-model').innerText(), /Total\s+407,050/)
  assert.deepEqual(troubles, [])
  await close()
})

test('Train, Pause, Step and Reset work, and the numbers change', async () => {
  // A run that is long enough not to end during the test.
  const { page, troubles, close } = await openPage(whole, { hash: '#epochs=1000' })
  const untrained = await weightsHash(page)
  const image = await page.locator('rl-image .readout').textContent()

  await press(page, 'Train')
  await waitForStep(page, 5)
  const [step, epoch] = await page.evaluate(() => ['Step', 'Epoch'].map((name) => Number.parseInt(document.querySelector(`output[aria-label="${name}"]`)?.textContent ?? '', 10)))
  assert.equal(epoch, Math.ceil(step / 938))
  await waitForStep(page, 400)
  const rate = Number(await output(page, 'Samples per second'))
  assert.ok(rate > 0, `samples per second: ${rate}`)
  assert.notEqual(await page.locator('rl-image .readout').textContent(), image)

  await press(page, 'Pause')
  await waitForState(page, 'paused')
  const loss = Number(await output(page, 'Training loss'))
  assert.ok(loss < 1, `the loss is ${loss}, that of an untrained network above 2`)
  const chart = await page.locator('rl-learning').getByRole('img', { name: /^Loss/ }).getAttribute('aria-label')
  const paused = await stepOf(page)
  assert.match(chart ?? '', /Loss over [\d,]+ steps: Training 0\.\d+/)
  await page.waitForTimeout(300)
  assert.equal(await stepOf(page), paused)

  for (let i = 1; i <= 3; i++) {
    await press(page, 'Step')
    await waitForStep(page, paused + i)
    assert.equal(await stepOf(page), paused + i)
  }
  assert.notEqual(await weightsHash(page), untrained)

  await press(page, 'Reset')
  await waitForState(page, 'ready')
  await page.waitForFunction(() => document.querySelector('output[aria-label="Step"]')?.textContent === '0 / 938000')
  assert.equal(await output(page, 'Training loss'), '–')
  await page.waitForFunction((hash) => document.querySelector('output.sha')?.textContent === hash, untrained)
  assert.deepEqual(troubles, [])
  await close()
})

test('the page gives the same bits and score as Node', async () => {
  const { page, troubles, close } = await openPage(whole, { hash: shortHash })
  const hash = await trainToTheEnd(page)
  const node = trainJson(headless, short)
  assert.equal(hash, node.hash)
  assert.equal(await output(page, 'Test accuracy'), `${(100 * node.of('epoch')[1].test_accuracy).toFixed(2)}%`)
  assert.equal(await output(page, 'Epoch'), '2 / 2')
  await page.locator('rl-log').scrollIntoViewIfNeeded()
  await page.locator('rl-log pre').filter({ hasText: `Weights SHA-256: ${hash}` }).waitFor()
  assert.match(await page.locator('rl-log').innerText(), /Test set: Average loss: 0\.\d{4}, Accuracy: \d+\/10000/)
  assert.ok(await page.getByRole('button', { name: '5 more epochs', exact: true }).isEnabled())
  assert.deepEqual(troubles, [])
  await close()
})

test('pausing and stepping change no bit', { skip: fullOnly }, async () => {
  const { page, close } = await openPage(site, { hash: longerHash })
  for (let i = 0; i < 3; i++) await press(page, 'Step')
  await waitForStep(page, 3)
  await trainTo(page, 100)
  assert.equal(await trainToTheEnd(page), trainJson(headless, longer).hash)
  await close()
})

test('a live learning rate is an event in the address, and the address gives the same run', { skip: slow }, async () => {
  const first = await openPage(site, { hash: longerHash })
  const step = await trainTo(first.page, 50)
  await setField(first.page, 'Learning rate', '0.004')
  await first.page.waitForFunction(() => location.hash.includes('events'))
  assert.equal(addressOf(first.page).get('events'), `${step}:lr:0.004`)
  assert.equal(addressOf(first.page).has('lr'), false)
  assert.equal(await first.page.getByRole('button', { name: 'Restart with changes' }).count(), 0)
  assert.match(await first.page.locator('[data-field=events]').innerText(), new RegExp(`Learning rate 0\\.004 after step ${step}`))
  const hash = await trainToTheEnd(first.page)
  const address = new URL(first.page.url()).hash
  assert.deepEqual(first.troubles, [])
  await first.close()

  const second = await openPage(site, { hash: address })
  assert.equal(await second.page.getByRole('textbox', { name: 'Learning rate', exact: true }).inputValue(), '0.001')
  assert.equal(await trainToTheEnd(second.page), hash)
  assert.equal(await second.page.getByRole('textbox', { name: 'Learning rate', exact: true }).inputValue(), '0.004')
  await second.close()

  assert.equal(trainJson(headless, [...longer, '--events', `${step}:lr:0.004`]).hash, hash)
})

test('the chosen image shows what the engine predicts', async () => {
  const { page, close } = await openPage(site)
  for (let i = 1; i <= 4; i++) {
    await press(page, 'Step')
    await waitForStep(page, i)
  }
  await press(page, 'Next image')
  await setField(page, 'Index of the image', '321')
  await page.waitForFunction(() => document.querySelector('rl-image canvas')?.getAttribute('aria-label')?.includes('321'))
  await page.waitForFunction(() => !/–/.test(document.querySelector('rl-image .bars tbody')?.textContent ?? '–'))
  const expected = await page.evaluate(async (address) => {
    const { createEngine } = await import(address)
    const engine = await createEngine()
    await engine.configure({})
    for (let i = 0; i < 4; i++) await engine.step()
    const { pixels, label } = await engine.image('test', 321)
    const { probabilities, layers } = await engine.predict(pixels)
    engine.close()
    return { label, texts: [...probabilities].map((p) => `${(100 * p).toFixed(1)}%`), on: layers[1].values.filter((/** @type {number} */ v) => v > 0).length }
  }, `${site.url}engine/engine.js`)
  await page.waitForFunction((texts) => [...document.querySelectorAll('rl-image .bar-value')].map((cell) => cell.textContent).join() === texts,
    expected.texts.join())
  assert.match(await page.locator('rl-image .readout').textContent() ?? '', new RegExp(`^${expected.on} of 512 above zero`))
  assert.equal(await page.locator('rl-image .is-right').innerText().then((text) => text.trim()[0]), String(expected.label))
  await close()
})

test('the cells of two layers have the colours of the core’s values, by layer, by unit and for all layers', async () => {
  const config = /** @type {[string, string][]} */ ([['model', 'dense 24 | relu | dense 12 | tanh | dense 10']])
  const opened = await openCore()
  const { pixels } = opened.dataset.image('test', 0)
  const values = sessionAt(opened, config).predict(pixels).layers.filter(({ kind }) => kind === 'activation').map((layer) => [...layer.values])
  const { page, troubles, close } = await openPage(site, { hash: `#${new URLSearchParams(config)}` })
  const view = page.locator('rl-image')
  await view.getByText(/of 24 above zero/).waitFor()
  const colours = async () => {
    const found = []
    for (const [i, layer] of values.entries()) {
      await page.getByRole('combobox', { name: 'Hidden layer', exact: true }).selectOption(String(2 * i + 1))
      found.push(await cellColours(view.getByRole('slider', { name: `Units of act${i + 1}` }), layer.length))
    }
    return found
  }
  const limits = values.map((layer) => roundUp(Math.max(...layer.map(Math.abs))))
  const scale = view.getByRole('combobox')
  for (const [word, limitOf] of /** @type {[string, (layer: number, unit: number) => number][]} */ ([
    ['layer', (layer) => limits[layer]], ['all', () => Math.max(...limits)], ['unit', (layer, unit) => Math.abs(values[layer][unit])]])) {
    await scale.selectOption(word)
    assert.deepEqual(await colours(), values.map((layer, l) => layer.map((value, unit) => diverging(value, limitOf(l, unit)))), word)
  }
  assert.deepEqual(troubles, [])
  await close()
})

test('the learning rate changes live with slider, box and keys', async () => {
  const { page, troubles, close } = await openPage(site, { hash: shortHash })
  await press(page, 'Step')
  await waitForStep(page, 1)
  const slider = page.getByRole('slider', { name: 'Learning rate, slider' })
  assert.equal(await slider.inputValue(), '-3')
  await slider.focus()
  for (let i = 0; i < 20; i++) await page.keyboard.press('ArrowRight')
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('events')?.includes('0.01'))
  assert.equal(await page.getByRole('textbox', { name: 'Learning rate', exact: true }).inputValue(), '0.01')
  assert.ok(await page.locator('.waiting').isHidden(), 'it needs no restart')
  // The slider moves faster than the engine answers: no answer resets it to an earlier value.
  await slider.evaluate((element) => {
    const range = /** @type {HTMLInputElement} */ (element)
    const seen = /** @type {number[]} */ ([])
    Reflect.set(globalThis, 'texts', seen)
    new MutationObserver(() => seen.push(Number(range.getAttribute('aria-valuetext')))).observe(range, { attributes: true, attributeFilter: ['aria-valuetext'] })
    for (let i = 0; i < 10; i++) {
      range.stepUp()
      for (const type of ['input', 'change']) range.dispatchEvent(new Event(type, { bubbles: true }))
    }
  })
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('events')?.includes('0.032'))
  const texts = await page.evaluate(() => Reflect.get(globalThis, 'texts'))
  assert.deepEqual(texts, [...texts].sort((a, b) => a - b))
  assert.equal(await slider.inputValue(), '-1.5')
  await setField(page, 'Learning rate', '0.1')
  await page.waitForFunction(() => /** @type {HTMLInputElement | null} */ (document.querySelector('input[aria-label="Learning rate, slider"]'))?.value === '-1')
  await press(page, 'Reset Learning rate to its default, 0.001')
  await page.waitForFunction(() => /** @type {HTMLInputElement | null} */ (document.querySelector('input[aria-label="Learning rate, slider"]'))?.value === '-3')
  assert.deepEqual(troubles, [])
  await close()
})

test('a drawn digit is classified', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+64+|+relu+|+dense+10&epochs=1' })
  await trainToTheEnd(page)
  const pad = page.locator('.pad')
  await pad.scrollIntoViewIfNeeded()
  const box = await pad.boundingBox()
  assert.ok(box)
  const move = (/** @type {number} */ x, /** @type {number} */ y, steps = 12) => page.mouse.move(box.x + x, box.y + y, { steps })

  await move(80, 70)
  await page.mouse.down()
  await move(200, 70)
  await move(120, 220)
  await page.mouse.up()
  const drawn = page.getByRole('status', { name: 'Drawn digit' })
  await page.waitForFunction(() => /^7 \(/.test(document.querySelector('output[aria-label="Drawn digit"]')?.textContent ?? ''))

  await press(page, 'Clear')
  await page.waitForFunction(() => document.querySelector('output[aria-label="Drawn digit"]')?.textContent === 'Draw here')
  await move(140 + 55, 140)
  await page.mouse.down()
  for (let i = 1; i <= 24; i++) await move(140 + 55 * Math.cos((i * Math.PI) / 12), 140 + 85 * Math.sin((i * Math.PI) / 12), 1)
  await page.mouse.up()
  await page.waitForFunction(() => /^0 \(/.test(document.querySelector('output[aria-label="Drawn digit"]')?.textContent ?? ''))
  assert.match(await drawn.textContent() ?? '', /^0 \(\d+%\)$/)

  await press(page, 'Clear')
  await pad.focus()
  for (const key of [...Array(7).fill('ArrowUp'), ' ', ...Array(14).fill('ArrowDown')]) await page.keyboard.press(key)
  await page.waitForFunction(() => /^1 \(/.test(document.querySelector('output[aria-label="Drawn digit"]')?.textContent ?? ''))
  assert.deepEqual(troubles, [])
  await close()
})

test('a run that diverges stops and names the layer', async () => {
  const { page, close } = await openPage(site, { hash: '#optimizer=sgd&lr=1000000' })
  await press(page, 'Train')
  await waitForState(page, 'diverged')
  const notice = await page.locator('.notice[data-key=diverged]').innerText()
  assert.match(notice, /Diverged at step \d+ .*layer \d+ \(\w+, .*\).*weights are those before that step/)
  await press(page, 'Back to step 0')
  await waitForState(page, 'ready')
  assert.equal(await page.locator('.notice').count(), 0)
  await close()
})

test('after a divergence the last good weights are kept, and a run continues from them at a tenth of the rate', async () => {
  const opened = await openCore()
  const session = sessionAt(opened, [['optimizer', 'sgd'], ['lr', '1000000'], ['train_samples', '1000']])
  let event = ''
  while (event !== 'diverged') {
    event = String(session.advance().event)
    assert.notEqual(event, 'done')
  }
  const { page, troubles, close } = await openPage(site, { hash: '#optimizer=sgd&lr=1000000&train_samples=1000' })
  await press(page, 'Train')
  await waitForState(page, 'diverged')
  assert.equal(await weightsHash(page), session.weightsSha256())
  assert.match(await page.locator('.notice[data-key=diverged]').innerText(), /These weights are kept/)
  await press(page, 'Continue from them at a tenth of the rate')
  await waitForState(page, 'ready')
  await page.waitForFunction(() => new URLSearchParams(location.hash.slice(1)).get('lr') === '100000')
  assert.equal(await stepOf(page), 0)
  assert.equal(await weightsHash(page), session.weightsSha256())
  assert.deepEqual(troubles, [])
  await close()
})

test('after a divergence without finite weights the only action is to reset to step 0', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#model=dense+16+|+tanh+|+dense+10&optimizer=sgd&lr=1000000&weight_decay=10&train_samples=3000' })
  await press(page, 'Train')
  await waitForState(page, 'diverged')
  const notice = page.locator('.notice[data-key=diverged]')
  assert.doesNotMatch(await notice.innerText(), /are kept|Continue from them/)
  assert.match(await notice.innerText(), /Lower the learning rate, then reset/)
  await press(page, 'Back to step 0')
  await waitForState(page, 'ready')
  assert.equal(await notice.count(), 0)
  assert.deepEqual(troubles, [])
  await close()
})

test('a page reloaded from the cache: time to the first step', async (t) => {
  const { page, close } = await openPage(site)
  // Measured inside the page, so that the communication with the test does not count.
  await page.addInitScript(() => addEventListener('DOMContentLoaded', () => {
    const look = setInterval(() => {
      if (document.querySelector('output[aria-label="Step"]')?.textContent?.startsWith('1 /')) {
        clearInterval(look)
        document.body.dataset.firstStep = String(Math.round(performance.now()))
      } else if (document.body.dataset.ready) {
        [...document.querySelectorAll('button')].find((button) => button.textContent === 'Step' && !button.disabled)?.click()
      }
    }, 5)
  }))
  await page.reload()
  await page.waitForSelector('body[data-first-step]')
  t.diagnostic(`first step ${await page.getAttribute('body', 'data-first-step')} ms after the reload`)
  await close()
})
