// The same bits on another architecture: the program is compiled for 64-bit ARM, where its kernels use NEON, and run in
// qemu.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fullOnly, native, root, runWell, smallData, trainJson } from './support.mjs'

/** The folder into which tests/arm_root.sh unpacks the packages. */
const libraries = join(root, 'build/aarch64-root')
const program = join(root, 'build/aarch64/reluscope')
const has = (/** @type {string} */ command) => spawnSync('sh', ['-c', `command -v ${command}`]).status === 0
const missing = !has('qemu-aarch64') ? 'qemu-user is not installed'
  : !has('aarch64-linux-gnu-g++') ? 'g++-aarch64-linux-gnu is not installed'
  : !existsSync(libraries) ? "Debian's arm64 packages could not be had"
  : ''
const skip = fullOnly || missing || false

/** @type {import('./support.mjs').Program} */
const arm = { name: 'aarch64', command: ['qemu-aarch64', '-L', libraries, program] }
const base = ['--data', smallData(), '--epochs', '1']

for (const { name, samples, args } of [
  { name: 'dense', args: ['--model', 'dense 64 | relu | dense 33 | tanh | dense 10', '--batch', '37'], samples: '600' },
  { name: 'dropout and maxout, a norm of layers, SGD', args: ['--model', 'dense 40 | ln | prelu | dropout 0.3 | maxout 4 | dense 10', '--optimizer', 'sgd', '--momentum', '0.9'], samples: '600' },
  { name: 'conv, bn, gelu, muon', args: ['--model', 'conv 4x3 s2 p1 | bn | gelu | pool 2 | conv 6x3 | silu | dense 10', '--optimizer', 'muon'], samples: '192' },
]) {
  test(`64-bit ARM: ${name}`, { skip }, () => {
    const given = [...base, '--train_samples', samples, ...args]
    const reference = trainJson(native, given).hash
    for (const way of [['--simd', 'neon', '--threads', '1'], ['--simd', 'neon', '--threads', '2'], ['--simd', 'scalar']]) {
      const result = trainJson(arm, [...given, ...way])
      assert.equal(result.of('start')[0].simd, way[1])
      assert.equal(result.hash, reference, way.join(' '))
    }
  })
}

test('64-bit ARM has kernels of its own', { skip }, () => {
  assert.deepEqual(runWell(arm, ['simd']).stdout.trimEnd().split('\n'), ['neon', 'scalar'])
})
