// The stream of live snapshots: their frequency. And what a run records of its units: the same in a page, watched or not, as on the
// command line.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, mock, test } from 'node:test'
import { ProbeStream } from '../../web/engine/worker/probe_stream.js'
import { createEngine } from '../../web/node/node.mjs'
import { headless, native, temporaryFolder, trainJson } from '../node/support.mjs'
import { openPage, openSite } from './support.mjs'

/**
 * A stream with a simulated clock and snapshots of a given cost in milliseconds.
 * @param {{cost?: number}} [options]
 */
function streamOf({ cost = 10 } = {}) {
  const clock = { now: 0 }
  mock.method(performance, 'now', () => clock.now)
  /** @type {any[]} */
  const looks = []
  const stream = new ProbeStream({
    layers: ['fc1', 'act1'], post: () => {},
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
  stream.onStep(1)
  stream.send(false)
  assert.equal(looks.length, 1)
  stream.drawn(false)
  assert.equal(looks.length, 2)
  stream.drawn(false)
  assert.equal(looks.length, 2)
  stream.watch(null, false)
  stream.onStep(1)
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
      stream.onStep(took)
      stream.drawn(true)
      stream.send(true)
    }
    const spent = 12 * looks.length + noting
    assert.ok(spent < 0.03 * clock.now, `${spent} of ${clock.now} ms`)
    assert.ok(looks.length > 60, `${looks.length} looks`)
    mock.restoreAll()
  }
})

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

/**
 * Trains a run in a page whose lab has no view. watched: a display asks for live snapshots meanwhile.
 * @param {Record<string, any>} config @param {boolean} watched
 */
async function trainInPage(config, watched) {
  const { page, troubles, close } = await openPage(site)
  const found = await page.evaluate(async ({ url, config, watched }) => {
    const { createEngine } = await import(`${url}engine/engine.js`)
    const { Lab } = await import(`${url}parts/lab/lab.js`)
    /** @type {import('../../web/engine/engine.js').Engine} */
    const engine = await createEngine()
    /** @type {import('../../web/lab/lab.js').Lab} */
    const lab = new Lab(engine)
    if (watched) await engine.watchProbe('view', { gradients: true, components: ['fc1', 'act1'] })
    const checked = () => new Promise((done) => {
      const stop = lab.on('dead', () => done(stop()))
    })
    let grown = 0
    lab.on('looks', () => (grown += 1))
    /** @type {any[]} */
    const warned = []
    lab.on('warning', (warning) => warned.push(warning))
    await lab.takeUp(() => engine.configure(config))
    const finished = checked()
    await lab.toggle()
    await finished
    const { probes: { looks, latest }, warnings, dead } = lab
    const details = await Promise.all(looks.map(({ step }) => engine.look(step)))
    const lives = (await engine.probe()).layers[1].lives
    const lines = new TextDecoder().decode(await engine.save('jsonl')).trim().split('\n').map((line) => JSON.parse(line))
    const bytes = await engine.checkpoint()
    const again = checked()
    await lab.takeUp(() => engine.restore(bytes))
    await again
    const resumed = { looks: lab.probes.looks, warnings: lab.warnings, dead: lab.dead }
    engine.close()
    return { looks, live: latest?.step ?? -1, warnings, warned, dead, details, lives, lines, grown, resumed }
  }, { url: site.url, config, watched })
  assert.deepEqual(troubles, [])
  await close()
  return found
}

const config = { model: 'dense 48 | relu | dense 16 | prelu | dense 10', train_samples: 2000, epochs: 2, lr: 0.05, threads: 1 }
/** @param {Record<string, any>} of */
const flagsOf = (of) => Object.entries(of).flatMap(([name, value]) => [`--${name}`, String(value)])

test('with probe N a page records what the command line prints, at each step, watched or not', async () => {
  const own = { ...config, probe: 8 }
  const { of } = trainJson(headless, flagsOf(own))
  const lines = of('probe')
  assert.ok(lines.some(({ layers }) => layers[1].lives.some((/** @type {any} */ { revived }) => revived)), 'some units revive')
  for (const watched of [false, true]) {
    const found = await trainInPage(own, watched)
    for (const kind of ['probe', 'warning', 'dead']) assert.deepEqual(found.lines.filter(({ event }) => event === kind), of(kind), kind)
    assert.deepEqual(found.looks.map(({ step }) => step), lines.map(({ step }) => step))
    found.looks.forEach((look, i) => {
      const { step, epoch, lr, layers, gradients } = lines[i]
      const activations = [layers[1], layers[3]]
      assert.deepEqual({ ...look, flow: null }, {
        index: i, step, epoch, lr, flow: null, layers: activations.map(({ layer, units, silent, mean, deviation, sparsity, slopes }) => (
          { layer, units, silent: silent.length, mean, deviation, sparsity, ...(slopes ? { slopes: slopes.values } : {}) })),
      })
      const emptied = gradients && { ...gradients, activations: gradients.activations.map((/** @type {any} */ row) => ({ ...row, silent_on_batch: [] })) }
      assert.deepEqual(look.flow, emptied, `flow at step ${step}`)
      assert.deepEqual(found.details[i].layers, activations.map(({ lives: _, ...rest }) => rest), `step ${step}`)
    })
    assert.deepEqual(found.lives, lines.at(-1).layers[1].lives)
    assert.deepEqual(found.warnings, of('warning').map(({ code, layer, message, step }) => ({ code, layer, message, step })))
    assert.deepEqual(found.warned, found.warnings)
    const [{ step, samples, layers }] = of('dead')
    assert.deepEqual(found.dead, { step, samples, layers: layers.map((/** @type {any} */ { text: _, ...row }) => row) })
    assert.deepEqual(found.resumed, { looks: found.looks, warnings: found.warnings, dead: found.dead })
    assert.equal(found.live >= 0, watched || found.live === 0, 'live snapshots without a watcher: at most the one of a new run')
    assert.ok(found.grown > 0)
  }
})

test('by default a page records the looks that are in the checkpoint of the command line, watched or not', async () => {
  const file = join(temporaryFolder(), 'run.checkpoint')
  const { of } = trainJson(native, [...flagsOf(config), '--checkpoint', file])
  const engine = await createEngine()
  const { recorded } = await engine.restore(new Uint8Array(readFileSync(file)))
  engine.close()
  assert.deepEqual(recorded?.looks.map(({ step }) => step), [0, 1, 2, 4, 8, 16, 32, 64])
  for (const watched of [false, true]) {
    const found = await trainInPage(config, watched)
    assert.deepEqual(found.looks, recorded?.looks)
    assert.deepEqual(found.warnings, recorded?.warnings)
    assert.deepEqual(found.warnings.map(({ message }) => message), of('warning').map(({ message }) => message))
    assert.deepEqual(found.resumed.looks, found.looks)
  }
})
