// The service worker: it makes the page cross-origin isolated where the host's headers do not, which takes one reload,
// and keeps it for use without a network.

const address = new URL('../service-worker.js', import.meta.url).href
/** Remembers over the reload that there was one, so that there is no second. */
const mark = 'reluscope-reloaded'
/** Milliseconds to wait for the service worker before doing without. */
const patience = 10_000

/** Whether the page is being loaded again, and nothing more needs to be done. @returns {Promise<boolean>} */
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
    // Storage or service workers are forbidden here: the page works without, on one thread.
    return false
  }
}

/** Has the page's files kept for when there is no network. Says nothing if that is not possible. */
export async function keepForOffline() {
  if (!isSecureContext || !await register().catch(() => undefined)) return
  const { serviceWorker } = navigator
  const { active } = await serviceWorker.ready
  active?.postMessage('keep')
  // A new build's service worker takes over while the page is open.
  serviceWorker.addEventListener('controllerchange', () => serviceWorker.controller?.postMessage('keep'))
}

/** Undefined where browsers have none or the person wants none. @returns {Promise<ServiceWorkerRegistration | undefined>} */
async function register() {
  return navigator.serviceWorker?.register(address)
}
