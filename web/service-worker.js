// Answers for the page's files: with the headers that threads need, which static hosts do not send, and from what was
// kept when the network does not answer. The network always comes first, so a new build is seen at once.
//
// web/site.mjs puts a line before this file: self.build = { version, headers, files }, where files are those that the
// page needs to run, with their addresses relative to this one.

/** @type {any} typed as a window by the DOM's types, but this is a worker */
const scope = self
/** @type {{version: string, headers: Record<string, string>, files: string[]}} */
const build = scope.build
const cacheName = `reluscope ${build.version}`

scope.addEventListener('install', () => scope.skipWaiting())
scope.addEventListener('activate', (/** @type {any} */ event) => event.waitUntil(activate()))
scope.addEventListener('message', (/** @type {any} */ event) => {
  if (event.data === 'keep') event.waitUntil(keep())
})
scope.addEventListener('fetch', (/** @type {any} */ event) => {
  const { request } = event
  if (request.method === 'GET' && request.url.startsWith(scope.registration.scope)) event.respondWith(answer(event))
})

async function activate() {
  // The page is asked for while this worker is still being started.
  await scope.registration.navigationPreload?.enable()
  await scope.clients.claim()
}

/** Keeps this build whole, then forgets those before it. */
async function keep() {
  const cache = await caches.open(cacheName)
  for (const file of build.files) {
    const url = new URL(file, scope.registration.scope).href
    if (await cache.match(url)) continue
    const response = await fetch(url, { cache: 'no-cache' })
    if (!response.ok) return
    await cache.put(url, response)
  }
  for (const name of await caches.keys()) {
    if (name.startsWith('reluscope ') && name !== cacheName) await caches.delete(name)
  }
}

/** @param {any} event */
async function answer(event) {
  const { request } = event
  try {
    const response = await event.preloadResponse ?? await fetch(request)
    if (response.ok && isExtra(request)) event.waitUntil(keepToo(request, response.clone()))
    return withHeaders(response)
  } catch (error) {
    const kept = await (await caches.open(cacheName)).match(request, { ignoreSearch: true }) ?? await caches.match(request, { ignoreSearch: true })
    if (kept) return withHeaders(kept)
    throw error
  }
}

const listed = new Set(build.files.map((file) => new URL(file, scope.location.href).href))

/** Whether the page asked for something beyond the build's list, such as another data set. @param {Request} request */
const isExtra = ({ url }) => !listed.has(url) && !new URL(url).search

/** @param {Request} request @param {Response} response */
async function keepToo(request, response) {
  const cache = await caches.open(cacheName)
  if (!await cache.match(request)) await cache.put(request, response)
}

/** @param {Response} response */
function withHeaders(response) {
  // Redirects and the like cannot be made anew, and are none of the page's files.
  if (response.status === 0 || response.type === 'opaque') return response
  const missing = Object.entries(build.headers).filter(([name, value]) => response.headers.get(name) !== value)
  if (missing.length === 0) return response  // as it is it goes through quickest
  const headers = new Headers(response.headers)
  for (const [name, value] of missing) headers.set(name, value)
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers })
}
