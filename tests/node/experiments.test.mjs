// race, sweep, merge, lessons, eval and predict: the native program and Node give the same files, a killed sweep
// resumes, merged shards equal the whole sweep, and errors are reported.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { crc32Of, pngOf } from './png.mjs'
import { headless, native, root, run, runSeveral, runWell, smallData, temporaryFolder, trainJson } from './support.mjs'

const programs = [native, headless]
const data = ['--data', smallData()]
const network = [...data, '--model', 'dense 16 | relu | dense 10', '--batch', '50', '--lr', '0.01']
const small = [...network, '--epochs', '2']

/** @param {string} path */
const read = (path) => readFileSync(path, 'utf8')
/** @param {string} text */
const rowsOf = (text) => text.trimEnd().split('\n').map((line) => JSON.parse(line))

/**
 * Runs a command that writes both files, and returns them and its output.
 * @param {import('./support.mjs').Program} program
 * @param {string[]} args
 */
const results = (program, args) => resultsOfSeveral(program, [args])[0]

/** The same for several commands. @param {import('./support.mjs').Program} program @param {string[][]} lists */
function resultsOfSeveral(program, lists) {
  const folders = lists.map(() => temporaryFolder())
  const outcomes = runSeveral(program, lists.map((args, at) => [...args, '--jsonl', join(folders[at], 'r.jsonl'), '--csv', join(folders[at], 'r.csv')]))
  return outcomes.map(({ status, stdout, stderr }, at) => {
    assert.equal(status, 0, `${program.name} ${lists[at].join(' ')}\n${stdout}${stderr}`)
    assert.equal(stderr, '')
    assert.deepEqual(readdirSync(folders[at]).sort(), ['r.csv', 'r.jsonl'], 'no temporary file is left')
    return { jsonl: read(join(folders[at], 'r.jsonl')), csv: read(join(folders[at], 'r.csv')), stdout }
  })
}

/** The lines of a race without the column of times, the third last of the table. @param {string} text */
const timeless = (text) => text.split('\n').map((line) => line.trim().split(/ {2,}/)).map((cells) => (cells.length > 6 ? [...cells.slice(0, -3), ...cells.slice(-2)] : cells))

test('race: the same files from both programs and any number of jobs; each run equals the run alone', () => {
  const args = ['race', ...small, '--seeds', '2', '--activations', 'relu,prelu', '--entry', 'slow: lr=0.001', '--entry', 'batch=20; optimizer=sgd; lr=0.1']
  const one = results(native, args)
  for (const [program, jobs] of /** @type {const} */ ([[native, '1'], [native, '2'], [headless, '1']])) {
    const other = results(program, [...args, '--jobs', jobs])
    assert.equal(other.jsonl, one.jsonl, `${program.name} ${jobs}`)
    assert.equal(other.csv, one.csv)
    assert.deepEqual(timeless(other.stdout), timeless(one.stdout))
  }
  const rows = rowsOf(one.jsonl).filter((row) => row.run).sort((a, b) => a.index - b.index) // they are written in the order in which the runs end
  assert.deepEqual(rows.map((row) => row.name), [...Array(2)].flatMap(() => ['slow', 'batch=20; optimizer=sgd; lr=0.1', 'relu', 'prelu']))
  for (const row of [rows[0], rows[5], rows[7]]) {
    const flags = Object.entries(row.config).flatMap(([name, value]) => [`--${name}`, String(value)])
    const alone = trainJson(native, flags)
    assert.equal(row.weights_sha256, alone.hash)
    assert.deepEqual(row.epochs.slice(1).map((/** @type {any} */ epoch) => epoch.test_loss), alone.of('epoch').map((event) => event.test_loss))
  }
  const csv = one.csv.trimEnd().split('\n').map((line) => line.split(','))
  assert.deepEqual(csv[0].slice(0, 3), ['name', 'seed', 'epoch'])
  assert.equal(csv.length, 1 + 2 * 4 * 3)
  const accuracy = csv[0].indexOf('test_accuracy')
  assert.equal(Number(csv[3][accuracy]), rows[0].epochs[2].test_accuracy)
  const [summary] = rowsOf(one.jsonl).filter((row) => row.event === 'summary')
  const pair = [rows[0], rows[4]].map((row) => row.epochs[2].test_accuracy)
  assert.ok(Math.abs(summary.test_accuracy.mean - (pair[0] + pair[1]) / 2) < 1e-15)
  assert.ok(Math.abs(summary.test_accuracy.deviation - Math.abs(pair[0] - pair[1]) / Math.SQRT2) < 1e-15)
})

