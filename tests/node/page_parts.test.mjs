// Parts of the page that need no browser, with expected values computed by hand: edits of the model's text, the
// address, keys in a grid, preferences, the conversion of drawings, layouts of weights, the history of snapshots, and words.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { Emitter } from '../../web/engine/emitter.js'
import { limitOf, positionsFor } from '../../web/charts/activation_plot.js'
import { toCsv } from '../../web/charts/chart_export.js'
import { toMnist } from '../../web/charts/digit.js'
import { listenToGrid } from '../../web/controls/grid_keys.js'
import { searchFor } from '../../web/controls/language_switch.js'
import { readHash, writeHash } from '../../web/lab/hash.js'
import { recall, remember } from '../../web/dom/memory.js'
import * as model from '../../web/lab/model_text.js'
import { ProbeHistory, hiddenActivations, layerTitle } from '../../web/lab/probe_history.js'
import { layOut } from '../../web/charts/weight_picture.js'
import { filled } from '../../web/site/page_words.mjs'
import { textAt } from '../../web/words/fill.js'
import { en } from '../../web/words/en.js'
import { zh } from '../../web/words/zh.js'
import { root } from './support.mjs'

const names = ['relu', 'elu', 'tanh']

test('architecture text: layers, names and arguments', () => {
  assert.deepEqual(model.split(' dense 8 |  | residual ( a | ( b ) | c ) | x '), ['dense 8', 'residual ( a | ( b ) | c )', 'x'])
  assert.deepEqual(model.split(''), [])
  assert.equal(model.wordOf('leaky_relu 0.2'), 'leaky_relu')
  assert.equal(model.argumentsOf('rrelu 0.1 0.5'), '0.1 0.5')
  assert.equal(model.argumentsOf('relu'), '')
  assert.deepEqual(model.parametersOf('rrelu 0.1 0.5'), [0.1, 0.5])
  assert.deepEqual(model.parametersOf('prelu channel'), [])
  assert.deepEqual(model.parametersOf('elu 0'), [0])
})

test('architecture text: the activation, and its replacement', () => {
  assert.equal(model.activationOf('dense 8 | dense 10', names), '')
  assert.equal(model.activationOf('dense 8 | residual ( dense 8 | elu 2 ) | dense 10', names), 'elu')
  assert.equal(model.activationOf('dense 8 | relu | residual ( dense 8 | elu 2 ) | dense 10', names), 'mixed')
  assert.equal(model.activationOf('dense 8 | elu 1 | dense 8 | elu 2 | dense 10', names), 'elu')
  assert.equal(model.activationLayer('dense 8 | elu 0.5 | relu | dense 10', names), 'elu 0.5')
  assert.equal(model.activationLayer('dense 10', names), '')
  assert.equal(model.withActivation('dense 8 | relu | bn | elu 2 | dense 10', 'tanh', names), 'dense 8 | tanh | bn | tanh | dense 10')
  assert.equal(model.withActivation('dense 10', 'tanh', names), 'dense 10')
})

test('architecture text: layers are added before the output, those that read images before the first that reads rows', () => {
  const image = 'conv 8x3 | relu | flatten | dense 32 | relu | dense 10'
  assert.equal(model.withLayer(image, 'pool 2', 'relu'), 'conv 8x3 | relu | pool 2 | flatten | dense 32 | relu | dense 10')
  assert.equal(model.withLayer(image, 'conv 16x3 p1', 'elu'), 'conv 8x3 | relu | conv 16x3 p1 | elu | flatten | dense 32 | relu | dense 10')
  assert.equal(model.withLayer(image, 'conv 16x3 p1', ''), 'conv 8x3 | relu | conv 16x3 p1 | flatten | dense 32 | relu | dense 10')
  assert.equal(model.withLayer('conv 8x3 | gap', 'avgpool 2', 'relu'), 'conv 8x3 | avgpool 2 | gap')
  assert.equal(model.withLayer(image, 'dropout 0.5', 'relu'), 'conv 8x3 | relu | flatten | dense 32 | relu | dropout 0.5 | dense 10')
  assert.equal(model.withLayer('dense 10', 'maxout 2', ''), 'maxout 2 | dense 10')
  assert.equal(model.withLayer('', 'gap', ''), 'gap')
  assert.equal(model.withLayerAt('a | b | c', 2, ''), 'a | b')
  assert.equal(model.moved('a | b | c', 0, 2), 'b | c | a')
  assert.equal(model.withOutputs('conv 4x3 | dense 10  ', 26), 'conv 4x3 | dense 26')
  assert.equal(model.withOutputs('dense 10 | softdense 10', 26), 'dense 10 | softdense 10')
})

