// Writes data sets in common file formats, for the tests of the readers.
import { deflateSync } from 'node:zlib'
import { crc32 } from '../../web/engine/storage/crc32.js'

/**
 * @typedef {{height: number, width: number, images: Uint8Array[], labels: number[]}} Part
 * @typedef {Record<string, Uint8Array>} Files
 */

/** @param {number} value */
const bigEndian = (value) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]

/** @param {number[]} sizes @param {Uint8Array} data */
function idx(sizes, data) {
  return Buffer.concat([Buffer.from([0, 0, 8, sizes.length, ...sizes.flatMap(bigEndian)]), data])
}

/** An .npy file as numpy.lib.format writes it. @param {string} type @param {number[]} shape @param {Uint8Array} data */
export function npy(type, shape, data) {
  const dict = `{'descr': '${type}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`
  const header = dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11) + '\n'
  return Buffer.concat([Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length & 255, header.length >> 8]), Buffer.from(header), data])
}

/** @param {Part} train @param {Part} test @returns {Files} */
export function idxFilesOf(train, test) {
  return {
    'train-images-idx3-ubyte': idx([train.images.length, train.height, train.width], Buffer.concat(train.images)),
    'train-labels-idx1-ubyte': idx([train.labels.length], Uint8Array.from(train.labels)),
    't10k-images-idx3-ubyte': idx([test.images.length, test.height, test.width], Buffer.concat(test.images)),
    't10k-labels-idx1-ubyte': idx([test.labels.length], Uint8Array.from(test.labels)),
  }
}

/**
 * @param {Part} train @param {Part} test
 * @param {'|u1' | '<i8'} [labelType] the second is numpy's type for Python's integers
 * @returns {Files}
 */
export function npyFilesOf(train, test, labelType = '|u1') {
  const labels = (/** @type {number[]} */ values) =>
    npy(labelType, [values.length], labelType === '|u1' ? Uint8Array.from(values) : new Uint8Array(BigInt64Array.from(values, BigInt).buffer))
  const images = (/** @type {Part} */ part) => npy('|u1', [part.images.length, part.height, part.width], Buffer.concat(part.images))
  return {
    'x_train.npy': images(train), 'y_train.npy': labels(train.labels), 'x_test.npy': images(test), 'y_test.npy': labels(test.labels),
  }
}

/**
 * PNG images in one folder per class. Their names keep the order of the samples within a class.
 * @param {Record<string, Part>} parts by folder, '' for none
 * @param {(part: Part, image: Uint8Array) => Uint8Array} [encode]
 * @returns {Files}
 */
export function pngFilesOf(parts, encode = (part, image) => png(part.width, part.height, 8, 0, image)) {
  /** @type {Files} */
  const files = {}
  for (const [folder, part] of Object.entries(parts)) {
    part.images.forEach((image, i) => {
      files[`${folder ? `${folder}/` : ''}${part.labels[i]}/${String(i).padStart(5, '0')}.png`] = encode(part, image)
    })
  }
  return files
}

/** Samples per pixel, by colour type. */
const samples = [1, 0, 3, 1, 2, 0, 4]
const passes = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]]

/** @param {string} type @param {Uint8Array} content */
function chunk(type, content) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content])
  return Buffer.concat([Buffer.from(bigEndian(content.length)), body, Buffer.from(bigEndian(crc32(body)))])
}

/**
 * A PNG image whose rows use the five filters in turn.
 * @param {number} width @param {number} height
 * @param {number} depth bits of a sample @param {number} type of colour
 * @param {ArrayLike<number>} values the samples of the pixels, interleaved
 * @param {{interlace?: boolean, palette?: Uint8Array, transparency?: Uint8Array, parts?: number}} [options]
 */
export function png(width, height, depth, type, values, { interlace = false, palette, transparency, parts = 1 } = {}) {
  const bits = samples[type] * depth
  const step = Math.max(1, bits >> 3)
  /** @type {number[]} */
  const raw = []
  let filter = 0
  for (const [x, y, dx, dy] of interlace ? passes : [[0, 0, 1, 1]]) {
    const columns = Math.ceil((width - x) / dx)
    const stride = Math.ceil((columns * bits) / 8)
    let above = new Uint8Array(stride)
    for (let row = y; row < height && columns > 0; row += dy) {
      const line = new Uint8Array(stride)
      for (let i = 0; i < columns * samples[type]; ++i) {
        const value = values[(row * width + x + Math.floor(i / samples[type]) * dx) * samples[type] + (i % samples[type])]
        if (depth === 16) line.set([value >> 8, value & 255], 2 * i)
        else line[(i * depth) >> 3] |= value << (8 - depth - ((i * depth) & 7))
      }
      raw.push(filter, ...line.map((byte, i) => {
        const left = i < step ? 0 : line[i - step]
        const corner = i < step ? 0 : above[i - step]
        const guess = left + above[i] - corner
        const near = [left, above[i], corner].reduce((best, next) => (Math.abs(guess - next) < Math.abs(guess - best) ? next : best))
        return byte - [0, left, above[i], (left + above[i]) >> 1, near][filter]
      }))
      filter = (filter + 1) % 5
      above = line
    }
  }
  const packed = deflateSync(Uint8Array.from(raw))
  const cut = Math.ceil(packed.length / parts)
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', Uint8Array.from([...bigEndian(width), ...bigEndian(height), depth, type, 0, 0, interlace ? 1 : 0])),
    chunk('gAMA', Uint8Array.from(bigEndian(45455))),
    palette ? chunk('PLTE', palette) : Buffer.alloc(0),
    transparency ? chunk('tRNS', transparency) : Buffer.alloc(0),
    ...Array.from({ length: parts }, (_, i) => chunk('IDAT', packed.subarray(i * cut, (i + 1) * cut))),
    chunk('tEXt', Buffer.from('Comment\0made by a test')),
    chunk('IEND', Buffer.alloc(0)),
  ])
}
