// The claims of the first screen, one per row: the settings of a short run, what to watch in it, and a verdict from the numbers
// of that run. The runs are those of the lessons (src/experiments/lesson_table.cpp) with one seed, and a difference counts from the
// same size on. To add a claim, add a row here, and its words by its id in words/en/claims.js and the other languages.
import { words } from '../words/words.js'
import { hiddenActivations } from './probe_history.js'

const own = words.claims

/**
 * @typedef {Record<string, string>} Changes names and texts of settings; the others are at their defaults
 * @typedef {'yes' | 'part' | 'no' | 'seen'} Holds whether the claim holds in this run; seen: the run has not ended
 * @typedef {object} Facts what a run has shown up to its last recorded look
 * @property {number} step @property {number} lr
 * @property {number} units of all hidden activations @property {number} silent of these
 * @property {number} since the step of the first look with half of the silent units @property {number} sinceLr the rate then
 * @property {number | undefined} dead once the whole training set was checked @property {number} samples on which silent or dead units were counted
 * @property {number | undefined} never units whose output is above 0 for no image; undefined before the end of the run
 * @property {number} mean of the outputs
 * @property {{from: number, to: number}[]} slopes learnt ones, the mean of each layer
 * @property {number} moved mean change of a slope
 * @property {number} accuracy on the test set, of the last epoch @property {number} firstLoss training loss of the first epoch
 *
 * @typedef {object} Claim
 * @property {string} id @property {string} title @property {string} about a few words below the title
 * @property {Changes} changes of its run
 * @property {{changes: Changes, words: string}} [first] the run to compare with, which comes first, and what is said meanwhile
 * @property {string} watch what to watch, and where @property {string} lesson the test of the claim over several seeds
 * @property {(now: Facts, before: Facts) => [Holds, string]} verdict before: of the run to compare with, else of this run
 */

/** The size of the lessons' runs. */
const small = { train_samples: '10000', epochs: '3' }
/** At this rate 246 to 255 of 512 units die. */
const killing = { ...small, lr: '0.0125' }
/** @param {string} word */
const hidden = (word) => `dense 512 | ${word} | dense 10`
/** @param {string} word */
const tenLayers = (word) => `${`dense 64 | ${word} | `.repeat(10)}dense 10`

/** From these sizes on a difference counts. */
const least = { share: 0.05, accuracy: 0.005, loss: 0.005, mean: 0.01, slope: 0.01 }
/** Where units die, accuracies of one run differ by chance by as much as 2 to 3 points (web/docs/lessons.md). */
const luck = 0.025

/** @param {boolean[]} checks @returns {Holds} */
const holdsFor = (checks) => (checks.every(Boolean) ? 'yes' : checks.some(Boolean) ? 'part' : 'no')

/** What a run shows before its end. @param {string} text @returns {[Holds, string]} */
const seen = (text) => ['seen', text]

/** @param {{title: string, about: string, watch: string}} text */
const named = ({ title, about, watch }) => ({ title, about, watch })

/** @type {Claim[]} */
export const claims = [
  {
    id: 'kill', ...named({ ...own.kill, about: own.kill.about(killing.lr) }), changes: killing, lesson: 'dead-units',
    verdict({ step, never, dead = NaN, silent, units, lr, since, sinceLr, samples }) {
      if (never === undefined) return seen(own.kill.seen({ silent, units, step, since, sinceLr }))
      if (dead < least.share * units) return ['no', own.kill.alive(dead, units, lr)]
      return [dead >= 0.4 * units ? 'yes' : 'part', own.kill.dead({ dead, units, sinceLr, samples, since })]
    },
  },
  {
    id: 'leaky', ...named(own.leaky), changes: { ...killing, model: hidden('leaky_relu') }, lesson: 'dead-leaky',
    first: { changes: killing, words: own.leaky.first },
    verdict: ({ step, never, silent, units, accuracy }, { silent: reluSilent, never: reluNever = NaN, accuracy: reluAccuracy }) => (never === undefined ? seen(own.soFar.silent(silent, units, step)) : [
      holdsFor([silent < reluSilent - least.share * units && never < reluNever - least.share * units, accuracy >= reluAccuracy + luck]),
      own.leaky.found({ silent, units, reluSilent, never, reluNever, accuracy, reluAccuracy })]),
  },
  {
    id: 'mean', ...named(own.mean), lesson: 'mean-batchnorm',
    changes: { ...small, model: 'dense 256 | bn | relu | dense 128 | bn | relu | dense 10' },
    first: { changes: { ...small, model: 'dense 256 | relu | dense 128 | relu | dense 10' }, words: own.mean.first },
    verdict: ({ step, never, mean, firstLoss: loss }, { mean: reluMean, firstLoss: reluLoss }) => (never === undefined ? seen(own.soFar.mean(mean, step)) : [
      holdsFor([reluMean > 0.05 && mean < reluMean - least.mean, loss < reluLoss - least.loss]), own.mean.found({ mean, reluMean, loss, reluLoss })]),
  },
  {
    id: 'elu', ...named(own.elu), changes: { ...small, model: hidden('elu') }, lesson: 'mean-elu',
    first: { changes: small, words: own.elu.first },
    verdict({ step, never, mean, firstLoss: loss }, { mean: reluMean, firstLoss: reluLoss }) {
      if (never === undefined) return seen(own.soFar.mean(mean, step))
      const faster = loss < reluLoss - least.loss
      return [holdsFor([Math.abs(mean) < Math.abs(reluMean) - least.mean, faster]), own.elu.found({ mean, reluMean, loss, reluLoss, faster })]
    },
  },
  {
    id: 'prelu', ...named(own.prelu), lesson: 'prelu-slopes',
    changes: { ...small, model: 'dense 256 | prelu | dense 128 | prelu | dense 10' },
    verdict: ({ slopes, moved, never, step }) => [never === undefined ? 'seen' : moved >= least.slope ? 'yes' : 'no', own.prelu.found(slopes, step)],
  },
  {
    id: 'batchnorm', ...named(own.batchnorm), changes: { ...killing, model: hidden('bn | relu') }, lesson: 'dead-batchnorm',
    first: { changes: killing, words: own.batchnorm.first },
    verdict: ({ step, never, silent, units, accuracy }, { silent: reluSilent, accuracy: reluAccuracy }) => (never === undefined ? seen(own.soFar.silent(silent, units, step)) : [
      holdsFor([silent < reluSilent - least.share * units, accuracy >= reluAccuracy + luck]), own.batchnorm.found({ silent, units, reluSilent, accuracy, reluAccuracy })]),
  },
  {
    id: 'swish', ...named(own.swish), changes: { ...small, epochs: '5', model: tenLayers('swish') }, lesson: 'swish-depth',
    first: { changes: { ...small, epochs: '5', model: tenLayers('relu') }, words: own.swish.first },
    verdict: ({ never, accuracy }, { accuracy: reluAccuracy }) => (never === undefined ? seen(own.soFar.accuracy(accuracy)) : [
      accuracy >= reluAccuracy + least.accuracy ? 'yes' : 'no', own.swish.found(accuracy, reluAccuracy, Math.abs(accuracy - reluAccuracy) < least.accuracy)]),
  },
  {
    id: 'sigmoid', ...named(own.sigmoid), changes: { ...small, model: tenLayers('relu') }, lesson: 'gradients',
    first: { changes: { ...small, model: tenLayers('sigmoid') }, words: own.sigmoid.first },
    verdict: ({ never, accuracy }, { accuracy: sigmoidAccuracy }) => (never === undefined ? seen(own.soFar.accuracy(accuracy)) : [
      accuracy >= sigmoidAccuracy + 0.01 ? 'yes' : 'no', own.sigmoid.found(accuracy, sigmoidAccuracy)]),
  },
]

