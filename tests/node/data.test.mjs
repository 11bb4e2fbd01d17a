// The user's data in every format: the same samples give the same weights, natively and in Node, and both programs
// reject invalid files.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { gzipSync } from 'node:zlib'
import { unzlibSync, zipSync } from 'fflate'
import { decodePng } from '../../web/engine/worker/png.js'
import { idxFilesOf, npyFilesOf, png, pngFilesOf } from './formats.mjs'
import { cutIdx, headless, native, runSeveral, temporaryFolder, trainJson, trainSeveral } from './support.mjs'

const programs = [native, headless]

/**
 * The first digits of MNIST below five, in the order of a folder with one subfolder per class.
 * @param {'train' | 't10k'} part @param {number} count
 * @returns {import('./formats.mjs').Part}
 */
function digits(part, count) {
  const images = cutIdx(`${part}-images-idx3-ubyte`, count).subarray(16)
  const labels = [...cutIdx(`${part}-labels-idx1-ubyte`, count).subarray(8)]
  const order = labels.map((_, i) => i).filter((i) => labels[i] < 5).sort((a, b) => labels[a] - labels[b] || a - b)
  return {
    height: 28, width: 28, images: order.map((i) => images.subarray(784 * i, 784 * (i + 1))), labels: order.map((i) => labels[i]),
  }
}

const train = digits('train', 800)
const test_ = digits('t10k', 300)

/**
 * Writes files and subfolders into a folder.
 * @param {import('./formats.mjs').Files} files
 */
function treeOf(files) {
  const top = join(temporaryFolder(), 'data')
  mkdirSync(top)
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(top, path)), { recursive: true })
    writeFileSync(join(top, path), bytes)
  }
  return top
}

/** @param {string} name @param {import('./formats.mjs').Files} files @param {0 | 6} [level] 0: stored */
function archiveOf(name, files, level = 6) {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, zipSync(Object.fromEntries(Object.entries(files).map(([file, bytes]) => [file, new Uint8Array(bytes)])), { level }))
  return path
}

/** @param {import('./formats.mjs').Files} files @param {string} folder */
const below = (files, folder) => Object.fromEntries(Object.entries(files).map(([path, bytes]) => [`${folder}/${path}`, bytes]))

const small = ['--epochs', '1', '--batch', '50', '--model', 'dense 16 | relu | dense 5']
const idx = idxFilesOf(train, test_)
const pngs = pngFilesOf({ train, test: test_ })

/** @type {Record<string, string>} */
const forms = {
  'a folder of IDX files': treeOf(idx),
  'packed IDX files in a folder in a folder': treeOf(below(Object.fromEntries(Object.entries(idx).map(([name, bytes]) => [`${name}.gz`, gzipSync(bytes)])), 'MNIST/raw')),
  'an archive of IDX files': archiveOf('idx.zip', idx),
  'a folder of npy files': treeOf(npyFilesOf(train, test_)),
  'npy files with labels of 64 bits': treeOf(npyFilesOf(train, test_, '<i8')),
  'an npz archive': archiveOf('mnist.npz', npyFilesOf(train, test_)),
  'an npz archive that is not compressed': archiveOf('mnist.npz', npyFilesOf(train, test_), 0),
  'a folder of png files': treeOf(pngs),
  'an archive of png files': archiveOf('digits.zip', pngs),
  'an archive of a folder of stored png files': archiveOf('digits.zip', { ...below(pngs, 'digits'), '__MACOSX/digits/._x': new Uint8Array(3) }, 0),
  'png files of three equal colours': treeOf(pngFilesOf({ train, test: test_ }, ({ width, height }, image) =>
    png(width, height, 8, 2, [...image].flatMap((grey) => [grey, grey, grey])))),
}

const expected = trainJson(native, ['--data', forms['a folder of IDX files'], ...small])
const read = programs.map((program) => trainSeveral(program, Object.values(forms).map((path) => ['--data', path, ...small, '--threads', '1'])))

