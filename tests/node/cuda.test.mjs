// The CUDA build, if the toolkit is installed: the compiler's report on every kernel, and the program without a GPU.
// These tests need no device. Those that do are the group `cuda` of the C++ tests, and gpu-selftest.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { fullOnly, root } from './support.mjs'

const program = join(root, 'build/cuda/reluscope')
const cpuProgram = join(root, 'build/native/reluscope')
const kernels = join(root, 'native/cuda/kernels')
const sources = readdirSync(kernels).filter((name) => name.endsWith('.cu'))
assert.ok(sources.length > 0, `no kernels in ${kernels}`)
const architectures = ['sm_75', 'sm_80', 'sm_90', 'sm_100', 'sm_120']
/** Sixteen warps of 32 threads share 65,536 registers. With more registers, too few warps would hide memory latency. */
const mostRegisters = 128

/** The path of nvcc, or '' if it is not installed. */
function findNvcc() {
  for (const name of ['nvcc', '/usr/local/cuda/bin/nvcc']) {
    if (spawnSync(name, ['--version']).status === 0) return name
  }
  return ''
}

const nvcc = findNvcc()
const skip = nvcc === '' ? 'the CUDA toolkit is not here' : false

/**
 * Parses the report of ptxas on each kernel: "Function properties for NAME", spills, then registers.
 * @param {string} text
 */
