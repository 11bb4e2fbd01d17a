// Words of the page in English. See ../words.js.
import { count, plural, short } from '../../dom/format.js'

/** @typedef {{first: number, most: number, last: number, updates: number, perEpoch: number}} Plan of the rate, or of the step of a weight */

/** @param {Plan} plan */
const ends = ({ first, most, last }) => `${short(first)} at the start, at most ${short(most)}, ${short(last)} at the end`
/** @param {Plan} plan */
const epochs = ({ updates, perEpoch }) => `${plural(updates, 'update')} (${count(perEpoch)} per epoch)`

export const panel = {
  panel: {
    which: 'Which settings to show',
    modes: { basic: 'Basic', all: 'All' },
    sections: { Data: 'Data', Augmentation: 'Augmentation', Model: 'Model', Optimizer: 'Optimizer', Schedule: 'Schedule', Regularisation: 'Regularisation', Run: 'Run' },
    more: 'More',
    /** @param {number} changed */
    allSettings: (changed) => (changed ? `All settings: ${changed} more changed` : 'All settings'),
    hash: {
      title: 'Weights SHA-256',
      about: 'Identifies the weights. The command line prints the same hash for the same settings and steps.',
      whilePaused: 'while paused',
    },
    dataAbout: { own: 'Opened from your own files', site: 'Images of 28 × 28 pixels in ten classes' },
    changes: {
      about: 'Replay, or opening this address, repeats the changes at the same steps.',
      replay: 'Replay from step 0',
      /** @param {string} setting @param {number} value @param {number} step */
      change: (setting, value, step) => `${setting} ${short(value)} after step ${step}`,
    },
  },
  fields: {
    /** @param {string} setting @param {string} value its default, '' if it is too long to name */
    reset: (setting, value) => `Reset ${setting} to its default${value && `, ${value}`}`,
    live: { label: 'live', about: 'Takes effect while training' },
    /** @param {string} setting */
    slider: (setting) => `${setting}, slider`,
    anotherSeed: 'Another seed',
  },
  ownData: {
    title: 'Own data',
    about: 'Open or drop a .zip or .npz archive, four IDX or .npy files, or a folder that has one folder of PNG images per class, for example cats/1.png. Your files stay in this tab.',
    files: { input: 'Files of own data', open: 'Open files…' },
    folder: { input: 'A folder of own data', open: 'Open a folder…' },
    /** @param {number} files */
    reading: (files) => `Reading ${plural(files, 'file')}…`,
    /** @param {string} name @param {{train: number, test: number, width: number, height: number, classes: number}} info */
    opened: (name, { train, test, width, height, classes }) =>
      `${name}: ${count(train)} training and ${count(test)} test images of ${width} × ${height} pixels in ${plural(classes, 'class', 'classes')}. It is lost when you close this tab.`,
    failed: 'The previous data set is still in use.',
    /** The data set of files without a folder. */
    unnamed: 'own data',
    /** The data set of a folder that has the name of a data set of the site. @param {string} name */
    distinct: (name) => `${name} of your own`,
  },
  modelEditor: {
    layers: 'Layers',
    /** @param {string} sizes @param {number} parameters @param {number} multiplyAdds */
    summary: (sizes, parameters, multiplyAdds) => `${sizes}, ${plural(parameters, 'parameter')}, ${count(multiplyAdds)} multiply-adds per image`,
    activation: 'Activation',
    mixed: 'Mixed: see the text below',
    none: 'None',
    /** @param {string} activation */
    picture: (activation) => `${activation}: the function and its derivative from −4 to 4`,
    with: 'with',
    /** @param {{symbol: string, value: number, learnable: boolean}[]} parameters */
    parameters: (parameters) => parameters.map(({ symbol, value, learnable }) => `${symbol} = ${value}${learnable ? ' initially' : ''}`).join(', '),
  },
  layerRows: {
    label: 'Add a layer',
    add: 'Add a layer…',
    layers: 'Layers',
    activations: 'Activations',
    /** @param {number} layer from 1 @param {string} kind */
    up: (layer, kind) => `Move layer ${layer}, ${kind} up`,
    /** @param {number} layer from 1 @param {string} kind */
    down: (layer, kind) => `Move layer ${layer}, ${kind} down`,
    /** @param {number} layer from 1 @param {string} kind */
    remove: (layer, kind) => `Remove layer ${layer}, ${kind}`,
    drag: 'Drag to move the layer',
    /** @param {number} layer from 1 */
    activation: (layer) => `Activation of layer ${layer}`,
    /** @param {string} kind @param {string} syntax of the arguments */
    takes: (kind, syntax) => `${kind} takes ${syntax}`,
    /** @param {number} layer from 1 @param {string} kind */
    arguments: (layer, kind) => `Arguments of layer ${layer}, ${kind}`,
  },
  augmentPreview: {
    title: 'A training image in epochs 1 to 16',
    another: 'Another training image',
    /** @param {number} number */
    epoch: (number) => `Epoch ${number}`,
    /** @param {number} sample @param {string} name of its class @param {string[]} on labels of the settings that change images */
    about: (sample, name, on) => `Training image ${sample}, labelled ${name}: ${on.length === 0
      ? 'the same in every epoch. Change one of the settings above, for example Rotation to 10.' : `with ${on.map((label) => label.toLowerCase()).join(', ')}.`}`,
  },
  ratePlot: {
    title: { lr: 'Learning rate over the run', moves: 'Step of a weight whose gradient stays 1' },
    /** @param {string} title @param {Plan} plan */
    picture: (title, plan) => `${title}: ${ends(plan)}, over ${epochs(plan)}`,
    about: {
      /** @param {Plan & {momentum: boolean, unknown: boolean}} plan momentum: it changes as well; unknown: the rate depends on the validation loss */
      lr: ({ momentum, unknown, ...plan }) => `${ends(plan)}, over ${epochs(plan)}${momentum ? '; dashed: momentum, 0 to 1' : ''}${unknown ? '; the rate drops when the validation loss stops falling, which cannot be predicted' : ''}.`,
      /** @param {Plan} plan */
      moves: (plan) => `The effect of momentum, averages and bias correction on the rate: ${ends(plan)}.`,
    },
  },
}