for (const [at, form] of Object.keys(forms).entries()) {
  test(`the same weights from ${form}`, () => {
    for (const [k, program] of programs.entries()) {
      const { hash, of } = read[k][at]
      const [start] = of('start')
      assert.equal(hash, expected.hash, program.name)
      assert.equal(start.train_samples, train.images.length)
      assert.equal(start.test_samples, test_.images.length)
      assert.deepEqual(start.class_names, ['0', '1', '2', '3', '4'])
      assert.deepEqual(of('epoch')[0].correct, expected.of('epoch')[0].correct)
    }
  })
}

test('classes by name, other sizes than 28x28, a test set by chance: the same in both', () => {
  const cropped = { ...train, width: 20, height: 9, images: train.images.map((image) => image.slice(0, 180)) }
  const names = ['none', 'one', 'two', 'three', 'four']
  const files = Object.fromEntries(Object.entries(pngFilesOf({ '': cropped })).map(([path, bytes]) => [path.replace(/^\d/, (digit) => names[Number(digit)]), bytes]))
  const results = programs.map((program) => {
    const args = ['train', '--data', treeOf(files), ...small, '--threads', '1']
    const [{ stdout }, { stdout: json }] = runSeveral(program, [args, [...args, '--jsonl', '-']])
    assert.match(stdout, /^Data: \d+ training and \d+ test images of 20x9 pixels in 5 classes: "four", "none", "one", "three", "two"$/m)
    assert.match(stdout, /^Pixels: mean 0\.\d{4} \(computed\), standard deviation 0\.\d{4} \(computed\)$/m)
    const events = json.trimEnd().split('\n').map((line) => JSON.parse(line))
    const { train_samples, test_samples, class_names } = events[0]
    assert.equal(test_samples, Math.floor(cropped.images.length / 6))
    assert.equal(train_samples + test_samples, cropped.images.length)
    return { hash: events[events.length - 1].weights_sha256, class_names }
  })
  assert.match(results[0].hash, /^[0-9a-f]{64}$/)
  assert.deepEqual(results[0], results[1])
  assert.deepEqual(results[0].class_names, ['four', 'none', 'one', 'three', 'two'])
})

test('control characters in names of classes and files are escaped in all output', () => {
  const evil = '7\nerror: forged \x1b[31mred\x1b[0m \x07\x7f\u0085\u202eback'
  const shown = String.raw`7\x0aerror: forged \x1b[31mred\x1b[0m \x07\x7f`
  const data = treeOf(Object.fromEntries(Object.entries(pngFilesOf({ train, test: test_ })).map(([path, bytes]) => [path.replace('/3/', `/${evil}/`), bytes])))
  const weights = join(temporaryFolder(), 'w.safetensors')
  const digit = join(data, 'test', evil, '..', '0', '1\x1b[2J.png')
  writeFileSync(digit, png(28, 28, 8, 0, test_.images[0]))
  const broken = join(temporaryFolder(), 'broken.png')
  writeFileSync(broken, Buffer.concat([png(28, 28, 8, 0, test_.images[0]).subarray(0, 33), Buffer.from([0, 0, 0, 0, 0x1b, 0x5b, 0x32, 0x4a, 0, 0, 0, 0])]))
  for (const program of programs) {
    const [trained] = runSeveral(program, [['train', '--data', data, ...small, '--save', weights]])
    assert.equal(trained.status, 0, trained.stderr)
    const outcomes = [trained, ...runSeveral(program, [
      ['eval', '--data', data, '--weights', weights], ['predict', digit, '--data', data, '--weights', weights],
      ['predict', broken, '--data', data, '--weights', weights], ['predict', `${digit}\n`, '--data', data, '--weights', weights],
      ['train', '--data', data, ...small, '--model', `dense ${evil}`], ['train', '--data', `${data}/${evil}`], [evil], ['train', '--events', evil],
    ])]
    for (const [at, { stdout, stderr }] of outcomes.entries()) {
      // eslint-disable-next-line no-control-regex
      assert.doesNotMatch(stdout + stderr, /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]/, `${program.name}, ${at}: ${JSON.stringify(stdout + stderr)}`)
      assert.doesNotMatch(stdout + stderr, /^error: forged/m, `${program.name}, ${at}`)
    }
    const [{ stdout: scored }, { stdout: predicted }] = outcomes.slice(1)
    for (const text of [scored, predicted]) assert.ok(text.includes(shown), `${program.name}: ${text}`)
    assert.match(scored, /Accuracy: /)
  }
})

