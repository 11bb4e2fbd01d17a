// The beginning of MNIST, and the site with it in MNIST's place: reading 70,000 images is a third of what it costs to
// open the page, and most of its tests need a few thousand. Those that need all ask for them (openSite()).
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { root, smallFiles } from '../node/support.mjs'
import { siteRoot } from '../../web/site/site.mjs'

/** Where tests/run has made them; a file that is run by itself makes its own. */
const given = process.env.RELUSCOPE_CUT
export const folder = given ?? join(root, 'build', `cut-${process.pid}`)
/** The images as IDX files. */
export const cutData = join(folder, 'mnist')
/** What makes the command line read them, and take them for MNIST: mean and deviation of its pixels go with its name. */
export const onCutData = ['--data', cutData, '--mean', '0.1307', '--std', '0.3081']
export const cutSite = join(folder, 'site')

/** Makes both, until this process ends. */
export function makeCutSite() {
  if (given) return
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  cpSync(siteRoot, cutSite, { recursive: true, filter: (path) => !/data.mnist./.test(path) })
  mkdirSync(cutData, { recursive: true })
  for (const [name, bytes] of Object.entries(smallFiles(10_000, 2000))) {
    writeFileSync(join(cutData, name), bytes)
    writeFileSync(join(cutSite, 'data/mnist', `${name}.gz`), gzipSync(bytes, { level: 1 }))
  }
}
