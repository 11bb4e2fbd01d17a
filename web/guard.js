// Loaded before the page's modules and without them: says in a sentence what keeps the page from starting, where they
// cannot be loaded, do not fit together, or fail before they can say it themselves.
(() => {
  // Where the system's language is "C" some browsers say so, and whatever formats a number by it fails.
  try {
    new Intl.NumberFormat(navigator.language)
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en' })
  }

  const over = () => document.body?.dataset.ready === 'true' || document.querySelector('rl-notices:not(:empty)') !== null
  const sentences = /** @type {Record<string, string>} */ ({
    file: 'This page was opened from a file, where browsers load no modules. Serve it instead: run web/start, or "npx serve" in its folder, and open the address that it prints.',
    missing: 'A part of the page could not be loaded',
    parts: 'The parts of the page are of two versions, as while a new one is being uploaded. Load the page again in a minute.',
    other: 'The page could not start',
  })

  /** @param {string} text */
  function say(text) {
    if (over()) return
    const place = document.getElementById('loading')
    if (!place) return void addEventListener('DOMContentLoaded', () => say(text), { once: true })
    if (place.dataset.failed) return
    place.dataset.failed = 'true'
    place.hidden = false
    place.setAttribute('role', 'alert')
    const words = document.createElement('p')
    words.id = 'loading-text'
    words.textContent = text
    place.replaceChildren(words)
    if (location.protocol === 'file:') return
    const again = document.createElement('button')
    again.type = 'button'
    again.className = 'button'
    again.textContent = 'Load again'
    again.onclick = () => location.reload()
    place.append(again)
  }

  /** @param {unknown} error */
  function sayOf(error) {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof SyntaxError) say(sentences.parts)
    else if (/dynamically imported module|module script|error loading/i.test(message)) say(`${sentences.missing}. Load the page again; if it stays so, the site is not complete.`)
    else say(`${sentences.other}: ${message.replace(/[.\s]*$/, '')}. Load the page again; if it stays so, try another browser.`)
  }

  addEventListener('error', (event) => {
    const { target } = event
    if (location.protocol === 'file:') say(sentences.file)
    else if (target instanceof HTMLScriptElement || target instanceof HTMLLinkElement) {
      const address = target instanceof HTMLScriptElement ? target.src : target.href
      say(`${sentences.missing}: ${address.split('/').pop()}. Load the page again; if it stays so, the site is not complete.`)
    } else if (event.error) sayOf(event.error)
  }, true)
  addEventListener('unhandledrejection', ({ reason }) => sayOf(reason))
  if (location.protocol === 'file:') say(sentences.file)
})()
