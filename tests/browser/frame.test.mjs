// The cards of the views: collapse, close and the stored state, how they are packed, the menu of views and the links to
// the groups, embedded views, Share and Embed, and the size of touch targets.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { columnsFor } from '../../web/controls/card_columns.js'
import { views } from '../../web/views/registry.js'
import { findings, openPage, openSite, press, trainTo, waitForStep } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/** @typedef {import('playwright-core').Page} Page */

/** The tags of the views in sight or further down. @param {Page} page */
const shownTags = (page) => page.evaluate((tags) => tags.filter((tag) => Number(document.querySelector(tag)?.getBoundingClientRect().height) > 0), views.map(({ tag }) => tag))

test('cards collapse, close and reopen, and the browser stores their state', async () => {
  const { page, troubles, close } = await openPage(site)
  const dead = page.locator('rl-dead-units')
  const { title } = views.find(({ tag }) => tag === 'rl-dead-units') ?? assert.fail()
  assert.deepEqual(await shownTags(page), views.map(({ tag }) => tag))
  await press(page, `Collapse ${title}`)
  assert.ok(await dead.isHidden())
  await press(page, 'Train')
  await waitForStep(page, 60)
  assert.equal(await dead.getAttribute('data-step'), '0', 'nothing is computed for what is not seen')
  await press(page, 'Close Log')
  assert.ok(!(await shownTags(page)).includes('rl-log'))

  await page.reload()
  await page.waitForSelector('body[data-ready]')
  assert.ok(await dead.isHidden())
  assert.ok(!(await shownTags(page)).includes('rl-log'))
  await press(page, `Open ${title}`)
  await page.waitForSelector('rl-dead-units[data-step="0"]')

  await page.locator('.view-menu summary').click()
  assert.equal(await page.getByRole('switch', { name: 'Show Log' }).isChecked(), false)
  await page.getByRole('button', { name: 'Log', exact: true }).click()
  assert.ok((await shownTags(page)).includes('rl-log'))
  await page.waitForFunction(() => {
    const box = document.querySelector('rl-log')?.getBoundingClientRect()
    return box && box.top > 0 && box.top < innerHeight
  })
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Log')
  assert.deepEqual(troubles, [])
  await close()
})

test('every view has a short explanation: what it is, what to look for, what to try', async () => {
  const { page, close } = await openPage(site)
  for (const { tag } of views) {
    const details = page.locator(`${tag} details.explain`)
    assert.equal(await details.count(), 1, tag)
    assert.ok(!await details.evaluate((element) => /** @type {HTMLDetailsElement} */ (element).open), tag)
    assert.deepEqual(await details.locator('dt').allTextContents(), ['What it is', 'Look for', 'Try'], tag)
    for (const text of await details.locator('dd').allTextContents()) assert.ok(text.length > 20 && text.length < 420, `${tag}: ${text.length} letters`)
  }
  await close()
})

/** The boxes of a group's cards, column by column from top to bottom. @param {Page} page @param {string} group */
const columnsOf = (page, group) => page.evaluate((name) => {
  /** @type {Map<number, {view: string, top: number, bottom: number}[]>} */
  const columns = new Map()
  for (const card of document.querySelectorAll(`.group[aria-label="${name}"] .cards .card:not([hidden])`)) {
    const { left, top, bottom } = card.getBoundingClientRect()
    columns.set(left, [...columns.get(left) ?? [], { view: /** @type {HTMLElement} */ (card).dataset.view ?? '', top, bottom }])
  }
  return [...columns].sort(([a], [b]) => a - b).map(([, cards]) => cards.sort((a, b) => a.top - b.top))
}, group)

/** The distances between consecutive cards of each column, and between the ends of the columns. @param {Awaited<ReturnType<typeof columnsOf>>} columns */
const gapsOf = (columns) => ({
  gaps: [...new Set(columns.flatMap((cards) => cards.slice(1).map(({ top }, i) => Math.round(10 * (top - cards[i].bottom)) / 10)))],
  ends: Math.max(...columns.map((cards) => cards.at(-1)?.bottom ?? 0)) - Math.min(...columns.map((cards) => cards.at(-1)?.bottom ?? 0)),
})

