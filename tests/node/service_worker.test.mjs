// The service worker with simulated caches and a simulated network: what it caches, deletes and answers.
import assert from 'node:assert/strict'
import { createHash, webcrypto } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import vm from 'node:vm'
import { root } from './support.mjs'

const source = readFileSync(join(root, 'web/service-worker.js'), 'utf8')
const site = 'https://example.org/lab/'
const headers = { 'X-One': '1', 'X-Two': '2' }

/** @typedef {{url: string, method: string}} Asked */

/** @param {string} text */
const sumOf = (text) => createHash('sha256').update(text).digest('hex')

/**
 * A service worker of build "now" with the given caches and network.
 * @param {{kept?: Record<string, Record<string, string>>, claim?: () => Promise<void>, network?: (url: string) => Response}} [options] kept: the texts in each cache, by path
 */
function start({ kept = {}, claim = async () => {}, network = (url) => new Response(`net ${url.slice(site.length)}`) } = {}) {
  /** @type {Map<string, Map<string, Response>>} */
  const stores = new Map(Object.entries(kept).map(([name, texts]) => [name, new Map(Object.entries(texts).map(([path, text]) => [site + path, new Response(text)]))]))
  const urlOf = (/** @type {string | Asked} */ asked, ignoreSearch = false) => {
    const url = typeof asked === 'string' ? asked : asked.url
    return ignoreSearch ? url.replace(/\?.*/, '') : url
  }
  const find = (/** @type {Map<string, Response>} */ store, /** @type {string | Asked} */ asked, /** @type {any} */ { ignoreSearch } = {}) => store.get(urlOf(asked, ignoreSearch))?.clone()
  const caches = {
    open: async (/** @type {string} */ name) => {
      const store = stores.get(name) ?? new Map()
      stores.set(name, store)
      return {
        match: async (/** @type {string | Asked} */ asked, /** @type {any} */ options) => find(store, asked, options),
        put: async (/** @type {string | Asked} */ asked, /** @type {Response} */ response) => void store.set(urlOf(asked), response),
      }
    },
    keys: async () => [...stores.keys()],
    delete: async (/** @type {string} */ name) => stores.delete(name),
    match: async (/** @type {string | Asked} */ asked, /** @type {any} */ options) => [...stores.values()].map((store) => find(store, asked, options)).find(Boolean),
  }
  /** @type {string[]} */
  const fetched = []
  const fetch = async (/** @type {string | Asked} */ asked) => {
    fetched.push(urlOf(asked).slice(site.length))
    return network(urlOf(asked))
  }
  /** @type {Record<string, (event: any) => void>} */
  const listeners = {}
  let [skipped, claimed, preloads] = [0, 0, 0]
  const self = {
    build: { version: 'now', headers, files: { './': '', 'app.js': sumOf('net app.js'), 'lab/a.js': sumOf('net lab/a.js') } },
    location: { href: `${site}service-worker.js` },
    registration: { scope: site, navigationPreload: { enable: async () => void (preloads += 1) } },
    clients: { claim: () => {
      claimed += 1
      return claim()
    } },
    skipWaiting: () => void (skipped += 1),
    addEventListener: (/** @type {string} */ type, /** @type {(event: any) => void} */ listener) => (listeners[type] = listener),
  }
  vm.runInNewContext(source, { self, caches, fetch, URL, Response, Headers, crypto: webcrypto, Uint8Array })
  /** @param {string} type @param {object} event @returns {Promise<Response | undefined>} the response */
  async function send(type, event) {
    /** @type {Promise<unknown>[]} */
    const waits = []
    /** @type {Promise<Response> | undefined} */
    let answer
    listeners[type]({ ...event, waitUntil: (/** @type {Promise<unknown>} */ work) => waits.push(work), respondWith: (/** @type {Promise<Response>} */ response) => (answer = response) })
    const response = await answer
    await Promise.all(waits)
    return response
  }
  return {
    send, fetched,
    ask: (/** @type {string} */ url, /** @type {object} */ event = {}) => send('fetch', { request: { url, method: 'GET' }, ...event }),
    names: () => [...stores.keys()],
    texts: async (/** @type {string} */ name) => Object.fromEntries(await Promise.all([...stores.get(name) ?? []].map(async ([url, response]) => [url.slice(site.length), await response.clone().text()]))),
    get counts() {
      return { skipped, claimed, preloads }
    },
  }
}

/** @param {Response | undefined} response */
const headersOf = (response) => ['X-One', 'X-Two'].map((name) => response?.headers.get(name) ?? null)

test('it takes over at once', async () => {
  const worker = start()
  await worker.send('install', {})
  assert.deepEqual(worker.counts, { skipped: 1, claimed: 0, preloads: 0 })
  await worker.send('activate', {})
  assert.deepEqual(worker.counts, { skipped: 1, claimed: 1, preloads: 1 })
  assert.deepEqual(worker.names(), [])
})

test('it is active before it claims pages, as Firefox requires', async () => {
  const worker = start({ claim: () => new Promise(() => {}) })
  await worker.send('activate', {})
  assert.equal(worker.counts.claimed, 1)
})

