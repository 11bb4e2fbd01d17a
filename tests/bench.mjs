// Measures, side by side in one run; asserts nothing.
//
//   tests/run bench      the reference workload: 784-512-10, ReLU, Adam, batch 64, all of MNIST; natively, in Node, in
//                        Chromium and in PyTorch with its data in memory; 1 and 2 threads, sparse and dense input;
//                        then a convolutional network, and single kernels (native/bench/rates.cpp)
//   tests/run scaling    how the native program's speed follows width, depth and batch size
//
// The programs take turns, so that a slow minute of a shared machine hits them all; the first epoch of each turn is
// warm-up. The table gives medians over the other epochs of all turns.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import os from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { folderOf, headless, native, root, smallFiles, trainJson } from './node/support.mjs'

const turns = 3
/** Epochs of a turn; the slower programs make fewer. */
const [many, few] = [3, 2]
const python = '/usr/bin/python3'
/** The network whose convolutions are measured, on so many images. */
const convModel = 'conv 32x3 p1 | bn | relu | pool 2 | conv 64x3 p1 | bn | relu | pool 2 | dense 128 | relu | dropout 0.5 | dense 10'
const convSamples = 4000

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * The output of a command, without blocking, so that two can run at the same time.
 * @param {string[]} command
 * @param {Record<string, string>} [environment] beside what it has anyway
 * @returns {Promise<string>}
 */
function outputOf([program, ...args], environment = {}) {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } })
    let [output, errors] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (part) => (output += part))
    child.stderr.setEncoding('utf8').on('data', (part) => (errors += part))
    child.on('error', failed)
    child.on('close', (code) => (code === 0 ? done(output) : failed(new Error(`${program} ${args.join(' ')}: exit code ${code}\n${errors}`))))
  })
}

/**
 * Rates of copies that run at the same time, summed epoch by epoch.
 * @param {number} copies
 * @param {() => Promise<number[]>} rates
 */
async function together(copies, rates) {
  const all = await Promise.all(Array.from({ length: copies }, rates))
  return all[0].map((_, epoch) => all.reduce((sum, each) => sum + each[epoch], 0))
}

/** @param {string} lines of JSON @returns {any[]} */
const parseLines = (lines) => lines.trimEnd().split('\n').map((line) => JSON.parse(line))

/** @typedef {{samples_per_second: number, test_loss: number, test_accuracy: number}} Epoch */

/**
 * Samples per second of each epoch of one of our command lines.
 * @param {import('./node/support.mjs').Program} program
 * @param {string[]} flags
 * @param {{epochs?: number, copies?: number, look?: (epochs: Epoch[]) => void}} [options]
 */
function ours(program, flags, { epochs = many, copies = 1, look = () => {} } = {}) {
  return () => together(copies, async () => {
    const lines = await outputOf([...program.command, 'train', '--data', 'mnist', '--epochs', String(epochs), '--jsonl', '-', ...flags])
    /** @type {Epoch[]} */
    const made = parseLines(lines).filter(({ event }) => event === 'epoch')
    look(made)
    return made.map((epoch) => epoch.samples_per_second)
  })
}

/** @param {string[]} flags */
const referenceProgram = (flags) => [
  python, join(root, 'tests/golden/reference_program.py'), '--data', join(root, 'build/data/mnist'), '--in-memory', '--init', 'he', '--quiet', ...flags,
]

/** OpenBLAS makes a thread for every core by itself: what torch.set_num_threads(1) says does not reach it. */
const oneThread = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }

/** @param {number} threads @param {Record<string, string>} environment @param {number} [epochs] @param {string[]} [flags] */
const pytorch = (threads, environment, epochs = few, flags = []) => async () => {
  const text = await outputOf(referenceProgram(['--epochs', String(epochs), '--threads', String(threads), '--no-gemm', ...flags]), environment)
  return [...text.matchAll(/^Epoch \d+: .* ([\d.]+) samples\/s/gm)].map((match) => Number(match[1]))
}

/**
 * With two threads PyTorch has two pools of them, OpenMP's and OpenBLAS's. Both wait by spinning and so take each
 * other's cores where there are no more than two. Which setting does best depends on the machine: an epoch of each tells.
 */
