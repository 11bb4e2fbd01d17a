// Creates a subset of MNIST, and a site with the subset in place of MNIST. Reading 70,000 images is a third of the time
// to open the page, and most tests need only a few thousand. openSite() gives other tests the whole data set. The folder parts of
// that site has the page's modules one by one.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { root, smallFiles } from '../node/support.mjs'
import { siteRoot } from '../../web/site/site.mjs'
import { makeParts } from '../parts.mjs'

/** The folder in which tests/run has created both. A test file that runs alone creates its own. */
const given = process.env.RELUSCOPE_CUT
export const folder = given ?? join(root, 'build', `cut-${process.pid}`)
/** The folder of the images as IDX files. */
export const cutData = join(folder, 'mnist')
/**
 * Flags with which the command line reads the subset as MNIST, whose name determines mean and deviation of the pixels.
 */
export const onCutData = ['--data', cutData, '--mean', '0.1307', '--std', '0.3081']
export const cutSite = join(folder, 'site')

/** Creates both; they are removed when this process ends. */
export function makeCutSite() {
  if (given) return
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  cpSync(siteRoot, cutSite, { recursive: true, filter: (path) => !/data.mnist./.test(path) })
  makeParts(join(cutSite, 'parts'))
  mkdirSync(cutData, { recursive: true })
  for (const [name, bytes] of Object.entries(smallFiles(10_000, 2000))) {
    writeFileSync(join(cutData, name), bytes)
    writeFileSync(join(cutSite, 'data/mnist', `${name}.gz`), gzipSync(bytes, { level: 1 }))
  }
}
