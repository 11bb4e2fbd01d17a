// What tests/run does once Node and the packages are there: builds what the chosen groups need, runs them, prints what
// each cost and, as the last line, the totals.
//
// A command's processor time (user and system) is its own and that of the children it waited for, as the shell counts
// them. Chromium is one process for all tests of the page, so its time is a line of its own.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from '../web/site/data.mjs'
import { groups } from './groups.mjs'
import { filesAt, keyOf, note, passedBefore } from './passed.mjs'

const logs = join(root, 'build/test-logs')
const lanes = 2  // jobs at a time

const help = `Usage: tests/run [full | quick] [GROUP...]
       tests/run --fresh

Installs what is missing, builds, and runs the tests: all groups but the measurements, or those that are named.
Without a word every promise is checked once. full: all compilers, sanitizers, orders and lengths.
quick: what takes about two minutes on a built tree.
--fresh: also what passed in an earlier run and depends on nothing that has changed since.

${groups.map(({ name, about }) => `  ${name.padEnd(11)} ${about}`).join('\n')}

Each run's output is in build/test-logs. web/docs/testing.md says more.`

/** @typedef {{name: string, wall: number, cpu: number, kind: 'build' | 'test'}} Item */
/** @type {Item[]} */
const bill = []
const totals = { passed: 0, failed: 0, skipped: 0, before: 0 }
let tier = 'default'
/** Whether groups were named. */
let named = false

/** @param {string} text */
const say = (text) => console.log(text)
const indent = (/** @type {string} */ text) => text.replace(/^(?=.)/gm, '        ')

// ---- Commands --------------------------------------------------------------------------------------------------------

/** Running process groups, ended when this process is. @type {Set<number>} */
const running = new Set()
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    for (const pid of running) kill(pid)
    process.exit(1)
  })
}

/** @param {number} pid of a process group's leader */
function kill(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

/**
 * Runs a command to its end. One that hangs is ended, and its status is not 0.
 * @param {string[]} command
 * @param {{log?: string, env?: Record<string, string>, limit?: number}} [options] log: a name in build/test-logs for what
 *   it prints, which otherwise is shown; limit: in seconds
 * @returns {Promise<{status: number, wall: number, cpu: number, output: string}>}
 */
function execute(command, { log = '', env = {}, limit = 2400 } = {}) {
  const path = log && join(logs, log.replace(/[ /]/g, '-') + '.log')
  const times = join(logs, `.times-${Math.random().toString(36).slice(2)}`)
  const script = `TIMEFORMAT='%R %U %S'; { time "$@" ${path && '>"$LOG"'} 2>&1 </dev/null; } 2>"$TIMES"`
  return new Promise((done) => {
    const child = spawn('bash', ['-c', script, 'bash', ...command], {
      cwd: root, detached: true, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, RELUSCOPE_TIER: tier, ...env, LOG: path, TIMES: times },
    })
    const pid = child.pid ?? 0
    running.add(pid)
    const timer = setTimeout(() => kill(pid), 1000 * limit)
    child.on('close', (status) => {
      clearTimeout(timer)
      running.delete(pid)
      const [wall = 0, user = 0, system = 0] = existsSync(times) ? (readFileSync(times, 'utf8').trim().split('\n').at(-1) ?? '').split(' ').map(Number) : []
      rmSync(times, { force: true })
      const output = path && existsSync(path) ? readFileSync(path, 'utf8') : ''
      done({ status: status ?? 1, wall, cpu: user + system || 0, output })
    })
  })
}

/**
 * @typedef {object} Result of a job
 * @property {number} [wall] seconds
 * @property {number} [cpu] seconds
 * @property {number} [passed]
 * @property {number} [failed]
 * @property {string[]} [skipped] names and reasons
 * @property {string} [trouble] what to show of a failure
 *
 * @typedef {object} Job
 * @property {string} name
 * @property {string[]} [files] all that it depends on, in the project and in build; without it: all sources
 * @property {() => Promise<Result>} run
 */