async function bestOfPytorch() {
  /** @type {[string, Record<string, string>][]} */
  const settings = [
    ['as it comes', {}], ['OMP_WAIT_POLICY=PASSIVE', { OMP_WAIT_POLICY: 'PASSIVE' }], ['OPENBLAS_NUM_THREADS=1', { OPENBLAS_NUM_THREADS: '1' }],
  ]
  const tried = []
  for (const [name, environment] of settings) {
    process.stderr.write(`PyTorch, 2 threads, ${name}\n`)
    tried.push({ name, environment, rate: (await pytorch(2, environment, 1)())[0] })
  }
  const best = tried.reduce((one, other) => (other.rate > one.rate ? other : one))
  const list = tried.map(({ name, rate }) => `${name} ${Math.round(rate)}`).join('; ')
  return { environment: best.environment, note: `PyTorch with 2 threads, samples/s of one epoch by setting, the best of which is in the table: ${list}` }
}

function pytorchIsHere() {
  return existsSync(python) && spawnSync(python, ['-c', 'import torch']).status === 0
}

/**
 * In real Chromium, through the engine module of the built site.
 * @param {import('./browser/support.mjs').Site} site
 * @param {Record<string, unknown>} config
 * @param {{epochs?: number, copies?: number}} [options]
 */
function chromium(site, config, { epochs = many, copies = 1 } = {}) {
  return async () => {
    const page = await site.browser.newPage({ serviceWorkers: 'block' })
    await page.goto(`${site.url}engine/engine.js`)
    const all = await page.evaluate(async ({ address, wanted, number }) => {
      const { createEngine } = await import(address)
      const engines = await Promise.all(Array.from({ length: number }, () => createEngine()))
      for (const engine of engines) await engine.configure(wanted)
      const rates = await Promise.all(engines.map(async (engine) => {
        /** @type {number[]} */
        const own = []
        const finished = new Promise((done) => engine.on('done', done))
        engine.on('epoch', (/** @type {any} */ { samplesPerSecond }) => own.push(samplesPerSecond))
        await engine.train()
        await finished
        return own
      }))
      for (const engine of engines) engine.close()
      return rates
    }, { address: `${site.url}engine/engine.js`, wanted: { ...config, epochs }, number: copies })
    await page.close()
    return all[0].map((_, epoch) => all.reduce((sum, each) => sum + each[epoch], 0))
  }
}

/** @typedef {{case: string, size: string, target: string, unit: string, best: number, median: number, share: number}} KernelRate */
/** @typedef {{name: string, rates: () => Promise<KernelRate[]>, all: KernelRate[][]}} KernelColumn */

const kernelProgram = join(root, 'build/native/bench/kernel_rates')
const kernelModule = join(root, 'build/wasm/kernel-rates')

/** The kernels' rates in this Node, as lines. */
async function printKernelRates() {
  const { default: create } = await import(pathToFileURL(`${kernelModule}.mjs`).href)
  await create({ wasmBinary: readFileSync(`${kernelModule}.wasm`), print: (/** @type {string} */ line) => console.log(line) })
}

/**
 * In real Chromium. The module is no part of the site: it goes to the page past the server.
 * @param {import('./browser/support.mjs').Site} site
 * @returns {Promise<KernelRate[]>}
 */
async function chromiumKernelRates(site) {
  const page = await site.browser.newPage({ serviceWorkers: 'block' })
  await page.route('**/kernel-rates.*', (route) =>
    route.fulfill({ path: join(root, 'build/wasm', basename(new URL(route.request().url()).pathname)) }))
  await page.goto(`${site.url}engine/engine.js`)
  const lines = await page.evaluate(async (address) => {
    /** @type {string[]} */
    const printed = []
    const { default: create } = await import(address)
    await create({ print: (/** @type {string} */ line) => printed.push(line) })
    return printed
  }, `${site.url}kernel-rates.mjs`)
  await page.close()
  return parseLines(lines.join('\n'))
}

/**
 * Who can measure single kernels here; says what is missing.
 * @param {import('./browser/support.mjs').Site} site
 * @param {string} node
 * @returns {KernelColumn[]}
 */
function kernelColumns(site, node) {
  /** @type {KernelColumn[]} */
  const columns = []
  const add = (/** @type {string} */ name, /** @type {KernelColumn['rates']} */ rates) => columns.push({ name, rates, all: [] })
  const missing = (/** @type {string} */ path, /** @type {string} */ preset) => console.log(
    `${path} is missing, so there are no rates of it: tests/run bench builds it, or cmake --preset ${preset} -DRELUSCOPE_BENCH=ON.\n`)
  if (existsSync(kernelProgram)) {
    const targets = spawnSync(native.command[0], ['simd'], { encoding: 'utf8' }).stdout.split(/\s+/)
    for (const target of targets.filter((name) => name && name !== 'scalar')) {
      add(`native ${target}`, async () => parseLines(await outputOf([kernelProgram, target])))
    }
  } else missing('build/native/bench/kernel_rates', 'native')
  if (existsSync(`${kernelModule}.mjs`)) {
    add(node, async () => parseLines(await outputOf([process.execPath, fileURLToPath(import.meta.url), 'kernels'])))
    add('Chromium', () => chromiumKernelRates(site))
  } else missing('build/wasm/kernel-rates.mjs', 'wasm')
  return columns
}

