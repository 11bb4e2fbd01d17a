// Serves build/site to this machine only, with the headers that threads and a strict content security policy need. Run
// it as a program (--port N, --dir FOLDER), or import serveSite().
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import send from 'send'
import { ifProgram } from './data.mjs'
import { headers, siteRoot } from './site.mjs'
/** @import { ServerResponse } from 'node:http' */

/**
 * Creates a server for a folder; it does not listen yet. Files are read on request, so that a rebuilt site is served at
 * once. Browsers cache files and revalidate them by ETag. Only regular files are served: no symbolic links, no names that
 * start with a dot, nothing that could block a reader.
 * @param {string} folder
 */
function createSiteServer(folder) {
  return createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    answer(folder, request, response).catch((error) => refuse(response, 500, error.code ?? 'Error'))
  })
}

/** @param {string} folder @param {import('node:http').IncomingMessage} request @param {ServerResponse} response */
async function answer(folder, request, response) {
  if (!isThisMachine(request.headers.host)) {
    return refuse(response, 403, `Host '${request.headers.host ?? ''}' is not served; use localhost or an IP address`)
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD')
    return refuse(response, 405, `Method ${request.method} is not allowed; use GET or HEAD`)
  }
  const path = await fileFor(folder, request.url ?? '')
  if (path === undefined) return refuse(response, 404, 'Not found')
  response.setHeader('Cache-Control', 'no-cache')
  // send() reports files that have vanished or become unreadable since fileFor(), and ranges outside the file.
  send(request, path, { root: folder, cacheControl: false, dotfiles: 'deny' })
    // send() closes the file when the response ends. A response that is queued behind another one on its connection
    // never ends if the client disconnects.
    .on('stream', (stream) => {
      if (request.socket.destroyed) stream.destroy()
      else request.once('close', () => stream.destroy())
    })
    .on('error', (error) => {
      // The headers of the file do not apply to an error, and its length would be wrong.
      for (const name of ['Content-Length', 'Content-Range', 'ETag', 'Last-Modified', 'Cache-Control']) response.removeHeader(name)
      for (const [name, value] of Object.entries(error.headers ?? {})) response.setHeader(name, value)
      refuse(response, error.status ?? 500, error.status === 404 ? 'Not found' : error.message)
    })
    .pipe(response)
}

/**
 * Whether a Host header names this machine without DNS. Otherwise a page of another site could read from this server
 * under its own name (DNS rebinding).
 * @param {string | undefined} host with or without a port
 */
function isThisMachine(host = '') {
  const name = host.replace(/:\d+$/, '').toLowerCase()
  return name === 'localhost' || isIP(name.replace(/^\[(.*)\]$/, '$1')) > 0
}

/**
 * The path of a regular file for send(), relative to the folder; undefined if there is no such file.
 * @param {string} folder
 * @param {string} url of the request
 */
async function fileFor(folder, url) {
  const address = url.replace(/[?#].*$/s, '')
  let names
  try {
    names = decodeURIComponent(address).split('/')
  } catch {
    return undefined
  }
  if (names.shift() !== '') return undefined
  if (names.at(-1) === '') names[names.length - 1] = 'index.html'
  // This includes '' and '..'. On Windows a name with \ or : could contain several parts or name a device.
  if (names.some((name) => name === '' || name.startsWith('.') || /[\0\\:]/.test(name))) return undefined
  let at = folder
  for (const [k, name] of names.entries()) {
    at = join(at, name)
    const found = await lstat(at).catch(() => undefined)
    if (!(k + 1 < names.length ? found?.isDirectory() : found?.isFile())) return undefined
  }
  return names.map(encodeURIComponent).join('/')
}

/** @param {ServerResponse} response @param {number} status @param {string} words */
function refuse(response, status, words) {
  if (response.headersSent) return void response.destroy()
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${words}\n`)
}

/**
 * Listens on both loopback addresses, on the first free port from `port` on. A browser may resolve localhost to either
 * address, so a port must be free on both.
 * @param {string} folder @param {number} port 0: any free one
 */
export async function serveSite(folder, port) {
  for (let tried = port; tried <= 65535; tried += 1) {
    const [v4, v6] = [createSiteServer(folder), createSiteServer(folder)]
    try {
      await once(v4.listen(tried, '127.0.0.1'), 'listening')
      const taken = /** @type {import('node:net').AddressInfo} */ (v4.address()).port
      const servers = [v4]
      try {
        await once(v6.listen(taken, '::1'), 'listening')
        servers.push(v6)
      } catch (/** @type {any} */ error) {
        // A machine without IPv6 gives another error, which is ignored.
        if (error.code === 'EADDRINUSE') throw error
      }
      const close = () => Promise.all(servers.map((server) => new Promise((done) => {
        server.close(done)
        server.closeAllConnections?.()
      })))
      return { port: taken, close }
    } catch (/** @type {any} */ error) {
      v4.close()
      if (error.code === 'EACCES') throw new Error(`port ${tried} needs root; choose one from 1024 on with --port`)
      if (error.code !== 'EADDRINUSE') throw error
      if (tried === 0) tried = -1
      else console.log(`      port ${tried} is in use`)
    }
  }
  throw new Error(`no port from ${port} to 65535 is free`)
}

await ifProgram(import.meta.url, async () => {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' }, dir: { type: 'string' } } })
  const folder = resolve(values.dir ?? siteRoot)
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Error(`--port must be a number from 0 to 65535, not '${values.port}'`)
  if (!existsSync(join(folder, 'index.html'))) throw new Error(`${folder} has no index.html; build it with web/start --build-only`)
  const site = await serveSite(folder, port)
  console.log(`\n      http://localhost:${site.port}/\n`)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      console.log('\n      stopped')
      site.close().then(() => process.exit(0))
    })
  }
})
