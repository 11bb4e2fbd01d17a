// The times of snapshots and of autosaves, with a simulated clock; and the positions of a curve.
import assert from 'node:assert/strict'
import test, { afterEach, mock } from 'node:test'
import { Autosave } from '../../web/engine/storage/autosave.js'
import { ProbeStream } from '../../web/engine/worker/probe_stream.js'
import { curveOf } from '../../web/charts/curve.js'

const clock = { now: 0 }
const start = (now = 0) => {
  clock.now = now
  mock.method(performance, 'now', () => clock.now)
}
afterEach(() => mock.restoreAll())

/** @param {{cost?: number}} [options] */
function streamOf({ cost = 0 } = {}) {
  start()
  /** @type {any[]} */
  const looks = []
  const stream = new ProbeStream({ layers: ['fc1', 'act1'], post: () => {}, look: (request) => {
    clock.now += cost
    looks.push(request)
    return /** @type {any} */ ({})
  } })
  /** @param {number} now @param {number} [took] */
  const at = (now, took = 0) => {
    clock.now = now
    stream.drawn(true)
    stream.onStep(took)
    stream.send(true)
    return looks.length
  }
  return { stream, looks, at }
}

test('while training 200 ms pass between two snapshots', () => {
  const { stream, at } = streamOf()
  stream.watch({}, true)
  assert.deepEqual([at(0), at(199), at(200), at(201), at(399), at(400)], [1, 1, 2, 2, 2, 3])
})

test('snapshots may take 250 ms initially, and then 20 ms of each second', () => {
  const { stream, at } = streamOf({ cost: 100 })
  stream.watch({}, true)
  // Three snapshots use 300 ms of a budget of 250 ms plus 2% of the elapsed time. The fourth waits until the budget is
  // positive again: at 2,500 ms.
  assert.deepEqual([at(300), at(600)], [2, 3])
  assert.deepEqual([at(1000), at(2490), at(2510)], [3, 3, 4])
})

test('the time of a step that recorded gradients counts', () => {
  const { stream, at } = streamOf({ cost: 0 })
  stream.watch({ gradients: true }, true)
  assert.equal(at(100, 300), 1)
  assert.equal(at(2400, 300), 1)
  // 250 ms less 300 ms, plus 2% of the 2,600 ms since.
  assert.equal(at(2600, 300), 2)
})

test('a request for more than the previous one is answered at once', () => {
  const { stream, looks } = streamOf()
  stream.watch({}, false)
  stream.drawn(false)
  stream.watch({}, false)
  assert.equal(looks.length, 1)
  stream.watch({ everywhere: true }, false)
  stream.drawn(false)
  stream.watch({ components: ['act1'] }, false)
  stream.drawn(false)
  // A layer that this run lacks is left out; fewer layers than before are no reason for a new snapshot.
  stream.watch({ components: ['act1', 'act9', 'fc1'] }, false)
  stream.drawn(false)
  stream.watch({ components: ['fc1'] }, false)
  const plain = { gradients: false, everywhere: false, components: [] }
  assert.deepEqual(looks, [plain, { ...plain, everywhere: true }, { ...plain, components: ['act1'] }, { ...plain, components: ['act1', 'fc1'] }])
})

/** @param {number} cost milliseconds of a save */
async function autosaveOf(cost) {
  start(100_000)
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator')
  Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true })
  /** @type {number[]} */
  const saved = []
  const autosave = new Autosave(() => {})
  autosave.open = /** @type {any} */ (async () => ({ files: { kind: 'database' }, latestAutosave: async () => undefined, writeAutosave: async () => {
    saved.push(clock.now)
    clock.now += cost
  } }))
  await autosave.begin()
  if (before) Object.defineProperty(globalThis, 'navigator', before)
  else Reflect.deleteProperty(globalThis, 'navigator')
  const run = /** @type {any} */ ({ lines: {}, info: { config: {}, totalSteps: 1 }, session: { bound: {}, position: () => ({}), checkpoint: () => new Uint8Array() } })
  /** @param {number} now @param {'slice' | 'epoch' | 'stop'} after */
  const at = async (now, after) => {
    clock.now = now
    autosave.moved(run, after)
    await new Promise((done) => setImmediate(done))
    return saved.length
  }
  return { autosave, at }
}

test('a run is autosaved every ten seconds, at an epoch if that takes at most a fiftieth of the time, and at each stop', async () => {
  const { autosave, at } = await autosaveOf(100)
  assert.equal(await at(100_000, 'slice'), 1)
  assert.equal(await at(109_999, 'slice'), 1)
  assert.equal(await at(110_000, 'slice'), 2)
  // A save took 100 ms: the next one may follow five seconds later.
  assert.equal(await at(114_999, 'epoch'), 2)
  assert.equal(await at(115_000, 'epoch'), 3)
  assert.equal(await at(115_200, 'stop'), 4)
  autosave.held = true
  assert.equal(await at(900_000, 'stop'), 4)
})

test('the curve of an activation extends from −4 to 4, with the given or default parameters', async () => {
  /** @type {any[]} */
  const asked = []
  const engine = /** @type {any} */ ({ curve: async (/** @type {any[]} */ ...args) => {
    asked.push(args)
    return { y: 1, dy: 2 }
  } })
  const activation = /** @type {any} */ ({ name: 'rrelu', parameters: [{ default: 0.125 }, { default: 0.5 }] })
  const curve = await curveOf(engine, activation, [0])
  assert.deepEqual([curve.y, curve.dy, curve.xs.length, curve.xs[0], curve.xs[1], curve.xs[64], curve.xs[128]], [1, 2, 129, -4, -3.9375, 0, 4])
  await curveOf(engine, activation)
  assert.deepEqual(asked.map(([name, parameters]) => [name, parameters]), [['rrelu', [0, 0.5]], ['rrelu', [0.125, 0.5]]])
})
