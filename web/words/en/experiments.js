// Words of the page in English. See ../words.js.
import { count, percent } from '../../dom/format.js'

export const experiments = {
  race: {
    title: 'Race',
    about: 'Trains several configurations with the same seed and batches, without affecting the current run. Each entry differs only in the settings that it names: watch whose loss falls first, and which network loses units.',
    explain: {
      what: 'Every configuration begins from the panel’s settings with the same seed, sees the same batches with the same augmentation, and starts from the same draws wherever shapes allow. Over several seeds a line is the mean and its band one deviation on each side.',
      look: 'Bands that overlap: such a difference may be chance. The sentence above the table says whether the lead exceeds chance (Student’s t of the differences by seed, 95%). A row whose silent units rise while its loss does not change; a hidden unit is silent if it has zero output and zero gradient for each of the first 1,000 training images.',
      attempt: 'Add lr=0.02 to the five activations, with three seeds: which still learn?',
    },
    from: 'Where the race begins',
    fromBeginning: 'From the beginning',
    fromRun: 'From the current run',
    list: 'Configurations',
    addActivation: 'Add an activation',
    addActivationOption: 'Add an activation…',
    addSetting: 'Add a setting',
    addSettingButton: 'Add setting',
    seeds: 'Seeds ',
    seedsOfRace: 'Seeds of the race',
    epochs: 'Epochs ',
    epochsOfRace: 'Epochs of the race',
    samples: 'Training samples ',
    samplesOfRace: 'Training samples of the race',
    start: 'Start race',
    fork: 'Fork the run',
    stop: 'Stop race',
    stopped: 'Stopped. The results so far are kept.',
    forkNote: 'Each fork continues from the run’s weights, moments and step, with one change; “unchanged” is how the run itself continues. The run is not affected.',
    status: 'Race',
    table: 'Results of the race',
    printed: 'What the command line prints for the race',
    printedTitle: 'What the command line prints',
    log: 'Logarithmic losses',
    note: 'By epoch each line is the mean over the seeds, and the band around it ± one deviation; by step it is the running seed.',
    winner: 'Winner',
    empty: 'The curves appear here when the race has started.',
    running: 'Running loss, by step, smoothed',
    loss: 'Test loss, by epoch',
    accuracy: 'Test accuracy, by epoch',
    unchanged: 'unchanged',
    /** @param {number} most */
    full: (most) => `A race here has at most ${most} configurations: remove one first.`,
    /** @param {string} entry */
    remove: (entry) => `Remove ${entry}`,
    loading: 'Loading the data into a separate worker…',
    /** @param {number} share @param {number | null} step of the run that is forked */
    working: (share, step) => `${step === null ? 'Racing' : `Forks after step ${count(step)}`}: ${percent(share, 0)}`,
    /** @param {number | null} step of the run that is forked */
    finished: (step) => (step === null ? 'Finished.' : `Forks after step ${count(step)}: finished.`),
    finishedAloud: 'The race has finished.',
    measures: { test_accuracy: 'Test accuracy', test_loss: 'Test loss', train_loss: 'Training loss', silent: 'Silent units', output_mean: 'Output mean' },
    /** @param {number} seeds */
    caption: (seeds) => (seeds > 1 ? `After the last epoch, the best test accuracy first; ± is one standard deviation over ${count(seeds)} seeds.` : 'After the last epoch, the best test accuracy first.'),
    configuration: 'Configuration',
    time: 'Time per step',
    /** @param {number} runs */
    diverged: (runs) => ` (${runs} diverged)`,
    /** @param {number} runs */
    refused: (runs) => ` (${runs} refused)`,
  },
  lessons: {
    title: 'Lessons',
    about: 'Common claims about ReLU, and whether measurements support them. Run a claim; quick runs use little data and often leave it undecided.',
    explain: {
      what: 'A lesson trains the configurations that its claim compares, with several seeds each, and takes the difference for each seed. The claim is supported if the difference is significant at the 5% level and large enough to matter.',
      look: 'Claims that are not supported: not every claim about activations holds on MNIST with little data. The command line prints the same table.',
      attempt: 'Run a claim quickly, then in full. Open one of its configurations and change one setting.',
    },
    status: 'Lesson',
    stop: 'Stop',
    whole: ' Full lessons: five seeds instead of three, and more data. A lesson then takes minutes',
    /** @param {string} data the name of the user's data */
    onMnist: (data) => `The claims are about MNIST. Lessons always run on MNIST, not on “${data}”.`,
    run: 'Run',
    /** @param {string} name of the lesson */
    runLesson: (name) => `Run ${name}`,
    /** @param {string} name of the lesson */
    loading: (name) => `${name}: loading the data into a separate worker…`,
    /** @param {string} name of the lesson @param {number} share */
    working: (name, share) => `${name}: ${percent(share, 0)}`,
    /** @param {string} name of the lesson */
    finished: (name) => `${name}: finished`,
    /** @param {string} name of the lesson */
    stopped: (name) => `${name}: stopped before its end, no verdict`,
    /** @param {string} name of the lesson @param {string} verdict of verdict() */
    ended: (name, verdict) => `The lesson ${name} has finished: ${verdict}.`,
    /** The claim of a lesson. @param {string} _name of the lesson @param {string} english of the core */
    claim: (_name, english) => english,
    /** The configuration that a lesson compares. @param {string} name of the core */
    variant: (name) => name,
    /** @param {string} word of the core */
    verdict: (word) => word,
    /** What a measure is called. @param {string} _name @param {string} label of the core */
    measure: (_name, label) => label,
    /** The title of a column. @param {string} measure of measure() @param {string} moment of the core, or '' */
    column: (measure, moment) => `${measure} ${moment}`.trim(),
    /** What a check compares. @param {{measure: string, moment: string, variant: string, relation: string, reference: string}} check measure: of measure(); variant, reference: of variant(), or a number; the others of the core */
    check: ({ measure, moment, variant, relation, reference }) => `${measure} ${moment} of ${variant} ${relation} ${reference}`.replace('  ', ' '),
    /** @param {string} check of check() @param {string} verdict of verdict() */
    decided: (check, verdict) => `${check}: ${verdict}`,
    /** @param {{check: string, difference: string, chance: string, least: string, verdict: string}} of */
    measured: ({ check, difference, chance, least, verdict }) => `${check}: difference ${difference}, chance ±${chance}, counts from ${least}: ${verdict}`,
    /** Between a function and its derivative. */
    with: ' with ',
    results: 'Results of the lesson',
    configuration: 'Configuration',
    open: 'Open this configuration',
    /** @param {string} name of the configuration */
    openNamed: (name) => `Open this configuration: ${name}`,
  },
}
