// What the main button says and does, in the bar of the page and in that of an embedded page.
import { words } from '../words/words.js'

/** By how many epochs it continues a finished run. */
const more = 5

const own = words.frame.mainButton

/**
 * @param {import('../lab/lab.js').Lab | undefined} lab @param {boolean} [embedded] without a panel of settings
 * @returns {{text: string, picture: 'play' | 'pause' | 'reset', act: () => unknown}}
 */
export function mainAction(lab, embedded = false) {
  const anew = !embedded && lab && lab.waiting.length > 0
  switch (lab?.state) {
    case 'training': return { text: own.pause, picture: 'pause', act: () => lab.toggle() }
    case 'finished': return anew ? { text: own.trainAnew, picture: 'play', act: () => lab.restart() }
      : { text: own.moreEpochs(more), picture: 'play', act: () => lab.moreEpochs(more) }
    case 'diverged': return anew ? { text: own.trainAnew, picture: 'play', act: () => lab.restart() }
      : embedded ? { text: own.startAgain, picture: 'reset', act: () => lab.restart() } : { text: own.startOver, picture: 'reset', act: () => lab.reset() }
    default: return { text: own.train, picture: 'play', act: () => lab?.toggle() }
  }
}