/** Adds a job's result to the totals and the bill, and shows what failed. @param {string} name @param {Result} result */
function count(name, { wall, cpu = 0, passed = 0, failed = 0, skipped = [], trouble = '' }) {
  totals.passed += passed
  totals.failed += failed
  totals.skipped += skipped.length
  if (wall === undefined) totals.before += passed
  else bill.push({ name, wall, cpu, kind: 'test' })
  const parts = [`${String(passed).padStart(4)} passed`, failed && `${failed} failed`, skipped.length && `${skipped.length} skipped`].filter(Boolean)
  say(`      ${name.padEnd(34)} ${parts.join(', ')}  (${wall === undefined ? 'in an earlier run' : `${Math.round(wall)} s`})`)
  if (failed) say(indent(trouble.split('\n').slice(0, 150).map((line) => line.slice(0, 300)).join('\n')))
  for (const [reason, tests] of groupBy(skipped)) say(`        skipped: ${tests.length > 3 ? `${tests.length} tests` : tests.join('; ')}: ${reason}`)
}

/** Skipped tests ("name: reason") by their reason. @param {string[]} skipped @returns {Map<string, string[]>} */
function groupBy(skipped) {
  /** @type {Map<string, string[]>} */
  const found = new Map()
  for (const entry of skipped) {
    const [name, reason] = entry.split('\0')
    found.set(reason, [...(found.get(reason) ?? []), name])
  }
  return found
}

/** One test, by its exit code. @param {string} name @param {string[]} command @returns {Job} */
const check = (name, command) => ({ name, run: async () => {
  const result = await execute(command, { log: name })
  return { ...result, ...(result.status === 0 ? { passed: 1 } : { failed: 1, trouble: result.output }) }
} })

const cppFiles = () => ['src', 'native', 'web', 'tests'].flatMap((top) => filesAt(join(root, top))).filter((file) => /\.(?:h|cpp|cu)$/.test(file))

/** Whether C++ is formatted as .clang-format says. Other versions format in other ways. @returns {Job} */
const formatCheck = () => ({ name: 'lint: clang-format', run: async () => {
  if (!shellSays('have clang-format-14')) return { wall: 0, skipped: ['lint: clang-format\0clang-format 14 is not installed'] }
  return check('lint: clang-format', ['clang-format-14', '--dry-run', '--Werror', ...cppFiles()]).run()
} })

/** The checks of .clang-tidy on src and native, but for the kernels, which take minutes: in full, and when lint is named. @returns {Job} */
const tidyCheck = () => ({ name: 'lint: clang-tidy', files: ['src', 'native', '.clang-tidy', 'CMakeLists.txt', 'tests/runner.mjs'].map((path) => join(root, path)), run: async () => {
  if (!shellSays('have clang-tidy-14')) return { wall: 0, skipped: ['lint: clang-tidy\0clang-tidy 14 is not installed'] }
  const script = `cmake --preset native -B build/lint -DCMAKE_CXX_COMPILER_LAUNCHER= >build/logs/lint.log 2>&1 || { cat build/logs/lint.log; exit 1; }
    node -p 'JSON.parse(require("fs").readFileSync("build/lint/compile_commands.json")).map(({ file }) => file).filter((file) => !/kernels/.test(file)).join("\\n")' |
    xargs -n 1 clang-tidy-14 --quiet -p build/lint 2>/dev/null`
  return check('lint: clang-tidy', ['bash', '-c', `mkdir -p build/logs; set -o pipefail; ${script}`]).run()
} })

/** The last lines of a text. @param {string} text @param {number} [lines] */
const tail = (text, lines = 60) => text.trimEnd().split('\n').slice(-lines).join('\n')

// ---- Kinds of tests --------------------------------------------------------------------------------------------------

/**
 * Suites in C++ by CTest. How many test cases a program has run it says itself.
 * @param {string} group @param {string} preset of the build @param {string[]} suites @param {number} at test cases at a time
 * @returns {Promise<Result>}
 */
