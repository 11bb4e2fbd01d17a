// Several configurations side by side: the same seed, the same batches and, where shapes allow, the same initial weights; or
// forks of the page's current run, each with one change.
import { explain, h, iconButton } from '../dom/dom.js'
import { ExperimentRunner } from '../lab/experiment_runner.js'
import { count, loss, messageOf, percent, short } from '../dom/format.js'
import { Legend, swatch } from '../charts/legend.js'
import { RaceChart, runStyle } from '../charts/race_chart.js'
import { meanOf } from '../lab/series.js'
import { View } from './view.js'

const mostEntries = 8
/** The smoothing factor of the loss curve: the weight of the previous value. */
const smoothing = 0.8
const beginning = ['relu', 'leaky_relu', 'prelu', 'elu', 'swish']

/** @typedef {{flag: 'activations' | 'entry', text: string}} Entry */

export default class RaceView extends View {
  #runner = new ExperimentRunner(this.lab.ownFiles)
  #from = h('select', { 'aria-label': 'Where the race begins', onchange: () => this.#changeStart() },
    h('option', { value: 'beginning' }, 'From the beginning'), h('option', { value: 'run' }, 'From the current run'))
  /** By start; the entries for forks are proposed on first use. @type {Record<string, Entry[]>} */
  #lists = { beginning: beginning.map((text) => ({ flag: 'activations', text })) }
  #list = h('ul', { class: 'race-entries', 'aria-label': 'Configurations' })
  #activation = h('select', { 'aria-label': 'Add an activation', onchange: () => {
    this.#add('activations', this.#activation.value)
    this.#activation.value = ''
  } }, h('option', { value: '' }, 'Add an activation…'), this.lab.registry.activations.map(({ name }) => h('option', { value: name }, name)))
  #setting = h('input', { type: 'text', 'aria-label': 'Add a setting', placeholder: 'lr=0.01', size: 12 })
  #seeds = numberBox('Seeds', '1')
  #epochs = numberBox('Epochs', '4')
  #samples = numberBox('Training samples', '2000')
  #start = h('button', { type: 'button', class: 'button primary', onclick: () => {
    if (!this.#running) return this.#race()
    this.#runner.stop()
    this.#status.textContent = 'Stopped. The results so far are kept.'
  } }, 'Start race')
  #seedsLabel = h('label', {}, 'Seeds ', this.#seeds)
  #samplesLabel = h('label', {}, 'Training samples ', this.#samples)
  #forkNote = h('p', { class: 'muted', hidden: true }, 'Each fork continues from the run’s weights, moments and step, with one change; “unchanged” is how the run itself continues. The run is not affected.')
  #status = h('output', { class: 'readout', 'aria-label': 'Race', 'aria-live': 'off' })
  #error = h('p', { class: 'field-error', role: 'alert' })
  #table = h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Results of the race' })
  #printed = h('pre', { class: 'log', tabIndex: 0, 'aria-label': 'What the command line prints for the race' })
  #details = h('details', { hidden: true }, h('summary', {}, 'What the command line prints'), this.#printed)
  #running = false
  #legend = new Legend()
  #note = h('p', { class: 'muted chart-note', hidden: true }, 'By epoch each line is the mean over the seeds, and the band around it ± one deviation; by step it is the running seed.')
  #charts = {
    running: new RaceChart(this.lab, { legend: this.#legend, title: 'Running loss, by step, smoothed', x: 'Step', format: short }),
    loss: new RaceChart(this.lab, { legend: this.#legend, sync: 'race-epochs', title: 'Test loss, by epoch', x: 'Epoch', format: short }),
    accuracy: new RaceChart(this.lab, { legend: this.#legend, sync: 'race-epochs', title: 'Test accuracy, by epoch', x: 'Epoch', format: (value) => percent(value, 1), tick: (value) => percent(value, 0), top: 1 }),
  }
  /** The curves of each entry shown. @type {{name: string, running: Map<number, number>, loss: Map<number, number[]>, accuracy: Map<number, number[]>}[]} */
  #curves = []
  /** The seed of the runs in progress. @type {number | undefined} */
  #seed
  /** The name of the race while it runs. */
  #name = ''

  build() {
    this.append(
      this.#list,
      h('form', { class: 'race-form', onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault()
        if (this.#add('entry', this.#setting.value.trim())) this.#setting.value = ''
      } }, this.#from, this.#activation, this.#setting, h('button', { class: 'button small' }, 'Add setting'),
      this.#seedsLabel, h('label', {}, 'Epochs ', this.#epochs), this.#samplesLabel), this.#forkNote,
      h('div', { class: 'race-tools' }, this.#start, this.#status), this.#error, this.#legend.element, this.#note,
      h('div', { class: 'charts race-charts' }, Object.values(this.#charts).map(({ element }) => element)),
      this.#table, this.#details,
      explain({
        what: 'Every configuration begins from the panel’s settings with the same seed, sees the same batches with the same augmentation, and starts from the same draws wherever shapes allow. Over several seeds a line is the mean and its band one deviation on each side.',
        look: 'Bands that overlap: such a difference may be chance. A row whose dead units rise while its loss does not change; a hidden unit is dead if it has zero output and zero gradient for each of the first 1,000 training images.',
        attempt: 'Add lr=0.02 to the five activations, with three seeds: which still learn?',
      }))
    this.lab.on('run', () => this.#fitSamples())
    this.#showEntries()
    this.#fitSamples()
  }

  /** The user's data may have fewer images than a race uses by default. */
  #fitSamples() {
    const { train } = this.lab.run.dataset
    if (Number(this.#samples.value) > train) this.#samples.value = String(train)
  }

  get #forks() {
    return this.#from.value === 'run'
  }

  get #entries() {
    return this.#lists[this.#from.value]
  }

  #changeStart() {
    const { lab } = this
    this.#lists.run ??= [{ flag: 'entry', text: `lr=${Number((lab.run.config.lr / 10).toPrecision(3))}` },
      { flag: 'activations', text: lab.run.config.model.includes('| relu') ? 'leaky_relu' : 'relu' }]
    this.#seedsLabel.hidden = this.#samplesLabel.hidden = this.#forks
    this.#forkNote.hidden = !this.#forks
    if (this.#forks) this.#epochs.value = String(lab.run.config.epochs + (lab.state === 'finished' ? 2 : 0))
    this.#setRunning(this.#running)
  }

  /** @param {Entry['flag']} flag @param {string} text */
  #add(flag, text) {
    if (!text) return false
    const full = this.#entries.length >= mostEntries
    this.#error.textContent = full ? `A race here has at most ${mostEntries} configurations: remove one first.` : ''
    if (!full) this.#entries.push({ flag, text })
    this.#showEntries()
    return !full
  }

  #showEntries() {
    // The core puts entries before activations, and so do the list and the colours.
    this.#entries.sort((a, b) => Number(a.flag === 'activations') - Number(b.flag === 'activations'))
    const first = this.#forks ? 1 : 0
    this.#list.replaceChildren(...(first ? [h('li', { class: 'is-fixed' }, swatch(runStyle(0)), 'unchanged')] : []), ...this.#entries.map(({ text }, i) => h('li', {}, swatch(runStyle(first + i)), text, iconButton('close', `Remove ${text}`, () => {
      this.#entries.splice(i, 1)
      this.#showEntries()
    }))))
    for (const each of this.#list.querySelectorAll('button')) each.disabled = this.#running
    this.#start.disabled = this.#entries.length === 0
  }

  async #race() {
    this.#error.textContent = ''
    this.#table.replaceChildren()
    this.#details.hidden = true
    this.#setRunning(true)
    this.#status.textContent = 'Loading the data into a separate worker…'
    try {
      const { engine, shown } = this.lab
      /** @type {[string, string][]} */
      const own = [['epochs', this.#epochs.value], ['threads', '1']]
      // Forks start from the page's run, possibly with more epochs; a race has the settings in the panel.
      const from = this.#forks ? await engine.checkpoint() : undefined
      const config = from ? await engine.configOfCheckpoint(from, own)
        : await engine.parse([...await engine.fields({ ...shown, events: [] }), ...own, ['train_samples', this.#samples.value]])
      /** @type {[string, string][]} */
      const flags = this.#entries.filter(({ flag }) => flag === 'entry').map(({ text }) => ['entry', text])
      const activations = this.#entries.filter(({ flag }) => flag === 'activations').map(({ text }) => text)
      if (activations.length > 0) flags.push(['activations', activations.join(',')])
      if (!from) flags.push(['seeds', this.#seeds.value])
      const names = [...(from ? ['unchanged'] : []), ...this.#entries.map(({ text }) => text.split(':')[0])]
      this.#curves = names.map((each) => ({ name: each, running: new Map(), loss: new Map(), accuracy: new Map() }))
      if (from) this.#showPast()
      this.#seed = undefined
      this.#name = from ? `Forks after step ${count(this.lab.step)}` : 'Racing'
      await this.#runner.run('race', config, flags, (progress) => this.#show(progress), from && { from })
    } catch (error) {
      this.#error.textContent = messageOf(error)
      this.#status.textContent = ''
    }
    this.#setRunning(false)
  }

  /** Puts the run's history up to the fork into the curve of "unchanged"; the other curves start at its end. */
  #showPast() {
    const { points, epochs } = this.lab
    const [unchanged, ...others] = this.#curves
    let value = points.loss[0]
    points.step.forEach((step, i) => unchanged.running.set(step, value = smoothed(value, points.loss[i])))
    for (const { epoch, testLoss, testAccuracy } of epochs) {
      unchanged.loss.set(epoch, [testLoss])
      unchanged.accuracy.set(epoch, [testAccuracy])
    }
    for (const key of /** @type {const} */ (['running', 'loss', 'accuracy'])) {
      const last = [...unchanged[key]].at(-1)
      if (last) for (const other of others) /** @type {Map<number, any>} */ (other[key]).set(last[0], last[1])
    }
  }

  /** @param {boolean} running */
  #setRunning(running) {
    this.#running = running
    this.#from.disabled = running
    this.#start.textContent = running ? 'Stop race' : this.#forks ? 'Fork the run' : 'Start race'
    this.#showEntries()
  }

  /** @param {any} progress of the experiment */
  #show(progress) {
    for (const racer of progress.racers ?? []) if (racer.last) this.#addStep(racer)
    const rows = /** @type {any[]} */ (progress.events)
    for (const { event, name, epoch, test_loss: testLoss, test_accuracy: accuracy } of rows) {
      const curve = this.#curves.find((each) => each.name === name)
      if (event !== 'epoch' || testLoss === undefined || !curve) continue
      curve.loss.set(epoch, [...(curve.loss.get(epoch) ?? []), testLoss])
      curve.accuracy.set(epoch, [...(curve.accuracy.get(epoch) ?? []), accuracy])
    }
    if (progress.event === 'working') this.#status.textContent = `${this.#name}: ${percent(progress.share, 0)}`
    if (progress.event === 'done') {
      this.#status.textContent = this.#name === 'Racing' ? 'Finished. Means and deviations are over the seeds.' : `${this.#name}: finished.`
      this.lab.emit('announce', 'The race has finished.')
      this.#table.replaceChildren(raceTable(rows.filter((row) => row.event === 'summary')))
      this.#printed.textContent = progress.lines.join('\n').trim()
      this.#details.hidden = false
    }
    this.#charts.running.show(this.#curves.map(({ name, running }) => ({ name, points: running })))
    for (const key of /** @type {const} */ (['loss', 'accuracy'])) this.#charts[key].show(this.#curves.map((curve) => ({ name: curve.name, ...overSeeds(curve[key]) })))
    this.#note.hidden = !this.#curves.some(({ loss }) => [...loss.values()].some((values) => values.length > 1))
  }

  /** @param {{name: string, seed: number, last: {step: number, loss: number}}} racer */
  #addStep({ name, seed, last: { step, loss } }) {
    if (this.#seed !== undefined && seed !== this.#seed) for (const curve of this.#curves) curve.running = new Map()
    this.#seed = seed
    const running = this.#curves.find((curve) => curve.name === name)?.running ?? new Map()
    if (running.has(step)) return // it is scoring: no new step
    const before = [...running.values()].at(-1)
    running.set(step, smoothed(before ?? loss, loss))
  }
}

/** @param {number} before @param {number} value */
const smoothed = (before, value) => smoothing * before + (1 - smoothing) * value

/** At each epoch the mean over the seeds and, for two or more, the sample deviation. @param {Map<number, number[]>} values */
function overSeeds(values) {
  const points = new Map([...values].map(([at, all]) => [at, meanOf(all)]))
  const deviationOf = (/** @type {number[]} */ all) => Math.sqrt(all.reduce((sum, value) => sum + (value - meanOf(all)) ** 2, 0) / (all.length - 1))
  return { points, spread: new Map([...values].filter(([, all]) => all.length > 1).map(([at, all]) => [at, deviationOf(all)])) }
}

/** @param {string} label @param {string} value */
const numberBox = (label, value) =>
  h('input', { type: 'text', class: 'number', inputMode: 'numeric', 'aria-label': `${label} of the race`, value, size: 5 })

/** The columns of the table of results: the core's measure, title and number format. @type {[string, string, (value: number) => string][]} */
const measures = [
  ['test_accuracy', 'Test accuracy', (value) => percent(value)],
  ['test_loss', 'Test loss', loss],
  ['train_loss', 'Training loss', loss],
  ['dead', 'Dead units', (value) => percent(value)],
  ['output_mean', 'Output mean', short],
]

/** The results as a table: the core's summary of each configuration over its seeds. @param {any[]} summaries */
export function raceTable(summaries) {
  return h('table', { class: 'model-table race-table' },
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Configuration'), ...measures.map(([, title]) => h('th', { scope: 'col' }, title)), h('th', { scope: 'col' }, 'Time per step'))),
    h('tbody', {}, ...summaries.map((summary, i) => h('tr', {}, h('th', { scope: 'row' }, swatch(runStyle(i)), summary.name, summary.diverged > 0 && ` (${summary.diverged} diverged)`, summary.refused > 0 && ` (${summary.refused} refused)`),
      ...measures.map(([name, , format]) => h('td', {}, summaryText(summary[name], format))), h('td', {}, summary.step_seconds === null ? '–' : `${(1e6 * summary.step_seconds).toFixed(0)} µs`)))))
}

/** @param {{mean: number | null, deviation: number | null}} of @param {(value: number) => string} format */
const summaryText = ({ mean, deviation }, format) =>
  (mean === null ? '–' : [mean, deviation].filter((value) => value !== null).map((value) => format(Number(value))).join(' ± '))
