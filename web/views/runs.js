// The saved runs: names, changes from the previous run, and curves in one chart. Each can be opened at the step where it stopped.
import { explain, h, iconButton } from '../dom/dom.js'
import { bytes, count, percent, plural, short } from '../dom/format.js'
import { readHash, writeHash } from '../lab/hash.js'
import { differences } from '../lab/saved_runs.js'
import { Legend, swatch } from '../charts/legend.js'
import { RaceChart, runStyle } from '../charts/race_chart.js'
import { View } from './view.js'

/** @typedef {import('../lab/saved_runs.js').ListedRun} ListedRun */

const mostCompared = 8
const columns = ['Compare', 'Name', 'Changes from the previous run', 'Test accuracy', 'Steps', 'Size', 'Open or delete']
const places = { 'file system': 'private file system', database: 'database' }

export default class RunsView extends View {
  /** The runs being compared, by id. @type {Set<string>} */
  #compared = new Set()
  /** By id. @type {Map<string, {element: HTMLElement, show: (run: ListedRun, difference: string) => void}>} */
  #rows = new Map()
  #empty = h('p', { class: 'empty' }, 'Each run appears here at its first pause or its first epoch, with its weights, and stays until you delete it.')
  // Explicit roles, as rows are shown as blocks on a narrow screen.
  #body = h('tbody', { role: 'rowgroup' })
  #table = h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Runs', hidden: true }, h('table', { class: 'model-table runs-table', role: 'table' },
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, columns.map((text) => h('th', { scope: 'col', role: 'columnheader' }, text)))), this.#body))
  #storage = h('output', { class: 'readout', 'aria-label': 'Storage', 'aria-live': 'off' })
  #share = h('button', { type: 'button', class: 'button small', onclick: () => void this.#copyAddress() }, 'Copy this run’s address')
  #legend = new Legend()
  #charts = {
    loss: new RaceChart(this.lab, { legend: this.#legend, sync: 'runs', title: 'Training loss, smoothed', x: 'Step', format: short }),
    accuracy: new RaceChart(this.lab, { legend: this.#legend, sync: 'runs', title: 'Test accuracy of runs', x: 'Step', dots: true, format: (value) => percent(value, 2), tick: (value) => percent(value, 0), top: 1 }),
  }
  #compare = h('div', { hidden: true }, this.#legend.element, h('div', { class: 'charts race-charts' }, Object.values(this.#charts).map(({ element }) => element)))

  build() {
    this.append(h('div', { class: 'race-tools' }, this.#share, this.#storage), this.#empty, this.#table, this.#compare,
      explain({
        what: 'Every run that has started training is saved in this browser, with its settings, curves and weights. Each row lists the changes from the previous run.',
        look: 'Which change affected the accuracy. Change one setting at a time: the effects of several changes cannot be separated.',
        attempt: 'Train, lower the learning rate to a tenth, train again, and compare the two. Then open the better one and continue it.',
      }))
    this.lab.onEach(['runs', 'run'], () => this.#show())
  }

  update() {
    if (this.seen) void this.lab.savedRuns.load()
  }

  #show() {
    const { savedRuns, registry: { default_config: defaults } } = this.lab
    const { all, usage } = savedRuns
    this.#empty.hidden = all.length > 0
    this.#table.hidden = all.length === 0
    for (const [id, row] of this.#rows) {
      if (all.some((run) => run.id === id)) continue
      row.element.remove()
      this.#rows.delete(id)
    }
    all.forEach((run, i) => {
      const row = this.#rows.get(run.id) ?? this.#row(run.id)
      // Newest first. A row already in its place is not moved: the user may be typing in it.
      const below = i === 0 ? null : this.#rows.get(all[i - 1].id)?.element ?? null
      if (row.element.nextSibling !== below || !row.element.isConnected) this.#body.insertBefore(row.element, below)
      row.show(run, i === 0 ? 'the first' : differences(all[i - 1].fields, run.fields, defaults).join(', ') || 'nothing')
    })
    this.#showCharts()
    if (!usage) return
    const sum = all.reduce((total, run) => total + run.bytes, 0)
    this.#storage.textContent = usage.where === 'memory' ? 'This browser stores no data for this page: runs are lost when it is closed.'
      : `${all.length > 0 ? `${plural(all.length, 'run')} ${all.length === 1 ? 'takes' : 'take'} ${bytes(sum)} of` : 'Runs are saved in'} this browser’s ${places[usage.where]}` +
        `${usage.quota > 0 ? `; this site uses ${bytes(usage.usage)} of the ${bytes(usage.quota)} available` : ''}.`
  }

  /** A new row for a run. @param {string} id */
  #row(id) {
    const { savedRuns } = this.lab
    /** @type {ListedRun} */
    let shown
    const box = h('input', { type: 'checkbox', onchange: () => {
      if (!this.#compared.delete(id) && this.#compared.size < mostCompared) this.#compared.add(id)
      this.#show()
    } })
    const name = h('input', { type: 'text', onchange: () => {
      const text = name.value.trim()
      if (text && text !== shown.name) void savedRuns.rename(shown, text)
      else name.value = shown.name
    } })
    const open = h('button', { type: 'button', class: 'button small', onclick: () => void savedRuns.open(shown) }, 'Open')
    const settings = h('button', { type: 'button', class: 'button small', title: 'Open only its settings, for a new run', onclick: () => (location.hash = writeHash(shown.fields) || '#') }, 'Settings')
    const remove = iconButton('close', '', () => {
      this.#compared.delete(id)
      void savedRuns.remove(shown)
    })
    const compare = h('label', { class: 'compare' }, box)
    const cells = columns.map((label) => h('td', { role: 'cell', 'data-label': label }))
    const [ticked, called, changes, accuracy, steps, size, tools] = cells
    ticked.append(compare)
    called.append(name)
    changes.className = 'changes-cell'
    tools.append(h('span', { class: 'run-tools' }, open, settings, remove))
    const element = h('tr', { role: 'row', 'data-run': id }, cells)
    const show = (/** @type {ListedRun} */ run, /** @type {string} */ difference) => {
      const [place, present] = [[...this.#compared].indexOf(id), run === savedRuns.current]
      if (name.value === shown?.name || document.activeElement !== name) name.value = run.name
      shown = run
      box.checked = place >= 0
      compare.querySelector('svg')?.remove()
      if (place >= 0) compare.append(swatch(runStyle(place)))
      changes.textContent = difference
      accuracy.textContent = percent(run.metrics.epochs.at(-1)?.testAccuracy ?? NaN)
      steps.textContent = `${count(run.step)} of ${count(run.totalSteps)}${run.phase === 'diverged' ? ', diverged' : ''}`
      size.textContent = bytes(run.bytes)
      open.disabled = present || !run.hasCheckpoint
      open.title = present ? 'This run is open' : 'With its weights, at its last saved step'
      element.classList.toggle('is-current', present)
      for (const [control, words] of /** @type {const} */ ([[box, 'Compare'], [name, 'Name of'], [open, 'Open'], [settings, 'Open the settings of'], [remove, 'Delete']])) {
        control.setAttribute('aria-label', `${words} ${run.name}`)
      }
      remove.title = `Delete ${run.name}`
    }
    this.#rows.set(id, { element, show })
    return { element, show }
  }

  #showCharts() {
    const chosen = [...this.#compared].flatMap((id) => this.lab.savedRuns.all.find((run) => run.id === id) ?? [])
    this.#compare.hidden = chosen.length === 0
    if (chosen.length === 0) return
    this.#charts.loss.show(chosen.map(({ name, metrics }) => ({ name, points: new Map(metrics.points) })))
    // Over the same range of steps as the losses.
    this.#charts.accuracy.show(chosen.map(({ name, step, metrics }) => ({ name, points: new Map([[0, null], [step, null],
      ...metrics.epochs.map((/** @type {{step: number, testAccuracy: number}} */ epoch) => [epoch.step, epoch.testAccuracy])]) })))
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
