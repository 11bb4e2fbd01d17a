// The words of the page: tables of all languages with the same keys, a Chinese word for every entry of the core's registry,
// and no text for people outside of the tables.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { load } from '../../web/node/module.mjs'
import { filesBelow } from '../../web/site/site.mjs'
import { en } from '../../web/words/en.js'
import { translated } from '../../web/words/registry.js'
import { zh } from '../../web/words/zh.js'
import { registry as registryZh } from '../../web/words/zh/registry.js'
import { namesIn, textsIn } from './literals.mjs'
import { root } from './support.mjs'

/** @import { Registry } from '../../web/engine/protocol.js' */

const chinese = /[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]/
const files = filesBelow(join(root, 'web')).filter((file) => /^(?!words\/).*\.js$/.test(file))
const sourceOf = (/** @type {string} */ file) => readFileSync(join(root, 'web', file), 'utf8')

/** The texts and functions of a table, by their paths such as units.deadUnits.title. @param {any} table @param {string} [path] @returns {[string, any][]} */
const entriesOf = (table, path = '') => Object.entries(table).flatMap(([key, value]) => {
  const name = path ? `${path}.${key}` : key
  return typeof value === 'object' && value !== null ? [[name, value], ...entriesOf(value, name)] : [[name, value]]
})

/** @param {any} value */
const kindOf = (value) => (Array.isArray(value) ? `list of ${value.length}` : value === '' ? 'empty text' : typeof value)

/** Texts without a Chinese character, by their paths: names, numbers and formulas, and those that take all words from other texts. @type {RegExp[]} */
const sameInChinese = [
  /^curves\.activation\.fates\./, /^claims\.(?:elu|batchnorm)\.title$/, /^claims\.list\.firstAndWatch$/, /^experiments\.lessons\.(?:claim|variant|verdict|measure|column)$/, /^lab\.(?:warning|lab\.setting)$/,
  /^frame\.(?:languageSwitch|notices\.together)/, /^run\.downloads\.saveFormat$/, /^units\.deadUnits\.full\.all$/,
]

/** Keys that no file names, because the code looks them up by a value, such as the code of a warning. @type {RegExp[]} */
const lookedUp = [/^charts\.formula\./, /\.(?:regimes|fates|meanings)\./, /^frame\.page\./]

