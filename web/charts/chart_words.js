// What a chart says to screen readers.
import { words } from '../words/words.js'

/** @import { Series } from './chart.js' */

/** A value, with its deviation if it has one. @param {Series} series @param {number} i @param {(value: number) => string} format */
export function written({ values, spread }, i, format) {
  const deviation = spread?.[i] ?? null
  return format(Number(values[i])) + (deviation === null ? '' : ` ± ${format(deviation)}`)
}

/**
 * The last, first, lowest and highest value of each line, with their moments.
 * @param {string} title @param {'step' | 'epoch'} x @param {number[]} xs @param {Series[]} series @param {(value: number) => string} format
 */
export function summaryOf(title, x, xs, series, format) {
  const { axes, chart, summary } = words.charts
  const { at, all } = axes[x]
  const lines = series.filter(({ faint }) => !faint).flatMap((each) => {
    const known = each.values.flatMap((value, i) => (value === null || Number.isNaN(value) ? [] : [i]))
    const [first, last] = [known[0], known[known.length - 1]]
    if (last === undefined) return []
    const of = (/** @type {number} */ i) => Number(each.values[i])
    const lowest = known.reduce((best, i) => (of(i) < of(best) ? i : best))
    const highest = known.reduce((best, i) => (of(i) > of(best) ? i : best))
    const told = new Set([last])
    const parts = /** @type {const} */ ([['first', first], ['lowest', lowest], ['highest', highest]]).flatMap(([which, i]) => {
      if (told.has(i)) return []
      told.add(i)
      return [summary[which](written(each, i, format), at(xs[i]))]
    })
    return [summary.line(each.name, written(each, last, format), at(xs[last]), parts)]
  })
  return lines.length === 0 ? chart.noData(title) : summary.chart(title, all(xs[xs.length - 1]), lines)
}
