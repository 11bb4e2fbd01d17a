// Words of the page in English. See ../words.js.
import { bytes, count, moment, percent, plural, short } from '../../dom/format.js'

/** Which layer a warning is about. @param {number | null} layer its number among the hidden ones; null if it needs none */
const ofLayer = (layer) => (layer === null ? '' : ` of hidden layer ${layer}`)

/** The same where a layer is always named. @param {number | null} layer */
const ofThatLayer = (layer) => ofLayer(layer) || ' of the hidden layer'

export const frame = {
  /** Of index.html. */
  page: {
    title: 'reluscope: an activation laboratory',
    skipToStage: 'Skip to the first view',
    skipToSettings: 'Skip to the settings',
    loadingEngine: 'Loading the engine…',
    loadingData: 'Loading data',
    settings: 'Settings',
    views: 'Views',
    sections: 'Sections of the page',
    tabStage: 'Stage',
    tabViews: 'Views',
    tabSettings: 'Settings',
  },

  /** The groups of views/registry.js, and the one of an embedded page. */
  groups: { Stage: 'Stage', Training: 'Training', Units: 'Units', Images: 'Images', Experiments: 'Experiments', Run: 'Run', Views: 'Views' },

  mainButton: {
    train: 'Train',
    pause: 'Pause',
    trainAnew: 'Train anew',
    startOver: 'Start over',
    startAgain: 'Start again',
    /** @param {number} epochs */
    moreEpochs: (epochs) => `${epochs} more epochs`,
  },

  app: {
    start: { title: 'The laboratory could not start', kept: 'The settings in the address are kept.', advice: 'Check the connection and try again.', again: 'Try again' },
    noSimd: {
      title: 'This browser has no WebAssembly SIMD',
      text: 'Training runs as WebAssembly with 128-bit SIMD instructions. This browser does not support them or has disabled them.',
      advice: 'Open the page in a current Chrome, Edge, Firefox or Safari (16.4 or later).',
    },
    /** @param {number} epoch @param {number} epochs @param {number} accuracy */
    epochDone: (epoch, epochs, accuracy) => `Epoch ${epoch} of ${epochs} finished: test accuracy ${percent(accuracy)}.`,
    /** @param {number} step */
    paused: (step) => `Paused at step ${step}.`,
    /** @param {number} epochs @param {number} accuracy */
    finished: (epochs, accuracy) => `Training finished after ${plural(epochs, 'epoch')}: test accuracy ${percent(accuracy)}.`,
    diverged: {
      title: 'Training diverged and was stopped',
      kept: 'These weights are kept, and the views show them.',
      keptAdvice: 'Start a run from them with a lower learning rate, or lower the rate and reset.',
      goOn: 'Continue from them at a tenth of the rate',
      advice: 'Lower the learning rate, then reset.',
      reset: 'Back to step 0',
    },
    engine: {
      stopped: 'The engine stopped',
      silent: 'The engine does not respond',
      silentText: 'The training worker has not responded for 10 seconds. A single step of a very large model can take that long; otherwise the worker hangs.',
      /** @param {number | undefined} step of the autosave */
      kept: (step) => (step === undefined ? 'The settings are kept. The run was not autosaved yet.' : `The run was autosaved at step ${step}.`),
      /** @param {number | undefined} step of the autosave */
      restart: (step) => (step === undefined ? 'Restart the engine' : `Restart from step ${step}`),
      reload: 'Reload the page',
    },
    loading: 'Loading the data set…',
    /** @param {string} data */
    unpacking: (data) => `Unpacking ${data}…`,
    /** @param {string} data @param {number} loaded bytes @param {number} total bytes, 0 if unknown */
    loadingOf: (data, loaded, total) => `Loading ${data}: ${bytes(loaded)}${total > 0 ? ` of ${bytes(total)}` : ''}`,
    unknownView: {
      title: 'The address names an unknown view',
      kept: 'All views are shown instead.',
      advice: 'Correct the list after ?embed= in the address. Example: ?embed=curves,space.',
    },
    unknownLanguage: {
      title: 'The address names an unknown language',
      /** @param {string} wanted @param {string[]} codes @param {string} shown the name of the language of the page */
      text: (wanted, codes, shown) => `lang is "${wanted}", but the languages of this page are ${codes.join(', ')}; it is shown in ${shown}.`,
    },
  },

  topbar: {
    epoch: 'Epoch',
    accuracy: 'Test accuracy',
    loss: 'Training loss',
    lossShort: 'Loss',
    step: 'Step',
    speed: 'Samples per second',
    speedShort: 'Samples/s',
    left: 'Time left',
    makeStep: 'Step',
    makeStepTitle: 'Make one training step',
    reset: 'Reset',
    resetTitle: 'Go back to step 0 with the settings shown in the panel',
    data: 'Data set',
    dataLabel: 'Data set of the run',
    rate: 'Learning rate',
    rateLabel: 'Learning rate, takes effect at once',
    progress: 'Progress of the run',
    others: 'Data set, learning rate and more',
    docs: 'Documentation',
    docsTitle: 'Documentation, in a new tab',
    theme: 'Switch between light and dark',
    run: 'Run',
    wrongRate: { title: 'The learning rate cannot be used', kept: 'The rate is unchanged.' },
    /** @param {{simd: string, threads: number, limit: '' | 'notIsolated' | 'failed' | 'noMemory'}} run limit: why it has no more threads */
    where: ({ simd, threads, limit }) =>
      `${simd} SIMD · ${plural(threads, 'thread')}${{ '': '', notIsolated: ' (page not isolated)', failed: ' (threads failed)', noMemory: ' (no shared memory)' }[limit]}`,
    /** @param {string} where */
    whereLabel: (where) => `Where it runs: ${where}`,
    /** @param {{simd: string, threads: number, reason: string, input: 'sparse' | 'dense', density: number}} run reason: a sentence of the engine, or '' */
    why: ({ simd, threads, reason, input, density }) => [
      `Training runs in a worker of this tab, as WebAssembly with ${simd} instructions on ${plural(threads, 'thread')}.`,
      reason,
      `The first layer reads images as ${input} data: ${percent(density, 1)} of their pixels differ from the background.`,
      'Your data stays on this machine.',
    ].filter(Boolean).join(' '),
    done: 'done',
    scoring: 'scoring',
    /** @param {number} epoch */
    accuracyOf: (epoch) => `Test, epoch ${epoch}`,
    /** @param {number} done from 0 to 1 @param {number} epoch @param {number} epochs */
    progressValue: (done, epoch, epochs) => `${percent(done, 0)}, epoch ${epoch} of ${epochs}`,
    /** @param {string[]} settings */
    waiting: (settings) => `${plural(settings.length, 'change')} ${settings.length === 1 ? 'needs' : 'need'} a restart: ${settings.join(', ')}`,
    restart: 'Restart with changes',
    discard: 'Discard',
  },

  languageSwitch: {
    otherLanguage: '中',
    label: '切换到中文',
    lost: {
      title: 'Another language needs a reload of the page',
      data: 'The page then forgets the files of your data: to continue a run on them, open them again.',
      run: 'This browser cannot keep the run over it.',
    },
    anyway: 'Reload',
  },

  notices: {
    dismiss: 'Dismiss',
    /** @param {string[]} sentences */
    together: (sentences) => sentences.join(' '),
  },

  share: {
    share: 'Share',
    shareTitle: 'Copy a link to this page with all settings',
    copied: 'Link copied. Whoever opens it sees the same run.',
    cannotCopy: 'This browser does not let the page copy. Copy the link here:',
    embed: 'Embed',
    embedTitle: 'Show views of this run in a page of your own',
    dialog: 'Embed in your page',
    what: 'What to show',
    firstScreen: 'First screen',
    autostart: 'Start training when it comes into sight',
    width: 'Width',
    height: 'Height',
    pixels: 'pixels',
    code: 'HTML code',
    copyCode: 'Copy code',
    codeCopied: 'Code copied. Paste it into the HTML of your page.',
    codeSelected: 'This browser does not let the page copy. The code is selected: copy it with the keyboard.',
    preview: 'Preview',
    close: 'Close',
    noViews: 'Choose at least one view.',
    wrongSize: 'Width and height are numbers of pixels from 100 to 5000.',
    /** The title of the frame. @param {string[]} views */
    frame: (views) => `reluscope: ${views.join(', ')}`,
  },

  embed: {
    activation: 'Activation',
    mixed: 'Mixed',
    none: 'None',
    accuracy: 'Test accuracy',
    whole: 'Open in reluscope',
    wholeTitle: 'Open the whole page with these settings, in a new tab',
    /** @param {string} name @param {string[]} names of the views, besides stage */
    unknown: (name, names) => `embed names "${name}", but the views are stage, ${names.join(', ')}`,
  },

  cards: {
    teaches: {
      Training: 'How well the network learns, and from what.',
      Units: 'Which units fire, which stay silent, and what they learn.',
      Images: 'What the network makes of an image, and what it confuses.',
      Experiments: 'Activations compared under equal conditions.',
      Run: 'What was trained, what it costs, and how to keep it.',
    },
    /** @param {string} view */
    collapse: (view) => `Collapse ${view}`,
    /** @param {string} view */
    open: (view) => `Open ${view}`,
    /** @param {string} view */
    close: (view) => `Close ${view}`,
    /** @param {string} view */
    closed: (view) => `${view} closed. Reopen it in the menu Views.`,
    /** @param {string} view */
    show: (view) => `Show ${view}`,
    /** @param {string} view */
    alone: (view) => `${view} alone, to embed`,
    aloneTitle: 'Open only this view, for example to embed it in a page',
    views: 'Views',
    openAll: 'Open all',
    collapseAll: 'Collapse all',
  },

  stage: {
    noComparison: 'The comparison could not open',
  },

  pills: {
    label: 'Activation',
    others: 'More activations',
    more: 'More…',
    compare: 'Compare',
    compareTitle: 'Train a second activation beside this one, on the same batches',
    /** @param {string} activation */
    chosen: (activation) => `Every activation layer is ${activation}`,
    /** @param {string} activation */
    train: (activation) => `Train a new run with ${activation}; this run stays on the charts in grey`,
    /** @param {string} activation */
    begin: (activation) => `Begin a new run with ${activation}; this run stays on the charts in grey`,
    undo: 'Undo',
    /** @param {string} run how it differs @param {number} step */
    undoTitle: (run, step) => `Go back to the run before (${run}, step ${count(step)})`,
  },

  alerts: {
    label: 'Warnings',
    dismiss: 'Dismiss the warnings',
    /** By the code of a warning, in place of the core's sentence. */
    short: {
      /** @param {number | null} layer */
      saturation: (layer) => `Most inputs${ofThatLayer(layer)} lie where the function is flat, so they learn slowly.`,
      /** @param {number | null} layer */
      mean_shift: (layer) => `The outputs${ofThatLayer(layer)} are far from 0 on average.`,
      vanishing_gradients: () => 'The gradient fades on its way to the first layer.',
      exploding_gradients: () => 'The gradient is far too large.',
      large_update: () => 'Each step changes the weights by a large share.',
      small_update: () => 'The steps are too small to learn.',
      loss_not_falling: () => 'The loss does not fall.',
      loss_rising: () => 'The loss rises again.',
    },
    /** @param {{silent: number, units: number, layer: number | null, since: number, lr: number}} found since: the step from which on half of them are silent */
    silent: ({ silent, units, layer, since, lr }) => (since === 0
      ? `${count(silent)} of ${count(units)} units${ofLayer(layer)} are silent from the start: they give 0 for every image.`
      : `${count(silent)} of ${count(units)} units${ofLayer(layer)} are silent, half of them since step ${count(since)}: learning rate ${short(lr)}.`),
    /** @param {{dead: number, units: number, layer: number | null, samples: number, step: number}} found */
    dead: ({ dead, units, layer, samples, step }) =>
      `${count(dead)} of ${count(units)} units${ofLayer(layer)} are dead: no output and no gradient on all ${count(samples)} training images (step ${count(step)}).`,
    /** @param {string} warning */
    announced: (warning) => `Warning: ${warning}`,
    /** @param {string} activation */
    use: (activation) => `Try ${activation}`,
    /** @param {number} lr */
    rate: (lr) => `Use a rate of ${lr}`,
    norm: 'Add BatchNorm',
    /** @param {number} others */
    more: (others) => `+${others} more`,
    one: 'Show one',
  },

  autosaved: {
    failed: {
      title: 'The run could not be autosaved in this browser',
      /** @param {boolean} before whether the previous autosave is intact @returns {string} */
      kept: (before) => (before ? 'Training continues, and the previous autosave is intact.' : 'Training continues. This browser holds no autosave of the run now.'),
      advice: 'Free some storage, or save the run as a file.',
    },
    offer: {
      /** @param {number} savedAt milliseconds since 1970 @param {boolean} over whether the run has ended */
      title: (savedAt, over) => `A run from ${moment(savedAt)} can ${over ? 'be shown again' : 'be continued'}`,
      /** @param {{model: string, data: string, step: number, totalSteps: number, epoch: number, epochs: number}} run */
      text: ({ model, data, step, totalSteps, epoch, epochs }) => `${model} on ${data}: ${plural(step, 'step')} of ${count(totalSteps)}, epoch ${epoch} of ${epochs}.`,
      advice: 'Until you choose, it is unchanged, and nothing else is autosaved.',
      show: 'Show',
      goOn: 'Continue',
      discard: 'Discard',
    },
    notOpened: { title: 'The autosaved run could not be opened', kept: 'It is unchanged, and so is the run on this page.' },
    notRead: { title: 'The autosave could not be read', kept: 'It is unchanged.', advice: 'Reload the page to try again; until then nothing is autosaved.' },
    otherTab: {
      title: 'Another tab has this page open',
      text: 'The autosave, which is restored after a reload or a crash, belongs to that tab; this tab does not change it.',
      kept: 'The run of this tab is among the saved runs below: it is saved at each pause and each epoch.',
      advice: 'To autosave it as well, close the other tab and reload this one.',
    },
  },
}
