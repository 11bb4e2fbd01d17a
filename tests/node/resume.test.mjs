// Runs that are stopped by a signal or killed, and resumed: the same weights as those of an uninterrupted run,
// natively, in Node and from one to the other. Also tests saves that fail or are interrupted at each system call.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { headless, native, root, runSeveral, runWell, smallData, temporaryFolder, trainJson } from './support.mjs'

/** @typedef {import('./support.mjs').Program} Program */

const settings = ['--data', smallData(), '--model', 'dense 24 | relu | dropout 0.2 | dense 10', '--epochs', '6', '--batch', '32', '--accumulate', '2', '--ema', '0.9', '--log_every', '1']
const whole = trainJson(native, settings).hash
const seed = Number(process.env.RELUSCOPE_TEST_SEED ?? 20240607)

/** Random numbers in [0, 1). The printed seed reproduces them. */
function randomNumbers() {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

/**
 * Starts a run and sends it a signal once it has printed a number of lines.
 * @param {Program} program @param {string[]} args @param {number} lines @param {NodeJS.Signals} signal
 * @returns {Promise<{ code: number | null, signal: NodeJS.Signals | null, stdout: string }>}
 */
function interrupt(program, args, lines, signal) {
  const [command, ...first] = program.command
  const child = spawn(command, [...first, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  let stdout = ''
  let sent = false
  child.stdout.setEncoding('utf8')
  child.stdout.on('data', (text) => {
    stdout += text
    if (sent || stdout.split('\n').length <= lines) return
    sent = true
    child.kill(signal)
  })
  return new Promise((done) => child.on('close', (code, killedBy) => done({ code, signal: killedBy, stdout })))
}

for (const program of [native, headless]) {
  for (const [name, code] of /** @type {[NodeJS.Signals, number][]} */ ([['SIGINT', 130], ['SIGTERM', 143]])) {
    test(`${program.name}: ${name} at a random step saves the run, and the other program resumes it`, async (t) => {
      t.diagnostic(`seed ${seed}`)
      const random = randomNumbers()
      const file = join(temporaryFolder(), 'run')
      const stopped = await interrupt(program, ['train', ...settings, '--checkpoint', file], 4 + Math.floor(random() * 60), name)
      assert.equal(stopped.code, code)
      assert.match(stopped.stdout, /Interrupted at step \d+ \(epoch \d\): resume with --resume /)
      assert.equal(trainJson(program === native ? headless : native, ['--resume', file]).hash, whole)
    })
  }

  test(`${program.name}: a killed run resumes from its last epoch`, async (t) => {
    t.diagnostic(`seed ${seed}`)
    const file = join(temporaryFolder(), 'run')
    // An epoch prints a line for each of 63 steps, and three more lines.
    const killed = await interrupt(program, ['train', ...settings, '--checkpoint', file], 70 + Math.floor(randomNumbers()() * 100), 'SIGKILL')
    assert.equal(killed.signal, 'SIGKILL')
    const resumed = trainJson(program, ['--resume', file])
    assert.ok(resumed.of('epoch').length < 6, 'not from the beginning')
    assert.equal(resumed.hash, whole)
  })

  test(`${program.name}: settings that contradict a checkpoint are rejected by name; speed and epochs may change`, () => {
    const file = join(temporaryFolder(), 'run')
    runWell(program, ['train', ...settings.map((word) => (word === '6' ? '2' : word)), '--checkpoint', file])
    const config = join(temporaryFolder(), 'not-one')
    writeFileSync(config, 'no checkpoint')
    /** @type {[string[], RegExp][]} */
    const cases = [
      [['--lr', '0.5'], /lr is 0.5, but the checkpoint's run has 0.001/],
      [['--seed', '2'], /seed is 2, but the checkpoint's run has 1/],
      [['--epochs', '1'], /epochs is 1, but the checkpoint's run has 2: a resumed run can have more epochs/],
      [['--config', 'x.json'], /--resume takes the settings of its checkpoint/],
    ]
    const outcomes = runSeveral(program, [...cases.map(([flags]) => ['train', '--resume', file, ...flags]), ['train', '--resume', config]])
    for (const [at, [, words]] of cases.entries()) {
      const { status, stderr } = outcomes[at]
      assert.equal(status, 2, stderr)
      assert.match(stderr, words)
    }
    assert.match(outcomes[cases.length].stderr, /safetensors: the header is said to have/)
    assert.equal(trainJson(program, ['--resume', file, '--epochs', '6', '--threads', '1', '--lr', '0.001']).hash, whole)
  })
}

// ---- Faults ---------------------------------------------------------------------------------------------------------

/** The compiled shim; '' and a reason if it cannot be compiled. */
function buildShim() {
  const path = join(temporaryFolder(), 'faults.so')
  if (process.platform !== 'linux') return { path: '', why: 'LD_PRELOAD is Linux alone' }
  const built = spawnSync('c++', ['-std=c++20', '-O1', '-shared', '-fPIC', join(root, 'tests/faults.cpp'), '-o', path, '-ldl'], { encoding: 'utf8' })
  return built.status === 0 ? { path, why: '' } : { path: '', why: `the shim cannot be compiled: ${built.stderr}` }
}
const shim = buildShim()
const skip = shim.why || false

/** A run of one epoch: its folder, its checkpoint, and the hash after a second epoch, in which one save is left. */
function runBeforeItsLastSave() {
  const folder = temporaryFolder()
  const few = ['--data', smallData(), '--model', 'dense 8 | relu | dense 10', '--epochs', '1', '--batch', '64']
  runWell(native, ['train', ...few, '--checkpoint', join(folder, 'first')])
  copyFileSync(join(folder, 'first'), join(folder, 'old'))
  return { folder, old: readFileSync(join(folder, 'first')), end: trainJson(native, ['--resume', join(folder, 'first'), '--epochs', '2']).hash }
}

for (const action of ['fail', 'kill']) {
  test(`a save that ${action === 'fail' ? 'fails' : 'is killed'} at any system call leaves the old or the new file`, { skip }, () => {
    const { folder, old, end } = runBeforeItsLastSave()
    const file = join(folder, 'run')
    /** @type {string[]} */
    const calls = []
    for (let n = 1; ; ++n) {
      assert.ok(n < 100, 'the calls of a save have an end')
      writeFileSync(file, old)
      const result = spawnSync(native.command[0], ['train', '--resume', join(folder, 'old'), '--epochs', '2', '--checkpoint', file], {
        encoding: 'utf8', cwd: root, env: { ...process.env, LD_PRELOAD: shim.path, RELUSCOPE_FAULT_PATH: file, RELUSCOPE_FAULT_AT: String(n), RELUSCOPE_FAULT: action },
      })
      const fault = /fault: (\w+)/.exec(result.stderr)?.[1]
      if (!fault) {
        assert.equal(result.status, 0, result.stderr)
        break
      }
      calls.push(fault)
      assert.equal(trainJson(native, ['--resume', file, '--epochs', '2']).hash, end, `${action} at call ${n}, ${fault}`)
      if (action === 'kill') {
        assert.equal(result.signal, 'SIGKILL')
        continue
      }
      // A failure to close the folder loses nothing and is ignored.
      const warnings = result.stderr.match(/warning: checkpoint: ".*" cannot be written/g)?.length ?? 0
      assert.ok(warnings === 1 || (fault === 'close' && warnings === 0), result.stderr)
      assert.equal(result.status, warnings === 0 ? 0 : 3)
      assert.match(result.stdout, /Weights SHA-256: /)
    }
    for (const call of ['open', 'write', 'fsync', 'rename']) assert.ok(calls.includes(call), `${call} among ${calls}`)
  })
}

test('storage full: one warning, training continues, the previous checkpoint is kept', { skip }, () => {
  const { folder, old } = runBeforeItsLastSave()
  const file = join(folder, 'run')
  writeFileSync(file, old)
  const { status, stderr, stdout } = spawnSync(native.command[0], ['train', '--resume', join(folder, 'old'), '--epochs', '4', '--checkpoint', file], {
    encoding: 'utf8', cwd: root, env: { ...process.env, LD_PRELOAD: shim.path, RELUSCOPE_FAULT_PATH: file, RELUSCOPE_FAULT: 'full' },
  })
  assert.equal(status, 3, stderr)
  assert.equal(stderr.match(/warning: checkpoint: ".*" cannot be written: No space left on device; training continues, and the checkpoint before is kept/g)?.length, 1, stderr)
  assert.equal(stdout.match(/Test set: /g)?.length, 3)
  assert.ok(readFileSync(file).equals(old))
  assert.deepEqual(readdirSync(folder).filter((name) => /part|lock/.test(name)), [])
  assert.ok(existsSync(file))
})