for (const [width, height, columns] of [[1440, 900, 2], [1920, 1080, 3]]) {
  test(`the cards are packed without holes: ${width} px`, async () => {
    const { page, troubles, close } = await openPage(site, { context: { viewport: { width, height } }, hash: '#epochs=100' })
    const packed = async () => {
      const found = await columnsOf(page, 'Units')
      const { gaps, ends } = gapsOf(found)
      assert.deepEqual(gaps, [24])
      assert.ok(ends < 0.1, `the columns end ${ends} px apart`)
      return found.map((cards) => cards.map(({ view }) => view))
    }
    await page.waitForFunction((n) => new Set([...document.querySelectorAll('.group[aria-label=Units] .cards .card')].map((card) => card.getBoundingClientRect().left)).size === n, columns)
    await page.locator('.group-link', { hasText: 'Units' }).click()
    const before = await packed()
    await trainTo(page, 40)
    assert.deepEqual(await packed(), before, 'a card in sight that grows does not change its column')
    await page.evaluate(() => /** @type {HTMLElement} */ (document.querySelector('rl-dead-units')).append(Object.assign(document.createElement('p'), { textContent: 'word '.repeat(400) })))
    assert.deepEqual(await packed(), before)
    await press(page, 'Collapse Dead units')
    await packed()
    await press(page, 'Close Unit inspector')
    assert.ok(!(await packed()).flat().includes('unit-inspector'))
    assert.deepEqual(troubles, [])
    await close()
  })
}

test('cards are assigned to columns by their heights; the first of them head the columns', () => {
  assert.deepEqual(columnsFor([100, 120, 50, 150], 2, 10), [0, 1, 1, 0])
  assert.deepEqual(columnsFor([500, 100, 100, 100], 2, 10), [0, 1, 1, 1])
  assert.deepEqual(columnsFor([500, 640, 730, 620, 150], 3, 24), [0, 1, 2, 0, 1])
  assert.deepEqual(columnsFor([5, 6, 7], 1, 10), [0, 0, 0])
  assert.deepEqual(columnsFor([], 1, 10), [])
})

for (const [width, height] of [[1440, 900], [900, 900], [390, 844]]) {
  test(`a link to a group leads to its heading, directly below the bars: ${width} px`, async () => {
    const touch = width === 390 && { hasTouch: true, isMobile: true }
    const { page, close } = await openPage(site, { hash: '#epochs=100', context: { viewport: { width, height }, ...touch } })
    if (touch && await page.getByRole('tab', { name: 'Views' }).count() > 0) await page.getByRole('tab', { name: 'Views' }).click()
    const links = page.locator('.group-link')
    for (const name of await links.allTextContents()) {
      const link = links.filter({ hasText: name })
      assert.ok(await link.evaluate((element) => element.scrollWidth <= element.clientWidth && element.getBoundingClientRect().right <= innerWidth), `${name} is not cut`)
      await link.click()
      /** Pixels between the bars and the heading. */
      const distance = () => page.evaluate((group) => Number(document.querySelector(`.group[aria-label="${group}"] h2`)?.getBoundingClientRect().top) -
        Number(document.querySelector('#views')?.getBoundingClientRect().bottom), name)
      for (const grown of [0, 300, -300]) {
        await page.evaluate(([by]) => new Promise((done) => {
          /** @type {HTMLElement} */ (document.querySelector('main')).style.paddingTop = `${Math.max(0, by)}px`
          requestAnimationFrame(() => requestAnimationFrame(done))
        }), [grown])
        const at = await distance()
        assert.ok(at > -1 && at <= 16, `${name}: ${at} px below the bars`)
      }
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), name)
    }
    await close()
  })
}

