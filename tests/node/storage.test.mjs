// The storage of runs, with files in memory that simulate failures of a browser: truncated at any byte, damaged,
// storage full, and a worker that ends during a write. Also tests the saved runs of the engine in Node.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { crc32 } from '../../web/engine/storage/crc32.js'
import { memoryFiles } from '../../web/engine/storage/browser_files.js'
import { createEngine } from '../../web/node/node.mjs'
import { Storage, aboutOf, seal, unseal } from '../../web/engine/storage/storage.js'
import { wordsOf } from '../../web/engine/error_words.js'
import { crc32Of } from './png.mjs'
import { root } from './support.mjs'

/** @typedef {import('../../web/engine/storage/browser_files.js').Files} Files */

const lines = { text: ['one', 'two'], json: ['{}'], csv: [] }
const bytesOf = (/** @type {number} */ step) => Uint8Array.from({ length: 40 }, (_, i) => (step * 7 + i) % 256)

/** The description of a run at a step. */
const stand = (/** @type {number} */ step) => ({
  data: 'mnist', model: 'dense 10', step, totalSteps: 100, epoch: 1, epochs: 1, phase: 'training', savedAt: 1,
})

/** @param {number} step @param {string} [name] */
const entry = (step, name = 'Run 1') => ({ ...stand(step), name, config: { data: 'mnist', model: 'dense 10', events: [] }, metrics: { points: [[step, 0.5]] } })

/** @param {number} step */
const state = (step) => ({ checkpoint: bytesOf(step), lines })

/** Saves a run at a step. @param {Storage} storage @param {{savedAs?: string}} run @param {number} step */
const save = (storage, run, step) => storage.saveRun(run, entry(step), state(step))

/**
 * Files whose writes fail after `limit` bytes: the storage is full, or the worker has ended and does nothing more.
 * @param {Files} files @param {number} limit @param {'full' | 'ended'} why @returns {Files} */
function breaking(files, limit, why) {
  let over = false
  const error = why === 'full' ? new DOMException('no', 'QuotaExceededError') : new Error('ended')
  return {
    ...files,
    async write(name, bytes) {
      if (over) throw error
      await files.write(name, bytes.subarray(0, limit))
      if (limit >= bytes.length) return
      over = why === 'ended'
      throw error
    },
    remove: async (name) => over ? Promise.reject(error) : files.remove(name),
  }
}

/** @param {Uint8Array} bytes */
const file = (bytes) => new Blob([/** @type {any} */ (bytes)])

test('the checksum is CRC-32 for every length and position of a byte', () => {
  assert.equal(crc32(new TextEncoder().encode('123456789')), 0xcbf43926)
  for (let length = 0; length <= 40; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 167 + length * 29) % 256)
    assert.equal(crc32(bytes), crc32Of(bytes), `${length} bytes`)
    assert.equal(crc32(bytes.subarray(3)), crc32Of(bytes.subarray(3)), `${length} bytes from the fourth on`)
  }
})

test('a sealed file is read back, and rejected with any bit changed or truncated', async () => {
  const whole = seal(7, { step: 3 }, { checkpoint: bytesOf(1), lines })
  assert.deepEqual(await unseal(file(whole)), { sequence: 7, about: { step: 3 }, checkpoint: bytesOf(1), lines })
  assert.equal((await unseal(file(seal(1, {}, {}))))?.checkpoint.length, 0)
  for (let at = 0; at < whole.length; at++) {
    const damaged = whole.slice()
    damaged[at] ^= 1 << (at % 8)
    assert.equal(await unseal(file(damaged)), undefined, `byte ${at}`)
    assert.equal(await unseal(file(whole.subarray(0, at))), undefined, `the first ${at} bytes`)
    assert.equal(await aboutOf(file(whole.subarray(0, at))), undefined, `the first ${at} bytes`)
  }
  assert.equal(await unseal(file(new Uint8Array([...whole, 0]))), undefined)
  assert.equal(await unseal(undefined), undefined)
})