async function ctest(group, preset, suites, at) {
  const report = join(logs, `${group}-${preset}.xml`)
  const result = await execute(['ctest', '--test-dir', join(root, 'build', preset), '-L', `^(${suites.join('|')})$`, '-j', String(at), '--no-tests=error',
    '--test-output-size-passed', '100000', '--output-on-failure', '--output-junit', report],
  // A race is told once, not at each of a million steps.
  { log: `${group}-${preset}`, env: { TSAN_OPTIONS: 'halt_on_error=1' } })
  const cases = existsSync(report) ? readFileSync(report, 'utf8').split('<testcase ').slice(1) : []
  let [passed, failed] = [0, 0]
  /** @type {string[]} */
  const troubles = []
  for (const text of cases) {
    const good = /^[^>]*status="run"/.test(text)
    const ran = Number(/test cases:\s+\d+ \|\s+(\d+) passed/.exec(text)?.[1] ?? 0)
    if (good) passed += ran
    else {
      failed += 1
      troubles.push(`${/^name="([^"]*)"/.exec(text)?.[1]}\n${tail(/<system-out>([\s\S]*?)<\/system-out>/.exec(text)?.[1] ?? '', 40)}`)
    }
  }
  if (!failed && (result.status !== 0 || passed === 0)) {
    failed = 1
    troubles.push(tail(result.output))
  }
  return { ...result, passed, failed, trouble: troubles.join('\n') }
}

