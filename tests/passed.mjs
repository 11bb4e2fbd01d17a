// What passed in an earlier run, by the content of all that it depends on: a second tests/run on the same files does not
// run it again. The file is in build, so a new clone knows of nothing.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import * as os from 'node:os'
import { dirname, join } from 'node:path'
import { dataRoot, root } from '../web/site/data.mjs'

const store = join(root, 'build/tests-passed.json')

/** @typedef {{passed: number, skipped: string[]}} Counts */

/** The files of a folder, or a file alone. @param {string} path @returns {string[]} */
export const filesAt = (path) => (!existsSync(path) ? [] : statSync(path).isDirectory() ? readdirSync(path).flatMap((name) => filesAt(join(path, name))) : [path])

/** What hashOf() found, by names, sizes and times of change. @type {Map<string, string>} */
const hashes = new Map()

/** The hash of some files and folders by their names and contents. @param {string[]} paths @returns {string} */
function hashOf(paths) {
  const files = paths.flatMap(filesAt).sort()
  const state = files.map((path) => `${path} ${statSync(path).size} ${statSync(path).mtimeMs}`).join('\n')
  const known = hashes.get(state)
  if (known) return known
  const hash = createHash('sha256')
  for (const path of files) hash.update(`${path}\0`).update(createHash('sha256').update(readFileSync(path)).digest())
  const found = hash.digest('hex')
  hashes.set(state, found)
  return found
}

/** What every test depends on: the machine, Node, the browser, seeds, the packages of the system and the data sets. */
const surroundings = () => [os.cpus()[0]?.model, os.cpus().length, process.version,
  ...Object.entries(process.env).filter(([name]) => /^(?:CHROME|RELUSCOPE_.*)$/.test(name)).sort(), hashOf([dataRoot, '/var/lib/dpkg/status'])].join()

/** All files of the project that git does not ignore, or none where git does not say. */
function sources() {
  try {
    const names = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return names.split('\0').filter(Boolean).map((name) => join(root, name)).filter((path) => existsSync(path) && statSync(path).isFile())
  } catch {
    return []
  }
}

/**
 * The key of a test that depends on some files of the project and of build alone, or, without a list, on all sources and
 * on what is built for the command lines and the page. undefined: it cannot be told, so it has to run.
 * @param {string[]} [paths]
 */
export function keyOf(paths) {
  const all = paths ?? sources()
  if (all.length === 0) return undefined
  const built = paths ? [] : ['build/native', 'build/wasm'].flatMap((folder) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [])
    .filter((name) => /^reluscope[^.]*(?:\.(?:mjs|js|wasm))?$/.test(name)).map((name) => join(root, folder, name)))
  return `${surroundings()} ${hashOf(all.concat(built))}`
}

/** @returns {Record<string, Counts & {key: string}>} by the test's name */
function load() {
  try {
    return JSON.parse(readFileSync(store, 'utf8'))
  } catch {
    return {}
  }
}

/** What a test counted when it last passed, if that was with this key. @param {string} name @param {string | undefined} key */
export function passedBefore(name, key) {
  const found = load()[name]
  return key !== undefined && found?.key === key ? found : undefined
}

/** Notes that a test passed, or that it did not. @param {string} name @param {string | undefined} key @param {Counts} [counts] */
export function note(name, key, counts) {
  const all = load()
  delete all[name]
  if (key !== undefined && counts) all[name] = { key, ...counts }
  mkdirSync(dirname(store), { recursive: true })
  writeFileSync(store, JSON.stringify(all))
}
