// The table of the views, in the order of their cards. A new view is a file that exports its class, and a row here.

/** The groups of the cards, in their order. A row without a group belongs to Units. */
export const groups = ['Training', 'Units', 'Images', 'Experiments', 'Run']

/** @typedef {{tag: string, title: string, about: string, size: '' | 'wide' | 'tall', group: string, load: () => Promise<{default: CustomElementConstructor}>}} ViewRow
 *  size: '' is one cell of the grid, 'wide' a whole row, 'tall' two cells one above the other */

/** @type {(Omit<ViewRow, 'group'> & {group?: string})[]} */
const rows = [
  { tag: 'rl-curves', title: 'Loss and accuracy', group: 'Training', size: 'wide', load: () => import('./curves.js'),
    about: 'The training batches over the steps. The test set is scored at the end of each epoch and does not affect training.' },
  { tag: 'rl-image', title: 'One image through the network', group: 'Training', size: 'wide', load: () => import('./image.js'),
    about: 'An image, the output of every hidden unit, and the class probabilities, with the current weights.' },
  { tag: 'rl-microscope', title: 'Activation microscope', size: '', load: () => import('./microscope.js'),
    about: 'The distribution of an activation’s inputs, and the outputs of the function.' },
  { tag: 'rl-dead-units', title: 'Dead units', size: '', load: () => import('./dead_units.js'),
    about: 'One cell per unit: the share of images on which it fires. A unit that never fires does not learn, unless other layers revive it.' },
  { tag: 'rl-unit-inspector', title: 'Unit inspector', size: '', load: () => import('./unit_inspector.js'),
    about: 'One unit in detail. Choose it here or click it in the view Dead units.' },
  { tag: 'rl-gradient-flow', title: 'Gradient flow', size: '', load: () => import('./gradient_flow.js'),
    about: 'How much gradient reaches each layer, and how far each step moves its weights.' },
  { tag: 'rl-slopes', title: 'Learnt slopes', size: '', load: () => import('./slopes.js'),
    about: 'The learnt values of PReLU’s α and Swish’s β: the network adapts its own activation.' },
  { tag: 'rl-draw', title: 'Draw a digit', group: 'Images', size: 'tall', load: () => import('./draw.js'),
    about: 'Your drawing is scaled and centred like the digits of MNIST, and classified after every stroke.' },
  { tag: 'rl-model', title: 'Model', group: 'Run', size: '', load: () => import('./model.js'),
    about: 'Output shape, parameters and cost of each layer, for one batch.' },
  { tag: 'rl-confusion', title: 'Confusion matrix', group: 'Images', size: 'wide', load: () => import('./confusion.js'),
    about: 'Which classes the network confuses, and the images with the highest loss. Choose a cell to see its images; choose an image to see it in every view.' },
  { tag: 'rl-space', title: 'Hidden space', group: 'Images', size: 'wide', load: () => import('./space.js'),
    about: 'The outputs of a layer for the probe set, projected on their main directions. Each mark is an image; its number and colour are the class.' },
  { tag: 'rl-convolution', title: 'Convolution', group: 'Images', size: 'wide', load: () => import('./convolution.js'),
    about: 'The filters of every convolution and their feature maps for the selected image, with the current weights.' },
  { tag: 'rl-init-map', title: 'Initialisation map', group: 'Experiments', size: 'wide', load: () => import('./init_map.js'),
    about: 'The variance of each layer’s output before the first step, for every initialisation with every activation: does the signal fade, stay or grow with depth?' },
  { tag: 'rl-race', title: 'Race', group: 'Experiments', size: 'wide', load: () => import('./race.js'),
    about: 'Trains several configurations with the same seed and batches, without affecting the current run. Each entry differs only in the settings that it names: watch whose loss falls first, and which network loses units.' },
  { tag: 'rl-lessons', title: 'Lessons', group: 'Experiments', size: 'wide', load: () => import('./lessons.js'),
    about: 'Common claims about ReLU, and whether measurements support them. Run a claim; quick runs use little data and often leave it undecided.' },
  { tag: 'rl-runs', title: 'Runs', group: 'Run', size: 'wide', load: () => import('./runs.js'),
    about: 'The runs of this browser, and the settings that differ between them. Tick runs to compare their curves.' },
  { tag: 'rl-files', title: 'Files', group: 'Run', size: 'tall', load: () => import('./downloads.js'),
    about: 'Save the network for other programs, save the measurements, and open weights from a file.' },
  { tag: 'rl-log', title: 'Log', group: 'Run', size: '', load: () => import('./log.js'),
    about: 'The output of the command line for the same run.' },
]

/** @type {ViewRow[]} */
export const views = rows.map((row) => ({ group: 'Units', ...row }))
