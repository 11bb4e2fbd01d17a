// Opens the user's own data: files, a folder or an archive, chosen by a button or dropped on the section. The data
// stays in this tab. The core recognises the format from the file names (src/data/folder.h).
import { h, onDrop } from '../dom/dom.js'
import { bytesOfAll } from '../lab/file_bytes.js'
import { sentence } from '../dom/format.js'
import { words } from '../words/words.js'

/** @import { Found } from '../lab/file_bytes.js' */

const own = words.panel.ownData

/** @param {import('../lab/lab.js').Lab} lab */
export function makeOwnData(lab) {
  const status = h('p', { class: 'field-help', role: 'status', 'aria-label': own.title }, own.about)
  const error = h('p', { class: 'field-error', role: 'alert' })
  const picker = (/** @type {'files' | 'folder'} */ kind) => {
    const input = h('input', { type: 'file', hidden: true, multiple: true, 'aria-label': own[kind].input,
      onchange: () => {
        const files = [...input.files ?? []].map((file) => ({ path: file.webkitRelativePath || file.name, file }))
        input.value = ''
        if (files.length > 0) void open(files)
      } })
    input.webkitdirectory = kind === 'folder'
    return [h('button', { type: 'button', class: 'button small', onclick: () => input.click() }, own[kind].open), input]
  }
  const element = h('div', { class: 'own-data' }, h('div', { class: 'own-data-buttons' }, picker('files'), picker('folder')), status, error)

  /** @param {Found[]} found */
  async function open(found) {
    error.textContent = ''
    try {
      const name = nameOf(found, lab)
      status.textContent = own.reading(found.length)
      const info = await lab.engine.addData(name, await bytesOfAll(found))
      lab.ownFiles.set(name, found)
      const wrong = await lab.edit('data', name)
      if (wrong) throw new Error(wrong)
      status.textContent = own.opened(name, info)
    } catch (reason) {
      status.textContent = own.failed
      error.textContent = words.lab.error(sentence(reason))
    }
  }

  // Files can be dropped on the whole section. The element is added to the section only later.
  setTimeout(() => onDrop(element.closest('.section') ?? element, 'is-target', async (data) => {
    // The entries are accessible only during the event.
    const items = [...data?.items ?? []].map((item) => item.webkitGetAsEntry() ?? item.getAsFile())
    const found = (await Promise.all(items.map((item) => (item instanceof File ? [{ path: item.name, file: item }] : item ? filesOf(item) : [])))).flat()
    if (found.length > 0) void open(found)
  }))
  return element
}

/** The files of a dropped file or folder, with their paths. @param {FileSystemEntry} entry @returns {Promise<Found[]>} */
async function filesOf(entry) {
  const path = entry.fullPath.replace(/^\//, '')
  if (entry.isFile) {
    const file = await new Promise((done, failed) => /** @type {FileSystemFileEntry} */ (entry).file(done, failed))
    return [{ path, file: /** @type {File} */ (file) }]
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader()
  const inside = []
  // A reader returns at most 100 entries at a time.
  for (;;) {
    const some = await new Promise((/** @type {(entries: FileSystemEntry[]) => void} */ done, failed) => reader.readEntries(done, failed))
    if (some.length === 0) break
    inside.push(...some)
  }
  return (await Promise.all(inside.map(filesOf))).flat()
}

/**
 * The name of the data set: that of its folder or archive, made distinct from the data sets of the site.
 * @param {Found[]} found @param {import('../lab/lab.js').Lab} lab
 */
function nameOf(found, lab) {
  const [first] = found
  const top = first.path.includes('/') ? first.path.split('/')[0] : found.length === 1 ? first.path.replace(/\.\w+$/, '') : own.unnamed
  const taken = lab.engine.datasets.filter((each) => !each.own).map(({ name }) => name)
  return taken.includes(top) ? own.distinct(top) : top
}