/** Literals that are no text for people, by file and text. @type {[RegExp, RegExp][]} */
const allowed = [
  [/./, / \| |^(?:dense|conv|bn|relu|leaky_relu)(?: |$)|^lr=/], // texts of configs
  [/./, /^(?:f′?(?:\(x\))?|f[ (]|NaN|KB|MB|GB|… [KMG]?B)/], // formulas, numbers and units
  [/./, /^#|^\.|^…-help |<iframe /], // selectors, ids and HTML
  [/^controls\/panel\.js$/, /^(?:Data|Augmentation|Model|Optimizer|Schedule|Regularisation|Run)$/], // sections of the registry
  [/^views\/registry\.js$/, /^(?:Stage|Training|Units|Images|Experiments|Run)$/], // keys of groups
  [/^charts\/rate_plot\.js$/, /^L$/], // a path
  [/^charts\/chart_export\.js$/, /^… deviation$/], // a column of a CSV file
  [/^dom\/language\.js$/, /^English$/], // a language's own name
  [/^controls\/topbar\.js$/, /^wide-only is-spare$/], // classes
  [/^charts\/formula\.js$/, /^(?:left left|Var)$/], // notation
  [/^page\.js$/, /^the page has no …$/], // for programmers
  [/^(?:page|controls\/embed)\.js$/, /^Views$/], // key of a group
  [/^controls\/topbar\.js$/, /^reluscope$/], // our name
  [/^(?:dom\/format|views\/race)\.js$/, /^…(?::… min| µs)$/], // units
  [/^controls\/alerts\.js$/, /^dead …$/], // a key
  [/^lab\/saved_runs\.js$/, /^Run …$/], // the stored name, which is shown in the page's language
  [/^views\/init_map\.js$/, /^…dense …$/], // the text of a config
]

test('the tables of English and Chinese have the same keys, with texts, functions and empty texts at the same places', () => {
  const shape = (/** @type {any} */ table) => entriesOf(table).map(([path, value]) => `${path}: ${kindOf(value)}`).sort()
  assert.deepEqual(shape(zh), shape(en))
})

test('every text of the Chinese table has a Chinese character', () => {
  const foreign = entriesOf(zh).filter(([path, value]) => typeof value !== 'object' && value !== '' && !chinese.test(String(value)) && !sameInChinese.some((each) => each.test(path)))
  assert.deepEqual(foreign.map(([path, value]) => `${path}: ${value}`), [])
})

test('every key of the tables is used', () => {
  const used = new Set(files.flatMap((file) => namesIn(file, sourceOf(file))))
  const unused = entriesOf(en).map(([path]) => path).filter((path) => {
    const key = path.split('.').pop() ?? ''
    return !/^\d+$/.test(key) && !used.has(key) && !lookedUp.some((each) => each.test(path))
  })
  assert.deepEqual(unused, [])
})

test('the page has no text for people outside of the tables', () => {
  const left = files.filter((file) => /^(?:page\.js|(?:charts|controls|dom|lab|views)\/.*)$/.test(file)).flatMap((file) => textsIn(file, sourceOf(file))
    .filter(({ text }) => !allowed.some(([where, what]) => where.test(file) && what.test(text))).map(({ line, text }) => `web/${file}:${line}: ${text}`))
  assert.equal(left.length, 0, `${left.length} left:\n${left.join('\n')}`)
})

test('the scan finds texts for people, and nothing else', () => {
  const texts = (/** @type {string} */ source) => textsIn('a.js', source).map(({ text }) => text)
  assert.deepEqual(texts("h('p', { class: 'field help', title: 'go' }, on ? 'yes' : `${n}`, ['no'])"), ['go', 'yes', 'no'])
  assert.deepEqual(texts('h("ul", {}, all.map((each) => h("li", {}, `${each} units`)))'), ['… units'])
  assert.deepEqual(texts("a.textContent = 'x'; a.setAttribute('aria-label', `step ${n}`); a.setAttribute('class', 'one two')"), ['x', 'step …'])
  assert.deepEqual(texts("fail('it went wrong'); iconButton('close', 'shut', f, 'icon quiet'); const modes = { a: 'Basic' }"), ['it went wrong', 'shut', 'Basic'])
  assert.deepEqual(texts("import 'Some thing'; if (key === 'Enter') a.querySelector('ul li').classList.add('on'); plural(n, 'file'); const d = `M${x} ${y}L`"), ['file'])
  assert.deepEqual(namesIn('a.js', "a.b['c d']; ({ e: 1 })"), ['a', 'b', 'c d', 'e'])
})

/** @type {Registry} */
const registry = (await load()).registry()

test('every entry of the registry has Chinese words, and no others have any', () => {
  const { fields, activations, layers } = registry
  const names = (/** @type {{name: string}[]} */ rows) => rows.map(({ name }) => name).sort()
  const keys = (/** @type {object} */ table = {}) => Object.keys(table).sort()
  assert.deepEqual(keys(registryZh.fields), names(fields))
  assert.deepEqual(keys(registryZh.activations), names(activations))
  assert.deepEqual(keys(registryZh.layers), names(layers.filter(({ name }) => !(name in registryZh.activations))))
  for (const { name, choices = [] } of fields) assert.deepEqual(keys(registryZh.fields[name].choices), names(choices), name)
  for (const { name, parameters } of activations) assert.deepEqual(keys(registryZh.activations[name].parameters), names(parameters), name)
})

test('the translated registry differs in its words alone, which are Chinese', () => {
  assert.equal(translated(registry), registry)
  const { fields, activations, layers, ...rest } = translated(registry, registryZh)
  // Names of functions and of algorithms are as in English.
  const label = (/** @type {string} */ now, /** @type {string} */ before) => assert.ok(now === before || chinese.test(now), now)
  const said = (/** @type {string} */ now) => assert.match(now, chinese)
  const bare = (/** @type {any} */ value) => JSON.parse(JSON.stringify(value, (key, each) => (['label', 'help', 'about'].includes(key) ? undefined : each)))
  const { fields: fieldsEn, activations: activationsEn, layers: layersEn, ...restEn } = registry
  assert.deepEqual(rest, restEn)
  assert.deepEqual(bare({ fields, activations, layers }), bare({ fields: fieldsEn, activations: activationsEn, layers: layersEn }))
  fields.forEach((field, i) => {
    label(field.label, fieldsEn[i].label)
    said(field.help)
    field.choices?.forEach((choice, k) => {
      label(choice.label, fieldsEn[i].choices?.[k].label ?? '')
      said(choice.about)
    })
  })
  activations.forEach((activation, i) => {
    label(activation.label, activationsEn[i].label)
    said(activation.about)
    for (const { about } of activation.parameters) said(about)
  })
  for (const { about } of layers) said(about)
})

test('an entry that the Chinese table lacks stays English', () => {
  const added = { ...registry.activations[0], name: 'new', label: 'New', about: 'added' }
  const { activations, layers } = translated({ ...registry, activations: [added], layers: [{ name: 'new', syntax: 'new', about: 'added', example: 'new' }] }, registryZh)
  assert.deepEqual([activations[0].label, activations[0].about, layers[0].about], ['New', 'added', 'added'])
})

test('no style depends on words', () => {
  const found = filesBelow(join(root, 'web/styles')).flatMap((file) => sourceOf(`styles/${file}`).match(/\[(?:aria-label|title|alt|placeholder)[^\]]*\]|content: *["'][^"']*[A-Za-z]{2}[^"']*["']/g) ?? [])
  assert.deepEqual(found, [])
})
