// Words of the page in English. See ../words.js.
import { count, percent } from '../../dom/format.js'

export const stage = {
  image: {
    title: 'One image through the network',
    about: 'An image, the output of every hidden unit, and the class probabilities, with the current weights.',
    explain: {
      what: 'The image passes through the network. Each square is the output of a unit: blue above zero, orange below, crossed out if it is silent on all 500 probe images. The bars are the probabilities of the classes.',
      look: 'Only some units of a ReLU layer fire on an image, and another digit makes other units fire. With Leaky ReLU and ELU almost no unit is grey.',
      attempt: 'Step through the images with the arrow buttons during training. Click a unit: the view Unit inspector shows what it looks for.',
    },
    empty: 'The outputs of the hidden units appear here.',
    probabilities: 'Probabilities of the chosen test image',
    choose: 'Choose an image',
    previous: 'Previous image',
    random: 'Random image',
    next: 'Next image',
    index: 'Index of the image',
    /** @param {number} last */
    indexUpTo: (last) => `Index of the image, 0 to ${count(last)}`,
    test: 'Test ',
    train: 'Train ',
    /** @param {'test' | 'train'} part @param {number} index @param {string} label */
    image: (part, index, label) => `${part === 'test' ? 'Test' : 'Training'} image ${index}, labelled ${label}`,
    /** @param {string} predicted @param {number} probability @param {string} correct */
    prediction: (predicted, probability, correct) => `Prediction: ${predicted} with ${percent(probability, 1)}; correct: ${correct}.`,
    /** @param {string} correct */
    noPrediction: (correct) => `No prediction: the probabilities are NaN; correct: ${correct}.`,
  },
}
