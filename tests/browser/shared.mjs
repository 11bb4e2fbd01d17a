// One browser for all files of the page's tests, and a server of each site; what each test opens is a context of its own.
import { chromium } from 'playwright-core'
import { serveSite } from '../../web/site/serve.mjs'
import { siteRoot } from '../../web/site/site.mjs'
import { cutSite, folder, makeCutSite } from './cut.mjs'
import { findBrowser, flags } from './support.mjs'

/** Starts them. env: what tells the files of them (openSite()). */
export async function openShared() {
  makeCutSite()
  const [whole, cut] = [await serveSite(siteRoot, 0), await serveSite(cutSite, 0)]
  const browser = await chromium.launchServer({ executablePath: findBrowser(), args: flags })
  return {
    pid: browser.process().pid ?? 0,
    env: { RELUSCOPE_BROWSER: browser.wsEndpoint(), RELUSCOPE_PORT: String(whole.port), RELUSCOPE_CUT_PORT: String(cut.port), RELUSCOPE_CUT: folder },
    async close() {
      await browser.close()
      await Promise.all([whole.close(), cut.close()])
    },
  }
}
