// The monitors: the same JSON from both command lines, no effect on the weights, and the answers in JavaScript.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { CoreError, loadCore } from '../../web/engine/worker/core.js'
import { headless, native, root, run, runWell, smallData, smallFiles, temporaryFolder, trainJson } from './support.mjs'

const model = 'dense 40 | relu | dense 24 | prelu | dense 10'
const short = ['--data', smallData(), '--epochs', '2', '--batch', '50', '--model', model]
/** @param {any[]} events */
const monitors = (events) => events.filter(({ event }) => ['probe', 'classes', 'warning', 'dead'].includes(event))

test('both command lines give the same output to the last digit, and the weights do not change', () => {
  const args = [...short, '--probe', '16', '--lr', '0.1']
  const [one, two] = [native, headless].map((program) => runWell(program, ['train', ...args, '--jsonl', '-']))
  const lines = (/** @type {string} */ text) => text.split('\n').filter((line) => /"event":"(probe|classes|warning|dead|done)"/.test(line))
  assert.deepEqual(lines(two.stdout), lines(one.stdout))
  const shown = (/** @type {string} */ text) => text.slice(text.indexOf('Train Epoch'))
  assert.equal(shown(two.stderr), shown(one.stderr))
  const { of, hash } = trainJson(native, args)
  assert.deepEqual(of('probe').map(({ step }) => step), [0, 16, 32, 40, 48, 64, 80])
  assert.deepEqual(of('classes').map(({ epoch }) => epoch), [1, 2])
  assert.equal(trainJson(native, [...short, '--lr', '0.1']).hash, hash)
  const [dead] = of('dead')
  assert.deepEqual([dead.step, dead.layers.map((/** @type {any} */ { name }) => name)], [80, ['act1', 'act2']])
  assert.match(one.stderr, /^Dead \(no output and no gradient on all 2,000 training images\): \d+ of 40 in layer 2 \(act1, relu\)$/m)
})

test('warnings are printed and written once each', () => {
  const { events, of, stderr } = trainJson(native, [...short, '--probe', '4', '--lr', '0.5'])
  const warnings = of('warning')
  assert.ok(warnings.some(({ code }) => code === 'silent_units'))
  assert.equal(new Set(warnings.map(({ code, layer }) => `${code} ${layer}`)).size, warnings.length)
  assert.deepEqual(stderr.split('\n').filter((line) => line.startsWith('Warning: ')), warnings.map(({ message }) => `Warning: ${message}`))
  assert.match(stderr, /^Monitors at step 80, over 500 samples \(train\):\nLayer +Mean/m)
  assert.ok(events.indexOf(warnings[0]) > events.findIndex(({ event }) => event === 'probe'))
})

test('without --probe only warnings are printed, and with 0 not even these', () => {
  const { events, stderr } = trainJson(native, short)
  assert.deepEqual(monitors(events), [])
  assert.doesNotMatch(stderr, /Monitors|Warning|Dead/)
  const bad = trainJson(native, [...short, '--lr', '0.5'])
  const warnings = bad.of('warning')
  assert.ok(warnings.some(({ code }) => code === 'silent_units'))
  assert.deepEqual(monitors(bad.events), warnings)
  assert.deepEqual(bad.stderr.split('\n').filter((line) => line.startsWith('Warning: ')), warnings.map(({ message }) => `Warning: ${message}`))
  assert.doesNotMatch(bad.stderr, /Monitors|Dead/)
  const none = trainJson(native, [...short, '--lr', '0.5', '--probe', '0'])
  assert.deepEqual(monitors(none.events), [])
  assert.equal(none.hash, bad.hash)
})

test('what a run has recorded is the same in the checkpoints of both command lines', async () => {
  const folder = temporaryFolder()
  const [one, two] = [native, headless].map((program) => {
    const file = join(folder, `${program.name}.checkpoint`)
    runWell(program, ['train', ...short, '--lr', '0.1', '--checkpoint', file])
    return readFileSync(file)
  })
  assert.deepEqual(two, one)
  const run = await session({ epochs: 2, lr: 0.1, data: 'small' }, smallFiles())
  while (run.advance().event !== 'done');
  const { looks } = run.looks()
  assert.deepEqual(looks.map(({ step }) => step), [0, 1, 2, 4, 8, 16, 32, 64, 80])
  run.delete()
  const resumed = await session({ epochs: 2, lr: 0.1, data: smallData() }, smallFiles())
  resumed.restore(new Uint8Array(one))
  assert.deepEqual(resumed.looks().looks, looks)
  resumed.delete()
})

for (const program of [native, headless]) {
  test(`${program.name}: a bad interval is refused in one sentence`, () => {
    const { status, stderr } = run(program, ['train', ...short, '--probe', '-1'])
    assert.equal(status, 2)
    assert.equal(stderr, 'error: probe is -1, but it must be auto or a whole number from 0 to 1000000000\n')
  })
}