/** @param {number[]} values */
const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/**
 * The facts of the run on the page.
 * @param {Pick<import('./lab.js').Lab, 'run' | 'probes' | 'epochs' | 'dead' | 'step'>} lab
 * @param {Awaited<ReturnType<import('../engine/engine.js').Engine['look']>>} [end] the details of the last look
 * @returns {Facts | undefined} undefined before the first look
 */
export function factsOf({ run, probes, epochs, dead, step: present }, end) {
  const inside = hiddenActivations(run.model).map((layer) => run.model.layers.indexOf(layer))
  const looks = probes.looks.map(({ step, lr, layers }) => ({ step, lr, layers: layers.filter(({ layer }) => inside.includes(layer)) }))
  const [first, last] = [looks[0], looks[looks.length - 1]]
  if (!last || last.layers.length === 0) return undefined
  const silentAt = (/** @type {typeof last} */ look) => look.layers.reduce((sum, { silent }) => sum + silent, 0)
  const silent = silentAt(last)
  const half = looks.find((look) => 2 * silentAt(look) >= silent) ?? last
  const checked = dead?.step === present ? dead : undefined
  const slopesAt = (/** @type {typeof last} */ look) => look.layers.map(({ slopes }) => slopes ?? [])
  const [from, to] = [slopesAt(first), slopesAt(last)]
  return {
    step: last.step, lr: last.lr, units: last.layers.reduce((sum, { units }) => sum + units, 0), silent, since: half.step, sinceLr: half.lr,
    dead: checked?.layers.filter(({ layer }) => inside.includes(layer)).reduce((sum, layer) => sum + layer.dead.length, 0), samples: checked?.samples ?? 0,
    never: end?.layers.filter(({ layer }) => inside.includes(layer)).reduce((sum, { firing }) => sum + firing.filter((share) => share === 0).length, 0),
    mean: meanOf(last.layers.map(({ mean }) => mean)),
    slopes: to.flatMap((values, i) => (values.length > 0 ? [{ from: meanOf(from[i]), to: meanOf(values) }] : [])),
    moved: meanOf(to.flatMap((values, i) => values.map((value, k) => Math.abs(value - from[i][k])))),
    accuracy: epochs.at(-1)?.testAccuracy ?? NaN, firstLoss: epochs[0]?.trainLoss ?? NaN,
  }
}

/** The units that are silent at the last look, and since when. @param {Pick<import('./lab.js').Lab, 'probes'>} lab @param {number} layer */
export function silenceOf({ probes }, layer) {
  const looks = probes.looks.flatMap(({ step, lr, layers }) => layers.filter((each) => each.layer === layer).map(({ silent, units }) => ({ step, lr, silent, units })))
  const last = looks.at(-1)
  if (!last) return undefined
  const { step: since, lr } = looks.find(({ silent }) => 2 * silent >= last.silent) ?? last
  return { silent: last.silent, units: last.units, since, lr }
}

/** @param {[Holds, string]} verdict */
export const verdictText = ([holds, text]) => own.verdict(own.answers[holds], text)
