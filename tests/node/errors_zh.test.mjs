// The errors of the core in Chinese: real bad inputs, whose messages must all be translated and keep the offending value.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { unzlibSync } from 'fflate'
import { readFolder } from '../../web/engine/worker/folder.js'
import { openZip } from '../../web/engine/worker/zip.js'
import { load } from '../../web/node/module.mjs'
import { experiments } from '../../web/words/zh/experiments.js'
import { lab as zh } from '../../web/words/zh/lab.js'
import { npy } from './formats.mjs'
import { root } from './support.mjs'

const core = await load()

/** A big-endian IDX file. @param {number[]} sizes @param {number[]} data @param {number[]} [magic] */
const idx = (sizes, data, magic = [0, 0, 8, sizes.length]) => Uint8Array.from([...magic, ...sizes.flatMap((size) => [0, 0, size >> 8, size & 255]), ...data])
/** Eight samples of 2 x 2 pixels and two classes. */
const images = idx([8, 2, 2], Array.from({ length: 32 }, (_, i) => 8 * i))
const labels = idx([8], [0, 1, 0, 1, 0, 1, 0, 1])
const whole = { name: 'own', trainImages: images, trainLabels: labels, testImages: images, testLabels: labels }
const model = { model: 'dense 2' }

/** What is wrong with an input. @param {() => unknown} work @returns {string} */
function wrong(work) {
  try {
    work()
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return ''
}

/** @param {string} name of what is tested @param {[label: string, value: string, work: () => unknown][]} cases value: what the sentence must keep */
function translates(name, cases) {
  test(name, () => {
    /** @type {string[]} */
    const faults = []
    for (const [label, value, work] of cases) {
      const message = wrong(work)
      for (const english of [message, `${message.replace(/\.$/, '')}.`]) {
        const said = zh.error(english)
        const good = message && /^(?!错误信息).*\p{Script=Han}.*。$/u.test(said) && !/\b(?:but|must|which|the|an?|is|are|has|at most)\b/.test(said) && said.includes(value)
        if (!good) faults.push(`${label}: ${english} → ${said}`)
      }
    }
    assert.deepEqual(faults, [])
  })
}

/** @type {[string, string][]} */
const settings = [
  ['lr', '-1'], ['lr', 'abc'], ['lr', '1e-45'], ['lr', '1e99'], ['batch', '0'], ['batch', '2.5'], ['batch', 'many'], ['epochs', '-3'], ['momentum', '1'], ['momentum', '1.5'],
  ['threads', '-1'], ['seed', '0.5'], ['optimizer', 'adamm'], ['schedule', 'cosin'], ['init', 'hee'], ['nesterov', 'maybe'], ['std', 'wide'], ['mean', 'x'], ['clip_norm', '-2'],
  ['class_weights', '1,-1'], ['events', '1:lr'], ['events', '5:lr:0.1,3:lr:0.2'], ['events', '5:model:3'], ['rate', '0.1'], ['zzzzzzzzzz', '1'], ['学习率', '1'],
]
translates('values of settings', settings.map(([name, value]) => [`${name}=${value}`, value === '5:model:3' ? 'model' : value.startsWith('5:lr') ? '3:lr:0.2' : core.registry().fields.some((/** @type {{name: string}} */ field) => field.name === name) ? value : name,
  () => core.parse([[name, value]])]))
translates('configs in JSON', [
  ['no object', '列表', () => core.configFromJson('[1]')], ['not JSON', '2', () => core.configFromJson('{lr')], ['a text as number', 'fast', () => core.configFromJson('{"lr": "fast"}')],
  ['events', 'step', () => core.configFromJson('{"events": [1]}')], ['numbers', 'x', () => core.configFromJson('{"class_weights": ["x"]}')],
])

/** @type {[string, string][]} model and what the sentence keeps */
const models = [
  ['', 'dense 512 | relu | dense 10'], ['rellu', 'rellu'], ['qqqq', 'qqqq'], ['dense', 'dense'], ['dense x', 'x'], ['dense 0', '0'], ['dense 3 4', 'dense'], ['dense 2 | relu 1', '1'], ['dense 2 |', '|'], ['| dense 2', '|'],
  ['dense 3', '3'], ['dropout 1.5 | dense 2', '1.5'], ['dropout | dense 2', 'dropout'], ['dropout 1e-60 | dense 2', '1e-60'], ['dense 4 | leaky_relu 1e9 | dense 2', '1e9'], ['dense 4 | leaky_relu 0.1 2 | dense 2', '2'],
  ['conv | dense 2', 'conv'], ['conv 8 | dense 2', '8'], ['conv 8x9 | dense 2', '9 x 9'], ['conv 8x3 q1 | dense 2', 'q1'], ['conv 8x99x | dense 2', '99x'], ['dense 4 | conv 8x3 | dense 2', '4'], ['pool | dense 2', 'pool'],
  ['pool 9 | dense 2', '9 x 9'], ['pool 2 p1 | dense 2', 'p1'], ['dense 6 | gn 4 | dense 2', '4'], ['dense 6 | gn | dense 2', 'gn'], ['dense 5 | maxout 2 | dense 2', '2'], ['dense 5 | maxout | dense 2', 'maxout'],
  ['residual ( relu )', 'residual'], ['dense 2 | residual', 'residual'], ['dense 2 | residual ( dense 3 )', '3'], ['dense 2 | residual ( relu', 'residual'], ['dense 2 ) | relu', ')'], ['dense 2 ( relu )', '('], ['dense 2 bn', 'dense'],
  ['dense 2 | bn 3', '3'], ['dense 2000000', '2000000'], ['dense 60000 | dense 60000 | dense 2', 'dense'], [Array(2000).fill('relu').join(' | '), '2000'], ['dense 4 | relu channel | dense 2', 'channel'], ['稠密 2', '稠密'],
]
translates('texts of models', models.map(([text, value]) => [`model ${text.slice(0, 50)}`, value, () => core.describe(text, [1, 8, 8], 2, 10)]))

/** @type {[string, string, Partial<typeof whole>][]} */
const files = [
  ['counts differ', '7', { trainLabels: idx([7], [0, 1, 0, 1, 0, 1, 0]) }], ['a gap', '3', { trainLabels: idx([8], [0, 1, 3, 1, 0, 1, 0, 1]) }], ['one class', '0', { trainLabels: idx([8], Array(8).fill(0)) }],
  ['a label of no class', '5', { testLabels: idx([8], [0, 1, 5, 1, 0, 1, 0, 1]) }], ['other size', '4x2', { testImages: idx([4, 2, 4], Array(32).fill(1)), testLabels: idx([4], [0, 1, 0, 1]) }],
  ['empty', 'IDX', { trainImages: new Uint8Array() }], ['gzip', 'gzip', { trainImages: Uint8Array.of(0x1f, 0x8b, 8, 0) }], ['short', '3', { trainImages: Uint8Array.of(0, 0, 8) }],
  ['magic', '01020803', { trainImages: idx([8, 2, 2], [], [1, 2, 8, 3]) }], ['type', '0x0d', { trainImages: idx([8, 2, 2], [], [0, 0, 13, 3]) }], ['dimensions', '1', { trainImages: idx([8, 2, 2], [], [0, 0, 8, 1]) }],
  ['no image', '0', { trainImages: idx([0, 2, 2], []) }], ['truncated', '31', { trainImages: images.subarray(0, -1) }], ['too long', '33', { trainImages: Uint8Array.from([...images, 0]) }],
  ['npy shape', '[32]', { trainImages: npy('|u1', [32], new Uint8Array(32)) }], ['npy float labels', 'f4', { trainLabels: npy('<f4', [8], new Uint8Array(32)) }], ['npy big-endian', '>i4', { trainLabels: npy('>i4', [8], new Uint8Array(32)) }],
  ['npy text', '<U4', { trainLabels: npy('<U4', [8], new Uint8Array(128)) }], ['npy truncated', '20', { trainImages: npy('|u1', [8, 2, 2], new Uint8Array(20)) }], ['npy label', '300', { trainLabels: npy('<i2', [8], Uint8Array.of(44, 1, ...Array(14).fill(0))) }],
  ['npy version', '9', { trainImages: Uint8Array.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 9, 0, 10, 0, 0, 0]) }], ['npy kind', 'x', { trainImages: npy("x', 'z': '",[8], new Uint8Array(8)) }],
]
translates('files of data', files.map(([label, value, changed]) => [label, value, () => core.createDataset({ ...whole, ...changed })]))

