// Claims about ReLU and its relatives, one per row. The user runs a claim and sees the numbers for or against it.
import { writeHash } from '../lab/hash.js'
import { h } from '../dom/dom.js'
import { ExperimentRunner } from '../lab/experiment_runner.js'
import { capitalised, messageOf, percent, short } from '../dom/format.js'
import { formula } from '../charts/formula.js'
import { explain } from './explain.js'
import { View } from './view.js'
import { words } from '../words/words.js'

const own = words.experiments.lessons
/** A sign for each verdict of the core, because colours alone are not accessible. @type {Record<string, string>} */
const signs = { supported: '✓', 'supported in part': '◐', 'no difference': '=', 'not supported': '✗', undecided: '?', refused: '!' }

/** @param {string} verdict */
const sign = (verdict) => h('span', { class: 'verdict-sign', 'aria-hidden': 'true' }, signs[verdict] ?? '·')

export default class LessonsView extends View {
  /** What experiments measure, by name. @type {Record<string, import('../engine/api.js').Measure>} */
  #measures = {}
  #called = (/** @type {string} */ measure) => own.measure(measure, this.#measures[measure]?.label ?? measure)
  #runner = new ExperimentRunner(this.lab.ownFiles)
  #whole = h('input', { type: 'checkbox', role: 'switch' })
  #status = h('output', { class: 'readout', 'aria-label': own.status, 'aria-live': 'off' })
  #stop = h('button', { type: 'button', class: 'button small', hidden: true, onclick: () => this.#runner.stop() }, own.stop)
  #own = h('p', { class: 'muted', hidden: true })
  #list = h('ul', { class: 'lesson-list' })

  build() {
    this.append(h('div', { class: 'race-tools' },
      h('label', { class: 'switch-label' }, this.#whole, own.whole), this.#stop, this.#status), this.#own, this.#list, explain(own.explain))
    this.lab.on('run', () => this.#tellData())
    this.#tellData()
    this.#fill().catch((error) => (this.#status.textContent = words.lab.error(messageOf(error))))
  }

  /** Shows which data set the lessons use. */
  get #data() {
    const { data } = this.lab.run.config
    return this.lab.ownFiles.has(data) ? 'mnist' : data
  }

  #tellData() {
    const { data } = this.lab.run.config
    this.#own.hidden = this.#data === data
    this.#own.textContent = own.onMnist(data)
  }

  async #fill() {
    const { lessons, measures } = await this.lab.engine.commands()
    this.#measures = Object.fromEntries(measures.map((measure) => [measure.name, measure]))
    this.#list.append(...lessons.map((line) => {
      const [name, claim] = [line.split(' ', 1)[0], line.slice(line.indexOf(' ')).trim()]
      const result = h('div', { class: 'lesson-result' })
      const button = h('button', { type: 'button', class: 'button small', 'aria-label': own.runLesson(name), onclick: () => this.#run(name, result) }, own.run)
      return h('li', { 'data-lesson': name }, h('div', { class: 'lesson-head' }, button, h('p', {}, own.claim(name, claim))), result)
    }))
  }

  /** @param {string} name @param {HTMLElement} result element for the result */
  async #run(name, result) {
    this.#setRunning(true)
    result.replaceChildren()
    this.#status.textContent = own.loading(name)
    try {
      const base = await this.lab.engine.parse([['data', this.#data], ['threads', '1']])
      /** @type {[string, string][]} */
      const flags = [['only', name]]
      if (!this.#whole.checked) flags.push(['quick', ''])
      const ended = await this.#runner.run('lessons', base, flags, (progress) => {
        this.#status.textContent = progress.event === 'working' ? own.working(name, progress.share) : own.finished(name)
        const rows = /** @type {any[]} */ (progress.events)
        const lesson = rows.find((/** @type {any} */ row) => row.event === 'lesson')
        if (!lesson) return
        this.#show(lesson, result)
        this.lab.emit('announce', own.ended(name, own.verdict(lesson.verdict)))
      })
      if (!ended) this.#status.textContent = own.stopped(name)
    } catch (error) {
      this.#status.textContent = ''
      result.replaceChildren(h('p', { class: 'field-error', role: 'alert' }, words.lab.error(messageOf(error))))
    }
    this.#setRunning(false)
  }

  /** @param {boolean} running */
  #setRunning(running) {
    this.#stop.hidden = !running
    for (const each of this.#list.querySelectorAll('button')) each.disabled = running
  }

  /** @param {any} lesson report of the core @param {HTMLElement} result */
  #show({ verdict, checks, variants }, result) {
    const { name, measures: columns } = variants[0]
    const { activations, default_config: standard } = this.lab.registry
    const parts = new Set(variants.flatMap((/** @type {any} */ { config }) => String(config.model ?? standard.model).split(/[|()\s]+/)))
    const used = activations.filter((activation) => parts.has(activation.name))
    const titles = (columns ?? []).map((/** @type {any} */ { measure, moment }) => own.column(this.#called(measure), moment))
    result.replaceChildren(
      h('p', { class: 'lesson-verdict', 'data-verdict': verdict }, sign(verdict), capitalised(own.verdict(verdict))),
      h('dl', { class: 'formulas lesson-formulas' }, used.flatMap(({ label, formula: text, derivative }) => [
        h('dt', {}, label), h('dd', {}, formula(`f(x) = ${text}`), h('span', { class: 'muted' }, own.with), formula(`f′(x) = ${derivative}`))])),
      h('ul', { class: 'lesson-checks' }, ...checks.map((/** @type {any} */ check) => h('li', { 'data-verdict': check.verdict }, sign(check.verdict), h('span', {}, this.#checkText(check))))),
      h('div', { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': own.results }, h('table', { class: 'model-table', 'data-first': name },
        h('thead', {}, h('tr', {}, ...[own.configuration, ...titles, ''].map((title) => (title ? h('th', { scope: 'col' }, title) : h('td'))))),
        h('tbody', {}, ...variants.map((/** @type {any} */ variant) => h('tr', {}, h('th', { scope: 'row' }, own.variant(variant.name)),
          ...(variant.measures ?? []).map((/** @type {any} */ { measure, summary }) => h('td', {}, this.#written(measure, summary.mean))),
          h('td', {}, h('button', { type: 'button', class: 'button small', 'aria-label': own.openNamed(own.variant(variant.name)),
            onclick: async () => (location.hash = writeHash(await this.lab.engine.fields(variant.config))) }, own.open))))))))
  }

  /** @param {string} measure @param {number | null} value */
  #written(measure, value) {
    if (value === null) return '–'
    return this.#measures[measure]?.percent ? percent(value) : short(value)
  }

  /** @param {any} check of a lesson, as the core reports it */
  #checkText({ measure, moment, variant, relation, reference, constant, difference, margin, least, verdict }) {
    const claim = own.check({ measure: this.#called(measure), moment, variant: own.variant(variant), relation, reference: reference ? own.variant(reference) : short(constant) })
    if (!difference || difference.mean === null) return own.decided(claim, own.verdict(verdict))
    const [mean, chance, counted] = [difference.mean, margin, least].map((value) => this.#written(measure, value))
    return own.measured({ check: claim, difference: mean, chance, least: counted, verdict: own.verdict(verdict) })
  }
}
