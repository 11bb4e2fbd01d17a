// The autosave: the offer to resume after a reload or a crash, and the messages when saving fails.
import { capitalised, sentence } from '../dom/format.js'
import { words } from '../words/words.js'

const own = words.frame.autosaved
/** Key in the session storage for the run that the page keeps over a reload of its own. */
const mark = 'reluscope-kept'

let asked = false
/** Whether an earlier run is offered; until the user chooses, the present one is not autosaved. */
let offered = false

/** Asks the browser at the first save to keep the data: otherwise it may clear everything when space is short. */
export function askToPersist() {
  if (asked) return
  asked = true
  void navigator.storage?.persist?.().catch(() => {})
}

/** @param {import('./lab.js').Lab} lab */
export async function offerAutosave(lab) {
  const { engine } = lab
  engine.on('autosaved', ({ step }) => {
    document.body.dataset.autosaved = String(step)
    askToPersist()
    lab.emit('unnotice', { key: 'autosave' })
  })
  const fail = (/** @type {string} */ title, /** @type {unknown} */ error, /** @type {string} */ kept, advice = '') =>
    lab.complain({ key: 'autosave', title, text: capitalised(words.lab.error(sentence(error))), kept, advice })
  engine.on('autosaveFailed', ({ message, before }) => fail(own.failed.title, message, own.failed.kept(before), own.failed.advice))
  const chosen = () => (offered = false)
  /** @param {import('../engine/storage/storage.js').AutosavedRun} saved */
  const offer = (saved) => {
    const over = saved.phase === 'done' || saved.phase === 'diverged'
    offered = true
    lab.emit('notice', {
      key: 'autosave-offer', kind: 'info', title: own.offer.title(saved.savedAt, over), text: own.offer.text(saved), advice: own.offer.advice,
      action: { label: over ? own.offer.show : own.offer.goOn, run: async () => {
        try {
          await lab.takeUp(() => engine.continueAutosave())
          chosen()
          lab.emit('unnotice', { key: 'autosave' })
        } catch (error) {
          fail(own.notOpened.title, error, own.notOpened.kept)
          offer(saved)
        }
      } },
      other: { label: own.offer.discard, run: () => void engine.discardAutosave().then(chosen) },
    })
  }
  try {
    const { by, before } = await engine.startAutosave()
    const kept = takeKept()
    const goesOn = kept && await goOn(lab, kept, before)
    if (before && !goesOn) offer(before)
    else if (by === 'another tab') lab.emit('notice', { key: 'autosave-offer', kind: 'info', ...own.otherTab })
  } catch (error) {
    fail(own.notRead.title, error, own.notRead.kept, own.notRead.advice)
  }
}

/** @typedef {{run: string, step: number, train: boolean, offered: boolean}} Kept run: the id of the saved run; train: whether it trained */

/**
 * Saves the run so that the page, when it now loads again in this tab, goes on with it.
 * @param {import('./lab.js').Lab} lab @returns {Promise<'' | 'data' | 'run'>} what would be lost all the same: the files of own data, or the run
 */
export async function keepForReload(lab) {
  const { savedRuns, training } = lab
  if (training) await lab.toggle()
  const stay = await savedRuns.leave()
  stay()
  if (lab.ownFiles.size > 0) return 'data'
  if (lab.step === 0) return '' // the address has its settings
  const { current, usage } = savedRuns
  if (!current?.hasCheckpoint || current.step !== lab.step || usage?.where === 'memory') return 'run'
  try {
    sessionStorage.setItem(mark, JSON.stringify({ run: current.id, step: lab.step, train: training, offered }))
    return ''
  } catch {
    return 'run'
  }
}

/** @returns {Kept | undefined} */
function takeKept() {
  try {
    const text = sessionStorage.getItem(mark)
    sessionStorage.removeItem(mark)
    return text ? JSON.parse(text) : undefined
  } catch {
    return undefined
  }
}

/**
 * Opens the run that was kept, as it was.
 * @param {import('./lab.js').Lab} lab @param {Kept} kept @param {import('../engine/storage/storage.js').AutosavedRun & {storedAs?: string}} [autosaved]
 * @returns {Promise<boolean>} whether nothing is left to offer; a run that does not open is still among the saved runs
 */
async function goOn(lab, { run, step, train, offered: other }, autosaved) {
  const { engine } = lab
  const same = !other && autosaved?.storedAs === run && autosaved.step === step
  try {
    await lab.takeUp(() => (same ? engine.continueAutosave() : engine.openRun(run)))
    // An autosave of the same run that the reload came before.
    if (autosaved && !other && !same) await engine.discardAutosave()
    if (train && lab.state === 'paused') await lab.toggle()
    return !other
  } catch {
    return false
  }
}
