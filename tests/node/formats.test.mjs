// Model files in other programs: PyTorch, onnxruntime, NumPy, ONNX's checker; and back.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { pathToFileURL } from 'node:url'
import { loadCore } from '../../web/engine/worker/core.js'
import { cutIdx, headless, native, root, runSeveral, runWell, smallData, temporaryFolder, trainSeveral } from './support.mjs'

const count = 1000
const tolerance = 1e-4
const formats = ['pth', 'safetensors', 'onnx', 'npz', 'py']
const convnet = 'conv 12x3 p1 | bn | relu | pool 2 | conv 33x3 p1 | bn | prelu | pool 2 | dense 48 | dropout 0.5 | dense 10'

const core = await loadCore({
  moduleUrl: pathToFileURL(join(root, 'build/wasm/reluscope.mjs')).href,
  wasmBinary: new Uint8Array(readFileSync(join(root, 'build/wasm/reluscope.wasm'))),
})

/** The networks: one for each activation, and others that together have every layer. @type {Record<string, string>} */
const networks = {
  default: 'dense 512 | relu | dense 10',
  batchnorm: 'dense 48 | bn | relu | dense 32 | bn | gelu | dense 10',
  convnet,
  everything: 'conv 8x3 s2 p1 | swish channel | avgpool 2 | ln | residual ( conv 8x3 p1 | relu ) | maxout 2 | conv 8x3 s2 | prelu channel | '
    + 'pool 2 s1 | gap | dense 16 | prelu channel | ln | dropout 0.2 | residual ( dense 16 | swish ) | maxout 4 | dense 40 | maxout 4',
  rows: 'prelu channel | ln | dense 32 | swish channel | dense 10',
  values: 'dense 24 | leaky_relu 0.2 | dense 24 | elu 0.5 | dense 24 | softplus 3 | dense 24 | celu 2 | dense 24 | rrelu 0.1 0.5 | dense 10',
  mean: 'conv 10x5 | mish | gap',
  groups: 'gn 1 | conv 12x3 s2 | gn 4 | relu | pool 2 | residual ( conv 12x3 p1 | gn 12 ) | dense 30 | gn 3 | relu | dense 10',
}
for (const { name } of core.registry().activations) networks[`act_${name}`] = `dense 32 | ${name} | dense 10`

const images = new Uint8Array(cutIdx('t10k-images-idx3-ubyte', count).subarray(16))
const folder = temporaryFolder()
const pathOf = (/** @type {string} */ name, /** @type {string} */ file) => join(folder, name, file)
/** The logits of reluscope, by network. @type {Record<string, Float32Array>} */
const logits = {}

/** @param {string[]} args @param {string} [input] */
function python(args, input) {
  const result = spawnSync('/usr/bin/python3', args, { input, encoding: 'utf8', maxBuffer: 1 << 26, timeout: 900_000 })
  assert.equal(result.status, 0, `${args[0]}: ${result.stderr}`)
  return result.stdout
}
const script = (/** @type {string} */ name) => join(root, 'tests/formats', name)

/** The skip option for tests that need a Python package: false, or why they cannot run. @param {string} name */
function missing(name) {
  const there = spawnSync('/usr/bin/python3', ['-c', `import importlib.util as u; exit(u.find_spec("${name}") is None)`]).status === 0
  return there ? false : `Python's ${name} is not installed`
}
const noTorch = missing('torch')

const converter = join(root, 'native/files/pth_to_safetensors.py')
const [made, turned] = ['new.pth', 'new.safetensors'].map((name) => join(folder, name))
const back = ['default', 'batchnorm', 'convnet']
const backOf = (/** @type {string} */ name) => join(folder, `${name}-again.safetensors`)
/** The scripts that import torch. All run in one process. @type {Record<string, () => string[]>} */
const torchPrograms = {
  check: () => [script('check_pytorch.py'), join(folder, 'images.bin'), String(count), ...Object.keys(networks).map((name) => join(folder, name))],
  model: () => [pathOf('batchnorm', 'model.py'), pathOf('batchnorm', 'net.pth'), smallData()],
  reference: () => [script('reference_net.py'), pathOf('default', 'net.pth'), ...['images-idx3', 'labels-idx1'].map((name) => join(smallData(), `t10k-${name}-ubyte`)), made],
  converted: () => [converter, made, turned],
  ...Object.fromEntries(back.map((name) => [`${name} again`, () => [converter, pathOf(name, 'net.pth'), backOf(name)]])),
}
/** @type {Record<string, { printed: string, error: string }>} */
const torchSaid = {}
/** @param {string} name */
function saidByTorch(name) {
  assert.equal(torchSaid[name].error, '', name)
  return torchSaid[name].printed
}