/** A session in this process, on the small data. @param {object} config @param {Record<string, Uint8Array>} [files] */
async function session(config, files = smallFiles(600, 200)) {
  const folder = join(root, 'build/wasm')
  const core = await loadCore({
    moduleUrl: pathToFileURL(join(folder, 'reluscope.mjs')).href,
    wasmBinary: new Uint8Array(readFileSync(join(folder, 'reluscope.wasm'))),
  })
  const bytes = (/** @type {string} */ name) => new Uint8Array(files[name])
  const dataset = core.createDataset({
    name: 'small',
    trainImages: bytes('train-images-idx3-ubyte'),
    trainLabels: bytes('train-labels-idx1-ubyte'),
    testImages: bytes('t10k-images-idx3-ubyte'),
    testLabels: bytes('t10k-labels-idx1-ubyte'),
  })
  return core.createSession(dataset, { model, batch: 50, ...config })
}

test('a session answers on demand: units, gradients once watched, components, classes', async () => {
  const run = await session({ probe: 0 })
  const before = run.probe({ gradients: true, components: ['act1'] })
  assert.equal(before.step, 0)
  assert.equal(before.gradients, null)
  assert.deepEqual(before.layers.map(({ name }) => name), ['fc1', 'act1', 'fc2', 'act2', 'fc3'])
  assert.equal(before.layers[1].firing?.length, 40)
  assert.deepEqual(before.layers[1].regimes?.map(({ name, from, to }) => [name, from, to]), [['off', null, 0], ['linear', 0, null]])
  assert.deepEqual(before.layers[3].slopes, { name: 'weight', symbol: 'α', values: [0.25] })
  assert.equal(before.components?.[0].labels.length, 250)
  assert.equal(before.components?.[0].coordinates.length, 750)
  assert.deepEqual([run.warnings(), run.looks().looks, before.layers[1].dead], [[], [], undefined])
  run.advance()
  const after = run.probe({ everywhere: true, components: ['fc1', 'act1'] })
  assert.equal(after.gradients?.step, 1)
  assert.equal(after.gradients?.activations[0].negative_share, 0)
  assert.ok((after.gradients?.activations[1].negative_share ?? 0) > 0)
  assert.ok(Array.isArray(after.layers[1].dead))
  assert.deepEqual([before, after].map(({ components }) => components?.map(({ name }) => name)), [['act1'], ['fc1', 'act1']])
  // The sign of the components does not flip from one step to the next.
  const product = (/** @type {number} */ k) => (after.components?.[1].coordinates ?? [])
    .reduce((sum, value, at) => sum + (at % 3 === k ? value * (before.components?.[0].coordinates[at] ?? 0) : 0), 0)
  for (const k of [0, 1, 2]) assert.ok(product(k) > 0)
  const report = run.classes(5)
  assert.equal(report.samples, 200)
  assert.equal(report.confusion.flat().reduce((sum, count) => sum + count, 0), 200)
  assert.equal(report.hardest.length, 5)
  assert.equal(report.correct, run.evaluate().correct)
  assert.deepEqual([...report.labels.entries()].filter(([i, label]) => report.predictions[i] === label).length, report.correct)
  assert.equal(report.predictions[report.hardest[0].index], report.hardest[0].prediction)
  assert.equal(run.epochClasses(), null)
  let part = run.classesPart(5, 60)
  for (let parts = 1; parts < 4; parts++) {
    assert.equal(part, null)
    run.probe()
    part = run.classesPart(5, 60)
  }
  assert.deepEqual(part, report)
  const { shape, values } = run.parameter('fc2.weight')
  assert.deepEqual([shape, values.length], [[24, 40], 960])
  assert.throws(() => run.parameter('fc9.weight'), { message: 'parameter is "fc9.weight", but it must be fc1.weight, fc1.bias, fc2.weight, fc2.bias, act2.weight, fc3.weight or fc3.bias' })
  while (run.advance().event !== 'epoch');
  assert.deepEqual(run.epochClasses(), { ...run.classes(10), epoch: 1, step: run.position().step })
  run.delete()
})

test('a session rejects invalid requests', async () => {
  const run = await session({})
  const refused = (/** @type {() => void} */ ask, /** @type {string} */ message) => assert.throws(ask, (error) => {
    assert.ok(error instanceof CoreError)
    assert.equal(error.message, message)
    return true
  })
  refused(() => run.probe({ components: ['fc1', 'act9'] }), 'probe: components names "act9", but it must name layers: fc1, act1, fc2, act2 or fc3')
  refused(() => run.probe(/** @type {any} */ ({ components: 'act1' })), 'probe: components is "act1", but it must be a list of layers: fc1, act1, fc2, act2 or fc3')
  refused(() => run.probe(/** @type {any} */ ({ units: true })), 'probe: "units" is not a request: known are components, everywhere and gradients')
  refused(() => run.look(7), 'no look was recorded, or is kept, after step 7')
  refused(() => run.classes(-1), 'hardest is -1, but it must be a whole number from 0 to 10000')
  refused(() => run.classesPart(-1, 10), 'hardest is -1, but it must be a whole number from 0 to 10000')
  run.delete()
})
