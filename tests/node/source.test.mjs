// Static rules for the sources: what src may contain, and what the root may contain.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import test from 'node:test'
import { filesBelow } from '../../web/site/site.mjs'
import { groups } from '../groups.mjs'
import { root } from './support.mjs'

/**
 * Removes comments and string literals from C++, but keeps lines, so that prose may name what code may not.
 * @param {string} source
 */
function codeOnly(source) {
  return source.replace(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\\n])*"/g, (found) => found.replace(/[^\n]/g, ' '))
}

const sources = filesBelow(join(root, 'src'))
  .filter((file) => ['.h', '.cpp', '.inl'].includes(extname(file)))
  .map((file) => ({ file, code: codeOnly(readFileSync(join(root, 'src', file), 'utf8')) }))

/**
 * The occurrences of a pattern in src, as file:line: text.
 * @param {RegExp} pattern
 * @param {string[]} [allowed] files that may contain it
 */
function occurrences(pattern, allowed = []) {
  return sources
    .filter(({ file }) => !allowed.includes(file))
    .flatMap(({ file, code }) =>
      code.split('\n').flatMap((line, index) => (pattern.test(line) ? [`src/${file}:${index + 1}: ${line.trim()}`] : [])),
    )
}

/** The only file that may fuse a multiplication and an addition. */
const policyFiles = sources.filter(({ code }) => /struct Fused\b/.test(code)).map(({ file }) => file)

test('there are sources', () => assert.ok(sources.length > 10))

test('at most one file contains the policy that may fuse', () => assert.ok(policyFiles.length <= 1, policyFiles.join(' ')))

/** @type {[string, RegExp, string[]][]} */
const rules = [
  ['fused multiply-add outside the policy', /\b(?:Neg)?Mul(?:Add|Sub)\w*\s*\(|\bfmaf?\s*\(|std::fma\b/, policyFiles],
  ["Highway's functions that differ between targets", /\b(?:SumOfLanes|MaxOfLanes|MinOfLanes|ReduceSum|Approximate\w+|NearestInt|Round|Floor|Ceil|Clamp)\s*\(/, []],
  ["Highway's Max and Min", /\bhn::(?:Max|Min|Exp|Log|Sin|Cos|Tanh|Clamp)\s*\(|\bhwy\/contrib\/math/, []],
  ['functions of libm other than sqrt', /\bstd::(?:exp2?|expm1|log(?:1p|2|10)?|pow|sin|cos|tan|tanh|sinh|cosh|erfc?|cbrt|hypot|tgamma|lgamma)f?\s*\(/, []],
  ['shuffles and reductions of the library', /\bstd::(?:shuffle|random_shuffle|reduce|transform_reduce|inner_product|sample)\b/, []],
  ["the library's randomness", /#\s*include\s*<random>|\bstd::(?:mt19937|random_device|uniform_\w+_distribution|normal_distribution)|\bs?rand\s*\(/, []],
  ['containers without an order', /\bunordered_(?:multi)?(?:map|set)\b/, []],
  ['fast-math', /\bf(?:fast|unsafe)-math|#\s*pragma\s+(?:STDC\s+FP_CONTRACT\s+ON|GCC\s+optimize|clang\s+fp)/, []],
  ['time and environment', /#\s*include\s*<(?:ctime|time\.h)>|\bgetenv\s*\(|\bstd::time\s*\(/, []],
  ['printing and exiting', /\bstd::(?:cout|cerr|clog|exit|abort|quick_exit)\b|\b(?:printf|fprintf|puts|exit|abort)\s*\(/, []],
  ['headers of Emscripten, CUDA, the DOM or an operating system', /#\s*include\s*[<"](?:emscripten|cuda|cublas|curand|windows\.h|unistd\.h|sys\/|fcntl\.h|pthread\.h|dlfcn\.h)|__EMSCRIPTEN__|__CUDACC__|_WIN32/i, []],
  ['files', /#\s*include\s*<(?:fstream|filesystem)>|\bf(?:re)?open\s*\(|\bFILE\b/, []],
]

for (const [title, pattern, allowed] of rules) {
  test(`src: no ${title}`, () => assert.deepEqual(occurrences(pattern, allowed), []))
}

test('the patterns find violations', () => {
  const bad = codeOnly('auto x = hn::MulAdd(a, b, c); // fine: MulAdd(\nconst char* s = "rand()"; std::shuffle(a, b, g);')
  assert.deepEqual(bad.split('\n').map((line) => rules.filter(([, pattern]) => pattern.test(line)).length), [1, 1])
})

test('every compiler gets the flag against contraction, and none gets fast-math', () => {
  const build = readFileSync(join(root, 'CMakeLists.txt'), 'utf8') + readFileSync(join(root, 'CMakePresets.json'), 'utf8')
  assert.match(build, /-ffp-contract=off/)
  assert.doesNotMatch(build.replace(/#[^\n]*/g, ''), /-f(?:fast-math|unsafe-math|associative-math)|-Ofast/)
})

test('CUDA sources include kernel.h first, which has the functions of src compiled for the device', () => {
  const folder = join(root, 'native/cuda/kernels')
  const files = filesBelow(folder).filter((file) => extname(file) === '.cu')
  assert.ok(files.length > 3)
  for (const file of files) assert.match(readFileSync(join(folder, file), 'utf8').match(/#include .*/)?.[0] ?? '', /kernels\/kernel\.h/, file)
})

test('Embind is used in one file', () => {
  const users = filesBelow(join(root, 'web')).filter((file) => extname(file) === '.cpp')
  assert.deepEqual(users, ['bindings.cpp'])
})

test('the root contains only the expected files', () => {
  const allowed = new Set([
    'src', 'native', 'web', 'tests', 'CMakeLists.txt', 'CMakePresets.json', 'README.md', 'LICENSE', 'package.json', 'package-lock.json',
    'tsconfig.json', 'eslint.config.js', '.ci', '.gitignore', '.gitattributes', '.editorconfig', '.clang-format', '.clang-tidy', '.npmrc', '.github',
  ])
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  const entries = new Set(listed.trimEnd().split('\n').map((path) => path.split('/')[0]))
  assert.deepEqual([...entries].filter((entry) => !allowed.has(entry)), [])
})

test('the page on tests lists exactly the groups', () => {
  const text = readFileSync(join(root, 'web/docs/testing.md'), 'utf8')
  const [table] = text.split('| group |')[1].split('\n\n')
  const named = table.split('\n').slice(2).flatMap((row) => row.split('|')[1].split(',').map((name) => name.trim()))
  assert.deepEqual(named, groups.map(({ name }) => name))
})

test('the repository contains no generated or downloaded files and no data sets', () => {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  for (const path of listed.trimEnd().split('\n')) {
    assert.doesNotMatch(path, /\.(?:wasm|o|a|so|gz|zip|safetensors|pth|onnx)$|ubyte|(?:^|\/)(?:node_modules|build)\//)
  }
})

test('the lock file names the public registry only', () => {
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8')
  const resolved = [...lock.matchAll(/"resolved": "([^"]+)"/g)].map((match) => match[1])
  assert.ok(resolved.length > 0)
  for (const address of resolved) assert.match(address, /^https:\/\/registry\.npmjs\.org\//)
  assert.ok(existsSync(join(root, 'package.json')))
})
