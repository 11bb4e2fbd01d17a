// README and the documentation: what they name exists, links and anchors lead somewhere, and every page has its place.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { docsFolder, pageGroups, renderPage, rendered, sourceOf } from '../../web/site/docs.mjs'
import { blocks } from './examples.mjs'
import { headless, root, runWell } from './support.mjs'

const pages = readdirSync(docsFolder).filter((file) => file.endsWith('.md')).map((file) => file.slice(0, -'.md'.length))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
/** @type {[string, string][]} */
const texts = [['README.md', readme], ...pages.map((page) => /** @type {[string, string]} */ ([`web/docs/${page}.md`, sourceOf(page)]))]

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .trimEnd().split('\n').filter((path) => existsSync(join(root, path)))
const folders = new Set(tracked.flatMap((path) => path.split('/').map((_, k, parts) => parts.slice(0, k).join('/'))))
/** Files that the examples make. */
const made = blocks.filter(({ place }) => place === '').map(({ path }) => path)

/** The paths of this project that a text names. @param {string} text */
const pathsIn = (text) => [...text.matchAll(/(?<![\w./-])(?:src|native|web|tests)\/[\w./-]*\w/g)].map(([path]) => path)

test('README is short', () => assert.ok(readme.trimEnd().split('\n').length <= 200))

test('every path that README and the documentation name exists', () => {
  let seen = 0
  for (const [file, text] of texts) {
    for (const path of pathsIn(text)) {
      seen += 1
      assert.ok(tracked.includes(path) || folders.has(path) || made.includes(path), `${file} names ${path}`)
    }
  }
  assert.ok(seen > 60, `${seen} paths`)
})

test('paths are found in prose, code and links, and those that do not exist are noticed', () => {
  assert.deepEqual(pathsIn('see `src/core/math.h`, [a](web/docs/cli.md#train) and tests/run, not build/web/x or x/src/y.'),
    ['src/core/math.h', 'web/docs/cli.md', 'tests/run'])
  assert.ok(!tracked.includes('src/core/maths.h') && !folders.has('src/maths'))
})

test('links between pages and to headings resolve', () => {
  const ids = new Map(pages.map((page) => [page, [...renderPage(page).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)]))
  for (const page of pages) {
    const own = ids.get(page) ?? []
    assert.equal(new Set(own).size, own.length, `${page}: an id stands twice`)
    for (const [, href] of renderPage(page).matchAll(/<a [^>]*href="([^"]+)"/g)) {
      const [file, id] = href.split('#')
      if (file === '../index.html') continue
      const target = file === '' ? page : file.replace(/^\.\//, '').replace(/\.html$/, '')
      assert.ok(ids.has(target), `${page} leads to ${href}`)
      if (id !== undefined) assert.ok(ids.get(target)?.includes(id), `${page} leads to ${href}`)
    }
  }
  for (const [, href] of readme.matchAll(/\]\(([^)]+)\)/g)) {
    if (href.startsWith('https://')) continue
    const [path, id] = href.split('#')
    assert.ok(existsSync(join(root, path)), href)
    if (id !== undefined) assert.ok(ids.get(path.replace('web/docs/', '').replace('.md', ''))?.includes(id), href)
  }
})

test('every page is listed once, marks itself in the list, and leads to the next', () => {
  const order = ['index', ...pageGroups().flatMap((group) => group.pages.map(({ file }) => file))]
  assert.deepEqual([...order].sort(), [...pages].sort())
  order.forEach((page, k) => {
    const html = renderPage(page)
    assert.deepEqual([...html.matchAll(/href="(\w+)\.html" aria-current="page"/g)].map(([, file]) => file), [page])
    const beside = (/** @type {string} */ rel) => html.match(new RegExp(`rel="${rel}" href="(\\w+)\\.html"`))?.[1]
    assert.equal(beside('prev'), order[k - 1])
    assert.equal(beside('next'), order[k + 1])
    assert.equal([...html.matchAll(/<h1/g)].length, 1)
    for (const file of order) assert.ok(readme.includes(`web/docs/${file}.md`), `README leads to ${file}`)
  })
})

test('Markdown becomes what it should: ids as on GitHub, captions, tables, nothing that runs', () => {
  const { html, headings } = rendered('# A `b` & c\n\n## What is *new*?\n\n## What is new?\n\n```js web/a.js before "x"\na < b\n```\n\n| a | b |\n| --- | ---: |\n| 1 \\| 2 | 3 |\n\n[x](cli.md#y)\n')
  assert.deepEqual(headings.map(({ id }) => id), ['a-b--c', 'what-is-new', 'what-is-new-1'])
  assert.match(html, /<figcaption>web\/a\.js before &quot;x&quot;<\/figcaption><pre tabindex="0"><code>a &lt; b\n/)
  assert.match(html, /<td>1 \| 2<\/td><td class="right">3<\/td>/)
  assert.match(html, /<a href="cli\.html#y">x<\/a>/)
})

test('every flag that the documentation gives a command is one of its flags', () => {
  const help = runWell(headless, ['--help']).stdout
    + ['race', 'sweep', 'lessons', 'merge', 'eval', 'predict', 'export', 'info'].map((command) => runWell(headless, [command, '--help']).stdout).join('')
  const known = new Set([...help.matchAll(/--(\w+)/g)].map(([, name]) => name))
  let seen = 0
  for (const [file, text] of texts) {
    for (const [command] of text.matchAll(/\breluscope (?:train|race|sweep|lessons|merge|eval|predict|export|info)\b[^`\n#]*/g)) {
      for (const [, name] of command.matchAll(/--(\w+)/g)) {
        seen += 1
        assert.ok(known.has(name), `${file}: ${command}`)
      }
    }
  }
  assert.ok(seen > 30, `${seen} flags`)
})
