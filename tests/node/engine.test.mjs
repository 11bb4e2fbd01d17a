// The engine with workers that hang: which it terminates, which it waits for, and what it reports.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Engine } from '../../web/engine/engine.js'
import { version } from '../../web/engine/version.js'

// Sends a ping every 20 milliseconds.
const seconds = globalThis.setInterval
globalThis.setInterval = /** @type {any} */ ((/** @type {() => void} */ work, /** @type {number} */ ms) => seconds(work, ms / 100))

/**
 * A worker that answers with the result of `answers`; undefined means no answer.
 * @param {(type: string, count: number) => object | undefined} answers count: number of earlier requests of this type
 */
function fakeWorker(answers) {
  /** @type {Record<string, number>} */
  const counts = {}
  const worker = /** @type {any} */ ({
    ended: false,
    terminate: () => (worker.ended = true),
    postMessage(/** @type {{type: string, id: number}} */ { type, id }) {
      counts[type] = (counts[type] ?? -1) + 1
      const answer = answers(type, counts[type])
      if (answer) setTimeout(() => worker.onmessage({ data: { v: version, type: 'reply', id, ...answer } }))
    },
  })
  return worker
}

/**
 * @param {Parameters<typeof fakeWorker>[0][]} kinds of the workers in their starting order; the last kind repeats
 */
function engineOf(...kinds) {
  /** @type {any[]} */
  const workers = []
  const engine = new Engine(() => {
    workers.push(fakeWorker(kinds[Math.min(workers.length, kinds.length - 1)]))
    return workers.at(-1)
  }, { dataUrl: '' })
  return { engine, workers }
}

const good = (/** @type {string} */ type) => ({ result: type === 'open' ? { simdTarget: 'good' } : true })
const hung = (/** @type {string} */ type, /** @type {number} */ count) => (type === 'ping' && count === 0 ? { result: true } : undefined)

test('a worker that hangs before it is ready is replaced', async () => {
  const { engine, workers } = engineOf(hung, good)
  await engine.restart()
  assert.equal(engine.simdTarget, 'good')
  assert.deepEqual(workers.map(({ ended }) => ended), [true, false])
  engine.close()
})

test('if all workers hang, the third one leads to an error', async () => {
  const { engine, workers } = engineOf(hung)
  await assert.rejects(engine.restart(), /^EngineError: the engine does not answer: 3 workers were started, and each was silent for 10 seconds$/)
  assert.deepEqual(workers.map(({ ended }) => ended), [true, true, true])
})

test('a worker with a slow script, or one that responds while loading, is not replaced', async () => {
  const { engine, workers } = engineOf(() => undefined)
  const opening = engine.restart()
  await new Promise((done) => setTimeout(done, 300))
  assert.equal(workers.length, 1)
  engine.close()
  await assert.rejects(opening, /the engine was closed/)

  const loading = engineOf((type) => (type === 'ping' ? { result: true } : undefined))
  const other = loading.engine.restart()
  await new Promise((done) => setTimeout(done, 300))
  assert.equal(loading.workers.length, 1)
  loading.engine.close()
  await assert.rejects(other, /the engine was closed/)
})

test('a ready worker that hangs is reported as silent, not terminated, and its next answer is reported', async () => {
  let mute = false
  /** @type {(() => void)[]} */
  const late = []
  const { engine, workers } = engineOf(good)
  await engine.restart()
  const [worker] = workers
  const post = worker.postMessage
  worker.postMessage = (/** @type {any} */ message) => (mute ? late.push(() => post(message)) : post(message))
  mute = true
  await new Promise((done) => engine.on('silent', () => done(undefined)))
  assert.equal(worker.ended, false)
  mute = false
  const answers = new Promise((done) => engine.on('answers', () => done(undefined)))
  for (const each of late) each()
  await answers
  engine.close()
})

test('an error while opening is reported at once, without a retry', async () => {
  const { engine, workers } = engineOf((type) => (type === 'open' ? { error: 'no such thing' } : { result: true }))
  await assert.rejects(engine.restart(), /no such thing/)
  assert.equal(workers.length, 1)
  engine.close()
})