// ---- PNG: our decoder against libpng --------------------------------------------------------------------------------

/** Values without a pattern over rows or bytes. @param {number} count @param {number} below @param {number} seed */
function some(count, below, seed) {
  let state = seed * 2654435761 + 1
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  })
}

const kinds = [
  ...[1, 2, 4, 8, 16].map((depth) => ({ type: 0, depth })),
  ...[8, 16].flatMap((depth) => [{ type: 2, depth }, { type: 4, depth }, { type: 6, depth }]),
  ...[1, 2, 4, 8].map((depth) => ({ type: 3, depth })),
]

/**
 * @param {{type: number, depth: number}} kind @param {number} width @param {number} height @param {number} seed
 * @param {boolean} interlace
 */
function somePng({ type, depth }, width, height, seed, interlace) {
  const count = width * height * [1, 0, 3, 1, 2, 0, 4][type]
  const transparency = type === 3 ? Uint8Array.from([0, 128]) : type === 0 ? Uint8Array.from([0, 1]) : undefined
  const palette = type === 3 ? Uint8Array.from(some(3 << depth, 256, seed + 99)) : undefined
  return png(width, height, depth, type, some(count, 2 ** depth, seed), { interlace, palette, transparency, parts: 1 + (seed % 3) })
}

for (const interlace of [false, true]) {
  test(`every kind of PNG gives the same natively and in Node${interlace ? ', interlaced' : ''}`, () => {
    const lists = [[1, 1], [7, 3], [13, 9]].map(([width, height]) => {
      /** @type {import('./formats.mjs').Files} */
      const files = {}
      kinds.forEach((kind, k) => {
        for (const part of ['train', 'test']) {
          for (let i = 0; i < 4; ++i) files[`${part}/${k % 3}/${k}-${i}.png`] = somePng(kind, width, height, 31 * k + i + (part === 'test' ? 7 : 0), interlace)
        }
      })
      const folder = treeOf(files)
      // Every pixel affects the weights and the test loss.
      return ['--data', folder, '--epochs', '1', '--batch', '5', '--model', 'dense 7 | tanh | dense 3', '--threads', '1']
    })
    const [ours, theirs] = programs.map((program) => trainSeveral(program, lists))
    for (const at of lists.keys()) {
      assert.equal(ours[at].hash, theirs[at].hash)
      assert.equal(ours[at].of('epoch')[0].test_loss, theirs[at].of('epoch')[0].test_loss)
    }
  })
}

test('known PNG images are decoded to known bytes', () => {
  const decoded = (/** @type {Uint8Array} */ bytes) => decodePng(bytes, unzlibSync)
  assert.deepEqual([...decoded(png(4, 1, 2, 0, [0, 1, 2, 3])).pixels], [0, 85, 170, 255])
  assert.deepEqual([...decoded(png(9, 1, 1, 0, [1, 0, 0, 0, 0, 0, 0, 1, 1])).pixels], [255, 0, 0, 0, 0, 0, 0, 255, 255])
  assert.deepEqual([...decoded(png(2, 1, 16, 0, [0x12ff, 0xff00])).pixels], [0x12, 0xff])
  assert.deepEqual([...decoded(png(1, 2, 8, 4, [9, 0, 8, 255])).pixels], [9, 8])
  const colour = decoded(png(1, 1, 8, 6, [1, 2, 3, 0]))
  assert.deepEqual([colour.channels, ...colour.pixels], [3, 1, 2, 3])
  const values = some(11 * 6, 256, 5)
  for (const interlace of [false, true]) {
    assert.deepEqual([...decoded(png(11, 6, 8, 0, values, { interlace, parts: 3 })).pixels], values)
  }
})