test('architecture text: the position of an error', () => {
  const text = 'dense x|(elu'
  const at = (/** @type {number} */ position) => {
    const { start, end } = model.placeOf(text, `at position ${position} it is wrong`) ?? { start: -1, end: -1 }
    return [start, text.slice(start, end)]
  }
  assert.deepEqual([1, 7, 8, 9, 12, 13, 20].map(at), [[0, 'dense'], [6, 'x'], [7, '|'], [8, '('], [11, 'u'], [12, ''], [12, '']])
})

test('the address is read with or without #, and is written in readable form', () => {
  assert.deepEqual(readHash('#lr=0.1&model=dense+8+|+dense+10'), [['lr', '0.1'], ['model', 'dense 8 | dense 10']])
  assert.deepEqual(readHash('lr=0.1'), [['lr', '0.1']])
  assert.deepEqual(readHash('#'), [])
  assert.deepEqual(readHash('##'), [['#', '']])
  assert.equal(writeHash([['events', '1:lr:0.1,2:lr:1'], ['model', 'a | b|c'], ['data', 'x&y=%7C#']]), '#events=1:lr:0.1,2:lr:1&model=a+|+b|c&data=x%26y%3D%257C%23')
})

test('arrow keys in a grid move to the adjacent cell and do not wrap around', () => {
  const cells = Array.from({ length: 6 }, () => ({ tabIndex: -1, focused: 0, focus() { this.focused += 1 } }))
  const list = /** @type {any} */ (cells)
  /** @type {number[]} */
  const chosen = []
  /** @type {Record<string, (event: object) => void>} */
  const listeners = {}
  const table = { querySelectorAll: () => list, addEventListener: (/** @type {string} */ type, /** @type {(event: object) => void} */ listener) => (listeners[type] = listener) }
  listenToGrid(/** @type {any} */ (table), () => 3, (cell) => chosen.push(list.indexOf(cell)))
  const press = (/** @type {number} */ at, /** @type {string} */ key) => {
    let prevented = false
    for (const cell of cells) cell.focused = 0
    listeners.keydown({ key, target: cells[at] ?? {}, preventDefault: () => (prevented = true) })
    return [cells.findIndex(({ focused }) => focused > 0), prevented]
  }
  // Two rows of three.
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((at) => press(at, 'ArrowRight')), [[1, true], [2, true], [-1, true], [4, true], [5, true], [-1, true]])
  assert.deepEqual([0, 1, 2, 3, 4, 5].map((at) => press(at, 'ArrowLeft')), [[-1, true], [0, true], [1, true], [-1, true], [3, true], [4, true]])
  assert.deepEqual([0, 2, 3, 5].map((at) => press(at, 'ArrowDown')), [[3, true], [5, true], [-1, true], [-1, true]])
  assert.deepEqual([0, 2, 3, 5].map((at) => press(at, 'ArrowUp')), [[-1, true], [-1, true], [0, true], [2, true]])
  assert.deepEqual(press(1, 'x'), [-1, false])
  assert.deepEqual(press(9, 'ArrowDown'), [-1, false])
  assert.deepEqual([press(4, 'Enter'), press(2, ' '), press(9, 'Enter')], [[4, true], [2, true], [-1, false]])
  assert.deepEqual(chosen, [4, 2])
  assert.deepEqual(cells.map(({ tabIndex }) => tabIndex), [-1, -1, 0, -1, -1, -1])
})

test('preferences are restored; invalid data, another type and disabled storage are ignored', () => {
  /** @type {Map<string, string>} */
  const kept = new Map([['broken', '{'], ['text', '"dark"'], ['null', 'null'], ['zero', '0']])
  const before = Object.getOwnPropertyDescriptor(globalThis, 'localStorage')
  const use = (/** @type {object} */ storage) => Object.defineProperty(globalThis, 'localStorage', { value: storage, configurable: true })
  use({ getItem: (/** @type {string} */ name) => kept.get(name) ?? null, setItem: (/** @type {string} */ name, /** @type {string} */ value) => kept.set(name, value) })
  assert.equal(recall('text', 'light'), 'dark')
  assert.equal(recall('text', 7), 7)
  assert.equal(recall('zero', 7), 0)
  for (const name of ['broken', 'null', 'none']) assert.deepEqual(recall(name, { a: 1 }), { a: 1 }, name)
  remember('views', { open: [1] })
  assert.equal(kept.get('views'), '{"open":[1]}')
  assert.deepEqual(recall('views', {}), { open: [1] })
  const forbid = () => {
    throw new Error('forbidden')
  }
  use({ getItem: forbid, setItem: forbid })
  assert.equal(recall('text', 'light'), 'light')
  remember('text', 'x')
  if (before) Object.defineProperty(globalThis, 'localStorage', before)
  else Reflect.deleteProperty(globalThis, 'localStorage')
})