before(() => {
  const files = join(folder, 'images.bin')
  writeFileSync(files, images)
  for (const [name, model] of Object.entries(networks)) {
    mkdirSync(join(folder, name))
    const saves = ['net.pth', 'net.safetensors', 'net.onnx', 'model.py'].flatMap((file) => ['--save', pathOf(name, file)])
    runWell(native, ['train', '--data', smallData(), '--epochs', '1', '--train_samples', '200', '--model', model, ...saves])
    const bytes = new Uint8Array(readFileSync(pathOf(name, 'net.safetensors')))
    const cut = (/** @type {string} */ file) => new Uint8Array(cutIdx(file, count))
    const dataset = core.createDataset({
      name: 'small', trainImages: cut('train-images-idx3-ubyte'), trainLabels: cut('train-labels-idx1-ubyte'),
      testImages: cut('t10k-images-idx3-ubyte'), testLabels: cut('t10k-labels-idx1-ubyte'),
    })
    const session = core.createSession(dataset, { ...core.configOfWeights(bytes), data: 'small' })
    session.load(bytes)
    logits[name] = new Float32Array(count * 10)
    for (let i = 0; i < count; ++i) {
      logits[name].set(session.predict(images.slice(i * 784, (i + 1) * 784)).layers.at(-1)?.values ?? [], i * 10)
    }
    session.delete()
    dataset.delete()
    writeFileSync(pathOf(name, 'logits.bin'), new Uint8Array(logits[name].buffer))
  }
  if (noTorch) return
  const results = JSON.parse(python([script('several.py')], JSON.stringify(Object.values(torchPrograms).map((args) => args()))))
  for (const [at, name] of Object.keys(torchPrograms).entries()) torchSaid[name] = results[at]
})

test('PyTorch opens every .pth with weights_only, and the generated model.py gives the same logits', { skip: noTorch }, () => {
  const results = JSON.parse(saidByTorch('check'))
  assert.deepEqual(Object.keys(results), Object.keys(networks))
  for (const [name, result] of Object.entries(results)) {
    assert.ok(result.difference <= tolerance, `${name}: logits differ by ${result.difference}`)
    assert.ok(result.same_keys, `${name}: ${result.keys}`)
    assert.ok(result.spread > 0.01, `${name}: its logits are all the same`)
    assert.deepEqual(result.dtypes, /\bbn\b/.test(networks[name]) ? ['torch.float32', 'torch.int64'] : ['torch.float32'], name)
  }
  assert.deepEqual(results.default.keys, ['fc1.weight', 'fc1.bias', 'fc2.weight', 'fc2.bias'])
})

test('model.py scores MNIST as reluscope does', { skip: noTorch }, () => {
  const ours = runWell(native, ['eval', '--data', smallData(), '--weights', pathOf('batchnorm', 'net.safetensors')]).stdout
  assert.equal(saidByTorch('model').trim(), ours.split('\n')[0])
})