for (const why of /** @type {const} */ (['full', 'ended'])) {
  test(`a write of a slot that fails after any byte (${why}) keeps the previous one`, async () => {
    const size = seal(3, stand(30), state(30)).length
    for (let limit = 0; limit <= size; limit++) {
      const files = memoryFiles()
      const before = new Storage(files)
      await before.writeAutosave(stand(10), state(10))
      await before.writeAutosave(stand(20), state(20))
      const then = new Storage(breaking(files, limit, why))
      const written = await then.writeAutosave(stand(30), state(30)).then(() => true, () => false)
      assert.equal(written, limit >= size)
      const found = await new Storage(files).latestAutosave()
      assert.equal(found?.about.step, written ? 30 : 20, `after ${limit} bytes`)
      assert.deepEqual(found?.checkpoint, bytesOf(written ? 30 : 20))
      // The next save overwrites the incomplete one.
      await new Storage(files).writeAutosave(stand(40), state(40))
      assert.equal((await new Storage(files).latestAutosave())?.about.step, 40)
    }
  })

  test(`a write of an entry that fails after any byte (${why}) keeps the old entry, and no other`, async () => {
    const run = { savedAs: undefined }
    const probe = new Storage(memoryFiles())
    const size = (await save(probe, run, 20)).bytes
    for (let limit = 0; limit <= size; limit++) {
      const files = memoryFiles()
      const [one, two] = /** @type {{savedAs?: string}[]} */ ([{}, {}])
      const first = new Storage(files)
      await save(first, one, 10)
      await save(first, two, 5)
      const then = new Storage(breaking(files, limit, why))
      const outcome = await save(then, one, 20).then(() => '', wordsOf)
      const broken = limit < size
      if (why === 'full') assert.equal(outcome, broken ? 'the browser gives this page no more storage' : '')
      else assert.equal(Boolean(outcome), broken)
      const after = new Storage(files)
      const found = new Map((await after.runs()).map(({ id, step }) => [id, step]))
      assert.deepEqual(found, new Map([[two.savedAs, 5], [one.savedAs, broken ? 10 : 20]]), `after ${limit} bytes`)
      assert.deepEqual((await after.stateOf(one.savedAs ?? '')).checkpoint, bytesOf(broken ? 10 : 20))
      if (why === 'full') assert.equal((await files.list()).length, 2)
      await save(after, one, 30)
      assert.equal((await files.list()).length, 2, 'what was left is cleared by the next save')
      assert.deepEqual((await after.stateOf(one.savedAs ?? '')).checkpoint, bytesOf(30))
    }
  })
}

test('a worker that ends before the old entry is removed leaves the new one', async () => {
  const files = memoryFiles()
  /** @type {{savedAs?: string}} */
  const run = {}
  await save(new Storage(files), run, 10)
  await save(new Storage({ ...files, remove: () => Promise.reject(new Error('ended')) }), run, 20).catch(() => {})
  assert.equal((await files.list()).length, 2)
  const storage = new Storage(files)
  assert.deepEqual((await storage.runs()).map(({ step }) => step), [20])
  assert.deepEqual((await storage.stateOf(run.savedAs ?? '')).checkpoint, bytesOf(20))
  await storage.deleteRun(run.savedAs ?? '')
  assert.deepEqual(await files.list(), [])
})

