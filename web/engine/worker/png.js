// Decodes PNG images to bytes, in pages and in Node. The browser's own decoder is not used, because a canvas multiplies by
// the transparency and may manage colours. The bytes are those of libpng in the native program (native/files/png_image.h).
// PNG specification, third edition: https://www.w3.org/TR/png-3/
import { crc32 } from '../storage/crc32.js'
import { mostOfOneByte } from './zip.js'

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

/** By colour type: samples per pixel and allowed bit depths. */
const colourTypes = new Map([
  [0, { samples: 1, depths: [1, 2, 4, 8, 16] }],
  [2, { samples: 3, depths: [8, 16] }],
  [3, { samples: 1, depths: [1, 2, 4, 8] }],
  [4, { samples: 2, depths: [8, 16] }],
  [6, { samples: 4, depths: [8, 16] }],
])

/** Adam7: x and y of each pass's first pixel, and its steps. */
const passes = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]

/**
 * Palettes become colours, fewer bits than 8 are scaled up, of 16 the upper 8 are taken; transparency and gamma are
 * ignored. Throws an Error whose message is the reason alone.
 * @param {Uint8Array} bytes the whole file @param {import('./zip.js').Inflate} unzlib
 */
export function decodePng(bytes, unzlib) {
  const { header, palette, packed } = readChunks(bytes)
  const [width, height] = [header.getUint32(0), header.getUint32(4)]
  const [depth, type, interlace] = [header.getUint8(8), header.getUint8(9), header.getUint8(12)]
  const known = colourTypes.get(type)
  if (!known?.depths.includes(depth) || header.getUint8(10) || header.getUint8(11) || interlace > 1) throw new Error('its header is damaged')
  if (!width || !height) throw new Error('it has no pixels')
  if (width > 4096 || height > 4096) throw new Error('it has more than 4096 pixels on a side')
  if (type === 3 && !palette) throw new Error('it has no palette')

  const bits = known.samples * depth
  const scans = (interlace ? passes : [[0, 0, 1, 1]]).map(([x, y, dx, dy]) => {
    const [columns, rows] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)]
    return { x, y, dx, dy, columns, rows: columns > 0 ? rows : 0, stride: Math.ceil((columns * bits) / 8) }
  })
  const size = scans.reduce((sum, { rows, stride }) => sum + rows * (1 + stride), 0)
  if (size > packed.length * mostOfOneByte) throw new Error('the file is truncated')
  let raw
  try {
    raw = unzlib(packed, { out: new Uint8Array(size) })
  } catch {
    throw new Error('its data is damaged')
  }
  if (raw.length !== size) throw new Error('it has too little data')

  const channels = /** @type {1 | 3} */ (type === 0 || type === 4 ? 1 : 3)
  const pixels = new Uint8Array(height * width * channels) // (H, W, channels)
  const kept = Math.min(depth, 8)
  const largest = (1 << kept) - 1
  const scale = type === 0 ? 255 / largest : 1
  let start = 0
  for (const { x, y, dx, dy, columns, rows, stride } of scans) {
    unfilter(raw, start, rows, stride, Math.max(1, bits >> 3))
    for (let row = 0; row < rows; ++row, start += 1 + stride) {
      for (let column = 0; column < columns; ++column) {
        const to = ((y + row * dy) * width + x + column * dx) * channels
        for (let c = 0; c < channels; ++c) {
          const bit = column * bits + (type === 3 ? 0 : c * depth)
          const sample = (raw[start + 1 + (bit >> 3)] >> (8 - kept - (bit & 7))) & largest
          // Numbers beyond the palette are black.
          pixels[to + c] = type === 3 ? palette?.[3 * sample + c] ?? 0 : sample * scale
        }
      }
    }
  }
  return { height, width, channels, pixels }
}

/** The header, the palette and the packed pixels, every chunk compared with its checksum. @param {Uint8Array} bytes */
function readChunks(bytes) {
  if (signature.some((byte, i) => bytes[i] !== byte)) throw new Error('it has no PNG signature')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  /** @type {DataView | undefined} */
  let header
  /** @type {Uint8Array | undefined} */
  let palette
  /** @type {Uint8Array[]} */
  const parts = []
  for (let at = 8, type = ''; type !== 'IEND';) {
    const length = at + 12 > bytes.length ? Infinity : view.getUint32(at)
    if (length > bytes.length - at - 12) throw new Error('the file is truncated')
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    const content = bytes.subarray(at + 8, at + 8 + length)
    const isCritical = (bytes[at + 4] & 0x20) === 0
    if (isCritical && crc32(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) {
      throw new Error(`the checksum of its ${type} is wrong`)
    }
    if (!header && (type !== 'IHDR' || length !== 13)) throw new Error('its header is damaged')
    if (type === 'IHDR') header = new DataView(content.buffer, content.byteOffset, length)
    else if (type === 'PLTE') palette = content
    else if (type === 'IDAT') parts.push(content)
    else if (type !== 'IEND' && isCritical) throw new Error(`it has the unknown chunk ${JSON.stringify(type)}`)
    at += 12 + length
  }
  const packed = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let filled = 0
  for (const part of parts) {
    packed.set(part, filled)
    filled += part.length
  }
  return { header: /** @type {DataView} */ (header), palette, packed }
}

/**
 * Undoes the filter of each row, in place. A row is the number of its filter, in one byte, and its bytes.
 * @param {Uint8Array} raw @param {number} start @param {number} rows @param {number} stride @param {number} pixel bytes of a pixel
 */
function unfilter(raw, start, rows, stride, pixel) {
  for (let row = 0, at = start + 1; row < rows; ++row, at += 1 + stride) {
    const filter = raw[at - 1]
    const above = row === 0 ? -1 : at - 1 - stride
    if (filter > 4) throw new Error(`it has a row with the unknown filter ${filter}`)
    for (let i = 0; i < stride && filter > 0; ++i) {
      const left = i < pixel ? 0 : raw[at + i - pixel]
      const up = above < 0 ? 0 : raw[above + i]
      const corner = i < pixel || above < 0 ? 0 : raw[above + i - pixel]
      const guess = filter === 1 ? left : filter === 2 ? up : filter === 3 ? (left + up) >> 1 : paeth(left, up, corner)
      raw[at + i] += guess
    }
  }
}

/** @param {number} left @param {number} up @param {number} corner */
function paeth(left, up, corner) {
  const guess = left + up - corner
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)]
  return a <= b && a <= c ? left : b <= c ? up : corner
}
