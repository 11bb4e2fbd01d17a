// Invalid input: a one-sentence error that names the value, exit code 2, no standard output and no files left behind,
// the same from the native program and from Node.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { folderOf, headless, native, runSeveral, smallData, smallFiles, temporaryFolder, trainJson } from './support.mjs'

const programs = [native, headless]
const [trainImages, trainLabels, testImages] = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte']

/** @typedef {{ args: string[], words: (string | RegExp)[], sameWords?: boolean }} Refusal */

/**
 * All refusals, by the tests that expect them. Each program handles all of them in one batch.
 * @type {Map<string, Refusal[]>}
 */
const refusals = new Map()

/**
 * A test that both programs reject arguments, with the same words unless a library chooses them.
 * @param {string} title
 * @param {Refusal[]} expected words: text that the error must contain
 */
function refused(title, ...expected) {
  assert.ok(!refusals.has(title), title)
  refusals.set(title, expected)
}

/** @param {Refusal} refusal @param {import('./support.mjs').Outcome[]} answers of the programs */
function check({ args, words, sameWords = true }, answers) {
  const sentences = programs.map((program, at) => {
    const { status, stdout, stderr } = answers[at]
    const told = `${program.name} ${args.join(' ')}: exit code ${status}\n${stdout}${stderr}`
    assert.equal(status, 2, told)
    assert.equal(stdout, '', told)
    assert.match(stderr, /^error: [^\n]+\n$/, told)
    for (const word of words) {
      if (typeof word === 'string') assert.ok(stderr.includes(word), `${JSON.stringify(word)} in: ${told}`)
      else assert.match(stderr, word, told)
    }
    return stderr
  })
  if (sameWords) assert.equal(sentences[1], sentences[0])
}

// ---- Data files -----------------------------------------------------------------------------------------------------

/**
 * @param {Buffer} bytes
 * @param {(copy: Buffer) => void} change
 */
function changed(bytes, change) {
  const copy = Buffer.from(bytes)
  change(copy)
  return copy
}

/** @type {[string, string, (bytes: Buffer) => Buffer, (string | RegExp)[]][]} title, file, damage, words */
const damages = [
  ['a magic number that is not IDX', trainImages, (b) => changed(b, (c) => c.write('PNG!')), ['images', /magic|0x/i]],
  ['another element type', trainImages, (b) => changed(b, (c) => (c[2] = 0x0d)), ['images', /type|0x0d|0x0D|13/]],
  ['labels in the place of images', trainImages, () => smallFiles()[trainLabels], ['images', /dimension|ndim|1/]],
  ['images in the place of labels', trainLabels, () => smallFiles()[trainImages], ['labels', /dimension|ndim|3/]],
  ['an empty file', trainImages, () => Buffer.alloc(0), ['images', /empty|0 bytes|too short|truncated/]],
  ['a header cut short', trainImages, (b) => b.subarray(0, 10), ['images', '10']],
  ['a truncated file', trainImages, (b) => b.subarray(0, b.length - 5), ['images', String(2000 * 784 - 5)]],
  ['a file with more than it says', trainLabels, (b) => Buffer.concat([b, Buffer.alloc(3)]), ['labels', '2003', '2000']],
  ['no images', trainImages, (b) => changed(b, (c) => c.writeUInt32BE(0, 4)).subarray(0, 16), ['images', '0']],
  ['images of no height', testImages, (b) => changed(b, (c) => c.writeUInt32BE(0, 8)).subarray(0, 16), ['images', '0']],
  ['sizes that overflow', trainImages, (b) => changed(b, (c) => c.fill(0xff, 4, 16)), ['images']],
  ['fewer labels than images', trainLabels, (b) => changed(b, (c) => c.writeUInt32BE(1999, 4)).subarray(0, 8 + 1999), ['1999', '2000']],
  ['a label out of range', trainLabels, (b) => changed(b, (c) => (c[8 + 17] = 200)), ['200', '17']],
  ['test images of another size', testImages, (b) => changed(b, (c) => (c.writeUInt32BE(14, 8), c.writeUInt32BE(56, 12))), ['14', '28']],
]

