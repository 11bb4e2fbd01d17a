// The bar at the top of the page: run controls, data set, learning rate, progress, and the changes that need a new run. The
// main button says what it will do.
import { h, icon, iconButton, say, set } from '../dom/dom.js'
import { duration, loss, percent } from '../dom/format.js'
import { makeLanguageSwitch } from './language_switch.js'
import { mainAction } from './main_button.js'
import { makeShare } from './share.js'
import { remember } from '../dom/memory.js'
import { words } from '../words/words.js'

const own = words.frame.topbar

/** @param {string} label @param {string} [small] class for a metric that narrow screens hide @param {string} [shown] a shorter label */
function metric(label, small = '', shown = label) {
  const output = h('output', { 'aria-label': label, 'aria-live': 'off' }, '–')
  const title = h('span', { 'aria-hidden': 'true' }, shown)
  return { output, title, element: h('div', { class: `metric ${small}` }, title, output) }
}

export class TopBar extends HTMLElement {
  #metrics = {
    epoch: metric(own.epoch),
    accuracy: metric(own.accuracy),
    loss: metric(own.loss, 'wide-only', own.lossShort),
    step: metric(own.step, 'wide-only is-spare'),
    speed: metric(own.speed, 'wide-only', own.speedShort),
    left: metric(own.left, 'wide-only'),
  }
  #train = h('button', { type: 'button', class: 'button primary train', onclick: () => void mainAction(this.#lab).act() })
  #step = h('button', { type: 'button', class: 'button', title: own.makeStepTitle, onclick: () => this.#lab?.step1() },
    icon('step'), h('span', {}, own.makeStep))
  #reset = h('button', { type: 'button', class: 'button', title: own.resetTitle, onclick: () => this.#lab?.reset() },
    icon('reset'), h('span', {}, own.reset))
  #data = h('select', { 'aria-label': own.dataLabel, onchange: () => this.#lab?.begin({ data: this.#data.value }, { train: () => Boolean(this.#lab?.training) }) })
  #rate = h('input', { type: 'text', class: 'number', inputMode: 'decimal', autocomplete: 'off', spellcheck: false,
    'aria-label': own.rateLabel, onchange: () => void this.#setRate() })
  #bar = h('div', { class: 'progress-bar' })
  #progress = h('div', { class: 'progress', role: 'progressbar', 'aria-label': own.progress, 'aria-valuemin': 0,
    'aria-valuemax': 100, 'aria-valuenow': 0 }, this.#bar)
  #where = h('summary', { class: 'where' })
  #why = h('p', { class: 'why' })
  #others = h('button', { type: 'button', class: 'icon-button bar-open', 'aria-expanded': false, 'aria-label': own.others,
    onclick: () => this.#open(this.#others.ariaExpanded !== 'true') }, icon('more'))
  #extra = h('div', { class: 'bar-extra' })
  #waiting = h('div', { class: 'waiting', role: 'status', hidden: true })
  /** @type {import('../lab/lab.js').Lab | undefined} */
  #lab

  connectedCallback() {
    if (this.firstChild) return
    this.#extra.append(
      h('label', { class: 'bar-field' }, h('span', { 'aria-hidden': 'true' }, own.data), this.#data),
      h('label', { class: 'bar-field' }, h('span', { 'aria-hidden': 'true' }, own.rate), this.#rate),
      h('div', { class: 'about' }, h('details', { class: 'where-box' }, this.#where, this.#why),
        h('a', { class: 'icon-button docs-link', href: './docs/index.html', target: '_blank', rel: 'noopener', 'aria-label': own.docs, title: own.docsTitle }, icon('book')),
        iconButton('theme', own.theme, () => this.#switchTheme()), makeLanguageSwitch(() => this.#lab)))
    this.append(
      h('div', { class: 'bar' },
        h('h1', { class: 'brand' }, h('img', { src: './icon.svg', alt: '', width: 26, height: 26 }), h('span', {}, 'reluscope')),
        h('div', { class: 'controls', role: 'group', 'aria-label': own.run }, this.#train, this.#step, this.#reset),
        h('div', { class: 'metrics' }, Object.values(this.#metrics).map(({ element }) => element)),
        this.#extra, this.#others),
      this.#progress, this.#waiting)
    this.#showState()
  }

  /** @param {import('../lab/lab.js').Lab} lab */
  attach(lab) {
    this.#lab = lab
    this.querySelector('.about')?.prepend(...makeShare(lab))
    lab.on('state', () => this.#showState())
    lab.on('run', () => this.#showAll())
    lab.onEach(['progress', 'epoch'], () => this.#showNumbers())
    lab.on('settings', () => this.#showSettings())
    const box = this.querySelector('details')
    addEventListener('keydown', ({ key }) => {
      if (key !== 'Escape') return
      if (box) box.open = false
      this.#open(false)
    })
    addEventListener('pointerdown', ({ target }) => {
      const inside = (/** @type {Element | null} */ place) => place?.contains(/** @type {Node} */ (target))
      if (box && !inside(box)) box.open = false
      if (!inside(this)) this.#open(false)
    })
    this.#showAll()
  }

  /** On a narrow screen: shows or hides what has no room in the bar. @param {boolean} open */
  #open(open) {
    this.#others.ariaExpanded = String(open)
    this.#extra.classList.toggle('is-open', open)
  }

  async #setRate() {
    const wrong = await this.#lab?.edit('lr', this.#rate.value.trim())
    this.#rate.setAttribute('aria-invalid', String(Boolean(wrong)))
    if (wrong) this.#lab?.complain({ key: 'rate', ...own.wrongRate, text: words.lab.error(wrong) })
    else this.#lab?.emit('unnotice', { key: 'rate' })
  }

  #showAll() {
    this.#showState()
    this.#showNumbers()
    this.#showSettings()
    // The SIMD target and threads of the run, and why it does not use more threads.
    if (!this.#lab?.run) return
    const { engine: { simdTarget, threadsReason }, run: { threads, input, dataset } } = this.#lab
    const limit = !threadsReason ? '' : !crossOriginIsolated ? 'notIsolated' : typeof SharedArrayBuffer === 'function' ? 'failed' : 'noMemory'
    const where = own.where({ simd: simdTarget, threads, limit })
    this.#where.replaceChildren(icon('info'), h('span', {}, where))
    this.#where.setAttribute('aria-label', own.whereLabel(where))
    this.#why.textContent = own.why({ simd: simdTarget, threads, reason: threadsReason, input, density: dataset.density })
    this.#where.title = this.#why.textContent
  }

  #showState() {
    const state = this.#lab?.state ?? 'empty'
    const training = state === 'training'
    const { text, picture } = mainAction(this.#lab)
    this.#train.replaceChildren(icon(picture), h('span', {}, text))
    this.#train.disabled = state === 'empty'
    this.#step.disabled = training || !['ready', 'paused'].includes(state)
    this.#reset.disabled = state === 'empty'
    this.dataset.state = state
    if (!training) this.#showNumbers()
  }

  #showNumbers() {
    const lab = this.#lab
    if (!lab?.run) return
    const { progress, epochs, run } = lab
    const { step = 0, epoch = 0, loss: trainLoss = NaN, secondsLeft = NaN } = progress ?? {}
    const scored = epochs.at(-1)
    const texts = {
      epoch: `${epoch} / ${run.config.epochs}`,
      step: `${step} / ${run.totalSteps}`,
      loss: loss(trainLoss),
      accuracy: percent(scored?.testAccuracy ?? NaN),
      speed: progress ? String(Math.round(progress.samplesPerSecond)) : '–',
      left: lab.state === 'finished' ? own.done : progress?.scoring ? own.scoring : duration(secondsLeft),
    }
    for (const [name, { output }] of Object.entries(this.#metrics)) say(output, texts[/** @type {keyof typeof texts} */ (name)])
    say(this.#metrics.accuracy.title, scored ? own.accuracyOf(scored.epoch) : own.accuracy)
    const done = step && step / run.totalSteps
    this.#bar.style.transform = `scaleX(${done})`
    set(this.#progress, { 'aria-valuenow': Math.round(100 * done), 'aria-valuetext': own.progressValue(done, epoch, run.config.epochs) })
  }

  #showSettings() {
    const lab = this.#lab
    if (!lab?.run) return
    const { datasets } = lab.engine
    if (this.#data.options.length !== datasets.length) this.#data.replaceChildren(...datasets.map(({ name, label }) => h('option', { value: name }, label)))
    this.#data.value = lab.run.config.data
    if (document.activeElement !== this.#rate) this.#rate.value = String(lab.shown.lr)
    this.#showState()
    const names = lab.waiting
    this.#waiting.hidden = names.length === 0
    if (names.length === 0) return void this.#waiting.replaceChildren()
    this.#waiting.replaceChildren(
      h('span', {}, own.waiting(names.map((name) => lab.labelOf(name)))),
      h('button', { type: 'button', class: 'button primary small', onclick: () => lab.restart() }, own.restart),
      h('button', { type: 'button', class: 'button small', onclick: () => lab.discard() }, own.discard))
  }

  #switchTheme() {
    const { documentElement: root } = document
    const dark = getComputedStyle(root).colorScheme.includes('dark') && (root.dataset.theme === 'dark' ||
      (!root.dataset.theme && matchMedia('(prefers-color-scheme: dark)').matches))
    root.dataset.theme = dark ? 'light' : 'dark'
    remember('theme', root.dataset.theme)
    this.#lab?.emit('theme', null)
  }
}
customElements.define('rl-topbar', TopBar)
