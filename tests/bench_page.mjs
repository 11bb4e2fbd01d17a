// Measures how the page feels while it trains at full speed on one thread, in Chromium; asserts nothing.
//
//   tests/run bench page   input to paint, long tasks, training speed with views in sight and with the tab hidden beside
//                          that of the engine alone just before and after, and the time to the first training step
//
// All views are open. They are measured while a window of 1440 x 900 scrolls through the page in the measured time, and all in
// sight at once, in a window as high as the page, which also is where the input is measured. Speeds are steps by the clock, not the
// core's own samples per second, so that whatever keeps the worker from training counts.
import os from 'node:os'
import { openProfile, openSite } from './browser/support.mjs'

const turns = 3
/** Seconds that a speed is measured for. */
const measured = 6
const hash = '#threads=1&epochs=1000'
/** Milliseconds above which the browser reports an event's duration; it rounds to 8. */
const reported = 16

/** @typedef {import('playwright-core').Page} Page */

/** @param {number[]} values @param {number} share */
function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN
}

/** @param {number[]} values */
const median = (values) => quantile(values, 0.5)

/** Steps made, read off the page. @param {Page} page */
const stepOf = (page) => page.evaluate(() => Number.parseInt(document.querySelector('output[aria-label="Step"]')?.textContent ?? '', 10))

/** Steps a second over some seconds. @param {() => Promise<number>} step */
async function speedOf(step, seconds = measured) {
  const [from, start] = [await step(), performance.now()]
  await new Promise((done) => setTimeout(done, 1000 * seconds))
  const [to, end] = [await step(), performance.now()]
  return (1000 * (to - from)) / (end - start)
}

/** The engine alone in an empty page, paused. @param {import('./browser/support.mjs').Site} site */
async function openBare(site) {
  const page = await site.browser.newPage({ serviceWorkers: 'block' })
  await page.goto(`${site.url}engine/engine.js`)
  await page.evaluate(async (address) => {
    const { createEngine } = await import(address)
    const engine = await createEngine()
    await engine.configure({ threads: 1, epochs: 1000 })
    engine.on('progress', (/** @type {any} */ { step }) => (document.title = String(step)))
    Reflect.set(globalThis, 'engine', engine)
  }, `${site.url}engine/engine.js`)
  const ask = (/** @type {string} */ method) => page.evaluate((name) => Reflect.get(globalThis, 'engine')[name](), method)
  return {
    /** Steps a second, for half the time of a measurement. */
    async speed() {
      await ask('train')
      await page.waitForTimeout(300)
      const speed = await speedOf(() => page.title().then(Number), measured / 2)
      await ask('pause')
      return speed
    },
    close: () => page.close(),
  }
}

/**
 * The speed of a training page in relation to that of the engine alone just before and just after, as machines change their
 * speed within seconds.
 * @param {Page} page @param {Awaited<ReturnType<typeof openBare>>} bare
 */
async function shareOfBare(page, bare) {
  const press = () => page.evaluate(() => /** @type {HTMLButtonElement} */ (document.querySelector('rl-topbar .train')).click())
  await press()
  await page.waitForSelector('rl-topbar[data-state=paused]', { state: 'attached' })
  const before = await bare.speed()
  await press()
  await page.waitForTimeout(500)
  const speed = await speedOf(() => stepOf(page))
  await press()
  await page.waitForSelector('rl-topbar[data-state=paused]', { state: 'attached' })
  const after = await bare.speed()
  await press()
  all.bare.push(before, after)
  return (2 * speed) / (before + after)
}

/** @param {import('./browser/support.mjs').Site} site @param {string} [path] */
async function openTraining(site, path = hash) {
  const context = await site.browser.newContext({ viewport: { width: 1440, height: 900 }, serviceWorkers: 'block' })
  const page = await context.newPage()
  await page.goto(site.url + path)
  await page.waitForSelector('body[data-ready]')
  return { context, page }
}

/** @param {Page} page */
async function startTraining(page) {
  await page.getByRole('button', { name: 'Train', exact: true }).click()
  await page.waitForFunction(() => Number.parseInt(document.querySelector('output[aria-label="Step"]')?.textContent ?? '', 10) > 500)
}

/** Scrolls through the page, from top to bottom in the measured time and over again. @param {Page} page */
function scrollThrough(page) {
  return page.evaluate((seconds) => {
    const start = performance.now()
    const timer = setInterval(() => scrollTo(0, (((performance.now() - start) / 1000 / seconds) % 1) * (document.documentElement.scrollHeight - innerHeight)), 500)
    Reflect.set(globalThis, 'stopScrolling', () => clearInterval(timer))
  }, measured)
}

/** Makes the window as high as the page, so that every view is in sight. @param {Page} page */
async function showEverything(page) {
  for (let i = 0; i < 2; i++) {
    const height = await page.evaluate(() => document.documentElement.scrollHeight)
    await page.setViewportSize({ width: 1440, height: Math.min(16_000, height) })
    await page.waitForTimeout(500)
  }
}

