// Builds build/site, a complete static site: the page, its documentation, the WebAssembly core, uPlot, the data sets as
// .gz and the notices that their licences ask for. Only what changed is written again, and what no longer belongs is removed.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, extname, join, relative, sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { dataRoot, idxFiles, root, sources } from './data.mjs'
import { docPages } from './docs.mjs'
import { headers } from './headers.mjs'
import { registryTables } from './reference.mjs'

const web = dirname(dirname(fileURLToPath(import.meta.url)))
export const siteRoot = join(root, 'build', 'site')

/** Maximum compressed size in bytes of the .wasm, .js and .css files that a visitor loads. */
export const sizeLimit = 700_000

/** Extensions of what a browser loads. Programs for Node end in .mjs and stay out of the site. */
const pageExtensions = new Set([
  '.css', '.html', '.ico', '.js', '.json', '.png', '.svg', '.txt', '.webmanifest', '.woff2',
])

/** Every file below a folder, as paths relative to it with forward slashes, sorted. @param {string} folder @returns {string[]} */
export function filesBelow(folder) {
  /** @type {string[]} */
  const found = []
  /** @param {string} at */
  const walk = (at) => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = join(at, entry.name)
      if (entry.isDirectory()) walk(path)
      else found.push(relative(folder, path).split(sep).join('/'))
    }
  }
  if (existsSync(folder)) walk(folder)
  return found.sort()
}

/** The two builds of the core, of which a page loads one. */
export const variants = /** @type {const} */ ({
  'one thread': /^engine\/wasm\/reluscope\./,
  threads: /^engine\/wasm\/reluscope-threads\./,
})

/** Files that the page loads only for own data or the documentation, and the types, which it never loads. */
const onDemand = /^(?:vendor\/fflate\.js|engine\/(?:api|protocol)\.js|engine\/worker\/(?:folder|zip|png)\.js|docs\/.*)$/

/**
 * The compressed size of what the page has to load before its data: .wasm, .js and .css.
 * @param {keyof typeof variants} variant of the core
 * @param {string} [site]
 */
export function compressedSize(variant, site = siteRoot) {
  return filesBelow(site)
    .filter((file) => ['.wasm', '.js', '.mjs', '.css'].includes(extname(file)))
    .filter((file) => !onDemand.test(file))
    .filter((file) => !file.startsWith('engine/wasm/') || variants[variant].test(file))
    .reduce((sum, file) => sum + gzipSync(readFileSync(join(site, file)), { level: 9 }).length, 0)
}

/** The whole text of the Apache License 2.0, from where an installed package keeps it. @returns {string | undefined} */
function apacheLicence() {
  const places = ['/usr/share/common-licenses/Apache-2.0']
  try {
    const emscripten = execFileSync('em-config', ['EMSCRIPTEN_ROOT'], { encoding: 'utf8', stdio: 'pipe' }).trim()
    places.push(join(emscripten, 'system/lib/libcxx/LICENSE.TXT'), join(emscripten, 'system/lib/compiler-rt/LICENSE.TXT'))
  } catch {
    // em-config is not on the PATH.
  }
  places.push('/usr/share/licenses/google-highway/LICENSE', '/opt/homebrew/opt/highway/LICENSE')
  places.push(join(root, 'node_modules/playwright-core/LICENSE'))
  for (const place of places) {
    if (!existsSync(place)) continue
    const text = readFileSync(place, 'utf8')
    const [start, end] = [text.search(/^ *Apache License/m), text.search(/^ *END OF TERMS AND CONDITIONS/m)]
    if (start >= 0 && end > start) return text.slice(start, end).trimEnd() + '\n'
  }
  return undefined
}

/** The notices: our list, then the texts that the packages themselves bring. */
function notices() {
  const apache = apacheLicence()
  if (!apache) {
    console.warn('      warning: found no copy of the Apache License 2.0; add its text to build/site/THIRD_PARTY.txt before publishing')
  }
  return [
    readFileSync(join(web, 'THIRD_PARTY.md'), 'utf8'),
    '\n## uPlot\n\n',
    readFileSync(join(root, 'node_modules/uplot/LICENSE'), 'utf8'),
    '\n## fflate\n\n',
    readFileSync(join(root, 'node_modules/fflate/LICENSE'), 'utf8'),
    '\n## Apache License 2.0\n\n',
    apache ?? 'https://www.apache.org/licenses/LICENSE-2.0\n',
  ].join('')
}

/** Of the names and contents of files of the site, all of them written. @param {string[]} files */
function sumOf(files) {
  const sum = createHash('sha256')
  for (const file of files) sum.update(file).update(readFileSync(join(siteRoot, file)))
  return sum.digest('hex').slice(0, 16)
}

/**
 * What the service worker has to know, as the line before its source.
 * @param {string[]} files of the site, all others already written
 */