test('a drawing: ink from 24 on counts for the extent, all ink for the mass', () => {
  const ink = new Uint8Array(30 * 20)
  ink[0] = 23
  assert.equal(toMnist(ink, 30, 20), null)
  ink[19 * 30 + 29] = 24 // a single pixel in the corner fills the box
  const block = toMnist(ink, 30, 20) ?? []
  for (let i = 0; i < 784; i++) assert.equal(block[i], i % 28 >= 4 && i % 28 < 24 && i >= 4 * 28 && i < 24 * 28 ? 24 : 0, `pixel ${i}`)
})

test('a drawing: a pixel is the mean of the ink under it, and the centre of mass is in the middle', () => {
  const ink = new Uint8Array(8 * 4)
  ink.set([240, 60, 240], 8 + 2)
  const pixels = [...toMnist(ink, 8, 4) ?? []]
  // 20 columns over 3 pixels: the seventh column covers 0.9 to 1.05, two thirds of which are in the first pixel.
  const row = [0, 0, 0, 0, ...Array(6).fill(240), 180, ...Array(6).fill(60), 180, ...Array(6).fill(240), 0, 0, 0, 0]
  assert.deepEqual(pixels.slice(13 * 28, 14 * 28), row)
  assert.deepEqual([...Array(28).keys()].filter((y) => pixels[28 * y + 4] > 0).length, 7)

  const two = new Uint8Array(4)
  two.set([255, 100])
  const shifted = [...toMnist(two, 2, 2) ?? []]
  // The centre of mass is at column (255 * 5 + 100 * 15) / 355 = 7.8 of 20, so the first column is at 14 - 7.8. There
  // are 10 rows.
  assert.deepEqual(shifted.slice(9 * 28, 10 * 28), [...Array(6).fill(0), ...Array(10).fill(255), ...Array(10).fill(100), 0, 0])
  assert.deepEqual([...Array(28).keys()].filter((y) => shifted[28 * y + 6] > 0), [9, 10, 11, 12, 13, 14, 15, 16, 17, 18])

  // A very unbalanced drawing stops at the edge.
  const wide = new Uint8Array(400 * 40)
  wide.fill(255, 0, 40 * 20)
  wide.fill(24, 40 * 399)
  const edge = [...toMnist(wide, 40, 400) ?? []]
  assert.deepEqual([...Array(28).keys()].filter((y) => edge.slice(28 * y, 28 * y + 28).some((value) => value > 0)), [8, 27])
})

test('layouts of weights: an image, kernels side by side, or rows of 32', () => {
  const image = { height: 28, width: 20 }
  const placed = (/** @type {number[]} */ shape, /** @type {[number, number][]} */ places) => {
    const { columns, rows, at } = layOut(shape, image)
    return [columns, rows, ...places.map(([column, row]) => at(column, row))]
  }
  assert.deepEqual(placed([560], [[0, 0], [19, 0], [0, 1], [19, 27]]), [20, 28, 0, 19, 20, 559])
  assert.deepEqual(placed([50], [[31, 0], [0, 1], [17, 1], [18, 1]]), [32, 2, 31, 32, 49, -1])
  assert.deepEqual(placed([10], [[9, 0]]), [10, 1, 9])
  assert.deepEqual(placed([32], [[31, 0]]), [32, 1, 31])
  assert.deepEqual(placed([3, 4, 5], [[0, 0], [4, 3], [5, 0], [6, 0], [10, 2], [11, 3], [16, 3]]), [17, 4, 0, 19, -1, 20, 34, -1, 59])
})

test('positions of a curve extend from end to end, with points on both sides of every kink', () => {
  const at = [...positionsFor({ low: -2, high: 6, counts: [], below: 0, above: 0 }, [0, -2, 6, 7])]
  assert.equal(at.length, 163)
  assert.deepEqual([at[0], at[1], at[162]], [-2, Math.fround(-1.95), 6])
  const near = at.filter((x) => Math.abs(x) < 0.01)
  assert.deepEqual(near, [Math.fround(-8e-4), 0, Math.fround(8e-4)].filter((x) => near.includes(x)))
  assert.ok(near.includes(Math.fround(8e-4)) && near.includes(Math.fround(-8e-4)))
  assert.deepEqual(at, [...at].sort((a, b) => a - b))
  assert.equal(limitOf(Float32Array.of(-3, 1, Infinity, NaN)), 1.5)
  assert.equal(limitOf(Float32Array.of(0, NaN)), 1)
})

