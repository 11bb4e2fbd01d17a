// Serves build/site on this machine only, with the headers that threads and a strict content policy need.
// A program (--port N, --dir FOLDER); tests import createSiteServer.
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { pathToFileURL } from 'node:url'
import sirv from 'sirv'
import { headers } from './headers.mjs'
import { siteRoot } from './site.mjs'

/**
 * A server for a folder, not yet listening. Files are read when they are asked for, so that a site built anew
 * is served at once; browsers keep them and ask by ETag whether they changed.
 * @param {string} folder
 */
export function createSiteServer(folder) {
  const files = sirv(folder, { dev: true, etag: true, extensions: ['html'] })
  return createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { Allow: 'GET, HEAD' }).end()
      return
    }
    sendAsStored(response)
    files(request, response, () => {
      response.writeHead(404, { 'Content-Type': 'text/plain; charset=utf-8' }).end('Not found\n')
    })
  })
}

/**
 * sirv takes name.gz for the encoded form of name, which browsers would unpack unasked. The page unpacks data
 * itself, as it must on other hosts, so this sends .gz files as the plain bytes that they are.
 * @param {import('node:http').ServerResponse} response
 */
function sendAsStored(response) {
  const writeHead = response.writeHead.bind(response)
  response.writeHead = (/** @type {any[]} */ ...parts) => {
    const fields = parts[parts.length - 1]
    if (fields?.['Content-Encoding']) {
      delete fields['Content-Encoding']
      fields['Content-Type'] = 'application/gzip'
    }
    // @ts-expect-error the overloads of writeHead do not take a spread
    return writeHead(...parts)
  }
}

/**
 * @param {import('node:http').Server} server
 * @param {number} port
 * @param {string} host
 * @returns {Promise<number>} the port that it listens on
 */
function listen(server, port, host) {
  return new Promise((done, failed) => {
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      const address = server.address()
      done(typeof address === 'object' && address ? address.port : port)
    })
  })
}

/**
 * Listens on this machine's loopback addresses, on the first port from `port` on that nobody else has. A browser may
 * take localhost for either address, so a port counts as free only when it is on both.
 * @param {string} folder
 * @param {number} port 0 for any free one
 */
export async function serveSite(folder, port) {
  for (let tried = port; tried <= 65535; tried += 1) {
    const [v4, v6] = [createSiteServer(folder), createSiteServer(folder)]
    try {
      const taken = await listen(v4, tried, '127.0.0.1')
      /** @type {import('node:http').Server[]} */
      const servers = [v4]
      try {
        await listen(v6, taken, '::1')
        servers.push(v6)
      } catch (error) {
        // A machine without IPv6 answers otherwise; only a port in use matters.
        if (errorCode(error) === 'EADDRINUSE') throw error
      }
      return { port: taken, close: () => Promise.all(servers.map((server) => closeServer(server))) }
    } catch (error) {
      v4.close()
      if (errorCode(error) === 'EACCES') throw new Error(`port ${tried} needs root; choose one from 1024 on with --port`)
      if (errorCode(error) !== 'EADDRINUSE') throw error
      if (tried === 0) tried = -1
      else console.log(`      port ${tried} is in use`)
    }
  }
  throw new Error(`no port from ${port} to 65535 is free`)
}

/** @param {unknown} error */
function errorCode(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

/** @param {import('node:http').Server} server */
function closeServer(server) {
  return new Promise((done) => {
    server.close(done)
    server.closeAllConnections?.()
  })
}

async function main() {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' }, dir: { type: 'string' } } })
  const folder = resolve(values.dir ?? siteRoot)
  const port = Number(values.port)
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new Error(`--port must be a number from 0 to 65535, not '${values.port}'`)
  }
  if (!existsSync(join(folder, 'index.html'))) throw new Error(`${folder} has no index.html; build it with web/start --build-only`)
  const site = await serveSite(folder, port)
  console.log(`\n      http://localhost:${site.port}/\n`)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => {
      console.log('\n      stopped')
      site.close().then(() => process.exit(0))
    })
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  main().catch((error) => {
    console.error(`error: ${error instanceof Error ? error.message : error}`)
    process.exitCode = error?.code?.startsWith?.('ERR_PARSE_ARGS') ? 2 : 1
  })
}
