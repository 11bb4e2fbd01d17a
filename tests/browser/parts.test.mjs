// Parts of the page that need no browser: the conversion of drawings, edits of the model's text, the address, colours,
// and the meter.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Meter } from '../../web/engine/worker/meter.js'
import { diverging, nanColour, roundUp } from '../../web/dom/colours.js'
import { toMnist } from '../../web/charts/digit.js'
import { readHash, writeHash } from '../../web/lab/hash.js'
import * as model from '../../web/lab/model_text.js'

const names = ['relu', 'elu', 'tanh']

/**
 * A pad of 280 by 280 pixels with ink in a rectangle.
 * @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1
 */
function rectangle(x0, y0, x1, y1) {
  const ink = new Uint8Array(280 * 280)
  for (let y = y0; y < y1; y++) ink.fill(255, y * 280 + x0, y * 280 + x1)
  return ink
}

/** @param {Uint8Array} pixels */
function extent(pixels) {
  const at = [...pixels.keys()].filter((i) => pixels[i] > 0)
  const xs = at.map((i) => i % 28)
  const ys = at.map((i) => Math.floor(i / 28))
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1]
}

test('a drawing fills the box of 20 by 20 and is centred, wherever it was drawn', () => {
  const tall = toMnist(rectangle(10, 5, 30, 105), 280, 280)
  assert.ok(tall)
  assert.deepEqual(extent(tall), [12, 4, 16, 24])
  assert.equal(Math.max(...tall), 255)
  assert.deepEqual(toMnist(rectangle(200, 150, 220, 250), 280, 280), tall)
  assert.deepEqual(extent(toMnist(rectangle(0, 0, 280, 140), 280, 280) ?? new Uint8Array()), [4, 9, 24, 19])
})

test('a drawing is centred by its mass, not by its edges', () => {
  const ink = rectangle(40, 40, 60, 240)
  rectangle(40, 200, 160, 240).forEach((value, i) => (ink[i] = Math.max(ink[i], value)))
  const pixels = toMnist(ink, 280, 280)
  assert.ok(pixels)
  const mass = pixels.reduce((sum, value) => sum + value, 0)
  const x = pixels.reduce((sum, value, i) => sum + value * ((i % 28) + 0.5), 0) / mass
  const y = pixels.reduce((sum, value, i) => sum + value * (Math.floor(i / 28) + 0.5), 0) / mass
  assert.ok(Math.abs(x - 14) <= 0.5 && Math.abs(y - 14) <= 0.5, `centre of mass ${x}, ${y}`)
})

test('an empty pad gives no image', () => {
  assert.equal(toMnist(new Uint8Array(280 * 280), 280, 280), null)
})

test('the model’s text is edited in place', () => {
  const text = 'dense 512 | relu | dense 10'
  assert.equal(model.activationOf(text, names), 'relu')
  assert.equal(model.withActivation(text, 'elu', names), 'dense 512 | elu | dense 10')
  assert.equal(model.withActivation('dense 8 | dense 4 | dense 10', 'tanh', names), 'dense 8 | tanh | dense 4 | tanh | dense 10')
  assert.equal(model.withLayerAt(text, 0, 'dense 64'), 'dense 64 | relu | dense 10')
  assert.equal(model.withLayerAt(text, 1, ''), 'dense 512 | dense 10')
  const two = model.withLayer(text, 'dense 128', 'elu 0.5')
  assert.equal(two, 'dense 512 | relu | dense 128 | elu 0.5 | dense 10')
  assert.equal(model.activationOf(two, names), 'mixed')
  assert.equal(model.withOutputs(text, 3), 'dense 512 | relu | dense 3')
  assert.equal(model.withOutputs('dense 10 | relu', 3), 'dense 10 | relu')
  assert.equal(model.moved(two, 3, 1), 'dense 512 | elu 0.5 | relu | dense 128 | dense 10')
  assert.equal(model.withLayer('dense 10', 'bn', 'relu'), 'bn | dense 10')
  assert.equal(model.withLayer(text, 'conv 16x3 p1', 'relu'), 'conv 16x3 p1 | relu | dense 512 | relu | dense 10')
  assert.deepEqual(model.split('dense 8|residual (bn | relu) |  dense  10'), ['dense 8', 'residual (bn | relu)', 'dense 10'])
})

test('the position of an error is found in the text', () => {
  const text = 'dense 512 | rellu | dense 10'
  const place = model.placeOf(text, 'model: "rellu" at position 13 is not a layer')
  assert.equal(text.slice(place?.start, place?.end), 'rellu')
  assert.equal(model.placeOf(text, 'model: the text is empty'), undefined)
})

test('an address is read as it was written', () => {
  /** @type {[string, string][]} */
  const fields = [['model', 'dense 64 | elu 0.5 | dense 10'], ['lr', '1e-05'], ['events', '10:lr:0.1,20:lr:1'], ['data', 'a & b=c+d#%']]
  const hash = writeHash(fields)
  assert.ok(hash.startsWith('#model=dense+64+|+elu+0.5+|+dense+10&lr=1e-05&events=10:lr:0.1,20:lr:1&'))
  assert.deepEqual(readHash(hash), fields)
  assert.equal(writeHash([]), '')
})

test('colours run from orange over grey to blue, clamped, NaN apart', () => {
  assert.equal(diverging(0, 2), 'rgb(232 234 235)')
  assert.equal(diverging(2, 2), 'rgb(8 119 189)')
  assert.equal(diverging(99, 2), diverging(Infinity, 2))
  assert.equal(diverging(-5, 2), 'rgb(245 147 34)')
  assert.equal(diverging(NaN, 2), nanColour)
  assert.equal(diverging(3, 0), diverging(0, 1))
  assert.deepEqual([0.3, 1, 1.2, 4, 7, 1900, 0, NaN].map(roundUp), [0.5, 1, 2, 5, 10, 2000, 1, 1])
})

test('the meter drops no step: points are means over all steps', () => {
  const meter = new Meter(18_000)
  for (let step = 1; step <= 8; step++) meter.addStep({ step, loss: step, accuracy: step / 10 }, 10)
  assert.deepEqual([...meter.takePoints()], [3, 2, 0.2, 6, 5, 0.5])
  meter.closePoint()
  assert.deepEqual([...meter.takePoints()], [8, 7.5, 0.75])
  assert.equal(meter.takePoints().length, 0)
  meter.addWallTime(8)
  assert.equal(Math.round(meter.samplesPerSecond), 10_000)
})
