// Starts one browser and a server for each site, shared by all test files of the page. Each test opens its own context.
import { chromium } from 'playwright-core'
import { serveSite } from '../../web/site/serve.mjs'
import { siteRoot } from '../../web/site/site.mjs'
import { cutSite, folder, makeCutSite } from './cut.mjs'
import { findBrowser, flags } from './support.mjs'

/** Starts them. env: variables that pass them to the test files (openSite()). */
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
