// Helpers for the tests in Chromium: the built site on a free port, a browser with a temporary profile, and pages that
// record all errors in them.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { root } from '../../web/site/data.mjs'
import { serveSite } from '../../web/site/serve.mjs'
import { siteRoot } from '../../web/site/site.mjs'
import { cutSite, makeCutSite } from './cut.mjs'

/** Usual paths of Chromium and Chrome. The environment variable CHROME overrides them. */
const browsers = [
  '/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable',
  '/snap/bin/chromium', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** The browser itself may not use the network. As root it has no sandbox. */
export const flags = [
  '--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic',
]

export function findBrowser() {
  const executablePath = process.env.CHROME || browsers.find((path) => existsSync(path))
  if (!executablePath) throw new Error(`no Chromium or Chrome at ${browsers.join(', ')}`)
  return executablePath
}

/**
 * The built site and a browser: those that tests/run shares between the files, or new ones if the file runs alone or
 * the test needs its own. The caller must close them.
 * @param {object} [options]
 * @param {boolean} [options.alone]
 * @param {boolean} [options.whole] with all of MNIST instead of the subset (cut.mjs)
 */
export async function openSite({ alone = false, whole = false } = {}) {
  if (!existsSync(join(siteRoot, 'index.html'))) throw new Error(`${siteRoot} is missing; build it with web/start --build-only`)
  const { RELUSCOPE_BROWSER: endpoint, RELUSCOPE_PORT: wholePort, RELUSCOPE_CUT_PORT: cutPort } = process.env
  const shared = whole ? wholePort : cutPort
  const own = alone || !endpoint || !shared
  if (own && !whole) makeCutSite()
  const server = own ? await serveSite(whole ? siteRoot : cutSite, 0) : undefined
  const browser = own ? await chromium.launch({ executablePath: findBrowser(), args: flags }) : await chromium.connect(endpoint)
  const port = server?.port ?? Number(shared)
  return {
    url: `http://localhost:${port}/`,
    port,
    browser,
    async close() {
      await browser.close()
      await server?.close()
    },
  }
}

/**
 * A browser with a new profile on disk, like that of a user. The contexts of openSite() keep everything in memory and
 * read it from another process.
 */
export async function openProfile() {
  const folder = mkdtempSync(join(tmpdir(), 'reluscope-profile-'))
  const context = await chromium.launchPersistentContext(folder, { executablePath: findBrowser(), args: flags, viewport: { width: 1440, height: 900 } })
  return {
    context,
    async close() {
      await context.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** @typedef {Awaited<ReturnType<typeof openSite>>} Site */
/** @typedef {import('playwright-core').Page} Page */

/**
 * Limits the page to ten frames a second, because drawing takes most of the time of the tests. tests/run full has no
 * limit.
 */
function slowFrames() {
  const ask = globalThis.requestAnimationFrame.bind(globalThis), withdraw = globalThis.cancelAnimationFrame.bind(globalThis)
  /** @type {Map<number, number>} requested frames, by their timers */
  const asked = new Map()
  globalThis.requestAnimationFrame = (draw) => {
    const timer = window.setTimeout(() => asked.set(timer, ask((time) => {
      asked.delete(timer)
      draw(time)
    })), 100)
    return timer
  }
  globalThis.cancelAnimationFrame = (timer) => {
    clearTimeout(timer)
    withdraw(asked.get(timer) ?? 0)
    asked.delete(timer)
  }
}

/** Shows all settings, in open sections, unless the page has stored a choice. */
function allSettings() {
  if (localStorage.getItem('settings')) return
  localStorage.setItem('settings', '"all"')
  localStorage.setItem('sections', JSON.stringify(Object.fromEntries(['Data', 'Augmentation', 'Model', 'Optimizer', 'Schedule', 'Regularisation', 'Run'].map((name) => [name, true]))))
}

/**
 * Opens the page in a new context and waits until it is ready. Service workers are disabled unless the context options
 * enable them, so that tests do not affect each other.
 * @param {Pick<Site, 'url' | 'browser'>} site
 * @param {object} [options]
 * @param {string} [options.hash] with its #
 * @param {import('playwright-core').BrowserContextOptions} [options.context]
 * @param {(context: import('playwright-core').BrowserContext) => Promise<unknown>} [options.prepare] before the page loads
 * @param {boolean} [options.first] as at a first visit, with the basic settings alone
 */
export async function openPage(site, { hash = '', context: settings = {}, prepare = async () => {}, first = false } = {}) {
  const context = await site.browser.newContext({ viewport: { width: 1440, height: 900 }, serviceWorkers: 'block', ...settings })
  await prepare(context)
  const page = await context.newPage()
  page.setDefaultTimeout(60_000)
  /** @type {string[]} errors and forbidden requests */
  const troubles = []
  page.on('pageerror', (error) => troubles.push(`error: ${error.stack ?? error}`))
  page.on('console', (message) => {
    if (message.text().includes('registration blocked by Playwright')) return
    if (['error', 'warning'].includes(message.type())) troubles.push(`console: ${message.text()}`)
  })
  page.on('requestfailed', (request) => troubles.push(`failed: ${request.url()}`))
  page.on('request', (request) => {
    if (!request.url().startsWith(site.url) && !/^(blob|data):/.test(request.url())) troubles.push(`went out: ${request.url()}`)
  })
  await context.exposeBinding('reportViolation', (_source, text) => void troubles.push(`policy: ${text}`))
  await page.addInitScript(() => addEventListener('securitypolicyviolation', (event) => {
    Reflect.get(globalThis, 'reportViolation')(`${event.violatedDirective} ${event.blockedURI}`)
  }))
  if (process.env.RELUSCOPE_TIER !== 'full') await page.addInitScript(slowFrames)
  if (!first) await page.addInitScript(allSettings)
  await page.goto(site.url + hash)
  await page.waitForSelector('body[data-ready]')
  return { page, troubles, close: () => context.close() }
}

/** The text of an output by its accessible name. @param {Page} page @param {string} name */
export async function output(page, name) {
  return (await page.getByRole('status', { name, exact: true }).textContent()) ?? ''
}

/** The number of steps in the page, also if the screen is too narrow to show it. @param {Page} page */
export async function stepOf(page) {
  return Number.parseInt(await page.locator('output[aria-label="Step"]').textContent() ?? '', 10)
}

/** @param {Page} page @param {string} name of a button */
export function press(page, name) {
  return page.getByRole('button', { name, exact: true }).click()
}

/**
 * Presses a button without scrolling to it, so that a view stays visible.
 * @param {Page} page @param {string} name of a button
 */
export function pressFromAfar(page, name) {
  return page.getByRole('button', { name, exact: true }).dispatchEvent('click')
}

/** The rows that the command line prints for an experiment. @param {string[]} args @returns {any[]} */
export function rowsOf(args) {
  const text = execFileSync('node', [join(root, 'web/node/headless.mjs'), ...args, '--threads', '1', '--jsonl', '-'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return text.trim().split('\n').map((line) => JSON.parse(line))
}

/** The download that a button starts. @param {Page} page @param {string} name */
export async function downloaded(page, name) {
  const waiting = page.waitForEvent('download')
  await press(page, name)
  const file = await waiting
  return { name: file.suggestedFilename(), bytes: await bytesOf(file) }
}

/**
 * The content of a download. The folder of a shared browser is not known here.
 * @param {import('playwright-core').Download} download
 */
export async function bytesOf(download) {
  const folder = mkdtempSync(join(tmpdir(), 'reluscope-download-'))
  await download.saveAs(join(folder, 'file'))
  const bytes = readFileSync(join(folder, 'file'))
  rmSync(folder, { recursive: true })
  return bytes
}

/** The rows of a chart's CSV. @param {Buffer} csv @returns {Record<string, number | null>[]} */
export function csvRows(csv) {
  const [head, ...lines] = csv.toString().trim().split('\n').map((line) => line.match(/("([^"]|"")*"|[^,]*)(,|$)/g)?.map((cell) => cell.replace(/,$/, '').replace(/^"|"$/g, '')) ?? [])
  return lines.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i] === '' ? null : Number(cells[i])])))
}

/** @param {Page} page @param {string} state */
export function waitForState(page, state) {
  return page.waitForSelector(`rl-topbar[data-state="${state}"]`)
}

/** @param {Page} page @param {number} step */
export async function waitForStep(page, step) {
  await page.waitForFunction((least) => {
    const text = document.querySelector('output[aria-label="Step"]')?.textContent ?? ''
    return Number.parseInt(text, 10) >= least
  }, step)
}

/**
 * Trains to at least this step, pauses, and returns the number of steps. The script that presses Pause runs in the
 * page, because a command from the test can take longer than the rest of a short run.
 * @param {Page} page @param {number} step
 */
export async function trainTo(page, step) {
  await page.evaluate((least) => {
    const place = /** @type {HTMLElement} */ (document.querySelector('output[aria-label="Step"]'))
    const train = /** @type {HTMLButtonElement} */ (document.querySelector('rl-topbar .train'))
    const observer = new MutationObserver(() => {
      if (train.textContent !== 'Pause' || Number.parseInt(place.textContent ?? '', 10) < least) return
      observer.disconnect()
      train.click()
    })
    observer.observe(place, { childList: true, characterData: true, subtree: true })
  }, step)
  await press(page, 'Train')
  await waitForStep(page, step)
  await waitForState(page, 'paused')
  return stepOf(page)
}

/** The hash of the weights while the run is paused. @param {Page} page */
export async function weightsHash(page) {
  const place = page.getByRole('status', { name: 'Weights SHA-256' })
  await page.waitForFunction(() => /^[0-9a-f]{64}$/.test(document.querySelector('output.sha')?.textContent ?? ''))
  return (await place.textContent()) ?? ''
}

/** Trains to the end and returns the hash of the weights. @param {Page} page */
export async function trainToTheEnd(page) {
  await press(page, 'Train')
  await waitForState(page, 'finished')
  return weightsHash(page)
}

/**
 * The server's response to a request that a test intercepts. Retries after a reset: the server closes idle connections,
 * sometimes just when one is reused.
 * @param {import('playwright-core').Route} route
 */
export const serverAnswer = (route) => route.fetch({ maxRetries: 3 })

/** The settings in the address of the page. @param {Page} page */
export function addressOf(page) {
  return new URLSearchParams(new URL(page.url()).hash.slice(1))
}

/**
 * Types a value into the box of a setting and moves the focus away.
 * @param {Page} page @param {string} label @param {string} text
 */
export async function setField(page, label, text) {
  const box = page.getByRole('textbox', { name: label, exact: true })
  await box.fill(text)
  await box.press('Enter')
  await box.blur()
}

/**
 * Tries to create code from text in a page or worker. Returns the name of the error if the content security policy
 * forbids it. It runs in a later task, because code that the debugger runs directly is exempt.
 * @param {import('playwright-core').Page | import('playwright-core').Worker} place
 */
export function evalOutcome(place) {
  return place.evaluate(() => new Promise((done) => setTimeout(() => {
    try {
      done(Reflect.construct(Function, ['return 1'])())
    } catch (error) {
      done(error instanceof Error ? error.name : '')
    }
  }, 1)))
}

/**
 * Scrolls to a view and keeps it visible when the cards above it grow, because an invisible view computes nothing.
 * @param {import('playwright-core').Locator} view
 */
export async function keepInSight(view) {
  await view.evaluate((element) => {
    const look = () => {
      const { top, bottom } = element.getBoundingClientRect()
      const middle = (top + bottom) / 2
      if (middle < innerHeight / 4 || middle > 3 * innerHeight / 4) element.scrollIntoView({ block: 'center' })
    }
    look()
    clearInterval(Reflect.get(globalThis, 'looking'))  // of another view
    Reflect.set(globalThis, 'looking', setInterval(look, 100))
  })
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe finds, one line for each element. @param {Page} page */
export async function findings(page) {
  await page.evaluate(axe)
  const results = await page.evaluate(() => Reflect.get(globalThis, 'axe').run())
  return results.violations
    .flatMap((/** @type {any} */ { id, nodes }) => nodes.map((/** @type {any} */ node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`))
}
