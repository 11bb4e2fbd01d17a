// The numbers behind the charts: ranges without outliers, ticks and their labels, smoothing, summaries in words, and the
// ranking of a race. Expected values are computed by hand.
import assert from 'node:assert/strict'
import test from 'node:test'
import { labelsOf, laterHalf, outside, robustEnds, ticksOf, zoomedShares } from '../../web/charts/axis.js'
import { summaryOf } from '../../web/charts/chart_words.js'
import { en } from '../../web/words/en.js'
import { difference, ranking, verdictOf } from '../../web/lab/ranking.js'
import { smooth, smoother } from '../../web/lab/series.js'

/** @param {number} count @param {(i: number) => number} value */
const list = (count, value) => Array.from({ length: count }, (_, i) => value(i))

test('outliers are further from the quartiles than four distances between them', () => {
  const level = list(20, (i) => 1 + i / 19)
  // The quartiles are 1 + 5/19 and 1 + 14/19, so the fence is 1 + 14/19 + 4 * 9/19 = 3.63 above and -0.63 below.
  assert.deepEqual(robustEnds([...level, 3.5, -0.5], false), [-0.5, 3.5])
  assert.deepEqual(robustEnds([...level, 1000, -50], false), [1, 2])
  assert.deepEqual(robustEnds([...level, Infinity, NaN, null], false), [1, 2])
  // Of equal values a fifth more is no outlier.
  assert.deepEqual(robustEnds([...list(20, () => 2), 2.4, 2.5], false), [2, 2.4])
  // On a logarithmic axis factors count, and only positive values.
  assert.deepEqual(robustEnds([...list(20, (i) => 10 ** (-i / 19)), 1e3, 1e-9, 0, -1], true), [0.1, 1])
  // Few values have no outlier.
  assert.deepEqual(robustEnds([1, 1, 1, 1000], false), [1, 1000])
  assert.deepEqual(robustEnds([], false), [Infinity, -Infinity])
  assert.deepEqual(laterHalf([1, 2, 3]), [2, 3])
})

test('an axis of shares is zoomed to round ends, by at most 0.5 percentage points', () => {
  for (const [low, high] of [[0.9712, 0.9731], [0.11, 0.97], [0.8, 0.8], [0.97234, 0.97235], [0.9999, 1], [0, 0.0001], [0, 1]]) {
    const [from, to] = zoomedShares(low, high)
    assert.ok(from >= 0 && to <= 1 && from <= low && to >= high, `${low} to ${high}: ${from} to ${to}`)
    assert.ok(to - from > 0.005 - 1e-9, `${from} to ${to}`)
    // Not much more than needed.
    assert.ok(to - from < Math.max(0.008, 1.7 * (high - low)), `${low} to ${high}: ${from} to ${to}`)
    assert.ok([from, to].every((end) => Math.abs(end * 1000 - Math.round(end * 1000)) < 1e-9), `${from} to ${to}`)
  }
  assert.deepEqual(zoomedShares(0.9712, 0.9731), [0.969, 0.975])
  assert.deepEqual(zoomedShares(Infinity, -Infinity), [0, 1])
})

