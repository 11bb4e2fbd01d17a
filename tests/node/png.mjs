// Writes PNG files for tests without a library, as specified (W3C, Portable Network Graphics, 2nd edition).
import { deflateSync } from 'node:zlib'

const table = Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; ++bit) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1
  return value >>> 0
})

/** The CRC-32 of PNG. @param {Uint8Array} bytes */
export function crc32Of(bytes) {
  let sum = 0xffffffff
  for (const byte of bytes) sum = table[(sum ^ byte) & 0xff] ^ (sum >>> 8)
  return (sum ^ 0xffffffff) >>> 0
}

/**
 * @param {string} type
 * @param {Uint8Array} data
 */
function chunk(type, data) {
  const bytes = Buffer.alloc(12 + data.length)
  bytes.writeUInt32BE(data.length, 0)
  bytes.write(type, 4, 'latin1')
  bytes.set(data, 8)
  bytes.writeUInt32BE(crc32Of(bytes.subarray(4, 8 + data.length)), 8 + data.length)
  return bytes
}

/**
 * @param {number} width
 * @param {number} height
 * @param {0 | 2 | 6} colour grey, RGB or RGBA
 * @param {8 | 16} depth bits of a sample
 * @param {Uint8Array} pixels row by row
 */
export function pngOf(width, height, colour, depth, pixels) {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = depth
  header[9] = colour
  const size = pixels.length / height
  const rows = Buffer.alloc(height * (1 + size)) // each row starts with a filter byte of 0
  for (let row = 0; row < height; ++row) rows.set(pixels.subarray(row * size, (row + 1) * size), row * (1 + size) + 1)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}