test('a run has one entry with a fixed name; a newer entry is not overwritten, a deleted one is recreated', async () => {
  const storage = new Storage(memoryFiles())
  /** @type {{savedAs?: string}} */
  const run = {}
  const [first, second] = await Promise.all([save(storage, run, 10), save(storage, run, 20)])
  assert.equal(first.id, second.id)
  assert.equal(run.savedAs, first.id)
  await Promise.all([storage.renameRun(first.id, 'mine'), save(storage, run, 30)])
  const [only, ...others] = await storage.runs()
  assert.deepEqual([only.name, only.step, only.id, others], ['mine', 30, first.id, []])
  assert.deepEqual(only.metrics, { points: [[30, 0.5]] })
  assert.deepEqual((await storage.stateOf(first.id)).lines, lines)

  const older = { savedAs: first.id }
  const beside = await save(storage, older, 25)
  assert.notEqual(beside.id, first.id)
  assert.deepEqual((await storage.runs()).map(({ id, step }) => [id, step]), [[beside.id, 25], [first.id, 30]])

  await storage.deleteRun(beside.id)
  const anew = await save(storage, older, 26)
  assert.ok(Number(anew.id) > Number(beside.id), 'no id comes twice')
  await assert.rejects(storage.stateOf(beside.id), /^Error: the run \d+ is not in this browser's storage any more, or damaged$/)
  await assert.rejects(storage.renameRun('1', 'x'), /the run 1 is not in this browser's storage/)
  await storage.saveRun({}, entry(1, 'bare'), {})
  const [bare] = await storage.runs()
  assert.equal(bare.hasCheckpoint, false)
  await assert.rejects(storage.stateOf(bare.id), /the run "bare" was saved without a checkpoint/)
})

const skip = existsSync(join(root, 'build', 'site', 'engine', 'worker', 'worker.js')) ? false : 'build/site is not built'

test('the engine in Node stores a run, opens it at its step and resumes to the weights of an uninterrupted run', { skip }, async () => {
  const engine = await createEngine()
  const config = { model: 'dense 8 | relu | dense 10', train_samples: 500, epochs: 2, batch: 50, log_every: 3 }
  const trained = async () => {
    const done = new Promise((resolve) => engine.on('done', resolve))
    await engine.train()
    return { hash: (await done).weightsSha256, json: new TextDecoder().decode(await engine.save('jsonl')).replace(/"(?:seconds|samples_per_second)":[^,}]*/g, '') }
  }
  try {
    assert.deepEqual(await engine.startAutosave(), { by: 'nobody' })
    assert.equal((await engine.storageUsage()).where, 'memory')
    await engine.configure(config)
    const whole = await trained()
    await engine.configure(config)
    for (let i = 0; i < 13; i++) await engine.step()
    const stopped = await engine.weightsSha256()
    const saved = await engine.saveRun('Run 1', { points: [1] })
    await engine.renameRun(saved.id, 'mine')
    await engine.configure({ ...config, lr: 0.1 })
    await engine.step()
    await engine.saveRun('Run 2', {})
    const runs = await engine.savedRuns()
    assert.deepEqual(runs.map(({ name, step, totalSteps, epoch }) => [name, step, totalSteps, epoch]), [['Run 2', 1, 20, 1], ['mine', 13, 20, 2]])
    assert.deepEqual([runs[1].metrics, runs[1].config.batch, runs[1].hasCheckpoint], [{ points: [1] }, 50, true])

    const info = await engine.openRun(saved.id)
    assert.equal(info.savedAs, saved.id)
    assert.deepEqual([info.past?.progress?.step, info.past?.epochs.length, await engine.weightsSha256()], [13, 1, stopped])
    assert.ok(info.past?.lines.some((line) => /^\n?Test set: /.test(line)), info.past?.lines.join('\n'))
    assert.deepEqual(await trained(), whole)
    assert.equal((await engine.saveRun('another name', {})).name, 'mine')
    assert.deepEqual((await engine.savedRuns()).map(({ name, step, phase }) => [name, step, phase]), [['Run 2', 1, 'training'], ['mine', 20, 'done']])
    await engine.deleteRun(saved.id)
    assert.deepEqual((await engine.savedRuns()).map(({ name }) => name), ['Run 2'])
    await assert.rejects(engine.openRun(saved.id), { name: 'EngineError', message: /is not in this browser's storage any more/ })
  } finally {
    engine.close()
  }
})
