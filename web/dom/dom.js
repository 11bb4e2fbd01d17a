// Creates elements without templates and inline styles, which the content security policy forbids: HTML, SVG, icons.
/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Creates an HTML element. Names that start with "on" are event listeners. Names with a hyphen, such as aria-*, and those
 * in `attributes` below are attributes. All others are properties of the element.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag @param {Record<string, any>} [properties] @param {...(Child | Child[])} children
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (name.includes('-') || attributes.has(name)) element.setAttribute(name, String(value))
    else Object.assign(element, { [name]: value })
  }
  element.append(...children.flat().flatMap((child) => (child instanceof Node ? child : child === null || child === undefined || child === false ? [] : String(child))))
  return element
}

const attributes = new Set(['class', 'role', 'for', 'colspan', 'scope', 'list', 'slot'])

/**
 * Lets the user drop something on an element, which has a class while it is dragged over.
 * @param {Element} element @param {string} over @param {(data: DataTransfer | null) => void} take
 * @param {Element} [marked] has the class instead
 */
export function onDrop(element, over, take, marked = element) {
  element.addEventListener('dragover', (event) => {
    event.preventDefault()
    marked.classList.add(over)
  })
  element.addEventListener('dragleave', () => marked.classList.remove(over))
  element.addEventListener('drop', (event) => {
    event.preventDefault()
    marked.classList.remove(over)
    take(/** @type {DragEvent} */ (event).dataTransfer)
  })
}

/** Sets attributes. @template {Element} T @param {T} element @param {Record<string, unknown>} values */
export function set(element, values) {
  for (const [name, value] of Object.entries(values)) element.setAttribute(name, String(value))
  return element
}

/** Sets the text of an element unless it has it already: a new text lays out the page again. @param {Element} element @param {string} text */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/** Creates an SVG element. @template {keyof SVGElementTagNameMap} Tag @param {Tag} tag @param {Record<string, string | number>} [attributes] @param {...(Node | string)} children */
export function svg(tag, attributes = {}, ...children) {
  const element = set(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes)
  element.append(...children)
  return element
}

/** The filled paths of the icons in a box of 16 by 16. */
const icons = {
  play: 'M4 2.5v11a.6.6 0 0 0 .92.5l8.5-5.5a.6.6 0 0 0 0-1L4.92 2A.6.6 0 0 0 4 2.5z',
  pause: 'M4 2h2.6v12H4zM9.4 2H12v12H9.4z',
  step: 'M3 2.7v10.6a.5.5 0 0 0 .78.41L10.6 9v4.5H13v-11h-2.4V7L3.78 2.29A.5.5 0 0 0 3 2.7z',
  reset: 'M8 2.2a5.8 5.8 0 1 0 5.8 5.8h-1.9A3.9 3.9 0 1 1 8 4.1c1 0 1.95.4 2.65 1.05L8.6 7.2h5.2V2l-1.8 1.8A5.8 5.8 0 0 0 8 2.2z',
  undo: 'M6.6 2.2 5.3.9 1.6 4.6l3.7 3.7 1.3-1.3-1.5-1.5h4.2a3 3 0 0 1 0 6.1H5v1.9h4.3a4.9 4.9 0 0 0 0-9.8H5.1z',
  more: 'M2 6.6h2.8v2.8H2zm4.6 0h2.8v2.8H6.6zm4.6 0H14v2.8h-2.8z',
  left: 'M10.2 2.6 4.8 8l5.4 5.4 1.3-1.3L7.4 8l4.1-4.1z',
  right: 'M5.8 2.6 11.2 8l-5.4 5.4-1.3-1.3L8.6 8 4.5 3.9z',
  dice: 'M3.5 2h9A1.5 1.5 0 0 1 14 3.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 12.5v-9A1.5 1.5 0 0 1 3.5 2zm0 1.3v9.4h9V3.3zM5.6 4.6a1 1 0 1 1 0 2 1 1 0 0 1 0-2zm4.8 0a1 1 0 1 1 0 2 1 1 0 0 1 0-2zM8 7a1 1 0 1 1 0 2 1 1 0 0 1 0-2zM5.6 9.4a1 1 0 1 1 0 2 1 1 0 0 1 0-2zm4.8 0a1 1 0 1 1 0 2 1 1 0 0 1 0-2z',
  close: 'M4.1 2.8 8 6.7l3.9-3.9 1.3 1.3L9.3 8l3.9 3.9-1.3 1.3L8 9.3l-3.9 3.9-1.3-1.3L6.7 8 2.8 4.1z',
  down: 'M8 11.2 2.6 5.8l1.3-1.3L8 8.6l4.1-4.1 1.3 1.3z',
  up: 'M8 4.8l5.4 5.4-1.3 1.3L8 7.4l-4.1 4.1-1.3-1.3z',
  alone: 'M9 2h5v5l-1.9-1.9-4.5 4.5-1.2-1.2 4.5-4.5zM3.5 3H7v1.6H4.1v7.3h7.3V9H13v3.5a1 1 0 0 1-1 1H3.5a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1z',
  views: 'M2 2h5v5H2zm7 0h5v5H9zM2 9h5v5H2zm7 0h5v5H9z',
  save: 'M7.1 2h1.8v5.5l2-2 1.2 1.2L8 10.8 3.9 6.7l1.2-1.2 2 2zM3 12.2h10V14H3z',
  picture: 'M2 3h12v10H2zm1.6 1.6v5.6l2.6-2.7 2.3 2.4 1.7-1.7 2.2 2.2V4.6zM11 5.6a1 1 0 1 1 0 2 1 1 0 0 1 0-2z',
  drag: 'M5 3h2v2H5zm4 0h2v2H9zM5 7h2v2H5zm4 0h2v2H9zM5 11h2v2H5zm4 0h2v2H9z',
  info: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM7.1 4h1.8v1.8H7.1zm0 3h1.8v5H7.1z',
  book: 'M2 2.5h4.2c.7 0 1.4.3 1.8.8.4-.5 1.1-.8 1.8-.8H14v10.6H9.7c-.6 0-1.2.3-1.7.8-.5-.5-1.1-.8-1.7-.8H2zm1.5 1.5v7.6h2.8c.3 0 .6 0 .9.1V4.6c0-.4-.4-.6-.9-.6zm9 0H9.7c-.5 0-.9.2-.9.6v7.1c.3-.1.6-.1.9-.1h2.8z',
  theme: 'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zm0 1.6v9.8a4.9 4.9 0 0 1 0-9.8z',
}

/** @param {keyof typeof icons} name */
export function icon(name) {
  return svg('svg', { viewBox: '0 0 16 16', width: 16, height: 16, 'aria-hidden': 'true', class: 'icon' },
    svg('path', { d: icons[name], fill: 'currentColor' }))
}

/**
 * Creates a button with an icon and a label for screen readers.
 * @param {keyof typeof icons} name @param {string} label @param {() => void} onclick @param {string} [kind]
 */
export const iconButton = (name, label, onclick, kind = 'icon-button') => h('button', { type: 'button', class: kind, 'aria-label': label, title: label, onclick }, icon(name))

let ids = 0

/** A unique id, for example to connect a label to its control. @param {string} stem */
export const uniqueId = (stem) => `${stem}-${++ids}`

/** Downloads a file that the page has created. @param {string} name @param {BlobPart} content @param {string} [type] */
export function download(name, content, type = 'application/octet-stream') {
  const href = URL.createObjectURL(new Blob([content], { type }))
  h('a', { href, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(href), 10_000)
}
