// Parts of the page that load its charts: smoothing and thinning of curves, the differences
// between runs, and the state of the lab.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
import { makeParts } from '../parts.mjs'
import { root } from './support.mjs'

const folder = join(root, 'build', `parts-${process.pid}`)
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
makeParts(folder)
/** A module of the page, with the chart library. @param {string} path @returns {Promise<any>} */
const part = (path) => import(pathToFileURL(join(folder, path)).href)
const { smooth, thinned } = await part('lab/series.js')
const { runStyle } = await part('charts/race_chart.js')
const { SavedRuns, differences } = await part('lab/saved_runs.js')
const { sentence } = await part('dom/format.js')
const { Lab } = await part('lab/lab.js')

test('a smoothed curve starts at its first value, and a constant one is unchanged', () => {
  assert.deepEqual(smooth([4, 4, 4], 0.5), [4, 4, 4])
  for (const value of smooth([4, 4, 4], 0.9)) assert.ok(Math.abs(value - 4) < 1e-12)
  // The first five points are not smoothed; then over a fifth of the points so far, and at most over two.
  const found = smooth([8, 2, 9, 9, 9, 3, 10, ...Array(5).fill(10), 0], 0.5)
  assert.deepEqual(found.slice(0, 5), [8, 2, 9, 9, 9])
  const [sixth, seventh] = [9 - 6 / 1.2, 4 + 6 / 1.4]
  for (const [i, value] of [[5, sixth], [6, seventh], [12, found[11] / 2]]) assert.ok(Math.abs(found[i] - value) < 1e-12, `${found}`)
  assert.deepEqual(smooth([8, 2, 9], 0), [8, 2, 9])
  assert.deepEqual(smooth([], 0.9), [])
})

test('a thinned curve has every n-th point, and always the last', () => {
  assert.deepEqual(thinned([1, 2, 3], 3), [1, 2, 3])
  assert.deepEqual(thinned([1, 2, 3], 5), [1, 2, 3])
  assert.deepEqual(thinned([1, 2, 3, 4], 3), [1, 2, 4])
  assert.deepEqual(thinned([1, 2, 3, 4, 5, 6], 3), [2, 4, 6])
  assert.deepEqual(thinned([1, 2, 3, 4, 5, 6, 7], 3), [2, 4, 7])
  assert.deepEqual(thinned([], 3), [])
  for (const most of [7, 120, 400]) {
    for (let length = 1; length < 2000; length++) {
      const found = thinned(Array.from({ length }, (_, i) => i), most)
      assert.equal(found.length, Math.min(length, most))
      assert.equal(found[found.length - 1], length - 1, `${length} points`)
    }
  }
})

test('six colours and eight dash patterns distinguish 24 runs', () => {
  assert.deepEqual([0, 1, 6, 8, 24].map(runStyle), [
    { colour: '#ab6aea', dash: [] }, { colour: '#f5493b', dash: [8, 4] }, { colour: '#ab6aea', dash: [4, 2, 4, 6] }, { colour: '#dfa300', dash: [] },
    { colour: '#ab6aea', dash: [] }])
  assert.equal(new Set(Array.from({ length: 24 }, (_, i) => JSON.stringify(runStyle(i)))).size, 24)
})

test('the differences of runs are missing and changed settings', () => {
  const defaults = { lr: 0.001, seed: 1, momentum: 0, note: '' }
  assert.deepEqual(differences([['lr', '0.1']], [['lr', '0.1']], defaults), [])
  assert.deepEqual(differences([['lr', '0.1'], ['seed', '3']], [['lr', '0.2'], ['momentum', '0.9']], defaults), ['lr 0.1 → 0.2', 'seed 3 → 1', 'momentum 0 → 0.9'])
  assert.deepEqual(differences([['seed', '1']], [], defaults), [])
  assert.deepEqual(differences([['note', 'a'], ['old', 'b']], [], defaults), ['note a → –', 'old b → –'])
  assert.deepEqual(differences([], [['note', 'a']], defaults), ['note – → a'])
})

test('an error message ends with exactly one full stop', () => {
  assert.deepEqual([new Error('lr is 0'), new Error('What?'), new Error('No!'), new Error('So.'), 'text'].map(sentence), ['lr is 0.', 'What?', 'No!', 'So.', 'text.'])
})

const fields = [{ name: 'lr', live: true, default: 0.001 }, { name: 'batch', live: false, default: 64 }, { name: 'events', default: [] }]

/** A lab with a fake engine at a step of a run. @param {number} step @param {object} config */
function labAt(step, config) {
  /** @type {Record<string, (payload: any) => void>} */
  const heard = {}
  const lab = new Lab({ registry: { fields }, datasets: [], on: (/** @type {string} */ type, /** @type {any} */ listener) => (heard[type] = listener) })
  lab.run = { config, dataset: { name: 'mnist', train: 100, test: 30, class_names: ['0', '1'] } }
  lab.progress = { step, points: [] }
  return { lab, heard }
}

