// The groups of the tests, named here and nowhere else: what each checks, its suites in C++ (the labels that CTest
// has), its files for node:test, and the builds that these need.

/**
 * @typedef {object} Group
 * @property {string} name
 * @property {string} about one line for --help
 * @property {string[]} [suites] of build/native
 * @property {string[]} [fullSuites] of build/native, in `tests/run full` only
 * @property {boolean} [kernels] the suites depend on the compiler: they run as WebAssembly in every tier
 * @property {RegExp} [files] below tests/, for node:test; a file is run by the first group that names it
 * @property {string[]} [builds] presets besides native
 * @property {string[]} [fullBuilds] presets in `tests/run full` only
 * @property {RegExp | false} [quick] those of its files that `tests/run quick` runs; all without it; false: not even its suites
 * @property {boolean} [measurement] not part of the tests: it prints figures
 */

/** @type {Group[]} */
export const groups = [
  { name: 'lint', about: 'eslint, the TypeScript compiler on the JSDoc types, clang-format, clang-tidy, bash -n' },
  { name: 'reference', about: 'every operation in double, derivatives by central differences', suites: ['reference'] },
  { name: 'ops', about: 'the kernels on every SIMD target against the reference', suites: ['ops'], kernels: true },
  { name: 'golden', about: 'values from PyTorch', suites: ['golden'], kernels: true },
  { name: 'input', about: 'invalid input, each refusal by its message', suites: ['input'], files: /^node\/input\./, builds: ['wasm'] },
  { name: 'formats', about: "model files by their bytes, and in PyTorch, onnxruntime, NumPy and ONNX's checker", suites: ['formats'], files: /^node\/formats\./, quick: /^$/, builds: ['wasm'] },
  { name: 'bits', about: 'one weight hash: SIMD targets, threads, compilers, Node; in a full run 64-bit ARM', suites: ['bits'], kernels: true, files: /^node\/bits\./, quick: /^$/, builds: ['wasm'], fullBuilds: ['aarch64'] },
  { name: 'resume', about: 'runs that are stopped and resumed: the same bits; saves that fail or are cut short', suites: ['resume'], files: /^node\/resume\./, builds: ['wasm'] },
  { name: 'fuzz', about: 'every reader with the sanitizers: its corpus; in a full run a minute of libFuzzer', quick: false, builds: ['corpus'], fullBuilds: ['fuzz'] },
  { name: 'cuda', about: "the GPU's kernels, run on the CPU by an emulator; in a full run compiled where nvcc is", suites: ['cuda'], files: /^node\/cuda\./, quick: false, fullBuilds: ['cuda'] },
  { name: 'learning', about: 'real MNIST reaches the accuracy of PyTorch', suites: ['learning'], fullSuites: ['learning-full'], quick: false },
  { name: 'node', about: 'the command line in Node, the site, the server, the rules of the source', files: /^node\//, quick: /^node\/(?!data|experiments|headless)/, builds: ['wasm'] },
  { name: 'page', about: 'the page in real Chromium', files: /^browser\//, quick: /^browser\/(?:drawing|engine|parts)\./, builds: ['wasm'] },
  { name: 'bench', about: 'measurements: the reference workload beside PyTorch', builds: ['wasm'], measurement: true },
  { name: 'bench-page', about: 'measurements: how the page feels while it trains', builds: ['wasm'], measurement: true },
  { name: 'scaling', about: 'measurements: speed by width, depth and batch size', measurement: true },
]
