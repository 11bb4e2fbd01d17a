// Words of the page in English: the run, saved runs, the comparison of two runs, and the verdict of a race. See ../words.js.
import { capitalised, count, percent, plural } from '../../dom/format.js'

/** @param {number} share */
const points = (share) => `${(100 * share).toFixed(2)} percentage points`

const moreSeeds = ' More seeds would tell.'

export const lab = {
  /** A warning of the core. @param {string} _code of its rule @param {string} message in English */
  warning: (_code, message) => message,
  /** An error of the core. @param {string} message in English */
  error: (message) => message,

  lab: {
    badAddress: 'The settings in the address cannot be used',
    /** @param {number} parts */
    badParts: (parts) => `${plural(parts, 'part')} of the address cannot be used`,
    /** @param {{part: string, error: string}[]} parts */
    reasons: (parts) => parts.map(({ part, error }) => `${part}: ${error}`).join(' '),
    restUsed: 'The rest of the address is in use.',
    correct: 'Correct that part after # in the address, or choose the setting on the page.',
    /** @param {string} data @param {string[]} known */
    unknownData: (data, known) => `data is "${data}", but this page has ${known.join(' and ')}`,
    noEngine: 'The engine could not start again',
    /** @param {number} step */
    engineAgain: (step) => `The engine was restarted. The run is at step ${step}.`,
    notBack: 'A run with the last good weights could not start',
    /** @param {number} lr */
    back: (lr) => `A new run starts from the weights before the divergence, with learning rate ${lr}.`,
    notTrained: 'Training could not start',
    noStep: 'The step could not be made',
    notReset: 'The run could not be reset',
    /** @param {number} changes */
    reset: (changes) => `Reset to step 0${changes ? ` with ${plural(changes, 'change')}` : ''}.`,
    notBegun: 'The run could not start',
    notUndone: 'The run before could not be opened',
    /** @param {number} step */
    undone: (step) => `Back to the run before, at step ${step}.`,
    notContinued: 'The run could not be continued',
    notReplayed: 'The run could not be replayed',
    kept: 'The previous run is unchanged.',
    advice: 'Change the settings in the panel and try again.',
    otherModel: 'another model',
    sameSettings: 'the same settings',
    /** @param {string} label of a setting @param {string} value */
    setting: (label, value) => `${label.toLowerCase()} ${value}`,
    /** @param {string[]} texts */
    list: (texts) => texts.join(', '),
  },
  savedRuns: {
    /** The name of a run that the user has not named. @param {string} number */
    name: (number) => `Run ${number}`,
    notRead: 'The saved runs could not be read',
    continues: 'The run on this page continues.',
    notRenamed: 'The run could not be renamed',
    notDeleted: 'The run could not be deleted',
    unchanged: 'It is unchanged.',
    /** @param {string} name */
    deleted: (name) => `${name} deleted.`,
    /** @param {string} name @param {number} step */
    opened: (name, step) => `${name} is at step ${step}.`,
    /** @param {string} name */
    notOpened: (name) => `${name} could not be opened`,
    presentUnchanged: 'The run on this page is unchanged.',
    settingsLeft: 'Its settings can still be opened.',
    /** @param {string} data */
    openFiles: (data) => `Open the files of “${data}” first, under the same names.`,
    notSaved: 'The run could not be saved',
    /** @param {number} lost saved runs that are no longer there */
    afterFailure: (lost) => (lost === 0 ? 'Training continues, and all earlier saved runs are intact.'
      : `Training continues. ${plural(lost, 'saved run')} ${lost === 1 ? 'is' : 'are'} no longer in this browser: the storage was cleared.`),
    advice: 'Delete runs that you no longer need, or download this one’s checkpoint.',
  },
  fileBytes: {
    /** @param {string} path */
    unreadable: (path) => `${path} can no longer be read. Open the data again in the Data section of the settings`,
  },
  pair: {
    badSettings: 'Write settings as name=value, such as lr=0.01 init=he_uniform',
    silent: 'Its training worker has not responded for 10 seconds',
  },
  compare: {
    trained: 'Training loss', first: 'First run', second: 'Second run', close: 'Close the comparison',
    firstIs: 'The run of the bar and of the buttons above.',
    activation: 'Activation of the second run', settings: 'Settings of the second run', example: 'settings, e.g. lr=0.01',
    closed: 'The comparison was closed', kept: 'The first run goes on.',
    /** @param {string} name */
    firstNamed: (name) => `First run: ${name}`,
    /** @param {string} name */
    secondNamed: (name) => `Second run: ${name}`,
    /** @param {string} card its name */
    ofSecond: (card) => `${card}, second run`,
    tested: 'Test accuracy',
    /** @param {number} epoch */
    testedAfter: (epoch) => `Test accuracy, epoch ${epoch}`,
    /** @param {number} accuracy @param {number} more percentage points than the first run; 0 or NaN: not said */
    accuracy: (accuracy, more) => percent(accuracy) + (more ? ` (${more > 0 ? '+' : '−'}${Math.abs(more).toFixed(2)})` : ''),
    inBrackets: 'In brackets: percentage points more or less than the first run',
    starting: 'Starting…',
    /** @param {number} step */
    diverged: (step) => `Diverged at step ${count(step)}.`,
    /** @param {number} step @param {number} of */
    catching: (step, of) => `Catching up: step ${count(step)} of ${count(of)}.`,
    mixed: 'Mixed activations', none: 'No activation',
    /** What a run is called. @param {string} activation '' if the settings say enough @param {{label: string, value: string}[]} settings that differ from the other run */
    name(activation, settings) {
      const texts = settings.map(({ label, value }) => `${label.toLowerCase()} ${value}`)
      return activation ? [activation, ...texts].join(', ') : capitalised(texts.join(', '))
    },
  },
  /** Who won a race. lead, margin: shares; repeatable: more seeds are possible. */
  ranking: {
    none: 'No configuration reached the end.',
    /** @param {string} name */
    alone: (name) => `${name} wins: no other configuration reached the end.`,
    /** @param {{first: string, second: string, lead: number, far: boolean, repeatable: boolean}} result */
    oneSeed: ({ first, second, lead, far, repeatable }) => (far ? `${first} is far ahead: ${points(lead)} before ${second}, with one seed.`
      : `Too close to call with one seed: ${first} is ${points(lead)} before ${second}.`) + (repeatable ? moreSeeds : ''),
    /** @param {{first: string, second: string, lead: number, seeds: number, margin: number}} result */
    wins: ({ first, second, lead, seeds, margin }) => `${first} wins: ${points(lead)} before ${second} over ${plural(seeds, 'seed')}. Differences below ${points(margin)} may be chance.`,
    /** @param {string[]} names @param {number} margin @param {boolean} repeatable */
    close: (names, margin, repeatable) => `Too close to call between ${names.join(', ')}: differences below ${points(margin)} may be chance.${repeatable ? moreSeeds : ''}`,
  },
}
