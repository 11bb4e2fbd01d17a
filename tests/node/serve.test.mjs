// The server of web/start, and web/start itself.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { serveSite } from '../../web/serve.mjs'
import { root, temporaryFolder } from './support.mjs'

const folder = temporaryFolder()
const packed = gzipSync(Buffer.from('some data'))
mkdirSync(join(folder, 'data'))
writeFileSync(join(folder, 'index.html'), '<!doctype html><title>page</title>')
writeFileSync(join(folder, 'module.js'), 'export {}')
writeFileSync(join(folder, 'module.mjs'), 'export {}')
writeFileSync(join(folder, 'core.wasm'), Buffer.from([0, 0x61, 0x73, 0x6d]))
writeFileSync(join(folder, 'data', 'labels.gz'), packed)

/**
 * A request written by hand: fetch tidies addresses and unpacks answers, which is what is looked at here.
 * @param {number} port
 * @param {string} path
 * @param {{ method?: string, headers?: Record<string, string> }} [options]
 * @returns {Promise<{ status: number | undefined, headers: import('node:http').IncomingHttpHeaders, body: Buffer }>}
 */
function ask(port, path, options = {}) {
  return new Promise((done, failed) => {
    const request = http.request({ host: '127.0.0.1', port, path, ...options }, (response) => {
      /** @type {Buffer[]} */
      const parts = []
      response.on('data', (part) => parts.push(part))
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }))
    })
    request.on('error', failed)
    request.end()
  })
}

test('the server', async (t) => {
  const site = await serveSite(folder, 0)

  await t.test('sends isolation and content policy with everything, errors included', async () => {
    for (const path of ['/', '/core.wasm', '/data/labels.gz', '/missing']) {
      const { headers } = await ask(site.port, path)
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin')
      assert.equal(headers['cross-origin-embedder-policy'], 'require-corp')
      const policy = String(headers['content-security-policy'])
      for (const part of [
        "default-src 'self'", "script-src 'self' 'wasm-unsafe-eval'", "worker-src 'self'", "connect-src 'self'",
        "img-src 'self' blob: data:", "style-src 'self'",
      ]) {
        assert.ok(policy.split('; ').includes(part), `${part} in ${policy}`)
      }
      assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'/)
    }
  })

  await t.test('names the types that modules and WebAssembly need', async () => {
    const types = { '/': /^text\/html/, '/module.js': /javascript/, '/module.mjs': /javascript/, '/core.wasm': /^application\/wasm$/ }
    for (const [path, type] of Object.entries(types)) {
      const { status, headers } = await ask(site.port, path)
      assert.equal(status, 200, path)
      assert.match(String(headers['content-type']), type, path)
    }
  })

  await t.test('sends .gz files as the bytes that they are', async () => {
    for (const accept of ['gzip', '']) {
      const { headers, body } = await ask(site.port, '/data/labels.gz', { headers: { 'accept-encoding': accept } })
      assert.equal(headers['content-encoding'], undefined)
      assert.equal(headers['content-type'], 'application/gzip')
      assert.equal(Number(headers['content-length']), packed.length)
      assert.ok(body.equals(packed))
    }
  })

  await t.test('lets browsers keep files and ask whether they changed', async () => {
    const { headers } = await ask(site.port, '/data/labels.gz')
    assert.equal(headers['cache-control'], 'no-cache')
    const again = await ask(site.port, '/data/labels.gz', { headers: { 'if-none-match': String(headers.etag) } })
    assert.equal(again.status, 304)
    assert.equal(again.body.length, 0)
  })

  await t.test('serves nothing outside its folder and changes nothing', async () => {
    for (const path of ['/missing', '/../../../../etc/passwd', '/%2e%2e/%2e%2e/%2e%2e/etc/passwd', '//', '/%']) {
      const { status, body } = await ask(site.port, path)
      assert.ok(status === 404 || path === '//', `${path}: ${status}`)
      assert.doesNotMatch(body.toString(), /root:/)
    }
    assert.equal((await ask(site.port, '/', { method: 'POST' })).status, 405)
    assert.equal((await ask(site.port, '/')).status, 200, 'and lives on')
  })

  await t.test('leaves a port in use alone and takes the next free one', async () => {
    const second = await serveSite(folder, site.port)
    assert.ok(second.port > site.port)
    assert.equal((await ask(second.port, '/')).status, 200)
    await second.close()
  })

  await site.close()
})

/** @param {string[]} args */
function start(args) {
  return spawnSync('bash', [join(root, 'web/start'), ...args], { encoding: 'utf8', cwd: '/' })
}

test('web/start refuses what it does not know, in one sentence', () => {
  for (const [args, words] of /** @type {[string[], string][]} */ ([
    [['--prot', '80'], "'--prot'"],
    [['--port'], '--port'],
    [['--port', 'abc'], "'abc'"],
    [['--port', '65536'], "'65536'"],
    [['--port', '-1'], "'-1'"],
    [['--port='], "''"],
  ])) {
    const { status, stdout, stderr } = start(args)
    assert.equal(status, 2, args.join(' '))
    assert.equal(stdout, '')
    assert.match(stderr, /^error: [^\n]+\n$/)
    assert.ok(stderr.includes(words), stderr)
  }
})

test('web/start --help says what it does', () => {
  const { status, stdout } = start(['--help'])
  assert.equal(status, 0)
  for (const words of ['--build-only', '--port N', 'http://localhost:8080']) assert.ok(stdout.includes(words), words)
})

test('web/start builds, serves from any folder, prints its address and ends cleanly on Ctrl-C', async (context) => {
  const child = spawn('bash', [join(root, 'web/start'), '--port', '0'], { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  context.after(() => child.kill('SIGKILL')) // a failure must not leave a server that keeps this process waiting
  let output = ''
  const ended = new Promise((done) => child.on('exit', (code, signal) => done({ code, signal })))
  /** @type {number} */
  const port = await new Promise((done, failed) => {
    child.stderr.on('data', (part) => (output += part))
    child.stdout.on('data', (part) => {
      output += part
      const found = /http:\/\/localhost:(\d+)\/\n/.exec(output)
      if (found) done(Number(found[1]))
    })
    ended.then(() => failed(new Error(`ended early:\n${output}`)))
  })
  assert.match(output, /^\[1\/\d+\] /)
  const { status, body } = await ask(port, '/')
  assert.equal(status, 200)
  assert.match(body.toString(), /<title>/)
  child.kill('SIGINT')
  assert.deepEqual(await ended, { code: 0, signal: null })
})

test('a system without apt is told exactly what is missing and what it is called there', () => {
  const script = `
    . web/setup.sh
    have() { case $1 in apt-get | emcc | ninja) return 1 ;; *) command -v "$1" >/dev/null ;; esac; }
    have_header() { [ "$1" != hwy/highway.h ]; }
    install_tools page`
  const { status, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8', cwd: root })
  assert.equal(status, 1)
  const missing = stderr.split('\n').filter((line) => line.startsWith('  ')).map((line) => line.trim().split(/ {2,}/)[0])
  assert.deepEqual(missing, ['Ninja', 'Emscripten', 'Highway'])
  assert.match(stderr, /dnf install ninja-build emscripten google-highway-devel\n/)
  assert.match(stderr, /brew install ninja emscripten highway\n/)
})
