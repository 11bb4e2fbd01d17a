// The examples of web/docs/extending.md, applied to a copy of the sources: they compile, and do what the page says. The
// view is tried in tests/browser/extending.test.mjs.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { applied, blocks } from './examples.mjs'
import { fullOnly, root } from './support.mjs'

const scratch = mkdtempSync(join(tmpdir(), 'reluscope-extending-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

/** Sections with code in C++. */
const inCpp = [...new Set(blocks.filter(({ path }) => path.startsWith('src/')).map(({ section }) => section))]

/**
 * A copy of src with the code of these sections.
 * @param {string} name @param {string[]} sections
 */
function sourcesWith(name, sections) {
  const folder = join(scratch, name)
  cpSync(join(root, 'src'), join(folder, 'src'), { recursive: true })
  for (const [path, text] of applied(sections)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/**
 * What a small program prints that is compiled with some files of a copy. The rest of the core, if it is needed, is that
 * of the build; what the copy has goes before it.
 * @param {string} folder @param {string} program @param {string[]} files
 * @param {{ core?: boolean }} [options]
 */
function outputOf(folder, program, files, { core = false } = {}) {
  writeFileSync(join(folder, 'main.cpp'), program)
  const rest = core ? [join(root, 'build/native/libcore.a'), '-Wl,--allow-multiple-definition', '-lhwy', '-pthread'] : []
  execFileSync(process.env.CXX ?? 'c++', ['-std=c++20', '-O0', '-Isrc', '-I/usr/include/eigen3', '-o', 'program', 'main.cpp', ...files, ...rest], { cwd: folder, stdio: 'pipe' })
  return execFileSync(join(folder, 'program'), { encoding: 'utf8' })
}

test('an activation: the registry has it, and its derivative is right', () => {
  const folder = sourcesWith('activation', ['An activation'])
  const output = outputOf(folder, `
#include <cstdio>
#include "nn/activation.h"
int main() {
  const int id = reluscope::find_activation("bent_identity");
  for (const double x : {-3.0, -0.5, 0.0, 0.7, 20.0}) {
    const double h = 1e-5;
    const auto f = [&](double at) { return reluscope::activation_value(id, at, {}); };
    std::printf("%g %.9f %.9f %.9f\\n", x, f(x), reluscope::activation_derivative(id, x, {}), (f(x + h) - f(x - h)) / (2 * h));
  }
  for (const auto& name : reluscope::activation_names()) std::printf("%s ", name.c_str());
}
`, ['src/nn/activation.cpp'])
  const lines = output.split('\n')
  const names = lines.pop()?.trim().split(' ')
  assert.equal(lines.length, 5)
  for (const line of lines) {
    const [x, value, slope, difference] = line.split(' ').map(Number)
    assert.ok(Math.abs(value - ((Math.sqrt(x * x + 1) - 1) / 2 + x)) < 1e-8, line)
    assert.ok(Math.abs(slope - difference) < 1e-6, line)
  }
  // The list on the page is the registry's own with one more.
  const known = readFileSync(join(root, 'src/nn/activations.h'), 'utf8').match(/ActivationsOf<V, ([^>]*)>;/)?.[1].split(/,\s*/) ?? []
  const listed = applied(['An activation']).get('src/nn/activations.h')?.match(/ActivationsOf<V, ([^>]*)>;/)?.[1].split(/,\s*/) ?? []
  assert.deepEqual(listed.filter((name) => name !== 'BentIdentity'), known)
  assert.equal(names?.length, known.length + 1)
})

test('an optimizer: its row, and two steps of its rule on numbers', () => {
  const folder = sourcesWith('optimizer', ['An optimizer'])
  const output = outputOf(folder, `
#include <cstdio>
#include <type_traits>
#include "optim/rules.h"
using namespace reluscope;
using scalar::Signum;
template <class... Rules>
constexpr bool listed(scalar::RuleList<Rules...>) { return (std::is_same_v<Rules, Signum> || ...); }
static_assert(listed(scalar::UpdateRules()));
int main() {
  const OptimizerOptions options{.beta1 = 0.75};
  float weights[3] = {1.0f, 2.0f, 3.0f}, moments[3] = {};
  const float slopes[2][3] = {{0.5f, -4.0f, 0.0f}, {-1.0f, -1.0f, 0.0f}};
  double product = 1.0;
  for (std::uint64_t step = 1; step <= 2; ++step) {
    ParameterUpdate update;
    update.weights = weights;
    update.moments[0] = moments;
    Signum::scalars(RuleStep<double>{.options = options, .lr = 0.125, .momentum = {}, .number = step, .product = product}, update.scalars);
    const scalar::RuleUpdate<float, Signum> rule(update);
    for (std::size_t k = 0; k < 3; ++k) rule.apply(k, slopes[step - 1][k]);
    for (int k = 0; k < 3; ++k) std::printf("%g %g\\n", weights[k], moments[k]);
  }
  std::printf("%s\\n", Signum::kRow.name);
}
`, ['src/core/text.cpp'])
  // m = 0.75 m + 0.25 g; w -= sign(m) / 8
  assert.deepEqual(output.trim().split('\n'), ['0.875 0.125', '2.125 -1', '3 0', '1 -0.15625', '2.25 -1', '3 0', 'signum'])
  const rules = (/** @type {string | undefined} */ source) => source?.match(/using UpdateRules =\s*RuleList<([^>]*)>;/)?.[1].split(/,\s*/) ?? []
  const known = rules(readFileSync(join(root, 'src/optim/rules.h'), 'utf8'))
  assert.deepEqual(rules(applied(['An optimizer']).get('src/optim/rules.h')).filter((name) => name !== 'Signum'), known)
  assert.ok(known.length > 0)
})

test('a schedule: its row and its rates', () => {
  const folder = sourcesWith('schedule', ['A schedule'])
  const output = outputOf(folder, `
#include <cstdio>
#include "optim/schedule.h"
int main() {
  const reluscope::Schedule schedule({.schedule = "inverse_root", .epochs = 9, .updates_per_epoch = 2});
  for (const int update : {0, 1, 6, 17}) std::printf("%g ", schedule.at(update, 0.5).lr);
}
`, ['src/optim/schedule.cpp', 'src/core/text.cpp'])
  assert.equal(output.trim(), '0.5 0.5 0.25 0.166667')
})

test('a layer: its word makes it, it computes y and dx, and it refuses what it cannot take', () => {
  const folder = sourcesWith('layer', ['A layer'])
  const output = outputOf(folder, `
#include <cstdio>
#include "backend/cpu/cpu_backend.h"
#include "core/error.h"
#include "nn/architecture.h"
using namespace reluscope;
int main() {
  const auto layers = parse_architecture("dense 3 | scale -2.5", {4}, 3);
  const Layer& layer = *layers.at(1);
  std::printf("%s\\n", architecture_text(layers).c_str());
  cpu::CpuBackend backend;
  const Layout layout{2, 3};
  Buffer x(layout.size()), y(layout.size()), dx(layout.size());
  for (int r = 0; r < 2; ++r)
    for (int c = 0; c < 3; ++c) x.data()[layout.index(r, c)] = static_cast<float>(r * 3 + c + 1);
  LayerSlices slices;
  const StepContext context{.mode = Mode::kTrain, .seed = 1, .step = 0, .layer = 1};
  layer.forward({{backend, context, slices, {.values = {x.data(), layout}}}, {y.data(), layout}});
  layer.backward({{backend, context, slices, {.values = {x.data(), layout}}}, {y.data(), layout}, {dx.data(), layout}});
  layer.backward({{backend, context, slices, {.values = {x.data(), layout}}}, {y.data(), layout}, {nullptr, layout}});
  for (int r = 0; r < 2; ++r)
    for (int c = 0; c < 3; ++c) std::printf("%g %g\\n", y.data()[layout.index(r, c)], dx.data()[layout.index(r, c)]);
  for (const char* text : {"scale", "scale two"}) {
    try {
      parse_architecture(text, {3}, 3);
    } catch (const Error& error) {
      std::printf("%s\\n", error.what());
    }
  }
}
`, ['src/nn/layers/scale.cpp', 'src/nn/layers/layers.cpp', 'src/nn/layer_words.cpp', 'src/nn/architecture.cpp'], { core: true })
  const [text, ...rest] = output.trim().split('\n')
  assert.equal(text, 'dense 3 | scale -2.5')
  assert.deepEqual(rest.slice(0, 6), [1, 2, 3, 4, 5, 6].map((x) => `${-2.5 * x} ${6.25 * x}`))
  assert.match(rest[6], /"scale" .*takes one factor, as in "scale 0\.5"/)
  assert.match(rest[7], /"two" .*is not a number/)
})

test('all of them in the whole program: it trains with them', { skip: fullOnly }, () => {
  const folder = sourcesWith('whole', inCpp)
  for (const part of ['native', 'web', 'tests', 'CMakeLists.txt', 'CMakePresets.json']) cpSync(join(root, part), join(folder, part), { recursive: true })
  execFileSync('cmake', ['--preset', 'native'], { cwd: folder, stdio: 'pipe' })
  execFileSync('cmake', ['--build', 'build/native', '--target', 'reluscope'], { cwd: folder, stdio: 'pipe' })
  const output = execFileSync(join(folder, 'build/native/reluscope'), [
    'train', '--optimizer', 'signum', '--lr', '0.0003', '--schedule', 'inverse_root', '--data', join(root, 'build/data/mnist'), '--mean', '0.1307', '--std', '0.3081', '--train_samples', '10000', '--epochs', '1',
    '--model', 'dense 64 | bent_identity | scale 0.5 | dense 10',
  ], { cwd: folder, encoding: 'utf8' })
  assert.ok(Number(output.match(/\((\d+\.\d+)%\)\n/)?.[1]) > 85, output)
  assert.match(execFileSync(join(folder, 'build/native/reluscope'), ['activations'], { encoding: 'utf8' }), /^relu\n[^]*\nbent_identity\n/m)
})
