// The run that the browser keeps: offered after a reload, and said when keeping fails.
import { plural } from './format.js'

/** @param {import('./lab.js').Lab} lab */
export async function offerKept(lab) {
  const { engine } = lab
  const ended = engine.on('kept', () => {
    // Asked once, when there is something to lose: else the browser may clear it when space is short.
    ended()
    void navigator.storage?.persist?.().catch(() => {})
  })
  engine.on('kept', () => lab.emit('unnotice', { key: 'keep' }))
  engine.on('keepFailed', ({ message }) => lab.emit('notice', {
    key: 'keep', kind: 'error', title: 'The run could not be kept in this browser', text: `${message}.`,
    kept: 'Training goes on, and what was kept before is whole.', advice: 'Free some storage, or save the run as a file.',
  }))
  try {
    const saved = await engine.keepRuns()
    if (saved) offer(lab, saved)
  } catch {
    // No storage here, as in some private windows: the page works without.
  }
}

/** @param {import('./lab.js').Lab} lab @param {import('../engine/storage.js').SavedRun} saved */
function offer(lab, saved) {
  const when = new Date(saved.savedAt).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
  const over = saved.phase === 'done' || saved.phase === 'diverged'
  lab.emit('notice', {
    key: 'kept', kind: 'info', title: `A run from ${when} can ${over ? 'be shown again' : 'go on'}`,
    text: `${saved.model} on ${saved.data}: ${plural(saved.step, 'step')} of ${saved.totalSteps}, epoch ${saved.epoch} of ${saved.epochs}.`,
    advice: 'Until you choose, this run stays as it is and no other is kept.',
    action: { label: over ? 'Show' : 'Continue', run: () => void lab.takeUp(() => lab.engine.continueKept()) },
    other: { label: 'Discard', run: () => void lab.engine.forgetKept() },
  })
}
