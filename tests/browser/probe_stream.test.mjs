// The stream of snapshots: their frequency, and that a snapshot equals the core's values at that step.
import assert from 'node:assert/strict'
import { after, before, mock, test } from 'node:test'
import { ProbeStream } from '../../web/engine/worker/probe_stream.js'
import { headless, trainJson } from '../node/support.mjs'
import { openPage, openSite } from './support.mjs'

/**
 * A stream with a simulated clock and snapshots of a given cost in milliseconds.
 * @param {{every?: number, cost?: number}} [options]
 */
function streamOf({ every = 0, cost = 10 } = {}) {
  const clock = { now: 0 }
  mock.method(performance, 'now', () => clock.now)
  /** @type {any[]} */
  const looks = []
  const stream = new ProbeStream({
    every, layers: ['fc1', 'act1'], post: () => {},
    look: (request) => {
      clock.now += cost
      looks.push(request)
      return /** @type {any} */ ({})
    },
  })
  return { clock, looks, stream }
}

test('the next snapshot waits until the last one is drawn; without watchers there are no snapshots', () => {
  const { looks, stream } = streamOf()
  stream.send(false)
  assert.equal(looks.length, 0)
  stream.watch({}, false)
  assert.equal(looks.length, 1)
  stream.onStep(1, false, 1)
  stream.send(false)
  assert.equal(looks.length, 1)
  stream.drawn(false)
  assert.equal(looks.length, 2)
  stream.drawn(false)
  assert.equal(looks.length, 2)
  stream.watch(null, false)
  stream.onStep(2, false, 1)
  stream.send(false)
  assert.equal(looks.length, 2)
  mock.restoreAll()
})

test('snapshots take a small share of the training time, including the cost of recording gradients', () => {
  for (const gradients of [false, true]) {
    const { clock, looks, stream } = streamOf({ cost: 12 })
    stream.watch({ gradients }, true)
    let noting = 0
    let noted = looks.length
    for (let step = 1; clock.now < 60_000; step++) {
      // A step that records its gradients takes longer.
      const took = gradients && looks.length > noted ? 4 : 1
      noted = looks.length
      noting += took - 1
      clock.now += took
      stream.onStep(step, false, took)
      stream.drawn(true)
      stream.send(true)
    }
    const spent = 12 * looks.length + noting
    assert.ok(spent < 0.065 * clock.now, `${spent} of ${clock.now} ms`)
    assert.ok(looks.length > 100, `${looks.length} looks`)
    mock.restoreAll()
  }
})

test('a run with its own probe interval gives snapshots at those steps only', () => {
  const { looks, stream } = streamOf({ every: 5 })
  /** @type {number[]} */
  const at = []
  stream.watch({ gradients: true, components: 'act9' }, false)
  for (let step = 1; step <= 12; step++) {
    stream.drawn(true)
    const before = looks.length
    stream.onStep(step, step === 12, 1)
    stream.send(false)
    if (looks.length > before) at.push(step)
  }
  assert.deepEqual(at, [5, 10, 12])
  assert.deepEqual(looks[0], { gradients: false, everywhere: false })
  mock.restoreAll()
})

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

test('snapshots equal those of the command line at the same step, while stepping and training, for all watchers', async () => {
  const { page, troubles, close } = await openPage(site)
  const config = { model: 'dense 48 | prelu | dense 10', train_samples: 2000, epochs: 1, lr: 0.05, probe: 8, threads: 1 }
  const snapshots = await page.evaluate(async ({ address, config }) => {
    const { createEngine } = await import(address)
    const engine = await createEngine()
    /** @type {any[]} */
    const seen = []
    engine.on('probe', (/** @type {any} */ snapshot) => seen.push(snapshot))
    await engine.watchProbe('units', { everywhere: true })
    await engine.configure(config)
    const until = async (/** @type {() => boolean} */ reached) => {
      while (!reached()) await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const looked = (/** @type {number} */ step) => until(() => seen.at(-1)?.step === step)
    await looked(0)
    await engine.watchProbe('hidden', { components: 'act1' })
    await until(() => seen.length === 2)
    for (let step = 1; step <= 20; step++) {
      await engine.step()
      await looked(step - (step % 8))
    }
    await engine.train()
    await looked(32)
    await engine.watchProbe('units', null)
    await engine.watchProbe('hidden', null)
    engine.close()
    return seen
  }, { address: `${site.url}engine/engine.js`, config })
  const args = Object.entries(config).flatMap(([name, value]) => [`--${name}`, String(value)])
  const lines = new Map(trainJson(headless, args).of('probe').map((line) => [line.step, line]))
  assert.deepEqual(snapshots.map(({ step }) => step).filter((step) => step <= 20), [0, 0, 8, 16], 'a second look where more is asked for')
  assert.equal(snapshots.at(-1).components.coordinates.length, 750)
  for (const snapshot of snapshots) {
    for (const layer of snapshot.layers) {
      for (const key of ['silent_everywhere', 'dead_everywhere']) {
        if (layer.kind === 'activation') assert.ok(Array.isArray(layer[key]))
        delete layer[key]
      }
    }
    const { step, lr, part, samples, loss, layers, gradients } = lines.get(snapshot.step)
    const said = { step, lr, part, samples, loss, layers, gradients }
    assert.deepEqual(Object.fromEntries(Object.keys(said).map((key) => [key, snapshot[key]])), said, `step ${step}`)
  }
  assert.deepEqual(troubles, [])
  await close()
})
