// The core for JavaScript: arguments of questions are checked. Transfer of bytes into the core: arrays, and readers that fill
// one piece of memory after another, give the same data set.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { CoreError, loadCore } from '../../web/engine/worker/core.js'
import { root, smallFiles } from './support.mjs'

const open = () => loadCore({
  moduleUrl: pathToFileURL(join(root, 'build/wasm/reluscope.mjs')).href, wasmBinary: new Uint8Array(readFileSync(join(root, 'build/wasm/reluscope.wasm'))),
})

/** A reader of bytes. @param {Uint8Array} bytes @param {number} [short] number of missing bytes at the end */
function readerOf(bytes, short = 0) {
  let at = 0
  return { length: bytes.length, read: (/** @type {Uint8Array} */ place) => {
    const next = bytes.subarray(at, Math.min(at + place.length, bytes.length - short))
    place.set(next)
    at += next.length
    return next.length
  } }
}

/** 1.6 MB of images, more than one piece. */
const [trainImages, trainLabels, testImages, testLabels] = Object.values(smallFiles()).map((bytes) => new Uint8Array(bytes))
const files = { trainImages, trainLabels, testImages, testLabels }
const readers = () => Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, readerOf(bytes)]))

test('readers give the same data set as arrays', async () => {
  const core = await open()
  const [one, two] = [core.createDataset({ name: 'small', ...files }), core.createDataset({ name: 'small', .../** @type {any} */ (readers()) })]
  assert.deepEqual(two.info(), one.info())
  assert.equal(one.info().train, 2000)
  for (const index of [0, 1336, 1337, 1338, 1999]) {  // the second piece starts in image 1337
    assert.deepEqual(two.image('train', index), one.image('train', index))
    assert.deepEqual(two.image('train', index).pixels, trainImages.slice(16 + 784 * index, 16 + 784 * (index + 1)))
  }
})

test('a reader with missing bytes is rejected, in the first piece or a later one, without a leak', async () => {
  const core = await open()
  for (const [name, short] of /** @type {const} */ ([['trainLabels', 1], ['trainImages', 500_000], ['trainImages', 1_500_000]])) {
    const { length } = files[name]
    assert.throws(() => core.createDataset(/** @type {any} */ ({ name: 'small', ...readers(), [name]: readerOf(files[name], short) })),
      new CoreError(`a file has ${length - short} bytes of the ${length} that it should have`))
  }
  assert.throws(() => core.createDataset(/** @type {any} */ ({ name: 'small', ...files, testLabels: [1, 2] })), new CoreError('testLabels must be a Uint8Array'))
  assert.equal(core.createDataset({ name: 'small', ...files }).info().train, 2000)
})

/** The names that a table of api.js types. @param {string} table */
function typed(table) {
  const [, text] = readFileSync(join(root, 'web/engine/api.js'), 'utf8').replace(/\n \*/g, '').split(new RegExp(`@typedef \\{object\\} ${table} `))
  return text.split('@typedef')[0].split('@property {').slice(1).map((property) => {
    let depth = 1, end = 0
    for (; depth > 0; end++) depth += property[end] === '{' ? 1 : property[end] === '}' ? -1 : 0
    return property.slice(end).trim().split(/\s/)[0]
  })
}

test('each question of the core is typed, and no other', async () => {
  const { module } = await open()
  for (const [about, table] of Object.entries({ core: 'CoreQuestions', folder: 'FolderQuestions', data: 'DataQuestions', run: 'RunQuestions' })) {
    const names = module.questions().filter((/** @type {any} */ question) => question.about === about).map((/** @type {any} */ { name }) => name)
    assert.deepEqual(typed(table).sort(), names.sort())
    assert.ok(names.length > 0)
  }
})

test('an argument that does not fit is refused in one sentence, and one that may be left out has its default', async () => {
  const core = await open()
  const data = core.createDataset({ name: 'small', ...files })
  const run = core.createSession(data, { model: 'dense 8 | relu | dense 10' })
  /** @type {[string, any[], string][]} */
  const refusals = [
    ['curve', [5, [], []], 'activation is 5, but it must be a text'],
    ['curve', ['relu', 'none', []], 'parameters is "none", but it must be a list'],
    ['curve', ['relu', [], [0, 'x']], 'x is "x", but it must be a number'],
    ['describe', ['dense 10'], 'describe: input is missing, and must be a list'],
    ['describe', ['dense 10', [1, 28.5, 28], 10], 'input is 28.5, but it must be a whole number'],
    ['fields', ['relu'], 'config is "relu", but it must be an object'],
    ['parse', [[['lr']]], 'fields: "["lr"]" is no pair of a name and a text'],
    ['image', ['both', 0], 'part is "both", but it must be train or test'],
    ['image', ['test', -1], 'image -1 does not exist; 0 to 999 do'],
    ['predict', [[1, 2]], 'pixels is a list, but it must be bytes, a Uint8Array'],
    ['classes', [10001], 'hardest is 10001, but it must be a whole number from 0 to 10000'],
    ['save', ['npz', 2 ** 31], 'images is 2147483648, but it must be a whole number from 1 to 1073741824'],
    ['tell', [], 'unknown request "tell"'],
    ['next', [], 'there is no folder'],
  ]
  for (const [name, given, sentence] of refusals) assert.throws(() => core.ask(name, given, data, run), new CoreError(sentence))
  assert.throws(() => core.ask('evaluate', []), new CoreError('there is no run yet: configure one first'))
  assert.throws(() => core.ask('info', []), new CoreError('no data set is loaded yet'))
  assert.equal(core.describe('dense 10', [1, 28, 28], 10).batch, 64)
  assert.deepEqual(core.ask('unit', [1, 0], data, run), run.unit(1, 0, 8))
  assert.deepEqual(core.ask('augmented', [0, 2], undefined, run), data.augmented(0, 2, run.config()))
})

test('a session that nobody freed ends with its core: the garbage collector finds nothing to free', () => {
  const at = (/** @type {string} */ path) => JSON.stringify(pathToFileURL(join(root, path)).href)
  const program = `
    const { load, loadThreads } = await import(${at('web/node/module.mjs')})
    const { smallFiles } = await import(${at('tests/node/support.mjs')})
    const core = await loadThreads(await load(), 2)
    const [trainImages, trainLabels, testImages, testLabels] = Object.values(smallFiles()).map((bytes) => new Uint8Array(bytes))
    core.createSession(core.createDataset({ name: 'small', trainImages, trainLabels, testImages, testLabels }), { threads: 2 }).start()
    core.close()
    for (let turn = 0; turn < 5; turn += 1) {
      gc()
      await new Promise((done) => setTimeout(done, 20))
    }
    console.log('ended')`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', program], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  assert.equal(stdout, 'ended\n')
})
