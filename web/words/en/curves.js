// Words of the page in English: the activation, and the curves of loss and accuracy. See ../words.js.

const fates = { off: 'are cut to 0', saturated: 'are flat at a bound', leaky: 'are scaled by the small slope', curved: 'are bent', linear: 'pass' }

export const curves = {
  activation: {
    title: 'What the activation does',
    about: 'The function and its slope over the inputs that it gets.',
    explain: {
      what: 'A unit adds up its weighted inputs: $z = Wx + b$. The activation turns this number into the output $f(z)$. The bars show how often each $z$ occurs, the solid line is $f$, the dashed line its slope $f′$.',
      look: 'Where the slope is 0 nothing is learnt. ReLU cuts about half of its inputs to 0, so its outputs have a mean above 0; ELU and tanh keep it near 0.',
      attempt: 'Choose another activation above: its curve appears here beside the one before.',
    },
    layer: 'Hidden layer',
    /** @param {number} i from 1 @param {number} all */
    layerOf: (i, all) => `Layer ${i} of ${all}`,
    none: 'No activation',
    linear: 'Without an activation the network is one linear map. Choose an activation above to bend it.',
    /** @param {string} label */
    does: (label) => `What ${label} does to its inputs`,
    /** The names of the regimes, as the core calls them. */
    regimes: { off: 'off', saturated: 'saturated', leaky: 'leaky', curved: 'curved', linear: 'linear' },
    /** What happens to a share of the inputs, by its regime. */
    fates: {
      off: (/** @type {string} */ share) => `${share} ${fates.off}`, saturated: (/** @type {string} */ share) => `${share} ${fates.saturated}`, leaky: (/** @type {string} */ share) => `${share} ${fates.leaky}`,
      curved: (/** @type {string} */ share) => `${share} ${fates.curved}`, linear: (/** @type {string} */ share) => `${share} ${fates.linear}`,
    },
    /** @param {string} share @param {keyof typeof fates} regime */
    ofInputs: (share, regime) => `${share} of the inputs ${fates[regime]}`,
    /** @param {string[]} said @param {string} mean */
    finding: (said, mean) => `${said.join(', ')}. Mean output ${mean}.`,
    /** @param {{name: string, label: string, step: string, mean: string, fates: string[]}} values */
    summary: ({ name, label, step, mean, fates: said }) => `Inputs of ${name}, ${label}, after step ${step}: mean ${mean}; ${said.join(', ')}`,
    /** @param {string} label */
    before: (label) => `Dashed: the run before, ${label}.`,
  },
  learning: {
    title: 'Learning',
    about: 'Accuracy and loss of the run, and of the run before.',
    explain: {
      what: 'Accuracy is the share of images whose most probable class is correct; the loss falls as the network becomes sure of the correct classes. The line is the training batches, the dots are the test images after each epoch.',
      look: 'How fast the curve rises compared with the grey one, the run before. A loss that stays near 2.3 is guessing.',
      attempt: 'Train with ReLU, then choose ELU. Loss and accuracy, below, has larger charts.',
    },
    accuracy: 'Accuracy', loss: 'Loss', empty: 'Press Train.',
    /** @param {string} accuracy @param {number} epoch */
    scored: (accuracy, epoch) => `${accuracy} of the test images are right after epoch ${epoch}.`,
    later: 'The test images are scored at the end of the epoch.',
    start: 'Press Train: both curves appear within a second.',
    /** @param {string} finding @param {string} label */
    withGhost: (finding, label) => `${finding} Grey: the run before (${label}).`,
  },
  curves: {
    title: 'Loss and accuracy',
    about: 'The training batches over the steps. The test set is scored at the end of each epoch and does not affect training.',
    explain: {
      what: 'The loss is the cross-entropy $−log p_label$, averaged over a batch. Accuracy is the share of images whose most probable class is correct. The bold line is a moving average of the faint one. The axes show what matters now; Full range shows all.',
      look: 'A training loss that keeps falling while the test loss rises: the network memorises the images (overfitting). A loss that jumps, or stays at 2.3, the value of guessing: the learning rate is too high, or many units are silent.',
      attempt: 'Change the learning rate during training; a mark shows the step. Switch on Log loss to see late progress.',
    },
    accuracy: 'Accuracy', loss: 'Loss', logLoss: 'Log loss', smoothing: 'Smoothing', noSmoothing: 'Smoothing: none',
    /** @param {number} points */
    smoothingOf: (points) => `Smoothing: mean of about ${points} points`,
    emptyLoss: 'Press Train. Within a second or two the loss appears here, one point every few steps.',
    emptyAccuracy: 'The accuracy appears here, that of the test set at the end of each epoch.',
  },
}
