// Starts the page: engine, lab, panel and cards. Handles what concerns all of them: tabs, theme, loading and failures.
import { early } from './boot.js'
import { createEngine, hasSimd } from './engine/engine.js'
import { makeCards } from './controls/cards.js'
import { embed, embeddedRows } from './controls/embed.js'
import { sentence } from './dom/format.js'
import { fill } from './words/fill.js'
import { keepForOffline, reloadToIsolate } from './lab/isolation.js'
import { offerAutosave } from './lab/autosaved.js'
import { Lab } from './lab/lab.js'
import { language, languages, locale, unknownLanguage } from './dom/language.js'
import { recall } from './dom/memory.js'
import { Notices } from './controls/notices.js'
import { Panel } from './controls/panel.js'
import { makeStage } from './controls/stage.js'
import { TopBar } from './controls/topbar.js'
import { groups, views } from './views/registry.js'
import { words } from './words/words.js'

const own = words.frame.app
document.title = words.frame.page.title
if (language !== 'en') {
  document.documentElement.lang = locale
  fill()
}

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
if (unknownLanguage) {
  const { title, text } = own.unknownLanguage
  notices.show({ key: 'language', kind: 'error', title, text: text(unknownLanguage, Object.keys(languages), languages[language].name) })
}
new ResizeObserver(() => document.documentElement.style.setProperty('--bar', `${topBar.offsetHeight}px`)).observe(topBar)
start().catch((error) => {
  loading.hidden = true
  notices.show({
    key: 'start', kind: 'error', title: own.start.title, text: words.lab.error(sentence(error)), kept: own.start.kept, advice: own.start.advice,
    action: { label: own.start.again, run: () => location.reload() },
  })
})

async function start() {
  if (!hasSimd()) {
    loading.hidden = true
    notices.show({ key: 'simd', kind: 'error', ...own.noSimd })
    return
  }
  if (await reloadToIsolate()) return
  const embedded = chosenViews()
  const rows = embedded ?? views
  const modules = Promise.all(rows.map(({ tag, load }) => load().then(({ default: view }) => customElements.get(tag) ?? customElements.define(tag, view))))
  const lab = new Lab(await (early ?? createEngine()))
  listen(lab)
  showLoading(lab)
  await lab.open()
  loading.hidden = true
  await modules
  // From here on the user can start the run, so the rest of the setup yields to the event loop.
  topBar.attach(lab)
  if (embedded) embed(lab, embedded)
  await new Promise((done) => setTimeout(done))
  find('rl-panel', Panel).attach(lab)
  makeStage(lab, find('#stage', HTMLElement), rows.filter(({ group }) => group === 'Stage'), Boolean(embedded))
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
  lab.on('epoch', ({ epoch, testAccuracy }) => notices.announce(own.epochDone(epoch, lab.run.config.epochs, testAccuracy)))
  lab.on('state', () => {
    if (lab.state === 'paused') notices.announce(own.paused(lab.step))
  })
  lab.engine.on('done', () => notices.announce(own.finished(lab.epochs.length, lab.epochs.at(-1)?.testAccuracy ?? NaN)))
  lab.engine.on('diverged', ({ message, weightsKept }) => {
    const { title, kept, keptAdvice, goOn, advice, reset } = own.diverged
    const back = { label: reset, run: () => void lab.reset() }
    notices.show({
      key: 'diverged', kind: 'error', title, text: words.lab.error(sentence(message)),
      ...(weightsKept ? { kept, advice: keptAdvice, action: { label: goOn, run: () => void lab.goBack() }, other: back } : { advice, action: back }),
    })
  })
  /** @param {'failure' | 'silent'} key @param {string} title @param {string} text */
  const offerEngine = (key, title, text) => notices.show({
    key, kind: 'error', title, text, kept: own.engine.kept(lab.autosavedStep),
    action: {
      label: own.engine.restart(lab.autosavedStep),
      run: () => {
        for (const each of ['failure', 'silent']) notices.hide(each)
        void lab.startEngineAgain()
      },
    },
    other: { label: own.engine.reload, run: () => location.reload() },
  })
  lab.engine.on('failure', ({ message }) => offerEngine('failure', own.engine.stopped, words.lab.error(sentence(message))))
  lab.engine.on('silent', () => offerEngine('silent', own.engine.silent, own.engine.silentText))
  lab.engine.on('answers', () => notices.hide('silent'))
}

/** Shows the progress of loading a data set. @param {Lab} lab */
function showLoading(lab) {
  const text = find('#loading-text', HTMLElement)
  const track = find('.loading-track', HTMLElement)
  const bar = find('.loading-bar', HTMLElement)
  text.textContent = own.loading
  lab.on('loading', ({ name, loaded, total }) => {
    const label = lab.engine.datasets.find((entry) => entry.name === name)?.label ?? name
    const share = total > 0 ? Math.min(1, loaded / total) : 0
    loading.hidden = share === 1 && lab.run !== undefined
    text.textContent = share === 1 ? own.unpacking(label) : own.loadingOf(label, loaded, total)
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
    notices.show({ key: 'embed', kind: 'error', ...own.unknownView, text: words.lab.error(sentence(error)) })
    return undefined
  }
}

/** On a narrow screen the first screen, the other views and the settings are tabs. */
function setUpTabs() {
  const frame = find('.lab', HTMLElement)
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[role=tab]')])
  const select = (/** @type {HTMLElement} */ chosen) => {
    if (chosen.ariaSelected === 'true') return scrollTo({ top: 0 })
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
      const next = tabs[(i + (key === 'ArrowLeft' ? tabs.length - 1 : 1)) % tabs.length]
      next.focus()
      select(next)
    })
  })
}
