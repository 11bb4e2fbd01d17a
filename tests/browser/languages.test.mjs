// The page in Chinese: chosen by the address, by the browser or by the switch; nothing visible is left in English; nothing
// is cut; axe finds nothing; and the newcomer's two clicks.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fullOnly } from '../node/support.mjs'
import { findings, openPage, openSite, stepOf, waitForState, waitForStep } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
/** The names in the core's tables, which are the same in every language. @type {string[]} */
let coreNames = []
before(async () => {
  site = await openSite()
  const { page, close } = await openPage(site)
  coreNames = await page.evaluate(async () => {
    const { createEngine } = await import(String(new URL('engine/engine.js', location.href)))
    const engine = await createEngine()
    const { activations, layers, fields } = engine.registry
    const parts = [...activations.flatMap((/** @type {any} */ { name, label, parameters }) => [name, label, ...parameters.map((/** @type {any} */ each) => each.name)]), ...layers.flatMap((/** @type {any} */ { name, syntax, example }) => [name, syntax, example]),
      ...fields.flatMap((/** @type {any} */ { name, choices = [] }) => [name, ...choices.flatMap((/** @type {any} */ choice) => [choice.name, choice.label])])]
    engine.close()
    return parts.flatMap((text) => String(text).match(/[A-Za-z][A-Za-z’'\d]+/g) ?? [])
  })
  await close()
})
after(() => site?.close())

/** @typedef {import('playwright-core').Page} Page */

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const chinese = { locale: 'zh-CN' }

/** @param {Page} page */
const languageOf = (page) => page.evaluate(() => document.documentElement.lang)

/** The page in Chinese, paused after some steps. @param {Parameters<typeof openPage>[1]} options */
async function openChinese({ context = {}, ...options } = {}) {
  const opened = await openPage(site, { ...options, context: { ...chinese, ...context } })
  assert.equal(await languageOf(opened.page), 'zh-CN')
  return opened
}

/** Words that a Chinese page shows in Latin letters, besides the names in the core's tables: names, file formats, units. */
const names = ('MNIST Fashion Adam BatchNorm PyTorch ONNX CSV PNG JSON SHA NaN reluscope px ms min KB MB GB EN pth npz py ckpt safetensors onnx csv jsonl zip').split(' ')

/**
 * The visible texts, and those that a screen reader says, with a word in Latin letters that is not a name: those without a Chinese
 * character, and those with two such words in a row.
 * @param {Page} page
 */
const foreignTexts = (page) => page.evaluate((known) => {
  /** @type {Set<string>} */
  const texts = new Set()
  // Formulas, the log, hashes, architectures, and names that the user or the core gives are the same in every language.
  const same = 'math, svg, pre, code, textarea, noscript, rl-log, .sha, [lang|=en]'
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement?.closest(same)) texts.add(node.textContent?.trim() ?? '')
  }
  for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-valuetext', 'aria-description']) {
    for (const element of document.querySelectorAll(`[${name}]`)) if (!element.matches(same)) texts.add(element.getAttribute(name)?.trim() ?? '')
  }
  const allowed = new Set(known.map((word) => word.toLowerCase()))
  const foreign = (/** @type {string} */ word) => !allowed.has(word.toLowerCase()) && !/^(?:fc|act|conv|bn|ln|gn|pool|dropout|flatten)\d+$/.test(word)
  return [...texts].filter((text) => {
    const words = (text.match(/[A-Za-z][A-Za-z’'\d]+/g) ?? [])
    if (!/[\u4e00-\u9fff]/.test(text)) return words.some(foreign)
    return (text.match(/[A-Za-z][A-Za-z’']+(?: [A-Za-z’']+)+/g) ?? []).some((row) => row.split(' ').filter(foreign).length > 1)
  })
}, [...names, ...coreNames])

test('every text of the page is Chinese, or a name', async () => {
  const { page, troubles, close } = await openChinese({ hash: '#train_samples=2000&epochs=2' })
  for (const details of await page.locator('details').all()) await details.evaluate((element) => element.setAttribute('open', ''))
  const height = await page.evaluate(() => document.documentElement.scrollHeight)
  await page.setViewportSize({ width: 1440, height: Math.min(height, 12_000) })
  await page.locator('rl-topbar .train').click()
  await waitForState(page, 'finished')
  await page.waitForTimeout(500)  // until the views have drawn the end
  assert.deepEqual(await foreignTexts(page), [])
  assert.deepEqual(troubles, [])
  await close()
})

test('the language: of the address, else of the switch, else of the browser, else English', async () => {
  const { page, close } = await openPage(site, { context: { locale: 'de-DE' }, hash: '?lang=zh&other=1#lr=0.002' })
  assert.equal(await languageOf(page), 'zh-CN')
  await page.getByRole('button', { name: 'Switch to English' }).click()
  await page.waitForFunction(() => document.documentElement.lang === 'en' && document.body.dataset.ready)
  assert.equal(new URL(page.url()).search, '?other=1')
  assert.match(new URL(page.url()).hash, /lr=0\.002/)
  await page.getByRole('button', { name: '切换到中文' }).click()
  await page.waitForFunction(() => document.documentElement.lang === 'zh-CN' && document.body.dataset.ready)
  await page.reload()
  await page.waitForSelector('body[data-ready]')
  assert.equal(await languageOf(page), 'zh-CN')
  await page.goto(`${site.url}?lang=en`)
  await page.waitForSelector('body[data-ready]')
  assert.equal(await languageOf(page), 'en')
  await close()
  const other = await openPage(site, { context: { locale: 'de-DE' }, hash: '?lang=fr' })
  assert.equal(await languageOf(other.page), 'en')
  const notice = other.page.locator('.notice').filter({ hasText: 'fr' })
  await notice.waitFor()
  assert.match(await notice.innerText(), /en.*zh|English.*中文/s)
  await other.close()
})

test('in Chinese an invalid setting is refused in Chinese, with its value, and the place in the model is marked', async () => {
  const { page, close } = await openChinese()
  const typed = async (/** @type {string} */ field, /** @type {string} */ text) => {
    const box = page.locator(`[data-field=${field}]`).locator('textarea, input[type=text]').first()
    await box.fill(text)
    await box.press('Enter')
    const error = page.locator(`[data-field=${field}] .field-error`)
    await error.filter({ hasText: /\S/ }).waitFor()
    return error.innerText()
  }
  for (const [field, text] of [['lr', 'fast'], ['epochs', '0'], ['model', 'dense 2O | relu | dense 10']]) {
    const said = await typed(field, text)
    assert.match(said, /[\u4e00-\u9fff]/)
    assert.doesNotMatch(said, /错误信息|must|but/)
    assert.ok(said.includes(field === 'model' ? '2O' : text), said)
  }
  assert.equal(await page.locator('.model-marked mark').textContent(), '2O')
  await close()
})

test('a run that trains goes on in the other language', async () => {
  const { page, close } = await openPage(site, { hash: '#epochs=1000&train_samples=2000' })
  await page.getByRole('button', { name: 'Train', exact: true }).click()
  await waitForStep(page, 100)
  const step = await stepOf(page)
  await page.getByRole('button', { name: '切换到中文' }).click()
  await page.waitForFunction(() => document.documentElement.lang === 'zh-CN' && document.body.dataset.ready)
  await waitForState(page, 'training')
  await page.waitForFunction((least) => Number.parseInt(document.querySelector('output[aria-label="步"]')?.textContent ?? '', 10) > least, step)
  await close()
})

for (const [name, context, skip] of /** @type {const} */ ([
  ['light, 1440 px', {}, false], ['dark, 390 px', { ...phone, colorScheme: 'dark' }, false],
  ['dark, 1440 px', { colorScheme: 'dark' }, fullOnly], ['light, 390 px', phone, fullOnly],
])) {
  test(`in Chinese axe finds nothing, and no text is cut: ${name}`, { skip }, async () => {
    const { page, close } = await openChinese({ context, first: true })
    assert.deepEqual(await findings(page), [])
    const cut = await page.evaluate(() => [...document.querySelectorAll('button, h2, h3, .claim-about, .pill, label')].filter((element) => element instanceof HTMLElement && element.offsetParent && element.clientWidth > 0 &&
      element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== 'visible').map((element) => element.outerHTML.slice(0, 120)))
    assert.deepEqual(cut, [])
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0)
    await close()
  })
}