test('race: without entries the classic activations start from the same weights', () => {
  const { jsonl } = results(native, ['race', ...small])
  const starts = rowsOf(jsonl).filter((row) => row.event === 'epoch' && row.epoch === 0)
  assert.deepEqual(starts.map((row) => row.name), ['relu', 'leaky_relu', 'prelu', 'elu', 'swish'])
})

test('race from a checkpoint: the same files from both programs; the unchanged fork and a live change equal those runs', () => {
  const folder = temporaryFolder()
  const checkpoint = join(folder, 'run.ckpt')
  const half = trainJson(native, [...small, '--checkpoint', checkpoint])
  const { steps } = half.of('done')[0]
  const args = ['race', '--from', checkpoint, '--epochs', '4', '--entry', 'slow: lr=0.001', '--activations', 'elu']
  const one = results(native, args)
  const other = results(headless, args)
  assert.equal(other.jsonl, one.jsonl)
  assert.deepEqual(timeless(other.stdout), timeless(one.stdout))
  const rows = rowsOf(one.jsonl).filter((row) => row.run).sort((a, b) => a.index - b.index)
  assert.deepEqual(rows.map(({ name, from_step: from }) => [name, from]), [['unchanged', steps], ['slow', steps], ['elu', steps]])
  assert.equal(rows[0].weights_sha256, trainJson(native, [...network, '--epochs', '4']).hash)
  assert.equal(rows[1].weights_sha256, trainJson(headless, [...network, '--epochs', '4', '--events', `${steps}:lr:0.001`]).hash)
})

const grid = ['--grid', 'lr=0.001,0.01', '--random', 'batch=int:20:80', '--runs', '2', '--seeds', '2']

