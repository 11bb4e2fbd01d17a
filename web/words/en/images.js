// Words of the page in English. See ../words.js.
import { count, percent, plural } from '../../dom/format.js'

/** @typedef {{label: string, prediction: string, right: boolean}} Cell of the confusion matrix: names of classes; right: whether they are the same class */

/** @param {Cell} cell */
const ofCell = ({ label, prediction, right }) => (right ? `${label} correct` : `${label} predicted as ${prediction}`)

export const images = {
  draw: {
    title: 'Draw a digit',
    about: 'Your drawing is scaled and centred like the digits of MNIST, and classified after every stroke.',
    explain: {
      what: 'The drawing is scaled into 20 × 20 pixels and centred by its mass in 28 × 28 pixels, like the digits of MNIST; for another data set the result is scaled to its size. The small picture is the input of the network.',
      look: 'High probabilities for drawings that are not digits: the probabilities always sum to 1, and the network has never seen a letter.',
      attempt: 'Draw a 7 with a bar, a 1 as a slanted line, a circle in a corner. Then train with augmentation and draw them again.',
    },
    nothing: 'Draw here',
    pad: 'Drawing pad',
    padRole: 'drawing pad',
    keys: 'Keys: arrows move the pen, space lowers and lifts it, Delete clears the pad.',
    clear: 'Clear',
    input: 'The input of the network',
    /** @param {number} height @param {number} width */
    inputOf: (height, width) => `The input of the network: the drawing in ${height} by ${width} pixels`,
    verdict: 'Drawn digit',
    bars: 'Probabilities of the drawing',
    noLayers: 'The activations of the hidden units appear here while you draw.',
    noClass: 'No class',
    /** @param {string} name of the class @param {number} probability */
    guess: (name, probability) => `${name} (${percent(probability, 0)})`,
    /** @param {string} verdict nothing, noClass or guess() */
    drawn: (verdict) => `Drawn digit: ${verdict}`,
  },
  confusion: {
    title: 'Confusion matrix',
    about: 'Which classes the network confuses, and the images with the highest loss. Choose a cell to see its images; choose an image to see it in every view.',
    explain: {
      what: 'Each row is a true class (label), each column a predicted class. The diagonal counts correct predictions, all other cells mistakes. Recall is the share of a row that is on the diagonal; precision is the share of a column.',
      look: 'Mistakes are not evenly distributed: on MNIST the network often confuses 4 and 9, 3 and 5, 7 and 2. A column with low precision is a class that the network predicts when it is unsure.',
      attempt: 'Choose the most orange cell, then one of its images: the other views show it too. Then train with a sixth of the units and see which classes get worse first.',
    },
    chooseCell: 'Choose a cell to see its images',
    score: 'Score of the matrix',
    empty: 'The test set is scored at the end of each epoch, and whenever the run pauses.',
    pause: 'Pause and score now',
    table: 'Confusion matrix: labels in rows, predictions in columns',
    matrix: 'Confusion matrix',
    scale: 'Scale of mistakes',
    scales: { all: 'the largest in the matrix', row: 'the largest in the row' },
    scaleLabel: 'Full colour of mistakes: ',
    legendBar: 'Orange: mistakes, grey: none, blue: correct',
    /** @param {number | null} most mistakes in a cell; null: each row has its own colour scale */
    legend: (most) => `orange: mistakes, full colour at ${most === null ? 'the largest in the row' : count(most)}; blue: correct share of the row, full colour at 100%`,
    cellImages: 'Images of the chosen cell',
    hardest: 'Hardest samples',
    hardestTitle: 'Hardest samples: label → prediction, by loss',
    /** @param {{caption: string, index: number, probability: string, loss: string}} of caption: label → prediction */
    hard: ({ caption, index, probability, loss }) => `${caption}: test image ${index}, predicted with ${probability}, loss ${loss}`,
    /** @param {{epoch: number, step: number, correct: number, samples: number}} report @param {boolean} training */
    summary: ({ epoch, step, correct, samples }, training) =>
      `${training ? `At the end of epoch ${epoch}` : `At step ${count(step)}`}: ${count(correct)} of ${count(samples)} test images correct (${percent(correct / samples)})`,
    corner: 'is ↓ says →',
    recall: { name: 'Recall, %', brief: 'Rec.' },
    precision: { name: 'Precision, %', brief: 'Prec.' },
    /** @param {string} label @param {string} prediction @param {number} n images */
    cell: (label, prediction, n) => `${label} predicted as ${prediction}: ${n}`,
    /** @param {Cell} cell @param {number} all its images @param {number} most images shown */
    chosen: (cell, all, most) => `${ofCell(cell)}: ${plural(all, 'image')}${all > most ? `, the first ${most}` : ''}`,
    /** @param {number} index @param {Cell} cell */
    image: (index, cell) => `Test image ${index}: ${ofCell(cell)}`,
    /** @param {string} label @param {string} prediction @param {number} times */
    worst: (label, prediction, times) => `Most frequent mistake: ${label} taken for ${prediction}, ${plural(times, 'time')}.`,
    noMistakes: 'No mistakes.',
  },
  space: {
    title: 'Hidden space',
    about: 'How a layer arranges images, before and after its activation. Each mark is an image; its number and colour are the class.',
    explain: {
      what: 'The outputs of a layer for 250 images are points in a space with one dimension per unit. $X = UΣVᵀ$ gives the directions of largest variance. A mark is the projection of its image on two of them, $x_iv$. Both axes have the same scale.',
      look: 'At step 0 the classes overlap; during training they separate. Images between two groups are often the mistakes in the confusion matrix.',
      attempt: 'Press Train and watch. Choose one class to see it alone. Compare before with after: ReLU sets every negative coordinate to 0. Point at a mark to find the same image on both sides.',
    },
    layer: 'Layer ',
    components: 'Components ',
    /** @param {number} across @param {number} up */
    axes: (across, up) => `${across} across, ${up} up`,
    /** @param {string} activation @param {string} layer */
    before: (activation, layer) => `Before ${activation}: outputs of ${layer}`,
    /** @param {string} activation @param {string} layer */
    after: (activation, layer) => `After ${activation}: outputs of ${layer}`,
    /** @param {string} layer */
    outputs: (layer) => `Outputs of ${layer}`,
    noCloud: 'Images of the probe set, none yet',
    /** @param {string} layer @param {string} apart of apart() */
    cloud: (layer, apart) => `Images of the probe set in the outputs of ${layer}. ${apart}`,
    varianceTitle: 'Explained variance',
    /** @param {string[]} shares of the components @param {string} together */
    variance: (shares, together) => `Components ${shares.map((share, k) => `${k + 1}: ${share}`).join(', ')}; together ${together} of the variance`,
    allEqual: 'All outputs are equal: there is no direction to show',
    notNumbers: 'The outputs are NaN',
    /** @param {number} nearest images @param {number} all */
    apart: (nearest, all) => `${count(nearest)} of ${count(all)} images lie nearest to the centre of their own class.`,
    noPoint: 'No point chosen',
    point: 'Point at a mark, or move between marks with the arrow keys. Click or press Enter to show its image in every view.',
    classes: 'Classes: choose one to see it alone',
    /** @param {number} across @param {number} up @param {string} limit */
    limits: (across, up, limit) => `Component ${across} across, ${up} up; the centre is the mean, the farthest mark is ${limit} away on one axis.`,
    /** @param {number} index @param {string} label @param {string[]} place */
    chosen: (index, label, place) => `Training image ${index}, ${label}, at ${place.join(', ')}`,
    /** @param {number} index @param {string} label */
    image: (index, label) => `Training image ${count(index)}, labelled ${label}`,
  },
}
