// Dependencies between files and between folders point downwards and have no cycles.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import test from 'node:test'
import { filesBelow } from '../../web/site/site.mjs'
import { root } from './support.mjs'

/**
 * The layers of the sources. Each may use the ones before it. A file belongs to the longest of these paths that is a
 * prefix of its path. The two registries of arithmetic are below the backends, which create kernels from them.
 */
const src = [
  'src/core/', 'src/nn/activation', 'src/optim/rule', 'src/backend/', 'src/data/', 'src/nn/', 'src/optim/', 'src/io/',
  'src/config/', 'src/train/', 'src/probe/', 'src/run/', 'src/experiments/',
]
const native = [
  'native/cuda/device.h', 'native/cuda/emulator/', 'native/cuda/kernels/', 'native/cuda/backend/', 'native/cuda/checks/',
  'native/bench/', 'native/files/', 'native/commands/', 'native/main.cpp',
]
const page = [
  'web/dom/', 'web/words/', 'web/engine/build.js', 'web/engine/emitter.js', 'web/engine/error_words.js', 'web/engine/version.js', 'web/engine/protocol.js', 'web/engine/storage/', 'web/engine/worker/', 'web/engine/',
  'web/lab/', 'web/charts/', 'web/controls/', 'web/views/', 'web/',
]

/** @typedef {Map<string, string[]>} Graph the files of the project that each file uses */

/** The graph of the C++ files. Includes are relative to src or native, whichever has the file. @returns {Graph} */
function includes() {
  const files = ['src', 'native'].flatMap((top) => filesBelow(join(root, top)).map((file) => `${top}/${file}`)).filter((file) => /\.(?:h|cpp|cu)$/.test(file))
  return new Map(files.map((file) => [file, [...readFileSync(join(root, file), 'utf8').matchAll(/^\s*#\s*include "([^"]+)"/gm)]
    .map(([, name]) => ['src', 'native'].map((top) => `${top}/${name}`).find((path) => existsSync(join(root, path))) ?? assert.fail(`${file} includes ${name}, which is not there`))]))
}

/** The graph of the JavaScript files by their imports at run time. Imports of types do not count. @returns {Graph} */
function imports() {
  const files = filesBelow(join(root, 'web')).filter((file) => /\.m?js$/.test(file)).map((file) => `web/${file}`)
  return new Map(files.map((file) => [file, [...readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')
    .matchAll(/(?:^import\b[^'"]*|^export\b[^'"]*\bfrom |^\} from |\bimport\()'(\.[^']+)'/gm)].map(([, name]) => posix.join(posix.dirname(file), name))
    .filter((path) => existsSync(join(root, path)))]))
}

/**
 * The level of a file: the index of the longest path that is a prefix of it.
 * @param {string[]} parts @param {string} file
 */
const levelOf = (parts, file) => parts.reduce((best, part, i) => (file.startsWith(part) && (best < 0 || part.length > parts[best].length) ? i : best), -1)

/** The dependencies that point upwards. @param {Graph} graph @param {string[]} parts */
function upwards(graph, parts) {
  return [...graph].flatMap(([file, used]) => used.filter((other) => {
    const [from, to] = [levelOf(parts, file), levelOf(parts, other)]
    return from >= 0 && to > from
  }).map((other) => `${file} uses ${other}`))
}

/** A cycle of files, or ''. @param {Graph} graph */
function cycle(graph) {
  /** @type {Map<string, 'open' | 'done'>} */
  const seen = new Map()
  /** @param {string} file @param {string[]} way @returns {string[] | undefined} */
  const walk = (file, way) => {
    if (seen.get(file) === 'done') return undefined
    if (seen.get(file) === 'open') return [...way.slice(way.indexOf(file)), file]
    seen.set(file, 'open')
    for (const other of graph.get(file) ?? []) {
      const found = walk(other, [...way, file])
      if (found) return found
    }
    seen.set(file, 'done')
    return undefined
  }
  for (const file of graph.keys()) {
    const found = walk(file, [])
    if (found) return found.join(' > ')
  }
  return ''
}

const cpp = includes(), js = imports()

test('every file has its place', () => {
  assert.ok(cpp.size > 100 && js.size > 80)
  const lost = [...[...cpp.keys()].filter((file) => levelOf([...src, ...native], file) < 0), ...[...js.keys()].filter((file) => levelOf(page, file) < 0)]
  assert.deepEqual(lost, [])
})

test('src: each folder uses only the ones below it', () => assert.deepEqual(upwards(cpp, src), []))
test('src uses nothing of native', () => {
  assert.deepEqual([...cpp].filter(([file]) => file.startsWith('src/')).flatMap(([file, used]) => used.filter((other) => !other.startsWith('src/')).map((other) => `${file} uses ${other}`)), [])
})
test('native: each folder uses only the ones below it', () => assert.deepEqual(upwards(cpp, native), []))
test('C++: no cycles between files', () => assert.equal(cycle(cpp), ''))

test('web: each folder uses only the ones below it', () => assert.deepEqual(upwards(js, page), []))
test('JavaScript: no cycles between files', () => assert.equal(cycle(js), ''))

test('the checks find a cycle and an upward dependency', () => {
  const graph = new Map([['src/core/a.h', ['src/data/b.h']], ['src/data/b.h', ['src/core/c.h']], ['src/core/c.h', ['src/core/a.h']]])
  assert.deepEqual(upwards(graph, src), ['src/core/a.h uses src/data/b.h'])
  assert.equal(cycle(graph), 'src/core/a.h > src/data/b.h > src/core/c.h > src/core/a.h')
})
