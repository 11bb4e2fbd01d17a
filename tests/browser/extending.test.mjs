// The view of web/docs/extending.md, in the page as the documentation says to put it there.
import assert from 'node:assert/strict'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { bundled } from '../../web/site/bundle.mjs'
import { root } from '../node/support.mjs'
import { applied } from '../node/examples.mjs'
import { keepInSight, openPage, openSite, stepOf, trainTo } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
before(async () => {
  site = await openSite()
})
after(() => site?.close())

test('a view in one file, one row and the tables of words: a card that follows the run', async () => {
  const files = applied(['A view'])
  assert.deepEqual([...files.keys()], ['web/views/seen_images.js', 'web/views/registry.js', 'web/words/en/run.js', 'web/words/zh/run.js'])
  const scratch = join(root, 'build', `extending-${process.pid}`)
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }))
  cpSync(join(root, 'web'), join(scratch, 'web'), { recursive: true, filter: (path) => !extname(path) || extname(path) === '.js' })
  for (const [path, text] of files) writeFileSync(join(scratch, path), text)
  const { files: scripts } = await bundled('extended', join(scratch, 'web'))
  const { page, troubles, close } = await openPage(site, {
    prepare: async (context) => {
      for (const [path, bytes] of scripts) await context.route(`**/${path}`, (route) => route.fulfill({ contentType: 'text/javascript', headers: { 'Cross-Origin-Embedder-Policy': 'require-corp' }, body: bytes }))
    },
  })
  const card = page.locator('.card', { has: page.locator('rl-seen-images') })
  assert.equal(await card.locator('h3').textContent(), 'Images seen')
  await keepInSight(card)
  await trainTo(page, 20)
  const seen = () => card.locator('output').textContent().then((text) => Number(text?.replace(/\D/g, '')))
  const wanted = async () => 64 * await stepOf(page)
  for (let k = 0; k < 50 && await seen() !== await wanted(); k++) await page.waitForTimeout(100)
  assert.equal(await seen(), await wanted())
  assert.ok(await seen() >= 64 * 20)
  assert.deepEqual(troubles, [])
  await close()
})
