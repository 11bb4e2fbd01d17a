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
  const fail = (/** @type {string} */ title, /** @type {unknown} */ error, /** @type {string} */ kept, advice = '') =>
    lab.complain({ key: 'autosave', title, text: capitalised(sentence(error)), kept, advice })
  engine.on('autosaveFailed', ({ message, before }) => fail('The run could not be autosaved in this browser', message,
    before ? 'Training continues, and the previous autosave is intact.' : 'Training continues. This browser holds no autosave of the run now.',
    'Free some storage, or save the run as a file.'))
  /** @param {import('../engine/storage/storage.js').AutosavedRun} saved */
  const offer = (saved) => {
    const over = saved.phase === 'done' || saved.phase === 'diverged'
    lab.emit('notice', {
      key: 'autosave-offer', kind: 'info', title: `A run from ${moment(saved.savedAt)} can ${over ? 'be shown again' : 'be continued'}`,
      text: `${saved.model} on ${saved.data}: ${plural(saved.step, 'step')} of ${count(saved.totalSteps)}, epoch ${saved.epoch} of ${saved.epochs}.`,
      advice: 'Until you choose, it is unchanged, and nothing else is autosaved.',
      action: { label: over ? 'Show' : 'Continue', run: async () => {
        try {
          await lab.takeUp(() => engine.continueAutosave())
          lab.emit('unnotice', { key: 'autosave' })
        } catch (error) {
          fail('The autosaved run could not be opened', error, 'It is unchanged, and so is the run on this page.')
          offer(saved)
        }
      } },
      other: { label: 'Discard', run: () => void engine.discardAutosave() },
    })
  }
  try {
    const { by, before } = await engine.startAutosave()
    if (before) offer(before)
    else if (by === 'another tab') lab.emit('notice', {
      key: 'autosave-offer', kind: 'info', title: 'Another tab has this page open',
      text: 'The autosave, which is restored after a reload or a crash, belongs to that tab; this tab does not change it.',
      kept: 'The run of this tab is among the saved runs below: it is saved at each pause and each epoch.',
      advice: 'To autosave it as well, close the other tab and reload this one.',
    })
  } catch (error) {
    fail('The autosave could not be read', error, 'It is unchanged.', 'Reload the page to try again; until then nothing is autosaved.')
  }
}