test('a truncated or changed PNG is rejected and never read beyond its end', () => {
  const whole = somePng({ type: 2, depth: 8 }, 6, 5, 3, false)
  for (let length = 0; length < whole.length; ++length) {
    assert.throws(() => decodePng(whole.slice(0, length), unzlibSync), /^Error: (?:it |its |the )/, `${length}`)
  }
  for (let at = 0; at < whole.length; ++at) {
    const changed = Uint8Array.from(whole)
    changed[at] ^= 0x40
    try {
      assert.deepEqual(decodePng(changed, unzlibSync).pixels, decodePng(whole, unzlibSync).pixels)
    } catch (error) {
      assert.match(String(error), /^Error: (?:it |its |the )/, `${at}`)
    }
  }
})

// ---- What cannot be read --------------------------------------------------------------------------------------------

/**
 * @param {import('./support.mjs').Outcome[]} answers of the programs
 * @param {(string | RegExp)[]} words that the errors of both programs contain
 */
function refused(answers, words) {
  for (const [at, program] of programs.entries()) {
    const { status, stdout, stderr } = answers[at]
    assert.equal(status, 2, `${program.name}: ${stdout}${stderr}`)
    assert.match(stderr, /^error: [^\n]+\n$/)
    for (const word of words) assert.ok(typeof word === 'string' ? stderr.includes(word) : word.test(stderr), `${program.name}: ${word} in ${stderr}`)
  }
}

/** @param {Uint8Array} bytes @param {(copy: Buffer) => void} change */
function changed(bytes, change) {
  const copy = Buffer.from(bytes)
  change(copy)
  return copy
}

const [firstPng] = Object.keys(pngs)
/** @type {[string, () => string, (string | RegExp)[]][]} */
const refusals = [
  ['a file that is no archive', () => join(treeOf({ 'notes.txt': Buffer.from('hello') }), 'notes.txt'), ['notes.txt', 'neither a folder nor']],
  ['an empty folder', () => treeOf({}), ['holds no data set']],
  ['an archive cut off', () => {
    const path = join(treeOf({}), 'a.zip')
    writeFileSync(path, zipSync({ 'x_train.npy': new Uint8Array(1000) }).slice(0, 60))
    return path
  }, ['a.zip', 'not a whole ZIP archive']],
  ['an archive of something else', () => archiveOf('a.zip', { 'a.txt': Buffer.from('hello') }), ['the archive', 'holds no data set']],
  ['an npz archive that lacks an array', () => archiveOf('a.npz', { ...npyFilesOf(train, test_), 'y_test.npy': new Uint8Array(), 'y_test.npy.bak': new Uint8Array() }), ['test labels']],
  ['an npz archive with a damaged entry', () => {
    const path = archiveOf('a.npz', npyFilesOf(train, test_), 0)
    const bytes = zipSync(Object.fromEntries(Object.entries(npyFilesOf(train, test_)).map(([name, b]) => [name, new Uint8Array(b)])), { level: 0 })
    writeFileSync(path, changed(bytes, (copy) => (copy[5000] ^= 1)))
    return path
  }, ['"x_train.npy"', 'its data is damaged']],
  ['an entry that announces more than it can hold', () => {
    const path = archiveOf('a.npz', npyFilesOf(train, test_))
    const bytes = zipSync(Object.fromEntries(Object.entries(npyFilesOf(train, test_)).map(([name, b]) => [name, new Uint8Array(b)])))
    writeFileSync(path, changed(Buffer.from(bytes), (copy) => {
      for (let at = 0; at + 46 < copy.length; ++at) if (copy.readUInt32LE(at) === 0x02014b50) copy.writeUInt32LE(0xf0000000, at + 24)
    }))
    return path
  }, ['"x_train.npy"', 'cannot be read']],
  ['a png that is cut off', () => treeOf({ ...pngs, [firstPng]: pngs[firstPng].subarray(0, 60) }), [firstPng, 'is not a whole PNG image']],
  ['a png that is none', () => treeOf({ ...pngs, [firstPng]: Buffer.from('GIF89a') }), [firstPng, 'is not a whole PNG image']],
  ['a png of another size', () => treeOf({ ...pngs, 'train/4/zz.png': png(27, 28, 8, 0, some(27 * 28, 256, 1)) }), ['train/4/zz.png', '27x28', '28x28', 'one size']],
  ['a png that is too large', () => treeOf({ ...pngs, [firstPng]: png(5000, 1, 8, 0, some(5000, 256, 1)) }), [firstPng, '4096']],
  ['a file that is no png among them', () => treeOf({ ...pngs, 'train/3/list.txt': Buffer.from('x') }), ['train/3/list.txt', 'not a .png file']],
  ['one class only', () => treeOf(pngFilesOf({ train: { ...train, labels: train.labels.map(() => 0) } })), ['2 to 256']],
  ['another number of classes than the model gives', () => treeOf(pngFilesOf({ train: digitsBelow(3), test: digitsBelow(3) })), ['3']],
]

