// Bad input: one clear sentence that names the value, exit code 2, nothing on standard output and no file left
// behind, the same from the native program and from Node.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { folderOf, headless, native, run, smallData, smallFiles, temporaryFolder } from './support.mjs'

const programs = [native, headless]
const [trainImages, trainLabels, testImages] = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte']

/**
 * Both programs refuse the arguments, in the same words but where a library chooses them.
 * @param {string[]} args
 * @param {(string | RegExp)[]} words what the sentence has to contain
 * @param {{ sameWords?: boolean }} [options]
 */
function refused(args, words, { sameWords = true } = {}) {
  const sentences = programs.map((program) => {
    const { status, stdout, stderr } = run(program, args)
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

// ---- Data files ------------------------------------------------------------------------------------------------------

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
  test(`data: ${title}`, () => {
    const files = smallFiles()
    files[file] = damage(files[file])
    refused(['train', '--data', folderOf(files)], words)
  })
}

test('data: a damaged .gz file', () => {
  const files = smallFiles()
  const packed = gzipSync(files[trainImages])
  delete files[trainImages]
  for (const bytes of [packed.subarray(0, packed.length >> 1), changed(packed, (c) => c.fill(0x55, 2000, 2100)), ]) {
    refused(['train', '--data', folderOf({ ...files, [trainImages + '.gz']: bytes })], [/train-images/], { sameWords: false })
  }
})

test('data: a .gz file that unpacks to far more than its header says', () => {
  const files = smallFiles()
  const bomb = gzipSync(Buffer.concat([files[trainLabels], Buffer.alloc(50_000_000)]))
  delete files[trainLabels]
  refused(['train', '--data', folderOf({ ...files, [trainLabels + '.gz']: bomb })], ['training labels', '2000'])
})

test('data: a folder or a file that is not there', () => {
  refused(['train', '--data', '/no/such/folder'], ['"/no/such/folder"'])
  const files = smallFiles()
  delete files[testImages]
  refused(['train', '--data', folderOf(files)], [testImages])
})

// ---- The configuration -----------------------------------------------------------------------------------------------

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
  [['--learning-rat', '1'], ['learning-rat']],
  [['--epoch', '1'], ['epoch', 'epochs']],
  [['something'], ['something']],
]

for (const [args, words] of flags) {
  test(`flags: ${args.join(' ')}`, () => refused(['train', '--data', smallData(), ...args], words))
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
]

for (const [title, text, words] of configs) {
  test(`config: ${title}`, () => {
    const path = join(temporaryFolder(), 'config.json')
    writeFileSync(path, text)
    refused(['train', '--data', smallData(), '--config', path], words)
  })
}

// ---- Paths -----------------------------------------------------------------------------------------------------------

test('paths: a configuration that cannot be read', () => {
  refused(['train', '--config', '/no/such/config.json'], ['"/no/such/config.json"'])
  const folder = temporaryFolder()
  refused(['train', '--config', folder], [`"${folder}"`])
})

test('paths: destinations that cannot be written are refused before training', () => {
  const folder = temporaryFolder()
  const data = ['--data', smallData()]
  for (const flag of ['--save', '--jsonl']) {
    refused(['train', ...data, flag, '/no/such/folder/file.pth'], ['"/no/such/folder/file.pth" cannot be written'])
    refused(['train', ...data, flag, folder], [`"${folder}"`])
    refused(['train', ...data, flag, join(smallData(), trainImages, 'file.pth')], ['cannot be written'])
  }
  assert.deepEqual(readdirSync(folder), [])
  assert.deepEqual(readdirSync(dirname(folder)).filter((name) => name.startsWith(basename(folder) + '.')), [])
})

test('paths: a folder without write permission', (t) => {
  if (process.getuid?.() === 0) {
    t.skip('root may write everywhere')
    return
  }
  const folder = join(temporaryFolder(), 'closed')
  mkdirSync(folder)
  chmodSync(folder, 0o555)
  for (const flag of ['--save', '--jsonl']) refused(['train', '--data', smallData(), flag, join(folder, 'file.pth')], [join(folder, 'file.pth')])
})

test('a refused run leaves existing files as they were', () => {
  const folder = temporaryFolder()
  const [save, jsonl] = [join(folder, 'old.safetensors'), join(folder, 'old.jsonl')]
  for (const path of [save, jsonl]) writeFileSync(path, 'old')
  for (const args of [['--lr', '-1'], ['--data', '/no/such/folder']]) {
    for (const program of programs) {
      assert.equal(run(program, ['train', '--data', smallData(), '--save', save, '--jsonl', jsonl, ...args]).status, 2)
    }
  }
  assert.ok(existsSync(save))
  for (const path of [save, jsonl]) assert.equal(readFileSync(path, 'utf8'), 'old')
  assert.deepEqual(readdirSync(folder).sort(), ['old.jsonl', 'old.safetensors'])
})

test('flags without a value, twice, or on their own', () => {
  refused(['train', '--lr'], ['--lr'], { sameWords: false })
  refused(['train', '--lr', '1', '--lr', '2'], ['--lr'], { sameWords: false })
})

test('an unknown command', () => refused(['trian'], ['trian'], { sameWords: false }))
