// The reference workload (784-512-10, ReLU, Adam, batch 64, all of MNIST, one thread) natively, in
// Node, in Chromium and in PyTorch with its data in memory, side by side in one run:
//
//   tests/run bench
//
// The programs take turns, so that a slow minute of a shared machine hits them all; the first
// epoch of each turn is warm-up. The table gives medians over the other epochs.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { headless, native, root, trainJson } from './node/support.mjs';

const turns = 3;
const epochs = 4;
const python = '/usr/bin/python3';

/** @param {number[]} values */
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** @param {import('./node/support.mjs').Program} program @param {string[]} [flags] */
const ourRates = (program, flags = []) => () =>
  trainJson(program, ['--epochs', String(epochs), ...flags]).of('epoch')
    .map((epoch) => /** @type {number} */ (epoch.samples_per_second));

function pytorchRates() {
  const result = spawnSync(python, [
    join(root, 'tests/golden/reference_program.py'), '--data', join(root, 'build/data/mnist'),
    '--in-memory', '--epochs', String(epochs), '--threads', '1', '--init', 'he', '--quiet', '--no-gemm',
  ], { encoding: 'utf8' });
  return [...result.stdout.matchAll(/^Epoch \d+: .* ([\d.]+) samples\/s/gm)].map((match) => Number(match[1]));
}

function pytorchIsHere() {
  return existsSync(python) && spawnSync(python, ['-c', 'import torch']).status === 0;
}

/** Trains in real Chromium through the engine module of the built site. */
async function chromiumRates() {
  const { openSite } = await import('./browser/support.mjs');
  const site = await openSite();
  try {
    const page = await site.browser.newPage();
    await page.goto(`${site.url}LICENSE`);
    return await page.evaluate(async ({ address, count }) => {
      const { createEngine } = await import(address);
      const engine = await createEngine();
      await engine.configure({ epochs: count });
      /** @type {number[]} */
      const rates = [];
      const finished = new Promise((resolve) => {
        engine.on('epoch', (/** @type {any} */ epoch) => {
          rates.push(epoch.samples_per_second ?? epoch.samplesPerSecond);
          if (rates.length === count) resolve(undefined);
        });
      });
      await engine.train();
      await finished;
      engine.close();
      return rates;
    }, { address: `${site.url}engine/engine.js`, count: epochs });
  } finally {
    await site.close();
  }
}

const rows = [
  { name: 'PyTorch, data in memory', rates: pytorchRates, wanted: pytorchIsHere() },
  { name: 'native, widest SIMD', rates: ourRates(native), wanted: true },
  { name: 'native, 128-bit (sse4)', rates: ourRates(native, ['--simd', 'sse4']), wanted: process.arch === 'x64' },
  { name: `WebAssembly, Node ${process.versions.node.split('.')[0]}`, rates: ourRates(headless), wanted: true },
  { name: 'WebAssembly, Chromium', rates: chromiumRates, wanted: existsSync(join(root, 'tests/browser/support.mjs')) },
].filter((row) => row.wanted).map((row) => ({ ...row, all: /** @type {number[]} */ ([]) }));

for (let turn = 1; turn <= turns; turn++) {
  for (const row of rows) {
    process.stderr.write(`turn ${turn} of ${turns}: ${row.name}\n`);
    row.all.push(...(await row.rates()).slice(1));
  }
}

const base = rows.find((row) => row.name.startsWith('PyTorch'));
console.log(`784-512-10, ReLU, Adam, batch 64, 1 thread; ${os.cpus()[0].model.trim()}, ${os.cpus().length} cores; `
  + `${new Date().toISOString().slice(0, 10)}; median of ${turns} x ${epochs - 1} epochs`);
console.log(`| ${'program'.padEnd(24)} | samples/s |     least |      most | ${base ? 'of PyTorch |' : ''}`);
console.log(`| ${'-'.repeat(24)} | --------: | --------: | --------: | ${base ? '---------: |' : ''}`);
for (const row of rows) {
  const cells = [median(row.all), Math.min(...row.all), Math.max(...row.all)]
    .map((rate) => String(Math.round(rate)).padStart(9));
  const ratio = base ? ` ${(median(row.all) / median(base.all)).toFixed(2).padStart(10)} |` : '';
  console.log(`| ${row.name.padEnd(24)} | ${cells.join(' | ')} |${ratio}`);
}
if (!base) console.log('PyTorch is not installed (Debian: python3-torch with libopenblas0-pthread), so there is no ratio to it.');
