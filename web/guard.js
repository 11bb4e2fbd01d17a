// A classic script that runs before the page's modules. It reports why the page cannot start if the modules fail to
// load, belong to different versions, or fail before they can report the error themselves.
(() => {
  // Some browsers report the system's locale "C" as the language; formatting a number with it throws.
  try {
    new Intl.NumberFormat(navigator.language)
  } catch {
    Object.defineProperty(navigator, 'language', { value: 'en' })
  }

  const fromFile = 'This page was opened from a file. Browsers do not load modules from files. Run web/start, or "npx serve" in the folder of the page, and open the address that it prints.'
  const missing = 'A file of the page could not be loaded'

  /** @param {string} text */
  function say(text) {
    if (document.body?.dataset.ready === 'true' || document.querySelector('rl-notices:not(:empty)')) return
    const place = document.getElementById('loading')
    if (!place) return void addEventListener('DOMContentLoaded', () => say(text), { once: true })
    if (place.dataset.failed) return
    place.dataset.failed = 'true'
    place.hidden = false
    place.setAttribute('role', 'alert')
    place.replaceChildren(Object.assign(document.createElement('p'), { id: 'loading-text', textContent: text }))
    if (location.protocol === 'file:') return
    place.append(Object.assign(document.createElement('button'), {
      type: 'button', className: 'button', textContent: 'Reload', onclick: () => location.reload(),
    }))
  }

  /** @param {unknown} error */
  function sayOf(error) {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof SyntaxError) say('The files of the page belong to different versions, perhaps because a new version is being uploaded. Reload the page in a minute.')
    else if (/dynamically imported module|module script|error loading/i.test(message)) say(`${missing}. Reload the page. If the error persists, the site is incomplete.`)
    else say(`The page could not start: ${message.replace(/[.\s]*$/, '')}. Reload the page. If the error persists, try another browser.`)
  }

  addEventListener('error', (event) => {
    const { target } = event
    if (location.protocol === 'file:') say(fromFile)
    else if (target instanceof HTMLScriptElement || target instanceof HTMLLinkElement) {
      const address = target instanceof HTMLScriptElement ? target.src : target.href
      say(`${missing}: ${address.split('/').pop()}. Reload the page. If the error persists, the site is incomplete.`)
    } else if (event.error) sayOf(event.error)
  }, true)
  addEventListener('unhandledrejection', ({ reason }) => sayOf(reason))
  if (location.protocol === 'file:') say(fromFile)
})()
