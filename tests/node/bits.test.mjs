// Same seed, same bits: one weight hash from every SIMD target, compiler, build and engine.
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import * as os from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { clang, folderOf, fullOnly, headless, native, runWell, sanitized, slow, smallData, threadSanitized, trainJson, trainSeveral } from './support.mjs'

const targets = runWell(native, ['simd']).stdout.trimEnd().split('\n')

const small = ['--data', smallData(), '--epochs', '1', '--train_samples', '1000']
/**
 * The configurations; thorough: all variants in every tier, not only in `tests/run full`.
 * @type {{ name: string, args: string[], thorough?: boolean }[]}
 */
const runs = ['relu', 'leaky_relu', 'prelu', 'elu', 'swish'].map((activation) => (
  { name: activation, args: [...small, '--model', `dense 64 | ${activation} | dense 10`], thorough: activation === 'relu' }))
runs.push(
  { name: 'a deep net with ragged sizes', args: [...small, '--batch', '37', '--model', 'dense 45 | tanh | dense 33 | sigmoid | dense 10'], thorough: true },
  { name: 'SGD with momentum', args: [...small, '--optimizer', 'sgd', '--lr', '0.05', '--momentum', '0.9', '--nesterov', 'true'] },
)
const references = trainSeveral(native, runs.map(({ args }) => args)).map(({ hash }) => hash)

test('there are several SIMD targets to compare', () => {
  assert.ok(targets.length >= 2, targets.join(' '))
})

// Node as on a machine with four cores. With fewer, the threads share them.
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

test('Node gives the bits of the native program', () => {
  // With one and two threads, on dense and sparse pixels.
  const lists = runs.map(({ args }, at) => [...args, '--threads', String(1 + (at % 2)), '--input', inputs[(at >> 1) % 2]])
  for (const [at, { hash }] of trainSeveral(headless, lists).entries()) assert.equal(hash, references[at], runs[at].name)
})

for (const [at, { name, args, thorough }] of runs.entries()) {
  const reference = references[at]
  const skip = thorough ? false : fullOnly

  test(`${name}: every SIMD target`, { skip }, () => {
    for (const [k, result] of trainSeveral(native, targets.map((target) => [...args, '--simd', target])).entries()) {
      assert.equal(result.of('start')[0].simd, targets[k])
      assert.equal(result.hash, reference, targets[k])
    }
  })

  for (const program of [native, headless]) {
    test(`${name}: 1 and 2 threads, dense and sparse, ${program.name}`, { skip }, () => {
      const ways = [1, 2].flatMap((threads) => inputs.map((input) => ({ threads, input })))
      const results = trainSeveral(program, ways.map(({ threads, input }) => [...args, '--threads', String(threads), '--input', input]))
      for (const [k, { threads, input }] of ways.entries()) {
        const [start] = results[k].of('start')
        assert.equal(start.threads, Math.min(threads, os.availableParallelism?.() ?? os.cpus().length))
        assert.equal(start.input, input)
        assert.equal(results[k].hash, reference, `${threads} threads, ${input}`)
      }
    })
  }

  test(`${name}: 3 and 4 threads, ${headless.name}`, { skip: slow || skip }, () => {
    for (const [k, result] of trainSeveral(fourCores, ['3', '4'].map((threads) => [...args, '--threads', threads])).entries()) {
      assert.equal(result.of('start')[0].threads, 3 + k)
      assert.equal(result.hash, reference, `${3 + k} threads`)
    }
  })

  for (const program of [clang, sanitized, threadSanitized]) {
    test(`${name}: ${program.name}`, { skip: fullOnly }, () => {
      assert.ok(existsSync(program.command[0]), `${program.command[0]} is not built`)
      assert.equal(trainJson(program, args).hash, reference)
    })
  }
}

test('another seed gives other bits', () => {
  assert.notEqual(trainJson(native, [...runs[0].args, '--seed', '2']).hash, references[0])
})