test('?embed= shows only the given views, and they work', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '?embed=image,curves#seed=3' })
  assert.deepEqual((await shownTags(page)).sort(), ['rl-curves', 'rl-image'])
  for (const place of ['rl-panel', 'rl-topbar', '#views', '.card-tools']) assert.ok(await page.locator(place).first().isHidden(), place)
  await press(page, 'Train')
  await waitForStep(page, 1)
  await press(page, 'Pause')
  await page.getByRole('combobox', { name: 'Activation' }).selectOption('elu')
  await page.waitForFunction(() => location.hash.includes('elu'))
  const whole = page.waitForEvent('popup')
  await page.getByRole('link', { name: 'Open in reluscope' }).click()
  await (await whole).waitForURL(page.url().replace('?embed=image,curves', ''))
  assert.deepEqual(troubles, [])
  await close()
  const wrong = await openPage(site, { hash: '?embed=curvs' })
  assert.match(await wrong.page.locator('.notice').innerText(), /"curvs", but the views are stage, /)
  assert.ok(await wrong.page.locator('rl-panel').isVisible(), 'the page is usable')
  await wrong.close()
})

for (const name of ['stage', 'curves', 'image', 'microscope']) {
  test(`an embedded page of 640 x 420 shows all without scrolling: ${name}`, async () => {
    const { page, troubles, close } = await openPage(site, { hash: `?embed=${name}&autostart#train_samples=640&epochs=1`, context: { viewport: { width: 640, height: 420 } } })
    await page.waitForFunction(() => document.querySelector('output[aria-label="Test accuracy"]')?.textContent?.includes('%'))
    const wanted = views.filter(({ tag, group }) => (name === 'stage' ? group === 'Stage' : tag === `rl-${name}`)).map(({ tag }) => tag)
    assert.deepEqual((await shownTags(page)).sort(), wanted.sort())
    assert.deepEqual(await page.evaluate(() => ['html', '.lab'].map((place) => document.querySelector(place)).filter((box) => box &&
      (box.scrollHeight > box.clientHeight || box.scrollWidth > box.clientWidth)).map((box) => `${box?.localName} ${box?.scrollHeight} of ${box?.clientHeight}`)), [])
    for (const control of ['.embed-bar button', '.embed-bar select', '.embed-bar output', '.embed-bar a']) {
      const box = await page.locator(control).boundingBox()
      assert.ok(box && box.x >= 0 && box.x + box.width <= 640 && box.y + box.height < 64, control)
    }
    assert.deepEqual(troubles, [])
    await close()
  })
}

test('an embedded page with autostart trains once its frame is in sight', async () => {
  const { page, close } = await openPage(site)
  await page.evaluate(() => {
    const far = document.createElement('div')
    far.style.height = '5000px'
    document.body.replaceChildren(far, Object.assign(document.createElement('iframe'), { src: '?embed=log&autostart#epochs=100', width: '640', height: '420' }))
  })
  const frame = page.frameLocator('iframe')
  await frame.locator('body[data-ready]').waitFor()
  const state = () => frame.locator('rl-topbar').getAttribute('data-state')
  assert.equal(await state(), 'ready')
  await page.locator('iframe').scrollIntoViewIfNeeded()
  await frame.getByRole('button', { name: 'Pause' }).waitFor()
  await close()
})

test('Share copies the address with all settings, or selects it where the page cannot copy', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#lr=0.01', context: { permissions: ['clipboard-read', 'clipboard-write'] } })
  await press(page, 'Share')
  await page.locator('.share-said').filter({ hasText: 'Link copied' }).waitFor()
  await page.locator('rl-notices [role=log]').filter({ hasText: 'Link copied' }).waitFor({ state: 'attached' })
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `${site.url}#lr=0.01`)
  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }))
  await press(page, 'Share')
  await page.getByRole('textbox', { name: 'Copy the link here' }).waitFor()
  assert.equal(await page.evaluate(() => getSelection()?.toString()), `${site.url}#lr=0.01`)
  await page.keyboard.press('Escape')
  assert.ok(await page.locator('.share-said').isHidden())
  assert.deepEqual(troubles, [])
  await close()
})

