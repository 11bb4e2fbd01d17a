// Downloads of a run: the network in the formats that the core writes, the metrics, the settings, and a checkpoint of the
// whole run. Weights and checkpoints are opened by button or by dropping their file.
import { download, explain, h, icon, onDrop } from '../dom/dom.js'
import { bytes, fileName, sentence } from '../dom/format.js'
import { View } from './view.js'

/** Files that are not in the core's list of formats: file name extension and purpose. */
const metrics = [
  { name: 'csv', about: 'the metrics so far as a table' },
  { name: 'jsonl', about: 'the metrics so far as JSON lines, as the command line writes them' },
]

/** Tests the beginning of the file's header. @param {Uint8Array} content */
const isCheckpoint = (content) => new TextDecoder('latin1').decode(content.subarray(8, 80)).includes('reluscope.checkpoint')

export default class FilesView extends View {
  #input = h('input', { type: 'file', accept: '.safetensors,.ckpt', class: 'visually-hidden', tabIndex: -1, 'aria-label': 'Weights or checkpoint file', onchange: () => {
    void this.#open(this.#input.files?.[0])
    this.#input.value = ''
  } })
  #status = h('output', { class: 'readout', 'aria-label': 'Files' })
  #drop = h('div', { class: 'drop' }, h('button', { type: 'button', class: 'button', onclick: () => this.#input.click() }, 'Open a file…'),
    h('p', { class: 'muted' }, 'or drop one here: a .safetensors file sets the run’s settings and the network’s weights; a .ckpt file resumes its run.'), this.#input)

  build() {
    const rows = [...this.lab.registry.save_formats, ...metrics].map(({ name, about }) => this.#row(name, about, () => this.lab.engine.save(name)))
    rows.push(this.#row('json', 'the settings, as --config takes them', async () => new TextEncoder().encode(JSON.stringify(this.lab.run.config, null, 2) + '\n')))
    rows.push(this.#row('ckpt', 'the whole run in one file, weights, optimizer and metrics: to resume here, in Node or natively', () => this.lab.engine.checkpoint()))
    this.append(h('ul', { class: 'file-list' }, rows), this.#drop, this.#status,
      explain({
        what: 'What the network has learnt, for other programs: .pth for PyTorch, .onnx for most others, and .safetensors, which can be opened here again. The .py rebuilds the network in PyTorch, and the .ckpt holds the whole run.',
        look: 'The same weights give the same bytes, here, in Node and natively: two files can be compared by their hash.',
        attempt: 'Train, save .pth and .py into one folder, and run the script there: it scores MNIST in PyTorch as this page does.',
      }))
    onDrop(this, 'is-over', (data) => void this.#open(data?.files[0]), this.#drop)
  }

  /** @param {string} end @param {string} about @param {() => Promise<Uint8Array>} make */
  #row(end, about, make) {
    return h('li', {}, h('button', { type: 'button', class: 'button small', 'aria-label': `Download .${end}`, onclick: () => void this.#save(end, make) }, icon('save'), `.${end}`),
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
      this.#status.textContent = `${name}, ${bytes(content.length)}`
    } catch (error) {
      this.lab.complain({ key: 'files', title: `.${end} could not be made`, text: sentence(error), kept: 'The run is unchanged.' })
    }
  }

  /** @param {File} [file] */
  async #open(file) {
    if (!file) return
    this.#status.textContent = `Opening ${file.name}…`
    try {
      const content = new Uint8Array(await file.arrayBuffer())
      const whole = isCheckpoint(content)
      await (whole ? this.lab.takeUp(() => this.lab.engine.restore(content)) : this.lab.openWeights(content))
      this.#status.textContent = whole ? `The run of ${file.name} is at step ${this.lab.step}.` : `The network has the weights of ${file.name}.`
      this.lab.emit('unnotice', { key: 'files' })
    } catch (error) {
      this.#status.textContent = ''
      this.lab.complain({ key: 'files', title: `${file.name} could not be opened`, text: sentence(error), kept: 'The previous run is unchanged, unless it is at step 0 now.' })
    }
  }
}