test('sweep: the same files from both programs, and nothing runs twice', () => {
  const one = results(native, ['sweep', ...small, ...grid])
  assert.equal(rowsOf(one.jsonl).length, 8)
  const foreign = rowsOf(results(native, ['sweep', ...small, '--grid', 'lr=0.5']).jsonl).map((row) => JSON.stringify(row))[0]
  const lines = one.jsonl.trimEnd().split('\n')
  for (const program of programs) {
    const [fresh, csv, whole, torn] = ['fresh.jsonl', 'fresh.csv', 'whole.jsonl', 'torn.jsonl'].map((name) => join(temporaryFolder(), name))
    writeFileSync(whole, one.jsonl)
    // An incomplete line, lines in another order, and a result of another sweep.
    writeFileSync(torn, [lines[5], foreign, lines[2], lines[0].slice(0, 200)].join('\n'))
    const outcomes = runSeveral(program, [['--jsonl', fresh, '--csv', csv], ['--jsonl', whole], ['--jsonl', torn]].map((to) => ['sweep', ...small, ...grid, ...to]))
    for (const { status, stderr } of outcomes) assert.deepEqual([status, stderr], [0, ''])
    assert.equal(read(fresh), one.jsonl)
    assert.equal(read(csv), one.csv)
    assert.match(outcomes[1].stdout, /8 of them finished before/)
    assert.doesNotMatch(outcomes[1].stdout, /^\[/m)
    assert.equal(read(whole), one.jsonl)
    assert.equal(read(torn), `${one.jsonl}${foreign}\n`)
  }
})

test('sweep: merged shards equal the whole', () => {
  const whole = results(native, ['sweep', ...small, ...grid])
  const parts = ['1/3', '2/3', '3/3'].map((shard, at) => results(programs[at % 2], ['sweep', ...small, ...grid, '--shard', shard]))
  assert.equal(parts.reduce((sum, { jsonl }) => sum + rowsOf(jsonl).length, 0), 8)
  const folder = temporaryFolder()
  const files = parts.map(({ jsonl }, at) => {
    writeFileSync(join(folder, `${at}.jsonl`), jsonl)
    return join(folder, `${at}.jsonl`)
  })
  writeFileSync(join(folder, 'other.jsonl'), parts[0].jsonl.replace(/"steps":\d+/, '"steps":1'))
  for (const program of programs) {
    const [jsonl, csv] = ['r.jsonl', 'r.csv'].map((name) => join(temporaryFolder(), name))
    files.reverse()
    const [merged, printed, { status, stderr }] = runSeveral(program, [
      ['merge', ...files, files[0], '--jsonl', jsonl, '--csv', csv],
      ['merge', ...files, '--jsonl', '-'],
      ['merge', files[0], files[1], files[2], join(folder, 'other.jsonl')],
    ])
    assert.deepEqual([merged.status, merged.stderr], [0, ''])
    assert.equal(read(jsonl), whole.jsonl)
    assert.equal(read(csv), whole.csv)
    assert.equal(printed.stdout, whole.jsonl)
    assert.equal(status, 2)
    assert.match(stderr, /^error: merge: run [0-9a-f]{16} has one result in ".*" and another in ".*other\.jsonl": they differ in steps\n$/)
  }
})

for (const program of programs) {
  test(`${program.name}: a killed sweep resumes`, async () => {
    const args = ['sweep', ...network, '--epochs', '5', '--grid', 'lr=0.001,0.002,0.003,0.004,0.005,0.006', '--jobs', '1']
    const whole = results(program, args)
    const path = join(temporaryFolder(), 'r.jsonl')
    const [command, ...first] = program.command
    const child = spawn(command, [...first, ...args, '--jsonl', path], { cwd: root })
    const ended = new Promise((resolve) => child.on('exit', resolve))
    // As soon as there are a few results.
    while (!existsSync(path) || read(path).split('\n').length < 3) await new Promise((resolve) => setTimeout(resolve, 2))
    child.kill('SIGKILL')
    await ended
    const { stdout } = runWell(program, [...args, '--jsonl', path])
    const finished = /(\d+) of them finished before/.exec(stdout)
    assert.ok(finished && Number(finished[1]) >= 2, stdout)
    assert.equal(read(path), whole.jsonl)
  })
}

test('lessons: --list names each with its claim; both programs give the same numbers and verdicts', () => {
  const one = runWell(native, ['lessons', '--list']).stdout
  const lines = one.trimEnd().split('\n')
  assert.ok(lines.length >= 15)
  for (const line of lines) assert.match(line, /^[a-z-]+ {2,}\S.*\.$/)
  for (const wanted of ['dead-units', 'dead-leaky', 'dead-prelu', 'dead-batchnorm', 'dead-small-rate', 'dead-adam', 'mean-relu', 'mean-elu',
    'mean-batchnorm', 'he-depth', 'prelu-slopes', 'swish-depth', 'dropout', 'augmentation', 'schedule', 'convolution']) {
    assert.ok(lines.some((line) => line.startsWith(`${wanted} `)), wanted)
  }
  const args = ['lessons', ...data, '--quick', '--only', 'dead-units,mean-relu', '--only', 'gradients', '--seeds', '2']
  const first = results(native, args)
  const [two, second] = lessonsInNode(args)
  assert.equal(two, one)
  assert.equal(second.csv, first.csv)
  const ordered = (/** @type {string} */ jsonl) => jsonl.trimEnd().split('\n').sort()
  assert.deepEqual(ordered(second.jsonl), ordered(first.jsonl))
  const lessons = rowsOf(first.jsonl).filter((row) => row.event === 'lesson')
  assert.deepEqual(lessons.map((lesson) => lesson.name), ['gradients', 'dead-units', 'mean-relu'])
  for (const lesson of lessons) {
    assert.ok(first.stdout.includes(lesson.claim))
    assert.match(first.stdout, new RegExp(`^${lesson.name} +${lesson.verdict}$`, 'm'))
    for (const variant of lesson.variants) {
      assert.ok(first.stdout.includes(variant.command))
      assert.match(variant.command, /^reluscope train --data /)
    }
  }
  // It shares its runs with the previous lesson.
  const means = rowsOf(first.jsonl).filter((row) => row.name?.startsWith('dead-units: small rate'))
  assert.equal(means.length, 2)
  const [{ checks }] = lessons.filter((lesson) => lesson.name === 'mean-relu')
  assert.equal(checks[1].difference.mean, (means[0].epochs[2].output_mean + means[1].epochs[2].output_mean) / 2)
})

/**
 * The output of --list in Node and the results of some lessons, from one process.
 * @param {string[]} args @returns {[string, ReturnType<typeof results>]}
 */
function lessonsInNode(args) {
  const [jsonl, csv] = ['r.jsonl', 'r.csv'].map((name) => join(temporaryFolder(), name))
  const [list, lessons] = runSeveral(headless, [['lessons', '--list'], [...args, '--jsonl', jsonl, '--csv', csv]])
  for (const { status, stderr } of [list, lessons]) assert.deepEqual([status, stderr], [0, ''])
  return [list.stdout, { jsonl: read(jsonl), csv: read(csv), stdout: lessons.stdout }]
}

test('eval scores saved weights as training did; predict gives the output of the network', async () => {
  const folder = temporaryFolder()
  const saved = join(folder, 'w.safetensors')
  const { of } = trainJson(native, [...small, '--train_samples', '1500', '--save', saved])
  const last = of('epoch')[1]
  const images = readFileSync(join(smallData(), 't10k-images-idx3-ubyte')).subarray(16)
  const grey = images.subarray(784, 2 * 784)
  const inverted = grey.map((byte) => 255 - byte)
  const rgba = Buffer.from([...grey].flatMap((byte, at) => [byte, byte, byte, at % 256]))
  const deep = Buffer.from([...grey].flatMap((byte) => [byte, byte]))
  /** @type {[string, Buffer, string[]][]} */
  const cases = [
    ['grey.png', pngOf(28, 28, 0, 8, grey), []],
    ['deep.png', pngOf(28, 28, 0, 16, deep), []],
    ['alpha.png', pngOf(28, 28, 6, 8, rgba), []],
    ['rgb.png', pngOf(28, 28, 2, 8, Buffer.from([...grey].flatMap((byte) => [byte, byte, byte]))), []],
    ['dark.png', pngOf(28, 28, 0, 8, inverted), ['--invert']],
  ]
  const asked = cases.map(([name, bytes, flags]) => {
    writeFileSync(join(folder, name), bytes)
    return ['predict', join(folder, name), '--weights', saved, ...flags]
  })
  const [[scored, ...predicted], [scoredInNode, ...predictedInNode]] = programs.map((program) => resultsOfSeveral(program, [['eval', '--weights', saved], ...asked]))
  assert.deepEqual(scoredInNode, scored)
  const [found] = rowsOf(scored.jsonl)
  assert.equal(found.test_loss, last.test_loss)
  assert.equal(found.correct, last.correct)
  assert.ok(scored.stdout.includes(`Accuracy: ${last.correct}/1000`))
  assert.equal(found.confusion.reduce((/** @type {number} */ sum, /** @type {number[]} */ row, /** @type {number} */ at) => sum + row[at], 0), last.correct)
  assert.equal(found.confusion.flat().reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b), 1000)
  // A flag overrides the settings in the file.
  assert.equal(run(native, ['eval', '--weights', saved, '--model', 'dense 8 | relu | dense 10']).status, 2)

  /** @type {any} */
  let expected
  for (const [at, [name]] of cases.entries()) {
    const one = predicted[at]
    assert.deepEqual(predictedInNode[at], one, name)
    const [answer] = rowsOf(one.jsonl)
    delete answer.image
    expected ??= answer
    assert.deepEqual(answer, expected, name)
    assert.equal(one.stdout.trimEnd().split('\n').length, 10)
    assert.ok(one.stdout.startsWith(`${answer.classes[0]} `))
    assert.equal(one.csv.split('\n')[1], `${answer.classes[0]},${answer.probabilities[answer.classes[0]]}`)
  }
  assert.ok(Math.abs(expected.probabilities.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b) - 1) < 1e-5)
})

