// The bar at the top of the page: run controls, progress, speed, SIMD target and threads, and the changes that need a
// restart.
import { h, icon, iconButton, set } from '../dom/dom.js'
import { duration, loss, percent, plural } from '../dom/format.js'
import { remember } from '../lab/memory.js'

/** Milliseconds between two updates of the numbers; faster updates are unreadable. */
const readable = 100

/** @param {string} label @param {string} [small] class for a metric that narrow screens hide */
function metric(label, small = '') {
  const output = h('output', { 'aria-label': label, 'aria-live': 'off' }, '–')
  return { output, element: h('div', { class: `metric ${small}` }, h('span', { 'aria-hidden': 'true' }, label), output) }
}

export class TopBar extends HTMLElement {
  #metrics = {
    epoch: metric('Epoch'),
    step: metric('Step', 'wide-only'),
    loss: metric('Training loss'),
    accuracy: metric('Test accuracy'),
    speed: metric('Samples per second'),
    left: metric('Time left'),
  }
  #train = h('button', { type: 'button', class: 'button primary train', onclick: () => this.#lab?.toggle() })
  #step = h('button', { type: 'button', class: 'button', title: 'Make one training step', onclick: () => this.#lab?.step1() },
    icon('step'), h('span', {}, 'Step'))
  #reset = h('button', { type: 'button', class: 'button', title: 'Go back to step 0 with the settings shown in the panel', onclick: () => this.#lab?.reset() },
    icon('reset'), h('span', {}, 'Reset'))
  #bar = h('div', { class: 'progress-bar' })
  #progress = h('div', { class: 'progress', role: 'progressbar', 'aria-label': 'Progress of the run', 'aria-valuemin': 0,
    'aria-valuemax': 100, 'aria-valuenow': 0 }, this.#bar)
  #where = h('summary', { class: 'where' })
  #why = h('p', { class: 'why' })
  #waiting = h('div', { class: 'waiting', role: 'status', hidden: true })
  #lastUpdate = 0
  /** @type {import('../lab/lab.js').Lab | undefined} */
  #lab

  connectedCallback() {
    if (this.firstChild) return
    this.append(
      h('div', { class: 'bar' },
        h('h1', { class: 'brand' }, h('img', { src: './icon.svg', alt: '', width: 26, height: 26 }), h('span', {}, 'reluscope')),
        h('div', { class: 'controls', role: 'group', 'aria-label': 'Run' }, this.#reset, this.#train, this.#step),
        h('div', { class: 'metrics' }, Object.values(this.#metrics).map(({ element }) => element)),
        h('div', { class: 'about' }, h('details', { class: 'where-box' }, this.#where, this.#why),
          h('a', { class: 'icon-button docs-link', href: './docs/index.html', target: '_blank', rel: 'noopener', 'aria-label': 'Documentation', title: 'Documentation, in a new tab' }, icon('book')),
          iconButton('theme', 'Switch between light and dark', () => this.#switchTheme()))),
      this.#progress, this.#waiting)
    this.#showState()
  }

  /** @param {import('../lab/lab.js').Lab} lab */
  attach(lab) {
    this.#lab = lab
    lab.on('state', () => this.#showState())
    lab.on('run', () => this.#showAll())
    lab.on('progress', () => {
      if (performance.now() - this.#lastUpdate >= readable || !lab.training || lab.step < 3) this.#showNumbers()
    })
    lab.on('epoch', () => this.#showNumbers())
    lab.on('settings', () => this.#showWaiting())
    const box = this.querySelector('details')
    addEventListener('keydown', ({ key }) => box && key === 'Escape' && (box.open = false))
    addEventListener('pointerdown', ({ target }) => box && !box.contains(/** @type {Node} */ (target)) && (box.open = false))
    this.#showAll()
  }

  #showAll() {
    this.#showState()
    this.#showNumbers()
    this.#showWaiting()
    // The SIMD target and threads of the run, and why it does not use more threads.
    if (!this.#lab?.run) return
    const { engine: { simdTarget, threadsReason }, run: { threads, input, dataset } } = this.#lab
    const why = !threadsReason ? '' : !crossOriginIsolated ? ' (page not isolated)' : typeof SharedArrayBuffer === 'function' ? ' (threads failed)' : ' (no shared memory)'
    this.#where.replaceChildren(icon('info'), h('span', {}, `${simdTarget} SIMD · ${plural(threads, 'thread')}${why}`))
    this.#where.setAttribute('aria-label', `Where it runs: ${this.#where.textContent}`)
    this.#why.textContent = [
      `Training runs in a worker of this tab, as WebAssembly with ${simdTarget} instructions on ${plural(threads, 'thread')}.`,
      threadsReason,
      `The first layer reads images as ${input} data: ${percent(dataset.density, 1)} of their pixels differ from the background.`,
      'Your data stays on this machine.',
    ].filter(Boolean).join(' ')
    this.#where.title = this.#why.textContent
  }

  #showState() {
    const state = this.#lab?.state ?? 'empty'
    const training = state === 'training'
    this.#train.replaceChildren(icon(training ? 'pause' : 'play'), h('span', {}, training ? 'Pause' : 'Train'))
    const over = state === 'finished' || state === 'diverged' || state === 'empty'
    this.#train.disabled = over
    this.#step.disabled = over || training
    this.#reset.disabled = state === 'empty'
    this.dataset.state = state
    if (!training) this.#showNumbers()
  }

  #showNumbers() {
    const lab = this.#lab
    if (!lab?.run) return
    this.#lastUpdate = performance.now()
    const { progress, epochs, run } = lab
    const { step = 0, epoch = 0, loss: trainLoss = NaN, secondsLeft = NaN } = progress ?? {}
    const texts = {
      epoch: `${epoch} / ${run.config.epochs}`,
      step: `${step} / ${run.totalSteps}`,
      loss: loss(trainLoss),
      accuracy: percent(epochs.at(-1)?.testAccuracy ?? NaN),
      speed: progress ? String(Math.round(progress.samplesPerSecond)) : '–',
      left: lab.state === 'finished' ? 'done' : progress?.scoring ? 'scoring' : duration(secondsLeft),
    }
    for (const [name, { output }] of Object.entries(this.#metrics)) output.textContent = texts[/** @type {keyof typeof texts} */ (name)]
    const done = step && step / run.totalSteps
    this.#bar.style.transform = `scaleX(${done})`
    set(this.#progress, { 'aria-valuenow': Math.round(100 * done), 'aria-valuetext': `${percent(done, 0)}, epoch ${epoch} of ${run.config.epochs}` })
  }

  #showWaiting() {
    const lab = this.#lab
    if (!lab?.run) return
    const names = lab.waiting
    this.#waiting.hidden = names.length === 0
    if (names.length === 0) return void this.#waiting.replaceChildren()
    const labels = names.map((name) => lab.labelOf(name))
    this.#waiting.replaceChildren(
      h('span', {}, `${plural(names.length, 'change')} ${names.length === 1 ? 'needs' : 'need'} a restart: ${labels.join(', ')}`),
      h('button', { type: 'button', class: 'button primary small', onclick: () => lab.restart() }, 'Restart with changes'),
      h('button', { type: 'button', class: 'button small', onclick: () => lab.discard() }, 'Discard'))
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
