// The command lines in Node and natively: the same lines, the same JSON, the same files, the same bits.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import * as os from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { folderOf, headless, native, root, run, runSeveral, runWell, slow, smallData, smallFiles, temporaryFolder, trainJson, trainSeveral } from './support.mjs'

const short = ['--data', smallData(), '--epochs', '2', '--batch', '10']

/** @param {string} text */
const lines = (text) => text.trimEnd().split('\n')

/** An event without the fields that depend on time. @param {any} event */
const timeless = ({ seconds: _seconds, samples_per_second: _rate, ...rest }) => rest

/** One run of each program with all outputs, shared by several tests. */
const told = Object.fromEntries([native, headless].map((program) => {
  const folder = temporaryFolder()
  const [jsonl, save] = [join(folder, 'run.jsonl'), join(folder, 'weights.safetensors')]
  const { stdout, stderr } = runWell(program, ['train', ...short, '--jsonl', jsonl, '--save', save])
  return [program.name, { folder, stdout, stderr, save, events: lines(readFileSync(jsonl, 'utf8')).map((line) => JSON.parse(line)) }]
}))
/** The same runs with their JSON on standard output. */
const json = Object.fromEntries([native, headless].map((program) => [program.name, trainJson(program, short)]))

for (const program of [native, headless]) {
  test(`${program.name}: prints what the reference program prints`, () => {
    const { stdout, stderr } = told[program.name]
    const batches = lines(stdout).filter((line) => line.startsWith('Train'))
    const tests = lines(stdout).filter((line) => line.startsWith('Test'))
    assert.equal(batches.length, 4)
    assert.match(batches[0], /^Train Epoch: 1 \[1000\/2000 \(50%\)\]\tLoss: \d+\.\d{6}$/)
    assert.match(batches[3], /^Train Epoch: 2 \[2000\/2000 \(100%\)\]\tLoss: \d+\.\d{6}$/)
    assert.equal(tests.length, 2)
    for (const line of tests) {
      const found = /^Test set: Average loss: (\d+\.\d{4}), Accuracy: (\d+)\/1000 \((\d+\.\d\d)%\)$/.exec(line)
      assert.ok(found, line)
      assert.equal((Number(found[2]) / 10).toFixed(2), found[3])
    }
    assert.equal(stderr, '', 'nothing on standard error where no one watches')
    assert.doesNotMatch(stdout, /\r|\x1b/, 'plain lines when piped') // eslint-disable-line no-control-regex
    assert.match(lines(stdout)[0], /cpu/i, 'the device comes first')
  })

  test(`${program.name}: --jsonl - leaves standard output to JSON`, () => {
    const { events, of, stderr, hash } = json[program.name]
    assert.match(stderr, /Test set: /)
    const [start] = of('start')
    assert.equal(events[0], start)
    assert.equal(start.device, 'cpu')
    assert.equal(typeof start.simd, 'string')
    assert.equal(start.parameters, 407050)
    assert.equal(start.config.epochs, 2)
    assert.equal(start.config.batch, 10)
    assert.equal(of('batch').length > 0, true)
    const epochs = of('epoch')
    assert.deepEqual(epochs.map((event) => event.epoch), [1, 2])
    for (const event of epochs) {
      for (const key of ['train_loss', 'test_loss', 'test_accuracy', 'seconds', 'samples_per_second']) {
        assert.equal(typeof event[key], 'number', key)
      }
      assert.ok(event.test_accuracy > 0.1 && event.test_accuracy <= 1, 'a fraction')
    }
    assert.ok(epochs[1].train_loss < epochs[0].train_loss, 'it learns')
    assert.equal(events[events.length - 1].event, 'done')
    assert.match(hash, /^[0-9a-f]{64}$/)
  })

  test(`${program.name}: --jsonl FILE holds the same events`, () => {
    const { stdout, events } = told[program.name]
    assert.match(stdout, /Test set: /)
    assert.equal(events[0].event, 'start')
    assert.deepEqual(events.map(timeless), json[program.name].events.map(timeless))
  })

  test(`${program.name}: the weights' hash is that of the saved tensors in state_dict order`, () => {
    const { folder, save, events } = told[program.name]
    const hash = events[events.length - 1].weights_sha256
    const bytes = readFileSync(save)
    const length = Number(bytes.readBigUInt64LE(0))
    const header = JSON.parse(bytes.subarray(8, 8 + length).toString('utf8'))
    const sum = createHash('sha256')
    /** @type {Record<string, number[]>} */
    const shapes = { 'fc1.weight': [512, 784], 'fc1.bias': [512], 'fc2.weight': [10, 512], 'fc2.bias': [10] }
    for (const [name, shape] of Object.entries(shapes)) {
      assert.deepEqual(header[name].shape, shape, name)
      assert.equal(header[name].dtype, 'F32')
      const [from, to] = header[name].data_offsets
      sum.update(bytes.subarray(8 + length + from, 8 + length + to))
    }
    assert.equal(sum.digest('hex'), hash)
    assert.deepEqual(readdirSync(folder).sort(), ['run.jsonl', 'weights.safetensors'], 'no temporary file is left')
  })

  test(`${program.name}: .gz files give the same data`, () => {
    const packed = Object.fromEntries(Object.entries(smallFiles()).map(([name, bytes]) => [name + '.gz', gzipSync(bytes)]))
    const args = ['--epochs', '1', '--batch', '100', '--model', 'dense 16 | relu | dense 10', '--threads', '1']
    const [plain, unpacked] = trainSeveral(program, [smallData(), folderOf(packed)].map((data) => [...args, '--data', data]))
    assert.equal(unpacked.hash, plain.hash)
  })

  test(`${program.name}: the configuration in the start event repeats the run; flags override it`, () => {
    const first = trainJson(program, ['--data', smallData(), '--epochs', '1', '--lr', '0.003', '--seed', '7', '--model', 'dense 24 | elu | dense 10', '--threads', '1'])
    const path = join(temporaryFolder(), 'config.json')
    writeFileSync(path, JSON.stringify(first.of('start')[0].config))
    const [again, other] = trainSeveral(program, [[], ['--seed', '8']].map((more) => ['--data', smallData(), '--config', path, ...more]))
    assert.equal(again.hash, first.hash)
    assert.equal(other.of('start')[0].config.seed, 8)
    assert.equal(other.of('start')[0].config.lr, first.of('start')[0].config.lr)
    assert.notEqual(other.hash, first.hash)
  })

  test(`${program.name}: --help names every flag`, () => {
    const { stdout } = runWell(program, ['train', '--help'])
    for (const flag of ['data', 'model', 'epochs', 'batch', 'lr', 'optimizer', 'seed', 'threads', 'device', 'config', 'jsonl', 'save']) {
      assert.match(stdout, new RegExp(`--${flag}\\b`))
    }
  })

  test(`${program.name}: info counts the parameters`, () => {
    const { stdout } = runWell(program, ['info'])
    for (const number of ['401,920', '5,130', '407,050']) assert.ok(stdout.includes(number), number)
  })
}

