// Builds build/site, a complete static site: the page, its documentation, the WebAssembly core, uPlot, the data sets as
// .gz and the notices that their licences ask for. Only what changed is written again, and what no longer belongs is removed.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, extname, join, posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { minify_sync as minify } from 'terser'
import { dataRoot, idxFiles, ifProgram, root, sources } from './data.mjs'
import { docPages } from './docs.mjs'
import { filled } from './page_words.mjs'
import { registryTables } from './reference.mjs'
import { en } from '../words/en.js'

const web = join(root, 'web')
export const siteRoot = join(root, 'build', 'site')

/** The HTTP headers that every file of the page needs, from the server or, on other hosts, from the service worker. The first two make
 * the page cross-origin isolated, which shared memory for threads requires. */
export const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy':
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; " +
    "img-src 'self' blob: data:; style-src 'self'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
}

/** Maximum compressed size in bytes of the .wasm, .js and .css files that a visitor loads. */
export const sizeLimit = 700_000

/** Extensions of what a browser loads. Programs for Node end in .mjs and stay out of the site. */
const pageExtensions = ['.css', '.html', '.ico', '.js', '.json', '.png', '.svg', '.txt', '.webmanifest', '.woff2']

/** Every file below a folder, as paths relative to it with forward slashes, sorted. @param {string} folder @returns {string[]} */
export function filesBelow(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)).map((path) => `${entry.name}/${path}`) : [entry.name])).sort()
}

/** The two builds of the core, of which a page loads one. */
export const variants = /** @type {const} */ ({
  'one thread': /^engine\/wasm\/reluscope\./,
  threads: /^engine\/wasm\/reluscope-threads\./,
})

/** Files that the page loads only for own data, the documentation or another language than English, and the types, which it never loads. */
const onDemand = /^(?:words\/zh(?:\.js|\/.*)|vendor\/fflate\.js|engine\/(?:api|protocol)\.js|engine\/worker\/(?:folder|zip|png)\.js|docs\/.*)$/

/** The compressed size of what the page loads before its data. @param {keyof typeof variants} variant of the core @param {string} [site] */
export function compressedSize(variant, site = siteRoot) {
  return filesBelow(site)
    .filter((file) => ['.wasm', '.js', '.mjs', '.css'].includes(extname(file)) && !onDemand.test(file))
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
  const texts = ['uPlot', 'fflate'].map((name) => `\n## ${name}\n\n${readFileSync(join(root, 'node_modules', name.toLowerCase(), 'LICENSE'), 'utf8')}`)
  return readFileSync(join(web, 'THIRD_PARTY.md'), 'utf8') + texts.join('') + `\n## Apache License 2.0\n\n${apache ?? 'https://www.apache.org/licenses/LICENSE-2.0\n'}`
}

/** A script of the page without comments and with short local names. @param {Buffer} source @param {string} file */
function shorter(source, file) {
  const { code } = minify({ [file]: source.toString() }, { module: true, compress: false })
  return Buffer.from(`${code}\n`)
}

/**
 * The modules that the page loads at its start, in the order in which they are found: what boot.js and page.js import, and the views. Files
 * that the build creates are not among them.
 * @param {(file: string) => string | undefined} source of a file of the page
 */
