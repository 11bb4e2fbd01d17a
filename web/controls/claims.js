// The claims of the first screen: a row of buttons, and below it what the chosen claim says to watch and what came out.
import { h } from '../dom/dom.js'
import { ClaimRunner } from '../lab/claim_runner.js'
import { claims, verdictText } from '../lab/claims.js'
import { words } from '../words/words.js'
import { makeTour } from './tour.js'

const { list: own, tour: ofTour } = words.claims
/** A sign for each answer, because colours alone are not accessible. */
const signs = { yes: '✓', part: '◐', no: '✗', seen: '…' }

/** @param {import('../lab/lab.js').Lab} lab @returns {HTMLElement} */
export function makeClaims(lab) {
  const runner = new ClaimRunner(lab)
  const tour = makeTour(lab, runner)
  const buttons = claims.map((claim) => h('button', { type: 'button', class: 'claim', 'data-claim': claim.id, 'aria-pressed': false, onclick: () => void runner.start(claim) },
    h('span', { class: 'claim-title' }, claim.title), ' ', h('small', {}, claim.about), h('span', { class: 'claim-progress' })))
  const compare = h('button', { type: 'button', class: 'claim', onclick: () => lab.emit('compare', {}) }, h('span', { class: 'claim-title' }, own.compare), ' ', h('small', {}, own.sideBySide))
  const start = h('button', { type: 'button', class: 'claim', onclick: () => tour.open(start) }, h('span', { class: 'claim-title' }, ofTour.title), ' ', h('small', {}, ofTour.about))
  const watch = h('p')
  const verdict = h('p', { class: 'claim-verdict' })
  const tested = h('button', { type: 'button', class: 'button small', onclick: () => runner.claim && showLesson(runner.claim.lesson) }, own.tested)
  const line = h('div', { class: 'claim-line', hidden: true }, watch, verdict, h('div', { class: 'claim-tools' }, tested))

  function show() {
    const { claim, stage, share, running } = runner
    for (const button of buttons) {
      const chosen = button.dataset.claim === claim?.id
      button.setAttribute('aria-pressed', String(chosen))
      button.classList.toggle('is-running', chosen && running)
      button.style.setProperty('--share', chosen ? String(share) : '0')
    }
    line.hidden = !claim
    if (!claim) return
    watch.replaceChildren(h('strong', {}, claim.title), ' ', stage === 'first' && claim.first ? own.firstAndWatch(claim.first.words, claim.watch) : claim.watch)
    const { verdict: found = undefined } = stage === 'stopped' ? {} : runner
    verdict.hidden = !found && stage !== 'stopped'
    verdict.dataset.holds = found?.[0] ?? ''
    verdict.replaceChildren(...(found ? [h('span', { class: 'claim-sign', 'aria-hidden': 'true' }, signs[found[0]]), verdictText(found)] : [own.stopped]))
  }
  runner.on('change', show)
  return h('section', { class: 'claims', 'aria-label': own.label }, h('div', { class: 'claim-row', role: 'group', 'aria-label': own.row }, buttons, compare, start), line, tour.element)
}

/** Opens the test of a claim in the view Lessons, wherever that is. @param {string} name */
export function showLesson(name) {
  const lesson = /** @type {HTMLElement | null} */ (document.querySelector(`[data-lesson="${name}"]`))
  if (!lesson) return
  if (!lesson.checkVisibility()) {
    // It is in another tab of a narrow screen, or its card is closed or collapsed.
    for (let each = lesson.parentElement; each; each = each.parentElement) {
      const tab = each.id && /** @type {HTMLElement | null} */ (document.querySelector(`[role=tab][aria-controls="${each.id}"][aria-selected=false]`))
      if (tab) tab.click()
    }
    if (!lesson.checkVisibility()) /** @type {HTMLElement | null | undefined} */ (lesson.closest('.card')?.querySelector('.fold'))?.click()
  }
  for (const each of document.querySelectorAll('.is-named')) each.classList.remove('is-named')
  lesson.classList.add('is-named')
  lesson.scrollIntoView({ block: 'center' })
  lesson.querySelector('button')?.focus({ preventScroll: true })
}