test('the lab keeps the looks and warnings that the run records, and at its end checks which units are dead', async () => {
  const { lab, heard } = labAt(7, {})
  lab.run.trainSamples = 100
  /** @type {any[]} */
  const asked = []
  lab.engine.probe = async (/** @type {any} */ request) => {
    asked.push(request)
    return { step: 7, layers: [{ layer: 0, name: 'fc1', units: 3 }, { layer: 1, name: 'act1', units: 3, text: 'relu', silent: [0, 2], dead: [2] }] }
  }
  /** @type {any[]} */
  const said = []
  for (const type of ['looks', 'warning', 'announce', 'dead']) lab.on(type, (/** @type {any} */ payload) => said.push([type, payload]))
  heard.looks({ stride: 1, looks: [{ index: 0, step: 0 }] })
  heard.looks({ stride: 1, looks: [{ index: 1, step: 4 }] })
  const warning = { code: 'silent_units', layer: 1, message: 'Two are silent.', step: 4 }
  heard.warning(warning)
  assert.deepEqual(lab.probes.looks.map((/** @type {any} */ { step }) => step), [0, 4])
  assert.deepEqual(lab.warnings, [warning])
  assert.equal(lab.dead, undefined)
  heard.done({ weightsSha256: '' })
  await new Promise((done) => setImmediate(done))
  assert.deepEqual(asked, [{ everywhere: true }])
  const dead = { step: 7, samples: 100, layers: [{ layer: 1, name: 'act1', units: 3, dead: [2] }] }
  assert.deepEqual(lab.dead, dead)
  assert.deepEqual(said, [['looks', null], ['looks', null], ['warning', warning], ['dead', null]])
  // The answer for a run that was replaced meanwhile.
  const late = lab.checkDead()
  lab.run = { ...lab.run }
  lab.dead = undefined
  await late
  assert.equal(lab.dead, undefined)
})

test('a recorded change applies from its step on', () => {
  const events = [{ step: 5, field: 'lr', value: 0.1 }, { step: 8, field: 'lr', value: 0.00005 }]
  const of = (/** @type {number} */ step) => {
    const { lab } = labAt(step, { lr: 1, batch: 64, events })
    return [lab.effective.lr, lab.marks]
  }
  const marks = [{ step: 5, text: 'lr 0.1' }, { step: 8, text: 'lr 5.0e−5' }]
  assert.deepEqual([4, 5, 7, 8].map(of), [[1, []], [0.1, marks.slice(0, 1)], [0.1, marks.slice(0, 1)], [0.00005, marks]])
})

test('pending changes are the settings of the panel that differ from the run', () => {
  const { lab } = labAt(6, { lr: 1, batch: 64, events: [{ step: 5, field: 'lr', value: 0.1 }] })
  lab.shown = { lr: 0.1, batch: 64, events: [] }
  assert.deepEqual(lab.waiting, [])
  lab.shown.batch = 32
  assert.deepEqual(lab.waiting, ['batch'])
  lab.shown.lr = 1
  assert.deepEqual(lab.waiting, ['lr', 'batch'])
  lab.discard()
  assert.deepEqual([lab.shown.lr, lab.shown.batch, lab.waiting], [0.1, 64, []])
})

test('points arrive in triples, and the panel shows a change that a replay makes', () => {
  const { lab, heard } = labAt(4, { lr: 1, batch: 64, events: [{ step: 5, field: 'lr', value: 0.1 }] })
  lab.shown = { lr: 1, batch: 64, events: [] }
  heard.progress({ step: 5, points: [1, 2.5, 0.5, 2, 2.25, 0.75] })
  assert.deepEqual(lab.points, { step: [1, 2], loss: [2.5, 2.25], accuracy: [0.5, 0.75] })
  assert.deepEqual([lab.step, lab.shown.lr], [5, 0.1])
  // Not if the user has changed it in the meantime.
  const other = labAt(4, { lr: 1, batch: 64, events: [{ step: 5, field: 'lr', value: 0.1 }] })
  other.lab.shown = { lr: 0.7, batch: 64, events: [] }
  other.heard.progress({ step: 5, points: [] })
  assert.equal(other.lab.shown.lr, 0.7)
})

test('the image index wraps around at both ends', () => {
  const { lab } = labAt(0, { events: [] })
  const index = (/** @type {'train' | 'test'} */ part, /** @type {number} */ at) => {
    lab.chooseImage(part, at)
    return lab.image
  }
  assert.deepEqual([index('test', 30), index('test', -1), index('train', 30), index('test', 29), index('train', -201)].map(({ part, index: at }) => [part, at]),
    [['test', 0], ['test', 29], ['train', 30], ['test', 29], ['train', 99]])
})

test('a run with a user-defined name has that name; a numbered run does not', () => {
  const runs = new SavedRuns({ run: { savedAs: '7' } })
  for (const [name, given] of [['Run 12', ''], ['Run 12b', 'Run 12b'], ['run 1', 'run 1'], ['Best', 'Best']]) {
    runs.all = [{ id: '3', name: 'Other' }, { id: '7', name }]
    assert.equal(runs.givenName, given)
  }
  runs.all = []
  assert.deepEqual([runs.current, runs.givenName], [undefined, ''])
})