/** A file for node:test. @param {string} file below tests/ @param {Record<string, string>} env @returns {Promise<Result>} */
async function nodeFile(file, env) {
  const result = await execute([process.execPath, '--test', '--test-reporter=tap', join(root, 'tests', file)], { log: file, env })
  const numberOf = (/** @type {string} */ word) => Number(new RegExp(`^# ${word} (\\d+)$`, 'm').exec(result.output)?.[1] ?? 0)
  const skipped = [...result.output.matchAll(/^ *ok \d+ - (.*) # SKIP *(.*)$/gm)].map(([, name, reason]) => `${name}\0${reason}`)
  let failed = numberOf('fail') + numberOf('cancelled')
  const passed = numberOf('pass')
  if (failed === 0 && (result.status !== 0 || passed + skipped.length === 0)) failed = 1
  // The blocks of the failed tests; the end of the output where there are none, as when Node itself died.
  const blocks = result.output.split(/^(?= *(?:not )?ok \d+|# )/m).filter((block) => /^ *not ok/.test(block))
  return { ...result, passed, failed, skipped, trouble: blocks.length ? blocks.join('') : tail(result.output) }
}

/** A reader under the sanitizers: its corpus, or a minute of new inputs. @param {string} name @returns {Promise<Result>} */
async function fuzz(name) {
  const build = join(root, 'build', tier === 'full' ? 'fuzz' : 'corpus')
  const work = join(build, 'work', name)
  mkdirSync(work, { recursive: true })
  // An input of up to 1 MB that makes a reader hold more than 64 MB is a find (tests/fuzz/fuzz.h counts them; the limits
  // of libFuzzer are above, for the sanitizer's own memory is in them).
  const inputs = [work, join(root, 'tests/fuzz/corpus', name), ...(tier === 'full' ? ['-max_total_time=60'] : ['-runs=300', '-keep_seed=1'])]
  const result = await execute([join(build, `fuzz_${name}`), ...inputs, '-max_len=1000000', '-seed=1', '-timeout=60', '-malloc_limit_mb=64',
    '-rss_limit_mb=700', `-artifact_prefix=${work}-`, '-print_final_stats=1'],
  // What the sanitizer keeps of freed memory is not the reader's.
  { log: `fuzz ${name}`, env: { ASAN_OPTIONS: 'quarantine_size_mb=16' }, limit: 600 })
  return { ...result, ...(result.status === 0 ? { passed: 1 } : { failed: 1, trouble: tail(result.output, 30) }) }
}

/**
 * Runs jobs, some at a time, but for what passed in an earlier run.
 * @param {Job[]} jobs @param {boolean} all those too
 */
async function runAll(jobs, all) {
  const left = [...jobs]
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (let job = left.shift(); job; job = left.shift()) {
      const key = tier === 'default' ? keyOf(job.files) : undefined
      /** @type {Result} */
      const result = (!all && passedBefore(job.name, key)) || await job.run()
      const { passed = 0, failed = 0, skipped = [] } = result
      // Not what passed while somebody was changing files.
      if (key !== undefined) note(job.name, key, failed === 0 && keyOf(job.files) === key ? { passed, skipped } : undefined)
      count(job.name, result)
    }
  }))
}

// ---- Groups ----------------------------------------------------------------------------------------------------------

/** A group's files for node:test: each belongs to the first group that names it. @param {import('./groups.mjs').Group} group */
function filesOf({ name, quick }) {
  const files = ['node', 'browser'].flatMap((folder) => readdirSync(join(root, 'tests', folder)).map((file) => `${folder}/${file}`))
  return files.filter((file) => file.endsWith('.test.mjs') && groups.find(({ files: pattern }) => pattern?.test(file))?.name === name)
    .filter((file) => tier !== 'quick' || !quick || quick.test(file)).sort()
}

const fuzzTargets = () => readdirSync(join(root, 'tests/fuzz')).filter((file) => file.endsWith('.cpp')).map((file) => basename(file, '.cpp'))

/** What a group runs that is no file for node:test. @param {import('./groups.mjs').Group} group @param {number} at test cases at a time @returns {Job[]} */
function programsOf({ name, suites = [], fullSuites = [], kernels }, at) {
  if (name === 'lint') {
    return [check('lint: eslint', [process.execPath, 'node_modules/eslint/bin/eslint.js', '.']),
      check('lint: types', [process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']),
      ...scripts.map((script) => check(`lint: ${script}`, ['bash', '-n', script])), formatCheck(), ...(tier === 'full' || named ? [tidyCheck()] : [])]
  }
  if (name === 'fuzz') {
    const missing = !hasFuzzer()
    return fuzzTargets().map((target) => ({
      name: `fuzz ${target}`, files: ['tests/runner.mjs', `build/corpus/fuzz_${target}`, `tests/fuzz/corpus/${target}`].map((path) => join(root, path)),
      run: async () => (missing ? { wall: 0, skipped: [`fuzz ${target}\0Clang's libFuzzer is not installed`] } : fuzz(target)),
    }))
  }
  if (suites.length === 0) return []
  const presets = ['native', ...(name === 'learning' || name === 'cuda' || tier === 'quick' ? [] : [...(kernels || tier === 'full' ? ['wasm'] : []), ...(tier === 'full' ? compilers : [])])]
  return presets.map((preset) => ({
    name: `${name}, ${preset}`,
    files: ['tests/runner.mjs', 'tests/golden', ...['reluscope_tests', 'reluscope_cuda_tests', 'reluscope_tests.js', 'reluscope_tests.wasm'].map((program) => `build/${preset}/${program}`)].map((path) => join(root, path)),
    run: () => ctest(name, preset, tier === 'full' && preset === 'native' ? [...suites, ...fullSuites] : suites, at),
  }))
}

const scripts = ['web/site/setup.sh', 'web/start', 'tests/run', 'tests/bare', 'tests/arm_root.sh', '.ci/run']
/** Builds of all suites in `tests/run full`, besides native. */
const compilers = ['clang', 'asan', 'tsan']

/** @param {string} condition a function of web/site/setup.sh */
const shellSays = (condition) => spawnSync('bash', ['-c', `. web/site/setup.sh; ${condition}`], { cwd: root, stdio: 'ignore' }).status === 0
const hasFuzzer = () => shellSays('have_fuzzer')
const hasArm = () => shellSays('have aarch64-linux-gnu-g++ && have qemu-aarch64') && existsSync(join(root, 'build/aarch64-root'))
const hasNvcc = () => shellSays('have nvcc || [ -x /usr/local/cuda/bin/nvcc ]')

/** The builds that groups need, in order, with their targets and options. @param {import('./groups.mjs').Group[]} chosen */
function buildsFor(chosen) {
  const full = tier === 'full'
  const wanted = new Set(chosen.flatMap(({ name, suites, kernels, builds = [], fullBuilds = [] }) => [
    ...(name === 'lint' || name === 'fuzz' ? [] : ['native']), ...builds, ...(full ? fullBuilds : []),
    ...(suites && kernels && tier !== 'quick' ? ['wasm'] : []), ...(suites && full && name !== 'learning' && name !== 'cuda' ? ['wasm', ...compilers] : []),
  ]))
  const suites = chosen.some((group) => group.suites && group.name !== 'cuda'), cuda = chosen.some(({ name }) => name === 'cuda')
  const kernels = chosen.some((group) => group.kernels) && tier !== 'quick'
  const bench = chosen.some(({ measurement }) => measurement)
  const benchToo = bench || (full && suites)  // that the measurements still compile
  const options = [...(suites || cuda ? ['RELUSCOPE_TESTS'] : []), ...(benchToo ? ['RELUSCOPE_BENCH'] : [])]
  const modules = ['reluscope', 'reluscope-threads', 'reluscope-node']
  const tests = ['reluscope_tests']
  /** @type {Record<string, {targets: string[], options: string[]}>} */
  const known = {
    native: { targets: bench ? [] : ['reluscope', ...(suites ? tests : []), ...(cuda ? ['reluscope_cuda_tests'] : []), ...(benchToo ? ['kernel_rates', 'reluscope_bench'] : [])], options },
    wasm: { targets: bench ? [] : [...modules, ...(kernels || (full && suites) ? tests : []), ...(full && suites ? ['reluscope_other_tests', 'kernel_rates'] : [])], options },
    corpus: { targets: ['fuzz'], options: [] },
    fuzz: { targets: ['fuzz'], options: [] },
    cuda: { targets: ['reluscope'], options: [] },
    aarch64: { targets: ['reluscope'], options: [] },
    ...Object.fromEntries(compilers.map((preset) => [preset, { targets: ['reluscope', ...tests], options: ['RELUSCOPE_TESTS'] }])),
  }
  return Object.entries(known).filter(([preset]) => wanted.has(preset) && (!['fuzz', 'corpus'].includes(preset) || hasFuzzer()) && !(full && preset === 'corpus') && (preset !== 'cuda' || hasNvcc()) && (preset !== 'aarch64' || hasArm()))
    .map(([preset, build]) => ({ preset, ...build }))
}

// ---- The run ---------------------------------------------------------------------------------------------------------

/** The processor time of all processes below one, in seconds; those that ended are in their parents'. @param {number} pid */
function processorTime(pid) {
  if (!existsSync('/proc/self/stat')) return 0
  /** @type {Map<number, {parent: number, ticks: number}>} */
  const all = new Map()
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const fields = readFileSync(`/proc/${entry}/stat`, 'utf8').replace(/^.*\) /, '').split(' ').map(Number)
      all.set(Number(entry), { parent: fields[1], ticks: fields[11] + fields[12] + fields[13] + fields[14] })
    } catch {
      // Ended meanwhile.
    }
  }
  const below = (/** @type {number} */ at) => {
    for (let next = at; next > 1; next = all.get(next)?.parent ?? 0) if (next === pid) return true
    return false
  }
  return [...all].filter(([at]) => below(at)).reduce((sum, [, { ticks }]) => sum + ticks, 0) / 100
}