test('both programs reject errors with the same sentence', () => {
  const folder = temporaryFolder()
  const file = (/** @type {string} */ name, /** @type {string | Buffer} */ bytes) => {
    writeFileSync(join(folder, name), bytes)
    return join(folder, name)
  }
  const saved = join(folder, 'w.safetensors')
  runWell(native, ['train', ...network, '--epochs', '1', '--save', saved])
  const grey = Buffer.alloc(784)
  const good = pngOf(28, 28, 0, 8, grey)
  const weights = ['--weights', saved]
  /** @type {[string[], string][]} */
  const cases = [
    [['sweep', ...small], 'sweep: nothing varies; give --grid FIELD=VALUES or --random FIELD=RANGE'],
    [['sweep', ...small, '--grid', 'lr=a'], 'lr is "a", but it must be a number from 0 to 1000000'],
    [['sweep', ...small, '--grid', 'lr=1', '--shard', '3/2'], 'shard is "3/2", but it must be PART/PARTS, such as 1/4, with PART from 1 to PARTS'],
    [['sweep', ...small, '--grid', 'lr=1', '--jsonl', file('none.jsonl', '{}\n')], `line 1 of "${join(folder, 'none.jsonl')}" is not the result of a run`],
    [['sweep', ...small, '--grid', 'lr=1', '--csv', folder], `csv: "${folder}" cannot be written: it is a folder`],
    [['race', ...small, '--entry', 'lr'], '"lr" is not a setting: FIELD=VALUE was expected, such as lr=0.1'],
    [['race', ...small, '--optimizer', 'sgd', '--entry', 'nesterov=true', '--entry', 'nesterov=true; lr=1'], 'race: no run could begin. The first was refused: '],
    [['sweep', ...small, '--optimizer', 'sgd', '--nesterov', 'true', '--grid', 'lr=0.1,0.2'], 'sweep: no run could begin. The first was refused: '],
    [['race', ...small, '--seeds', '0'], 'seeds is "0", but it must be a whole number from 1 to 1000'],
    [['race', '--from', join(folder, 'absent.ckpt')], `from: "${join(folder, 'absent.ckpt')}" cannot be read: No such file or directory`],
    [['race', '--from', saved], 'checkpoint: the file contains only weights; give a file written by train --checkpoint'],
    [['race', '--from', saved, '--config', saved], 'config: --from takes the settings of its checkpoint, so give no --config beside it'],
    [['lessons', ...data, '--only', 'dead-unit'], 'only: "dead-unit" is not a lesson: the nearest known one is "dead-units"'],
    [['lessons', ...data, '--quik'], 'unknown setting "quik": '],
    [['merge', join(folder, 'absent.jsonl')], `merge: "${join(folder, 'absent.jsonl')}" cannot be read: No such file or directory`],
    [['eval'], 'weights: give --weights FILE.safetensors, as train --save writes it'],
    [['eval', '--weights', folder], `weights: "${folder}" cannot be read: it is a folder`],
    [['eval', '--weights', file('short.safetensors', 'abc')], 'safetensors: the file has 3 bytes, but at least 8 are needed'],
    [['eval', ...weights, '--model', 'dense 16 | prelu | dense 10'],
      'weights: the file has no "act1.weight", which the model "dense 16 | prelu | dense 10" needs'],
    [['predict', file('text.png', 'no picture'), ...weights], `image: "${join(folder, 'text.png')}" is not a whole PNG image: `],
    [['predict', file('large.png', pngOf(29, 28, 0, 8, Buffer.alloc(812))), ...weights],
      `image: "${join(folder, 'large.png')}" is 29x28 pixels, but the network takes 28x28`],
    [['predict', join(folder, 'absent.png'), ...weights], `image: "${join(folder, 'absent.png')}" cannot be read: No such file or directory`],
    [['predict', file('cut.png', good.subarray(0, 60)), ...weights], `image: "${join(folder, 'cut.png')}" is not a whole PNG image: `],
    [['predict', file('broken.png', damaged(good)), ...weights], `image: "${join(folder, 'broken.png')}" is not a whole PNG image: `],
    [['predict', ...weights], 'image: name one, such as '],
  ]
  const answers = programs.map((program) => runSeveral(program, cases.map(([args]) => args)))
  for (const [at, [args, sentence]] of cases.entries()) {
    for (const [k, program] of programs.entries()) {
      const { status, stderr, stdout } = answers[k][at]
      assert.equal(status, 2, `${program.name} ${args.join(' ')}\n${stdout}${stderr}`)
      assert.ok(stderr.startsWith(`error: ${sentence}`), `${program.name} ${args.join(' ')}: ${stderr}`)
      assert.equal(stderr.trimEnd().split('\n').length, 1)
      if (!/[: ]$/.test(sentence)) assert.equal(stderr, `error: ${sentence}\n`)
    }
  }
})

/** A PNG file with a changed byte of pixels, so that the checksum is wrong. @param {Buffer} png */
function damaged(png) {
  const bytes = Buffer.from(png)
  const at = bytes.indexOf('IDAT')
  bytes[at + 4 + 6] ^= 0xff
  assert.notEqual(crc32Of(bytes.subarray(at, at + 4 + bytes.readUInt32BE(at - 4))), bytes.readUInt32BE(at + 4 + bytes.readUInt32BE(at - 4)))
  return bytes
}
