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
 * What a small program prints that is compiled with some files of a copy.
 * @param {string} folder @param {string} program @param {string[]} files
 */
function outputOf(folder, program, files) {
  writeFileSync(join(folder, 'main.cpp'), program)
  execFileSync(process.env.CXX ?? 'c++', ['-std=c++20', '-O0', '-Isrc', '-I/usr/include/eigen3', '-o', 'program', 'main.cpp', ...files], { cwd: folder, stdio: 'pipe' })
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
  const known = readFileSync(join(root, 'src/nn/activations.h'), 'utf8').match(/ActivationList<([^>]*)>;/)?.[1].split(/,\s*/) ?? []
  const listed = applied(['An activation']).get('src/nn/activations.h')?.match(/ActivationList<([^>]*)>;/)?.[1].split(/,\s*/) ?? []
  assert.deepEqual(listed.filter((name) => name !== 'BentIdentity'), known)
  assert.equal(names?.length, known.length + 1)
})

test('all of them in the whole program: it trains with them', { skip: fullOnly }, () => {
  const folder = sourcesWith('whole', inCpp)
  for (const part of ['native', 'web', 'tests', 'CMakeLists.txt', 'CMakePresets.json']) cpSync(join(root, part), join(folder, part), { recursive: true })
  execFileSync('cmake', ['--preset', 'native'], { cwd: folder, stdio: 'pipe' })
  execFileSync('cmake', ['--build', 'build/native', '--target', 'reluscope'], { cwd: folder, stdio: 'pipe' })
  const output = execFileSync(join(folder, 'build/native/reluscope'), [
    'train', '--data', join(root, 'build/data/mnist'), '--mean', '0.1307', '--std', '0.3081', '--train_samples', '10000', '--epochs', '1',
    '--model', 'dense 64 | bent_identity | dense 10',
  ], { cwd: folder, encoding: 'utf8' })
  assert.ok(Number(output.match(/\((\d+\.\d+)%\)\n/)?.[1]) > 85, output)
})
