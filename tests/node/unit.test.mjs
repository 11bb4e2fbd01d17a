// The details of one unit, and the network without it: compared with saved weights, single images, and weights set to
// 0.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { CoreError, loadCore } from '../../web/engine/worker/core.js'
import { root, smallFiles } from './support.mjs'

/** The small data set, and sessions on it. */
async function open() {
  const folder = join(root, 'build/wasm')
  const core = await loadCore({
    moduleUrl: pathToFileURL(join(folder, 'reluscope.mjs')).href, wasmBinary: new Uint8Array(readFileSync(join(folder, 'reluscope.wasm'))),
  })
  const files = smallFiles(600, 500)
  const [trainImages, trainLabels, testImages, testLabels] = Object.values(files).map((bytes) => new Uint8Array(bytes))
  const dataset = core.createDataset({ name: 'small', trainImages, trainLabels, testImages, testLabels })
  return { dataset, session: (/** @type {object} */ config) => core.createSession(dataset, { batch: 50, lr: 0.01, ...config }) }
}

/** The tensors of a safetensors file by name, as views into its bytes. @param {Uint8Array} bytes */
function tensorsOf(bytes) {
  const copy = new Uint8Array(bytes)
  const length = Number(new DataView(copy.buffer).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(copy.subarray(8, 8 + length)))
  const read = (/** @type {string} */ name) => {
    const [from, to] = header[name].data_offsets
    return { shape: header[name].shape, values: new Float32Array(copy.slice(8 + length + from, 8 + length + to).buffer), at: 8 + length + from }
  }
  return { copy, read }
}

const models = {
  'dense 20 | relu | dense 16 | elu | dense 10': { layer: 1, incoming: 'fc1.weight', outgoing: 'fc2.weight', block: 1 },
  'dense 20 | relu | bn | dense 16 | sigmoid | dense 10': { layer: 4, incoming: 'fc2.weight', outgoing: 'fc3.weight', block: 1 },
  'conv 6x5 | relu | pool 2 | conv 8x3 | prelu | dense 10': { layer: 1, incoming: 'conv1.weight', outgoing: 'conv2.weight', block: 9 },
  'conv 6x5 | bn | leaky_relu | pool 4 | dense 10': { layer: 2, incoming: 'conv1.weight', outgoing: 'fc1.weight', block: 36 },
}

for (const [model, { layer, incoming, outgoing, block }] of Object.entries(models)) {
  test(`${model}: weights and images equal those of unit 3`, async () => {
    const { dataset, session } = await open()
    const run = session({ model })
    for (let step = 0; step < 12; step++) run.advance()
    const hash = run.weightsSha256()
    const report = run.unit(layer, 3, 5)
    const { read } = tensorsOf(run.save('safetensors'))
    const [into, out] = [read(incoming), read(outgoing)]
    const fan = into.values.length / into.shape[0]
    assert.equal(report.incoming?.name, incoming)
    assert.deepEqual(report.incoming?.shape, into.shape.slice(1))
    assert.deepEqual(report.incoming?.values, [...into.values.slice(3 * fan, 4 * fan)])
    assert.equal(report.incoming?.largest, Math.max(...into.values.map(Math.abs)))
    assert.equal(report.outgoing?.name, outgoing)
    const inputs = out.values.length / out.shape[0]
    const sums = Array.from({ length: out.shape[0] }, (_, row) =>
      out.values.slice(row * inputs + 3 * block, row * inputs + 4 * block).reduce((sum, value) => sum + value, 0))
    report.outgoing?.values.forEach((value, row) => assert.ok(Math.abs(value - sums[row]) < 1e-5, `row ${row}: ${value}, ${sums[row]}`))

    assert.equal(report.strongest.length, 5)
    let last = Infinity
    for (const { index, label, value } of report.strongest) {
      const image = dataset.image('train', index)
      assert.equal(label, image.label)
      const { values } = run.predict(image.pixels).layers[layer]
      const positions = values.length / run.model().layers[layer].output_shape[0]
      assert.ok(Math.abs(value - Math.max(...values.slice(3 * positions, 4 * positions))) < 1e-5, `image ${index}`)
      assert.ok(value <= last)
      last = value
    }
    assert.equal(run.weightsSha256(), hash)
    run.delete()
  })

  test(`${model}: without a unit it scores like a network whose weights from there are 0`, async () => {
    const { session } = await open()
    const run = session({ model })
    for (let step = 0; step < 12; step++) run.advance()
    const [before, hash] = [run.evaluate(), run.weightsSha256()]
    const units = [0, 3]
    const without = run.evaluateWithout(layer, units)
    assert.notEqual(without.test_loss, before.test_loss)
    assert.deepEqual(run.evaluate(), before)
    assert.equal(run.weightsSha256(), hash)
    assert.deepEqual(run.evaluateWithout(layer, []), before)

    const { copy, read } = tensorsOf(run.save('safetensors'))
    const { shape, values, at } = read(outgoing)
    const bytes = new DataView(copy.buffer)
    const inputs = values.length / shape[0]
    for (let row = 0; row < shape[0]; row++) {
      for (const unit of units) {
        for (let i = 0; i < block; i++) bytes.setFloat32(at + 4 * (row * inputs + unit * block + i), 0, true)
      }
    }
    const other = session({ model })
    other.load(copy)
    assert.deepEqual(other.evaluate(), without)
    other.delete()
    run.delete()
  })
}

