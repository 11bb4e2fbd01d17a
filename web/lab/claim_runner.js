// Runs a claim of the first screen: the run to compare with, if that is not on the page already, then the claim's own. Whatever
// else the user does to the run ends it.
import { Emitter } from '../engine/emitter.js'
import { words } from '../words/words.js'
import { factsOf, verdictText } from './claims.js'

const own = words.claims.list

/**
 * @import { Changes, Claim, Facts, Holds } from './claims.js'
 * @typedef {'first' | 'own' | 'done' | 'stopped'} Stage first: of the run to compare with; own: the claim's; done: it has a verdict
 */

/** @extends {Emitter<{change: null}>} */
export class ClaimRunner extends Emitter {
  /** The claim whose run is on the page. @type {Claim | undefined} */
  claim
  /** @type {Stage} */
  stage = 'done'
  /** Of the claim's runs that is done, 0 to 1. */
  share = 0
  /** @type {[Holds, string] | undefined} */
  verdict
  #lab
  /** The number of runs that are being started here: their events are not the user's. */
  #starting = 0
  /** Grows with each start, so that what belongs to an earlier one is dropped. */
  #turn = 0
  /** The last run that was started here, and its changes. @type {{run: unknown, changes: Changes} | undefined} */
  #last
  /** Of the run to compare with. @type {Facts | undefined} */
  #before
  /** Runs of this claim. */
  #runs = 1
  /** Whether the end of the current run is being handled. */
  #ending = false

  /** @param {import('./lab.js').Lab} lab */
  constructor(lab) {
    super()
    this.#lab = lab
    lab.on('run', () => this.#onOther(true))
    lab.on('settings', () => this.#onOther(false))
    lab.on('state', () => (lab.state === 'paused' || lab.state === 'diverged' ? this.#onOther(false) : this.#onMoved()))
    lab.onEach(['dead', 'looks', 'progress', 'epoch'], () => this.#onMoved())
  }

  get running() {
    return this.claim !== undefined && (this.stage === 'first' || this.stage === 'own')
  }

  /** @param {Claim} claim */
  async start(claim) {
    const { first } = claim
    const lab = this.#lab
    const turn = ++this.#turn
    Object.assign(this, { claim, verdict: undefined, share: 0, stage: 'own' })
    this.#before = undefined
    if (first && this.#last?.run === lab.run && this.#last.changes === first.changes && lab.state === 'finished' && lab.run.config.events.length === 0) {
      this.#ending = true
      this.#before = await this.#facts()
      if (turn !== this.#turn) return undefined
    }
    const two = first && !this.#before
    this.#runs = two ? 2 : 1
    lab.emit('announce', own.started(claim.title, two ? own.firstAndWatch(first.words, claim.watch) : claim.watch))
    return this.#begin(two ? 'first' : 'own', two ? first.changes : claim.changes)
  }

  /** @param {'first' | 'own'} stage @param {Changes} changes */
  async #begin(stage, changes) {
    const lab = this.#lab
    const turn = this.#turn
    const before = lab.run
    const { train_samples: samples, ...others } = changes
    this.stage = stage
    this.#starting += 1
    this.emit('change', null)
    // A smaller data set is used whole.
    await lab.begin(Number(samples) < lab.run.dataset.train ? changes : others, { train: true, fresh: true })
    this.#starting -= 1
    if (turn !== this.#turn) return
    this.#ending = false
    if (lab.run === before || lab.state === 'paused' || lab.state === 'diverged') return this.#end()
    this.#last = { run: lab.run, changes }
    this.#onMoved()
  }

  /** The facts of a run that has ended. */
  async #facts() {
    const lab = this.#lab
    const end = await lab.engine.look(lab.probes.looks.at(-1)?.step ?? 0).catch(() => undefined)
    return factsOf(lab, end)
  }

  /** The user has changed the run or its settings, or stopped it. @param {boolean} replaced */
  #onOther(replaced) {
    if (this.#starting > 0 || !this.claim) return
    if (this.running) this.#end()
    if (!replaced) return
    this.claim = undefined
    this.emit('change', null)
  }

  #end() {
    this.#turn += 1
    this.stage = 'stopped'
    this.emit('change', null)
  }

  #onMoved() {
    const { claim, stage } = this
    const lab = this.#lab
    if (!claim || !this.running || this.#starting > 0 || this.#ending) return
    this.share = (lab.step / lab.run.totalSteps + (stage === 'own' ? this.#runs - 1 : 0)) / this.#runs
    const now = stage === 'own' && factsOf(lab)
    if (now) this.verdict = claim.verdict(now, this.#before ?? now)
    this.emit('change', null)
    if (lab.state === 'finished' && lab.dead?.step === lab.step) void this.#onEnd(claim)
  }

  /** @param {Claim} claim */
  async #onEnd(claim) {
    const turn = this.#turn
    this.#ending = true
    const facts = await this.#facts()
    if (turn !== this.#turn) return undefined
    if (this.stage === 'first') {
      this.#before = facts
      return this.#begin('own', claim.changes)
    }
    if (facts) this.verdict = claim.verdict(facts, this.#before ?? facts)
    this.stage = 'done'
    this.share = 1
    if (this.verdict) this.#lab.emit('announce', verdictText(this.verdict))
    return this.emit('change', null)
  }
}
