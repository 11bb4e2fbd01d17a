// Registers the service worker. It makes the page cross-origin isolated if the host does not send the headers, which
// takes one reload, and caches the page for offline use.

const address = new URL('../service-worker.js', import.meta.url).href
/** Key in the session storage that prevents a second reload. */
const mark = 'reluscope-reloaded'
/** Milliseconds to wait for the service worker before continuing without it. */
const patience = 10_000

/** Reloads the page if that makes it isolated. @returns {Promise<boolean>} whether the page is being reloaded */
export async function reloadToIsolate() {
  try {
    const before = sessionStorage.getItem(mark)
    sessionStorage.removeItem(mark)
    if (crossOriginIsolated || before || !isSecureContext || !await register()) return false
    const ready = await Promise.race([navigator.serviceWorker.ready, new Promise((done) => setTimeout(done, patience))])
    if (!ready) return false
    sessionStorage.setItem(mark, 'yes')
    location.reload()
    return true
  } catch {
    // Storage or service workers are disabled: the page works without them, on one thread.
    return false
  }
}

/** Caches the page's files for offline use, if possible. */
export async function keepForOffline() {
  if (!isSecureContext || !await register().catch(() => undefined)) return
  const { serviceWorker } = navigator
  const { active } = await serviceWorker.ready
  active?.postMessage('keep')
  // The service worker of a new build may take over while the page is open.
  serviceWorker.addEventListener('controllerchange', () => serviceWorker.controller?.postMessage('keep'))
}

/** Undefined if the browser does not support service workers or the user has disabled them. */
const register = async () => navigator.serviceWorker?.register(address)
