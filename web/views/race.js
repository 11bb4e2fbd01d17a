// Several configurations side by side: the same seed, the same batches and, where shapes allow, the same initial weights; or
// forks of the page's current run, each with one change.
import { h, iconButton } from '../dom/dom.js'
import { ExperimentRunner } from '../lab/experiment_runner.js'
import { loss, messageOf, percent, short } from '../dom/format.js'
import { Legend, swatch } from '../charts/legend.js'
import { RaceChart, runStyle } from '../charts/race_chart.js'
import { Zoom } from '../charts/zoom.js'
import { ranking, verdictOf } from '../lab/ranking.js'
import { meanOf, smoother } from '../lab/series.js'
import { explain } from './explain.js'
import { View } from './view.js'
import { words } from '../words/words.js'

const own = words.experiments.race
const mostEntries = 8
/** Of the loss curve, see smoother(). */
const smoothing = 0.8
const beginning = ['relu', 'leaky_relu', 'prelu', 'elu', 'swish']
const unchanged = 'unchanged' // the core's name of the fork without a change
/** @param {string} name in the core */
const shownName = (name) => (name === unchanged ? own.unchanged : name)

/** @typedef {{flag: 'activations' | 'entry', text: string}} Entry */

export default class RaceView extends View {
  #runner = new ExperimentRunner(this.lab.ownFiles)
  #from = h('select', { 'aria-label': own.from, onchange: () => this.#changeStart() },
    h('option', { value: 'beginning' }, own.fromBeginning), h('option', { value: 'run' }, own.fromRun))
  /** By start; the entries for forks are proposed on first use. @type {Record<string, Entry[]>} */
  #lists = { beginning: beginning.map((text) => ({ flag: 'activations', text })) }
  #list = h('ul', { class: 'race-entries', 'aria-label': own.list })
  #activation = h('select', { 'aria-label': own.addActivation, onchange: () => {
    this.#add('activations', this.#activation.value)
    this.#activation.value = ''
  } }, h('option', { value: '' }, own.addActivationOption), this.lab.registry.activations.map(({ name }) => h('option', { value: name }, name)))
  #setting = h('input', { type: 'text', 'aria-label': own.addSetting, placeholder: 'lr=0.01', size: 12 })
  #seeds = numberBox(own.seedsOfRace, '1')
  #epochs = numberBox(own.epochsOfRace, '4')
  #samples = numberBox(own.samplesOfRace, '2000')
  #start = h('button', { type: 'button', class: 'button primary', onclick: () => {
    if (!this.#running) return this.#race()
    this.#runner.stop()
    this.#status.textContent = own.stopped
  } }, own.start)
  #seedsLabel = h('label', {}, own.seeds, this.#seeds)
  #samplesLabel = h('label', {}, own.samples, this.#samples)
  #forkNote = h('p', { class: 'muted', hidden: true }, own.forkNote)
  #status = h('output', { class: 'readout', 'aria-label': own.status, 'aria-live': 'off' })
  #error = h('p', { class: 'field-error', role: 'alert' })
  #table = h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': own.table })
  #printed = h('pre', { class: 'log', tabIndex: 0, 'aria-label': own.printed })
  #details = h('details', { hidden: true }, h('summary', {}, own.printedTitle), this.#printed)
  #running = false
  #legend = new Legend()
  #zoom = new Zoom()
  #log = h('input', { type: 'checkbox', role: 'switch', onchange: () => [this.#charts.running, this.#charts.loss].forEach((chart) => chart.setLog(this.#log.checked)) })
  #note = h('p', { class: 'muted chart-note', hidden: true }, own.note)
  #verdict = h('output', { class: 'race-verdict', 'aria-label': own.winner, 'aria-live': 'off' })
  #shared = { legend: this.#legend, zoom: this.#zoom, empty: own.empty }
  #charts = {
    running: new RaceChart(this.lab, { ...this.#shared, title: own.running, x: 'step', format: short }),
    loss: new RaceChart(this.lab, { ...this.#shared, sync: 'race-epochs', title: own.loss, x: 'epoch', format: short }),
    accuracy: new RaceChart(this.lab, { ...this.#shared, sync: 'race-epochs', title: own.accuracy, x: 'epoch', format: percent, share: true }),
  }
  /** The curves of each entry shown. @type {{name: string, running: Map<number, number>, smooth: (value: number) => number, loss: Map<number, number[]>, accuracy: Map<number, number[]>}[]} */
  #curves = []
  /** The events of the race so far. @type {any[]} */
  #rows = []
  /** The seed of the runs in progress. @type {number | undefined} */
  #seed
  /** The step of the run that the race forks, or null. @type {number | null} */
  #forkedAt = null

  build() {
    this.append(
      this.#list,
      h('form', { class: 'race-form', onsubmit: (/** @type {Event} */ event) => {
        event.preventDefault()
        if (this.#add('entry', this.#setting.value.trim())) this.#setting.value = ''
      } }, this.#from, this.#activation, this.#setting, h('button', { class: 'button small' }, own.addSettingButton),
      this.#seedsLabel, h('label', {}, own.epochs, this.#epochs), this.#samplesLabel), this.#forkNote,
      h('div', { class: 'race-tools' }, this.#start, this.#status), this.#error,
      h('div', { class: 'chart-tools' }, this.#legend.element, this.#zoom.element, h('label', { class: 'switch-label' }, this.#log, own.log)), this.#note,
      h('div', { class: 'charts race-charts' }, Object.values(this.#charts).map(({ element }) => element)),
      this.#verdict, this.#table, this.#details, explain(own.explain))
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
    this.#error.textContent = full ? own.full(mostEntries) : ''
    if (!full) this.#entries.push({ flag, text })
    this.#showEntries()
    return !full
  }

  #showEntries() {
    // The core puts entries before activations, and so do the list and the colours.
    this.#entries.sort((a, b) => Number(a.flag === 'activations') - Number(b.flag === 'activations'))
    const first = this.#forks ? 1 : 0
    this.#list.replaceChildren(...(first ? [h('li', { class: 'is-fixed' }, swatch(runStyle(0)), own.unchanged)] : []), ...this.#entries.map(({ text }, i) => h('li', {}, swatch(runStyle(first + i)), text, iconButton('close', own.remove(text), () => {
      this.#entries.splice(i, 1)
      this.#showEntries()
    }))))
    for (const each of this.#list.querySelectorAll('button')) each.disabled = this.#running
    this.#start.disabled = this.#entries.length === 0
  }

  async #race() {
    this.#error.textContent = ''
    this.#table.replaceChildren()
    this.#verdict.textContent = ''
    this.#details.hidden = true
    this.#setRunning(true)
    this.#status.textContent = own.loading
    try {
      const { engine, shown } = this.lab
      /** @type {[string, string][]} */
      const changes = [['epochs', this.#epochs.value], ['threads', '1']]
      // Forks start from the page's run, possibly with more epochs; a race has the settings in the panel.
      const from = this.#forks ? await engine.checkpoint() : undefined
      const config = from ? await engine.configOfCheckpoint(from, changes)
        : await engine.parse([...await engine.fields({ ...shown, events: [] }), ...changes, ['train_samples', this.#samples.value]])
      /** @type {[string, string][]} */
      const flags = this.#entries.filter(({ flag }) => flag === 'entry').map(({ text }) => ['entry', text])
      const activations = this.#entries.filter(({ flag }) => flag === 'activations').map(({ text }) => text)
      if (activations.length > 0) flags.push(['activations', activations.join(',')])
      if (!from) flags.push(['seeds', this.#seeds.value])
      this.#curves = [...(from ? [unchanged] : []), ...this.#entries.map(({ text }) => text.split(':')[0])].map((each) => ({ name: each, running: new Map(), smooth: smoother(smoothing), loss: new Map(), accuracy: new Map() }))
      if (from) this.#showPast()
      this.#rows = []
      this.#seed = undefined
      this.#forkedAt = from ? this.lab.step : null
      await this.#runner.run('race', config, flags, (progress) => this.#show(progress), from && { from })
    } catch (error) {
      this.#error.textContent = words.lab.error(messageOf(error))
      this.#status.textContent = ''
    }
    this.#setRunning(false)
  }

  /** Puts the run's history up to the fork into the curve of "unchanged"; the other curves start at its end. */
  #showPast() {
    const { points, epochs } = this.lab
    const [run, ...others] = this.#curves
    points.step.forEach((step, i) => run.running.set(step, run.smooth(points.loss[i])))
    for (const { epoch, testLoss, testAccuracy } of epochs) {
      run.loss.set(epoch, [testLoss])
      run.accuracy.set(epoch, [testAccuracy])
    }
    for (const key of /** @type {const} */ (['running', 'loss', 'accuracy'])) {
      const last = [...run[key]].at(-1)
      if (last) for (const other of others) /** @type {Map<number, any>} */ (other[key]).set(last[0], last[1])
    }
  }

  /** @param {boolean} running */
  #setRunning(running) {
    this.#running = running
    this.#from.disabled = running
    this.#start.textContent = running ? own.stop : this.#forks ? own.fork : own.start
    this.#showEntries()
  }

  /** @param {any} progress of the experiment */
  #show(progress) {
    for (const racer of progress.racers ?? []) if (racer.last) this.#addStep(racer)
    const rows = /** @type {any[]} */ (progress.events)
    this.#rows.push(...rows)
    for (const { event, name, epoch, test_loss: testLoss, test_accuracy: accuracy } of rows) {
      const curve = this.#curves.find((each) => each.name === name)
      if (event !== 'epoch' || testLoss === undefined || !curve) continue
      curve.loss.set(epoch, [...(curve.loss.get(epoch) ?? []), testLoss])
      curve.accuracy.set(epoch, [...(curve.accuracy.get(epoch) ?? []), accuracy])
    }
    if (progress.event === 'working') this.#status.textContent = own.working(progress.share, this.#forkedAt)
    if (progress.event === 'done') {
      this.#status.textContent = own.finished(this.#forkedAt)
      this.lab.emit('announce', own.finishedAloud)
      const results = ranking(this.#rows)
      const summaries = rows.filter((row) => row.event === 'summary')
      this.#verdict.textContent = verdictOf(results.map((each) => ({ ...each, name: shownName(each.name) })), this.#forkedAt === null)
      this.#table.replaceChildren(raceTable(results.map(({ index }) => ({ index, summary: summaries[index] }))))
      this.#printed.textContent = progress.lines.join('\n').trim()
      this.#details.hidden = false
    }
    this.#charts.running.show(this.#curves.map(({ name, running }) => ({ name: shownName(name), points: running })))
    for (const key of /** @type {const} */ (['loss', 'accuracy'])) this.#charts[key].show(this.#curves.map((curve) => ({ name: shownName(curve.name), ...overSeeds(curve[key]) })))
    this.#note.hidden = !this.#curves.some(({ loss }) => [...loss.values()].some((values) => values.length > 1))
  }

  /** @param {{name: string, seed: number, last: {step: number, loss: number}}} racer */
  #addStep({ name, seed, last: { step, loss } }) {
    if (this.#seed !== undefined && seed !== this.#seed) for (const curve of this.#curves) Object.assign(curve, { running: new Map(), smooth: smoother(smoothing) })
    this.#seed = seed
    const curve = this.#curves.find((each) => each.name === name)
    // While it is scoring there is no new step.
    if (curve && !curve.running.has(step)) curve.running.set(step, curve.smooth(loss))
  }
}

/** At each epoch the mean over the seeds and, for two or more, the sample deviation. @param {Map<number, number[]>} values */
function overSeeds(values) {
  const points = new Map([...values].map(([at, all]) => [at, meanOf(all)]))
  const deviationOf = (/** @type {number[]} */ all) => Math.sqrt(all.reduce((sum, value) => sum + (value - meanOf(all)) ** 2, 0) / (all.length - 1))
  return { points, spread: new Map([...values].filter(([, all]) => all.length > 1).map(([at, all]) => [at, deviationOf(all)])) }
}

/** @param {string} label for screen readers @param {string} value */
const numberBox = (label, value) =>
  h('input', { type: 'text', class: 'number', inputMode: 'numeric', 'aria-label': label, value, size: 5 })

/** The columns of the table of results: the core's measure and its number format. @type {[keyof typeof own.measures, (value: number) => string][]} */
const measures = [
  ['test_accuracy', (value) => percent(value)],
  ['test_loss', loss],
  ['train_loss', loss],
  ['silent', (value) => percent(value)],
  ['output_mean', short],
]

/** The results as a table: the core's summary of each configuration over its seeds. @param {{index: number, summary: any}[]} ranked the best first; index: in the race */
export function raceTable(ranked) {
  const columns = measures.filter(([name]) => name in ranked[0].summary)
  const seeds = Math.max(...ranked.map(({ summary }) => summary.test_accuracy.count))
  return h('table', { class: 'model-table race-table' },
    h('caption', {}, own.caption(seeds)),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, own.configuration), ...columns.map(([name]) => h('th', { scope: 'col' }, own.measures[name])), h('th', { scope: 'col' }, own.time))),
    h('tbody', {}, ...ranked.map(({ index, summary }) => h('tr', {}, h('th', { scope: 'row' }, swatch(runStyle(index)), shownName(summary.name), summary.diverged > 0 && own.diverged(summary.diverged), summary.refused > 0 && own.refused(summary.refused)),
      ...columns.map(([name, format]) => h('td', {}, summaryText(summary[name], format))), h('td', {}, summary.step_seconds === null ? '–' : `${(1e6 * summary.step_seconds).toFixed(0)} µs`)))))
}

/** @param {{mean: number | null, deviation: number | null}} of @param {(value: number) => string} format */
const summaryText = ({ mean, deviation }, format) =>
  (mean === null ? '–' : [mean, deviation].filter((value) => value !== null).map((value) => format(Number(value))).join(' ± '))
