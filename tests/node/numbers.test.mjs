// Formats and colours of numbers in the page, at the borders between two formats.
import assert from 'node:assert/strict'
import test from 'node:test'
import { diverging, nanColour, roundUp } from '../../web/dom/colours.js'
import { bytes, capitalised, count, duration, fileName, loss, percent, plural, short } from '../../web/dom/format.js'
import { firingColour, unitWords } from '../../web/charts/unit_words.js'

/** @template T @param {(value: T) => string} write @param {[T, string][]} pairs */
const written = (write, pairs) => assert.deepEqual(pairs.map(([value]) => write(value)), pairs.map(([, text]) => text))

test('counts have commas, losses four decimals or an exponent, shares a percent sign', () => {
  written(count, [[0, '0'], [0.5, '1'], [999, '999'], [999.5, '1,000'], [1234567, '1,234,567'], [-1234, '-1,234']])
  written(loss, [[2.302585, '2.3026'], [0, '0.0000'], [0.001, '0.0010'], [0.00099, '9.90e-4'], [-0.0005, '-5.00e-4'], [-0.001, '-0.0010'],
    [NaN, '–'], [Infinity, '–'], [-Infinity, '–']])
  written(percent, [[0.123, '12.30%'], [1, '100.00%'], [0, '0.00%'], [NaN, '–'], [Infinity, '–']])
  assert.deepEqual([percent(0.1234, 1), percent(0.996, 0)], ['12.3%', '100%'])
})

test('a duration is in seconds below a minute, in minutes below an hour', () => {
  written(duration, [[-3, '0 s'], [0, '0 s'], [0.4, '0 s'], [0.5, '1 s'], [59, '59 s'], [59.4, '59 s'], [59.5, '1:00 min'], [60, '1:00 min'], [61, '1:01 min'],
    [125.4, '2:05 min'], [3599, '59:59 min'], [3599.5, '1:00 h'], [3600, '1:00 h'], [3659, '1:00 h'], [3660, '1:01 h'], [36000, '10:00 h'], [NaN, '–'], [Infinity, '–']])
})

test('bytes have a suitable unit', () => {
  written(bytes, [[0, '0 B'], [999, '999 B'], [1000, '1.0 KB'], [1230, '1.2 KB'], [999_900, '999.9 KB'], [1e6, '1.00 MB'], [12_345_000, '12.35 MB'], [999_990_000, '999.99 MB'],
    [1e9, '1.0 GB'], [2.34e9, '2.3 GB']])
})

test('a short number has three digits, and an exponent where it is small or large', () => {
  written(short, [[0, '0'], [0.25, '0.25'], [1.2345, '1.23'], [-1.2345, '−1.23'], [12345, '12300'], [99999, '100000'], [1e5, '1.0e+5'], [-1e5, '−1.0e+5'],
    [0.001, '0.001'], [-0.001, '−0.001'], [0.00099, '9.9e−4'], [-0.0005, '−5.0e−4'], [NaN, 'NaN'], [Infinity, '∞'], [-Infinity, '−∞']])
})

test('words: plurals, capitals, file names', () => {
  assert.deepEqual([plural(1, 'run'), plural(0, 'run'), plural(2, 'run'), plural(1000, 'run'), plural(2, 'datum', 'data'), plural(1, 'datum', 'data')],
    ['1 run', '0 runs', '2 runs', '1,000 runs', '2 data', '1 datum'])
  written(capitalised, [['lr is 0', 'Lr is 0'], ['', '']])
  written(fileName, [['Test accuracy, by epoch', 'test-accuracy-by-epoch'], ['α of act1: 0.25', 'α-of-act1-0.25'], [' – ', 'reluscope'], ['', 'reluscope'],
    ['a'.repeat(100), 'a'.repeat(80)]])
})

test('colours have 127 steps to either side of grey', () => {
  /** @type {[number, number, string][]} */
  const known = [[0, 1, 'rgb(232 234 235)'], [1, 127, 'rgb(230 233 235)'], [5, 127, 'rgb(223 229 233)'], [64, 127, 'rgb(119 176 212)'], [127, 127, 'rgb(8 119 189)'],
    [-63, 127, 'rgb(238 191 135)'], [-127, 127, 'rgb(245 147 34)'],
    // Rounded to the nearest step; clamped; grey if the limit is 0.
    [0.49, 127, 'rgb(232 234 235)'], [0.51, 127, 'rgb(230 233 235)'], [128, 127, 'rgb(8 119 189)'], [-Infinity, 127, 'rgb(245 147 34)'], [Infinity, 1, 'rgb(8 119 189)'],
    [3, 0, 'rgb(232 234 235)'], [-3, 0, 'rgb(232 234 235)'], [3, -1, 'rgb(232 234 235)'], [NaN, 1, '#e5007d'], [NaN, 0, '#e5007d']]
  assert.deepEqual(known.map(([value, limit]) => diverging(value, limit)), known.map(([, , colour]) => colour))
  assert.equal(nanColour, '#e5007d')
})