test('both have the same commands with the same flags and help, but for those that only the native one has', () => {
  const flagsOf = (/** @type {typeof native} */ program, /** @type {string} */ command) =>
    new Set([...runWell(program, [command, '--help']).stdout.matchAll(/^ *(?:-h, *)?--([\w-]+)/gm)].map((found) => found[1]))
  const listed = [...runWell(headless, ['--help']).stdout.matchAll(/^ {2}(\w[\w-]*) +\w/gm)].map((found) => found[1])
  assert.deepEqual(listed, ['train', 'race', 'sweep', 'lessons', 'merge', 'eval', 'predict', 'export', 'info'])
  const all = runWell(native, ['--help']).stdout
  for (const command of [...listed, 'bench', 'simd', 'gpu-selftest']) assert.match(all, new RegExp(`^ +${command} `, 'm'))
  for (const command of listed) assert.deepEqual([...flagsOf(headless, command)].sort(), [...flagsOf(native, command)].sort(), command)
  const row = 'save the whole run to this file'
  for (const program of [native, headless]) assert.ok(runWell(program, ['train', '--help']).stdout.replace(/\s+/g, ' ').includes(row))
})

test('both print the same lines and write the same weights', () => {
  const [one, two] = [native, headless].map(({ name }) => (
    { lines: lines(told[name].stdout).filter((line) => /^(Train|Test)/.test(line)), bytes: readFileSync(told[name].save) }))
  assert.deepEqual(two.lines, one.lines)
  assert.ok(two.bytes.equals(one.bytes))
})