/** The ten most expensive items, and what builds and tests took together. */
function printBill() {
  say('\nProcessor time (user and system), the ten most expensive items:\n')
  for (const { name, wall, cpu, kind } of [...bill].sort((a, b) => b.cpu - a.cpu).slice(0, 10)) {
    say(`  ${cpu.toFixed(1).padStart(7)} s  ${kind === 'build' ? 'build' : 'test '}  ${name}  (${Math.round(wall)} s)`)
  }
  const sum = (/** @type {string} */ kind) => bill.filter((item) => item.kind === kind).reduce((total, { cpu }) => total + cpu, 0)
  say(`\n  builds ${sum('build').toFixed(0)} s, tests ${sum('test').toFixed(0)} s of processor time; ${Math.round(process.uptime())} s by the clock, installation not included\n`)
}

/** @param {string[]} words */
function choose(words) {
  if (words[0] === 'full' || words[0] === 'quick') tier = /** @type {string} */ (words.shift())
  if (words.join(' ') === 'bench page') words = ['bench-page']
  const unknown = words.find((word) => !groups.some(({ name }) => name === word))
  if (unknown !== undefined) {
    console.error(`error: unknown group '${unknown}'; allowed are full and quick as the first word, and ${groups.map(({ name }) => name).join(', ')}`)
    process.exit(2)
  }
  return groups.filter(({ name, measurement, quick }) => (words.length ? words.includes(name) : !measurement && !(tier === 'quick' && quick === false)))
}

