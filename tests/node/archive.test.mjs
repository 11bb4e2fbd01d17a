// The ZIP reader, with archives built byte by byte: which entries are read, where the directory is found, and each
// error.
import assert from 'node:assert/strict'
import test from 'node:test'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { isZip, mostOfOneByte, openZip } from '../../web/engine/worker/zip.js'
import { crc32Of } from './png.mjs'

/** @param {number} value @param {number} bytes */
const little = (value, bytes) => Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256)

/**
 * @typedef {{path: string, content?: Uint8Array, method?: number, flags?: number, crc?: number, size?: number, packedSize?: number, extra?: number}} Entry
 */

/**
 * @param {Entry[]} entries extra: bytes of the extra field that only the local header has
 * @param {{comment?: string, zip64?: boolean}} [options]
 */
function zipOf(entries, { comment = '', zip64 = false } = {}) {
  /** @type {number[]} */
  const bytes = []
  /** @type {number[]} */
  const directory = []
  for (const { path, content = new Uint8Array(), method = 0, flags = 0, crc = crc32Of(content), size = content.length, packedSize, extra = 0 } of entries) {
    const name = [...Buffer.from(path)]
    const packed = method === 8 ? deflateRawSync(content) : content
    const about = [...little(flags, 2), ...little(method, 2), 0, 0, 0, 0, ...little(crc, 4), ...little(packedSize ?? packed.length, 4), ...little(size, 4), ...little(name.length, 2)]
    directory.push(0x50, 0x4b, 1, 2, 0, 0, 20, 0, ...about, ...little(1, 2), ...little(2, 2), ...Array(8).fill(0), ...little(bytes.length, 4), ...name, 7, 8, 9)
    bytes.push(0x50, 0x4b, 3, 4, 20, 0, ...about, ...little(extra, 2), ...name, ...Array(extra).fill(7), ...packed)
  }
  const at = bytes.length
  bytes.push(...directory)
  if (zip64) {
    const end = bytes.length
    bytes.push(0x50, 0x4b, 6, 6, ...Array(28).fill(0), ...little(entries.length, 8), ...Array(8).fill(0), ...little(at, 8))
    bytes.push(0x50, 0x4b, 6, 7, 0, 0, 0, 0, ...little(end, 8), 1, 0, 0, 0)
  }
  bytes.push(0x50, 0x4b, 5, 6, 0, 0, 0, 0, ...little(zip64 ? 0xffff : entries.length, 2), ...little(zip64 ? 0xffff : entries.length, 2), 0, 0, 0, 0,
    ...little(zip64 ? 0xffffffff : at, 4), ...little(comment.length, 2), ...Buffer.from(comment))
  return Uint8Array.from(bytes)
}

/** @param {Uint8Array} packed @param {{out: Uint8Array}} options */
function inflate(packed, { out }) {
  const found = inflateRawSync(packed)
  out.set(found.subarray(0, out.length))
  return out.subarray(0, found.length)
}
const open = (/** @type {Uint8Array} */ bytes) => openZip(bytes, inflate)
const text = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString()
const hello = Buffer.from('hello hello hello hello hello')

test('an archive starts with PK', () => {
  assert.deepEqual([zipOf([]), zipOf([{ path: 'a' }]), Uint8Array.of(0x50, 0x4a), Uint8Array.of(0x51, 0x4b), new Uint8Array()].map(isZip), [true, true, false, false, false])
})

test('stored and deflated entries are read, folders are ignored, and of equal names the first counts', () => {
  for (const options of [{}, { zip64: true }, { comment: 'x'.repeat(300) }, { comment: 'x'.repeat(0xffff) }]) {
    const archive = open(zipOf([{ path: 'a/' }, { path: 'a/é.txt', content: hello, extra: 5 }, { path: 'b', content: hello, method: 8 }, { path: 'b', content: Buffer.from('second') }, { path: 'empty' }], options))
    assert.deepEqual(archive.paths, ['a/é.txt', 'b', 'empty'])
    assert.deepEqual(archive.paths.map((path) => text(archive.read(path))), [String(hello), String(hello), ''])
  }
})

test('an incomplete archive is rejected, and a damaged entry alone', () => {
  const whole = zipOf([{ path: 'a', content: hello }])
  for (const bytes of [new Uint8Array(), whole.subarray(0, whole.length - 1), Buffer.concat([whole, Buffer.alloc(0x10000)])]) assert.throws(() => open(bytes), { message: 'it is not a whole ZIP archive' })
  const count = whole.slice()
  count[whole.length - 12] = 2
  assert.throws(() => open(count), { message: 'it is not a whole ZIP archive' })
  const moved = whole.slice()
  moved[0] = 0
  assert.throws(() => open(moved).read('a'), { message: 'its place in the archive is damaged' })
  const refused = (/** @type {Partial<Entry>} */ entry, /** @type {string} */ message) => {
    const archive = open(zipOf([{ path: 'a', content: hello, ...entry }, { path: 'b', content: hello }]))
    assert.throws(() => archive.read('a'), { message })
    assert.equal(text(archive.read('b')), String(hello))
  }
  refused({ flags: 1 }, 'it is encrypted')
  refused({ method: 9 }, 'its compression method is 9, but only 0 and 8 can be read')
  refused({ crc: 1 }, 'its data is damaged')
  refused({ size: hello.length + 1 }, 'its data is damaged')
  refused({ method: 8, size: hello.length - 1 }, 'its data is damaged')
  refused({ packedSize: 100_000 }, 'the archive is truncated')
  refused({ path: 'c' }, 'the archive does not have it')
  const packed = deflateRawSync(hello).length
  refused({ method: 8, size: packed * mostOfOneByte }, 'its data is damaged')
  refused({ method: 8, size: packed * mostOfOneByte + 1 }, 'it announces more than it can hold')
  assert.equal(mostOfOneByte, 1032)
})
