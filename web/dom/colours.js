// Colours of values: orange for negative, grey for zero, blue for positive, clamped; and a mark for NaN. Colours of the
// page, and images drawn in them.

const minus = [0xf5, 0x93, 0x22]
const zero = [0xe8, 0xea, 0xeb]
const plus = [0x08, 0x77, 0xbd]

/** The fill of a NaN cell. A black cross is drawn over it. */
export const nanColour = '#e5007d'

/** 255 CSS colours from negative to positive. */
const table = Array.from({ length: 255 }, (_, i) => {
  const t = (i - 127) / 127
  const end = t < 0 ? minus : plus
  return `rgb(${zero.map((z, c) => Math.round(z + (end[c] - z) * Math.abs(t))).join(' ')})`
})

/** The colour of a value. Values of at least limit in size have the full colour. @param {number} value @param {number} limit */
export function diverging(value, limit) {
  if (Number.isNaN(value)) return nanColour
  const t = limit > 0 ? Math.max(-1, Math.min(1, value / limit)) : 0
  return table[Math.round(t * 127) + 127]
}

/** The smallest of 1, 2, 5, 10, 20, ... that is at least the value, so that a scale does not flicker. @param {number} value */
export function roundUp(value) {
  if (!(value > 0) || !Number.isFinite(value)) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return power * ([1, 2, 5].find((step) => value <= step * power * 1.0001) ?? 10)
}

/** Cache of themeColour() by theme and name. Reading a style makes the browser compute the styles of the whole page. @type {Map<string, string>} */
const found = new Map()

/** A colour for a canvas. @param {string} name a custom property of the style sheets, such as --accent, or a CSS colour */
export function themeColour(name) {
  if (!name.startsWith('--')) return name
  const key = [name, document.documentElement.dataset.theme, matchMedia('(prefers-color-scheme: dark)').matches].join()
  const known = found.get(key)
  if (known !== undefined) return known
  const probe = document.createElement('i')
  probe.hidden = true
  probe.style.color = `var(${name})`
  document.body.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  found.set(key, color)
  return color
}

let family = ''

/** The page's font, for a canvas. */
export const themeFont = () => (family ||= getComputedStyle(document.body).fontFamily)

/**
 * Draws an image of a data set in the colours of the page.
 * @param {HTMLCanvasElement} canvas is set to the size of the image; the style sheet enlarges it
 * @param {Uint8Array | null | undefined} pixels 0 for paper to 255 for ink @param {{width: number, height: number}} dataset
 */
export function drawPixels(canvas, pixels, { width, height }) {
  const [paper, ink] = paperAndInk()
  Object.assign(canvas, { width, height })
  const context = canvas.getContext('2d')
  if (!context || !pixels) return
  const image = context.createImageData(width, height)
  pixels.forEach((value, i) => {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = paper[c] + ((ink[c] - paper[c]) * value) / 255
    image.data[4 * i + 3] = 255
  })
  context.putImageData(image, 0, 0)
}

/** The colours of paper and ink in the current theme: rgb(...) as numbers. */
export const paperAndInk = () => ['--paper', '--ink'].map((name) => (themeColour(name).match(/[\d.]+/g) ?? ['0', '0', '0']).slice(0, 3).map(Number))
