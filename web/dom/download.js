// Hands a file to whoever asked for it.

/** @param {string} name @param {BlobPart} content @param {string} [type] */
export function download(name, content, type = 'application/octet-stream') {
  const url = URL.createObjectURL(new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** Words as a file's name has them. @param {string} text */
export function fileName(text) {
  return text.toLowerCase().replace(/[^\p{L}\p{N}.]+/gu, '-').replace(/^-+|-+$/g, '').slice(0, 80) || 'reluscope'
}
