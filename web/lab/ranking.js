// Who won a race: the order of the configurations, and whether the lead exceeds chance. Each seed gives one pair of results,
// because all configurations have the same draws.
import { words } from '../words/words.js'
import { meanOf } from './series.js'

const own = words.lab.ranking

/** Student's t: what chance exceeds in one of twenty cases, for 2, 3, ... seeds, as student_limit() of the core. */
const student = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]
/** With one seed a lead of this share is called a lead. */
const farAhead = 0.05

/** @typedef {{name: string, mean: number, bySeed: Map<number, number>}} Result accuracies: the mean, and of each seed */

/** The difference of two configurations, and the size that it may have by chance. @param {Result} a @param {Result} b */
export function difference(a, b) {
  const pairs = [...a.bySeed].flatMap(([seed, value]) => {
    const other = b.bySeed.get(seed)
    return other === undefined ? [] : [value - other]
  })
  const mean = meanOf(pairs)
  const squares = pairs.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const margin = pairs.length < 2 ? Infinity : student[Math.min(pairs.length, student.length + 1) - 2] * Math.sqrt(squares / (pairs.length - 1) / pairs.length)
  return { mean, margin, pairs: pairs.length }
}

/** The results of a race's last epoch, best first. @param {any[]} rows its events */
export function ranking(rows) {
  const scored = rows.filter(({ event, test_accuracy: accuracy }) => event === 'epoch' && accuracy !== undefined)
  const last = Math.max(...scored.map(({ epoch }) => epoch))
  return rows.filter(({ event }) => event === 'summary').map(({ name, test_accuracy: { mean } }, index) => ({
    name, index, mean: mean ?? -Infinity,
    bySeed: new Map(scored.filter((row) => row.name === name && row.epoch === last).map((row) => [row.seed, Number(row.test_accuracy)])),
  })).sort((a, b) => b.mean - a.mean)
}

/** The result in one sentence. @param {Result[]} results best first @param {boolean} repeatable whether more seeds are possible */
export function verdictOf(results, repeatable) {
  const [first, second, ...others] = results.filter(({ mean }) => mean > -Infinity)
  if (!first) return own.none
  if (!second) return results.length > 1 ? own.alone(first.name) : ''
  const { mean: lead, margin, pairs: seeds } = difference(first, second)
  const names = { first: first.name, second: second.name }
  if (seeds < 2) return own.oneSeed({ ...names, lead, far: lead > farAhead, repeatable })
  const rivals = [second, ...others].filter((other) => {
    const { mean, margin: chance } = difference(first, other)
    return !(mean > chance)
  })
  return rivals.length === 0 ? own.wins({ ...names, lead, seeds, margin }) : own.close([first, ...rivals].map(({ name }) => name), margin, repeatable)
}
