// The run that the browser keeps for a reload: offered after one, and said when it cannot be kept.
import { capitalised, count, moment, plural } from '../dom/format.js'
import { sentence } from './lab.js'

let asked = false

/** Asks the browser, at the first save, when there is something to lose: else it may clear all when space is short. */
export function askToPersist() {
  if (asked) return
  asked = true
  void navigator.storage?.persist?.().catch(() => {})
}

/** @param {import('./lab.js').Lab} lab */
export async function offerKept(lab) {
  const { engine } = lab
  engine.on('kept', ({ step }) => {
    document.body.dataset.kept = String(step)
    askToPersist()
    lab.emit('unnotice', { key: 'keep' })
  })
  engine.on('keepFailed', ({ message, before }) => lab.emit('notice', {
    key: 'keep', kind: 'error', title: 'The run could not be kept in this browser', text: capitalised(sentence(message)),
    kept: before ? 'Training goes on, and what was kept before is whole.' : 'Training goes on. In this browser nothing of it is kept now.', advice: 'Free some storage, or save the run as a file.',
  }))
  try {
    const { keeper, before } = await engine.keepRuns()
    if (before) offer(lab, before)
    else if (keeper === 'another tab') tellOfOther(lab)
  } catch (error) {
    lab.emit('notice', {
      key: 'keep', kind: 'error', title: 'What was kept for a reload could not be read', text: capitalised(sentence(error)),
      kept: 'It stays as it is.', advice: 'Load the page again to try once more; until then no run is kept for a reload.',
    })
  }
}

/** @param {import('./lab.js').Lab} lab */
function tellOfOther(lab) {
  lab.emit('notice', {
    key: 'kept', kind: 'info', title: 'Another tab has this page open',
    text: 'What a reload or a crash brings back is the run of that tab, which this one leaves alone.',
    kept: 'The run of this tab is kept among the runs below, at each pause and each epoch.',
    advice: 'To have it brought back as well, close the other tab and load this one again.',
  })
}

/** @param {import('./lab.js').Lab} lab @param {import('../engine/storage/storage.js').SavedRun} saved */
function offer(lab, saved) {
  const when = moment(saved.savedAt)
  const over = saved.phase === 'done' || saved.phase === 'diverged'
  lab.emit('notice', {
    key: 'kept', kind: 'info', title: `A run from ${when} can ${over ? 'be shown again' : 'go on'}`,
    text: `${saved.model} on ${saved.data}: ${plural(saved.step, 'step')} of ${count(saved.totalSteps)}, epoch ${saved.epoch} of ${saved.epochs}.`,
    advice: 'Until you choose, it stays as it is, and no other is kept for a reload.',
    action: { label: over ? 'Show' : 'Continue', run: () => void takeUp(lab, saved) },
    other: { label: 'Discard', run: () => void lab.engine.forgetKept() },
  })
}

/** @param {import('./lab.js').Lab} lab @param {import('../engine/storage/storage.js').SavedRun} saved */
async function takeUp(lab, saved) {
  try {
    await lab.takeUp(() => lab.engine.continueKept())
    lab.emit('unnotice', { key: 'keep' })
  } catch (error) {
    lab.emit('notice', { key: 'keep', kind: 'error', title: 'The kept run could not be taken up', text: capitalised(sentence(error)), kept: 'It stays as it is, and so does the run on this page.' })
    offer(lab, saved)
  }
}