export function modulesOf(source) {
  const found = new Set(['boot.js', 'app.js', 'page.js'])
  for (const file of found) {
    const text = source(file) ?? ''
    for (const [, path] of text.matchAll(/^import .*?'(\.[^']+)'/gm)) found.add(posix.join(posix.dirname(file), path))
    if (file === 'views/registry.js') for (const [, path] of text.matchAll(/import\('(\.[^']+)'\)/g)) found.add(posix.join('views', path))
  }
  return [...found].slice(2).filter((file) => source(file) !== undefined)
}

/** @param {(string | Buffer)[]} parts */
const sha256 = (...parts) => parts.reduce((sum, part) => sum.update(part), createHash('sha256')).digest('hex')

/** Of the names and contents of files of the site, all of them written. @param {string[]} files */
const sumOf = (files) => sha256(...files.flatMap((file) => [file, readFileSync(join(siteRoot, file))])).slice(0, 16)

/** The line before the source of the service worker. @param {string[]} files of the site, all others already written */
function buildLine(files) {
  // The files that every page needs. Other data sets are cached when the user chooses them.
  const needed = files.filter((file) => !/^(?:docs|data\/(?!mnist\/|index))/.test(file) && extname(file) && file !== 'service-worker.js' &&
    !variants['one thread'].test(file) && file !== 'THIRD_PARTY.txt')
  const sums = Object.fromEntries(needed.map((file) => [file, file === 'index.html' ? '' : sha256(readFileSync(join(siteRoot, file)))]))
  const build = { version: sumOf(files.filter((file) => file !== 'service-worker.js')), headers, files: { './': '', ...sums } }
  return Buffer.from(`self.build = ${JSON.stringify(build)}\n`)
}

// Builds the site and prints its size.
await ifProgram(import.meta.url, async () => {
  /** The contents of each file of the site. @type {Map<string, () => Buffer>} */
  const wanted = new Map()
  /** The source of each compressed file, which is not made again while it is newer than the source. @type {Map<string, string>} */
  const compressed = new Map()
  const copy = (/** @type {string} */ file, /** @type {string} */ path, end = '') => wanted.set(file, () => Buffer.concat([readFileSync(path), Buffer.from(end)]))

  for (const file of filesBelow(web)) {
    if (extname(file) === '.js') wanted.set(file, () => shorter(readFileSync(join(web, file)), file))
    else if (file === 'index.html') {
      // The modules are requested at once, not one level of imports after the other.
      const links = modulesOf((module) => (existsSync(join(web, module)) ? readFileSync(join(web, module), 'utf8') : undefined))
        .map((module) => `  <link rel="modulepreload" href="./${module}">\n`).join('')
      wanted.set(file, () => Buffer.from(filled(readFileSync(join(web, file), 'utf8'), en).replace('</head>', () => `${links}</head>`)))
    }
    else if (pageExtensions.includes(extname(file))) copy(file, join(web, file))
  }
  for (const [file, page] of docPages(await registryTables())) wanted.set(file, page)
  // Only older releases of Emscripten create the last file.
  for (const file of ['reluscope.mjs', 'reluscope.wasm', 'reluscope-threads.mjs', 'reluscope-threads.wasm', 'reluscope-threads.worker.js']) {
    const path = join(root, 'build/wasm', file)
    if (existsSync(path)) copy(`engine/wasm/${file}`, path)
    else if (!file.endsWith('.worker.js')) throw new Error(`${path} is missing; build it with web/start --build-only`)
  }
  const packages = join(root, 'node_modules')
  copy('vendor/uPlot.min.css', join(packages, 'uplot/dist/uPlot.min.css'))
  // uPlot minifies its script but not its module, which compressed is twice as large: make a module of the script.
  copy('vendor/uPlot.esm.js', join(packages, 'uplot/dist/uPlot.iife.min.js'), '\nexport default uPlot\n')
  // fflate, in the same way. The page loads it only when the user opens data.
  copy('vendor/fflate.js', join(packages, 'fflate/umd/index.js'), '\nexport const { gunzipSync, inflateSync, unzlibSync } = self.fflate\n')
  copy('LICENSE', join(root, 'LICENSE'))
  wanted.set('THIRD_PARTY.txt', () => Buffer.from(notices()))

  /** @type {import('../engine/protocol.js').DatasetEntry[]} */
  const present = []
  for (const { name, label, suffix, class_names } of sources) {
    const folder = join(dataRoot, name)
    if (!existsSync(folder)) continue
    const origins = idxFiles.map((file) => join(folder, file + suffix))
    for (const [i, file] of idxFiles.entries()) {
      const [target, origin] = [`data/${name}/${file}.gz`, origins[i]]
      compressed.set(target, origin)
      wanted.set(target, () => {
        const bytes = readFileSync(origin)
        if (suffix === '.gz') return bytes
        console.log(`      compressing ${label}: ${file}`)
        return gzipSync(bytes, { level: 9 })
      })
    }
    present.push({ name, label, version: sha256(...origins.map((origin) => readFileSync(origin))).slice(0, 16), class_names })
  }
  wanted.set('data/index.json', () => Buffer.from(JSON.stringify(present) + '\n'))

  // Last, because they describe the other files.
  wanted.delete('engine/build.js')
  wanted.delete('service-worker.js')
  const others = [...wanted.keys()]
  wanted.set('engine/build.js', () => Buffer.from(`export const build = ${JSON.stringify(sumOf(others))}\n`))
  wanted.set('service-worker.js', () => Buffer.concat([buildLine([...wanted.keys()]), shorter(readFileSync(join(web, 'service-worker.js')), 'service-worker.js')]))

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
})