for (const [title, file, damage, words] of damages) {
  const files = smallFiles()
  files[file] = damage(files[file])
  refused(`data: ${title}`, { args: ['train', '--data', folderOf(files)], words })
}

/**
 * A small data set in which one file has other bytes under another name.
 * @param {string} name @param {string} packed @param {Buffer} [bytes]
 */
function replaced(name, packed, bytes) {
  const files = smallFiles()
  delete files[name]
  return folderOf(bytes ? { ...files, [packed]: bytes } : files)
}

const packed = gzipSync(smallFiles()[trainImages])
refused('data: a damaged .gz file', ...[packed.subarray(0, packed.length >> 1), changed(packed, (c) => c.fill(0x55, 2000, 2100))].map((bytes) => (
  { args: ['train', '--data', replaced(trainImages, `${trainImages}.gz`, bytes)], words: [/train-images/], sameWords: false })))

const bomb = gzipSync(Buffer.concat([smallFiles()[trainLabels], Buffer.alloc(50_000_000)]))
refused('data: a .gz file that unpacks to far more than its header says',
  { args: ['train', '--data', replaced(trainLabels, `${trainLabels}.gz`, bomb)], words: ['training labels', '2000'] })

refused('data: a folder or a file that is not there',
  { args: ['train', '--data', '/no/such/folder'], words: ['"/no/such/folder"'] },
  { args: ['train', '--data', replaced(testImages, '')], words: [testImages] })

// ---- The configuration ----------------------------------------------------------------------------------------------

/** @type {[string[], (string | RegExp)[]][]} */
const flags = [
  [['--model', 'dense 512 | rellu | dense 10'], ['rellu', 'relu']],
  [['--model', 'dense 0 | relu | dense 10'], ['0']],
  [['--model', 'dense -5 | relu | dense 10'], ['-5']],
  [['--model', 'dense 1.5 | relu | dense 10'], ['1.5']],
  [['--model', 'dense | relu | dense 10'], ['dense']],
  [['--model', 'dense 99999999999999999999 | relu | dense 10'], ['99999999999999999999']],
  [['--model', 'dense 512 | relu | dense 11'], ['11', '10']],
  [['--model', 'dense 512 | relu'], ['512', '10']],
  [['--model', 'dense 512 || dense 10'], [/no layer|empty/]],
  [['--lr', '-0.1'], ['-0.1', 'lr']],
  [['--lr', 'abc'], ['abc', 'lr']],
  [['--lr', 'nan'], ['nan', 'lr']],
  [['--lr', '1e-3x'], ['1e-3x', 'lr']],
  [['--epochs', '0'], ['0', 'epochs']],
  [['--epochs', '1.5'], ['1.5', 'epochs']],
  [['--batch', '0'], ['0', 'batch']],
  [['--batch', '-64'], ['-64', 'batch']],
  [['--seed', '-1'], ['-1', 'seed']],
  [['--optimizer', 'adamm'], ['adamm', 'adam']],
  [['--init', 'hee'], ['hee', 'he_normal']],
  [['--nesterov', 'perhaps'], ['perhaps', 'nesterov']],
  // Values that would silently become 0 as a number.
  [['--lr', '1e-400'], ['lr is 1e-400, which is nearer to 0 than 1.2e-38 and would act as 0']],
  [['--weight_decay', '1e-45'], ['weight_decay is 1e-45, which is nearer to 0']],
  [['--events', '5:lr:1e-330'], ['events', '5:lr:1e-330', 'nearer to 0']],
  [['--model', 'dense 8 | leaky_relu 1e-50 | dense 10'], ['"1e-50" at position 22 is nearer to 0']],
  [['--model', 'dense 8 | dropout 1e-999 | relu | dense 10'], ['"1e-999" at position 19 is nearer to 0']],
  [['--learning-rat', '1'], ['learning-rat']],
  [['--epoch', '1'], ['epoch', 'epochs']],
  [['something'], ['something']],
]

