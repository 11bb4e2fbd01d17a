// Puts the page's modules into few files, as each file costs a request: nine for the page, two for the worker, and what is loaded on
// demand. The modules that a program imports or a browser starts keep their names; the others are named by their contents.
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build as esbuild } from 'esbuild'
import { root } from './data.mjs'

/**
 * The modules that a browser asks for by name, and the folder of what several of them share: of the page beside the engine, whose
 * addresses are relative to it.
 */
const bundles = [
  { entries: ['boot.js', 'app.js', 'engine/engine.js', 'docs/theme.js'], folder: 'engine' },
  { entries: ['engine/worker/worker.js'], folder: 'engine/worker' },
]

/** The page shows all views, so that each as a file of its own would be one more request: the registry gets them as imports. */
const viewsAtOnce = {
  name: 'views at once',
  /** @param {import('esbuild').PluginBuild} build */
  setup(build) {
    build.onLoad({ filter: /views[\\/]registry\.js$/ }, ({ path }) => {
      /** @type {string[]} */
      const imports = []
      const contents = readFileSync(path, 'utf8').replace(/\(\) => import\(('\.[^']+')\)/g, (_, file) => {
        imports.push(`import * as view${imports.length} from ${file}`)
        return `async () => view${imports.length - 1}`
      })
      if (imports.length === 0) throw new Error('views/registry.js: no view was found')
      return { contents: `${imports.join('\n')}\n${contents}` }
    })
  },
}

/** @param {string} version of the build @returns {import('esbuild').Plugin} */
const named = (version) => ({
  name: 'version of the build',
  setup(build) {
    build.onLoad({ filter: /engine[\\/]build\.js$/ }, () => ({ contents: `export const build = ${JSON.stringify(version)}\n` }))
  },
})

/**
 * The files of the page's scripts by name, and the names of those that the page needs at its start besides its script elements, without
 * those of its worker. Firefox fails to load a module that is in a script element and is preloaded.
 * @param {string} version of the build, by which a page and a worker of different builds know each other
 * @param {string} [web] the folder of the page, in the tree that has the packages
 * @returns {Promise<{files: Map<string, Buffer>, atStart: string[]}>}
 */
export async function bundled(version, web = join(root, 'web')) {
  /** @type {Map<string, Buffer>} */
  const files = new Map()
  /** The files that each file imports, and what it is made of. @type {Map<string, {imports: string[], entry: string | undefined}>} */
  const made = new Map()
  for (const { entries, folder } of bundles) {
    const { outputFiles, metafile } = await esbuild({
      absWorkingDir: root, entryPoints: entries.map((file) => join(web, file)), outbase: web, outdir: web, write: false, metafile: true,
      bundle: true, splitting: true, format: 'esm', target: 'es2022', minify: true, legalComments: 'none', charset: 'utf8',
      chunkNames: `${folder}/[name]-[hash]`, plugins: [viewsAtOnce, named(version)], logLevel: 'warning',
    })
    const nameOf = (/** @type {string} */ path) => relative(web, join(root, path)).split('\\').join('/')
    for (const { path, contents } of outputFiles) files.set(nameOf(relative(root, path)), Buffer.from(contents))
    for (const [path, { imports, entryPoint }] of Object.entries(metafile.outputs)) {
      made.set(nameOf(path), { imports: imports.filter(({ kind }) => kind === 'import-statement').map((each) => nameOf(each.path)), entry: entryPoint && nameOf(entryPoint) })
    }
  }
  const page = [...made].find(([, { entry }]) => entry === 'page.js')
  if (!page) throw new Error('the page has no module page.js')
  const atStart = new Set(['boot.js', 'app.js', page[0]])
  for (const file of atStart) for (const other of made.get(file)?.imports ?? []) atStart.add(other)
  return { files, atStart: [...atStart].filter((file) => !made.get(file)?.entry || file === page[0]) }
}
