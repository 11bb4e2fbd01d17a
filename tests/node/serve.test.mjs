// The server of web/start, and web/start itself.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { serveSite } from '../../web/site/serve.mjs'
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
 * A raw request. fetch() would normalise addresses and decompress responses, which these tests examine.
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

  await t.test('sends the isolation and content security headers with every response, including errors', async () => {
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

  await t.test('sends the content types that modules and WebAssembly need', async () => {
    const types = { '/': /^text\/html/, '/module.js': /javascript/, '/module.mjs': /javascript/, '/core.wasm': /^application\/wasm$/ }
    for (const [path, type] of Object.entries(types)) {
      const { status, headers } = await ask(site.port, path)
      assert.equal(status, 200, path)
      assert.match(String(headers['content-type']), type, path)
    }
  })

  await t.test('sends .gz files unchanged', async () => {
    for (const accept of ['gzip', '']) {
      const { headers, body } = await ask(site.port, '/data/labels.gz', { headers: { 'accept-encoding': accept } })
      assert.equal(headers['content-encoding'], undefined)
      assert.equal(headers['content-type'], 'application/gzip')
      assert.equal(Number(headers['content-length']), packed.length)
      assert.ok(body.equals(packed))
    }
  })

  await t.test('lets browsers cache and revalidate files', async () => {
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

  await t.test('skips a port in use and takes the next free one', async () => {
    const second = await serveSite(folder, site.port)
    assert.ok(second.port > site.port)
    assert.equal((await ask(second.port, '/')).status, 200)
    await second.close()
  })

  await site.close()
})

test('every request gets the correct status, and none stops the server', async (t) => {
  const big = Buffer.alloc(1 << 22, 'x')
  writeFileSync(join(folder, 'big.bin'), big)
  writeFileSync(join(folder, '.secret'), 'secret')
  mkdirSync(join(folder, '.git'))
  writeFileSync(join(folder, '.git', 'config'), 'secret')
  mkdirSync(join(folder, 'empty'))
  symlinkSync('/etc', join(folder, 'etc'))
  symlinkSync('/etc/passwd', join(folder, 'passwd.txt'))
  symlinkSync('index.html', join(folder, 'link.html'))
  assert.equal(spawnSync('mkfifo', [join(folder, 'pipe.js')]).status, 0)
  const site = await serveSite(folder, 0)
  t.after(() => site.close())

  await t.test('ranges', async () => {
    const all = big.length
    for (const [range, status, length, content] of /** @type {[string, number, number, string | undefined][]} */ ([
      ['bytes=0-0', 206, 1, `bytes 0-0/${all}`],
      ['bytes=5-9', 206, 5, `bytes 5-9/${all}`],
      ['bytes=-5', 206, 5, `bytes ${all - 5}-${all - 1}/${all}`],
      [`bytes=${all - 3}-`, 206, 3, `bytes ${all - 3}-${all - 1}/${all}`],
      [`bytes=0-${all * 2}`, 206, all, `bytes 0-${all - 1}/${all}`],
      // RFC 9110, 14.1.1: an invalid range is ignored.
      ['bytes=9-5', 416, NaN, `bytes */${all}`],
      [`bytes=${all}-`, 416, NaN, `bytes */${all}`],
      ['bytes=99999999999999999999-', 416, NaN, `bytes */${all}`],
      ['bytes=x', 200, all, undefined],
      ['apples=1-2', 200, all, undefined],
      ['bytes=0-1,5-6', 200, all, undefined],
    ])) {
      const { status: got, headers, body } = await ask(site.port, '/big.bin', { headers: { range } })
      assert.equal(got, status, range)
      assert.equal(headers['content-range'], content, range)
      if (!Number.isNaN(length)) assert.equal(body.length, length, range)
    }
  })

  await t.test('only regular files: no links, dot files, pipes or folders', async () => {
    for (const path of ['/.secret', '/.git/config', '/%2egit/config', '/etc/passwd', '/passwd.txt', '/link.html', '/pipe.js', '/empty', '/empty/',
      '/data', '/data/', '/index.html/', '/index.html/x', '//index.html', '/data//labels.gz', '/a%00b', '/%5c..%5cx', '/data%2f..%2f.secret',
      '/x'.repeat(5000), `/${'y'.repeat(5000)}`, '*', 'http://localhost/index.html']) {
      const { status, body } = await ask(site.port, path)
      assert.equal(status, 404, path.slice(0, 40))
      assert.equal(body.toString(), 'Not found\n')
    }
    assert.equal((await ask(site.port, '/index.html?x=1#y')).status, 200)
    assert.equal((await ask(site.port, '/data%2flabels.gz')).status, 200)
  })

  await t.test('only with the names of this machine', async () => {
    for (const [host, status] of /** @type {[string, number][]} */ ([
      ['localhost', 200], [`LOCALHOST:${site.port}`, 200], ['127.0.0.1:80', 200], ['[::1]:8080', 200], ['192.168.0.7', 200],
      ['evil.example', 403], ['localhost.evil.example:80', 403], ['127.0.0.1.evil.example', 403], ['[evil]', 403],
    ])) {
      const { status: got, body } = await ask(site.port, '/', { headers: { host } })
      assert.equal(got, status, host)
      if (status === 403) assert.equal(body.toString(), `Host '${host}' is not served; use localhost or an IP address\n`)
    }
  })

  await t.test('files that appear and disappear during requests', async () => {
    const path = join(folder, 'fleeting.txt')
    for (let k = 0; k < 100; k += 1) {
      writeFileSync(path, 'here')
      const asked = ask(site.port, '/fleeting.txt')
      await new Promise((done) => setTimeout(done, k % 4))
      rmSync(path)
      const { status, body } = await asked
      assert.ok(status === 404 || (status === 200 && body.toString() === 'here'), `${status}`)
    }
  })

  await t.test('1,000 hostile requests: the server survives and leaks no descriptor', { skip: process.platform !== 'linux' && 'counts in /proc' }, async () => {
    const descriptors = () => readdirSync('/proc/self/fd').length
    const before = descriptors()
    const requests = [
      'GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET /big.bin HTTP/1.1\r\nHost: localhost\r\nRange: bytes=1-\r\n\r\n',
      'GET /big.bin HTTP/1.1\r\nHost: localhost\r\nRange: bytes=9-5\r\n\r\n',
      'GET /pipe.js HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(5),
      'GET / HTTP/1.1\r\n\r\n', 'GET / HTTP/1.0\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'GET /', '\x16\x03\x01\0', '\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\nx',
      'CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
      `GET /${'z'.repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    ]
    const send = (/** @type {number} */ k) => new Promise((done) => {
      const socket = net.connect(site.port, '127.0.0.1', () => socket.write(requests[k % requests.length]))
      // Some clients disconnect at once, some at the first bytes of the response, some a little later.
      const end = () => socket.destroy()
      if (k % 3 === 0) socket.once('connect', end)
      if (k % 3 === 1) socket.once('data', end)
      setTimeout(end, 20)
      socket.on('error', () => undefined)
      socket.on('close', done)
    })
    for (let k = 0; k < 1000; k += 20) await Promise.all(Array.from({ length: 20 }, (_, j) => send(k + j)))
    assert.equal((await ask(site.port, '/')).status, 200)
    // Sockets of both sides and files close shortly after the response ends.
    for (let k = 0; k < 200 && descriptors() > before; k += 1) await new Promise((done) => setTimeout(done, 50))
    assert.ok(descriptors() <= before, `${descriptors()} descriptors, ${before} before`)
  })
})

/** @param {string[]} args */
function start(args) {
  return spawnSync('bash', [join(root, 'web/start'), ...args], { encoding: 'utf8', cwd: '/' })
}

test('web/start rejects unknown arguments in one sentence', () => {
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

test('web/start --help describes it', () => {
  const { status, stdout } = start(['--help'])
  assert.equal(status, 0)
  for (const words of ['--build-only', '--port N', 'http://localhost:8080']) assert.ok(stdout.includes(words), words)
})

test('web/start builds, serves from any folder, prints its address and ends cleanly on Ctrl-C', async (context) => {
  const child = spawn('bash', [join(root, 'web/start'), '--port', '0'], { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] })
  context.after(() => child.kill('SIGKILL')) // after a failure the server must not keep this process alive
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

test('on a system without apt the missing packages are listed with their names', () => {
  const script = `
    . web/site/setup.sh
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
