// Serves the page's files. It adds the headers that threads need and that static hosts do not send. It answers from the
// cache if the network fails or returns something other than the file, for example during an upload of a new build or
// behind a captive portal. The network always has precedence, so that a new build takes effect at once.
//
// web/site/site.mjs prepends one line to this file: self.build = { version, headers, files }. files maps the address of
// each file that the page needs, relative to this script, to its SHA-256. "./" has none, because hosts may modify it.

/** @type {any} the DOM's types declare self as a window, but this is a worker */
const scope = self
/** @type {{version: string, headers: Record<string, string>, files: Record<string, string>}} */
const build = scope.build
const cacheName = `reluscope ${build.version}`

scope.addEventListener('install', () => scope.skipWaiting())
scope.addEventListener('activate', (/** @type {any} */ event) => {
  // The browser requests the page while this worker is still starting.
  const preloads = Promise.resolve(scope.registration.navigationPreload?.enable())
  // The claim is not awaited: Firefox holds back requests until this worker is active, and claims pages only after those requests.
  event.waitUntil(preloads.then(() => void scope.clients.claim()))
})
scope.addEventListener('message', (/** @type {any} */ event) => {
  if (event.data === 'keep') event.waitUntil(keep())
})
scope.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event
  if (request.method === 'GET' && request.url.startsWith(scope.registration.scope)) event.respondWith(answer(event))
})

/** Caches this whole build, then deletes older ones. Cached files are verified too, because a browser may damage them. */
async function keep() {
  const cache = await caches.open(cacheName)
  for (const [file, sum] of Object.entries(build.files)) {
    const url = new URL(file, scope.registration.scope).href
    const kept = await cache.match(url)
    if (kept && await holds(kept, sum)) continue
    const response = await fetch(url, { cache: 'no-cache' })
    if (!response.ok || !await holds(response, sum)) return
    await cache.put(url, response)
  }
  for (const name of await caches.keys()) {
    if (name.startsWith('reluscope ') && name !== cacheName) await caches.delete(name)
  }
}

/** Whether the body of a response has this SHA-256; '' accepts any body. @param {Response} response @param {string} sum */
async function holds(response, sum) {
  if (!sum) return true
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.clone().arrayBuffer()))
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('') === sum
}

/** @param {any} event */
async function answer(event) {
  const { request } = event
  try {
    const response = await event.preloadResponse ?? await fetch(request)
    const kept = await isWrong(request, response) ? await keptFor(request) : undefined
    if (kept) return withHeaders(kept)
    // Files that are not in the build's list, such as other data sets.
    if (response.ok && !sums.has(request.url) && !new URL(request.url).search) {
      const copy = response.clone()
      event.waitUntil(caches.open(cacheName).then(async (cache) => await cache.match(request) ?? cache.put(request, copy)))
    }
    return withHeaders(response)
  } catch (error) {
    const kept = await keptFor(request) ?? await caches.match(request, { ignoreSearch: true })
    if (kept) return withHeaders(kept)
    throw error
  }
}

/** The cached response of this build. @param {Request} request @returns {Promise<Response | undefined>} */
const keptFor = async (request) => (await caches.open(cacheName)).match(request, { ignoreSearch: true })

/** The SHA-256 of each file of a build, by its address. @param {typeof build} build */
const sumsOf = ({ files }) => new Map(Object.entries(files).map(([file, sum]) => [new URL(file, scope.location.href).href, sum]))
const sums = sumsOf(build)

/**
 * Whether the response of the network is neither the file of this build nor that of a newer build.
 * @param {Request} request @param {Response} response
 */
async function isWrong(request, response) {
  const url = request.url.replace(/[?#].*/, '')
  const sum = sums.get(url)
  if (sum === undefined || response.type === 'opaque' || response.status === 0) return false
  if (!response.ok) return response.status !== 304
  // Data sets are large, and the page verifies them itself.
  if (!sum || url.endsWith('.gz') || await holds(response, sum)) return false
  /** The build that the server has now; undefined if it cannot be read. @type {typeof build | undefined} */
  const newer = await fetch(scope.location.href, { cache: 'no-store' }).then((script) => script.text())
    .then((text) => JSON.parse(text.split('\n')[0].replace('self.build = ', ''))).catch(() => undefined)
  const other = newer && newer.version !== build.version && sumsOf(newer).get(url)
  return !other || !await holds(response, other)
}

/** @param {Response} response */
function withHeaders(response) {
  // Redirects and opaque responses cannot be recreated, and are never files of the page.
  if (response.status === 0 || response.type === 'opaque') return response
  const missing = Object.entries(build.headers).filter(([name, value]) => response.headers.get(name) !== value)
  if (missing.length === 0) return response  // passing it through unchanged is fastest
  const headers = new Headers(response.headers)
  for (const [name, value] of missing) headers.set(name, value)
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}
