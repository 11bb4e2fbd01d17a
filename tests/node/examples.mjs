// The code in web/docs/extending.md, taken out of the page and put where the page says: files of the sources as they are
// with it. A block's first line names its file and, where the file exists, its place:
//   PATH                     a new file
//   PATH before "TEXT"       above the line that has the text
//   PATH after "TEXT"        below it
//   PATH instead of "TEXT"   in place of what begins with the text, up to its semicolon
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './support.mjs'

/** @typedef {{ section: string, path: string, place: string, text: string, code: string }} Block */

const page = readFileSync(join(root, 'web/docs/extending.md'), 'utf8')

/** @type {Block[]} */
export const blocks = page.split(/^## /m).slice(1).flatMap((part) => {
  const section = part.split('\n')[0]
  return [...part.matchAll(/^```\w+ (\S*\/\S*)(?: (before|after|instead of) "(.*)")?\n([\s\S]*?)^```$/gm)]
    .map(([, path, place = '', text = '', code]) => ({ section, path, place, text, code }))
})

/**
 * Every file that these sections touch, as it is with their code.
 * @param {string[]} sections
 * @returns {Map<string, string>} by paths from the root
 */
export function applied(sections) {
  /** @type {Map<string, string>} */
  const files = new Map()
  for (const { section, path, place, text, code } of blocks) {
    if (!sections.includes(section)) continue
    const old = files.get(path) ?? (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined)
    assert.equal(old === undefined, place === '', `${path}: a file that exists needs a place, and a new one has none`)
    files.set(path, old === undefined ? code : put(old, place, text, code, path))
  }
  assert.ok(files.size > 0, `code in ${sections.join(', ')}`)
  return files
}

/** @param {string} source @param {string} place @param {string} text @param {string} code @param {string} path */
function put(source, place, text, code, path) {
  const at = source.indexOf(text)
  assert.ok(at >= 0, `${path} has ${JSON.stringify(text)}`)
  assert.equal(source.indexOf(text, at + 1), -1, `${path} has ${JSON.stringify(text)} once`)
  const line = source.lastIndexOf('\n', at) + 1
  if (place === 'before') return source.slice(0, line) + code + (code.endsWith('}\n') || code.endsWith('};\n') ? '\n' : '') + source.slice(line)
  const end = source.indexOf(place === 'after' ? '\n' : ';\n', at) + (place === 'after' ? 1 : 2)
  return source.slice(0, place === 'after' ? end : line) + code + source.slice(end)
}
