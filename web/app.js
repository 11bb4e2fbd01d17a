// Starts the page: engine, lab, panel and cards. Handles what concerns all of them: tabs, theme, loading and failures.
import { early } from './boot.js'
import { createEngine, hasSimd } from './engine/engine.js'
import { embeddedRows, makeCards } from './controls/cards.js'
import { bytes, percent, plural, sentence } from './dom/format.js'
import { keepForOffline, reloadToIsolate } from './lab/isolation.js'
import { offerAutosave } from './lab/autosaved.js'
import { Lab } from './lab/lab.js'
import { recall } from './lab/memory.js'
import { Notices } from './controls/notices.js'
import { Panel } from './controls/panel.js'
import { TopBar } from './controls/topbar.js'
import { groups, views } from './views/registry.js'

/** @template {Element} T @param {string} selector @param {new () => T} type @returns {T} */
function find(selector, type) {
  const element = document.querySelector(selector)
  if (!(element instanceof type)) throw new Error(`the page has no ${selector}`)
  return element
}

const notices = find('rl-notices', Notices)
const topBar = find('rl-topbar', TopBar)
const loading = find('#loading', HTMLElement)

// A theme that the user chose earlier takes precedence over the theme of the system.
const theme = recall('theme', '')
if (theme) document.documentElement.dataset.theme = theme
setUpTabs()
new ResizeObserver(() => document.documentElement.style.setProperty('--bar', `${topBar.offsetHeight}px`)).observe(topBar)
start().catch((error) => {
  loading.hidden = true
  notices.show({
    key: 'start', kind: 'error', title: 'The laboratory could not start', text: sentence(error),
    kept: 'The settings in the address are kept.', advice: 'Check the connection and try again.',
    action: { label: 'Try again', run: () => location.reload() },
  })
})

async function start() {
  if (!hasSimd()) {
    loading.hidden = true
    notices.show({
      key: 'simd', kind: 'error', title: 'This browser has no WebAssembly SIMD',
      text: 'Training runs as WebAssembly with 128-bit SIMD instructions. This browser does not support them or has disabled them.',
      advice: 'Open the page in a current Chrome, Edge, Firefox or Safari (16.4 or later).',
    })
    return
  }
  if (await reloadToIsolate()) return
  const embedded = chosenViews()
  const rows = embedded?.map((row) => ({ ...row, group: 'Views' })) ?? views
  if (embedded) document.body.dataset.embed = 'true'
  const modules = Promise.all(rows.map(({ tag, load }) => load().then(({ default: view }) => customElements.get(tag) ?? customElements.define(tag, view))))
  const lab = new Lab(await (early ?? createEngine()))
  listen(lab)
  showLoading(lab)
  await lab.open()
  loading.hidden = true
  await modules
  // From here on the user can start the run, so the rest of the setup yields to the event loop.
  topBar.attach(lab)
  await new Promise((done) => setTimeout(done))
  find('rl-panel', Panel).attach(lab)
  await makeCards(lab, find('#cards', HTMLElement), find('#views', HTMLElement), Boolean(embedded), embedded ? ['Views'] : groups, rows)
  if (rows.some(({ tag }) => tag === 'rl-runs')) lab.savedRuns.begin()
  // Not awaited: the page is usable without it. Embedded views, of which a page may have several, do not offer it.
  if (!embedded) void offerAutosave(lab)
  document.body.dataset.ready = 'true'
  await keepForOffline()
}