/**
 * Each kernel's best rate of a turn, the median of turns, with the share of the core's peak; and the goals.
 * @param {KernelColumn[]} columns
 * @param {string} node
 */
function printKernels(columns, node) {
  if (columns.length === 0) return
  /** @param {KernelColumn} column @param {string} kernel @param {'best' | 'share'} what */
  const value = ({ all }, kernel, what) =>
    median(all.flatMap((rates) => rates.filter((rate) => `${rate.case}, ${rate.size}` === kernel).map((rate) => rate[what])))
  const kernels = new Map(columns.flatMap(({ all }) => all[0].map((rate) => [`${rate.case}, ${rate.size}`, rate.unit])))
  console.log(`\nSingle kernels, 1 thread, and their share of what the core can do (native/bench); the best of each turn, medians of ${turns} turns`)
  printTable(['kernel', 'unit', ...columns.map(({ name }) => name)], [...kernels].map(([kernel, unit]) => [
    kernel, unit, ...columns.map((column) => {
      const rate = value(column, kernel, 'best')
      return rate > 0 ? `${rate.toFixed(1)} (${Math.round(100 * value(column, kernel, 'share'))}%)` : '–'
    }),
  ]))
  console.log('')
  const micro = [...kernels.keys()].find((kernel) => kernel.startsWith('micro-kernel')) ?? ''
  const forward = [...kernels.keys()].find((kernel) => kernel.startsWith('forward 1')) ?? ''
  // The fastest target is the native one that counts.
  const first = columns.find(({ name }) => name.startsWith('native'))
  const goals = new Map([[first?.name, '110'], [node, '44'], ['Chromium', '50']])
  printTable(['dense products', 'reached', 'goal'], [
    ...columns.map((column) => [`${column.name}: micro-kernel, GFLOP/s`, value(column, micro, 'best').toFixed(1), goals.get(column.name) ?? '–']),
    ...columns.map((column) => [
      `${column.name}: forward 1 / micro-kernel`, (value(column, forward, 'best') / value(column, micro, 'best')).toFixed(2), '0.85']),
  ])
}

/**
 * Convolutions against the first layer's dense product, by the time that one step's take together.
 * @param {KernelColumn[]} columns
 */
function printConvolutions(columns) {
  if (columns.length === 0) return
  const step = ['conv 1 forward', 'conv 1 weight gradient', 'conv 2 forward', 'conv 2 input gradient', 'conv 2 weight gradient']
  const operations = (/** @type {string} */ size) => size.match(/\d+/g)?.map(Number).reduce((product, n, at) => (at === 2 ? product : product * n), 1) ?? 0
  console.log('')
  printTable(['convolutions of a step / forward 1', 'reached', 'goal'], columns.map(({ name, all }) => {
    const best = (/** @type {string} */ kernel) => median(all.flatMap((rates) => rates.filter((rate) => rate.case === kernel).map((rate) => rate.best)))
    const sizes = new Map(all[0].map((rate) => [rate.case, operations(rate.size)]))
    const work = step.map((kernel) => sizes.get(kernel) ?? 0)
    const seconds = step.map((kernel, at) => work[at] / best(kernel))
    const sum = (/** @type {number[]} */ values) => values.reduce((a, b) => a + b, 0)
    return [name, (sum(work) / sum(seconds) / best('forward 1')).toFixed(2), '0.6']
  }))
}

/** @typedef {{name: string, rates: () => Promise<number[]>, all: number[]}} Row */

/** @param {Row[]} rows @param {KernelColumn[]} columns */
async function measure(rows, columns) {
  for (let turn = 1; turn <= turns; turn++) {
    for (const row of rows) {
      process.stderr.write(`turn ${turn} of ${turns}: ${row.name}\n`)
      row.all.push(...(await row.rates()).slice(1))
    }
    for (const column of columns) {
      process.stderr.write(`turn ${turn} of ${turns}: kernels, ${column.name}\n`)
      column.all.push(await column.rates())
    }
  }
}

