// The runs made in this browser: named, kept over reloads, with what each changed, laid over one another, opened again.
import { h, iconButton } from '../ui/dom.js'
import { bytes, count, percent, short } from '../ui/format.js'
import { readHash, writeHash } from '../ui/hash.js'
import { Legend, swatch } from '../ui/legend.js'
import { smooth } from '../ui/line_chart.js'
import { RaceChart, runStyle } from '../ui/race_chart.js'
import { differences, RunStore, thinned } from '../ui/run_store.js'
import { View } from './view.js'

/** @typedef {import('../ui/run_store.js').SavedRun} SavedRun */

const mostPoints = 400
const mostCompared = 8
const smoothing = 0.9

class RunsView extends View {
  #store = new RunStore()
  /** @type {SavedRun[]} */
  #runs = []
  /** The run that is going on, once it has made a step. @type {SavedRun | undefined} */
  #current
  /** Those laid over one another. @type {Set<number>} */
  #compared = new Set()
  #empty = h('p', { class: 'empty' }, 'Each run appears here at its first pause or its first epoch, and stays until you delete it.')
  #body = h('tbody')
  #table = h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Runs' }, h('table', { class: 'model-table runs-table' },
    h('thead', {}, h('tr', {}, ['Compare', 'Name', 'Against the run before', 'Test accuracy', 'Steps', 'Open or delete'].map((text) => h('th', { scope: 'col' }, text)))), this.#body))
  #storage = h('output', { class: 'readout', 'aria-label': 'Storage', 'aria-live': 'off' })
  #share = h('button', { type: 'button', class: 'button small', onclick: () => void this.#copyAddress() }, 'Copy this run’s address')
  #legend = new Legend()
  #charts = {
    loss: new RaceChart({ legend: this.#legend, sync: 'runs', title: 'Training loss, smoothed', x: 'Step', format: short, range: (high) => [0, high * 1.05 || 1] }),
    accuracy: new RaceChart({ legend: this.#legend, sync: 'runs', title: 'Test accuracy of runs', x: 'Step', format: (value) => percent(value, 2), tick: (value) => percent(value, 0), range: () => [0, 1] }),
  }
  #compare = h('div', { hidden: true }, this.#legend.element, h('div', { class: 'charts race-charts' }, this.#charts.loss.element, this.#charts.accuracy.element))

  build() {
    this.append(h('div', { class: 'race-tools' }, this.#share, this.#storage), this.#empty, this.#table, this.#compare)
    this.lab.on('run', () => (this.#current = undefined))
    this.lab.on('epoch', () => void this.#keep())
    this.lab.on('state', () => ['paused', 'finished', 'diverged'].includes(this.lab.state) && void this.#keep())
    this.lab.on('theme', () => Object.values(this.#charts).forEach((chart) => chart.restyle()))
    void this.#load()
  }

  async #load() {
    const stored = await this.#store.all()
    this.#runs = [...stored, ...this.#runs.filter(({ id }) => stored.every((run) => run.id !== id))]
    this.#show()
  }

  /** Writes down the run that is going on. */
  async #keep() {
    const { lab } = this
    if (lab.step === 0) return
    const { run, points, epochs, step, state } = lab
    if (!this.#current) {
      this.#current = { id: Date.now(), name: `Run ${this.#nextNumber()}`, fields: [], steps: 0, totalSteps: run.totalSteps, state, points: [], epochs: [] }
      this.#runs.push(this.#current)
    }
    const current = this.#current
    const losses = smooth(points.loss, smoothing)
    Object.assign(current, {
      steps: step, state, points: thinned(points.step.map((at, i) => /** @type {[number, number]} */ ([at, losses[i]])), mostPoints),
      epochs: epochs.map(({ epoch, step: at, testAccuracy, testLoss }) => ({ epoch, step: at, testAccuracy, testLoss })),
    })
    current.fields = await lab.engine.fields(run.config)
    await this.#put(current)
    this.#show()
  }

  #nextNumber() {
    return 1 + Math.max(0, ...this.#runs.map(({ name }) => Number(name.match(/^Run (\d+)$/)?.[1] ?? 0)))
  }

  /** @param {SavedRun} run */
  async #put(run) {
    try {
      await this.#store.put(run)
    } catch (error) {
      this.lab.emit('notice', { key: 'runs', kind: 'error', title: 'The run could not be kept', text: error instanceof Error ? error.message : String(error),
        kept: 'It stays in the list until this page is closed.', advice: 'Delete runs that you no longer need.' })
    }
  }

  #show() {
    const { default_config: defaults } = this.lab.registry
    this.#empty.hidden = this.#runs.length > 0
    this.#table.hidden = this.#runs.length === 0
    const focused = document.activeElement?.getAttribute('aria-label')
    this.#body.replaceChildren(...this.#runs.map((run, i) => this.#row(run, i === 0 ? [] : differences(this.#runs[i - 1].fields, run.fields, defaults), i === 0)).reverse())
    const again = focused && [...this.#body.querySelectorAll('[aria-label]')].find((each) => each.getAttribute('aria-label') === focused)
    if (again instanceof HTMLElement) again.focus()
    this.#showCharts()
    void this.#showStorage()
  }

  /** @param {SavedRun} run @param {string[]} changes @param {boolean} first */
  #row(run, changes, first) {
    const place = [...this.#compared].indexOf(run.id)
    const box = h('input', { type: 'checkbox', checked: place >= 0, 'aria-label': `Compare ${run.name}`, onchange: () => {
      if (!this.#compared.delete(run.id) && this.#compared.size < mostCompared) this.#compared.add(run.id)
      this.#show()
    } })
    const name = h('input', { type: 'text', value: run.name, 'aria-label': `Name of ${run.name}`, onchange: () => {
      run.name = name.value.trim() || run.name
      void this.#put(run).then(() => this.#show())
    } })
    const accuracy = run.epochs.at(-1)?.testAccuracy
    return h('tr', { class: run === this.#current ? 'is-current' : '', 'data-run': run.id },
      h('td', {}, h('label', { class: 'compare' }, box, place >= 0 && swatch(runStyle(place)))), h('td', {}, name),
      h('td', { class: 'changes-cell' }, first ? 'the first' : changes.join(', ') || 'nothing'),
      h('td', {}, accuracy === undefined ? '–' : percent(accuracy)), h('td', {}, `${count(run.steps)} of ${count(run.totalSteps)}${run.state === 'diverged' ? ', diverged' : ''}`),
      h('td', {}, h('span', { class: 'run-tools' }, h('button', { type: 'button', class: 'button small', 'aria-label': `Open the settings of ${run.name}`, onclick: () => (location.hash = writeHash(run.fields) || '#') }, 'Open'),
        iconButton('close', `Delete ${run.name}`, () => void this.#delete(run)))))
  }

  /** @param {SavedRun} run */
  async #delete(run) {
    await this.#store.remove(run.id).catch(() => {})
    this.#runs = this.#runs.filter((each) => each !== run)
    this.#compared.delete(run.id)
    if (this.#current === run) this.#current = undefined
    this.#show()
    this.lab.emit('announce', `${run.name} deleted.`)
  }

  #showCharts() {
    const chosen = [...this.#compared].flatMap((id) => this.#runs.find((run) => run.id === id) ?? [])
    this.#compare.hidden = chosen.length === 0
    if (chosen.length === 0) return
    this.#charts.loss.show(chosen.map(({ name, points }) => ({ name, points: new Map(points) })))
    this.#charts.accuracy.show(chosen.map(({ name, epochs }) => ({ name, points: new Map(epochs.map(({ step, testAccuracy }) => [step, testAccuracy])) })))
  }

  async #showStorage() {
    const lasts = await this.#store.lasts()
    const { usage } = await navigator.storage?.estimate?.().catch(() => ({ usage: undefined })) ?? {}
    this.#storage.textContent = lasts ? `Kept in this browser${usage === undefined ? '' : `; this site uses ${bytes(usage)} of its storage`}.`
      : 'This browser keeps no data for this page: runs are lost when it is closed.'
  }

  async #copyAddress() {
    const { lab } = this
    const address = `${location.origin}${location.pathname}${writeHash(readHash(location.hash))}`
    try {
      await navigator.clipboard.writeText(address)
      this.#share.textContent = 'Copied'
      lab.emit('announce', 'The address of this run was copied.')
    } catch {
      lab.emit('notice', { key: 'copy', kind: 'info', title: 'The browser does not let the page copy', text: address, advice: 'Copy the address from here.' })
    }
    setTimeout(() => (this.#share.textContent = 'Copy this run’s address'), 2000)
  }
}
customElements.define('rl-runs', RunsView)
