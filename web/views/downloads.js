// Downloads of a run: the network in the formats that the core writes, the metrics, the settings, and a checkpoint of the
// whole run. Weights and checkpoints are opened by button or by dropping their file.
import { download, h, icon, onDrop } from '../dom/dom.js'
import { fileName, sentence } from '../dom/format.js'
import { explain } from './explain.js'
import { View } from './view.js'
import { words } from '../words/words.js'

const own = words.run.downloads
/** Files that are not in the core's list of formats: file name extension and purpose. */
const metrics = [{ name: 'csv', about: own.csv }, { name: 'jsonl', about: own.jsonl }]

/** Tests the beginning of the file's header. @param {Uint8Array} content */
const isCheckpoint = (content) => new TextDecoder('latin1').decode(content.subarray(8, 80)).includes('reluscope.checkpoint')

export default class FilesView extends View {
  #input = h('input', { type: 'file', accept: '.safetensors,.ckpt', class: 'visually-hidden', tabIndex: -1, 'aria-label': own.file, onchange: () => {
    void this.#open(this.#input.files?.[0])
    this.#input.value = ''
  } })
  #status = h('output', { class: 'readout', 'aria-label': own.status })
  #drop = h('div', { class: 'drop' }, h('button', { type: 'button', class: 'button', onclick: () => this.#input.click() }, own.open),
    h('p', { class: 'muted' }, own.drop), this.#input)

  build() {
    const formats = this.lab.registry.save_formats.map(({ name, about }) => ({ name, about: own.saveFormat(name, about) }))
    const rows = [...formats, ...metrics].map(({ name, about }) => this.#row(name, about, () => this.lab.engine.save(name)))
    rows.push(this.#row('json', own.json, async () => new TextEncoder().encode(JSON.stringify(this.lab.run.config, null, 2) + '\n')))
    rows.push(this.#row('ckpt', own.ckpt, () => this.lab.engine.checkpoint()))
    this.append(h('ul', { class: 'file-list' }, rows), this.#drop, this.#status, explain(own.explain))
    onDrop(this, 'is-over', (data) => void this.#open(data?.files[0]), this.#drop)
  }

  /** @param {string} end @param {string} about @param {() => Promise<Uint8Array>} make */
  #row(end, about, make) {
    return h('li', {}, h('button', { type: 'button', class: 'button small', 'aria-label': own.download(end), onclick: () => void this.#save(end, make) }, icon('save'), `.${end}`),
      h('span', {}, about))
  }

  /** @param {string} end @param {() => Promise<Uint8Array>} make */
  async #save(end, make) {
    try {
      const content = await make()
      const { savedRuns, run, step } = this.lab
      const title = savedRuns.givenName || `${run.config.data}-${run.config.model.replace(/dense /g, '')}`
      const name = `${fileName(`${title}-step${step}`)}.${end}`
      download(name, /** @type {any} */ (content))
      this.#status.textContent = own.saved(name, content.length)
    } catch (error) {
      this.lab.complain({ key: 'files', title: own.notMade(end), text: words.lab.error(sentence(error)), kept: own.runKept })
    }
  }

  /** @param {File} [file] */
  async #open(file) {
    if (!file) return
    this.#status.textContent = own.opening(file.name)
    try {
      const content = new Uint8Array(await file.arrayBuffer())
      const whole = isCheckpoint(content)
      await (whole ? this.lab.takeUp(() => this.lab.engine.restore(content)) : this.lab.openWeights(content))
      this.#status.textContent = whole ? own.resumed(file.name, this.lab.step) : own.hasWeights(file.name)
      this.lab.emit('unnotice', { key: 'files' })
    } catch (error) {
      this.#status.textContent = ''
      this.lab.complain({ key: 'files', title: own.notOpened(file.name), text: words.lab.error(sentence(error)), kept: own.previousKept })
    }
  }
}
