// Data of one's own: files, a folder or an archive, by button or dropped on the section. They stay in this tab; the core
// tells from their names what they are (src/data/folder.h).
import { h } from '../dom/dom.js'
import { bytesOfAll } from '../lab/file_bytes.js'
import { count, plural, sentence } from '../dom/format.js'

/** @typedef {import('../lab/file_bytes.js').Found} Found */

/** @param {import('../lab/lab.js').Lab} lab */
export function makeOwnData(lab) {
  const status = h('p', { class: 'field-help', role: 'status', 'aria-label': 'Own data' },
    'A .zip or .npz, four IDX or .npy files, or a folder with PNG images in one folder for each class. Nothing leaves this tab. Or drop them here.')
  const error = h('p', { class: 'field-error', role: 'alert', hidden: true })
  const picker = (/** @type {boolean} */ folder) => {
    const input = h('input', { type: 'file', hidden: true, multiple: true, 'aria-label': folder ? 'A folder of own data' : 'Files of own data',
      onchange: () => {
        const files = [...input.files ?? []].map((file) => ({ path: file.webkitRelativePath || file.name, file }))
        input.value = ''
        if (files.length > 0) void open(files)
      } })
    input.webkitdirectory = folder
    return [h('button', { type: 'button', class: 'button small', onclick: () => input.click() }, folder ? 'Open a folder…' : 'Open files…'), input]
  }
  const element = h('div', { class: 'own-data' }, h('div', { class: 'own-data-buttons' }, picker(false), picker(true)), status, error)

  /** @param {Found[]} found */
  async function open(found) {
    error.hidden = true
    try {
      const name = nameOf(found, lab)
      status.textContent = `Reading ${plural(found.length, 'file')}…`
      const info = await lab.engine.addData(name, await bytesOfAll(found))
      lab.ownFiles.set(name, found)
      const wrong = await lab.edit('data', name)
      if (wrong) throw new Error(wrong)
      status.textContent = `${name}: ${count(info.train)} training and ${count(info.test)} test images of ${info.width} × ${info.height} pixels in ${plural(info.classes, 'class', 'classes')}. It is gone when this tab is closed.`
    } catch (reason) {
      status.textContent = 'The data set before is as it was.'
      error.textContent = sentence(reason)
      error.hidden = false
    }
  }

  // Dropped on the whole section, once it stands in one.
  setTimeout(() => {
    const place = element.closest('.section') ?? element
    place.addEventListener('dragover', (event) => {
      event.preventDefault()
      place.classList.add('is-target')
    })
    place.addEventListener('dragleave', () => place.classList.remove('is-target'))
    place.addEventListener('drop', async (event) => {
      event.preventDefault()
      place.classList.remove('is-target')
      const { dataTransfer } = /** @type {DragEvent} */ (event)
      // The entries have to be taken before the event is over.
      const items = [...dataTransfer?.items ?? []].map((item) => item.webkitGetAsEntry() ?? item.getAsFile())
      const found = (await Promise.all(items.map((item) => (item instanceof File ? [{ path: item.name, file: item }] : item ? filesOf(item) : [])))).flat()
      if (found.length > 0) void open(found)
    })
  })
  return element
}

/**
 * The files of what was dropped, with their paths in it.
 * @param {FileSystemEntry} entry @returns {Promise<Found[]>}
 */
async function filesOf(entry) {
  const path = entry.fullPath.replace(/^\//, '')
  if (entry.isFile) {
    const file = await new Promise((done, failed) => /** @type {FileSystemFileEntry} */ (entry).file(done, failed))
    return [{ path, file: /** @type {File} */ (file) }]
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader()
  /** @type {FileSystemEntry[]} */
  const inside = []
  // A reader gives a hundred at a time.
  for (;;) {
    const some = await new Promise((/** @type {(entries: FileSystemEntry[]) => void} */ done, failed) => reader.readEntries(done, failed))
    if (some.length === 0) break
    inside.push(...some)
  }
  return (await Promise.all(inside.map(filesOf))).flat()
}

/** What the data set is called: as its folder or archive, but not as one of the page's. @param {Found[]} found @param {import('../lab/lab.js').Lab} lab */
function nameOf(found, lab) {
  const [first] = found
  const top = first.path.includes('/') ? first.path.split('/')[0] : found.length === 1 ? first.path.replace(/\.\w+$/, '') : 'own data'
  const taken = lab.engine.datasets.filter(({ own }) => !own).map(({ name }) => name)
  return taken.includes(top) ? `${top} of your own` : top
}