/** Reports events as notices and to screen readers. @param {Lab} lab */
function listen(lab) {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => lab.emit('theme', null))
  lab.on('notice', (notice) => notices.show(notice))
  lab.on('unnotice', ({ key }) => notices.hide(key))
  lab.on('announce', (text) => notices.announce(text))
  lab.on('run', () => {
    for (const key of ['diverged', 'failure']) notices.hide(key)
  })
  lab.on('epoch', ({ epoch, testAccuracy }) => {
    notices.announce(`Epoch ${epoch} of ${lab.run.config.epochs} finished: test accuracy ${percent(testAccuracy)}.`)
  })
  lab.on('state', () => {
    if (lab.state === 'paused') notices.announce(`Paused at step ${lab.step}.`)
  })
  lab.engine.on('done', () => {
    notices.announce(`Training finished after ${plural(lab.epochs.length, 'epoch')}: test accuracy ${percent(lab.epochs.at(-1)?.testAccuracy ?? NaN)}.`)
  })
  lab.engine.on('diverged', ({ message, weightsKept }) => {
    const reset = { label: 'Back to step 0', run: () => void lab.reset() }
    notices.show({
      key: 'diverged', kind: 'error', title: 'Training diverged and was stopped', text: sentence(message),
      ...(weightsKept
        ? { kept: 'These weights are kept, and the views show them.', advice: 'Start a run from them with a lower learning rate, or lower the rate and reset.',
          action: { label: 'Continue from them at a tenth of the rate', run: () => void lab.goBack() }, other: reset }
        : { advice: 'Lower the learning rate, then reset.', action: reset }),
    })
  })
  /** @param {'failure' | 'silent'} key @param {string} title @param {string} text */
  const offerEngine = (key, title, text) => notices.show({
    key, kind: 'error', title, text,
    kept: lab.autosavedStep === undefined ? 'The settings are kept. The run was not autosaved yet.' : `The run was autosaved at step ${lab.autosavedStep}.`,
    action: {
      label: lab.autosavedStep === undefined ? 'Restart the engine' : `Restart from step ${lab.autosavedStep}`,
      run: () => {
        for (const each of ['failure', 'silent']) notices.hide(each)
        void lab.startEngineAgain()
      },
    },
    other: { label: 'Reload the page', run: () => location.reload() },
  })
  lab.engine.on('failure', ({ message }) => offerEngine('failure', 'The engine stopped', sentence(message)))
  lab.engine.on('silent', () => offerEngine('silent', 'The engine does not respond',
    'The training worker has not responded for 10 seconds. A single step of a very large model can take that long; otherwise the worker hangs.'))
  lab.engine.on('answers', () => notices.hide('silent'))
}

/** Shows the progress of loading a data set. @param {Lab} lab */
function showLoading(lab) {
  const text = find('#loading-text', HTMLElement)
  const track = find('.loading-track', HTMLElement)
  const bar = find('.loading-bar', HTMLElement)
  text.textContent = 'Loading the data set…'
  lab.on('loading', ({ name, loaded, total }) => {
    const label = lab.engine.datasets.find((entry) => entry.name === name)?.label ?? name
    const share = total > 0 ? Math.min(1, loaded / total) : 0
    loading.hidden = share === 1 && lab.run !== undefined
    text.textContent = share === 1 ? `Unpacking ${label}…` : `Loading ${label}: ${bytes(loaded)}${total > 0 ? ` of ${bytes(total)}` : ''}`
    bar.style.transform = `scaleX(${share})`
    track.setAttribute('aria-valuenow', String(Math.round(100 * share)))
  })
  lab.on('notice', () => (loading.hidden = lab.run !== undefined))
  lab.on('run', () => (loading.hidden = true))
}

/** The rows of the views that the address asks to embed; undefined to show all views. */
function chosenViews() {
  try {
    return embeddedRows(location.search, views)
  } catch (error) {
    notices.show({
      key: 'embed', kind: 'error', title: 'The address names an unknown view', text: sentence(error),
      kept: 'All views are shown instead.', advice: 'Correct the list after ?embed= in the address. Example: ?embed=curves,space.',
    })
    return undefined
  }
}

/** On a narrow screen the settings and the results are tabs. */
function setUpTabs() {
  const frame = find('.lab', HTMLElement)
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[role=tab]')])
  const select = (/** @type {HTMLElement} */ chosen) => {
    for (const tab of tabs) {
      tab.setAttribute('aria-selected', String(tab === chosen))
      tab.tabIndex = tab === chosen ? 0 : -1
    }
    frame.dataset.tab = chosen.getAttribute('aria-controls') ?? ''
    scrollTo({ top: 0 })
  }
  tabs.forEach((tab, i) => {
    tab.addEventListener('click', () => select(tab))
    tab.addEventListener('keydown', ({ key }) => {
      if (key !== 'ArrowLeft' && key !== 'ArrowRight') return
      const next = tabs[(i + 1) % tabs.length]
      next.focus()
      select(next)
    })
  })
}
