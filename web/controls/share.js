// Share copies the address of the page with all settings of the run. Embed opens a dialog that writes an iframe for
// another page: which views, how large, and whether it trains at once.
import { h, uniqueId } from '../dom/dom.js'
import { words } from '../words/words.js'

/** @import { Lab } from '../lab/lab.js' */

const own = words.frame.share

/** Milliseconds for which the page says in sight that something was copied. */
const sayFor = 4000

/** Copies a text. @param {string} text @returns {Promise<boolean>} whether the browser allows it */
const copy = (text) => Promise.resolve(navigator.clipboard?.writeText(text).then(() => true, () => false) ?? false)

/** The address of the page with the settings of the run. @param {string} search with its ? */
const addressWith = (search) => location.origin + location.pathname + search + location.hash

/** The elements for the top bar: Share with what it says, and Embed. @param {Lab} lab */
export function makeShare(lab) {
  const said = h('div', { class: 'share-said', hidden: true })
  const element = h('div', { class: 'share' },
    h('button', { type: 'button', class: 'button', title: own.shareTitle, onclick: () => void share() }, own.share), said)
  let timer = 0
  const hide = () => (said.hidden = true)
  element.addEventListener('keydown', ({ key }) => key === 'Escape' && hide())
  addEventListener('pointerdown', ({ target }) => !element.contains(/** @type {Node} */ (target)) && hide())

  async function share() {
    const link = addressWith('')
    clearTimeout(timer)
    if (await copy(link)) {
      said.replaceChildren(own.copied)
      said.hidden = false
      lab.emit('announce', own.copied)
      timer = window.setTimeout(hide, sayFor)
      return
    }
    const box = h('input', { type: 'text', readOnly: true, value: link })
    said.replaceChildren(h('label', {}, own.cannotCopy, box))
    said.hidden = false
    box.select()
  }

  const embed = h('button', { type: 'button', class: 'button', title: own.embedTitle, onclick: () => {
    const dialog = makeDialog()
    dialog.addEventListener('close', () => dialog.remove())
    document.body.append(dialog)
    dialog.showModal()
  } }, own.embed)
  return [element, embed]
}

function makeDialog() {
  const title = uniqueId('embed')
  const box = (/** @type {string} */ value, /** @type {string} */ label, checked = false) => h('label', {}, h('input', { type: 'checkbox', value, checked, onchange: show }), label)
  const cards = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('#cards [data-view]')])
  const views = h('fieldset', {}, h('legend', {}, own.what), box('stage', own.firstScreen, true),
    cards.map((card) => box(String(card.dataset.view), String(card.getAttribute('aria-label')))))
  const autostart = box('', own.autostart)
  const size = (/** @type {string} */ label, /** @type {string} */ value) => {
    const input = h('input', { type: 'text', inputMode: 'numeric', value, autocomplete: 'off', oninput: show })
    return { input, element: h('label', {}, label, input) }
  }
  const [width, height] = [size(own.width, '640'), size(own.height, '420')]
  const code = h('textarea', { rows: 4, readOnly: true, 'aria-label': own.code, onfocus: () => code.select() })
  const help = h('p', { class: 'field-help', role: 'status' })
  const copyButton = h('button', { type: 'button', class: 'button primary', onclick: async () => {
    if (await copy(code.value)) help.textContent = own.codeCopied
    else {
      code.focus()
      help.textContent = own.codeSelected
    }
  } }, own.copyCode)
  const preview = h('a', { class: 'button', target: '_blank', rel: 'noopener' }, own.preview)

  function show() {
    const checked = /** @type {HTMLInputElement[]} */ ([...views.querySelectorAll('input')]).filter((each) => each.checked)
    const sizes = [width, height].map(({ input }) => Math.round(Number(input.value)))
    const wrong = checked.length === 0 ? own.noViews : sizes.every((pixels) => pixels >= 100 && pixels <= 5000) ? '' : own.wrongSize
    help.textContent = wrong
    copyButton.disabled = wrong !== ''
    preview.hidden = wrong !== ''
    if (wrong) return
    const names = checked.map(({ value }) => value)
    const address = addressWith(`?embed=${names.join(',')}${autostart.querySelector('input')?.checked ? '&autostart' : ''}`)
    preview.href = address
    code.value = `<iframe src="${address.replaceAll('&', '&amp;').replaceAll('"', '&quot;')}" width="${sizes[0]}" height="${sizes[1]}" title="${
      own.frame(checked.map((each) => each.parentElement?.textContent ?? ''))}" allow="cross-origin-isolated; fullscreen" loading="lazy"></iframe>`
  }

  const dialog = h('dialog', { class: 'embed-dialog', 'aria-labelledby': title }, h('div', {},
    h('h2', { id: title }, own.dialog),
    views, autostart, h('div', { class: 'embed-size' }, width.element, height.element, h('span', { class: 'field-help' }, own.pixels)),
    code, help, h('div', { class: 'embed-buttons' }, copyButton, preview, h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, own.close))))
  show()
  return dialog
}