test('on request it caches its whole build, and only then deletes older ones', async () => {
  const kept = { 'reluscope before': { 'app.js': 'old' }, 'reluscope now': { 'app.js': 'net app.js' }, 'somebody else': { x: 'y' }, 'reluscope': { x: 'y' } }
  const worker = start({ kept })
  await worker.send('message', { data: 'something else' })
  assert.deepEqual([worker.fetched, worker.names()], [[], ['reluscope before', 'reluscope now', 'somebody else', 'reluscope']])
  await worker.send('message', { data: 'keep' })
  assert.deepEqual(worker.fetched, ['', 'lab/a.js'], 'what is there is not fetched again')
  assert.deepEqual(await worker.texts('reluscope now'), { 'app.js': 'net app.js', '': 'net ', 'lab/a.js': 'net lab/a.js' })
  assert.deepEqual(worker.names(), ['reluscope now', 'somebody else', 'reluscope'])

  for (const answer of [new Response('net lab/a.js', { status: 404 }), new Response(''), new Response('a page of somebody else')]) {
    const broken = start({ kept, network: (url) => (url.endsWith('a.js') ? answer.clone() : new Response(`net ${url.slice(site.length)}`)) })
    await broken.send('message', { data: 'keep' })
    assert.deepEqual(await broken.texts('reluscope now'), { 'app.js': 'net app.js', '': 'net ' })
    assert.deepEqual(broken.names(), ['reluscope before', 'reluscope now', 'somebody else', 'reluscope'])
  }
})

test('damaged files in the cache are fetched again', async () => {
  const worker = start({ kept: { 'reluscope now': { '': 'net ', 'app.js': 'net app.j', 'lab/a.js': 'net lab/a.js' } } })
  await worker.send('message', { data: 'keep' })
  assert.deepEqual(worker.fetched, ['app.js'])
  assert.deepEqual(await worker.texts('reluscope now'), { '': 'net ', 'app.js': 'net app.js', 'lab/a.js': 'net lab/a.js' })
})

test('a response that is not the file is replaced from the cache, unless a newer build has it', async () => {
  const kept = { 'reluscope now': { '': 'the page', 'app.js': 'net app.js' } }
  for (const network of [() => new Response(''), () => new Response('an error', { status: 500 }), () => new Response('log in', { status: 200 })]) {
    const response = await start({ kept, network }).ask(`${site}app.js?x=1`)
    assert.deepEqual([await response?.text(), ...headersOf(response)], ['net app.js', '1', '2'])
  }
  assert.equal(await (await start({ kept, network: () => new Response('gone', { status: 404 }) }).ask(site))?.text(), 'the page')
  assert.equal(await (await start({ network: () => new Response('') }).ask(`${site}app.js`))?.text(), '', 'nothing is kept')

  /** @param {string} version @param {string} sum */
  const newer = (version, sum) => (/** @type {string} */ url) => new Response(url.endsWith('service-worker.js')
    ? `self.build = ${JSON.stringify({ version, headers, files: { 'app.js': sum } })}\nmore` : 'newer')
  assert.equal(await (await start({ kept, network: newer('next', sumOf('newer')) }).ask(`${site}app.js`))?.text(), 'newer')
  assert.equal(await (await start({ kept, network: newer('next', sumOf('other')) }).ask(`${site}app.js`))?.text(), 'net app.js')
})

test('the network has precedence, and missing headers are added', async () => {
  const worker = start({ kept: { 'reluscope now': { 'app.js': 'kept' } }, network: () => new Response('net app.js', { status: 203, statusText: 'so', headers: { 'X-Two': 'other', 'X-Three': '3' } }) })
  const response = await worker.ask(`${site}app.js`)
  assert.equal(await response?.text(), 'net app.js')
  assert.deepEqual([response?.status, response?.statusText, ...headersOf(response), response?.headers.get('X-Three')], [203, 'so', '1', '2', '3'])
  const complete = new Response('net app.js', { headers })
  assert.equal(await start({ network: () => complete }).ask(`${site}app.js`), complete)
  const failed = Response.error()
  assert.equal(await start({ network: () => failed }).ask(`${site}app.js`), failed)
})

test('a preloaded response is not fetched again', async () => {
  const worker = start()
  const response = await worker.ask(`${site}app.js`, { preloadResponse: Promise.resolve(new Response('net app.js', { status: 203 })) })
  assert.deepEqual([await response?.text(), response?.status], ['net app.js', 203])
  assert.deepEqual(worker.fetched, [])
})

test('files outside its list are cached on request, once, and only without a query', async () => {
  const worker = start({ kept: { 'reluscope now': { 'data/b.gz': 'before' } } })
  for (const path of ['', 'app.js', 'data/a.gz', 'data/b.gz', 'data/c.gz?x=1']) assert.equal(await (await worker.ask(site + path))?.text(), `net ${path}`)
  assert.deepEqual(await worker.texts('reluscope now'), { 'data/b.gz': 'before', 'data/a.gz': 'net data/a.gz' })
  const broken = start({ network: () => new Response('none', { status: 404 }) })
  assert.equal((await broken.ask(`${site}data/a.gz`))?.status, 404)
  assert.deepEqual(await broken.texts('reluscope now'), {})
})

test('offline it answers from the cache, its own build first, and ignores the query', async () => {
  const none = () => {
    throw new TypeError('no network')
  }
  const worker = start({ kept: { 'reluscope before': { 'app.js': 'old', 'old.js': 'older' }, 'reluscope now': { 'app.js': 'new' } }, network: none })
  for (const [path, text] of [['app.js', 'new'], ['app.js?v=2', 'new'], ['old.js', 'older'], ['old.js?v=2', 'older']]) {
    const response = await worker.ask(site + path)
    assert.deepEqual([await response?.text(), ...headersOf(response)], [text, '1', '2'])
  }
  await assert.rejects(worker.ask(`${site}none.js`), /no network/)
})

test('it ignores other sites and methods other than GET', async () => {
  const worker = start()
  assert.equal(await worker.ask('https://example.org/other/app.js'), undefined)
  assert.equal(await worker.send('fetch', { request: { url: `${site}app.js`, method: 'POST' } }), undefined)
  assert.deepEqual(worker.fetched, [])
})