test('both report the same JSON but for device, target and time', () => {
  const [one, two] = [native, headless].map(({ name }) => json[name].events.map(timeless).map(({ simd: _simd, device: _device, threads: _threads, ...rest }) => rest))
  assert.deepEqual(two, one)
})

test('Node uses all cores by default, or the given number of threads, and exits by itself', () => {
  const cores = os.availableParallelism?.() ?? os.cpus().length
  const few = ['--data', smallData(), '--epochs', '1', '--train_samples', '100', '--batch', '10']
  /** @type {[string[], number][]} */
  const cases = [[[], cores], [['--threads', '0'], cores], [['--threads', '1'], 1], [['--threads', '2'], Math.min(2, cores)], [['--threads', '256'], cores]]
  // These processes end only if nothing is left to do in Node.
  const runs = trainSeveral(headless, cases.map(([flags]) => [...few, ...flags]))
  for (const [at, [flags, threads]] of cases.entries()) {
    const [start] = runs[at].of('start')
    assert.equal(start.threads, threads, flags.join(' '))
    assert.equal(start.config.threads, Number(flags[1] ?? 0), 'what was asked for is what the config says')
  }
  assert.equal(run(headless, ['train', ...few.slice(0, -2), '--threads', '2', '--batch', '0']).status, 2)
  assert.equal(run(headless, ['train', '--data', '/nowhere', '--threads', '2']).status, 2)
})

test('both print the same model table', () => {
  const lists = ['dense 512 | relu | dense 10', 'dense 100 | prelu | dense 50 | swish | dense 10'].map((model) => ['info', '--model', model])
  const [one, two] = [native, headless].map((program) => runSeveral(program, lists))
  for (const { status, stderr } of one) assert.deepEqual([status, stderr], [0, ''])
  assert.deepEqual(two, one)
})

test('both stop a run that diverges at the same step and name the layer', () => {
  const args = ['train', '--data', smallData(), '--optimizer', 'sgd', '--lr', '1e6', '--epochs', '1']
  const [one, two] = [native, headless].map((program) => run(program, args))
  assert.notEqual(one.status, 0)
  assert.equal(two.status, one.status)
  const told = (/** @type {{ stdout: string, stderr: string }} */ result) =>
    lines(result.stdout + result.stderr).filter((line) => /diverg/i.test(line))
  assert.equal(told(one).length, 1, one.stdout + one.stderr)
  assert.match(told(one)[0], /layer \d.*fc2/)
  assert.deepEqual(told(two), told(one))
})

test('real MNIST for one epoch: the same hash, and the digits are learnt', () => {
  assert.ok(existsSync(join(root, 'build/data/mnist')))
  const [one, two] = [native, headless].map((program) => trainJson(program, ['--data', 'mnist', '--epochs', '1', '--model', 'dense 128 | relu | dense 10']))
  assert.ok(one.of('epoch')[0].test_accuracy >= 0.955, `accuracy ${one.of('epoch')[0].test_accuracy}`)
  assert.equal(two.hash, one.hash)
})

test('Fashion-MNIST, if installed', { skip: slow }, (t) => {
  if (!existsSync(join(root, 'build/data/fashion-mnist'))) {
    t.skip('the Debian package dataset-fashion-mnist is not installed')
    return
  }
  const { of } = trainJson(headless, ['--data', 'fashion-mnist', '--epochs', '1', '--train_samples', '12000', '--threads', '1', '--model', 'dense 32 | relu | dense 10'])
  assert.ok(of('epoch')[0].test_accuracy > 0.75)
})