/** Clicks, keys and pointer moves over the page; how long each took until its frame, and the tasks that were long. @param {Page} page */
async function feel(page) {
  await page.evaluate((threshold) => {
    const seen = { events: /** @type {number[]} */ ([]), inputs: 0, tasks: /** @type {number[]} */ ([]) }
    Reflect.set(globalThis, 'seen', seen)
    new PerformanceObserver((list) => list.getEntries().forEach(({ duration, name }) => {
      if (['click', 'keydown', 'pointerdown', 'input'].includes(name)) seen.events.push(duration)
    })).observe(/** @type {any} */ ({ type: 'event', durationThreshold: threshold }))
    new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' })
    for (const type of ['click', 'keydown', 'pointerdown', 'input']) addEventListener(type, () => (seen.inputs += 1), { capture: true })
  }, reported)
  const random = page.getByRole('button', { name: 'Random image' })
  const smoothing = page.locator('.chart-tools input[type=range]').first()
  const key = page.locator('.legend-key').first()
  const end = performance.now() + 1000 * measured * 1.5
  for (let i = 0; performance.now() < end; i++) {
    if (i % 3 === 0) await random.click()
    else if (i % 3 === 1) await smoothing.press(i % 2 ? 'ArrowLeft' : 'ArrowRight')
    else await key.click()
    await page.waitForTimeout(60)
  }
  const { events, inputs, tasks } = await page.evaluate(() => Reflect.get(globalThis, 'seen'))
  // What the browser did not report took less than it reports from.
  return { durations: [...events, ...Array(Math.max(0, inputs - events.length)).fill(reported)], tasks: /** @type {number[]} */ (tasks) }
}

/** Tells the page that its tab is hidden, as nothing hides one of a browser without a screen. @param {Page} page */
function hide(page) {
  return page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden' })
    document.dispatchEvent(new Event('visibilitychange'))
  })
}

/** Milliseconds from the request of the page to its first training step: at a first visit, and loaded again. @param {import('./browser/support.mjs').Site} site */
async function firstSteps(site) {
  const { context, close } = await openProfile()
  const page = await context.newPage()
  await page.addInitScript(() => addEventListener('DOMContentLoaded', () => {
    const look = setInterval(() => {
      const step = [...document.querySelectorAll('button')].find((button) => button.textContent === 'Step' && !button.disabled)
      if (Number.parseInt(document.querySelector('output[aria-label="Step"]')?.textContent ?? '', 10) >= 1) {
        clearInterval(look)
        document.body.dataset.firstStep = String(performance.now())
      } else if (document.querySelector('rl-topbar[data-state=ready]')) step?.click()
    }, 5)
  }))
  const times = []
  for (let i = 0; i < 2; i++) {
    if (i === 0) await page.goto(site.url + hash)
    else {
      await page.waitForTimeout(3000)  // until the browser has kept what it keeps
      await page.reload()
    }
    await page.waitForSelector('body[data-first-step]', { timeout: 60_000 })
    times.push(Number(await page.getAttribute('body', 'data-first-step')))
  }
  await close()
  return times
}

const site = await openSite()
/** @type {Record<string, number[]>} */
const all = { bare: [], top: [], scrolled: [], views: [], hidden: [], input: [], tasks: [], longest: [], first: [], reload: [] }
try {
  for (let turn = 1; turn <= turns; turn++) {
    process.stderr.write(`turn ${turn} of ${turns}\n`)
    const [first, again] = await firstSteps(site)
    all.first.push(first)
    all.reload.push(again)
    const bare = await openBare(site)
    const { context, page } = await openTraining(site)
    await startTraining(page)
    all.top.push(await shareOfBare(page, bare))
    await scrollThrough(page)
    all.scrolled.push(await shareOfBare(page, bare))
    await page.evaluate(() => Reflect.get(globalThis, 'stopScrolling')())
    await showEverything(page)
    all.views.push(await shareOfBare(page, bare))
    const { durations, tasks } = await feel(page)
    all.input.push(quantile(durations, 0.95))
    all.tasks.push(tasks.length)
    all.longest.push(Math.max(0, ...tasks))
    await hide(page)
    all.hidden.push(await shareOfBare(page, bare))
    await context.close()
    await bare.close()
  }
} finally {
  await site.close()
}

const share = (/** @type {number[]} */ values) => (values.length > 0 ? `${Math.round(100 * median(values))}%` : '–')
const rows = [
  ['input to paint, 95th percentile, all views in sight', `${Math.round(median(all.input))} ms`, '100 ms'],
  ['tasks over 50 ms meanwhile, on the page’s thread', `${median(all.tasks)} (longest ${Math.round(median(all.longest))} ms)`, 'none'],
  ['training speed of bare, window at the top', share(all.top), '95%'],
  ['training speed of bare, scrolling through all views', share(all.scrolled), '90%'],
  ['training speed of bare, all views in sight', share(all.views), '–'],
  ['training speed of bare, tab hidden', share(all.hidden), '90%'],
  ['first visit to first training step', `${(median(all.first) / 1000).toFixed(2)} s`, '3 s'],
  ['reload to first training step', `${(median(all.reload) / 1000).toFixed(2)} s`, '1 s'],
]
console.log(`The page while it trains on one thread; ${os.cpus()[0].model.trim()}, ${os.cpus().length} cores; ${new Date().toISOString().slice(0, 10)}; medians of ${turns} turns`)
console.log(`Bare: ${Math.round(median(all.bare))} steps/s of 784-512-10, batch 64, by the engine alone in an empty page`)
const widths = [0, 1, 2].map((column) => Math.max(...[['', 'reached', 'goal'], ...rows].map((row) => row[column].length)))
const line = (/** @type {string[]} */ cells) => console.log(`| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`)
line(['', 'reached', 'goal'])
line(widths.map((width, i) => (i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)))
rows.forEach(line)
