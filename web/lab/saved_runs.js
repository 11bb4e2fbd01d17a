// The runs that this browser keeps, in the engine's store: the one that is going on is stored there at its stops, its
// epochs and before another takes its place, always over its own entry. The views show this list and ask for changes.
import { capitalised, plural } from '../dom/format.js'
import { askToPersist } from './autosaved.js'
import { sentence } from './lab.js'
import { smooth, thinned } from './series.js'

/**
 * @typedef {import('../engine/storage/storage.js').StoredRun & {fields: [string, string][]}} KeptRun fields: what is not at its default
 */

const numbered = /^Run (\d+)$/
const mostPoints = 400
const smoothing = 0.9
/** Least milliseconds between two saves of a run that goes on: a save takes a tenth of a second of its training. */
const every = 15_000

export class KeptRuns {
  /** In the order in which they were begun. @type {KeptRun[]} */
  all = []
  /** Of the browser's storage, once known. @type {Awaited<ReturnType<import('../engine/engine.js').Engine['storageUsage']>> | undefined} */
  usage
  #lab
  #loaded = false
  /** How often the list was changed here: what was read before a change is old. */
  #changes = 0
  /** Where tabs tell one another that they changed the list. @type {BroadcastChannel | undefined} */
  #tabs
  /** The saves that are going on. @type {Promise<void> | undefined} */
  #keeping
  #again = false
  #leaving = false
  #keptAt = -Infinity
  #keptStep = -1
  /** The run that was deleted while it went on. @type {import('./lab.js').RunInfo | undefined} */
  #unwanted

  /** @param {import('./lab.js').Lab} lab */
  constructor(lab) {
    this.#lab = lab
  }

