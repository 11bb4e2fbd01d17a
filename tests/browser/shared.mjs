// One browser and one server for all files of the page's tests; what each test opens is a context of its own.
import { chromium } from 'playwright-core'
import { serveSite } from '../../web/serve.mjs'
import { siteRoot } from '../../web/site.mjs'
import { findBrowser, flags } from './support.mjs'

/** Starts both. env: what tells the files of them (openSite()). */
export async function openShared() {
  const server = await serveSite(siteRoot, 0)
  const browser = await chromium.launchServer({ executablePath: findBrowser(), args: flags })
  return {
    pid: browser.process().pid ?? 0,
    env: { RELUSCOPE_BROWSER: browser.wsEndpoint(), RELUSCOPE_PORT: String(server.port) },
    async close() {
      await browser.close()
      await server.close()
    },
  }
}