async function main() {
  const words = process.argv.slice(2).filter((word) => word !== '--fresh')
  if (words.includes('--help') || words.includes('-h')) return say(help)
  const onlyCheck = words[0] === '--check'
  if (onlyCheck) words.shift()
  // Who names a group wants to see it run.
  const fresh = words.length > 0 || process.argv.includes('--fresh')
  const chosen = choose(words)
  named = words.length > 0
  if (onlyCheck) return say(chosen.map(({ name }) => name).join(' '))

  rmSync(logs, { recursive: true, force: true })
  mkdirSync(logs, { recursive: true })
  for (const { preset, targets, options } of buildsFor(chosen)) {
    say(`Building ${preset}`)
    const result = await execute(['bash', '-c', '. web/site/setup.sh; build "$@"', 'bash', preset, ...targets], { env: { BUILD_OPTIONS: options.join(' ') } })
    bill.push({ name: preset, wall: result.wall, cpu: result.cpu, kind: 'build' })
    if (result.status !== 0) return void (process.exitCode = 1)
  }
  if (existsSync(join(root, 'build/wasm/reluscope.wasm'))) {
    say('Site')
    const result = await execute([process.execPath, 'web/site/site.mjs'])
    bill.push({ name: 'site', wall: result.wall, cpu: result.cpu, kind: 'build' })
    if (result.status !== 0) return void (process.exitCode = 1)
  }

  for (const { name } of chosen.filter(({ measurement }) => measurement)) {
    const result = await execute(name === 'bench-page' ? [process.execPath, 'tests/bench_page.mjs'] : [process.execPath, 'tests/bench.mjs', name], { limit: 7200 })
    if (result.status !== 0) process.exitCode = 1
  }
  const tests = chosen.filter(({ measurement }) => !measurement)
  if (tests.length === 0) return
  // Long files first, so that both lanes end together.
  const files = tests.flatMap(filesOf).map((file) => ({ file, size: statSync(join(root, 'tests', file)).size })).sort((a, b) => b.size - a.size)
  const jobs = [...tests.flatMap((group) => programsOf(group, tests.length === 1 ? lanes : 1)), ...files.map(({ file }) => ({ name: file, run: async () => nodeFile(file, await sharedBy(file)) }))]
  // The tests of the page share a browser and two servers.
  /** @type {ReturnType<typeof import('./browser/shared.mjs').openShared> | undefined} */
  let opened
  const sharedBy = async (/** @type {string} */ file) => (file.startsWith('browser/') ? (await (opened ??= import('./browser/shared.mjs').then(({ openShared }) => openShared()))).env : {})
  say('Tests, two jobs at a time')
  await runAll(jobs, fresh)
  const shared = await opened
  if (shared) {
    bill.push({ name: 'Chromium, for all files of page', wall: 0, cpu: processorTime(shared.pid), kind: 'test' })
    await shared.close()
  }
  printBill()
  if (totals.before) say(`  ${totals.before} of these passed in an earlier run, and nothing they depend on has changed since; tests/run --fresh runs them again.\n`)
  say(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`)
  writeFileSync(join(logs, 'bill.json'), JSON.stringify({ tier, totals, bill }, null, 1) + '\n')
  if (totals.failed > 0 || totals.passed === 0) process.exitCode = 1
}

await main()
