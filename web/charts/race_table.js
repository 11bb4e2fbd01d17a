// The results of a race as a table: what the core says of each configuration, over its seeds.
import { h } from '../dom/dom.js'
import { loss, percent, short } from '../dom/format.js'
import { swatch } from './legend.js'
import { runStyle } from './race_chart.js'

/** The columns: what the core measured, and how it is written. @type {[string, string, (value: number) => string][]} */
const columns = [
  ['test_accuracy', 'Test accuracy', (value) => percent(value)],
  ['test_loss', 'Test loss', loss],
  ['train_loss', 'Training loss', loss],
  ['dead', 'Dead units', (value) => percent(value)],
  ['output_mean', 'Output mean', short],
]

/**
 * @param {any[]} summaries one a configuration
 * @param {string[]} lines what the command line prints for them
 */
export function raceTable(summaries, lines) {
  const times = timesOf(lines)
  return h('table', { class: 'model-table race-table' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Configuration'), ...columns.map(([, title]) => h('th', { scope: 'col' }, title)), h('th', { scope: 'col' }, 'Time a step'))),
    h('tbody', {}, ...summaries.map((summary, i) => h('tr', {}, h('th', { scope: 'row' }, swatch(runStyle(i)), summary.name, summary.diverged > 0 && ` (${summary.diverged} diverged)`),
      ...columns.map(([name, , format]) => h('td', {}, summaryText(summary[name], format))), h('td', {}, times[i] ?? '–')))))
}

/** @param {{mean: number | null, deviation: number | null}} of @param {(value: number) => string} format */
function summaryText({ mean, deviation }, format) {
  if (mean === null) return '–'
  return deviation === null ? format(mean) : `${format(mean)} ± ${format(deviation)}`
}

/**
 * How long a step took each of them. The clock is in the printed table alone: results are the same whenever they are made.
 * @param {string[]} lines
 */
function timesOf(lines) {
  const cells = lines.map((line) => line.trim().split(/\s{2,}/))
  const head = cells.findIndex((row) => row.includes('µs/step'))
  const fromEnd = cells[head]?.length - cells[head]?.indexOf('µs/step')
  return cells.slice(head + 1).filter((row) => row.length > fromEnd).map((row) => `${row[row.length - fromEnd]} µs`)
}
