// The built site: complete, small, without external addresses, with the licence notices of its parts.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, extname, join, posix } from 'node:path'
import test from 'node:test'
import { gunzipSync } from 'node:zlib'
import { compressedSize, filesBelow, headers, siteRoot, sizeLimit, variants } from '../../web/site/site.mjs'
import { md5, sources } from '../../web/site/data.mjs'
import { load } from '../../web/node/module.mjs'
import { root } from './support.mjs'

const files = filesBelow(siteRoot)
/** @param {string} file */
const text = (file) => readFileSync(join(siteRoot, file), 'utf8')

/**
 * The addresses in a file: attributes, imports, url(), and the arguments of URL, Worker and fetch.
 * @param {string} file
 */
function references(file) {
  const patterns = {
    '.html': [/\s(?:src|href)\s*=\s*["']?([^"'\s>]+)/g],
    '.css': [/url\(\s*["']?([^"')]+)/g, /@import\s+["']([^"']+)/g],
    '.js': [
      /(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]/g,
      /import\s*['"]([^'"]+)['"]/g,
      /import\(\s*['"]([^'"]+)['"]\s*\)/g,
      /new URL\(\s*['"]([^'"]+)['"]\s*,\s*import\.meta\.url/g,
      /fetch\(\s*['"]([^'"]+)['"]/g,
      // Types in comments name packages that browsers do not load.
    ],
  }
  const own = extname(file) === '.js' ? text(file).replace(/\/\*[\s\S]*?\*\//g, '') : text(file)
  const found = patterns[/** @type {keyof typeof patterns} */ (extname(file))] ?? []
  return found.flatMap((pattern) => [...own.matchAll(pattern)].map((match) => match[1]))
}

const linked = files.filter((file) => ['.html', '.css', '.js'].includes(extname(file)) && !file.startsWith('vendor/'))

test('the page, the core, the data and the notices exist', () => {
  for (const file of [
    'index.html', 'guard.js', 'boot.js', 'app.js', 'engine/worker/worker.js', 'engine/engine.js', 'engine/wasm/reluscope.mjs',
    'engine/wasm/reluscope.wasm', 'engine/wasm/reluscope-threads.mjs', 'engine/wasm/reluscope-threads.wasm', 'service-worker.js',
    'vendor/uPlot.min.css', 'LICENSE', 'THIRD_PARTY.txt',
    'data/index.json', 'data/mnist/train-images-idx3-ubyte.gz', 'data/mnist/train-labels-idx1-ubyte.gz',
    'data/mnist/t10k-images-idx3-ubyte.gz', 'data/mnist/t10k-labels-idx1-ubyte.gz', 'docs/docs.css', 'docs/theme.js',
  ]) {
    assert.ok(files.includes(file), file)
  }
})

test('the documentation is there as pages, not as Markdown, and the page leads to it', () => {
  const sources = filesBelow(join(root, 'web/docs')).filter((file) => file.endsWith('.md'))
  assert.ok(sources.length > 10)
  for (const file of sources) assert.ok(files.includes(`docs/${file.replace('.md', '.html')}`), file)
  assert.deepEqual(files.filter((file) => file.endsWith('.md')), [])
  const [page] = files.filter((file) => /^engine\/page-[^/]+\.js$/.test(file))
  assert.match(text(page), /href:"\.\/docs\/index\.html"/)
})

test('the service worker’s list of files is correct and sufficient', () => {
  const [first] = text('service-worker.js').split('\n')
  const build = JSON.parse(first.replace('self.build = ', ''))
  assert.match(build.version, /^[0-9a-f]{16}$/)
  assert.deepEqual(build.headers, headers)
  for (const [file, sum] of Object.entries(build.files)) {
    if (file === './' || file === 'index.html') assert.equal(sum, '')  // hosts may modify it
    else assert.equal(sum, createHash('sha256').update(readFileSync(join(siteRoot, file))).digest('hex'), file)
  }
  for (const file of files) {
    const beside = /^(?:docs\/|data\/fashion|engine\/wasm\/reluscope\.|LICENSE|THIRD_PARTY|service-worker)/.test(file)
    assert.equal(file in build.files, !beside, file)
  }
})

test('the second data set has names for its classes', () => {
  for (const { name, class_names } of JSON.parse(text('data/index.json'))) {
    if (name === 'fashion-mnist') assert.equal(new Set(class_names).size, 10)
    else assert.equal(class_names, undefined)
  }
})

test('the site contains no programs for Node and no build files', () => {
  for (const file of files) assert.doesNotMatch(file, /headless|setup\.sh|bindings|serve\.mjs|headers\.mjs|reluscope-node|\.part$|\.d\.ts$|_tests/)
})

test('the documentation has a row for every setting, layer and activation that there is', async () => {
  const { fields, layers, activations } = (await load()).registry()
  const has = (/** @type {string} */ page, /** @type {string} */ code) => assert.ok(text(`docs/${page}.html`).includes(`<tr><td><code>${code}`), code)
  for (const { name } of fields) has('cli', `--${name}<`)
  for (const { syntax } of layers) has('networks', syntax)
  for (const { name } of activations) has('networks', name)
  for (const { name, choices } of fields) {
    if (['init', 'optimizer', 'schedule'].includes(name)) for (const choice of choices) assert.ok(text('docs/networks.html').includes(`<code>${choice.name}</code>`), choice.name)
  }
})

test('the files that the page loads before its data are small', () => {
  for (const variant of /** @type {(keyof typeof variants)[]} */ (Object.keys(variants))) {
    const size = compressedSize(variant)
    assert.ok(size < sizeLimit, `${variant}: ${size} bytes compressed, ${sizeLimit} allowed`)
  }
})

test('the documentation does not count: the page loads none of it', () => {
  for (const file of files.filter((name) => !name.startsWith('docs/') && ['.html', '.css', '.js'].includes(extname(name)))) {
    for (const address of references(file)) assert.doesNotMatch(address, /^(?:\.\/)?docs\//, file)
  }
})

test('every address is relative and leads to a file of the site', () => {
  let seen = 0
  for (const file of linked) {
    for (const address of references(file)) {
      if (/^(data:|#)/.test(address)) continue
      seen += 1
      assert.doesNotMatch(address, /^([a-z][a-z0-9+.-]*:|\/)/i, `${file} refers to ${address}`)
      const target = posix.normalize(posix.join(dirname(file), address.replace(/[?#].*$/, '')))
      const there = target === '.' || files.includes(target) || files.some((other) => other.startsWith(target.replace(/\/?$/, '/')))
      assert.ok(there, `${file} refers to ${address}, which is not in the site`)
    }
  }
  assert.ok(seen > 3, 'references are found at all')
})

test('the page asks for all modules of its start at once', () => {
  const asked = [...text('index.html').matchAll(/<link rel="modulepreload" href="\.\/([^"]+)">/g)].map(([, file]) => file)
  assert.equal(new Set(asked).size, asked.length)
  assert.deepEqual(asked.filter((file) => !files.includes(file)), [])
  assert.ok(asked.length <= 10, `${asked.length} scripts`)
  // Firefox fails to load a module that is in a script element and is preloaded.
  for (const [, file] of text('index.html').matchAll(/<script[^>]*src="\.\/([^"]+)"/g)) assert.ok(!asked.includes(file), file)
  const scripts = asked.map(text)
  // The bar, a view, a chart, the English words.
  for (const words of ['rl-topbar', 'rl-confusion', 'u-over', 'Hidden space']) assert.ok(scripts.some((script) => script.includes(words)), words)
  // Neither what the worker loads, nor what is loaded on demand: other languages, comparisons.
  assert.ok(asked.every((file) => !/worker|zh|compare/.test(file)), asked.join(' '))
  assert.ok(scripts.every((script) => !script.includes('隐藏空间')))
  // And nothing else: what a script imports is among them.
  for (const file of asked) for (const address of references(file).filter((each) => !/import\.meta/.test(each))) {
    const target = posix.join(dirname(file), address)
    assert.ok(asked.includes(target) || /worker|zh|registry|compare|service/.test(target), `${file} imports ${target}`)
  }
})

test('no inline script, style or handler, which the content policy would block', () => {
  for (const file of files.filter((name) => name.endsWith('.html'))) {
    assert.doesNotMatch(text(file), /<script(?![^>]*\ssrc=)[^>]*>|<style|\sstyle\s*=|\son[a-z]+\s*=/i, file)
  }
  assert.doesNotMatch(text('engine/wasm/reluscope.mjs'), /new Function|\beval\(/)
})

test('the data is the original, compressed', () => {
  const [mnist] = sources
  for (const name of readdirSync(join(root, 'build/data/mnist'))) {
    const unpacked = gunzipSync(readFileSync(join(siteRoot, `data/mnist/${name}.gz`)))
    assert.ok(unpacked.equals(readFileSync(join(root, 'build/data/mnist', name))), name)
  }
  assert.equal(md5(join(root, 'build/data/mnist/train-images-idx3-ubyte')), mnist.md5?.[0])
  for (const { name } of JSON.parse(text('data/index.json'))) assert.ok(statSync(join(siteRoot, 'data', name)).isDirectory())
})

test('the notices name every part and contain the complete licences', () => {
  assert.match(text('LICENSE'), /MIT License[\s\S]*reluscope contributors/)
  const notices = text('THIRD_PARTY.txt')
  for (const part of ['uPlot', 'fflate', 'Highway', 'JSON for Modern C++', 'Eigen', 'Emscripten', 'musl', 'libc++', 'MNIST', 'Fashion-MNIST']) {
    assert.ok(notices.includes(part), part)
  }
  for (const words of ['Leon Sorokin', 'Arjun Barrett', 'Google LLC', 'Niels Lohmann', 'The Emscripten Authors', 'Rich Felker', 'Zalando', 'Permission is hereby granted', 'TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION', 'LLVM Exceptions']) {
    assert.ok(notices.includes(words), words)
  }
  const usesEigen = filesBelow(join(root, 'src')).some((file) => /#include <Eigen/.test(readFileSync(join(root, 'src', file), 'utf8')))
  assert.equal(/Eigen/.test(notices), usesEigen, 'Eigen is named when src uses it, and only then')
  assert.ok(existsSync(join(root, 'LICENSE')))
})
