// Words of the page in English: the claims of the first screen, and the tour. See ../words.js.
import { count, percent, short } from '../../dom/format.js'

/** An accuracy. @param {number} value */
const rate = (value) => percent(value, 1)

export const claims = {
  // Each claim by its id: its button, what to watch, what is said while the run to compare with trains, and what came out.
  kill: {
    title: 'Kill half the units',
    /** @param {string} lr */
    about: (lr) => `learning rate ${lr}`,
    watch: 'Watch the grid of units: a marked unit is silent. Its input is below 0 for every image, so it gives 0 and no longer learns.',
    /** @param {{silent: number, units: number, step: number, since: number, sinceLr: number}} now */
    seen: ({ silent, units, step, since, sinceLr }) => `${count(silent)} of ${count(units)} units are silent after step ${count(step)}, half of them since step ${count(since)}: learning rate ${short(sinceLr)}.`,
    /** @param {number} dead @param {number} units @param {number} lr */
    alive: (dead, units, lr) => `${count(dead)} of ${count(units)} units are dead at a learning rate of ${short(lr)}.`,
    /** @param {{dead: number, units: number, sinceLr: number, samples: number, since: number}} now */
    dead: ({ dead, units, sinceLr, samples, since }) => `${count(dead)} of ${count(units)} units are dead: a learning rate of ${short(sinceLr)} pushed their inputs below 0 on all ${count(samples)} training images. Half of the silent units fell silent by step ${count(since)}.`,
  },
  leaky: {
    title: 'Leaky to the rescue', about: 'same rate, a small slope',
    first: 'First ReLU at the same rate, then Leaky ReLU.',
    watch: 'Watch the grid of units: no unit falls silent, because the small slope lets a little of each negative input through.',
    /** @param {{silent: number, units: number, reluSilent: number, never: number, reluNever: number, accuracy: number, reluAccuracy: number}} found */
    found: ({ silent, units, reluSilent, never, reluNever, accuracy, reluAccuracy }) =>
      `${count(silent)} of ${count(units)} units are silent, with ReLU ${count(reluSilent)}. ${count(never)} never rise above 0, with ReLU ${count(reluNever)}. The test accuracy is ${rate(accuracy)}, with ReLU ${rate(reluAccuracy)}.`,
  },
  mean: {
    title: 'Non-zero mean', about: 'and BatchNorm',
    first: 'First ReLU alone, then with BatchNorm before it.',
    watch: 'Watch the mean output: ReLU’s is above 0, since it cuts off what is below. BatchNorm moves its inputs back to 0.',
    /** @param {{mean: number, reluMean: number, loss: number, reluLoss: number}} found loss: of the first epoch */
    found: ({ mean, reluMean, loss, reluLoss }) =>
      `ReLU’s outputs have a mean of ${short(reluMean)}, with BatchNorm ${short(mean)}. The training loss of the first epoch is ${short(reluLoss)}, with BatchNorm ${short(loss)}.`,
  },
  elu: {
    title: 'ELU', about: 'outputs around zero',
    first: 'First ReLU, then ELU.',
    watch: 'Watch the curve and the mean output: ELU goes below 0, so its outputs can balance.',
    /** @param {{mean: number, reluMean: number, loss: number, reluLoss: number, faster: boolean}} found loss: of the first epoch */
    found: ({ mean, reluMean, loss, reluLoss, faster }) =>
      `ELU’s outputs have a mean of ${short(mean)}, ReLU’s ${short(reluMean)}. It ${faster ? 'learns faster' : 'does not learn faster'}: the training loss of the first epoch is ${short(loss)}, ReLU’s ${short(reluLoss)}.`,
  },
  prelu: {
    title: 'PReLU learns its slope', about: 'from 0.25 on',
    watch: 'Watch the left arm of the curve: its slope is a weight and moves while the network trains.',
    /** @param {{from: number, to: number}[]} slopes of the hidden layers @param {number} step */
    found: (slopes, step) => `the slope went ${slopes.map(({ from, to }, i) => `from ${short(from)} to ${short(to)} in hidden layer ${i + 1}`).join(', ')} by step ${count(step)}.`,
  },
  batchnorm: {
    title: 'BatchNorm', about: 'same rate, units live',
    first: 'First ReLU alone at a rate that kills units, then with BatchNorm before it.',
    watch: 'Watch the grid of units: BatchNorm keeps each unit’s inputs around 0, so some stay above it.',
    /** @param {{silent: number, units: number, reluSilent: number, accuracy: number, reluAccuracy: number}} found */
    found: ({ silent, units, reluSilent, accuracy, reluAccuracy }) =>
      `${count(silent)} of ${count(units)} units are silent, without BatchNorm ${count(reluSilent)}. The test accuracy is ${rate(accuracy)}, without it ${rate(reluAccuracy)}.`,
  },
  swish: {
    title: 'Swish, deep', about: 'ten layers',
    first: 'First ReLU in ten layers, then Swish.',
    watch: 'Watch the accuracy: Swish is said to be better than ReLU in deep networks. The grey line is ReLU.',
    /** @param {number} accuracy @param {number} reluAccuracy @param {boolean} close */
    found: (accuracy, reluAccuracy, close) => `Swish reaches ${rate(accuracy)}, ReLU ${rate(reluAccuracy)}. ${close ? 'So small a difference can be chance.' : 'One run can be luck.'}`,
  },
  sigmoid: {
    title: 'Sigmoid, deep', about: 'ten layers, then ReLU',
    first: 'First sigmoid in ten layers, then ReLU.',
    watch: 'Watch the loss: sigmoid’s gradients fade on their way to the first layer, ReLU’s reach it. The grey line is sigmoid.',
    /** @param {number} accuracy @param {number} sigmoidAccuracy */
    found: (accuracy, sigmoidAccuracy) => `ReLU reaches ${rate(accuracy)} through ten layers, sigmoid ${rate(sigmoidAccuracy)}.`,
  },

  /** What a run has shown before its end. */
  soFar: {
    /** @param {number} silent @param {number} units @param {number} step */
    silent: (silent, units, step) => `${count(silent)} of ${count(units)} units are silent after step ${count(step)}.`,
    /** @param {number} mean @param {number} step */
    mean: (mean, step) => `The outputs have a mean of ${short(mean)} after step ${count(step)}.`,
    /** @param {number} accuracy */
    accuracy: (accuracy) => `Test accuracy ${rate(accuracy)} so far.`,
  },
  answers: { yes: 'Yes', part: 'In part', no: 'Not in this run', seen: 'So far' },
  /** @param {string} answer @param {string} text */
  verdict: (answer, text) => `${answer}: ${text}`,

  list: {
    label: 'Claims', row: 'Try a claim', compare: 'Compare two', sideBySide: 'side by side, live', tested: 'Tested over five seeds',
    stopped: 'Stopped before the end: no verdict. Press the claim to run it again.',
    /** @param {string} first said while the run to compare with trains @param {string} watch */
    firstAndWatch: (first, watch) => `${first} ${watch}`,
    /** @param {string} title @param {string} watch */
    started: (title, watch) => `${title}. ${watch}`,
  },
  tour: {
    title: 'Tour', about: '60 seconds', back: 'Back', next: 'Next', end: 'End', close: 'End the tour', ended: 'The tour has ended.',
    /** @param {number} stop @param {number} stops @param {string} claim */
    heading: (stop, stops, claim) => `${stop} of ${stops}: ${claim}`,
    /** By the id of the claim. */
    stops: {
      kill: 'ReLU gives 0 for every negative input. At a large learning rate many units end up there for every image. They give 0, get no gradient and learn no more.',
      leaky: 'Leaky ReLU keeps a small slope below 0, so some gradient always gets through. See in the verdict what that helped, and what it did not.',
      elu: 'ELU bends smoothly to −1 below 0. Its outputs average near 0, where ReLU’s lie above it.',
      prelu: 'PReLU makes the slope below 0 a weight: each layer finds its own. Now choose another activation at the top, or draw a digit.',
    },
  },
}