  /** Keeps runs from now on. */
  begin() {
    const lab = this.#lab
    lab.leave = () => this.#leave()
    this.#tabs = new BroadcastChannel('reluscope-runs')
    this.#tabs.onmessage = () => this.#loaded && void this.load()
    lab.on('run', () => {
      this.#keptStep = this.current?.step ?? -1
      this.#keptAt = -Infinity
    })
    lab.on('epoch', () => performance.now() - this.#keptAt >= every && void this.#keep())
    lab.on('state', () => this.#keepStop())
  }

  #keepStop() {
    const { state, step } = this.#lab
    if (['paused', 'finished', 'diverged'].includes(state) && step !== this.#keptStep) void this.#keep()
  }

  /** The entry of the run that there is. */
  get current() {
    return this.all.find(({ id }) => id === this.#lab.run.storedAs)
  }

  /** What the run that there is was called, or '' while it has a number only. */
  get givenName() {
    const { name = '' } = this.current ?? {}
    return numbered.test(name) ? '' : name
  }

  /** What other tabs did is seen, too. */
  async load() {
    const { engine } = this.#lab
    try {
      let changes
      do {
        changes = this.#changes
        const stored = await engine.storedRuns()
        const runs = await Promise.all(stored.map((run) => this.#withFields(run)))
        if (changes === this.#changes) this.all = runs.reverse()
      } while (changes !== this.#changes)
      this.#loaded = true
    } catch (error) {
      this.#fail('The kept runs could not be read', error, 'The run on this page goes on.')
    }
    await this.#tell()
  }

  /** @param {KeptRun} run @param {string} name */
  rename(run, name) {
    return this.#change('renamed', () => this.#lab.engine.renameRun(run.id, name))
  }

  /** @param {KeptRun} run */
  async remove(run) {
    const { engine, run: present } = this.#lab
    if (run.id === present.storedAs) this.#unwanted = present
    await this.#keeping
    await this.#change('deleted', () => engine.deleteRun(run.id))
    this.#lab.emit('announce', `${run.name} deleted.`)
  }

  /** Takes a run up where it stands, in the place of the present one, which is stored before. @param {KeptRun} run */
  async open(run) {
    try {
      await this.#lab.takeUp(() => this.#lab.engine.openRun(run.id))
      this.#lab.emit('unnotice', { key: 'runs' })
      this.#lab.emit('announce', `${run.name} stands at step ${this.#lab.step}.`)
    } catch (error) {
      const known = this.#lab.engine.datasets.some(({ name }) => name === run.data)
      const advice = known ? 'Its settings can still be opened.' : `Open the files of “${run.data}” first, as they were called then.`
      this.#fail(`${run.name} could not be opened`, error, 'The run on this page is as it was.', advice)
    }
    await this.load()
  }

  /** @param {string} what @param {() => Promise<unknown>} work */
  async #change(what, work) {
    try {
      await work()
      this.#changed()
      this.#lab.emit('unnotice', { key: 'runs' })
    } catch (error) {
      this.#fail(`The run could not be ${what}`, error, 'It is as it was.')
    }
    await this.load()
  }

  /** Stores the run that there is; if it is being stored already, again after that. */
  #keep() {
    if (this.#leaving) return undefined
    this.#again = true
    return (this.#keeping ??= this.#work().finally(() => (this.#keeping = undefined)))
  }

  async #work() {
    while (this.#again) {
      this.#again = false
      if (this.#lab.step > 0 && this.#lab.run !== this.#unwanted) await this.#store()
    }
  }

  /** Before another run takes its place. Until that is over nothing is stored: what the engine has and what the page knows
   * may be of different runs. @returns {Promise<() => void>} to be called then */
  async #leave() {
    await this.#keeping
    if (this.#lab.training || this.#lab.step !== this.#keptStep) await this.#keep()
    this.#leaving = true
    return () => {
      this.#leaving = false
      this.#keepStop()
    }
  }

  async #store() {
    const lab = this.#lab
    const { run, points, epochs, engine } = lab
    this.#keptAt = performance.now()
    this.#keptStep = lab.step
    const losses = smooth(points.loss, smoothing)
    const metrics = {
      points: thinned(points.step.map((at, i) => [at, losses[i]]), mostPoints),
      epochs: epochs.map(({ epoch, step, testAccuracy, testLoss }) => ({ epoch, step, testAccuracy, testLoss })),
    }
    try {
      if (!this.#loaded) await this.load()
      const stored = await engine.storeRun(`Run ${this.#nextNumber()}`, metrics)
      // Its entry was gone: so may be others.
      if (run.storedAs !== undefined && run.storedAs !== stored.id) await this.load()
      run.storedAs = stored.id
      this.all = [...this.all.filter(({ id }) => id !== stored.id), await this.#withFields(stored)].sort((a, b) => Number(a.id) - Number(b.id))
      this.#changed()
      lab.emit('unnotice', { key: 'runs' })
    } catch (error) {
      const before = this.all
      await this.load()
      const lost = before.filter(({ id }) => this.all.every((run) => run.id !== id)).length
      this.#fail('The run could not be stored', error, lost === 0
        ? 'Training goes on, and all that was stored before is whole.'
        : `Training goes on. ${plural(lost, 'run')} stored before ${lost === 1 ? 'is' : 'are'} no longer in this browser: the storage was cleared.`)
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

  #nextNumber() {
    return 1 + Math.max(0, ...this.all.map(({ name }) => Number(numbered.exec(name)?.[1] ?? 0)))
  }

  /** @param {import('../engine/storage/storage.js').StoredRun} run @returns {Promise<KeptRun>} */
  async #withFields(run) {
    // A setting that another release had is not known to this one.
    return { ...run, fields: await this.#lab.engine.fields(run.config).catch(() => []) }
  }

  /** @param {string} title @param {unknown} error @param {string} kept @param {string} [advice] */
  #fail(title, error, kept, advice = 'Delete runs that you no longer need, or download this one’s checkpoint.') {
    this.#lab.emit('notice', { key: 'runs', kind: 'error', title, text: capitalised(sentence(error)), kept, advice })
  }
}

/**
 * What one run's settings have that another's have not: "lr 0.001 → 0.0001".
 * @param {[string, string][]} before @param {[string, string][]} after @param {Record<string, any>} defaults
 * @returns {string[]}
 */
export function differences(before, after, defaults) {
  const [old, now] = [new Map(before), new Map(after)]
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((name) => {
    const [from, to] = [old, now].map((fields) => fields.get(name) ?? String(defaults[name] ?? ''))
    return from === to ? [] : [`${name} ${from || '–'} → ${to || '–'}`]
  })
}
