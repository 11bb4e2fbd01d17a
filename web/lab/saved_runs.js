// The list of saved runs. The current run is saved when it stops, at each epoch and before another run replaces it, always
// over its own entry. The views show this list and request changes.
import { capitalised, sentence } from '../dom/format.js'
import { words } from '../words/words.js'
import { askToPersist } from './autosaved.js'
import { smooth, thinned } from './series.js'

/**
 * @import { SavedRun } from '../engine/storage/storage.js'
 * @typedef {SavedRun & {fields: [string, string][]}} ListedRun fields: what is not at its default
 */

const own = words.lab.savedRuns

/** The name of a run that has only a number: as it is stored in each language, and as the page shows it. */
const [stored, numbered] = [/^Run (\d+)$/, new RegExp(`^${own.name('(\\d+)')}$`)]
const mostPoints = 400
const smoothing = 0.9
/** Least milliseconds between two saves while a run trains: a save takes a tenth of a second. */
const every = 15_000

export class SavedRuns {
  /** In order of their start. @type {ListedRun[]} */
  all = []
  /** Of the browser's storage, once known. @type {Awaited<ReturnType<import('../engine/engine.js').Engine['storageUsage']>> | undefined} */
  usage
  #lab
  #loaded = false
  /** Number of changes made here: a list read before a change is outdated. */
  #changes = 0
  /** Tabs announce changes of the list to each other on it. @type {BroadcastChannel | undefined} */
  #tabs
  /** The save in progress. @type {Promise<void> | undefined} */
  #saving
  #again = false
  #leaving = false
  #savedAt = -Infinity
  #savedStep = -1
  /** The run that was deleted while it was open. @type {import('../engine/protocol.js').RunInfo | undefined} */
  #unwanted

  /** @param {import('./lab.js').Lab} lab */
  constructor(lab) {
    this.#lab = lab
  }

