// The tour of a minute: four claims, each with the part of the first screen that it changes. A small panel that does not cover
// or lock the page.
import { h, iconButton, uniqueId } from '../dom/dom.js'
import { claims, verdictText } from '../lab/claims.js'
import { words } from '../words/words.js'

const own = words.claims.tour

/** The stops: a claim, and the part of the page to look at. */
const stops = /** @type {const} */ ([{ id: 'kill', part: 'rl-image' }, { id: 'leaky', part: 'rl-activation' }, { id: 'elu', part: 'rl-activation' }, { id: 'prelu', part: 'rl-activation' }])

/** @param {import('../lab/lab.js').Lab} lab @param {import('../lab/claim_runner.js').ClaimRunner} runner */
export function makeTour(lab, runner) {
  let at = 0
  /** Receives the focus at the end. @type {HTMLElement | undefined} */
  let opener
  const titleId = uniqueId('tour')
  const title = h('h2', { id: titleId, tabIndex: -1 })
  const text = h('p')
  const verdict = h('p', { class: 'tour-verdict' })
  const back = h('button', { type: 'button', class: 'button small', onclick: () => go(at - 1) }, own.back)
  const next = h('button', { type: 'button', class: 'button small primary', onclick: () => (at + 1 < stops.length ? go(at + 1) : end()) })
  const element = h('div', { class: 'tour', role: 'dialog', 'aria-modal': false, 'aria-labelledby': titleId, hidden: true },
    h('header', {}, title, iconButton('close', own.close, () => end(), 'icon-button quiet')), text, verdict, h('footer', {}, back, next))

  /** @param {number} stop */
  function go(stop) {
    at = stop
    const { id, part } = stops[at]
    const claim = claims.find((each) => each.id === id)
    const place = document.querySelector(part)
    point(place)
    // On a narrow screen the part may be elsewhere.
    place?.scrollIntoView({ block: 'nearest', behavior: matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth' })
    title.textContent = own.heading(at + 1, stops.length, claim?.title ?? '')
    text.textContent = own.stops[id]
    back.disabled = at === 0
    next.textContent = at + 1 < stops.length ? own.next : own.end
    title.focus({ preventScroll: true })
    if (claim) void runner.start(claim)
  }

  /** @param {Element | null} place */
  function point(place) {
    for (const each of document.querySelectorAll('.is-toured')) each.classList.remove('is-toured')
    place?.closest('.card')?.classList.add('is-toured')
  }

  function end() {
    element.hidden = true
    point(null)
    opener?.focus({ preventScroll: true })
    lab.emit('announce', own.ended)
  }

  runner.on('change', () => {
    const { claim, stage, verdict: found } = runner
    if (element.hidden) return
    verdict.textContent = claim?.id !== stops[at].id ? '' : stage === 'first' ? claim.first?.words ?? '' : found ? verdictText(found) : ''
  })
  addEventListener('keydown', ({ key }) => key === 'Escape' && !element.hidden && end())
  return {
    element,
    /** @param {HTMLElement} from */
    open(from) {
      opener = from
      element.hidden = false
      go(0)
    },
  }
}
