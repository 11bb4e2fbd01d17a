// The saved runs: names, changes from the previous run, and curves in one chart. Each can be opened at the step where it stopped.
import { h, iconButton } from '../dom/dom.js'
import { bytes, percent, short } from '../dom/format.js'
import { readHash, writeHash } from '../lab/hash.js'
import { differences } from '../lab/saved_runs.js'
import { Legend, swatch } from '../charts/legend.js'
import { RaceChart, runStyle } from '../charts/race_chart.js'
import { Zoom } from '../charts/zoom.js'
import { explain } from './explain.js'
import { View } from './view.js'
import { words } from '../words/words.js'

/** @typedef {import('../lab/saved_runs.js').ListedRun} ListedRun */

const own = words.run.runs
const mostCompared = 8

export default class RunsView extends View {
  /** The runs being compared, by id. @type {Set<string>} */
  #compared = new Set()
  /** By id. @type {Map<string, {element: HTMLElement, show: (run: ListedRun, difference: string) => void}>} */
  #rows = new Map()
  #empty = h('p', { class: 'empty' }, own.empty)
  // Explicit roles, as rows are shown as blocks on a narrow screen.
  #body = h('tbody', { role: 'rowgroup' })
  #table = h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': own.table, hidden: true }, h('table', { class: 'model-table runs-table', role: 'table' },
    h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, own.columns.map((text) => h('th', { scope: 'col', role: 'columnheader' }, text)))), this.#body))
  #storage = h('output', { class: 'readout', 'aria-label': own.storageTitle, 'aria-live': 'off' })
  #share = h('button', { type: 'button', class: 'button small', onclick: () => void this.#copyAddress() }, own.copy)
  #legend = new Legend()
  #zoom = new Zoom()
  #charts = {
    loss: new RaceChart(this.lab, { legend: this.#legend, zoom: this.#zoom, sync: 'runs', title: own.loss, x: 'step', format: short }),
    accuracy: new RaceChart(this.lab, { legend: this.#legend, zoom: this.#zoom, sync: 'runs', title: own.accuracy, x: 'step', dots: true, format: percent, share: true }),
  }
  #compare = h('div', { hidden: true }, h('div', { class: 'chart-tools' }, this.#legend.element, this.#zoom.element), h('div', { class: 'charts race-charts' }, Object.values(this.#charts).map(({ element }) => element)))

  build() {
    this.append(h('div', { class: 'race-tools' }, this.#share, this.#storage), this.#empty, this.#table, this.#compare, explain(own.explain))
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
      row.show(run, i === 0 ? own.first : own.changes(differences(all[i - 1].fields, run.fields, defaults)))
    })
    this.#showCharts()
    if (!usage) return
    const { where } = usage
    this.#storage.textContent = where === 'memory' ? own.noStorage : own.storage({ ...usage, where, runs: all.length, size: all.reduce((total, run) => total + run.bytes, 0) })
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
    const open = h('button', { type: 'button', class: 'button small', onclick: () => void savedRuns.open(shown) }, own.open)
    const settings = h('button', { type: 'button', class: 'button small', title: own.settingsTitle, onclick: () => (location.hash = writeHash(shown.fields) || '#') }, own.settings)
    const remove = iconButton('close', '', () => {
      this.#compared.delete(id)
      void savedRuns.remove(shown)
    })
    const compare = h('label', { class: 'compare' }, box)
    const cells = own.columns.map((label) => h('td', { role: 'cell', 'data-label': label }))
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
      const scored = run.metrics.epochs.at(-1)
      accuracy.textContent = scored ? own.scored(scored.testAccuracy, scored.epoch) : '–'
      steps.textContent = own.steps(run.step, run.totalSteps, run.phase === 'diverged')
      size.textContent = bytes(run.bytes)
      open.disabled = present || !run.hasCheckpoint
      open.title = present ? own.isOpen : own.openTitle
      element.classList.toggle('is-current', present)
      for (const [control, labelOf] of /** @type {const} */ ([[box, own.compareRun], [name, own.nameOf], [open, own.openRun], [settings, own.openSettings], [remove, own.deleteRun]])) {
        control.setAttribute('aria-label', labelOf(run.name))
      }
      remove.title = own.deleteRun(run.name)
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
      this.#share.textContent = own.copied
      lab.emit('announce', own.copiedAloud)
    } catch {
      lab.emit('notice', { key: 'copy', kind: 'info', text: address, ...own.notCopied })
    }
    setTimeout(() => (this.#share.textContent = own.copy), 2000)
  }
}
