// Threads in the page: the same bits on hosts that isolate the page, on hosts that do not, and where isolation is
// impossible. Also tests that a paused page uses no processor time, and offline use.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { existsSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { extname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fullOnly, headless, slow, trainJson } from '../node/support.mjs'
import { siteRoot } from '../../web/site/site.mjs'
import { evalOutcome, openPage, openSite, press, serverAnswer, trainToTheEnd, waitForState, waitForStep } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite({ whole: true })
})
after(() => site?.close())

const cores = Math.min(cpus().length, 16)
/** The number of threads that a page uses by default. */
const automatic = cores > 2 ? cores - 1 : cores
const alone = cores > 1 ? false : 'this machine has one core'

const short = ['--model', 'dense 256 | relu | dense 10', '--epochs', '1', '--batch', '256']
const shortHash = '#model=dense+256+|+relu+|+dense+10&epochs=1&batch=256'
/** @type {string | undefined} */
let nodeHash
/** The hash of the run in Node on one thread. */
const expected = () => (nodeHash ??= trainJson(headless, [...short, '--threads', '1']).hash)

/** @param {import('playwright-core').Page} page */
const where = async (page) => (await page.locator('.where').textContent() ?? '').trim()
/** @param {import('playwright-core').Page} page */
const isolated = (page) => page.evaluate(() => crossOriginIsolated)

/**
 * The build that the first line of the service worker defines.
 * @type {{version: string, files: Record<string, string>}}
 */
const build = JSON.parse(readFileSync(join(siteRoot, 'service-worker.js'), 'utf8').split('\n')[0].replace('self.build = ', ''))

/** A host that sends files without the page's headers, like most static hosts. */
async function plainHost() {
  /** @type {Record<string, string>} */
  const types = {
    '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.mjs': 'text/javascript', '.json': 'application/json',
    '.svg': 'image/svg+xml', '.wasm': 'application/wasm',
  }
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://host').pathname
    const file = join(siteRoot, path.endsWith('/') ? `${path}index.html` : path)
    if (!existsSync(file)) return void response.writeHead(404).end()
    response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream' }).end(readFileSync(file))
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', () => done(undefined)))
  const address = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `http://localhost:${address.port}/`,
    close: () => new Promise((done) => {
      server.close(done)
      server.closeAllConnections()
    }),
  }
}

test('an isolated page trains on all cores but one, or on both, and gives the bits of one thread', { skip: alone }, async () => {
  const { page, troubles, close } = await openPage(site, { hash: shortHash })
  assert.ok(await isolated(page))
  assert.match(await where(page), new RegExp(`^simd128 SIMD · ${automatic} threads$`))
  assert.equal(await trainToTheEnd(page), expected())
  assert.ok(!page.url().includes('threads'), 'what the machine has is no part of the address')
  assert.deepEqual(troubles, [])
  await close()
})

test('the number of threads is a setting; sparse and dense and any number give one hash', { skip: fullOnly }, async () => {
  for (const settings of ['&threads=1', '&threads=2&input=dense', `&threads=${cores}&input=sparse`]) {
    const { page, troubles, close } = await openPage(site, { hash: shortHash + settings })
    const wanted = Number(/threads=(\d+)/.exec(settings)?.[1])
    assert.match(await where(page), new RegExp(`· ${Math.min(wanted, cores)} thread`))
    assert.equal(await trainToTheEnd(page), expected(), settings)
    await press(page, 'Reset')
    await waitForState(page, 'ready')
    assert.match(await where(page), new RegExp(`· ${Math.min(wanted, cores)} thread`), 'the next run has as many')
    assert.deepEqual(troubles, [])
    await close()
  }
})

test('three and four threads give the bits of one', { skip: fullOnly }, async () => {
  // The worker is told that there are four cores. With fewer, the threads share them.
  const told = "Object.defineProperty(navigator, 'hardwareConcurrency', { value: 4 })\n"
  for (const threads of [3, 4]) {
    const { page, troubles, close } = await openPage(site, {
      hash: `${shortHash}&threads=${threads}`,
      prepare: (context) => context.route('**/engine/worker/worker.js', async (route) => {
        const response = await serverAnswer(route)
        await route.fulfill({ response, body: told + (await response.text()) })
      }),
    })
    assert.match(await where(page), new RegExp(`· ${threads} threads$`))
    assert.equal(await trainToTheEnd(page), expected(), `${threads} threads`)
    assert.deepEqual(troubles, [])
    await close()
  }
})

