// The checksum of ZIP entries, PNG chunks and saved runs: ISO 3309's CRC-32, eight bytes at a time, as runs have millions.

/** tables[k][byte]: a byte's effect on the sum after k more bytes. */
const tables = [Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; ++bit) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1
  return sum
})]
for (let k = 1; k < 8; k++) tables.push(tables[k - 1].map((sum) => tables[0][sum & 0xff] ^ (sum >>> 8)))
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables

/** @param {Uint8Array} bytes @returns {number} 0 to 2^32 - 1 */
export function crc32(bytes) {
  let sum = 0xffffffff
  let at = 0
  for (const last = bytes.length - 8; at <= last; at += 8) {
    sum ^= bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    sum = t7[sum & 0xff] ^ t6[(sum >>> 8) & 0xff] ^ t5[(sum >>> 16) & 0xff] ^ t4[sum >>> 24] ^
      t3[bytes[at + 4]] ^ t2[bytes[at + 5]] ^ t1[bytes[at + 6]] ^ t0[bytes[at + 7]]
  }
  for (; at < bytes.length; at++) sum = t0[(sum ^ bytes[at]) & 0xff] ^ (sum >>> 8)
  return (sum ^ 0xffffffff) >>> 0
}
