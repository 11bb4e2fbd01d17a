// Builds build/site, a complete static site: the page, its documentation, the WebAssembly core, the data sets as .gz and the notices that their licences ask for. Only what changed is written again, and what no longer belongs is removed.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join, posix } from 'node:path'
import { gzipSync } from 'node:zlib'
import { transformSync } from 'esbuild'
import { bundled } from './bundle.mjs'
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

/** Extensions of the page's files that are copied as they are. */
const pageExtensions = ['.css', '.ico', '.json', '.png', '.svg', '.txt', '.webmanifest', '.woff2']

/** Every file below a folder, as paths relative to it with forward slashes, sorted. @param {string} folder @returns {string[]} */
export function filesBelow(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)).map((path) => `${entry.name}/${path}`) : [entry.name])).sort()
}

/** The folders of a folder that contain no file. @param {string} folder */
const emptyFolders = (folder) => readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && filesBelow(join(folder, entry.name)).length === 0).map(({ name }) => join(folder, name))

/** The two builds of the core, of which a page loads one. */
export const variants = /** @type {const} */ ({
  'one thread': /^engine\/wasm\/reluscope\./,
  threads: /^engine\/wasm\/reluscope-threads\./,
})

/** What a script imports at once, as paths from the root of the site. @param {string} file @param {string} text */
const importsOf = (file, text) => [...text.matchAll(/\b(?:from|import)\s*["'](\.[^"']+)["']/g)].map(([, path]) => posix.join(posix.dirname(file), path))

/** The scripts that the page and its worker load at their start. @param {string} site */
function scriptsAtStart(site) {
  const found = new Set(['guard.js', 'boot.js', 'engine/worker/worker.js'])
  for (const [, file] of readFileSync(join(site, 'index.html'), 'utf8').matchAll(/<link rel="modulepreload" href="\.\/([^"]+)">/g)) found.add(file)
  for (const file of found) for (const other of importsOf(file, readFileSync(join(site, file), 'utf8'))) found.add(other)
  return [...found]
}

/** The compressed size of what the page loads before its data. @param {keyof typeof variants} variant of the core @param {string} [site] */
export function compressedSize(variant, site = siteRoot) {
  return [...filesBelow(site).filter((file) => (extname(file) === '.css' && !file.startsWith('docs/')) || variants[variant].test(file)), ...scriptsAtStart(site)]
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

/** A classic script of the page without comments and with short local names. @param {string} file */
const shorter = (file) => Buffer.from(transformSync(readFileSync(join(web, file), 'utf8'), { minify: true, target: 'es2022', charset: 'utf8' }).code)

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
  const copy = (/** @type {string} */ file, /** @type {string} */ path) => wanted.set(file, () => readFileSync(path))

  for (const [file, page] of docPages(await registryTables())) wanted.set(file, page)
  /** @type {string[]} */
  const core = []
  // Only older releases of Emscripten create the last file.
  for (const file of ['reluscope.mjs', 'reluscope.wasm', 'reluscope-threads.mjs', 'reluscope-threads.wasm', 'reluscope-threads.worker.js']) {
    const path = join(root, 'build/wasm', file)
    if (existsSync(path)) core.push(path)
    else if (!file.endsWith('.worker.js')) throw new Error(`${path} is missing; build it with web/start --build-only`)
  }
  for (const path of core) copy(`engine/wasm/${basename(path)}`, path)
  // A build is named by its scripts, without that name, and its core.
  const { files: nameless } = await bundled('')
  const version = sha256(...nameless.values(), ...core.map((path) => readFileSync(path))).slice(0, 16)
  const { files: scripts, atStart } = await bundled(version)
  for (const [file, bytes] of scripts) wanted.set(file, () => bytes)
  wanted.set('guard.js', () => shorter('guard.js'))
  for (const file of filesBelow(web)) if (pageExtensions.includes(extname(file))) copy(file, join(web, file))
  // The scripts are requested at once, not one level of imports after the other.
  const links = atStart.map((file) => `  <link rel="modulepreload" href="./${file}">\n`).join('')
  wanted.set('index.html', () => Buffer.from(filled(readFileSync(join(web, 'index.html'), 'utf8'), en).replace('</head>', () => `${links}</head>`)))
  copy('vendor/uPlot.min.css', join(root, 'node_modules/uplot/dist/uPlot.min.css'))
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

  // Last, because it describes the other files.
  wanted.set('service-worker.js', () => Buffer.concat([buildLine([...wanted.keys()]), shorter('service-worker.js')]))

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
  for (const folder of emptyFolders(siteRoot)) rmSync(folder, { recursive: true })
  console.log(`      build/site: ${wanted.size} files, ${written} written${stale.length ? `, ${stale.length} removed` : ''}`)
  for (const variant of /** @type {(keyof typeof variants)[]} */ (Object.keys(variants))) {
    const size = compressedSize(variant)
    console.log(`      .wasm, .js and .css compressed, ${variant}: ${Math.ceil(size / 1000)} KB (limit ${sizeLimit / 1000} KB)`)
    if (size > sizeLimit) console.warn('      warning: over the limit')
  }
})
