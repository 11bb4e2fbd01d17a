// The autosave: the offer to resume after a reload or a crash, and the messages when saving fails.
import { capitalised, count, moment, plural, sentence } from '../dom/format.js'

let asked = false

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
  engine.on('autosaveFailed', ({ message, before }) => lab.emit('notice', {
    key: 'autosave', kind: 'error', title: 'The run could not be autosaved in this browser', text: capitalised(sentence(message)),
    kept: before ? 'Training continues, and the previous autosave is intact.' : 'Training continues. This browser holds no autosave of the run now.', advice: 'Free some storage, or save the run as a file.',
  }))
  try {
    const { by, before } = await engine.startAutosave()
    if (before) offer(lab, before)
    else if (by === 'another tab') tellOfOther(lab)
  } catch (error) {
    lab.emit('notice', {
      key: 'autosave', kind: 'error', title: 'The autosave could not be read', text: capitalised(sentence(error)),
      kept: 'It is unchanged.', advice: 'Reload the page to try again; until then nothing is autosaved.',
    })
  }
}

/** @param {import('./lab.js').Lab} lab */
function tellOfOther(lab) {
  lab.emit('notice', {
    key: 'autosave-offer', kind: 'info', title: 'Another tab has this page open',
    text: 'The autosave, which is restored after a reload or a crash, belongs to that tab; this tab does not change it.',
    kept: 'The run of this tab is among the saved runs below: it is saved at each pause and each epoch.',
    advice: 'To autosave it as well, close the other tab and reload this one.',
  })
}

/** @param {import('./lab.js').Lab} lab @param {import('../engine/storage/storage.js').AutosavedRun} saved */
function offer(lab, saved) {
  const when = moment(saved.savedAt)
  const over = saved.phase === 'done' || saved.phase === 'diverged'
  lab.emit('notice', {
    key: 'autosave-offer', kind: 'info', title: `A run from ${when} can ${over ? 'be shown again' : 'go on'}`,
    text: `${saved.model} on ${saved.data}: ${plural(saved.step, 'step')} of ${count(saved.totalSteps)}, epoch ${saved.epoch} of ${saved.epochs}.`,
    advice: 'Until you choose, it is unchanged, and nothing else is autosaved.',
    action: { label: over ? 'Show' : 'Continue', run: () => void takeUp(lab, saved) },
    other: { label: 'Discard', run: () => void lab.engine.discardAutosave() },
  })
}

/** @param {import('./lab.js').Lab} lab @param {import('../engine/storage/storage.js').AutosavedRun} saved */
async function takeUp(lab, saved) {
  try {
    await lab.takeUp(() => lab.engine.continueAutosave())
    lab.emit('unnotice', { key: 'autosave' })
  } catch (error) {
    lab.emit('notice', { key: 'autosave', kind: 'error', title: 'The autosaved run could not be opened', text: capitalised(sentence(error)), kept: 'It is unchanged, and so is the run on this page.' })
    offer(lab, saved)
  }
}