test('many runs in succession do not run out of threads', { skip: alone }, async () => {
  const { page, troubles, close } = await openPage(site, { hash: shortHash })
  const threads = await page.evaluate(async (address) => {
    const { createEngine } = await import(address)
    const engine = await createEngine()
    const seen = new Set()
    for (let i = 0; i < 30; i++) {
      seen.add((await engine.configure({ model: 'dense 40 | relu | dense 10', seed: i })).threads)
      for (let step = 0; step < 3; step++) await engine.step()
    }
    engine.close()
    return [...seen]
  }, `${site.url}engine/engine.js`)
  assert.deepEqual(threads, [automatic])
  assert.deepEqual(troubles, [])
  await close()
})

test('on a host without the headers the service worker isolates the page, after one reload', { skip: alone }, async () => {
  const host = await plainHost()
  const { page, troubles, close } = await openPage({ ...site, url: host.url }, { hash: shortHash, context: { serviceWorkers: 'allow' } })
  // The page that was loaded first has been reloaded before it was ready.
  assert.ok(await isolated(page))
  assert.match(await where(page), new RegExp(`· ${automatic} threads$`))
  assert.equal(await page.evaluate(() => performance.getEntriesByType('navigation').map((entry) => Reflect.get(entry, 'type')).join()), 'reload')
  assert.ok(page.url().endsWith(shortHash), 'the address is as it was')
  assert.equal(await trainToTheEnd(page), expected())
  // The content security policy is in effect in page and worker.
  assert.equal(await evalOutcome(page.workers()[0]), 'EvalError')
  assert.deepEqual(troubles, [])
  await close()
  await host.close()
})

test('if the page cannot be isolated, it trains on one thread and reports why', async () => {
  const host = await plainHost()
  const { page, troubles, close } = await openPage({ ...site, url: host.url }, { hash: shortHash })
  assert.equal(await isolated(page), false)
  if (cores > 1) {
    assert.match(await where(page), /· 1 thread \(page not isolated\)$/)
    assert.match(await page.locator('.where').getAttribute('title') ?? '', /not cross-origin isolated, so/)
  }
  assert.equal(await trainToTheEnd(page), expected())
  assert.deepEqual(troubles, [])
  await close()
  await host.close()
})

for (const kind of ['our server', 'a plain host']) {
  test(`loaded once from ${kind}, the page loads and trains offline, with threads`, { skip: kind === 'our server' && fullOnly }, async () => {
    const host = kind === 'our server' ? undefined : await plainHost()
    const { page, close } = await openPage({ ...site, url: host?.url ?? site.url }, { hash: shortHash, context: { serviceWorkers: 'allow' } })
    await page.evaluate(async ({ version, files }) => {
      for (;;) {
        const cache = await caches.open(`reluscope ${version}`)
        const kept = await Promise.all(Object.keys(files).map((file) => cache.match(new URL(file, document.baseURI))))
        if (kept.every(Boolean)) return
        await new Promise((done) => setTimeout(done, 50))
      }
    }, build)
    await page.context().setOffline(true)
    await host?.close()
    await page.reload()
    await page.waitForSelector('body[data-ready]')
    assert.ok(await isolated(page))
    assert.match(await where(page), new RegExp(`· ${automatic} thread`))
    assert.equal(await trainToTheEnd(page), expected())
    await close()
  })
}

test('a paused page and its threads use no processor time', { skip: slow }, async (t) => {
  // A separate browser, so that no other page counts.
  const own = await openSite({ alone: true, whole: true })
  const { page, close } = await openPage(own, { hash: '#epochs=1000' })
  const session = await own.browser.newBrowserCDPSession()
  /** Processor time of the page and its workers in seconds. */
  const used = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo')
    return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0)
  }
  const idle = await used()
  await press(page, 'Train')
  await waitForStep(page, 100)
  await press(page, 'Pause')
  await waitForState(page, 'paused')
  await page.waitForTimeout(1000)
  const before = await used()
  assert.ok(before > idle, 'training is seen')
  await page.waitForTimeout(2000)
  const after = await used()
  t.diagnostic(`${(after - before).toFixed(3)} s of processor time in 2 s of pause`)
  assert.ok(after - before <= 0.2, `${after - before} s of processor time in 2 s of pause`)
  await close()
  await own.close()
})
