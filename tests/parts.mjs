// The modules of the page as files of their own, with the packages that they import, for tests that load single ones: the site has them
// in few files.
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { filesBelow } from '../web/site/site.mjs'
import { root } from './node/support.mjs'

const web = join(root, 'web')

/** Writes them, and the chart library as uplot.js. They share what they import, as in the page. @param {string} folder */
export function makeParts(folder) {
  const modules = filesBelow(web).filter((file) => /^(?:charts|controls|dom|engine|lab|views|words)\/(?!.*worker).*\.js$/.test(file))
  buildSync({
    entryPoints: { uplot: join(root, 'node_modules/uplot/dist/uPlot.esm.js'), ...Object.fromEntries(modules.map((file) => [file.replace(/\.js$/, ''), join(web, file)])) },
    outdir: folder, bundle: true, splitting: true, format: 'esm', target: 'es2022', chunkNames: 'engine/[name]-[hash]', logLevel: 'warning',
  })
}
