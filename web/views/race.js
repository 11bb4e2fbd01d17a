// Several configurations side by side: the same seed, the same batches and, where shapes allow, the same first weights.
import { h, iconButton } from '../ui/dom.js'
import { ExperimentRunner } from '../ui/experiment_runner.js'
import { explain } from '../ui/explain.js'
import { loss, percent, short } from '../ui/format.js'
import { Legend, swatch } from '../ui/legend.js'
import { RaceChart, runStyle } from '../ui/race_chart.js'
import { View } from './view.js'

const mostEntries = 8
/** What a step's loss keeps of the one before it in the chart. */
const smoothing = 0.8
const beginning = ['relu', 'leaky_relu', 'prelu', 'elu', 'swish']

/** @typedef {{flag: 'activations' | 'entry', text: string}} Entry */

/** The columns: what the core measured, and how it is written. @type {[string, string, (value: number) => string][]} */
const columns = [
  ['test_accuracy', 'Test accuracy', (value) => percent(value)],
  ['test_loss', 'Test loss', loss],
  ['train_loss', 'Training loss', loss],
  ['dead', 'Dead units', (value) => percent(value)],
  ['output_mean', 'Output mean', short],
]

class RaceView extends View {
  #runner = new ExperimentRunner((data) => this.lab.ownFiles.get(data))
  /** @type {Entry[]} */
  #entries = beginning.map((text) => ({ flag: 'activations', text }))
  #list = h('ul', { class: 'race-entries', 'aria-label': 'Configurations' })
  #activation = h('select', { 'aria-label': 'Add an activation', onchange: () => this.#addActivation() })
  #setting = h('input', { type: 'text', 'aria-label': 'Add a setting', placeholder: 'lr=0.01', size: 12 })
  #seeds = number('Seeds', '1')
  #epochs = number('Epochs', '4')
  #samples = number('Training samples', '2000')
  #start = h('button', { type: 'button', class: 'button primary', onclick: () => (this.#running ? this.#stop() : this.#race()) }, 'Start race')
  #status = h('output', { class: 'readout', 'aria-label': 'Race', 'aria-live': 'off' })
  #error = h('p', { class: 'field-error', role: 'alert' })
  #table = h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Results of the race' })
  #printed = h('pre', { class: 'log', tabIndex: 0, 'aria-label': 'What the command line prints for the race' })
  #details = h('details', { hidden: true }, h('summary', {}, 'What the command line prints'), this.#printed)
  #running = false
  #legend = new Legend()
  #note = h('p', { class: 'muted chart-note', hidden: true }, 'By epoch each line is the mean over the seeds, and the band around it ± one deviation; by step it is the seed that runs.')
  #charts = {
    running: new RaceChart({ legend: this.#legend, title: 'Running loss, by step, smoothed', x: 'Step', format: short, range: (high) => [0, high * 1.05 || 1] }),
    loss: new RaceChart({ legend: this.#legend, sync: 'race-epochs', title: 'Test loss, by epoch', x: 'Epoch', format: short, range: (high) => [0, high * 1.05 || 1] }),
    accuracy: new RaceChart({ legend: this.#legend, sync: 'race-epochs', title: 'Test accuracy, by epoch', x: 'Epoch', format: (value) => percent(value, 1), tick: (value) => percent(value, 0), range: () => [0, 1] }),
  }
  /** Of each entry, while it is shown. @type {{name: string, running: Map<number, number>, loss: Map<number, number[]>, accuracy: Map<number, number[]>}[]} */
  #curves = []
  #seed = 0

  build() {
    this.#activation.append(h('option', { value: '' }, 'Add an activation…'),
      ...this.lab.registry.activations.map(({ name }) => h('option', { value: name }, name)))
    this.append(
      this.#list,
      h('form', { class: 'race-form', onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault()
        this.#addSetting()
      } }, this.#activation, this.#setting, h('button', { class: 'button small' }, 'Add setting'),
      labelled('Seeds', this.#seeds), labelled('Epochs', this.#epochs), labelled('Training samples', this.#samples)),
      h('div', { class: 'race-tools' }, this.#start, this.#status), this.#error, this.#legend.element, this.#note,
      h('div', { class: 'charts race-charts' }, this.#charts.running.element, this.#charts.loss.element, this.#charts.accuracy.element),
      this.#table, this.#details,
      explain({
        what: 'Every configuration begins from the panel’s settings with the same seed, sees the same batches with the same augmentation, and starts from the same draws wherever shapes allow. Over several seeds a line is the mean and its band one deviation to both sides.',
        look: 'Bands that overlap: such a difference may be chance. A row whose dead units rise while its loss stands still.',
        attempt: 'Add lr=0.02 to the five activations, with three seeds: who still learns?',
      }))
    this.lab.on('run', () => this.#fitSamples())
    this.lab.on('theme', () => Object.values(this.#charts).forEach((chart) => chart.restyle()))
    this.#showEntries()
    this.#fitSamples()
  }

  /** Own data may have fewer images than a race usually takes. */
  #fitSamples() {
    const { train } = this.lab.run.dataset
    if (Number(this.#samples.value) > train) this.#samples.value = String(train)
  }

  #addActivation() {
    const text = this.#activation.value
    this.#activation.value = ''
    if (text) this.#add({ flag: 'activations', text })
  }

  #addSetting() {
    const text = this.#setting.value.trim()
    if (!text) return
    if (this.#add({ flag: 'entry', text })) this.#setting.value = ''
  }

  /** @param {Entry} entry */
  #add(entry) {
    const full = this.#entries.length >= mostEntries
    this.#error.textContent = full ? `A race here has at most ${mostEntries} configurations: remove one first.` : ''
    if (!full) this.#entries.push(entry)
    this.#showEntries()
    return !full
  }

  #showEntries() {
    // The core puts entries before activations, and so do the list and the colours.
    this.#entries.sort((a, b) => Number(a.flag === 'activations') - Number(b.flag === 'activations'))
    this.#list.replaceChildren(...this.#entries.map(({ text }, i) => h('li', {}, swatch(runStyle(i)), text, iconButton('close', `Remove ${text}`, () => {
      this.#entries.splice(i, 1)
      this.#showEntries()
    }))))
    for (const each of this.#list.querySelectorAll('button')) each.disabled = this.#running
    this.#start.disabled = this.#entries.length === 0
  }

  #stop() {
    this.#runner.stop()
    this.#status.textContent = 'Stopped. What was measured until then stays.'
  }

  async #race() {
    this.#error.textContent = ''
    this.#table.replaceChildren()
    this.#details.hidden = true
    this.#setRunning(true)
    this.#status.textContent = 'Loading the data into a worker of its own…'
    try {
      const base = await this.lab.engine.parse([...await this.lab.engine.fields({ ...this.lab.shown, events: [] }),
        ['epochs', this.#epochs.value], ['train_samples', this.#samples.value], ['threads', '1']])
      /** @type {[string, string][]} */
      const flags = this.#entries.filter(({ flag }) => flag === 'entry').map(({ text }) => ['entry', text])
      const activations = this.#entries.filter(({ flag }) => flag === 'activations').map(({ text }) => text)
      if (activations.length > 0) flags.push(['activations', activations.join(',')])
      flags.push(['seeds', this.#seeds.value])
      this.#curves = this.#entries.map(({ text }) => ({ name: text.split(':')[0], running: new Map(), loss: new Map(), accuracy: new Map() }))
      this.#seed = 0
      await this.#runner.run('race', base, flags, (progress) => this.#show(progress))
    } catch (error) {
      this.#error.textContent = error instanceof Error ? error.message : String(error)
      this.#status.textContent = ''
    }
    this.#setRunning(false)
  }

  /** @param {boolean} running */
  #setRunning(running) {
    this.#running = running
    this.#start.textContent = running ? 'Stop race' : 'Start race'
    this.#showEntries()
  }

  /** @param {any} progress of the experiment */
  #show(progress) {
    for (const { index, last } of progress.racers ?? []) if (last) this.#addStep(index, last.step, last.loss)
    const rows = progress.json.map((/** @type {string} */ line) => JSON.parse(line))
    for (const row of rows) if (row.event === 'epoch' && row.epoch > 0) this.#addEpoch(row)
    if (progress.event === 'working') this.#status.textContent = `Racing: ${percent(progress.share, 0)}`
    if (progress.event === 'done') {
      this.#status.textContent = 'Finished. Means and deviations are over the seeds.'
      this.lab.emit('announce', 'The race has finished.')
      this.#showTable(rows.filter((/** @type {any} */ row) => row.event === 'summary'), timesOf(progress.lines))
      this.#printed.textContent = progress.lines.join('\n').trim()
      this.#details.hidden = false
    }
    this.#charts.running.show(this.#curves.map(({ name, running }) => ({ name, points: running })))
    for (const key of /** @type {const} */ (['loss', 'accuracy'])) this.#charts[key].show(this.#curves.map((curve) => ({ name: curve.name, ...overSeeds(curve[key]) })))
    this.#note.hidden = !this.#curves.some(({ loss }) => [...loss.values()].some((values) => values.length > 1))
  }

  /** @param {number} index in the plan: the entries seed by seed @param {number} step @param {number} value */
  #addStep(index, step, value) {
    const seed = Math.floor(index / this.#curves.length)
    if (seed !== this.#seed) {
      this.#seed = seed
      for (const curve of this.#curves) curve.running = new Map()
    }
    const { running } = this.#curves[index % this.#curves.length]
    if (running.has(step)) return // it scores: no step since
    const before = [...running.values()].at(-1)
    running.set(step, before === undefined ? value : smoothing * before + (1 - smoothing) * value)
  }

  /** @param {{name: string, epoch: number, test_loss: number, test_accuracy: number}} row */
  #addEpoch({ name, epoch, test_loss: testLoss, test_accuracy: accuracy }) {
    const curve = this.#curves.find((each) => each.name === name)
    curve?.loss.set(epoch, [...(curve.loss.get(epoch) ?? []), testLoss])
    curve?.accuracy.set(epoch, [...(curve.accuracy.get(epoch) ?? []), accuracy])
  }

  /** @param {any[]} summaries @param {string[]} times of a step */
  #showTable(summaries, times) {
    this.#table.replaceChildren(h('table', { class: 'model-table race-table' },
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Configuration'), ...columns.map(([, title]) => h('th', { scope: 'col' }, title)), h('th', { scope: 'col' }, 'Time a step'))),
      h('tbody', {}, ...summaries.map((summary, i) => h('tr', {}, h('th', { scope: 'row' }, swatch(runStyle(i)), summary.name, summary.diverged > 0 && ` (${summary.diverged} diverged)`),
        ...columns.map(([name, , format]) => h('td', {}, summaryText(summary[name], format))), h('td', {}, times[i] ?? '–'))))))
  }
}
customElements.define('rl-race', RaceView)

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

/** At each epoch the mean over the seeds, and from two of them on the deviation of the sample. @param {Map<number, number[]>} values */
function overSeeds(values) {
  const points = new Map([...values].map(([at, all]) => [at, meanOf(all)]))
  const spread = new Map([...values].filter(([, all]) => all.length > 1).map(([at, all]) => {
    const mean = meanOf(all)
    return [at, Math.sqrt(all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (all.length - 1))]
  }))
  return { points, spread }
}

/** @param {number[]} values */
const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/** @param {string} label @param {string} value */
function number(label, value) {
  return h('input', { type: 'text', class: 'number', inputMode: 'numeric', 'aria-label': `${label} of the race`, value, size: 5 })
}

/** @param {string} text @param {HTMLElement} control */
function labelled(text, control) {
  return h('label', {}, `${text} `, control)
}