test('the CSV of a chart: a column per line and per deviation, empty without a value', () => {
  assert.equal(toCsv('step', [10, 20, 30], [
    { name: 'relu', colour: '', values: [0.5, null, 0], spread: [0.25, null, 0] },
    { name: 'elu, "0.5"', colour: '', values: [1e-7, 2] },
  ]), 'step,relu,relu deviation,"elu, ""0.5"""\n10,0.5,0.25,1e-7\n20,,,2\n30,0,0,\n')
  const head = (/** @type {string} */ name) => toCsv('epoch', [], [{ name, colour: '', values: [] }])
  assert.deepEqual(['a\nb', 'a,b', 'a"b', 'a b'].map(head), ['epoch,"a\nb"\n', 'epoch,"a,b"\n', 'epoch,"a""b"\n', 'epoch,a b\n'])
})

test('the recorded looks grow as those of the core, which thins them', () => {
  const history = new ProbeHistory()
  const looks = (/** @type {number[]} */ ...indices) => /** @type {any[]} */ (indices.map((index) => ({ index, step: 10 * index })))
  const steps = () => history.looks.map(({ step }) => step)
  history.add({ stride: 1, looks: looks(0, 1, 2) })
  history.add({ stride: 1, looks: looks(3) })
  assert.deepEqual(steps(), [0, 10, 20, 30])
  // Every second one is gone, but for the newest, which is a multiple or not.
  history.add({ stride: 2, looks: looks(4, 5) })
  assert.deepEqual(steps(), [0, 20, 40, 50])
  history.add({ stride: 2, looks: looks(6) })
  assert.deepEqual(steps(), [0, 20, 40, 60])
  assert.deepEqual(new ProbeHistory(looks(0, 8)).looks.map(({ index }) => index), [0, 8])
})

test('the activation at the output is not a hidden layer', () => {
  const layers = ['dense', 'activation', 'activation', 'dense', 'activation'].map((kind, layer) => ({ kind, layer }))
  assert.deepEqual(hiddenActivations({ layers }).map(({ layer }) => layer), [1, 2])
  assert.equal(layerTitle({ name: 'act1', text: 'elu 0.5' }), 'act1: elu 0.5')
})

test('listeners are called in order until they are removed, also if they change the list', () => {
  /** @type {Emitter<{a: number, b: number}>} */
  const emitter = new Emitter()
  /** @type {string[]} */
  const heard = []
  const end = emitter.on('a', (value) => {
    heard.push(`first ${value}`)
    end()
  })
  emitter.on('a', (value) => heard.push(`second ${value}`))
  emitter.on('b', (value) => heard.push(`other ${value}`))
  for (const value of [1, 2]) emitter.emit('a', value)
  assert.deepEqual(heard, ['first 1', 'second 1', 'second 2'])
})

test('the words of index.html are filled in from the table', () => {
  const table = { page: { skip: 'Skip', more: 'Loss < 1 & "more"' } }
  assert.equal(filled('<a href="#x" data-words="page.skip"></a> <p>stays</p>', table), '<a href="#x" data-words="page.skip">Skip</a> <p>stays</p>')
  assert.equal(filled('<nav id="v" data-label="page.more"></nav>', table), '<nav id="v" data-label="page.more" aria-label="Loss &lt; 1 &amp; &quot;more&quot;"></nav>')
  assert.throws(() => filled('<p data-words="page.none"></p>', table), /no text page\.none/)
  assert.throws(() => filled('<p data-words="page"></p>', table), /no text page/)
  assert.throws(() => filled('<p data-words="page.skip">Skip</p>', table), /page\.skip has a text/)
  assert.throws(() => filled('<p data-words="page.skip"><b></b></p>', table), /page\.skip has a text/)
  assert.throws(() => filled('<p aria-label="Skip" data-label="page.skip"></p>', table), /page\.skip has a label/)

  const html = readFileSync(join(root, 'web/index.html'), 'utf8')
  assert.match(filled(html, en), /<button [^>]*id="tab-views"[^>]*>Views<\/button>/)
  const paths = [...html.matchAll(/data-(?:words|label)="([^"]*)"/g)].map((match) => match[1])
  assert.ok(paths.length >= 10)
  for (const path of paths) assert.match(textAt(zh, path), /\p{Script=Han}/u, path)
  assert.ok(html.includes(`<title>${en.frame.page.title}</title>`))
})

test('the address in another language keeps its other parameters', () => {
  assert.equal(searchFor('?lang=zh'), '')
  assert.equal(searchFor(''), '')
  assert.equal(searchFor('?embed=curves,space&lang=en&autostart'), '?embed=curves,space&autostart')
  assert.equal(searchFor('?language=x&lang', 'en'), '?language=x&lang=en')
})