test('scales end at 1, 2, 5 or 10 times a power of ten', () => {
  written((value) => String(roundUp(value)), [[1, '1'], [1.00005, '1'], [1.001, '2'], [2, '2'], [2.1, '5'], [5, '5'], [5.1, '10'], [9.9, '10'], [10, '10'], [11, '20'], [0.2, '0.2'], [0.3, '0.5'],
    [1900, '2000'], [0, '1'], [-3, '1'], [NaN, '1'], [Infinity, '1']])
})

test('a unit that never fires is orange, others are from grey to blue', () => {
  /** @type {[number, number, string][]} */
  const known = [[0, 1, 'rgb(245 147 34)'], [0, 0, 'rgb(245 147 34)'], [0.002, 1, 'rgb(232 234 235)'], [0.01, 1, 'rgb(230 233 235)'], [0.04, 1, 'rgb(223 229 233)'],
    [1, 1, 'rgb(8 119 189)'], [0.01, 0.01, 'rgb(8 119 189)'], [NaN, 1, '#e5007d']]
  assert.deepEqual(known.map(([rate, limit]) => firingColour(rate, limit)), known.map(([, , colour]) => colour))
})

test('the text of a unit: firing rate, silence by the recorded looks, and the check on the whole training set', () => {
  const snapshot = /** @type {any} */ ({ step: 40, samples: 500, gradients: { step: 39, activations: [{ layer: 3, silent_on_batch: [0] }, { layer: 1, silent_on_batch: [2] }] } })
  const layer = /** @type {any} */ ({ layer: 1, positions: 1, firing: [0.5, 0, 0.125, 0, 0, 0, 0.25], silent: [1, 3, 4, 5], lives: [
    { unit: 1, silent: true, times: 1, since: 12, since_lr: 0.05 },
    { unit: 2, silent: false, times: 2, since: 0, since_lr: 0.1, revived: 1234, revived_lr: 0.01 },
    { unit: 3, silent: true, times: 3, since: 1, since_lr: 0.0005, revived: 15, revived_lr: 0.1 },
    { unit: 5, silent: true, times: 1, since: 0, since_lr: 0.1 },
    { unit: 6, silent: true, times: 1, since: 32, since_lr: 0.1 },
  ] })
  const words = (/** @type {number} */ unit, /** @type {any} */ check = undefined, of = layer, at = snapshot) => unitWords(at, of, unit, check)
  assert.equal(words(0), 'fires on 50.0% of 500 images')
  assert.equal(words(1), 'fires on 0.0% of 500 images; silent since step 12 (learning rate 0.05)')
  assert.equal(words(2), 'fires on 12.5% of 500 images; was silent from the start; fires again since step 1,234 (learning rate 0.01); fell silent 2 times; silent on the batch of step 39')
  assert.equal(words(3), 'fires on 0.0% of 500 images; silent since step 1 (learning rate 5.0e−4); fired again at step 15 (learning rate 0.1); fell silent 3 times')
  assert.equal(words(4), 'fires on 0.0% of 500 images; silent')
  assert.equal(words(5), 'fires on 0.0% of 500 images; silent from the start')
  assert.equal(words(6), 'fires on 25.0% of 500 images; was silent from step 32 (learning rate 0.1)', 'since the last recorded look')
  assert.equal(words(7), 'fires on – of 500 images')
  assert.equal(words(1, undefined, { ...layer, lives: [{ ...layer.lives[0], silent: false, revived: 36, revived_lr: 0.1 }] }),
    'fires on 0.0% of 500 images; silent; fired again at step 36 (learning rate 0.1)', 'since the last recorded look')
  assert.equal(words(0, undefined, { ...layer, positions: 1440 }), 'fires on 50.0% of the 1,440 positions of 500 images')
  const check = { step: 40, samples: 60000, layers: [{ layer: 1, dead: [3] }] }
  assert.equal(words(4, check), 'fires on 0.0% of 500 images; silent; not dead: not silent on all 60,000 training images')
  assert.ok(words(3, check).endsWith('; dead: silent on all 60,000 training images'), words(3, check))
  assert.equal(words(0, check), 'fires on 50.0% of 500 images; not dead: not silent on all 60,000 training images')
  assert.equal(words(0, { ...check, step: 39 }), 'fires on 50.0% of 500 images', 'a check at another step says nothing about this one')
})
