// Accessibility and isolation of the page: keyboard, small screens, dark theme, axe, the content security policy, and
// no requests to other origins.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fullOnly, slow } from '../node/support.mjs'
import { evalOutcome, findings, openPage, openSite, press, stepOf, trainTo, waitForState, waitForStep } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/** @typedef {import('playwright-core').Page} Page */

/** @param {Page} page */
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1440, 390]) {
    test(`axe finds nothing: ${colorScheme}, ${width} px`, { skip: colorScheme === 'dark' && width === 390 ? false : colorScheme === 'light' && width === 1440 ? slow : fullOnly }, async () => {
      const { page, close } = await openPage(site, { context: { colorScheme, viewport: { width, height: 844 } } })
      await trainTo(page, 60)
      for (const details of await page.locator('details.more').all()) await details.evaluate((element) => element.setAttribute('open', ''))
      assert.deepEqual(await findings(page), [])
      if (width < 640) {
        await page.getByRole('tab', { name: 'Settings' }).click()
        assert.deepEqual(await findings(page), [])
      }
      await close()
    })
  }
}

test('the theme follows the system until the button overrides it, also after a reload', async () => {
  const { page, close } = await openPage(site, { context: { colorScheme: 'dark' } })
  const brightness = () => page.evaluate(() => {
    const [r, g, b] = (getComputedStyle(document.body).backgroundColor.match(/\d+/g) ?? []).map(Number)
    return (r + g + b) / 3
  })
  assert.ok(await brightness() < 60)
  await press(page, 'Switch between light and dark')
  assert.ok(await brightness() > 200)
  await page.reload()
  await page.waitForSelector('body[data-ready]')
  assert.ok(await brightness() > 200)
  await close()
})

test('on a phone: no horizontal scrolling, tabs for the panel, targets of 44 px', async () => {
  const { page, close } = await openPage(site, { context: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } })
  assert.equal(await overflow(page), 0)
  assert.ok(await page.getByRole('textbox', { name: 'Batch size' }).isHidden())
  await page.getByRole('tab', { name: 'Settings' }).click()
  assert.ok(await page.getByRole('textbox', { name: 'Batch size' }).isVisible())
  assert.equal(await overflow(page), 0)
  assert.ok(await page.locator('rl-image').isHidden())
  const small = await page.evaluate(() => [...document.querySelectorAll('.controls button, rl-panel select, rl-panel input[type=text], .tabs button')]
    .filter((element) => element.getBoundingClientRect().height > 0 && element.getBoundingClientRect().height < 44)
    .map((element) => element.outerHTML.slice(0, 90)))
  assert.deepEqual(small, [])
  await page.getByRole('tab', { name: 'Stage' }).click()
  await press(page, 'Train')
  await waitForStep(page, 30)
  assert.equal(await overflow(page), 0)
  await page.setViewportSize({ width: 320, height: 700 })
  assert.equal(await overflow(page), 0)
  await close()
})

test('no horizontal scrolling at any width', { skip: fullOnly }, async () => {
  const { page, close } = await openPage(site)
  await press(page, 'Train')
  await waitForStep(page, 100)
  for (const width of [1920, 1440, 1381, 1380, 1280, 1024, 900, 768, 640, 639, 480]) {
    await page.setViewportSize({ width, height: 900 })
    assert.equal(await overflow(page), 0, `${width} px`)
  }
  await close()
})

test('keyboard only: train, pause, step, choose, reset', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#epochs=1000' })
  /** Presses Tab until the element with this name has the focus. @param {string} name @param {'Tab' | 'Shift+Tab'} [key] */
  async function tabTo(name, key = 'Tab') {
    for (let i = 0; i < 250; i++) {
      const found = await page.evaluate(() => {
        const active = document.activeElement
        return active?.getAttribute('aria-label') ?? (active instanceof HTMLSelectElement || active instanceof HTMLInputElement
          ? active.labels?.[0]?.textContent : active?.textContent) ?? ''
      })
      if (found.trim() === name) return
      await page.keyboard.press(key)
    }
    assert.fail(`Tab does not reach ${name}`)
  }
  await tabTo('Train')
  await page.keyboard.press('Space')
  await waitForStep(page, 10)
  await page.keyboard.press('Enter')
  await waitForState(page, 'paused')
  const step = await stepOf(page)
  await tabTo('Step')
  await page.keyboard.press('Enter')
  await waitForStep(page, step + 1)
  assert.equal(await stepOf(page), step + 1)
  await tabTo('Batch size')
  await page.keyboard.press('ArrowUp')
  await page.locator('.waiting').filter({ hasText: 'Batch size' }).waitFor()
  await tabTo('Units of act1')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('ArrowRight')
  assert.match(await page.locator('rl-image .readout').textContent() ?? '', /^unit 1: /)
  await page.keyboard.press('Escape')
  await tabTo('Reset', 'Shift+Tab')
  await page.keyboard.press('Enter')
  await waitForState(page, 'ready')
  await page.waitForFunction(() => location.hash === '#epochs=1000&batch=65')
  assert.deepEqual(troubles, [])
  await close()
})

