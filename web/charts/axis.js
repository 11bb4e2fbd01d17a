// The value axis of a chart: its range without outliers, round ticks, and labels that differ from each other.
import { roundUp } from '../dom/colours.js'

/** Fewer values than this have no outliers. */
const fewest = 8
/** An outlier is further from the quartiles than this many distances between them. */
const fence = 4
/** The shortest range of a zoomed axis of shares: 0.5 percentage points. */
const leastShare = 0.005

/**
 * The lowest and the highest value, without outliers. Infinity and -Infinity if there is none.
 * @param {(number | null)[]} values @param {boolean} log a logarithmic axis has positive values only @param {number} [least] fewer values have no outliers
 * @returns {[number, number]}
 */
export function robustEnds(values, log, least = fewest) {
  const sorted = Float64Array.from(finite(values).filter((value) => !log || value > 0)).sort()
  if (sorted.length < least) return [sorted[0] ?? Infinity, sorted[sorted.length - 1] ?? -Infinity]
  const [size, back] = log ? [Math.log, Math.exp] : [Number, Number]
  const [q1, q3] = [0.25, 0.75].map((share) => size(sorted[Math.round(share * (sorted.length - 1))]))
  const room = fence * Math.max(q3 - q1, 0.05 * (log ? 1 : Math.max(Math.abs(q1), Math.abs(q3))))
  const inside = sorted.filter((value) => value >= back(q1 - room) * (1 - 1e-12) && value <= back(q3 + room) * (1 + 1e-12))
  return [inside[0], inside[inside.length - 1]]
}

/** @param {(number | null)[]} values @returns {[number, number]} */
export function extremes(values) {
  let [low, high] = [Infinity, -Infinity]
  for (const value of finite(values)) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

/** @param {(number | null)[]} values */
export const finite = (values) => /** @type {number[]} */ (values.filter(Number.isFinite))

/** The later half of a line's points: without its first chaotic steps. @template T @param {T[]} points */
export const laterHalf = (points) => points.slice(Math.floor(points.length / 2))

/** A range of shares, such as accuracies, with round ends. @param {number} low @param {number} high @returns {[number, number]} */
export function zoomedShares(low, high) {
  if (!(high >= low)) return [0, 1]
  const room = Math.max(0.06 * (high - low), (leastShare - (high - low)) / 2)
  const step = roundUp((high - low + 2 * room) / 8)
  const round = (/** @type {number} */ value) => Math.min(1, Math.max(0, Number((value * step).toPrecision(12))))
  const ends = /** @type {[number, number]} */ ([round(Math.floor((low - room) / step + 1e-9)), round(Math.ceil((high + room) / step - 1e-9))])
  if (ends[1] - ends[0] >= leastShare * (1 - 1e-9)) return ends
  return ends[1] === 1 ? [1 - leastShare, 1] : [ends[0], Number((ends[0] + leastShare).toPrecision(12))]
}

/** Numbers of drawn values that lie outside a range. @param {(number | null)[]} values @param {[number, number]} range */
export function outside(values, [low, high]) {
  let [below, above] = [0, 0]
  for (const value of values) {
    if (value === null || Number.isNaN(value)) continue
    if (value < low) below++
    if (value > high) above++
  }
  return { below, above }
}

/**
 * Round values between two ends, at least two of them.
 * @param {number} low @param {number} high @param {number} most about the largest number of them @param {boolean} log @param {boolean} [whole] only whole numbers
 */
export function ticksOf(low, high, most, log, whole = false) {
  if (!(high > low)) return [low]
  if (log) {
    const [first, last] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)]
    const every = Math.ceil((last - first + 1) / most)
    const within = (/** @type {number[]} */ factors) => Array.from({ length: last - first + 3 }, (_, i) => first - 1 + i).filter((power) => power % every === 0)
      .flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`))).filter((value) => value >= low && value <= high)
    const decades = within([1])
    const finer = every === 1 && decades.length * 3 <= most ? within([1, 2, 5]) : decades
    if (finer.length > 1) return finer
  }
  for (let parts = most; parts < 64; parts *= 2) {
    const step = Math.max(whole ? 1 : 0, roundUp((high - low) / parts))
    const first = Math.ceil(low / step - 1e-9)
    const values = Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
    if (values.length > 1 || whole) return values
  }
  return [low, high]
}

/** The labels of ticks, with as many digits as tell them apart. @param {number[]} values @param {boolean} percent @param {boolean} log */
export function labelsOf(values, percent, log) {
  const shown = percent ? values.map((value) => 100 * value) : values
  const sizes = shown.filter((value) => value !== 0).map((value) => Math.abs(value))
  const steps = shown.slice(1).map((value, i) => Math.abs(value - shown[i])).filter((step) => step > 0)
  const step = steps.length > 0 ? Math.min(...steps) : sizes[0] ?? 1
  const power = (/** @type {number} */ size) => Math.floor(Math.log10(size) + 1e-9)
  // On a logarithmic axis each label has the digits that it needs.
  const unit = (/** @type {number} */ value) => (log ? power(Math.abs(value)) - (value.toExponential().match(/\.(\d+)/)?.[1].length ?? 0) : power(step))
  const plain = shown.map((value) => value.toFixed(value === 0 ? 0 : Math.min(100, Math.max(0, -unit(value)))))
  const short = shown.map((value) => (value === 0 ? '0' : value.toExponential(Math.min(20, Math.max(0, power(Math.abs(value)) - unit(value)))).replace('e+', 'e')))
  const longest = (/** @type {string[]} */ texts) => Math.max(0, ...texts.map((text) => text.length))
  const fits = longest(plain) <= 7 || longest(plain) <= longest(short)
  const texts = plain.map((text, i) => ((log ? shown[i] >= 1e-3 && shown[i] < 1e5 : fits) ? text : short[i]))
  return texts.map((text) => text.replaceAll('-', '−') + (percent ? '%' : ''))
}