test('Embed writes the iframe of the chosen views, by keyboard', async () => {
  const { page, troubles, close } = await openPage(site, { hash: '#lr=0.01', context: { permissions: ['clipboard-read', 'clipboard-write'] } })
  await page.getByRole('button', { name: 'Embed', exact: true }).focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog', { name: 'Embed in your page' })
  await dialog.waitFor()
  assert.deepEqual(await findings(page), [])
  const code = () => dialog.getByRole('textbox', { name: 'HTML code' }).inputValue()
  assert.ok((await code()).startsWith(`<iframe src="${site.url}?embed=stage#lr=0.01" width="640" height="420" title="reluscope: First screen"`), await code())
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('value')), 'stage')
  await page.keyboard.press('Space')
  assert.ok(await dialog.getByRole('button', { name: 'Copy code' }).isDisabled())
  assert.match(await dialog.locator('[role=status]').innerText(), /at least one view/)
  await dialog.getByRole('checkbox', { name: 'Dead units' }).press('Space')
  await dialog.getByRole('checkbox', { name: /^Start training/ }).press('Space')
  await dialog.getByRole('textbox', { name: 'Width' }).fill('800')
  assert.ok((await code()).startsWith(`<iframe src="${site.url}?embed=dead-units&amp;autostart#lr=0.01" width="800" height="420" title="reluscope: Dead units"`), await code())
  await dialog.getByRole('textbox', { name: 'Height' }).fill('many')
  assert.ok(await dialog.getByRole('link', { name: 'Preview' }).isHidden())
  await dialog.getByRole('textbox', { name: 'Height' }).fill('300')
  assert.equal(await dialog.getByRole('link', { name: 'Preview' }).getAttribute('href'), `${site.url}?embed=dead-units&autostart#lr=0.01`)
  await dialog.getByRole('button', { name: 'Copy code' }).press('Enter')
  await dialog.locator('[role=status]').filter({ hasText: 'Code copied' }).waitFor()
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), await code())
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Embed')
  assert.deepEqual(troubles, [])
  await close()
})

for (const [width, touch] of /** @type {const} */ ([[1440, false], [800, false], [390, true]])) {
  test(`the rows of the layers show whole names and stay inside the panel: ${width} px`, async () => {
    const layers = ['dense 64', 'hard_swish', 'dense 64', 'leaky_relu 0.2', 'bn', 'dense 32', 'relu_squared', 'dense 16', 'gelu_tanh', 'dense 10']
    const { page, close } = await openPage(site, { hash: `#model=${layers.join(' | ')}`, context: { viewport: { width, height: 844 }, ...(touch && { hasTouch: true, isMobile: true }) } })
    if (touch) await page.getByRole('tab', { name: 'Settings' }).click()
    await page.waitForFunction((n) => document.querySelectorAll('.layer-rows li').length === n, layers.length)
    assert.deepEqual(await page.evaluate(() => {
      const context = /** @type {CanvasRenderingContext2D} */ (document.createElement('canvas').getContext('2d'))
      return [...document.querySelectorAll('.layer-rows li')].flatMap((row) => {
        const { right } = row.getBoundingClientRect()
        const select = row.querySelector('select')
        const wrong = [...row.querySelectorAll('*')].filter((part) => part.getBoundingClientRect().right > right + 0.5).map((part) => part.outerHTML.slice(0, 80))
        if (!select) return wrong
        const style = getComputedStyle(select)
        context.font = `${style.fontSize} ${style.fontFamily}`
        const name = select.selectedOptions[0].text
        // 20 pixels for the arrow.
        const room = select.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight) - 20
        return context.measureText(name).width > room ? [...wrong, `${name} has ${room} px`] : wrong
      })
    }), [])
    await close()
  })
}

test('on a touch screen every target is 44 px high', async () => {
  const { page, close } = await openPage(site, { context: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } })
  const small = () => page.evaluate(() => [...document.querySelectorAll('button, select, summary, input[type=text], input[type=range], .icon-button')]
    .filter((element) => !element.closest('select') || element.localName === 'select')
    .map((element) => ({ box: element.getBoundingClientRect(), html: element.outerHTML.slice(0, 100) }))
    .filter(({ box }) => box.height > 0 && box.height < 43.5).map(({ box, html }) => `${box.height} ${html}`))
  assert.deepEqual(await small(), [])
  await page.getByRole('tab', { name: 'Settings' }).click()
  assert.deepEqual(await small(), [])
  await close()
})
