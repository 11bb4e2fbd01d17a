// Makes pages of the documentation in web/docs: Markdown in, HTML out, with the list of pages, a table of contents and
// links to the pages before and after. web/docs/index.md lists the pages; its order is theirs.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Marked } from 'marked'
import { root } from './data.mjs'

export const docsFolder = join(root, 'web/docs')

/** @typedef {{ file: string, title: string }} DocPage file without its extension */
/** @typedef {{ depth: number, id: string, html: string, text: string }} Heading */

/** @param {string} text */
const escaped = (text) => text.replace(/[&<>"]/g, (sign) => /** @type {Record<string, string>} */ ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign])

/** @param {string} file without its extension */
export const sourceOf = (file) => readFileSync(join(docsFolder, `${file}.md`), 'utf8')

/** The id of a heading, as GitHub makes it, so that a link works in both places. @param {string} text */
export const idOf = (text) => text.trim().toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-')

/** The groups of pages: the index's headings, and the links below each. @returns {{ title: string, pages: DocPage[] }[]} */
export function pageGroups() {
  return sourceOf('index').split(/^## /m).slice(1).map((part) => ({
    title: part.split('\n')[0].trim(),
    pages: [...part.matchAll(/^- \[([^\]]+)\]\((\w+)\.md\)/gm)].map(([, title, file]) => ({ file, title })),
  }))
}

/** Width and height of a PNG, so that text does not move when it arrives. @param {string} name */
function pictureSize(name) {
  const path = join(docsFolder, name)
  if (!existsSync(path)) return ''
  const bytes = readFileSync(path)
  return ` width="${bytes.readUInt32BE(16)}" height="${bytes.readUInt32BE(20)}"`
}

/** A Markdown text as HTML, and its headings. @param {string} text @returns {{ html: string, headings: Heading[] }} */
export function rendered(text) {
  /** @type {Heading[]} */
  const headings = []
  const marked = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth }) {
        const html = this.parser.parseInline(tokens)
        const words = this.parser.parseInline(tokens, this.parser.textRenderer)
        const stem = idOf(words), times = headings.filter((heading) => idOf(heading.text) === stem).length
        const id = times ? `${stem}-${times}` : stem
        headings.push({ depth, id, html, text: words })
        if (depth === 1) return `<h1 id="${id}">${html}</h1>\n`
        return `<h${depth} id="${id}">${html} <a class="anchor" href="#${id}" aria-label="Link to this section: ${escaped(words)}">#</a></h${depth}>\n`
      },
      // A language, and for a piece of a source file its path and place, which become the caption.
      code({ text: code, lang = '' }) {
        const path = /^\w+ (\S*\/.*)$/.exec(lang)?.[1]
        const block = `<pre tabindex="0"><code>${escaped(code)}\n</code></pre>\n`
        return path ? `<figure class="file"><figcaption>${escaped(path)}</figcaption>${block}</figure>\n` : block
      },
      table(token) {
        const cell = (/** @type {import('marked').Tokens.TableCell} */ { tokens, align }, /** @type {'td' | 'th'} */ tag) =>
          `<${tag}${align ? ` class="${align}"` : ''}>${this.parser.parseInline(tokens)}</${tag}>`
        const head = token.header.map((each) => cell(each, each.text ? 'th' : 'td')).join('')
        const body = token.rows.map((row) => `<tr>${row.map((each) => cell(each, 'td')).join('')}</tr>\n`).join('')
        const thead = token.header.some(({ text: words }) => words) ? `<thead><tr>${head}</tr></thead>\n` : ''
        return `<div class="table" tabindex="0"><table>\n${thead}<tbody>\n${body}</tbody></table></div>\n`
      },
      link({ href, tokens }) {
        const to = href.replace(/^(\w+)\.md(?=$|#)/, '$1.html')
        return `<a href="${escaped(to)}">${this.parser.parseInline(tokens)}</a>`
      },
      image({ href, text: words }) {
        return `<img src="${escaped(href)}" alt="${escaped(words)}" loading="lazy"${pictureSize(href)}>`
      },
    },
  })
  return { html: /** @type {string} */ (marked.parse(text)), headings }
}

/**
 * A page of the documentation.
 * @param {string} file without its extension
 * @param {Record<string, string>} [tables] of the registry (reference.mjs), by their names; without them the page has none
 */
export function renderPage(file, tables) {
  const { html, headings } = rendered(sourceOf(file).replace(/<!-- table: (\w+) -->/g, (_, name) => {
    if (tables && !(name in tables)) throw new Error(`web/docs/${file}.md: there is no table ${name}`)
    return tables?.[name] ?? ''
  }))
  const groups = pageGroups()
  const order = [{ file: 'index', title: 'Overview' }, ...groups.flatMap(({ pages }) => pages)]
  const at = order.findIndex((page) => page.file === file)
  const link = (/** @type {DocPage} */ page) =>
    `<li><a href="${page.file}.html"${page.file === file ? ' aria-current="page"' : ''}>${escaped(page.title)}</a></li>`
  const pages = [`<ul>${link(order[0])}</ul>`, ...groups.map((group) => `<h2>${escaped(group.title)}</h2>\n<ul>${group.pages.map(link).join('\n')}</ul>`)]
  const parts = headings.filter(({ depth }) => depth === 2 || depth === 3)
  const contents = file === 'index' || parts.length < 2 ? '' : `<nav class="contents" aria-label="On this page">
<h2>On this page</h2>
<ul>${parts.map(({ depth, id, html: words }) => `<li class="depth-${depth}"><a href="#${id}">${words}</a></li>`).join('\n')}</ul>
</nav>`
  const beside = (/** @type {number} */ k, /** @type {string} */ rel, /** @type {string} */ label) =>
    order[k] ? `<a rel="${rel}" href="${order[k].file}.html"><span>${label}</span>${escaped(order[k].title)}</a>` : '<span></span>'
  const end = html.indexOf('</h1>') + '</h1>'.length
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>${escaped(headings[0].text)} · reluscope</title>
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <link rel="icon" href="../icon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="../styles/base.css">
  <link rel="stylesheet" href="./docs.css">
  <script type="module" blocking="render" src="./theme.js"></script>
</head>
<body>
<a class="skip" href="#text">Skip to the text</a>
<header>
  <a class="brand" href="../index.html"><img src="../icon.svg" alt="" width="26" height="26">reluscope</a>
  <a class="here" href="./index.html">Documentation</a>
  <a class="to-pages" href="#pages">All pages</a>
  <a class="to-page" href="../index.html">Open<span> the laboratory</span></a>
</header>
<div class="docs">
<main id="text">
${html.slice(0, end)}
${contents}
<article>${html.slice(end)}</article>
<footer>${beside(at - 1, 'prev', 'Previous')}${beside(at + 1, 'next', 'Next')}</footer>
</main>
<nav class="pages" id="pages" aria-label="Pages">
${pages.join('\n')}
</nav>
</div>
</body>
</html>
`
}

/** Every page, by its name in the site. @param {Record<string, string>} tables @returns {Map<string, () => Buffer>} */
export function docPages(tables) {
  const files = readdirSync(docsFolder).filter((file) => file.endsWith('.md')).map((file) => file.slice(0, -'.md'.length)).sort()
  return new Map(files.map((file) => [`docs/${file}.html`, () => Buffer.from(renderPage(file, tables))]))
}