function kernelProperties(text) {
  const found = []
  let name = ''
  let spilled = 0
  for (const line of text.split('\n')) {
    const at = /Function properties for (\S+)/.exec(line)
    if (at !== null) name = at[1]
    const spills = /(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/.exec(line)
    if (spills !== null) spilled = Number(spills[2]) + Number(spills[3])
    const used = /Used (\d+) registers/.exec(line)
    if (used !== null) found.push({ name, spilled, registers: Number(used[1]) })
  }
  return found
}

test('what ptxas says is read', () => {
  const said =
    "ptxas info    : Compiling entry function 'f' for 'sm_90'\nptxas info    : Function properties for f\n" +
    '    0 bytes stack frame, 4 bytes spill stores, 8 bytes spill loads\nptxas info    : Used 32 registers, used 0 barriers'
  assert.deepEqual(kernelProperties(said), [{ name: 'f', spilled: 12, registers: 32 }])
})

for (const file of sources) {
  test(`${file} compiles for every device without a warning, and no kernel spills`, { skip: skip || fullOnly }, () => {
    const out = join(mkdtempSync(join(tmpdir(), 'reluscope-')), 'kernels.o')
    const flags = ['-std=c++20', '-O3', '-DNDEBUG', '--fmad=false', '--expt-relaxed-constexpr', '-diag-suppress=554', '-Xptxas=-v', '-Xcompiler=-Wall,-Wextra,-Wno-parentheses',
      ...architectures.flatMap((name) => ['-gencode', `arch=${name.replace('sm', 'compute')},code=${name}`])]
    const run = spawnSync(nvcc, [...flags, `-I${root}/src`, `-I${root}/native`, '-c', join(kernels, file), '-o', out], {
      encoding: 'utf8',
      maxBuffer: 1 << 26,
    })
    const said = run.stdout + run.stderr
    assert.equal(run.status, 0, said)
    assert.doesNotMatch(said, /warning/i)
    const found = kernelProperties(said)
    assert.ok(found.length >= architectures.length, 'kernels were seen')
    assert.deepEqual(found.filter(({ spilled, registers }) => spilled > 0 || registers > mostRegisters), [])
    if (found.length > 0) {
      const most = found.reduce((a, b) => (a.registers > b.registers ? a : b))
      console.log(`${file}: ${found.length} kernels, at most ${most.registers} registers (${most.name})`)
    }
  })
}

/**
 * @param {string} command
 * @param {string[]} flags
 */
function run(command, flags) {
  return spawnSync(command, flags, { encoding: 'utf8', cwd: root, env: { ...process.env, CUDA_VISIBLE_DEVICES: '-1' } })
}

const short = ['train', '--model', 'dense 16 | relu | dense 10', '--train_samples', '640', '--epochs', '1', '--seed', '5']
const noProgram = skip || fullOnly || (existsSync(program) ? false : 'build/cuda is not built: cmake --preset cuda') ||
  (existsSync('/dev/nvidia0') ? 'there is a GPU' : false)

test('without a GPU, --device auto says so and gives the bits of the CPU', { skip: noProgram }, () => {
  const auto = run(program, [...short, '--device', 'auto'])
  assert.equal(auto.status, 0, auto.stderr)
  assert.match(auto.stdout, /^No GPU: .+\. Using the CPU\.$/m)
  const cpu = run(cpuProgram, [...short, '--device', 'cpu'])
  const hashOf = (/** @type {string} */ text) => text.match(/Weights SHA-256: (\w{64})/)?.[1]
  assert.equal(hashOf(auto.stdout)?.length, 64)
  assert.equal(hashOf(auto.stdout), hashOf(cpu.stdout))
})

test('without a GPU, --device cuda and gpu-selftest are refused in one sentence', { skip: noProgram }, () => {
  const cuda = run(program, ['train', '--device', 'cuda'])
  assert.equal(cuda.status, 2)
  assert.match(cuda.stderr, /^error: device is "cuda", but there is none to use: .+\n$/)
  const selftest = run(program, ['gpu-selftest'])
  assert.equal(selftest.status, 2)
  assert.match(selftest.stderr, /^error: gpu-selftest: there is no GPU to test: .+\n$/)
})

test('a program built without CUDA says so', { skip: existsSync(cpuProgram) ? false : 'build/native is not built' }, () => {
  const cuda = run(cpuProgram, ['train', '--device', 'cuda'])
  assert.equal(cuda.status, 2)
  assert.match(cuda.stderr, /^error: device is "cuda", but this build or command has no CUDA: auto and cpu are allowed\n$/)
  assert.match(run(cpuProgram, ['gpu-selftest']).stderr, /this build has no CUDA; build it with cmake --preset cuda/)
})

test('bench says how fast it trains, and of kernels only where there is a GPU', { skip: existsSync(cpuProgram) ? false : 'build/native is not built' }, () => {
  const flags = ['bench', '--model', 'dense 16 | relu | dense 10', '--seconds', '0.05']
  for (const [command, notice] of /** @type {[string, RegExp][]} */ ([[cpuProgram, /^Using device: cpu/], [program, /^No GPU: .+\. Using the CPU\.\nUsing device: cpu/]])) {
    if (command === program && noProgram !== false) continue
    const { status, stdout, stderr } = run(command, flags)
    assert.equal(status, 0, stderr)
    assert.match(stdout, notice)
    assert.match(stdout, /^\d+ samples\/s, [\d.]+ us a step \(\d+ steps of 64 samples in [\d.]+ s\)\nAn epoch of 60000 samples: [\d.]+ ms$/m)
    assert.match(stdout, /^Kernel time and share of memory bandwidth are measured on a GPU only/m)
    const refused = run(command, ['bench', '--device', 'cuda'])
    assert.equal(refused.status, 2)
    assert.match(refused.stderr, /^error: device is "cuda", but (?:there is none to use: .+|this build or command has no CUDA: auto and cpu are allowed)\n$/)
  }
  assert.equal(run(cpuProgram, ['bench', '--seconds', '0']).stderr, 'error: seconds is "0", but it must be a number from 0.01 to 3600\n')
})

test('tf32 and bf16 are refused without a GPU, by name', { skip: existsSync(cpuProgram) ? false : 'build/native is not built' }, () => {
  for (const precision of ['tf32', 'bf16']) {
    const { status, stderr } = run(noProgram === false ? program : cpuProgram, [...short, '--precision', precision])
    assert.equal(status, 2)
    assert.equal(stderr, `error: precision is "${precision}", but device "cpu" multiplies in fp32 here: tf32 and bf16 need an NVIDIA GPU\n`)
  }
  assert.equal(run(cpuProgram, [...short, '--precision', 'fp8']).stderr, 'error: precision is "fp8", but it must be fp32, tf32 or bf16\n')
})

test('eval and predict say as well that there is no GPU', { skip: noProgram }, () => {
  const weights = join(mkdtempSync(join(tmpdir(), 'reluscope-')), 'net.safetensors')
  assert.equal(run(cpuProgram, [...short, '--save', weights]).status, 0)
  assert.match(run(program, ['eval', '--weights', weights]).stdout, /^No GPU: .+\. Using the CPU\.$/m)
  assert.doesNotMatch(run(program, ['eval', '--weights', weights, '--device', 'cpu']).stdout, /GPU/)
})

test('only native/cuda and the file that chooses a device know CUDA', () => {
  const listed = execFileSync('git', ['ls-files', 'src', 'native', 'web'], { cwd: root, encoding: 'utf8' })
  const users = listed
    .trimEnd()
    .split('\n')
    .filter((path) => /\.(?:h|cpp|cu)$/.test(path) && /#\s*include\s*[<"]cu(?:da|blas)/.test(readFileSync(join(root, path), 'utf8')))
    .filter((path) => !path.startsWith('native/cuda/'))
  assert.deepEqual(users, ['native/commands/devices.cpp'])
})
