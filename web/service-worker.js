// Answers for the page's files: with the headers that threads need, which static hosts do not send, and from what was
// kept when the network does not answer, or answers with something else than the file, as while a new build is being
// uploaded or behind the page of a hotel's network. The network always comes first, so a new build is seen at once.
//
// web/site/site.mjs puts a line before this file: self.build = { version, headers, files }, where files are those that the
// page needs to run: their addresses relative to this one, with their SHA-256. "./" has none, as hosts may add to it.

/** @type {any} typed as a window by the DOM's types, but this is a worker */
const scope = self
/** @type {{version: string, headers: Record<string, string>, files: Record<string, string>}} */
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
  // Not waited for: Firefox holds what pages ask for until this worker is active, and claims pages only when that has come.
  void scope.clients.claim()
}

/** Keeps this build whole, then forgets those before it. What was kept is looked at too: a browser may have damaged it. */
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

/** Whether a response has the content of this SHA-256; '' takes any. @param {Response} response @param {string} sum */
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
    if (response.ok && isExtra(request)) event.waitUntil(keepToo(request, response.clone()))
    return withHeaders(response)
  } catch (error) {
    const kept = await keptFor(request) ?? await caches.match(request, { ignoreSearch: true })
    if (kept) return withHeaders(kept)
    throw error
  }
}

/** From this build. @param {Request} request @returns {Promise<Response | undefined>} */
const keptFor = async (request) => (await caches.open(cacheName)).match(request, { ignoreSearch: true })

/** The sums of this build's files by their addresses. */
const sums = new Map(Object.entries(build.files).map(([file, sum]) => [new URL(file, scope.location.href).href, sum]))

/** Whether the network's answer is neither this build's file nor that of a newer one. @param {Request} request @param {Response} response */
async function isWrong(request, response) {
  const url = request.url.replace(/[?#].*/, '')
  const sum = sums.get(url)
  if (sum === undefined || response.type === 'opaque' || response.status === 0) return false
  if (!response.ok) return response.status !== 304
  // Data sets are large, and the page looks at them itself.
  if (!sum || url.endsWith('.gz') || await holds(response, sum)) return false
  const newer = await newerBuild()
  const other = newer && Object.entries(newer.files).find(([file]) => new URL(file, scope.location.href).href === url)
  return !(other && newer.version !== build.version && await holds(response, other[1]))
}

/** What the server says that its build is now, if it can be read. @returns {Promise<typeof build | undefined>} */
async function newerBuild() {
  try {
    const [line] = (await (await fetch(scope.location.href, { cache: 'no-store' })).text()).split('\n')
    return JSON.parse(line.replace('self.build = ', ''))
  } catch {
    return undefined
  }
}

/** Whether the page asked for something beyond the build's list, such as another data set. @param {Request} request */
const isExtra = ({ url }) => !sums.has(url) && !new URL(url).search

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