test('ticks are round and within the range, and their labels are short and different', () => {
  /** @type {[number, number, boolean, boolean, string[]][]} */
  const cases = [
    [0, 2.5, false, false, ['0', '0.5', '1.0', '1.5', '2.0', '2.5']],
    [0.971, 0.973, false, true, ['97.10%', '97.15%', '97.20%', '97.25%', '97.30%']],
    [0, 1, false, true, ['0%', '20%', '40%', '60%', '80%', '100%']],
    [0, 1.08e-9, false, false, ['0', '2e-10', '4e-10', '6e-10', '8e-10', '1.0e-9']],
    [0, 1.08e9, false, false, ['0', '2e8', '4e8', '6e8', '8e8', '1.0e9']],
    [-3.3e-7, 3.3e-7, false, false, ['-2e-7', '0', '2e-7']],
    [1000000.1, 1000000.3, false, false, ['1000000.10', '1000000.15', '1000000.20', '1000000.25', '1000000.30']],
    [1e-9, 1e9, true, false, ['1e-8', '1e-4', '1', '10000', '1e8']],
    [0.2, 4.5, true, false, ['0.2', '0.5', '1', '2']],
    [3e-7, 8e-7, true, false, ['3e-7', '4e-7', '5e-7', '6e-7', '7e-7', '8e-7']],
  ]
  for (const [low, high, log, percent, wanted] of cases) {
    const ticks = ticksOf(low, high, 6, log)
    assert.ok(ticks.every((tick) => tick >= low * (1 - 1e-9) - 1e-12 && tick <= high * (1 + 1e-9)), `${low} to ${high}: ${ticks}`)
    const labels = labelsOf(ticks, percent, log)
    assert.equal(new Set(labels).size, labels.length, `${labels}`)
    assert.deepEqual(labels.map((label) => label.replaceAll('−', '-')), wanted, `${low} to ${high}`)
    labels.forEach((label, i) => {
      const value = Number.parseFloat(label.replaceAll('−', '-')) / (percent ? 100 : 1)
      assert.ok(Math.abs(value - ticks[i]) <= 1e-9 * Math.abs(ticks[i]), `${label} is not ${ticks[i]}`)
    })
  }
  assert.deepEqual(ticksOf(0, 3.2, 6, false, true), [0, 1, 2, 3])
  assert.deepEqual(labelsOf([0, 20000, 40000], false, false), ['0', '20000', '40000'])
})

test('any range has two to a dozen ticks, with labels of at most eleven characters', () => {
  for (const log of [false, true]) {
    for (let power = -9; power <= 9; power++) {
      for (const width of [1e-4, 0.01, 0.3, 1, 7, 90]) {
        for (const most of [3, 5, 7]) {
          const low = 1.37 * 10 ** power
          const ticks = ticksOf(low, low * (1 + width), most, log)
          const labels = labelsOf(ticks, false, log)
          assert.ok(ticks.length >= 2 && ticks.length <= 12, `${low}, ${width}, ${most}, ${log}: ${ticks}`)
          assert.equal(new Set(labels).size, labels.length, `${low}, ${width}: ${labels}`)
          assert.ok(labels.every((label) => label.length <= 11), `${labels}`)
        }
      }
    }
  }
})

test('a smoothed curve follows from the first step on', () => {
  const falling = {
    'to 0.8 in ten steps, as MNIST': [2.31, 2.2, 2.05, 1.88, 1.66, 1.44, 1.22, 1.04, 0.9, 0.8],
    'by a fifth at each step': list(10, (i) => 2.3 * 0.8 ** i),
    'at constant speed': list(10, (i) => 2.3 - 0.15 * i),
  }
  for (const [name, curve] of Object.entries(falling)) {
    const recent = (curve[7] + curve[8] + curve[9]) / 3
    const last = smooth(curve, 0.9)[9]
    assert.ok(Math.abs(last - recent) < 0.15 * recent, `${name}: ${last}, the last batches ${recent}`)
  }
  // Later it averages over about 1 / (1 - weight) points: noise of ±1 becomes small.
  const noise = smooth(list(400, (i) => (i % 2 ? 1 : -1)), 0.9)
  assert.ok(noise.slice(100).every((value) => Math.abs(value) < 0.06), `${noise.at(-1)}`)
  assert.ok(Math.abs(smooth([...list(100, () => 0), ...list(10, () => 1)], 0.9)[109] - (1 - 0.9 ** 10)) < 1e-12)
  const one = smoother(0.5)
  assert.deepEqual([8, 2, 9].map(one), [8, 2, 9])
})

