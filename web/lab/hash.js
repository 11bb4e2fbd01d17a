// The address's hash: what of a run is not at its default, as name=text pairs, readable and safe to share.

/** @param {string} hash with or without its # @returns {[string, string][]} */
export function readHash(hash) {
  return [...new URLSearchParams(hash.replace(/^#/, ''))]
}

/** @param {[string, string][]} fields @returns {string} '' or # and the pairs */
export function writeHash(fields) {
  const text = new URLSearchParams(fields).toString()
  // A hash may hold these as they are, and people read it.
  return text && `#${text.replace(/%7C/g, '|').replace(/%3A/g, ':').replace(/%2C/g, ',')}`
}
