// Words of the page in English. See ../words.js.
import { bytes, count, percent, plural } from '../../dom/format.js'

/** Where the browser stores runs; without memory, which stores nothing. */
const places = { 'file system': 'private file system', database: 'database' }

export const run = {
  runs: {
    title: 'Runs',
    about: 'The runs of this browser, and the settings that differ between them. Tick runs to compare their curves.',
    explain: {
      what: 'Every run that has started training is saved in this browser, with its settings, curves and weights. Each row lists the changes from the previous run.',
      look: 'Which change affected the accuracy. Change one setting at a time: the effects of several changes cannot be separated.',
      attempt: 'Train, lower the learning rate to a tenth, train again, and compare the two. Then open the better one and continue it.',
    },
    /** Of the table: to compare, name, changes, test accuracy, steps, size, tools. */
    columns: ['Compare', 'Name', 'Changes from the previous run', 'Test accuracy', 'Steps', 'Size', 'Open or delete'],
    empty: 'Each run appears here at its first pause or its first epoch, with its weights, and stays until you delete it.',
    table: 'Runs',
    storageTitle: 'Storage',
    copy: 'Copy this run’s address',
    copied: 'Copied',
    copiedAloud: 'The address of this run was copied.',
    notCopied: { title: 'The browser does not let the page copy', advice: 'Copy the address from here.' },
    loss: 'Training loss, smoothed',
    accuracy: 'Test accuracy of runs',
    /** @param {string[]} differences "lr 0.001 → 0.0001" */
    changes: (differences) => differences.join(', ') || 'nothing',
    first: 'the first',
    /** @param {number} accuracy @param {number} epoch */
    scored: (accuracy, epoch) => `${percent(accuracy)}, epoch ${count(epoch)}`,
    /** @param {number} step @param {number} all @param {boolean} diverged */
    steps: (step, all, diverged) => `${count(step)} of ${count(all)}${diverged ? ', diverged' : ''}`,
    noStorage: 'This browser stores no data for this page: runs are lost when it is closed.',
    /** @param {{where: 'file system' | 'database', runs: number, size: number, usage: number, quota: number}} of size: of the runs in bytes; usage: of the site; quota: 0 if unknown */
    storage: ({ where, runs, size, usage, quota }) => `${runs > 0 ? `${plural(runs, 'run')} ${runs === 1 ? 'takes' : 'take'} ${bytes(size)} of` : 'Runs are saved in'} this browser’s ${places[where]}` +
      `${quota > 0 ? `; this site uses ${bytes(usage)} of the ${bytes(quota)} available` : ''}.`,
    open: 'Open',
    settings: 'Settings',
    settingsTitle: 'Open only its settings, for a new run',
    isOpen: 'This run is open',
    openTitle: 'With its weights, at its last saved step',
    /** @param {string} name of the run */
    compareRun: (name) => `Compare ${name}`,
    /** @param {string} name */
    nameOf: (name) => `Name of ${name}`,
    /** @param {string} name */
    openRun: (name) => `Open ${name}`,
    /** @param {string} name */
    openSettings: (name) => `Open the settings of ${name}`,
    /** @param {string} name */
    deleteRun: (name) => `Delete ${name}`,
  },
  model: {
    title: 'Model',
    about: 'Output shape, parameters and cost of each layer, for one batch.',
    explain: {
      what: 'The layers of the model. Multiply-adds and memory are for the forward pass of one batch; parameters are the learnt values.',
      look: 'Most parameters are in the first dense layer. A convolution has few parameters and many multiply-adds.',
      attempt: 'Put “conv 8x3 | relu | pool 2” before the first dense layer and compare.',
    },
    table: 'Model table',
    chosen: 'As chosen. It takes effect after a restart.',
    typed: 'As typed. Press Enter to apply it.',
    /** Of the table: layer, output shape, parameters, multiply-adds, memory. */
    columns: ['Layer', 'Output shape', 'Param #', 'Mult-adds', 'Memory'],
    input: 'input',
    total: 'Total',
  },
  downloads: {
    title: 'Files',
    about: 'Save the network for other programs, save the measurements, and open weights from a file.',
    explain: {
      what: 'What the network has learnt, for other programs: .pth for PyTorch, .onnx for most others, and .safetensors, which can be opened here again. The .py rebuilds the network in PyTorch, and the .ckpt holds the whole run.',
      look: 'The same weights give the same bytes, here, in Node and natively: two files can be compared by their hash.',
      attempt: 'Train, save .pth and .py into one folder, and run the script there: it scores MNIST in PyTorch as this page does.',
    },
    file: 'Weights or checkpoint file',
    status: 'Files',
    open: 'Open a file…',
    drop: 'or drop one here: a .safetensors file sets the run’s settings and the network’s weights; a .ckpt file resumes its run.',
    /** What a format of the core is for. @param {string} _name the file name extension @param {string} about in English */
    saveFormat: (_name, about) => about,
    csv: 'the metrics so far as a table',
    jsonl: 'the metrics so far as JSON lines, as the command line writes them',
    json: 'the settings, as --config takes them',
    ckpt: 'the whole run in one file, weights, optimizer and metrics: to resume here, in Node or natively',
    /** @param {string} end the file name extension */
    download: (end) => `Download .${end}`,
    /** @param {string} name of the file @param {number} size in bytes */
    saved: (name, size) => `${name}, ${bytes(size)}`,
    /** @param {string} end the file name extension */
    notMade: (end) => `.${end} could not be made`,
    runKept: 'The run is unchanged.',
    /** @param {string} name of the file */
    opening: (name) => `Opening ${name}…`,
    /** @param {string} name of the file @param {number} step */
    resumed: (name, step) => `The run of ${name} is at step ${step}.`,
    /** @param {string} name of the file */
    hasWeights: (name) => `The network has the weights of ${name}.`,
    /** @param {string} name of the file */
    notOpened: (name) => `${name} could not be opened`,
    previousKept: 'The previous run is unchanged, unless it is at step 0 now.',
  },
  log: {
    title: 'Log',
    about: 'The output of the command line for the same run.',
    explain: {
      what: 'The output of the command line for the same settings: the loss every 100 batches, and the score of the test set after each epoch.',
      look: 'The last line, the SHA-256 of the weights. It is the same in every browser, in Node and in the native program.',
      attempt: 'Download the settings in the view Files, train with reluscope train --config and that file, and compare the last lines.',
    },
    label: 'Log',
    empty: 'Press Train. A line appears every 100 batches, and the score of the test set after each epoch.',
  },
}
