// The engine as a library: the example of the documentation, in another page in Chromium and in Node, prints the weight
// hash of the command line. Also tests the answers of the engine in Node.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createEngine } from '../../web/node/node.mjs'
import { headless, root, trainJson } from '../node/support.mjs'
import { openSite } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite({ whole: true })
})
after(() => site?.close())

const text = readFileSync(join(root, 'web/docs/engine.md'), 'utf8')

/** The example of the documentation. @param {string} where */
function example(where) {
  const code = text.match(new RegExp(`\`\`\`js ${where}\\n([\\s\\S]*?)\`\`\``))?.[1]
  assert.ok(code, `an example for ${where}`)
  assert.ok(code.trim().split('\n').length <= 15)
  return code
}

const expected = () => {
  const { hash, of } = trainJson(headless, ['--model', 'dense 64 | relu | dense 10', '--epochs', '1', '--train_samples', '10000'])
  return [`epoch 1: ${of('epoch')[0].test_accuracy}`, `weights ${hash}`, 'a 7, read as 7']
}

test('the example for pages, in another page', async () => {
  const context = await site.browser.newContext({ serviceWorkers: 'block' })
  const page = await context.newPage()
  await page.route('**/other.html', (route) => route.fulfill({ contentType: 'text/html', body: '<!doctype html><script type="module" src="example.js"></script>' }))
  await page.route('**/example.js', (route) => route.fulfill({ contentType: 'text/javascript', body: example('page') }))
  /** @type {string[]} */
  const printed = []
  page.on('console', (message) => printed.push(message.text()))
  page.on('pageerror', (error) => printed.push(String(error)))
  await page.goto(`${site.url}other.html`)
  const wanted = expected()
  for (let i = 0; i < 600 && printed.length < wanted.length; i++) await page.waitForTimeout(100)
  assert.deepEqual(printed.filter((line) => !line.includes('404')), wanted)
  await context.close()
})

/** The lines that a Node program prints. @param {string} program */
function printedBy(program) {
  const file = join(root, 'build', 'engine-example.mjs')
  writeFileSync(file, program)
  try {
    return execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 120_000 }).trim().split('\n')
  } finally {
    rmSync(file, { force: true })
  }
}

test('the example for Node, imported by package name; the program ends', () => {
  assert.deepEqual(printedBy(example('node')), expected())
})

test('the example of saved runs', () => {
  const [line, ...others] = printedBy(`import { createEngine } from 'reluscope/node'
    const engine = await createEngine()
    await engine.configure({ model: 'dense 8 | relu | dense 10', train_samples: 640, batch: 64, epochs: 3 })
    for (let i = 0; i < 12; i++) await engine.step()
    ${example('runs')}
    engine.close()`)
  // Weights and Adam's two moments, four bytes per number.
  const bytes = Number(line.match(/^(\d+) bytes: 12 of 30 steps, 1 epochs scored$/)?.[1])
  assert.ok(bytes > 3 * 4 * (784 * 8 + 8 + 8 * 10 + 10), line)
  assert.deepEqual(others, [])
})

test('scoring in parts gives the same classes; a step between two parts discards the partial result', async () => {
  const engine = await createEngine()
  try {
    await engine.configure({ model: 'conv 8x3 | relu | pool 2 | dense 10', train_samples: 500 })
    /** @type {string[]} */
    const order = []
    const overtaken = engine.classesInParts(3).then((report) => (order.push('classes'), report))
    await engine.step().then(() => order.push('step'))
    assert.equal(await overtaken, null)
    assert.deepEqual(order, ['step', 'classes'])
    const report = await engine.classesInParts(3)
    assert.equal(report?.samples, 10000)
    assert.deepEqual(report, { ...await engine.classes(3), epoch: 1, step: 1 })
  } finally {
    engine.close()
  }
})

test('after another image is chosen, the pending prediction of the previous one is dropped', async () => {
  const engine = await createEngine()
  try {
    await engine.configure({ model: 'dense 8 | relu | dense 10', train_samples: 500 })
    const [before, after] = (await engine.images('test', [3, 4])).map(({ pixels }) => pixels)
    const { probabilities } = await engine.predict(after)
    /** @type {number[][]} */
    const seen = []
    engine.on('snapshot', ({ prediction }) => seen.push([...prediction.probabilities]))
    await Promise.all([engine.watch('image', before), engine.watch('image', after)])
    for (let i = 0; seen.length < 1 && i < 600; i++) await new Promise((done) => setTimeout(done, 100))
    assert.deepEqual(seen, [[...probabilities]])
    await engine.watch('image', null)
    await engine.step()
    assert.equal(seen.length, 1)
  } finally {
    engine.close()
  }
})

test('in Node every refusal is a sentence too, and the engine continues', async () => {
  const engine = await createEngine()
  try {
    await assert.rejects(engine.configure({ model: 'dense 12 | what | dense 10' }), { name: 'EngineError', message: /"what" at position 12/ })
    await assert.rejects(engine.configure({ data: 'nowhere' }), /nowhere/)
    const run = await engine.configure({ model: 'dense 8 | relu | dense 10', train_samples: 500 })
    await engine.step()
    const [image] = [await engine.image('test', 3)]
    const { probabilities } = await engine.predict(image.pixels)
    assert.ok(Math.abs(probabilities.reduce((sum, p) => sum + p, 0) - 1) < 1e-5)
    assert.equal(run.totalSteps, 80)
  } finally {
    engine.close()
  }
  await assert.rejects(engine.step(), /was closed/)
  await assert.rejects(createEngine({ site: '/nowhere' }), /\/nowhere.*is missing: build the site/)
})