/** @param {number} classes */
function digitsBelow(classes) {
  const kept = train.labels.map((label, i) => (label < classes ? i : -1)).filter((i) => i >= 0).slice(0, 50)
  const all = train.labels.map((label, i) => (label < classes ? i : -1)).filter((i) => i >= 0)
  const chosen = [...new Set([...kept, ...all.slice(-50), ...all.filter((_, i) => i % 5 === 0)])].sort((a, b) => a - b)
  return { ...train, images: chosen.map((i) => train.images[i]), labels: chosen.map((i) => train.labels[i]) }
}

const zeros = Buffer.alloc(1 << 26)
/**
 * Small archives and files that would expand to far more than their headers say or than is allowed.
 * @type {[string, () => string[], (string | RegExp)[]][]}
 */
const bombs = [
  ['an npz array with far more behind its header', () => ['--data', archiveOf('a.npz', { ...npyFilesOf(train, test_), 'x_train.npy': Buffer.concat([npyFilesOf(train, test_)['x_train.npy'], zeros]) })],
    ['"x_train.npy"', ` has ${npyFilesOf(train, test_)['x_train.npy'].length + zeros.length} bytes, but its header announces ${npyFilesOf(train, test_)['x_train.npy'].length} (the file is too long)`]],
  ['an IDX file in an archive with far more behind its header', () => ['--data', archiveOf('a.zip', { ...idx, 'train-images-idx3-ubyte': Buffer.concat([idx['train-images-idx3-ubyte'], zeros]) })],
    ['"train-images-idx3-ubyte"', 'but its header announces', '(the file is too long)']],
  ['a gzip file with far more behind its header', () => ['--data', treeOf({ ...idx, 'train-images-idx3-ubyte': gzipSync(Buffer.concat([idx['train-images-idx3-ubyte'], zeros])) })],
    ['training images', '(the file is too long)']],
  ['more than is allowed', () => ['--max_data', '1', '--data', treeOf(idxFilesOf({ ...train, images: train.images.flatMap((image) => [image, image, image, image]), labels: train.labels.flatMap((label) => [label, label, label, label]) }, test_))],
    ['with "train-images-idx3-ubyte" the data takes 1.3 MB unpacked, but at most 1.0 MB are allowed; --max_data allows more']],
  ['large images in a small archive', () => {
    const blank = png(4096, 4096, 8, 0, new Uint8Array(4096 * 4096))
    return ['--max_data', '100', '--data', archiveOf('a.zip', Object.fromEntries(Array.from({ length: 40 }, (_, k) => [`${k % 2 ? 'a' : 'b'}/${k}.png`, blank])))]
  }, [/with "a\/\d+\.png" the data takes 671\.1 MB unpacked, but at most 104\.9 MB are allowed/]],
  ['an entry that is no image for its size', () => ['--data', archiveOf('a.zip', { ...pngs, [firstPng]: Buffer.alloc(300 << 20) })], [firstPng, `has ${300 << 20} bytes, but a PNG image may have at most ${1 << 28}`]],
  ['a limit that is none', () => ['--max_data', '0.5'], ['max_data is "0.5", but it must be a whole number from 1 to 1000000']],
]

