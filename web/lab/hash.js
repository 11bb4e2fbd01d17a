// The hash of the address: the settings that differ from their defaults, as name=text pairs.

/** @param {string} hash with or without its # @returns {[string, string][]} */
export const readHash = (hash) => [...new URLSearchParams(hash.replace(/^#/, ''))]

/** @param {[string, string][]} fields @returns {string} '#' and the pairs, or '' without pairs */
export function writeHash(fields) {
  const text = new URLSearchParams(fields).toString()
  // These characters are valid in a hash and are easier to read unescaped.
  return text && `#${text.replace(/%7C/g, '|').replace(/%3A/g, ':').replace(/%2C/g, ',')}`
}