for (const [args, words] of flags) {
  refused(`flags: ${args.join(' ')}`, { args: ['train', '--data', smallData(), ...args], words })
}

/** @type {[string, string, (string | RegExp)[]][]} */
const configs = [
  ['not JSON', '{"lr": ', []],
  ['no object', '[1, 2]', []],
  ['an unknown key', '{"learning_rat": 0.1}', ['learning_rat']],
  ['a misspelt key', '{"epoch": 3}', ['epoch', 'epochs']],
  ['a text for a number', '{"lr": "fast"}', ['lr', 'fast']],
  ['a negative learning rate', '{"lr": -1}', ['lr', '-1']],
  ['a number for the model', '{"model": 5}', ['model', '5']],
  ['nothing at all', '', []],
  ['a name twice', '{"lr": 0.1, "epochs": 1, "lr": 0.01}', ['"lr" twice']],
  ['the same name in two spellings', '{"lr": 0.1, "\\u006cr": 0.01}', ['"lr" twice']],
  ['something after its end', '{"lr": 0.1} {}', ['not JSON at byte 13']],
  ['a zero byte after its end', '{"lr": 0.1}\0', ['not JSON at byte 12']],
  ['a number that a double has as 0', '{"lr": 1e-400}', ['1e-400 is nearer to 0']],
  ['a number that is 0 in single precision', '{"lr": 1e-46}', ['lr is 1e-46, which is nearer to 0']],
  ['a number that a double has as infinity', '{"lr": 1e400}', ['larger than a double can hold']],
  ['two byte order marks', '\ufeff\ufeff{"lr": 0.1}', ['not JSON at byte']],
]

for (const [title, text, words] of configs) {
  const path = join(temporaryFolder(), 'config.json')
  writeFileSync(path, text)
  refused(`config: ${title}`, { args: ['train', '--data', smallData(), '--config', path], words })
}

const notUtf8 = join(temporaryFolder(), 'config.json')
writeFileSync(notUtf8, Buffer.from([...Buffer.from('{"model": "'), 0xff, ...Buffer.from('"}')]))
refused('config: bytes that are not UTF-8', { args: ['train', '--data', smallData(), '--config', notUtf8], words: ['config', /not JSON/], sameWords: false })

// ---- Paths ----------------------------------------------------------------------------------------------------------

const destination = temporaryFolder()
refused('paths: a configuration that cannot be read',
  { args: ['train', '--config', '/no/such/config.json'], words: ['"/no/such/config.json"'] },
  { args: ['train', '--config', destination], words: [`"${destination}"`] })

refused('paths: destinations that cannot be written are refused before training', ...['--save', '--jsonl'].flatMap((flag) => [
  { args: ['train', '--data', smallData(), flag, '/no/such/folder/file.pth'], words: ['"/no/such/folder/file.pth" cannot be written'] },
  { args: ['train', '--data', smallData(), flag, destination], words: [`"${destination}"`] },
  { args: ['train', '--data', smallData(), flag, join(smallData(), trainImages, 'file.pth')], words: ['cannot be written'] },
]))

const closed = join(temporaryFolder(), 'closed')
const root = process.getuid?.() === 0
if (!root) {
  mkdirSync(closed)
  chmodSync(closed, 0o555)
  refused('paths: a folder without write permission', ...['--save', '--jsonl'].map((flag) => (
    { args: ['train', '--data', smallData(), flag, join(closed, 'file.pth')], words: [join(closed, 'file.pth')] })))
}

refused('flags without a value, twice, or on their own',
  { args: ['train', '--lr'], words: ['--lr'], sameWords: false },
  { args: ['train', '--lr', '1', '--lr', '2'], words: ['--lr'], sameWords: false })