test('the response of a unit is the mean image of what drives it, less the mean of all', async () => {
  const { dataset, session } = await open()
  const run = session({ model: 'dense 12 | tanh | dense 10' })
  const { response, strongest } = run.unit(1, 7, 500)
  assert.equal(strongest.length, 500)
  const sums = { all: new Float64Array(784), driven: new Float64Array(784), total: 0, size: 0 }
  for (const { index, value } of strongest) {
    dataset.image('train', index).pixels.forEach((pixel, i) => {
      sums.all[i] += pixel / 255 / 500
      sums.driven[i] += (value * pixel) / 255
    })
    sums.total += value
    sums.size += Math.abs(value)
  }
  response.forEach((found, i) => assert.ok(Math.abs(found - (sums.driven[i] - sums.total * sums.all[i]) / sums.size) < 1e-9, `pixel ${i}`))
  run.delete()
})

test('silencing a unit ends with training and changes no weight', async () => {
  const { session } = await open()
  const [run, other] = [session({ model: 'dense 12 | relu | dense 10' }), session({ model: 'dense 12 | relu | dense 10' })]
  for (let step = 0; step < 12; step++) {
    run.advance()
    run.evaluateWithout(1, [step])
    run.unit(1, step)
    other.advance()
  }
  assert.equal(run.weightsSha256(), other.weightsSha256())
  run.delete()
  other.delete()
})

test('an invalid unit is rejected', async () => {
  const { session } = await open()
  const run = session({ model: 'dense 12 | relu | dense 10' })
  const refused = (/** @type {() => void} */ ask, /** @type {string} */ message) => assert.throws(ask, (error) => {
    assert.ok(error instanceof CoreError)
    assert.equal(error.message, message)
    return true
  })
  refused(() => run.unit(3, 0), 'layer 3 does not exist; 0 to 2 do')
  refused(() => run.unit(0, 0), 'layer 0 (fc1, dense 12) is not an activation layer, so it has no units to show')
  refused(() => run.unit(1, 12), 'unit 12 of act1 does not exist; 0 to 11 do')
  refused(() => run.evaluateWithout(1, [3, -1]), 'unit -1 of act1 does not exist; 0 to 11 do')
  refused(() => run.unit(1, 0, -1), 'strongest: -1 is below 0')
  refused(() => run.unit(1, 0.5), 'unit is 0.5, but it must be a whole number')
  run.delete()
})