function buildLine(files) {
  // The files that every page needs. Other data sets are cached when the user chooses them.
  const needed = files.filter((file) => !/^(?:docs|data\/(?!mnist\/|index))/.test(file) && extname(file) && file !== 'service-worker.js' &&
    !variants['one thread'].test(file) && file !== 'THIRD_PARTY.txt')
  const hashOf = (/** @type {string} */ file) => createHash('sha256').update(readFileSync(join(siteRoot, file))).digest('hex')
  const sums = Object.fromEntries(needed.map((file) => [file, file === 'index.html' ? '' : hashOf(file)]))
  const build = { version: sumOf(files.filter((file) => file !== 'service-worker.js')), headers, files: { './': '', ...sums } }
  return Buffer.from(`self.build = ${JSON.stringify(build)}\n`)
}

/** Builds the site and prints its size. @param {Record<string, string>} tables of the documentation, from the registry */
export function buildSite(tables) {
  /** @type {Map<string, () => Buffer>} what each file of the site has to hold */
  const wanted = new Map()
  /** @type {Map<string, string>} files of the site that are newer than their source are taken to be made from it */
  const compressed = new Map()

  for (const file of filesBelow(web)) {
    if (pageExtensions.has(extname(file))) wanted.set(file, () => readFileSync(join(web, file)))
  }
  for (const [file, page] of docPages(tables)) wanted.set(file, page)
  for (const file of [
    'reluscope.mjs', 'reluscope.wasm', 'reluscope-threads.mjs', 'reluscope-threads.wasm',
    // Only older releases of Emscripten create this file.
    'reluscope-threads.worker.js',
  ]) {
    const path = join(root, 'build/wasm', file)
    if (existsSync(path)) wanted.set(`engine/wasm/${file}`, () => readFileSync(path))
    else if (!file.endsWith('.worker.js')) throw new Error(`${path} is missing; build it with web/start --build-only`)
  }
  const uplot = join(root, 'node_modules/uplot/dist')
  wanted.set('vendor/uPlot.min.css', () => readFileSync(join(uplot, 'uPlot.min.css')))
  // uPlot minifies its script but not its module, which compressed is twice as large: make a module of the script.
  wanted.set('vendor/uPlot.esm.js', () =>
    Buffer.from(readFileSync(join(uplot, 'uPlot.iife.min.js'), 'utf8') + '\nexport default uPlot\n'),
  )
  // fflate, in the same way. The page loads it only when the user opens data.
  const fflate = join(root, 'node_modules/fflate')
  wanted.set('vendor/fflate.js', () =>
    Buffer.from(readFileSync(join(fflate, 'umd/index.js'), 'utf8') + '\nexport const { gunzipSync, inflateSync, unzlibSync } = self.fflate\n'),
  )
  wanted.set('LICENSE', () => readFileSync(join(root, 'LICENSE')))
  wanted.set('THIRD_PARTY.txt', () => Buffer.from(notices()))

  /** @type {{ name: string, label: string, version: string, class_names?: string[] }[]} as the page reads them */
  const present = []
  for (const source of sources) {
    const folder = join(dataRoot, source.name)
    if (!existsSync(folder)) continue
    const sum = createHash('sha256')
    for (const file of idxFiles) sum.update(readFileSync(join(folder, file + source.suffix)))
    present.push({ name: source.name, label: source.label, version: sum.digest('hex').slice(0, 16), class_names: source.class_names })
    for (const file of idxFiles) {
      const [target, origin] = [`data/${source.name}/${file}.gz`, join(folder, file + source.suffix)]
      compressed.set(target, origin)
      wanted.set(target, () => {
        const bytes = readFileSync(origin)
        if (source.suffix === '.gz') return bytes
        console.log(`      compressing ${source.label}: ${file}`)
        return gzipSync(bytes, { level: 9 })
      })
    }
  }
  wanted.set('data/index.json', () => Buffer.from(JSON.stringify(present) + '\n'))

  const others = [...wanted.keys()].filter((file) => file !== 'service-worker.js' && file !== 'engine/build.js')
  wanted.delete('engine/build.js')
  wanted.set('engine/build.js', () => Buffer.from(`export const build = ${JSON.stringify(sumOf(others))}\n`))
  const worker = readFileSync(join(web, 'service-worker.js'))
  // Last, because it lists the other files.
  wanted.delete('service-worker.js')
  wanted.set('service-worker.js', () => Buffer.concat([buildLine([...wanted.keys()]), worker]))

  let written = 0
  for (const [file, contents] of wanted) {
    const target = join(siteRoot, file)
    const origin = compressed.get(file)
    if (origin && existsSync(target) && statSync(target).mtimeMs >= statSync(origin).mtimeMs) continue
    const bytes = contents()
    if (existsSync(target) && readFileSync(target).equals(bytes) && !origin) continue
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target + '.part', bytes)
    renameSync(target + '.part', target)
    written += 1
  }
  const stale = filesBelow(siteRoot).filter((file) => !wanted.has(file))
  for (const file of stale) rmSync(join(siteRoot, file))

  console.log(`      build/site: ${wanted.size} files, ${written} written${stale.length ? `, ${stale.length} removed` : ''}`)
  for (const variant of /** @type {(keyof typeof variants)[]} */ (Object.keys(variants))) {
    const size = compressedSize(variant)
    console.log(`      .wasm, .js and .css compressed, ${variant}: ${Math.ceil(size / 1000)} KB (limit ${sizeLimit / 1000} KB)`)
    if (size > sizeLimit) console.warn('      warning: over the limit')
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    buildSite(await registryTables())
  } catch (error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}