test('screen readers hear milestones only: none while training, one at the end of an epoch and of a race', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#epochs=2&train_samples=6400&model=dense+64+|+relu+|+dense+10', context: { viewport: { width: 1440, height: 9000 } } })
  await page.evaluate(() => {
    /** @type {string[]} */
    const said = []
    Reflect.set(globalThis, 'said', said)
    new MutationObserver((records) => {
      for (const { target, addedNodes } of records) {
        const element = target instanceof Element ? target : target.parentElement
        const region = element?.closest('[aria-live], output, [role=status], [role=alert], [role=log]')
        if (!region || region.getAttribute('aria-live') === 'off') continue
        // A log speaks what is added to it; the others speak all that they hold.
        const texts = region.role === 'log' ? [...addedNodes].map((node) => node.textContent)
          : [`${region.closest('rl-notices') ? '' : `${region.parentElement?.closest('[class]')?.className} ${region.getAttribute('aria-label')}: `}${region.textContent}`]
        for (const text of texts) if (text && text !== said.at(-1)) said.push(text)
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true })
  })
  const said = () => page.evaluate(() => /** @type {string[]} */ (Reflect.get(globalThis, 'said')))
  await press(page, 'Train')
  await waitForState(page, 'finished')
  const score = (/** @type {string} */ text) => text.match(/\d+\.\d+%/)?.[0]
  const shown = (await page.getByRole('status', { name: 'Test accuracy', exact: true }).textContent()) ?? ''
  await page.waitForFunction(() => Reflect.get(globalThis, 'said').some((/** @type {string} */ text) => text.startsWith('Training finished')))
  const words = await said()
  assert.deepEqual(words.filter((text) => !/^.* Score of the matrix: /.test(text) && !/^Warning: /.test(text)).map((text) => text.replace(/\d+\.\d+%/, '%')),
    ['Epoch 1 of 2 finished: test accuracy %.', 'Epoch 2 of 2 finished: test accuracy %.', 'Training finished after 2 epochs: test accuracy %.'])
  assert.equal(score(words.filter((text) => /^(?:Epoch|Training)/.test(text)).at(-1) ?? ''), shown)
  const race = page.locator('rl-race')
  for (const [box, text] of [['Epochs', '1'], ['Training samples', '500']]) await race.getByRole('textbox', { name: `${box} of the race` }).fill(text)
  await page.evaluate(() => Reflect.get(globalThis, 'said').splice(0))
  await race.getByRole('button', { name: 'Start race' }).click()
  await race.locator('.race-table').waitFor()
  assert.deepEqual((await said()).filter((text) => !/ Score of the matrix: /.test(text)), ['The race has finished.'])
  assert.deepEqual(troubles, [])
  await close()
})

test('with reduced motion there are no animations', async () => {
  const { page, close } = await openPage(site, { context: { reducedMotion: 'reduce', viewport: { width: 1440, height: 900 } } })
  const moving = await page.evaluate(() => [...document.querySelectorAll('*')].filter((element) => {
    const { transitionDuration, animationName } = getComputedStyle(element)
    return transitionDuration.split(', ').some((time) => Number.parseFloat(time) > 0) || animationName !== 'none'
  }).map((element) => element.outerHTML.slice(0, 80)))
  assert.deepEqual(moving, [])
  // A jump to another group is immediate.
  const at = await page.evaluate(() => {
    [...document.querySelectorAll('button')].find((button) => button.textContent === 'Experiments')?.click()
    return new Promise((done) => requestAnimationFrame(() => done(scrollY)))
  })
  await page.waitForTimeout(500)
  assert.ok(Number(at) > 900)
  assert.equal(await page.evaluate(() => scrollY), at)
  await close()
})

test('the content security policy is in effect in page and worker, and there are no requests to other origins', async () => {
  const { page, troubles, close } = await openPage(site)
  const [worker] = page.workers()
  assert.ok(worker, 'training happens in a worker')
  await worker.evaluate(() => {
    Reflect.set(globalThis, 'violations', [])
    addEventListener('securitypolicyviolation', (event) => Reflect.get(globalThis, 'violations').push(event.violatedDirective))
  })
  await press(page, 'Train')
  await waitForStep(page, 100)
  assert.deepEqual(await worker.evaluate(() => Reflect.get(globalThis, 'violations')), [])
  assert.deepEqual(troubles, [])
  // The listeners work: the policy blocks forbidden actions in the same page and worker.
  assert.equal(await evalOutcome(worker), 'EvalError')
  await close()
})

test('without WebAssembly SIMD the page reports it', async () => {
  const context = await site.browser.newContext()
  const page = await context.newPage()
  await page.addInitScript(() => {
    WebAssembly.validate = () => false
  })
  await page.goto(site.url)
  await page.locator('.notice').filter({ hasText: 'This browser has no WebAssembly SIMD' }).waitFor()
  await context.close()
})

test('a failure to load the data is reported with advice', async () => {
  const context = await site.browser.newContext()
  const page = await context.newPage()
  await context.route('**/data/mnist/train-images*', (route) => route.fulfill({ status: 503, body: '' }))
  await page.goto(site.url)
  const notice = page.locator('.notice')
  await notice.filter({ hasText: '503' }).waitFor()
  assert.match(await notice.innerText(), /could not start/)
  await context.unroute('**/data/mnist/train-images*')
  await press(page, 'Try again')
  await page.waitForSelector('body[data-ready]')
  await context.close()
})
