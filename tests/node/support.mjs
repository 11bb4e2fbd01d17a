// Helpers for the tests in Node: run the two command lines, and create small subsets of MNIST.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, openSync, readSync, closeSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const tier = process.env.RELUSCOPE_TIER
/** The skip option of slow tests: false, or why they are skipped. */
export const slow = tier === 'quick' ? 'not in tests/run quick' : false
/** The skip option of tests that repeat another test for other compilers, lengths or numbers. */
export const fullOnly = tier === 'full' ? false : 'only in tests/run full'

/** @typedef {{ name: string, command: string[] }} Program a command line */
/** @typedef {{ status: number | null, stdout: string, stderr: string }} Outcome exit status and output of a program */

/** @type {Program} */
export const native = { name: 'native', command: [join(root, 'build/native/reluscope')] }
/** @type {Program} */
export const headless = { name: 'node', command: [process.execPath, join(root, 'web/node/headless.mjs')] }
/** @type {Program} */
export const clang = { name: 'clang', command: [join(root, 'build/clang/reluscope')] }
/** @type {Program} */
export const sanitized = { name: 'sanitizers', command: [join(root, 'build/asan/reluscope')] }
/** @type {Program} */
export const threadSanitized = { name: 'thread sanitizer', command: [join(root, 'build/tsan/reluscope')] }

/**
 * @param {Program} program
 * @param {string[]} args
 */
export function run(program, args) {
  const [command, ...first] = program.command
  // A program that does not end is a failure.
  const result = spawnSync(command, [...first, ...args], { encoding: 'utf8', maxBuffer: 1 << 28, cwd: root, timeout: 900_000 })
  if (result.error) throw result.error
  return { status: result.status, stdout: result.stdout, stderr: result.stderr }
}

/**
 * Runs a program once for each list of arguments. In Node all runs share one process (several.mjs).
 * @param {Program} program
 * @param {string[][]} lists
 * @returns {Outcome[]}
 */
export function runSeveral(program, lists) {
  if (program.name !== headless.name) return lists.map((args) => run(program, args))
  const [command, ...options] = program.command
  const script = options.pop() ?? ''
  const result = spawnSync(command, [...options, join(root, 'tests/node/several.mjs'), script], {
    input: JSON.stringify(lists), encoding: 'utf8', maxBuffer: 1 << 28, cwd: root, timeout: 900_000,
  })
  if (result.error) throw result.error
  if (result.status !== 0) throw new Error(`several runs in Node: exit code ${result.status}\n${result.stdout}${result.stderr}`)
  return JSON.parse(result.stdout)
}

/**
 * Runs a program that must succeed.
 * @param {Program} program
 * @param {string[]} args
 */
export function runWell(program, args) {
  const result = run(program, args)
  if (result.status !== 0) {
    throw new Error(`${program.name} ${args.join(' ')}: exit code ${result.status}\n${result.stdout}${result.stderr}`)
  }
  return result
}

/**
 * The JSON events of a training run.
 * @param {Program} program
 * @param {string[]} args
 */
export function trainJson(program, args) {
  return eventsOf(runWell(program, ['train', ...args, '--jsonl', '-']))
}

/**
 * The JSON events of several training runs. In Node they share one process.
 * @param {Program} program
 * @param {string[][]} lists of arguments
 */
export function trainSeveral(program, lists) {
  return runSeveral(program, lists.map((args) => ['train', ...args, '--jsonl', '-'])).map(({ status, stdout, stderr }, at) => {
    if (status !== 0) throw new Error(`${program.name} train ${lists[at].join(' ')}: exit code ${status}\n${stdout}${stderr}`)
    return eventsOf({ stdout, stderr })
  })
}

/** @param {{ stdout: string, stderr: string }} printed by train --jsonl - */
function eventsOf({ stdout, stderr }) {
  const events = stdout.trimEnd().split('\n').map((line) => JSON.parse(line))
  const of = (/** @type {string} */ kind) => events.filter((event) => event.event === kind)
  return { events, of, stderr, hash: /** @type {string} */ (of('done')[0]?.weights_sha256) }
}

/** @type {string[]} */
const folders = []
process.on('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A temporary folder that is removed after the tests of the file. */
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'reluscope-'))
  folders.push(folder)
  return folder
}

export const idxNames = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']

/**
 * The first items of a file of MNIST, as an IDX file.
 * @param {string} name
 * @param {number} count
 */
export function cutIdx(name, count) {
  const path = join(root, 'build/data/mnist', name)
  if (!existsSync(path)) throw new Error(`${path} is missing; run node web/site/data.mjs`)
  const images = name.includes('images')
  const [header, size] = images ? [16, 784] : [8, 1]
  const bytes = Buffer.alloc(header + count * size)
  const file = openSync(path, 'r')
  readSync(file, bytes, 0, bytes.length, 0)
  closeSync(file)
  bytes.writeUInt32BE(count, 4)
  return bytes
}

/**
 * The files of a small data set: the first samples of MNIST.
 * @param {number} [train]
 * @param {number} [test]
 * @returns {Record<string, Buffer>}
 */
export function smallFiles(train = 2000, test = 1000) {
  return Object.fromEntries(idxNames.map((name) => [name, cutIdx(name, name.startsWith('train') ? train : test)]))
}

/**
 * Writes files into a new temporary folder.
 * @param {Record<string, Uint8Array | string>} files
 */
export function folderOf(files) {
  const folder = join(temporaryFolder(), 'data')
  mkdirSync(folder)
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes)
  return folder
}

/** @type {string | undefined} */
let small

/** A folder with the first 2,000 training and 1,000 test images of MNIST. */
export function smallData() {
  small ??= folderOf(smallFiles())
  return small
}