test("the reference program's own Net loads our .pth; weights that it saves come back and score the same", { skip: noTorch }, () => {
  const scores = JSON.parse(saidByTorch('reference'))
  saidByTorch('converted')
  const normalised = ['--mean', '0.1307', '--std', '0.3081'] // as that program does, whatever the data
  const lists = [pathOf('default', 'net.safetensors'), turned].map((weights) => ['eval', '--data', smallData(), '--model', networks.default, ...normalised, '--weights', weights])
  const [ours, inNode] = [native, headless].map((program) => runSeveral(program, lists))
  assert.deepEqual(inNode, ours)
  const correct = ours.map(({ stdout }) => Number(stdout.match(/Accuracy: (\d+)\//)?.[1]))
  assert.deepEqual(correct, [scores.ours, scores.new])
  assert.notEqual(scores.ours, scores.new)
  // Saved weights pass through PyTorch and the converter without a changed bit.
  for (const name of back) {
    saidByTorch(`${name} again`)
    assert.deepEqual(tensorsOf(backOf(name)), tensorsOf(pathOf(name, 'net.safetensors')), name)
  }
})

/** The header without metadata, and the data. @param {string} path */
function tensorsOf(path) {
  const bytes = readFileSync(path)
  const length = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.subarray(8, 8 + length).toString())
  delete header.__metadata__
  return { header, data: bytes.subarray(8 + length).toString('base64') }
}

test('onnxruntime gives the same logits from raw pixels', async () => {
  const ort = await import('onnxruntime-web')
  ort.env.wasm.numThreads = 1
  const pixels = Float32Array.from(images)
  for (const name of Object.keys(networks)) {
    const session = await ort.InferenceSession.create(new Uint8Array(readFileSync(pathOf(name, 'net.onnx'))))
    assert.deepEqual([...session.inputNames, ...session.outputNames], ['image', 'logits'])
    let difference = 0
    for (let first = 0; first < count; first += 200) {
      const part = pixels.slice(first * 784, (first + 200) * 784)
      const { logits: given } = await session.run({ image: new ort.Tensor('float32', part, [200, 1, 28, 28]) })
      assert.deepEqual([...given.dims], [200, 10])
      const theirs = /** @type {Float32Array} */ (given.data)
      for (const [i, value] of theirs.entries()) difference = Math.max(difference, Math.abs(value - logits[name][first * 10 + i]))
    }
    assert.ok(difference <= tolerance, `${name}: logits differ by ${difference}`)
    await session.release()
  }
})

test("ONNX's own checker accepts every model", { skip: missing('onnx') }, () => {
  const paths = Object.keys(networks).map((name) => pathOf(name, 'net.onnx'))
  assert.equal(JSON.parse(python([script('check_onnx.py'), ...paths])).checked, paths.length)
})

test('the ONNX metadata contains the class labels', () => {
  const text = readFileSync(pathOf('default', 'net.onnx')).toString('latin1')
  assert.ok(text.includes('["0","1","2","3","4","5","6","7","8","9"]'))
  assert.ok(text.includes(networks.default))
})

test('NumPy reads the activations, and they equal those of the network', { skip: missing('numpy') }, () => {
  const path = join(folder, 'default.npz')
  runWell(native, ['export', '--data', smallData(), '--weights', pathOf('default', 'net.safetensors'), '--save', path, '--npz_images', '20'])
  const program = 'import json, sys, numpy; z = numpy.load(sys.argv[1]);'
    + 'print(json.dumps({k: [list(v.shape), str(v.dtype), v.reshape(-1).astype(float).tolist() if k in ("fc2", "labels") else []] for k, v in z.items()}))'
  const arrays = JSON.parse(python(['-c', program, path]))
  assert.deepEqual(Object.entries(arrays).map(([name, [shape, type]]) => [name, shape, type]), [
    ['images', [20, 28, 28], 'uint8'], ['labels', [20], 'uint8'], ['fc1', [20, 512], 'float32'], ['act1', [20, 512], 'float32'],
    ['fc2', [20, 10], 'float32'],
  ])
  assert.deepEqual(arrays.fc2[2], [...logits.default.subarray(0, 200)])
  assert.deepEqual(arrays.labels[2], [...cutIdx('t10k-labels-idx1-ubyte', 20).subarray(8)])
})

test('both command lines write the same bytes, from training and by export', () => {
  const model = 'conv 4x3 | bn | prelu channel | pool 2 | dense 12 | gelu | dense 10'
  const args = ['--data', smallData(), '--epochs', '1', '--train_samples', '300', '--model', model, '--log_every', '2']
  /** @type {string[][]} */
  const places = []
  for (const program of [native, headless]) {
    const [trained, exported] = [`${program.name}-trained`, `${program.name}-exported`].map((name) => join(folder, name))
    for (const place of [trained, exported]) mkdirSync(place)
    const saves = (/** @type {string} */ place) => formats.flatMap((format) => ['--save', join(place, `net.${format}`)])
    const from = ['export', '--data', smallData(), '--weights', join(trained, 'net.safetensors')]
    const [{ stdout, stderr, status }, exporting] = runSeveral(program, [
      ['train', ...args, '--threads', '1', '--npz_images', '30', ...saves(trained), '--csv', join(trained, 'metrics.csv')],
      [...from, '--npz_images', '30', ...saves(exported)],
    ])
    assert.deepEqual([stderr, status, exporting.stderr, exporting.status], ['', 0, '', 0])
    assert.deepEqual(stdout.trimEnd().split('\n').slice(-5), formats.map((format) => `Saved ${join(trained, `net.${format}`)}`))
    places.push([trained, exported])
  }
  const [[one, oneExported], [two, twoExported]] = places
  for (const format of formats) {
    const wanted = readFileSync(join(one, `net.${format}`))
    for (const place of format === 'safetensors' ? [two] : [two, oneExported, twoExported]) {
      assert.ok(readFileSync(join(place, `net.${format}`)).equals(wanted), `${place}/net.${format}`)
    }
  }
  const csv = readFileSync(join(one, 'metrics.csv'), 'utf8')
  assert.equal(readFileSync(join(two, 'metrics.csv'), 'utf8'), csv)
  assert.deepEqual(csv.trimEnd().split('\n').map((line) => line.split(',')[0]), ['event', 'batch', 'batch', 'epoch'])
})

test('every cell of the CSV equals the JSON line of its event, and is empty without a value', () => {
  const columns = ['event', 'epoch', 'batch', 'step', 'samples', 'loss', 'accuracy', 'lr', 'momentum', 'train_loss', 'validation_loss', 'validation_accuracy', 'test_loss', 'test_accuracy']
  const args = ['--data', smallData(), '--epochs', '2', '--train_samples', '400', '--batch', '60', '--model', 'dense 12 | relu | dense 10', '--log_every', '3']
  for (const program of [native, headless]) {
    const kinds = { plain: [], cycle: ['--schedule', 'one_cycle', '--validation', '100'] }
    const pathOfKind = (/** @type {string} */ kind) => join(folder, `${program.name}-${kind}.csv`)
    const runs = trainSeveral(program, Object.entries(kinds).map(([kind, more]) => [...args, '--threads', '1', ...more, '--csv', pathOfKind(kind)]))
    for (const [at, kind] of Object.keys(kinds).entries()) {
      const path = pathOfKind(kind)
      const { events } = runs[at]
      const wanted = events.filter(({ event }) => event === 'batch' || event === 'epoch')
      const [header, ...rows] = readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => line.split(','))
      assert.deepEqual(header, columns)
      const read = rows.map((row) => row.map((cell, i) => (cell === '' ? undefined : columns[i] === 'event' ? cell : Number(cell))))
      assert.deepEqual(read, wanted.map((event) => columns.map((column) => event[column])), `${program.name}, ${kind}`)
      // Some values by hand: of seven batches per epoch the third and the sixth are logged.
      const of = (/** @type {string} */ column) => read.map((row) => row[columns.indexOf(column)])
      assert.deepEqual(of('epoch'), [1, 1, 1, 2, 2, 2])
      assert.deepEqual(of('batch'), [3, 6, undefined, 3, 6, undefined])
      assert.deepEqual(of('step'), [3, 6, undefined, 10, 13, undefined])
      assert.deepEqual(of('samples'), [180, 360, undefined, 180, 360, undefined])
      if (kind === 'plain') assert.deepEqual(of('lr'), [0.001, 0.001, undefined, 0.001, 0.001, undefined])
      for (const column of columns.slice(4, 9)) assert.equal(of(column).some((value) => value !== undefined), column !== 'momentum' || kind === 'cycle', column)
      for (const column of ['validation_loss', 'validation_accuracy']) assert.equal(of(column).some((value) => value !== undefined), kind === 'cycle', column)
      for (const column of ['train_loss', 'test_loss', 'test_accuracy']) assert.equal(of(column).filter((value) => value !== undefined).length, 2, column)
    }
  }
})

test('--save without a name writes mnist_relu_model.pth; other ends are refused before training', () => {
  const args = ['train', '--data', smallData(), '--epochs', '1', '--train_samples', '100', '--model', 'dense 8 | relu | dense 10']
  for (const program of [native, headless]) {
    const place = join(temporaryFolder(), 'here')
    mkdirSync(place)
    const [command, ...first] = program.command
    const result = spawnSync(command, [...first, ...args, '--save', '--batch', '50'], { encoding: 'utf8', cwd: place })
    assert.equal(result.status, 0, result.stderr)
    assert.deepEqual(readdirSync(place), ['mnist_relu_model.pth'])
    const wrongCounts = ['0', 'x', '1.5']
    const [refused, ...others] = runSeveral(program, [
      [...args, '--save', join(place, 'net.h5')], ...wrongCounts.map((wrong) => [...args, '--save', join(place, 'net.npz'), '--npz_images', wrong])])
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /^error: save: ".*net\.h5" must end in \.pth, \.safetensors, \.onnx, \.npz or \.py\n$/)
    assert.doesNotMatch(refused.stdout, /Train Epoch/)
    for (const [at, wrong] of wrongCounts.entries()) {
      const { status, stderr } = others[at]
      assert.equal(status, 2)
      assert.equal(stderr, `error: npz_images is "${wrong}", but it must be a whole number from 1 to 1073741824\n`)
    }
    assert.ok(!existsSync(join(place, 'net.npz')))
  }
})
