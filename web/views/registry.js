// The table of the views, in the order of their cards. A new view is a file that exports its class, a row here, and its words.
import { words } from '../words/words.js'

/** The groups of the views, in their order. The first screen shows Stage. A row without a group belongs to Units. */
export const groups = ['Stage', 'Training', 'Units', 'Images', 'Experiments', 'Run']

/** @typedef {{tag: string, title: string, about: string, size: '' | 'wide', group: string, load: () => Promise<{default: CustomElementConstructor}>}} ViewRow
 *  size: '' is a card in a column, 'wide' a whole row */

const { curves, experiments, images, run, stage, units } = words

/** @type {{tag: string, words: {title: string, about: string}, size?: ViewRow['size'], group?: string, load: ViewRow['load']}[]} */
const rows = [
  { tag: 'rl-activation', words: curves.activation, group: 'Stage', load: () => import('./activation.js') },
  { tag: 'rl-image', words: stage.image, group: 'Stage', load: () => import('./image.js') },
  { tag: 'rl-learning', words: curves.learning, group: 'Stage', load: () => import('./learning.js') },
  { tag: 'rl-curves', words: curves.curves, group: 'Training', size: 'wide', load: () => import('./curves.js') },
  { tag: 'rl-microscope', words: units.microscope, load: () => import('./microscope.js') },
  { tag: 'rl-dead-units', words: units.deadUnits, load: () => import('./dead_units.js') },
  { tag: 'rl-unit-inspector', words: units.unitInspector, load: () => import('./unit_inspector.js') },
  { tag: 'rl-gradient-flow', words: units.gradientFlow, load: () => import('./gradient_flow.js') },
  { tag: 'rl-slopes', words: units.slopes, load: () => import('./slopes.js') },
  { tag: 'rl-draw', words: images.draw, group: 'Images', load: () => import('./draw.js') },
  { tag: 'rl-confusion', words: images.confusion, group: 'Images', size: 'wide', load: () => import('./confusion.js') },
  { tag: 'rl-space', words: images.space, group: 'Images', size: 'wide', load: () => import('./space.js') },
  { tag: 'rl-convolution', words: units.convolution, group: 'Images', size: 'wide', load: () => import('./convolution.js') },
  { tag: 'rl-init-map', words: units.initMap, group: 'Experiments', size: 'wide', load: () => import('./init_map.js') },
  { tag: 'rl-race', words: experiments.race, group: 'Experiments', size: 'wide', load: () => import('./race.js') },
  { tag: 'rl-lessons', words: experiments.lessons, group: 'Experiments', size: 'wide', load: () => import('./lessons.js') },
  { tag: 'rl-runs', words: run.runs, group: 'Run', size: 'wide', load: () => import('./runs.js') },
  { tag: 'rl-model', words: run.model, group: 'Run', load: () => import('./model.js') },
  { tag: 'rl-files', words: run.downloads, group: 'Run', load: () => import('./downloads.js') },
  { tag: 'rl-log', words: run.log, group: 'Run', load: () => import('./log.js') },
]

/** @type {ViewRow[]} */
export const views = rows.map(({ words: { title, about }, size = '', group = 'Units', ...row }) => ({ ...row, title, about, size, group }))
