// The checksum of ZIP entries and PNG chunks: ISO 3309's CRC-32.

/** One table for each place of a byte among eight, so that eight are taken at a time. @type {Uint32Array[]} */
const tables = []
for (let place = 0; place < 8; ++place) {
  tables.push(Uint32Array.from({ length: 256 }, (_, byte) => {
    if (place > 0) return (tables[place - 1][byte] >>> 8) ^ tables[0][tables[place - 1][byte] & 0xff]
    let sum = byte
    for (let bit = 0; bit < 8; ++bit) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1
    return sum
  }))
}
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables

/** @param {Uint8Array} bytes @returns {number} 0 to 2^32 - 1 */
export function crc32(bytes) {
  let sum = 0xffffffff
  let i = 0
  for (const end = bytes.length - 7; i < end; i += 8) {
    const low = sum ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24))
    sum = t7[low & 0xff] ^ t6[(low >>> 8) & 0xff] ^ t5[(low >>> 16) & 0xff] ^ t4[low >>> 24]
      ^ t3[bytes[i + 4]] ^ t2[bytes[i + 5]] ^ t1[bytes[i + 6]] ^ t0[bytes[i + 7]]
  }
  for (; i < bytes.length; ++i) sum = t0[(sum ^ bytes[i]) & 0xff] ^ (sum >>> 8)
  return (sum ^ 0xffffffff) >>> 0
}
