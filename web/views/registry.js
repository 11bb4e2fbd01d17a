// The views, in the order of their cards. A new view is a file that defines its element, and a row here.

/** Headings over the cards, in their order; a row that names none stands under Units. */
export const groups = ['Training', 'Units', 'Images', 'Experiments', 'Run']

// Size: '' takes a cell of the grid, 'wide' a whole row, 'tall' two cells one above the other.

/** @typedef {{tag: string, title: string, about: string, size: '' | 'wide' | 'tall', group: string, load: () => Promise<unknown>}} ViewRow */

/** @type {(Omit<ViewRow, 'group'> & {group?: string})[]} */
const rows = [
  { tag: 'rl-curves', title: 'Loss and accuracy', group: 'Training', size: 'wide', load: () => import('./curves.js'),
    about: 'Training batches as they come; the test set is scored at the end of each epoch and never steers anything.' },
  { tag: 'rl-image', title: 'One image through the network', group: 'Training', size: 'wide', load: () => import('./image.js'),
    about: 'A test image, what every hidden unit makes of it, and the ten probabilities, as the weights are now.' },
  { tag: 'rl-microscope', title: 'Activation microscope', size: '', load: () => import('./microscope.js'),
    about: 'Where the inputs of a layer’s function lie, and what the function makes of them.' },
  { tag: 'rl-dead-units', title: 'Dead units', size: '', load: () => import('./dead_units.js'),
    about: 'One cell a unit: on how many images it fires. What never fires learns nothing, unless something brings it back.' },
  { tag: 'rl-unit-inspector', title: 'Unit inspector', size: '', load: () => import('./unit_inspector.js'),
    about: 'One unit from all sides. Choose it here or by a click in the map of dead units.' },
  { tag: 'rl-gradient-flow', title: 'Gradient flow', size: '', load: () => import('./gradient_flow.js'),
    about: 'How much gradient reaches each layer, and how far each step moves its weights.' },
  { tag: 'rl-slopes', title: 'Learnt slopes', size: '', load: () => import('./slopes.js'),
    about: 'What PReLU’s α and Swish’s β have become: the network chooses its own activation.' },
  { tag: 'rl-draw', title: 'Draw a digit', group: 'Images', size: 'tall', load: () => import('./draw.js'),
    about: 'Scaled and centred as MNIST was, then classified at every stroke.' },
  { tag: 'rl-model', title: 'Model', group: 'Run', size: '', load: () => import('./model.js'),
    about: 'What each layer gives, holds and costs, for one batch.' },
  { tag: 'rl-confusion', title: 'Confusion matrix', group: 'Images', size: 'wide', load: () => import('./confusion.js'),
    about: 'Which test images are taken for what, and which are the hardest. A cell shows its images; an image is loaded into every view.' },
  { tag: 'rl-space', title: 'Hidden space', group: 'Images', size: 'wide', load: () => import('./space.js'),
    about: 'The probe set as a layer sees it, in the directions in which its outputs differ most. Each mark is an image, its number and colour the class.' },
  { tag: 'rl-convolution', title: 'Convolution', group: 'Images', size: 'wide', load: () => import('./convolution.js'),
    about: 'The filters of every convolution, and what each makes of the page’s image, as the weights are now.' },
  { tag: 'rl-init-map', title: 'Initialisation map', group: 'Experiments', size: 'wide', load: () => import('./init_map.js'),
    about: 'The variance of each layer’s output before the first step, for every initialisation with every activation: does the signal fade, keep or grow with depth?' },
  { tag: 'rl-race', title: 'Race', group: 'Experiments', size: 'wide', load: () => import('./race.js'),
    about: 'Configurations on the same seed, batches and first draws, beside the run and without touching it. What each entry changes is all that differs: watch who falls first, and who loses units.' },
  { tag: 'rl-lessons', title: 'Lessons', group: 'Experiments', size: 'wide', load: () => import('./lessons.js'),
    about: 'What is said about ReLU, and whether the numbers say so too. Run a claim; quick runs have little data and often leave it undecided.' },
  { tag: 'rl-runs', title: 'Runs', group: 'Run', size: 'wide', load: () => import('./runs.js'),
    about: 'What was tried in this browser, and what each run changed. Tick runs to lay their curves over one another.' },
  { tag: 'rl-files', title: 'Files', group: 'Run', size: 'tall', load: () => import('./downloads.js'),
    about: 'The network for other programs, the numbers behind the charts, and weights from elsewhere.' },
  { tag: 'rl-log', title: 'Log', group: 'Run', size: '', load: () => import('./log.js'),
    about: 'What the command line prints for the same run.' },
]

/** @type {ViewRow[]} */
export const views = rows.map((row) => ({ group: 'Units', ...row }))