/** @param {string[]} heads @param {(string | number)[][]} rows the first column is text, the others are numbers */
function printTable(heads, rows) {
  const texts = [heads, ...rows.map((row) => row.map((cell) => (typeof cell === 'number' ? String(Math.round(cell)) : cell)))]
  const widths = heads.map((_, column) => Math.max(3, ...texts.map((row) => row[column].length)))
  const line = (/** @type {string[]} */ cells) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]))).join(' | ')} |`
  console.log(line(texts[0]))
  console.log(`| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`)
  for (const row of texts.slice(1)) console.log(line(row))
}

const machine = `${os.cpus()[0].model.trim()}, ${os.cpus().length} cores; ${new Date().toISOString().slice(0, 10)}`

async function reference() {
  const { openSite } = await import('./browser/support.mjs')
  const torch = pytorchIsHere() ? await bestOfPytorch() : undefined
  const site = await openSite()
  /** @type {Row[]} */
  const rows = []
  const add = (/** @type {string} */ name, /** @type {Row['rates']} */ rates) => rows.push({ name, rates, all: [] })
  if (torch) {
    add('PyTorch, 1 thread', pytorch(1, oneThread))
    add('PyTorch, 2 threads', pytorch(2, torch.environment))
  }
  const node = `Node ${process.versions.node.split('.')[0]}`
  for (const input of ['sparse', 'dense']) {
    const epochs = input === 'sparse' ? many : few
    for (const [name, program] of /** @type {const} */ ([['native', native], [node, headless]])) {
      for (const threads of [1, 2]) {
        add(`${name}, ${input}, ${threads} thread${threads > 1 ? 's' : ''}`, ours(program, ['--threads', String(threads), '--input', input], { epochs }))
      }
      if (input === 'sparse') add(`${name}, ${input}, two copies`, ours(program, ['--threads', '1', '--input', input], { epochs, copies: 2 }))
    }
    for (const threads of [1, 2]) {
      add(`Chromium, ${input}, ${threads} thread${threads > 1 ? 's' : ''}`, chromium(site, { input, threads }, { epochs }))
    }
    if (input === 'sparse') add(`Chromium, ${input}, two copies`, chromium(site, { input, threads: 1 }, { epochs, copies: 2 }))
    if (process.arch === 'x64') add(`native 128-bit, ${input}, 1 thread`, ours(native, ['--threads', '1', '--input', input, '--simd', 'sse4'], { epochs }))
  }
  // Inputs of -1000 to -900 make every step so large that the hidden units are off for all images before the first
  // epoch is over. Then all that is left of a network is the bias of its output. A decay of 0.9 brings both of Adam's
  // moments to zero within a few hundred steps, through the numbers that processors are slow with.
  const short = ['--threads', '1', '--beta2', '0.9']
  /** @type {Epoch | undefined} */
  let dead
  add('native, units alive, 1 thread', ours(native, short))
  add('native, units dead, 1 thread', ours(native, [...short, '--mean', '10', '--std', '0.01'], { look: (epochs) => (dead = epochs[0]) }))
  /** @type {Row[]} */
  const convRows = []
  const conv = (/** @type {string} */ name, /** @type {Row['rates']} */ rates) => convRows.push({ name, rates, all: [] })
  const convConfig = { model: convModel, train_samples: convSamples, input: 'dense' }
  const convFlags = Object.entries(convConfig).flatMap(([name, value]) => [`--${name}`, String(value)])
  for (const threads of [1, 2]) {
    const count = `${threads} thread${threads > 1 ? 's' : ''}`
    if (torch) conv(`PyTorch, ${count}`, pytorch(threads, threads === 1 ? oneThread : torch.environment, few, ['--conv', '--train-samples', String(convSamples)]))
    conv(`native, ${count}`, ours(native, ['--threads', String(threads), ...convFlags], { epochs: few }))
    conv(`${node}, ${count}`, ours(headless, ['--threads', String(threads), ...convFlags], { epochs: few }))
    conv(`Chromium, ${count}`, chromium(site, { ...convConfig, threads }, { epochs: few }))
  }
  const columns = kernelColumns(site, node)
  try {
    await measure([...rows, ...convRows], columns)
  } finally {
    await site.close()
  }

  const rate = (/** @type {string} */ name) => median(rows.find((row) => row.name === name)?.all ?? [])
  const base = rate('PyTorch, 1 thread')
  const of = (/** @type {number} */ value, /** @type {number} */ other) => (value > 0 && other > 0 ? (value / other).toFixed(2) : '–')
  console.log(`784-512-10, ReLU, Adam, batch 64, MNIST, training alone; ${machine}; medians of ${turns} turns`)
  printTable(['program', 'samples/s', 'least', 'most', 'of PyTorch'],
    rows.map(({ name, all }) => [name, median(all), Math.min(...all), Math.max(...all), of(median(all), base)]))
  console.log('')
  /** @type {[string, number, number, string][]} */
  const goals = [
    ['native / PyTorch, 1 thread', rate('native, sparse, 1 thread'), base, '3.3'],
    ['Chromium / PyTorch, 1 thread', rate('Chromium, sparse, 1 thread'), base, '1.65'],
    ['Node / PyTorch, 1 thread', rate(`${node}, sparse, 1 thread`), base, '1.35'],
    ['Chromium / native 128-bit', rate('Chromium, sparse, 1 thread'), rate('native 128-bit, sparse, 1 thread'), '0.85'],
    ...['native', node, 'Chromium'].map((name) => /** @type {[string, number, number, string]} */ (
      [`${name}: 2 threads / two copies`, rate(`${name}, sparse, 2 threads`), rate(`${name}, sparse, two copies`), '0.9'])),
    ...['native', node, 'Chromium'].map((name) => /** @type {[string, number, number, string]} */ (
      [`${name}: dense, 2 threads / 1 thread`, rate(`${name}, dense, 2 threads`), rate(`${name}, dense, 1 thread`), '–'])),
    ['native: units dead / alive', rate('native, units dead, 1 thread'), rate('native, units alive, 1 thread'), '1'],
  ]
  printTable(['ratio', 'reached', 'goal'], goals.map(([name, value, other, goal]) => [name, of(value, other), goal]))
  if (dead) {
    console.log(`\nWith its units dead the network's loss after one epoch is ${dead.test_loss.toFixed(3)} (chance: ${Math.log(10).toFixed(3)}), ` +
      `its accuracy ${(100 * dead.test_accuracy).toFixed(2)}%: one answer for every image.`)
  }
  console.log(`\n${convModel}\non the first ${convSamples} images; an epoch of all 60,000 takes`)
  const convBase = median(convRows.find((row) => row.name === 'PyTorch, 1 thread')?.all ?? [])
  printTable(['program', 'samples/s', 'seconds an epoch', 'of PyTorch'],
    convRows.map(({ name, all }) => [name, median(all), (60_000 / median(all)).toFixed(1), of(median(all), convBase)]))
  printKernels(columns, node)
  printConvolutions(columns)
  if (torch) {
    const text = await outputOf(referenceProgram(['--epochs', '0', '--threads', '1']), oneThread)
    const products = [...text.matchAll(/^GEMM (.+?): ([\d.]+) GFLOP\/s/gm)].map(([, name, gflops]) => `${name.replace(/ +/g, ' ')} ${gflops}`)
    console.log(`\n${torch.note}`)
    console.log(`\nPyTorch's matrix products, GFLOP/s on 1 thread: ${products.join('; ')}`)
  } else {
    console.log('\nPyTorch is not installed (Debian: python3-torch with libopenblas0-pthread), so there is no ratio to it.')
  }
}