refused('an unknown command', { args: ['trian'], words: ['trian'], sameWords: false })

// ---- The tests ------------------------------------------------------------------------------------------------------

const [ofNative, ofNode] = programs.map((program) => runSeveral(program, [...refusals.values()].flat().map(({ args }) => args)))

let first = 0
for (const [title, expected] of refusals) {
  const from = first
  test(title, () => expected.forEach((refusal, at) => check(refusal, [ofNative[from + at], ofNode[from + at]])))
  first += expected.length
}

test('paths: no files are left if the destination cannot be written', () => {
  assert.deepEqual(readdirSync(destination), [])
  assert.deepEqual(readdirSync(dirname(destination)).filter((name) => name.startsWith(basename(destination) + '.')), [])
})

if (root) test('paths: a folder without write permission', { skip: 'root may write everywhere' }, () => {})

test('a configuration may start with a byte order mark, as editors on Windows write it', () => {
  const path = join(temporaryFolder(), 'config.json')
  writeFileSync(path, '\ufeff{"epochs": 1, "train_samples": 128, "model": "dense 4 | relu | dense 10"}')
  const flags = ['--epochs', '1', '--train_samples', '128', '--model', 'dense 4 | relu | dense 10']
  const plain = trainJson(native, ['--data', smallData(), ...flags]).hash
  for (const program of programs) assert.equal(trainJson(program, ['--data', smallData(), '--config', path]).hash, plain)
})

const pinned = spawnSync('sh', ['-c', 'command -v taskset']).status === 0

test('a process that is limited to one core has one thread', { skip: !pinned && 'taskset is not installed' }, () => {
  const args = ['--data', smallData(), '--epochs', '1', '--train_samples', '128', '--model', 'dense 4 | relu | dense 10']
  for (const { name, command } of programs) {
    const onOneCore = { name, command: ['taskset', '-c', '0', ...command] }
    for (const more of [[], ['--threads', '2']]) assert.equal(trainJson(onOneCore, [...args, ...more]).of('start')[0].threads, 1, `${name} ${more.join(' ')}`)
  }
})

test('a model that does not fit is rejected by its size, in a race for each run', () => {
  const config = join(temporaryFolder(), 'config.json')
  writeFileSync(config, '{"model": "conv 4096x3 p1 | relu | dense 10"}')
  const base = ['--data', smallData(), '--config', config, '--train_samples', '100', '--epochs', '1']
  const [one, two, race] = runSeveral(headless, [['train', ...base, '--threads', '1'], ['train', ...base, '--threads', '2'], ['race', ...base, '--activations', 'relu,tanh']])
  for (const { status, stdout, stderr } of [one, two]) {
    assert.equal(status, 2, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, /^error: the model needs \d\.\d\d GB of memory \(weights with gradients and moments \d\.\d\d GB, activations of 64 samples \d\.\d\d GB\), but [\d.]+ GB is free: give it fewer or smaller layers, or a smaller batch\n$/)
  }
  assert.equal(race.stdout.match(/^(?:relu|tanh): the model needs \d\.\d\d GB of memory/gm)?.length, 2, race.stdout)
})

test('a rejected run does not change existing files', () => {
  const folder = temporaryFolder()
  const [save, jsonl] = [join(folder, 'old.safetensors'), join(folder, 'old.jsonl')]
  for (const path of [save, jsonl]) writeFileSync(path, 'old')
  const lists = [['--lr', '-1'], ['--data', '/no/such/folder']].map((args) => ['train', '--data', smallData(), '--save', save, '--jsonl', jsonl, ...args])
  for (const program of programs) assert.deepEqual(runSeveral(program, lists).map(({ status }) => status), [2, 2])
  assert.ok(existsSync(save))
  for (const path of [save, jsonl]) assert.equal(readFileSync(path, 'utf8'), 'old')
  assert.deepEqual(readdirSync(folder).sort(), ['old.jsonl', 'old.safetensors'])
})
