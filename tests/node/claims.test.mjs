// The claims of the first screen: their runs are valid and compare as said, and their verdicts follow from the numbers of a run.
import assert from 'node:assert/strict'
import test from 'node:test'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { claims, factsOf, silenceOf, verdictText } from '../../web/lab/claims.js'
import { withNorm } from '../../web/lab/model_text.js'
import { root } from '../../web/site/data.mjs'

/** @param {string} id */
const claimOf = (id) => claims.find((claim) => claim.id === id) ?? assert.fail(id)

/** Facts of a run that has ended, with some replaced. @param {object} [given] @returns {any} */
const facts = (given) => ({ step: 471, lr: 0.0125, units: 512, silent: 331, since: 16, sinceLr: 0.0125, dead: 246, samples: 10_000, never: 331, mean: 0.5, slopes: [], moved: NaN, accuracy: 0.9, firstLoss: 0.4, ...given })

/** The answer of a claim, and its text. @param {string} id @param {object} now @param {object} [before] */
const answer = (id, now, before = {}) => {
  const verdict = claimOf(id).verdict(facts(now), facts(before))
  return [verdict[0], verdictText(verdict)]
}

test('each claim has its own words, a lesson, and a run that differs from the one it is compared with', () => {
  assert.equal(new Set(claims.map(({ id }) => id)).size, claims.length)
  const lessons = execFileSync('node', [join(root, 'web/node/headless.mjs'), 'lessons', '--list'], { encoding: 'utf8' })
  for (const { title, about, watch, lesson, changes, first } of claims) {
    for (const words of [title, about, watch]) assert.ok(words.length > 0, title)
    assert.match(lessons, new RegExp(`^${lesson} `, 'm'))
    if (first) assert.notDeepEqual(first.changes, changes, title)
    // All else is equal: the same samples and epochs, and the same rate.
    if (first) for (const name of ['train_samples', 'epochs', 'lr']) assert.equal(first.changes[name], changes[name], title)
  }
})

test('the facts of a run come from its recorded looks', () => {
  const layers = (/** @type {number} */ silent, /** @type {number} */ mean, /** @type {number[]} */ slopes) => [
    { layer: 1, units: 8, silent, mean, deviation: 1, sparsity: 0, slopes }, { layer: 3, units: 10, silent: 10, mean: 9, deviation: 1, sparsity: 0 }]
  const looks = [[0, 0, 0.5, [0.25, 0.25]], [1, 2, 0.4, [0.2, 0.3]], [2, 3, 0.3, [0.2, 0.2]], [4, 6, 0.2, [0.1, 0.3]]].map(([step, silent, mean, slopes]) => (
    { step, lr: 0.1 / (Number(step) + 1), epoch: 1, flow: null, layers: layers(Number(silent), Number(mean), /** @type {number[]} */ (slopes)) }))
  const lab = /** @type {any} */ ({
    run: { model: { layers: [{ kind: 'dense' }, { kind: 'activation' }, { kind: 'dense' }, { kind: 'activation' }] } }, step: 5,
    probes: { looks }, epochs: [{ trainLoss: 0.7, testAccuracy: 0.8 }, { trainLoss: 0.3, testAccuracy: 0.9 }],
    dead: { step: 5, samples: 60, layers: [{ layer: 1, dead: [0, 1, 2, 3] }, { layer: 3, dead: [0] }] },
  })
  // The activation at the output of the network does not count.
  const found = factsOf(lab, /** @type {any} */ ({ step: 4, layers: [{ layer: 1, firing: [0, 0, 0.5, 1] }, { layer: 3, firing: [0, 0] }] }))
  assert.ok(found)
  assert.ok(Math.abs(found.moved - 0.1) < 1e-12)
  assert.deepEqual({ ...found, moved: 0 }, { step: 4, lr: 0.02, units: 8, silent: 6, since: 2, sinceLr: 0.1 / 3, dead: 4, samples: 60, never: 2, mean: 0.2,
    slopes: [{ from: 0.25, to: 0.2 }], moved: 0, accuracy: 0.9, firstLoss: 0.7 })
  // A check at another step says nothing about this one.
  assert.equal(factsOf({ ...lab, step: 6 })?.dead, undefined)
  assert.equal(factsOf(lab)?.never, undefined)
  assert.equal(factsOf({ ...lab, probes: { looks: [] } }), undefined)
  assert.deepEqual(silenceOf(lab, 1), { silent: 6, units: 8, since: 2, lr: 0.1 / 3 })
  assert.equal(silenceOf(lab, 2), undefined)
})