  /** Starts saving runs. */
  begin() {
    const lab = this.#lab
    this.#tabs = new BroadcastChannel('reluscope-runs')
    this.#tabs.onmessage = () => this.#loaded && void this.load()
    lab.on('run', () => {
      this.#savedStep = this.current?.step ?? -1
      this.#savedAt = -Infinity
    })
    lab.on('epoch', () => performance.now() - this.#savedAt >= every && void this.#save())
    lab.on('state', () => this.#saveAtStop())
  }

  #saveAtStop() {
    const { state, step } = this.#lab
    if (['paused', 'finished', 'diverged'].includes(state) && step !== this.#savedStep) void this.#save()
  }

  /** The entry of the current run. */
  get current() {
    return this.all.find(({ id }) => id === this.#lab.run.savedAs)
  }

  /** The name given to the current run, or '' if it has only a number. */
  get givenName() {
    const { name = '' } = this.current ?? {}
    return numbered.test(name) ? '' : name
  }

  /** Reads the list again, including changes of other tabs. */
  async load() {
    const { engine } = this.#lab
    try {
      let changes
      do {
        changes = this.#changes
        const runs = await Promise.all((await engine.savedRuns()).map((run) => this.#withFields(run)))
        if (changes === this.#changes) this.all = runs.reverse()
      } while (changes !== this.#changes)
      this.#loaded = true
    } catch (error) {
      this.#fail(own.notRead, error, own.continues)
    }
    await this.#tell()
  }

  /** @param {ListedRun} run @param {string} name */
  rename(run, name) {
    return this.#change(own.notRenamed, () => this.#lab.engine.renameRun(run.id, name))
  }

  /** @param {ListedRun} run */
  async remove(run) {
    const { engine, run: present } = this.#lab
    if (run.id === present.savedAs) this.#unwanted = present
    await this.#saving
    await this.#change(own.notDeleted, () => engine.deleteRun(run.id))
    this.#lab.emit('announce', own.deleted(run.name))
  }

  /** Opens a run at its last saved step. The current run is saved first. @param {ListedRun} run */
  async open(run) {
    try {
      await this.#lab.takeUp(() => this.#lab.engine.openRun(run.id))
      this.#lab.emit('unnotice', { key: 'runs' })
      this.#lab.emit('announce', own.opened(run.name, this.#lab.step))
    } catch (error) {
      const known = this.#lab.engine.datasets.some(({ name }) => name === run.data)
      this.#fail(own.notOpened(run.name), error, own.presentUnchanged, known ? own.settingsLeft : own.openFiles(run.data))
    }
    await this.load()
  }

  /** @param {string} title of the notice where it fails @param {() => Promise<unknown>} work */
  async #change(title, work) {
    try {
      await work()
      this.#changed()
      this.#lab.emit('unnotice', { key: 'runs' })
    } catch (error) {
      this.#fail(title, error, own.unchanged)
    }
    await this.load()
  }

  /** Saves the current run. If a save is in progress, saves once more after it. */
  #save() {
    if (this.#leaving) return undefined
    this.#again = true
    const work = async () => {
      while (this.#again) {
        this.#again = false
        if (this.#lab.step > 0 && this.#lab.run !== this.#unwanted) await this.#saveNow()
      }
    }
    return (this.#saving ??= work().finally(() => (this.#saving = undefined)))
  }

  /** Must be called before another run replaces the current one. Nothing is saved until the returned function is called, also
   * after a failure: the engine and the page may have different runs until then. */
  async leave() {
    if (!this.#tabs) return () => {}
    await this.#saving
    if (this.#lab.training || this.#lab.step !== this.#savedStep) await this.#save()
    this.#leaving = true
    return () => {
      this.#leaving = false
      this.#saveAtStop()
    }
  }

  async #saveNow() {
    const lab = this.#lab
    const { run, points, epochs, engine } = lab
    this.#savedAt = performance.now()
    this.#savedStep = lab.step
    const losses = smooth(points.loss, smoothing)
    const metrics = {
      points: thinned(points.step.map((at, i) => [at, losses[i]]), mostPoints),
      epochs: epochs.map(({ epoch, step, testAccuracy, testLoss }) => ({ epoch, step, testAccuracy, testLoss })),
    }
    try {
      if (!this.#loaded) await this.load()
      const number = 1 + Math.max(0, ...this.all.map(({ name }) => Number(numbered.exec(name)?.[1] ?? 0)))
      const saved = await engine.saveRun(`Run ${number}`, metrics)
      // Its entry was missing; others may be missing, too.
      if (run.savedAs !== undefined && run.savedAs !== saved.id) await this.load()
      run.savedAs = saved.id
      this.all = [...this.all.filter(({ id }) => id !== saved.id), await this.#withFields(saved)].sort((a, b) => Number(a.id) - Number(b.id))
      this.#changed()
      lab.emit('unnotice', { key: 'runs' })
    } catch (error) {
      const before = this.all
      await this.load()
      const lost = before.filter(({ id }) => this.all.every((run) => run.id !== id)).length
      this.#fail(own.notSaved, error, own.afterFailure(lost))
    }
    await this.#tell()
    if (this.usage?.where !== 'memory') askToPersist()
  }

  #changed() {
    this.#changes += 1
    this.#tabs?.postMessage(null)
  }

  async #tell() {
    this.usage = await this.#lab.engine.storageUsage().catch(() => undefined)
    this.#lab.emit('runs', null)
  }

  /** @param {import('../engine/storage/storage.js').SavedRun} run @returns {Promise<ListedRun>} */
  async #withFields(run) {
    // A saved run may have settings of another release.
    return { ...run, name: run.name.replace(stored, (_, number) => own.name(number)), fields: await this.#lab.engine.fields(run.config).catch(() => []) }
  }

  /** @param {string} title @param {unknown} error @param {string} kept @param {string} [advice] */
  #fail(title, error, kept, advice = own.advice) {
    this.#lab.complain({ key: 'runs', title, text: capitalised(words.lab.error(sentence(error))), kept, advice })
  }
}

/**
 * The settings in which two runs differ: "lr 0.001 → 0.0001".
 * @param {[string, string][]} before @param {[string, string][]} after @param {Record<string, any>} defaults
 */
export function differences(before, after, defaults) {
  const [old, now] = [new Map(before), new Map(after)]
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const [from, to] = [old, now].map((fields) => fields.get(name) ?? String(defaults[name] ?? ''))
    return from === to ? [] : [`${name} ${from || '–'} → ${to || '–'}`]
  })
}
