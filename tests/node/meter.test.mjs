// The meter of a run: the points of the charts, the speed, and the remaining time.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Meter } from '../../web/engine/worker/meter.js'

/** @param {Meter} meter @param {number} samples */
const add = (meter, samples) => meter.addStep({ step: 1, loss: 1, accuracy: 0 }, samples)

test('a point is a mean over samples, not over steps', () => {
  const meter = new Meter(12_000)
  meter.addStep({ step: 1, loss: 1, accuracy: 0.5 }, 10)
  assert.equal(meter.takePoints().length, 0)
  meter.addStep({ step: 2, loss: 4, accuracy: 0.9 }, 30)
  assert.deepEqual([...meter.takePoints()], [2, 3.25, 0.8])
  meter.closePoint()
  assert.equal(meter.takePoints().length, 0)
  meter.addStep({ step: 3, loss: 8, accuracy: 0.25 }, 20)
  meter.closePoint()
  assert.deepEqual([...meter.takePoints()], [3, 8, 0.25])
})

test('a run of up to 6,000 steps has a point for each of them', () => {
  for (const [steps, each] of [[1, 1], [6000, 1], [6001, 2], [12_000, 2], [12_001, 3]]) {
    const meter = new Meter(steps)
    for (let step = 1; step <= 6; step++) meter.addStep({ step, loss: 0, accuracy: 0 }, 1)
    assert.equal(meter.takePoints().length / 3, 6 / each, `${steps} steps`)
  }
})

test('the remaining time is that of the samples at the current speed plus that of the scorings', () => {
  const meter = new Meter(100)
  assert.ok(Number.isNaN(meter.secondsLeft(1000, 0)))
  assert.equal(meter.samplesPerSecond, 0)
  meter.addWallTime(80)
  assert.ok(Number.isNaN(meter.secondsLeft(1000, 0)), 'no sample yet')
  add(meter, 100)
  assert.equal(meter.secondsLeft(1000, 0), 0.8)
  assert.equal(meter.secondsLeft(1000, 3), 0.8, 'nothing was scored yet')
  assert.equal(meter.secondsLeft(0, 0), 0)
  assert.equal(meter.samplesPerSecond, 1250)
  meter.addScoring(20, false)
  assert.equal(meter.secondsLeft(1000, 4), 0.8)
  meter.addScoring(105, true)
  assert.equal(meter.secondsLeft(1000, 4), 0.8 + 0.5)
  meter.addScoring(50, false)
  assert.equal(meter.secondsLeft(1000, 4), 0.8 + 0.5)
  meter.addScoring(200, true)
  assert.equal(meter.secondsLeft(1000, 4), 0.8 + 1)
})

test('before the first measurement there is neither a speed nor a remaining time', () => {
  const meter = new Meter(100)
  add(meter, 100)
  assert.equal(meter.samplesPerSecond, 0)
  assert.ok(Number.isNaN(meter.secondsLeft(1000, 0)))
})

test('the weight of a measurement halves in three seconds', () => {
  const meter = new Meter(100)
  add(meter, 300)
  meter.addWallTime(3000)
  // 150 samples in 1500 ms.
  assert.deepEqual([meter.samplesPerSecond, meter.secondsLeft(1000, 0)], [100, 10])
  add(meter, 100)
  meter.addWallTime(500)
  assert.deepEqual([meter.samplesPerSecond, meter.secondsLeft(1000, 0)], [125, 8])

  const before = new Meter(100)
  add(before, 300)
  before.addWallTime(2999)
  add(before, 100)
  assert.equal(before.samplesPerSecond, 400 / 2.999)
  assert.equal(before.secondsLeft(400, 0), 2.999)
})