/** @param {Record<string, Uint8Array>} content */
const folder = (content) => readFolder(core, 'own', '"digits"', {
  paths: Object.keys(content), announced: () => 0, read: (/** @type {string} */ path, most = Infinity) => content[path].subarray(0, most),
}, { unzlib: unzlibSync, gunzip: () => new Uint8Array() })
translates('folders and archives', [
  ['nothing', 'digits', () => folder({ 'a.txt': images })], ['a missing file', 'train-labels-idx1-ubyte', () => folder({ 'train-images-idx3-ubyte': images })], ['a missing npy file', 'y_test.npy', () => folder({ 'x_train.npy': images, 'y_train.npy': images, 'x_test.npy': images })],
  ['a png in no class', '1', () => folder({ 'x.png': images, '1/i.png': images })], ['no class', '0', () => folder({ '1/i.png': images, '1/b.png': images })], ['a broken png', 'PNG', () => folder({ '0/i.png': images, '0/b.png': images, '0/c.png': images, '1/i.png': images, '1/b.png': images, '1/c.png': images })],
  ['few images', '2', () => folder({ '0/i.png': images, '1/i.png': images })], ['no archive', 'ZIP', () => openZip(images, () => new Uint8Array())],
])

const data = core.createDataset(whole)
/** @type {[string, string, object][]} */
const runs = [
  ['too many samples', '9', { train_samples: 9 }], ['validation', '8', { validation: 8 }], ['weights of classes', '3', { class_weights: [1, 1, 1] }], ['sparse input', 'bn', { model: 'bn | dense 2', input: 'sparse' }],
  ['nesterov', '0', { optimizer: 'sgd', nesterov: true, momentum: 0 }], ['milestones', '3,2', { schedule: 'multi_step', lr_milestones: '3,2' }], ['precision', 'bf16', { precision: 'bf16' }], ['device', 'cuda', { device: 'cuda' }], ['a last batch of one', '7', { model: 'dense 4 | bn | dense 2', batch: 7 }],
]
translates('runs', runs.map(([label, value, config]) => [label, value, () => core.createSession(data, { ...model, ...config })]))
translates('checkpoints and weights', [
  ['no file', '3', () => core.createSession(data, model).restore(Uint8Array.of(1, 2, 3))], ['damaged', 'SHA-256', () => {
    const run = core.createSession(data, model)
    const bytes = run.checkpoint()
    bytes[bytes.length - 1] ^= 1
    run.restore(bytes)
  }],
  ['only weights', 'train --checkpoint', () => core.createSession(data, model).restore(core.createSession(data, model).save('safetensors'))],
  ['weights of another model', '[2, 4]', () => core.createSession(data, { model: 'dense 3 | relu | dense 2' }).load(core.createSession(data, model).save('safetensors'))],
])

test('the divergence of a run, and what is not known', () => {
  assert.equal(zh.error('Diverged at step 7 (epoch 2): the output of layer 3 (act1, leaky_relu 0.1) is no longer finite at learning rate 50; the weights are those before that step.'),
    '在第 7 步（第 2 轮）发散：学习率为 50 时，第 3 层（act1，leaky_relu 0.1）的输出不再是有限值；权重是该步之前的权重。')
  assert.equal(zh.error('Something else.'), '错误信息：Something else.')
  assert.equal(zh.error('没有。'), '没有。')
})

test('every configuration of a lesson has a Chinese name or that of a method', () => {
  const table = readFileSync(join(root, 'src/experiments/lesson_table.cpp'), 'utf8')
  const names = [...table.matchAll(/\{"([^"]+)",\s*"(?:[^"]*=[^"]*)?"/g)].map(([, name]) => name)
  assert.ok(names.length > 40)
  for (const name of names) assert.match(experiments.lessons.variant(name), /\p{Script=Han}|^(?:sigmoid|[A-Z]\S*|Leaky ReLU)$/u, name)
})
