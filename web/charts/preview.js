// Keeps a picture in the panel up to date while its section is open.
import { messageOf } from '../dom/format.js'
import { words } from '../words/words.js'

/**
 * Returns a function that draws the picture again if the question has changed.
 * @template T @param {import('../lab/lab.js').Lab} lab @param {HTMLElement} element
 * @param {() => unknown} question all that the picture depends on @param {() => Promise<T>} ask
 * @param {(answer: T) => void} draw @param {(message: string) => void} fail
 */
export function preview(lab, element, question, ask, draw, fail) {
  let latest = 0
  let asked = ''
  async function show() {
    if (!lab.run || element.closest('details:not([open])')) return
    const text = JSON.stringify(question())
    if (text === asked) return
    asked = text
    const mine = ++latest
    try {
      const answer = await ask()
      if (mine !== latest) return
      draw(answer)
      element.dataset.drawn = text
    } catch (error) {
      if (mine === latest) fail(words.lab.error(messageOf(error)))
    }
  }
  lab.onEach(['run', 'settings'], () => void show())
  // The toggle event of the section does not bubble, and the element is added to the section only later.
  setTimeout(() => element.closest('details')?.addEventListener('toggle', () => void show()))
  return show
}