const asked = [...refusals.map(([, make]) => ['train', '--data', make(), ...small]), ...bombs.map(([, make]) => ['train', ...make(), ...small])]
const answers = programs.map((program) => runSeveral(program, asked))
for (const [at, [title, , words]] of [...refusals, ...bombs].entries()) test(`refused: ${title}`, () => refused(answers.map((all) => all[at]), words))

// ---- Augmentation, validation and early stopping --------------------------------------------------------------------

/** @type {Record<string, string[]>} */
const settings = {
  'rotation and translation': ['--augment_rotate', '10', '--augment_translate', '2'],
  'everything': [
    '--augment_rotate', '15', '--augment_translate', '2', '--augment_scale', '0.1', '--augment_shear', '8', '--augment_elastic', '20',
    '--augment_elastic_sigma', '4', '--augment_noise', '10', '--augment_erase', '0.3',
  ],
  'held-out samples': ['--validation', '50'],
  'early stopping': ['--early_stopping', '1', '--epochs', '4', '--lr', '0.05'],
}

for (const [title, args] of Object.entries(settings)) {
  test(`${title}: one hash for all numbers of threads, first layers and programs`, () => {
    const of = (/** @type {import('./support.mjs').Program} */ program, /** @type {string[][]} */ lists) => trainSeveral(program, lists.map((more) =>
      ['--data', forms['a folder of IDX files'], ...small.slice(2), ...args, ...(args.includes('--epochs') ? [] : ['--epochs', '2']), ...more]))
    const [reference, ...others] = of(native, [['--threads', '1'], ['--threads', '2'], ['--input', 'dense'], ['--input', 'sparse', '--simd', 'scalar']])
    assert.notEqual(reference.hash, expected.hash)
    for (const other of others) assert.equal(other.hash, reference.hash, JSON.stringify(other.of('start')[0].config))
    for (const node of of(headless, [['--threads', '1'], ['--threads', '2']])) {
      assert.equal(node.hash, reference.hash, `node, ${node.of('start')[0].threads} threads`)
      assert.deepEqual(node.of('epoch').map(({ validation_loss }) => validation_loss), reference.of('epoch').map(({ validation_loss }) => validation_loss))
    }
  })
}

for (const program of programs) {
  test(`${program.name}: the validation set and early stopping are reported`, () => {
    const data = ['--data', forms['a folder of IDX files'], '--batch', '50', '--model', 'dense 16 | relu | dense 5']
    const [{ stdout }, { stdout: stopped }] = runSeveral(program, [
      ['train', ...data, '--threads', '1', '--epochs', '1', '--validation', '60'],
      ['train', ...data, '--threads', '1', '--epochs', '60', '--early_stopping', '1', '--lr', '0.05'],
    ])
    assert.match(stdout, /^Validation: 60 of the training images are held out$/m)
    assert.match(stdout, /\n\nValidation set: Average loss: \d\.\d{4}, Accuracy: \d+\/60 \(\d+\.\d\d%\)\nTest set: /)
    assert.match(stopped, /^Stopped early after epoch \d+: the weights are those of epoch \d+, whose validation loss of \d\.\d{4} is the lowest$/m)
  })
}