test('the summary of a chart names first, last, lowest and highest with their moments', () => {
  const format = (/** @type {number} */ value) => value.toFixed(1)
  const line = (/** @type {string} */ name, /** @type {(number | null)[]} */ ...values) => ({ name, values, colour: 'red' })
  assert.equal(summaryOf('Loss', 'step', [1, 2, 1500], [line('a', 3, 1, 2), line('b', null, 4, null), { ...line('raw', 9, 9, 9), faint: 'a' }], format),
    'Loss over 1,500 steps: a 2.0 at step 1,500, first 3.0 at step 1, lowest 1.0 at step 2; b 4.0 at step 2')
  assert.equal(summaryOf('Accuracy', 'epoch', [1, 2, 3], [{ ...line('a', 1, 3, 2), spread: [0.5, null, 0] }], format),
    'Accuracy over 3 epochs: a 2.0 ± 0.0 at epoch 3, first 1.0 ± 0.5 at epoch 1, highest 3.0 at epoch 2')
  assert.equal(summaryOf('Loss', 'step', [1], [line('a', null)], format), 'Loss, no data yet')
  const numbers = outside([1, 2, null, NaN, 7, 8, Infinity], [2, 7])
  assert.deepEqual(numbers, { below: 1, above: 2 })
  assert.equal(en.charts.chart.outside(numbers), '2 values above, 1 value below')
  assert.equal(en.charts.chart.outside({ below: 0, above: 0 }), '')
})

/** The events of a race: for each name its accuracies by seed. @param {Record<string, number[]>} results */
const events = (results) => Object.entries(results).flatMap(([name, accuracies]) => [
  ...accuracies.flatMap((accuracy, i) => [{ event: 'epoch', name, seed: i + 1, epoch: 1, test_accuracy: 0.1 }, { event: 'epoch', name, seed: i + 1, epoch: 2, test_accuracy: accuracy }]),
  { event: 'summary', name, test_accuracy: { mean: accuracies.length > 0 ? accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length : null } }])

test('a race is ranked by its last epoch, and has a winner only if the lead exceeds chance', () => {
  const says = (/** @type {Record<string, number[]>} */ results, repeatable = true) => verdictOf(ranking(events(results)), repeatable)
  assert.deepEqual(ranking(events({ a: [0.5], b: [], c: [0.75] })).map(({ name, index }) => [name, index]), [['c', 2], ['a', 0], ['b', 1]])
  // Differences 0.02, 0.03, 0.04: mean 0.03, deviation 0.01, margin 4.303 * 0.01 / sqrt(3) = 0.0248.
  const clear = { relu: [0.9, 0.91, 0.92], elu: [0.92, 0.94, 0.96] }
  const [elu, relu] = ranking(events(clear))
  const found = difference(elu, relu)
  assert.ok(Math.abs(found.mean - 0.03) < 1e-12 && Math.abs(found.margin - 4.303 * 0.01 / Math.sqrt(3)) < 1e-12 && found.pairs === 3)
  assert.equal(says(clear), 'elu wins: 3.00 percentage points before relu over 3 seeds. Differences below 2.48 percentage points may be chance.')
  // The same means with larger differences between the seeds.
  assert.equal(says({ relu: [0.9, 0.91, 0.92], elu: [0.9, 0.94, 0.98] }), 'Too close to call between elu, relu: differences below 7.45 percentage points may be chance. More seeds would tell.')
  // A third configuration whose results vary is not beaten although the second is.
  assert.match(says({ ...clear, swish: [0.8, 0.9, 0.99] }), /^Too close to call between elu, swish: /)
  assert.equal(says({ relu: [0.95], elu: [0.96] }), 'Too close to call with one seed: elu is 1.00 percentage points before relu. More seeds would tell.')
  assert.equal(says({ relu: [0.95], elu: [0.11] }, false), 'relu is far ahead: 84.00 percentage points before elu, with one seed.')
  assert.equal(says({ relu: [0.95], elu: [] }), 'relu wins: no other configuration reached the end.')
  assert.equal(says({ relu: [] }), 'No configuration reached the end.')
  assert.equal(says({ relu: [0.9] }), '')
})
