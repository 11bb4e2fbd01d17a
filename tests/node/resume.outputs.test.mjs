// The output files of both command lines: nothing is lost or duplicated when a run is killed, when two processes write
// one file, or when a disk is full. Outputs that cannot be written are rejected before training, or reported.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, closeSync, existsSync, lstatSync, openSync, readFileSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { folderOf, headless, native, root, run, runWell, smallData, smallFiles, temporaryFolder, trainJson } from './support.mjs'

/** @typedef {import('./support.mjs').Program} Program */

const seed = Number(process.env.RELUSCOPE_TEST_SEED ?? 20240607)
const kills = process.env.RELUSCOPE_TIER === 'full' ? 100 : 4
const linux = process.platform !== 'linux' && 'needs Linux'
const programs = [native, headless]

/** Random numbers in [0, 1). The printed seed reproduces them. */
function randomNumbers() {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const settings = ['--data', smallData(), '--model', 'dense 12 | relu | dropout 0.2 | dense 10', '--epochs', '5', '--batch', '50', '--log_every', '1', '--probe', '17', '--validation', '100']
/** Long enough to inspect the run. */
const long = ['--data', smallData(), '--model', 'dense 12 | relu | dense 10', '--epochs', '100000', '--log_every', '1']
const short = ['--data', smallData(), '--model', 'dense 8 | relu | dense 10', '--epochs', '1', '--log_every', '5']

/** The events without the fields that depend on time. @param {string} path */
const eventsOf = (path) => readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => {
  const { seconds, samples_per_second: speed, ...event } = JSON.parse(line)
  void seconds, speed
  return event
})

/**
 * Starts a run and calls `act` once it has printed a number of lines. Resolves with how the run ended.
 * @param {Program} program @param {string[]} args @param {number} lines @param {(child: import('node:child_process').ChildProcess) => void} act
 */
