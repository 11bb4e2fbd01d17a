// Words of the page in English: charts, and what all views share. See ../words.js.
import { count, plural } from '../../dom/format.js'

export const charts = {
  explain: { question: 'What is this?', what: 'What it is', look: 'Look for', attempt: 'Try' },
  chart: {
    noValues: 'No values yet',
    /** @param {string} title */
    noData: (title) => `${title}, no data yet`,
    /** @param {string} title */
    asCsv: (title) => `${title} as CSV`,
    /** @param {string} title */
    asPng: (title) => `${title} as PNG`,
    /** @param {string} outside the words of outside() */
    showAll: (outside) => `${outside}: show all`,
    withoutOutliers: 'Without outliers',
    /** @param {{below: number, above: number}} numbers of values outside the range */
    outside: ({ below, above }) => [above > 0 && `${plural(above, 'value')} above`, below > 0 && `${plural(below, 'value')} below`].filter(Boolean).join(', '),
    /** @param {number} number of lines that a tooltip has no room for */
    more: (number) => `${count(number)} more`,
  },
  /** The horizontal axes: their label, and the moment of a value. */
  axes: {
    step: { label: 'Step', at: (/** @type {number} */ x) => `step ${count(x)}`, all: (/** @type {number} */ x) => plural(x, 'step') },
    epoch: { label: 'Epoch', at: (/** @type {number} */ x) => `epoch ${count(x)}`, all: (/** @type {number} */ x) => plural(x, 'epoch') },
  },
  summary: {
    /** @param {string} name of a line @param {string} value its last @param {string} at its moment @param {string[]} parts */
    line: (name, value, at, parts) => [`${name} ${value} at ${at}`, ...parts].join(', '),
    /** @param {string} value @param {string} at */
    first: (value, at) => `first ${value} at ${at}`,
    /** @param {string} value @param {string} at */
    lowest: (value, at) => `lowest ${value} at ${at}`,
    /** @param {string} value @param {string} at */
    highest: (value, at) => `highest ${value} at ${at}`,
    /** @param {string} title @param {string} all of the horizontal axis @param {string[]} lines */
    chart: (title, all, lines) => `${title} over ${all}: ${lines.join('; ')}`,
  },
  legend: {
    lines: 'Lines',
    /** @param {string} name */
    hide: (name) => `Hide or show ${name}`,
  },
  zoom: { full: 'Full range', about: 'The whole range of the values, for accuracy 0 to 100%' },
  lines: {
    training: 'Training', thisPoint: 'this point', trainingPoint: 'Training, this point', validation: 'Validation', test: 'Test',
    /** @param {string} label */
    previous: (label) => `previous run (${label})`,
    /** @param {string} name of the previous run's line */
    testOf: (name) => `${name}, test`,
    /** @param {string} name @param {string} value @param {string} at */
    now: (name, value, at) => `${name} ${value}, ${at}`,
    /** @param {string} at */
    latest: (at) => `Latest values: ${at}`,
    join: '; ',
  },
  activationPlot: {
    empty: 'Histogram of an activation’s inputs, no data yet',
    colours: 'Orange is negative, grey zero, blue positive',
    /** @param {number} outside */
    outside: (outside) => `${count(outside)} values lie outside`,
  },
  /** Words in formulas. */
  formula: { if: 'if', else: 'else', learnt: 'learnt', random: 'random', in: 'in', scored: 'scored', with: 'with' },
  bars: { class: 'Class', bar: 'Bar', probability: 'Probability', correct: 'the correct class' },
}
