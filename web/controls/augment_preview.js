// Shows sixteen augmented versions of one training image, with the settings of the panel. The core computes them with
// the seed of the run; they are redrawn when a setting changes.
import { drawPixels, paperAndInk } from '../dom/colours.js'
import { h, iconButton } from '../dom/dom.js'
import { preview } from '../charts/preview.js'
import { words } from '../words/words.js'

const own = words.panel.augmentPreview
const versions = 16

/** @param {import('../lab/lab.js').Lab} lab */
export function makeAugmentPreview(lab) {
  const canvases = Array.from({ length: versions }, (_, i) => h('canvas', { class: 'augmented', role: 'img', 'aria-label': own.epoch(i + 1) }))
  const about = h('p', { class: 'field-help' })
  const error = h('p', { class: 'field-error', role: 'alert' })
  const fields = lab.registry.fields.map(({ name }) => name).filter((name) => name.startsWith('augment_'))
  const element = h('figure', { class: 'augment-figure' },
    h('figcaption', { class: 'field-head' }, h('span', { class: 'label' }, own.title),
      iconButton('dice', own.another, () => {
        sample = Math.floor(Math.random() * lab.run.dataset.train)
        void show()
      })),
    h('div', { class: 'augment-grid' }, canvases), about, error)
  let sample = 0

  const show = preview(lab, element, () => {
    const { shown, run } = lab
    sample = Math.min(sample, run.dataset.train - 1)
    return [sample, shown.seed, run.dataset.name, ...fields.map((name) => shown[name]), paperAndInk()]
  }, () => Promise.all([lab.engine.augmented(sample, versions, lab.shown), lab.engine.image('train', sample)]), ([pixels, { label }]) => {
    const { height, width } = lab.run.dataset
    const size = height * width
    canvases.forEach((canvas, i) => drawPixels(canvas, pixels.subarray(i * size, (i + 1) * size), lab.run.dataset))
    const on = lab.registry.fields.filter(({ name, default: none }) => fields.includes(name) && name !== 'augment_elastic_sigma' && lab.shown[name] !== none)
    about.textContent = own.about(sample, lab.classNames[label], on.map((field) => field.label))
    error.textContent = ''
  }, (message) => (error.textContent = message))
  lab.on('theme', () => void show())
  void show()
  return element
}