function begin(program, args, lines, act) {
  const [command, ...first] = program.command
  const child = spawn(command, [...first, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr, done] = ['', '', false]
  child.stderr.on('data', (text) => (stderr += text))
  child.stdout.on('data', (text) => {
    stdout += text
    if (done || stdout.split('\n').length <= lines) return
    done = true
    act(child)
  })
  return new Promise((ended) => child.on('close', (code, signal) => ended({ code, signal, stdout, stderr })))
}

for (const program of programs) {
  test(`${program.name}: killed ${kills} times at random, a run resumes to the bits, events and rows of an uninterrupted one`, async (t) => {
    t.diagnostic(`seed ${seed}`)
    const random = randomNumbers()
    const whole = temporaryFolder()
    const { hash } = trainJson(native, settings)
    runWell(program, ['train', ...settings, '--jsonl', join(whole, 'run.jsonl'), '--csv', join(whole, 'run.csv')])
    const [events, rows] = [eventsOf(join(whole, 'run.jsonl')), readFileSync(join(whole, 'run.csv'), 'utf8')]
    for (let k = 0; k < kills; k += 1) {
      const folder = temporaryFolder()
      const files = ['--checkpoint', join(folder, 'run'), '--jsonl', join(folder, 'run.jsonl'), '--csv', join(folder, 'run.csv')]
      // A run that is killed before its first checkpoint starts again.
      const next = () => ['train', ...(existsSync(join(folder, 'run')) ? ['--resume', join(folder, 'run')] : settings), ...files]
      // An epoch prints a line for each of 38 steps, and four more lines.
      await begin(program, next(), 1 + Math.floor(random() * 195), (child) => child.kill('SIGKILL'))
      if (k % 2) await begin(program, next(), 3 + Math.floor(random() * 60), (child) => child.kill('SIGKILL'))
      // A loss of power can leave an incomplete line after those that the checkpoint counts.
      if (k % 3 === 0) {
        appendFileSync(join(folder, 'run.csv'), 'batch,9,12,')
        appendFileSync(join(folder, 'run.jsonl'), '{"event": "bat')
      }
      runWell(program, next())
      const found = eventsOf(join(folder, 'run.jsonl'))
      assert.equal(found.at(-1).weights_sha256, hash)
      assert.deepEqual(found, events)
      assert.equal(readFileSync(join(folder, 'run.csv'), 'utf8'), rows)
      assert.deepEqual(readdirSync(folder).sort(), ['run', 'run.csv', 'run.jsonl'], 'nothing else is left')
    }
  })

  test(`${program.name}: an incomplete last line is cut off, also if the run has finished`, () => {
    const folder = temporaryFolder()
    const [checkpoint, events, rows] = ['run', 'run.jsonl', 'run.csv'].map((name) => join(folder, name))
    const files = ['--checkpoint', checkpoint, '--jsonl', events, '--csv', rows]
    runWell(program, ['train', ...short, ...files])
    const [whole, table] = [eventsOf(events), readFileSync(rows, 'utf8')]
    appendFileSync(rows, 'batch,9,12,')
    appendFileSync(events, '{"event": "bat')
    runWell(program, ['train', '--resume', checkpoint, ...files])
    assert.deepEqual(eventsOf(events), whole)
    assert.equal(readFileSync(rows, 'utf8'), table)
  })

  test(`${program.name}: the lines of another run are rejected and preserved`, () => {
    const folder = temporaryFolder()
    const [checkpoint, events, rows] = ['run', 'other.jsonl', 'other.csv'].map((name) => join(folder, name))
    runWell(program, ['train', ...short, '--checkpoint', checkpoint])
    runWell(program, ['train', ...short, '--seed', '2', '--jsonl', events])
    writeFileSync(rows, 'name,value\nx,1\n')
    for (const [flag, path, words] of [['--jsonl', events, "holds another run than the checkpoint's"], ['--csv', rows, "has other columns than this run's table"]]) {
      const before = readFileSync(path)
      const { status, stderr } = run(program, ['train', '--resume', checkpoint, '--epochs', '2', flag, path])
      assert.equal(status, 2, stderr)
      assert.ok(stderr.includes(`${JSON.stringify(path)} ${words}; name another file`), stderr)
      assert.ok(readFileSync(path).equals(before))
    }
  })

  test(`${program.name}: a checkpoint with one wrong bit is refused`, () => {
    const file = join(temporaryFolder(), 'run')
    runWell(program, ['train', ...short, '--checkpoint', file])
    const bytes = readFileSync(file)
    bytes[bytes.length - 1000] ^= 4
    writeFileSync(file, bytes)
    const { status, stderr } = run(program, ['train', '--resume', file, '--epochs', '2'])
    assert.equal(status, 2)
    assert.equal(stderr, 'error: checkpoint: the file is damaged: its SHA-256 differs from the one stored in it\n')
  })

  for (const other of programs) {
    test(`while ${program.name} writes a file, ${other.name} reports the other process; when that is killed, another resumes`, { skip: linux }, async () => {
      for (const [flag, name] of [['--checkpoint', 'run'], ['--jsonl', 'run.jsonl'], ['--csv', 'run.csv']]) {
        const folder = temporaryFolder()
        const file = join(folder, name)
        /** @type {import('./support.mjs').Outcome | undefined} */
        let second
        let owner = 0
        const first = await begin(program, ['train', ...long, flag, file], 5, (child) => {
          owner = child.pid ?? 0
          second = run(other, ['train', ...short, flag, file])
          child.kill('SIGKILL')
        })
        assert.equal(first.signal, 'SIGKILL', first.stderr)
        assert.equal(second?.status, 2)
        assert.equal(second?.stderr, `error: ${flag.slice(2)}: "${file}" cannot be written: process ${owner} on ${hostname()} writes it; if there is none, delete "${file}.lock"\n`)
        assert.ok(existsSync(`${file}.lock`))
        runWell(other, ['train', ...short, flag, file])
        assert.deepEqual(readdirSync(folder), [name])
      }
    })
  }

  test(`${program.name}: of many processes with one checkpoint one trains, the others are rejected`, async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'run')
    // The stale lock of a killed process, which all processes find at the same time.
    writeFileSync(`${file}.lock`, `${spawnSync('true').pid} 1 ${hostname()}\n`)
    const ends = await Promise.all(Array.from({ length: 8 }, () => begin(program, ['train', ...long, '--checkpoint', file], 30, (child) => child.kill('SIGTERM'))))
    const codes = ends.map(({ code }) => code).sort()
    assert.ok(codes.includes(143) && codes.every((code) => code === 143 || code === 2), `${codes}`)
    for (const { code, stderr } of ends) if (code === 2) assert.match(stderr, /^error: checkpoint: ".*" cannot be written: (?:process \d+ on .* writes it; .*|another process begins to write it)\n$/)
    assert.deepEqual(readdirSync(folder), ['run'])
    runWell(program, ['export', '--weights', file, '--save', join(temporaryFolder(), 'whole.pth')])
  })

  test(`${program.name}: the remains of a killed save are removed, and the target of a link is replaced`, () => {
    const folder = temporaryFolder()
    const [file, link] = [join(folder, 'real'), join(folder, 'link')]
    symlinkSync('real', link)
    writeFileSync(`${file}.part-12-3`, 'half')
    runWell(program, ['train', ...short, '--checkpoint', link])
    assert.equal(readlinkSync(link), 'real')
    assert.ok(lstatSync(file).isFile())
    assert.deepEqual(readdirSync(folder).sort(), ['link', 'real'])
    runWell(program, ['train', '--resume', link, '--epochs', '2', '--checkpoint', link])
    assert.equal(readlinkSync(link), 'real')
  })

  test(`${program.name}: two outputs in one file are refused`, () => {
    const folder = temporaryFolder()
    const file = join(folder, 'x.py')
    symlinkSync('x.py', join(folder, 'y'))
    for (const [flags, words] of /** @type {[string[], string][]} */ ([
      [['--jsonl', file, '--csv', file], `csv: "${file}" is the file of --jsonl too`],
      [['--checkpoint', join(folder, 'y'), '--save', file], `save: "${file}" is the file of --checkpoint too`],
    ])) {
      const { status, stderr } = run(program, ['train', ...short, ...flags])
      assert.equal(status, 2)
      assert.equal(stderr, `error: ${words}; give each a file of its own\n`)
    }
    assert.deepEqual(readdirSync(folder), ['y'])
  })

  test(`${program.name}: a failed --save does not affect others, and the exit code reports it`, { skip: linux }, () => {
    const folder = temporaryFolder()
    symlinkSync('/dev/full', join(folder, 'a.npz'))
    const { status, stderr, stdout } = run(program, ['train', ...short, '--save', join(folder, 'a.npz'), '--save', join(folder, 'b.pth'), '--save', join(folder, 'c.py')])
    assert.equal(status, 3, stderr)
    assert.equal(stderr, `warning: save: "${join(folder, 'a.npz')}" cannot be written: No space left on device\n`)
    assert.ok(!stdout.includes('a.npz'))
    for (const name of ['b.pth', 'c.py']) assert.ok(existsSync(join(folder, name)) && stdout.includes(`Saved ${join(folder, name)}`), name)
  })

  test(`${program.name}: an .npz has 100 test images or all if there are fewer; a larger number is rejected before training`, () => {
    const data = folderOf(smallFiles(500, 50))
    const folder = temporaryFolder()
    const args = ['train', '--data', data, '--model', 'dense 8 | relu | dense 10', '--epochs', '1', '--save', join(folder, 'm.npz'), '--save', join(folder, 'm.pth')]
    const { status, stderr, stdout } = run(program, [...args, '--npz_images', '51'])
    assert.equal(status, 2)
    assert.equal(stderr, 'error: npz_images is 51, but it must be from 1 to 50, the number of test images\n')
    assert.doesNotMatch(stdout, /Train/)
    assert.deepEqual(readdirSync(folder), [])
    runWell(program, args)
    assert.deepEqual(readdirSync(folder).sort(), ['m.npz', 'm.pth'])
  })

  test(`${program.name}: full disks: one warning each, training continues, and the exit code reports it`, { skip: linux }, () => {
    const { hash } = trainJson(native, short)
    const folder = temporaryFolder()
    for (const flag of ['--csv', '--jsonl']) {
      const saved = join(folder, `${flag}.safetensors`)
      const { status, stderr, stdout } = run(program, ['train', ...short, flag, '/dev/full', '--save', saved])
      assert.equal(status, 3, stderr)
      assert.equal(stderr, `warning: ${flag.slice(2)}: "/dev/full" cannot be written: No space left on device; it gets no more lines\n`)
      assert.ok(stdout.includes(`Weights SHA-256: ${hash}`))
      assert.ok(existsSync(saved))
    }
    // The same for standard output.
    const full = openSync('/dev/full', 'w')
    const saved = join(folder, 'out.pth')
    const [command, ...first] = program.command
    const { status, stderr } = spawnSync(command, [...first, 'train', ...short, '--save', saved], { cwd: root, stdio: ['ignore', full, 'pipe'], encoding: 'utf8' })
    closeSync(full)
    assert.equal(status, 3, stderr)
    assert.equal(stderr, 'warning: standard output cannot be written: No space left on device; what is printed from here on may be lost\n')
    assert.ok(existsSync(saved))
  })

  test(`${program.name}: closing the terminal stops the run like other signals`, async () => {
    const file = join(temporaryFolder(), 'run')
    const { code, stdout } = await begin(program, ['train', ...long, '--checkpoint', file], 10, (child) => child.kill('SIGHUP'))
    assert.equal(code, 129)
    assert.match(stdout, /Interrupted at step \d+ \(epoch \d+\): resume with --resume /)
    assert.ok(existsSync(file))
  })

  test(`${program.name}: pipes, devices and folders are rejected by name as input files`, { skip: linux }, () => {
    const folder = temporaryFolder()
    const pipe = join(folder, 'pipe')
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0)
    for (const [path, why] of [[pipe, 'it is not a regular file'], ['/dev/zero', 'it is not a regular file'], [folder, 'it is a folder'], [join(folder, 'absent'), 'No such file or directory']]) {
      for (const [flag, args] of /** @type {[string, string[]][]} */ ([
        ['config', ['train', '--config', path]], ['resume', ['train', '--resume', path]], ['from', ['race', '--from', path]],
        ['weights', ['eval', '--weights', path]], ['merge', ['merge', path]],
      ])) {
        const { status, stderr } = run(program, args)
        assert.equal(status, 2, `${args}: ${stderr}`)
        assert.equal(stderr, `error: ${flag}: "${path}" cannot be read: ${why}\n`)
      }
    }
    for (const path of [pipe, '/dev/full']) {
      const { status, stderr } = run(program, ['train', ...short, '--checkpoint', path])
      assert.equal(status, 2)
      assert.equal(stderr, `error: checkpoint: "${path}" cannot be written: it is not a regular file\n`)
    }
  })
}