function scaling() {
  /** @type {[string, number, number, number][]} what varies, width, depth, batch */
  const sizes = [
    ...[128, 256, 512, 1024, 2048, 4096].map((width) => /** @type {[string, number, number, number]} */ ([`width ${width}`, width, 1, 64])),
    ...[1, 2, 3, 5, 10].map((depth) => /** @type {[string, number, number, number]} */ ([`depth ${depth} of 256`, 256, depth, 64])),
    ...[16, 64, 256, 1024].map((batch) => /** @type {[string, number, number, number]} */ ([`batch ${batch}, width 512`, 512, 1, batch])),
  ]
  const parts = [10_000, 30_000].map((count) => ({ count, data: folderOf(smallFiles(count, 1000)) }))
  const rows = sizes.map(([name, width, depth, batch]) => {
    process.stderr.write(`${name}\n`)
    const products = 784 * width + (depth - 1) * width * width + 10 * width
    const { data } = products > 1e6 ? parts[0] : parts[1]
    const model = [...Array(depth).fill(`dense ${width} | relu`), 'dense 10'].join(' | ')
    const { of } = trainJson(native, ['--data', data, '--model', model, '--batch', String(batch), '--epochs', '2', '--threads', '1'])
    const rate = of('epoch')[1].samples_per_second
    return [name, products, rate, (1e6 / rate).toFixed(2), ((6 * products * rate) / 1e9).toFixed(1)]
  })
  console.log(`native, 1 thread, ReLU, Adam, a part of MNIST; ${machine}; the second of two epochs.`)
  console.log('GFLOP/s count every product, also those with the background, which sparse input leaves out.')
  printTable(['network', 'multiply-adds', 'samples/s', 'µs a sample', 'GFLOP/s'], rows)
}

if (process.argv[2] === 'scaling') scaling()
else if (process.argv[2] === 'kernels') await printKernelRates()
else await reference()
