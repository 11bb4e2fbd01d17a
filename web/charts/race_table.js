// The results of a race as a table: the core's summary of each configuration over its seeds.
import { h } from '../dom/dom.js'
import { loss, percent, short } from '../dom/format.js'
import { swatch } from './legend.js'
import { runStyle } from './race_chart.js'

/** The columns: the core's measure, title and number format. @type {[string, string, (value: number) => string][]} */
const columns = [
  ['test_accuracy', 'Test accuracy', (value) => percent(value)],
  ['test_loss', 'Test loss', loss],
  ['train_loss', 'Training loss', loss],
  ['dead', 'Dead units', (value) => percent(value)],
  ['output_mean', 'Output mean', short],
]

/** @param {any[]} summaries one per configuration */
export function raceTable(summaries) {
  return h('table', { class: 'model-table race-table' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Configuration'), ...columns.map(([, title]) => h('th', { scope: 'col' }, title)), h('th', { scope: 'col' }, 'Time per step'))),
    h('tbody', {}, ...summaries.map((summary, i) => h('tr', {}, h('th', { scope: 'row' }, swatch(runStyle(i)), summary.name, summary.diverged > 0 && ` (${summary.diverged} diverged)`, summary.refused > 0 && ` (${summary.refused} refused)`),
      ...columns.map(([name, , format]) => h('td', {}, summaryText(summary[name], format))), h('td', {}, summary.step_seconds === null ? '–' : `${(1e6 * summary.step_seconds).toFixed(0)} µs`)))))
}

/** @param {{mean: number | null, deviation: number | null}} of @param {(value: number) => string} format */
function summaryText({ mean, deviation }, format) {
  if (mean === null) return '–'
  return deviation === null ? format(mean) : `${format(mean)} ± ${format(deviation)}`
}
