// Same seed, same bits: one weight hash from every SIMD target, compiler, build and engine.
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import * as os from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { clang, folderOf, fullOnly, headless, native, runWell, sanitized, slow, smallData, trainJson } from './support.mjs'

const targets = runWell(native, ['simd']).stdout.trimEnd().split('\n')

const runs = ['relu', 'leaky_relu', 'prelu', 'elu', 'swish'].map((activation) => ({
  name: activation,
  args: ['--data', smallData(), '--epochs', '1', '--model', `dense 64 | ${activation} | dense 10`],
}))
runs.push(
  { name: 'a deep net with ragged sizes', args: ['--data', smallData(), '--epochs', '1', '--batch', '37', '--model', 'dense 45 | tanh | dense 33 | sigmoid | dense 10'] },
  { name: 'SGD with momentum', args: ['--data', smallData(), '--epochs', '1', '--optimizer', 'sgd', '--lr', '0.05', '--momentum', '0.9', '--nesterov', 'true'] },
)

test('several SIMD targets are there to compare', () => {
  assert.ok(targets.length >= 2, targets.join(' '))
})

// Node as on a machine of four cores: where there are fewer, the threads share them.
const shim = join(folderOf({}), 'four-cores.cjs')
writeFileSync(shim, `const os = require('os')
const [core] = os.cpus()
os.cpus = () => Array(4).fill(core)
os.availableParallelism = () => 4
require('module').syncBuiltinESMExports()
`)
const [node, ...rest] = headless.command
const fourCores = { ...headless, command: [node, '--require', shim, ...rest] }

const inputs = ['dense', 'sparse']

for (const { name, args } of runs) {
  const reference = trainJson(native, args)

  test(`${name}: every SIMD target`, () => {
    for (const target of targets) {
      const result = trainJson(native, [...args, '--simd', target])
      assert.equal(result.of('start')[0].simd, target)
      assert.equal(result.hash, reference.hash, target)
    }
  })

  for (const program of [native, headless]) {
    test(`${name}: 1 and 2 threads, dense and sparse, ${program.name}`, () => {
      for (const threads of [1, 2]) {
        for (const input of inputs) {
          const result = trainJson(program, [...args, '--threads', String(threads), '--input', input])
          const [start] = result.of('start')
          assert.equal(start.threads, Math.min(threads, os.availableParallelism?.() ?? os.cpus().length))
          assert.equal(start.input, input)
          assert.equal(result.hash, reference.hash, `${threads} threads, ${input}`)
        }
      }
    })
  }

  test(`${name}: 3 and 4 threads, ${headless.name}`, { skip: slow }, () => {
    for (const threads of [3, 4]) {
      const result = trainJson(fourCores, [...args, '--threads', String(threads)])
      assert.equal(result.of('start')[0].threads, threads)
      assert.equal(result.hash, reference.hash, `${threads} threads`)
    }
  })

  for (const program of [clang, sanitized]) {
    test(`${name}: ${program.name}`, { skip: fullOnly }, () => {
      assert.ok(existsSync(program.command[0]), `${program.command[0]} is not built`)
      assert.equal(trainJson(program, args).hash, reference.hash)
    })
  }
}

test('another seed gives other bits', () => {
  const { args } = runs[0]
  assert.notEqual(trainJson(native, [...args, '--seed', '2']).hash, trainJson(native, args).hash)
})
