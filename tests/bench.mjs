// Measures, side by side in one run; asserts nothing.
//
//   tests/run bench      the reference workload: 784-512-10, ReLU, Adam, batch 64, all of MNIST; natively, in Node, in
//                        Chromium and in PyTorch with its data in memory; 1 and 2 threads, sparse and dense input
//   tests/run scaling    how the native program's speed follows width, depth and batch size
//
// The programs take turns, so that a slow minute of a shared machine hits them all; the first epoch of each turn is
// warm-up. The table gives medians over the other epochs of all turns.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { folderOf, headless, native, root, smallFiles, trainJson } from './node/support.mjs'

const turns = 3
/** Epochs of a turn; the slower programs make fewer. */
const [many, few] = [3, 2]
const python = '/usr/bin/python3'

/** @param {number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * The output of a command, without blocking, so that two can run at the same time.
 * @param {string[]} command
 * @returns {Promise<string>}
 */
function outputOf([program, ...args]) {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
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

/**
 * Samples per second of each epoch of one of our command lines.
 * @param {import('./node/support.mjs').Program} program
 * @param {string[]} flags
 * @param {{epochs?: number, copies?: number}} [options]
 */
function ours(program, flags, { epochs = many, copies = 1 } = {}) {
  return () => together(copies, async () => {
    const lines = await outputOf([...program.command, 'train', '--data', 'mnist', '--epochs', String(epochs), '--jsonl', '-', ...flags])
    return lines.trimEnd().split('\n').map((line) => JSON.parse(line)).filter(({ event }) => event === 'epoch')
      .map((epoch) => /** @type {number} */ (epoch.samples_per_second))
  })
}

/** @param {string[]} flags */
const referenceProgram = (flags) => [
  python, join(root, 'tests/golden/reference_program.py'), '--data', join(root, 'build/data/mnist'), '--in-memory', '--init', 'he', '--quiet', ...flags,
]

/** @param {number} threads */
const pytorch = (threads) => async () => {
  const text = await outputOf(referenceProgram(['--epochs', String(few), '--threads', String(threads), '--no-gemm']))
  return [...text.matchAll(/^Epoch \d+: .* ([\d.]+) samples\/s/gm)].map((match) => Number(match[1]))
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
    await page.goto(`${site.url}LICENSE`)
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

/** @typedef {{name: string, rates: () => Promise<number[]>, all: number[]}} Row */

/** @param {Row[]} rows */
async function measure(rows) {
  for (let turn = 1; turn <= turns; turn++) {
    for (const row of rows) {
      process.stderr.write(`turn ${turn} of ${turns}: ${row.name}\n`)
      row.all.push(...(await row.rates()).slice(1))
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
  const site = await openSite()
  const torch = pytorchIsHere()
  /** @type {Row[]} */
  const rows = []
  const add = (/** @type {string} */ name, /** @type {Row['rates']} */ rates) => rows.push({ name, rates, all: [] })
  for (const threads of torch ? [1, 2] : []) add(`PyTorch, ${threads} thread${threads > 1 ? 's' : ''}`, pytorch(threads))
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
  try {
    await measure(rows)
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
  ]
  printTable(['ratio', 'reached', 'goal'], goals.map(([name, value, other, goal]) => [name, of(value, other), goal]))
  if (torch) {
    const text = await outputOf(referenceProgram(['--epochs', '0', '--threads', '1']))
    const products = [...text.matchAll(/^GEMM (.+?): ([\d.]+) GFLOP\/s/gm)].map(([, name, gflops]) => `${name.replace(/ +/g, ' ')} ${gflops}`)
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
else await reference()