test('units are called dead only after the check, and half of them must be for the claim', () => {
  assert.deepEqual(answer('kill', { never: undefined, dead: undefined }), ['seen', 'So far: 331 of 512 units are silent after step 471, half of them since step 16: learning rate 0.0125.'])
  assert.deepEqual(answer('kill', {}), ['yes',
    'Yes: 246 of 512 units are dead: a learning rate of 0.0125 pushed their inputs below 0 on all 10,000 training images. Half of the silent units fell silent by step 16.'])
  assert.equal(answer('kill', { dead: 204 })[0], 'part')
  assert.deepEqual(answer('kill', { dead: 25 }), ['no', 'Not in this run: 25 of 512 units are dead at a learning rate of 0.0125.'])
})

test('a claim with two parts holds in part if one of them does', () => {
  const leaky = { silent: 0, dead: 0, never: 291 }
  assert.deepEqual(answer('leaky', { ...leaky, accuracy: 0.88 }), ['part',
    'In part: 0 of 512 units are silent, with ReLU 331. 291 never rise above 0, with ReLU 331. The test accuracy is 88.0%, with ReLU 90.0%.'])
  // A difference that may be chance does not count.
  assert.equal(answer('leaky', { ...leaky, accuracy: 0.92 })[0], 'part')
  assert.equal(answer('leaky', { ...leaky, accuracy: 0.93 })[0], 'yes')
  assert.equal(answer('leaky', { ...leaky, never: 330 })[0], 'no')
  assert.equal(answer('leaky', { ...leaky, never: undefined })[0], 'seen')
  assert.equal(answer('batchnorm', { silent: 0, never: 0, accuracy: 0.94 })[0], 'yes')
  assert.equal(answer('batchnorm', { silent: 0, never: 0, accuracy: 0.9 })[0], 'part')
  assert.match(answer('elu', { mean: -0.16, firstLoss: 0.44 })[1], /^In part: ELU’s outputs have a mean of −0.16, ReLU’s 0.5. It does not learn faster/)
  assert.match(answer('elu', { mean: -0.16, firstLoss: 0.38 })[1], /^Yes: .* It learns faster/)
  assert.equal(answer('elu', { mean: 0.6, firstLoss: 0.44 })[0], 'no')
  assert.deepEqual(answer('mean', { mean: 0.3, firstLoss: 0.41 }), ['part',
    'In part: ReLU’s outputs have a mean of 0.5, with BatchNorm 0.3. The training loss of the first epoch is 0.4, with BatchNorm 0.41.'])
})

test('slopes and accuracies', () => {
  assert.deepEqual(answer('prelu', { slopes: [{ from: 0.25, to: 0.148 }, { from: 0.25, to: 0.3 }], moved: 0.08 }),
    ['yes', 'Yes: the slope went from 0.25 to 0.148 in hidden layer 1, from 0.25 to 0.3 in hidden layer 2 by step 471.'])
  assert.equal(answer('prelu', { slopes: [], moved: 0.009 })[0], 'no')
  assert.deepEqual(answer('swish', { accuracy: 0.903 }), ['no', 'Not in this run: Swish reaches 90.3%, ReLU 90.0%. So small a difference can be chance.'])
  assert.deepEqual(answer('swish', { accuracy: 0.91 }), ['yes', 'Yes: Swish reaches 91.0%, ReLU 90.0%. One run can be luck.'])
  assert.equal(answer('swish', { accuracy: 0.89 })[0], 'no')
  assert.deepEqual(answer('sigmoid', { accuracy: 0.917 }, { accuracy: 0.29 }), ['yes', 'Yes: ReLU reaches 91.7% through ten layers, sigmoid 29.0%.'])
  assert.equal(answer('sigmoid', { accuracy: 0.905 })[0], 'no')
})

test('BatchNorm is added before each hidden activation, unless there is some', () => {
  assert.equal(withNorm('dense 8 | relu | dense 8 | elu 2 | dense 10', ['relu', 'elu']), 'dense 8 | bn | relu | dense 8 | bn | elu 2 | dense 10')
  assert.equal(withNorm('dense 8 | relu | dense 10 | relu', ['relu']), 'dense 8 | bn | relu | dense 10 | relu')
  assert.equal(withNorm('dense 8 | bn | relu | dense 10', ['relu']), '')
})
