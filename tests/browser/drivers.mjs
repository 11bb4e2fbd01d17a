// Drivers of browsers other than Chromium: Firefox with WebDriver BiDi (puppeteer-core), WebKitGTK with WebDriver (its
// driver is a server). Their interface is small: open an address, run a function in the page, reload.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import puppeteer from 'puppeteer-core'
import { openProfile } from './support.mjs'

/**
 * @typedef {object} Visit
 * @property {(url: string) => Promise<unknown>} goto
 * @property {() => Promise<unknown>} reload
 * @property {<T>(work: (...args: any[]) => T, ...args: any[]) => Promise<T>} run a self-contained function in the page
 * @property {() => Promise<unknown>} close
 */

/** @param {string} program */
const path = (program) => spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).stdout.trim()

/** @type {{name: string, missing: string, open: () => Promise<Visit>}[]} missing: the package to install, or '' */
export const browsers = [
  { name: 'Chromium', missing: '', open: openChromium },
  { name: 'Firefox', missing: path('firefox-esr') || path('firefox') ? '' : 'Firefox', open: openFirefox },
  { name: 'WebKitGTK', missing: !path('WebKitWebDriver') ? 'webkit2gtk-driver' : !path('Xvfb') ? 'Xvfb' : '', open: openWebKit },
]

async function openChromium() {
  const { context, close } = await openProfile()
  const page = await context.newPage()
  return {
    goto: (/** @type {string} */ url) => page.goto(url), reload: () => page.reload(), close,
    run: (/** @type {any} */ work, /** @type {any[]} */ ...args) => page.evaluate(callOf(work, args)),
  }
}

async function openFirefox() {
  const profile = mkdtempSync(join(tmpdir(), 'reluscope-firefox-'))
  const browser = await puppeteer.launch({
    browser: 'firefox', executablePath: path('firefox-esr') || path('firefox'), userDataDir: profile, headless: true,
    // The browser itself may not use the network.
    extraPrefsFirefox: { 'app.update.enabled': false, 'browser.safebrowsing.downloads.remote.enabled': false, 'datareporting.healthreport.uploadEnabled': false },
  })
  const page = await browser.newPage()
  return {
    goto: (/** @type {string} */ url) => page.goto(url), reload: () => page.reload(),
    run: (/** @type {any} */ work, /** @type {any[]} */ ...args) => page.evaluate(callOf(work, args)),
    async close() {
      await browser.close()
      rmSync(profile, { recursive: true, force: true })
    },
  }
}

/** A call as source text for any browser. @param {(...args: any[]) => any} work @param {any[]} args */
const callOf = (work, args) => `(${work})(${args.map((arg) => JSON.stringify(arg)).join(', ')})`

/** A display number that no X server uses. */
const freeDisplay = () => Array.from({ length: 100 }, (_, k) => 90 + k).find((number) => !existsSync(`/tmp/.X11-unix/X${number}`) && !existsSync(`/tmp/.X${number}-lock`)) ?? 99

async function openWebKit() {
  const home = mkdtempSync(join(tmpdir(), 'reluscope-webkit-'))
  const display = `:${freeDisplay()}`
  const screen = spawn('Xvfb', [display, '-screen', '0', '1440x900x24', '-nolisten', 'tcp'], { stdio: 'ignore' })
  const port = 20_000 + (process.pid % 20_000)
  const driver = spawn('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
    stdio: 'ignore',
    env: {
      ...process.env, DISPLAY: display, HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home, LIBGL_ALWAYS_SOFTWARE: '1', LANG: 'en_US.UTF-8',
      WEBKIT_DISABLE_DMABUF_RENDERER: '1', JSC_useSharedArrayBuffer: '1', GDK_BACKEND: 'x11',
    },
  })
  const close = () => {
    driver.kill()
    screen.kill()
    rmSync(home, { recursive: true, force: true })
  }
  /** @param {string} method @param {string} where @param {object} [body] @returns {Promise<any>} */
  const ask = async (method, where, body) => {
    const response = await fetch(`http://127.0.0.1:${port}${where}`, { method, body: body && JSON.stringify(body) })
    const { value } = /** @type {any} */ (await response.json())
    if (!response.ok) throw new Error(`${where}: ${value.error}: ${value.message}`)
    return value
  }
  try {
    for (let k = 0; ; k += 1) {
      const ready = await ask('GET', '/status').then(({ ready }) => ready, () => false)
      if (ready) break
      if (k === 100) throw new Error('WebKitWebDriver does not answer')
      await new Promise((done) => setTimeout(done, 100))
    }
    const { sessionId } = await ask('POST', '/session', { capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': {
      binary: ['/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser', '/usr/lib/x86_64-linux-gnu/webkit2gtk-4.0/MiniBrowser', '/usr/lib/aarch64-linux-gnu/webkit2gtk-4.0/MiniBrowser'].find((file) => existsSync(file)),
      args: ['--automation'],
    } } } })
    const of = `/session/${sessionId}`
    await ask('POST', `${of}/timeouts`, { script: 60_000, pageLoad: 120_000 })
    return {
      goto: (/** @type {string} */ url) => ask('POST', `${of}/url`, { url }),
      reload: () => ask('POST', `${of}/refresh`, {}),
      run: (/** @type {any} */ work, /** @type {any[]} */ ...args) => ask('POST', `${of}/execute/sync`, { script: `return ${callOf(work, args)}`, args: [] }),
      async close() {
        await ask('DELETE', of).catch(() => {})
        close()
      },
    }
  } catch (error) {
    close()
    throw error
  }
}
