// Downloads a file that the page has created.

/** @param {string} name @param {BlobPart} content @param {string} [type] */
export function download(name, content, type = 'application/octet-stream') {
  const url = URL.createObjectURL(new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/** Converts a title to a file name. @param {string} text */
export const fileName = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}.]+/gu, '-').replace(/^-+|-+$/g, '').slice(0, 80) || 'reluscope'
