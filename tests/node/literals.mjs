// Finds the texts for people among the literals of a JavaScript file, by its syntax tree. They belong into web/words.
import ts from 'typescript'

/** @typedef {{line: number, text: string}} Literal text: of a template, with … for each value */

/** Properties and attributes that people read. */
const read = new Set(['title', 'aria-label', 'aria-description', 'aria-valuetext', 'data-title', 'placeholder', 'alt', 'textContent', 'label', 'text', 'kept', 'advice',
  'about', 'what', 'look', 'attempt', 'summary', 'caption', 'question'])
/** Properties and attributes that only the browser reads. Those with a hyphen count as such unless they are above. */
const unread = new Set(['class', 'className', 'd', 'viewBox', 'role', 'type', 'transform', 'points', 'id', 'for', 'href', 'rel', 'target', 'autocomplete', 'inputMode', 'accept',
  'font', 'filter', 'fillStyle', 'strokeStyle', 'cssText', 'sizes', 'allow', 'sandbox'])
/** Functions whose arguments people read, from the argument with this number on. */
const shows = new Map([['h', 2], ['svg', 2], ['m', 1], ['iconButton', 1], ['plural', 1], ['append', 0], ['prepend', 0], ['before', 0], ['after', 0], ['replaceWith', 0],
  ['replaceChildren', 0], ['join', 0], ['createTextNode', 0], ['fillText', 0], ['announce', 0]])
/** Functions whose arguments nobody reads. */
const hides = new Set(['querySelector', 'querySelectorAll', 'closest', 'matches', 'addEventListener', 'removeEventListener', 'setProperty', 'getPropertyValue', 'supports',
  'matchMedia', 'define', 'split', 'includes', 'startsWith', 'endsWith', 'indexOf', 'createElementNS', 'log', 'warn', 'error', 'debug', 'add', 'remove', 'toggle', 'emit', 'has', 'get'])

const { SyntaxKind: kind } = ts
const passing = new Set([kind.ParenthesizedExpression, kind.TemplateSpan, kind.TemplateExpression, kind.SpreadElement, kind.ArrayLiteralExpression, kind.AwaitExpression, kind.AsExpression])
const joining = new Set([kind.PlusToken, kind.QuestionQuestionToken, kind.BarBarToken, kind.AmpersandAmpersandToken])

/** @param {ts.Node} node the name of a property or of a called function */
const nameOf = (node) => (ts.isPropertyAccessExpression(node) ? node.name.text : ts.isStringLiteralLike(node) || ts.isIdentifier(node) || ts.isPrivateIdentifier(node) ? node.text : '')

/** @param {string} name of a property @returns {boolean | undefined} */
const isRead = (name) => (read.has(name) ? true : unread.has(name) || name.includes('-') ? false : undefined)

/** Whether people read what a call gets as this argument; undefined if that is unknown. @param {ts.CallExpression} call @param {ts.Node} argument */
function readsArgument(call, argument) {
  const at = call.arguments.indexOf(/** @type {ts.Expression} */ (argument))
  const name = nameOf(call.expression)
  // The object of a method: its result is read if it is.
  if (at < 0) return ts.isPropertyAccessExpression(call.expression) && ['concat', 'repeat', 'trim'].includes(name) ? readAt(call) : false
  if (name === 'setAttribute' || name === 'getAttribute') return at === 1 ? isRead(nameOf(call.arguments[0])) : false
  if (ts.isArrowFunction(argument)) return name === 'map' || name === 'flatMap' ? readAt(call) : undefined
  if (shows.has(name)) return at >= (shows.get(name) ?? 0) && !(name === 'iconButton' && at > 1)
  return hides.has(name) ? false : undefined
}

/** Whether people read the value of an expression; undefined if that is unknown. @param {ts.Node} node @returns {boolean | undefined} */
function readAt(node) {
  const { parent } = node
  if (passing.has(parent.kind)) return readAt(parent)
  if (ts.isArrowFunction(parent)) return ts.isCallExpression(parent.parent) ? readsArgument(parent.parent, parent) : undefined
  if (ts.isConditionalExpression(parent)) return parent.condition === node ? false : readAt(parent)
  if (ts.isPropertyAccessExpression(parent) && ts.isCallExpression(parent.parent)) return readsArgument(parent.parent, parent)
  if (ts.isCallExpression(parent)) return readsArgument(parent, node)
  if (ts.isPropertyAssignment(parent)) return parent.name === node ? false : isRead(nameOf(parent.name))
  if (ts.isBinaryExpression(parent)) {
    const { kind: operator } = parent.operatorToken
    if (operator === kind.EqualsToken) return isRead(nameOf(parent.left))
    if (!joining.has(operator)) return false
    return operator === kind.AmpersandAmpersandToken && parent.left === node ? false : readAt(parent)
  }
  if (ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent) || ts.isElementAccessExpression(parent) || ts.isCaseClause(parent)) return false
  return undefined
}

/** Words beside each other, or beside a value. */
const sentence = /\p{L}[,.;:!?)”]? +[(“]?(?:\p{L}{2}|…)|\p{L}{2}[,.;:!?)”]? +[(“]?(?:\p{L}|…)|…[,.;:]? +\p{L}{2}/u

/** A text that begins as people's texts do. */
const capital = /^\P{L}*\p{Lu}\p{Ll}{2}/u

/** @param {string} name @param {string} source */
const parse = (name, source) => ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS)

/** @param {ts.Node} node @param {(node: ts.Node) => void} visit */
function walk(node, visit) {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

/** The literals of a file that look like words for people. @param {string} name @param {string} source @returns {Literal[]} */
export function textsIn(name, source) {
  const file = parse(name, source)
  /** @type {Literal[]} */
  const found = []
  walk(file, (node) => {
    const text = ts.isStringLiteralLike(node) ? node.text
      : ts.isTemplateExpression(node) ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join('…') : ''
    if (!/\p{L}/u.test(text)) return
    const seen = readAt(node)
    if (seen ?? (sentence.test(text) || capital.test(text))) found.push({ line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1, text })
  })
  return found
}

/** All names that a file uses: identifiers, names of properties, and literals. @param {string} name @param {string} source @returns {string[]} */
export function namesIn(name, source) {
  /** @type {string[]} */
  const found = []
  walk(parse(name, source), (node) => {
    if (ts.isIdentifier(node) || ts.isStringLiteralLike(node)) found.push(node.text)
  })
  return found
}
