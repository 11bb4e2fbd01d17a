// The messages between a page and the engine's worker, and the shapes of what they carry. A message is a plain
// object {v, type, ...}; requests also carry an id and their arguments, and replies the id.
/** @import { AutosavedRun } from './storage/storage.js' */

/**
 * @typedef {{name: string, label: string, formula: string, derivative: string, about: string, kinks: number[], parameters:
 *   {name: string, symbol: string, default: number, min: number, max: number, learnable: boolean, about: string}[]}} Activation
 * @typedef {{name: string, label: string, about: string}} Choice
 * @typedef {{name: string, label: string, section: string, help: string, live: boolean, rare: boolean, type: string, default: any,
 *   auto?: boolean, min?: number, max?: number, below_max?: boolean, choices?: Choice[], used_when?: Record<string, string[]>}} Field
 *   a setting of a run
 * @typedef {{activations: Activation[], layers: {name: string, syntax: string, about: string, example: string}[], fields: Field[],
 *   default_config: Config, save_formats: {name: string, about: string}[]}} Registry what the core offers, for menus
 *
 * @typedef {{step: number, field: string, value: number}} LiveChange a setting changed after `step` steps
 * @typedef {Record<string, any> & {data: string, model: string, events: LiveChange[]}} Config all of a run's settings
 *
 * @typedef {{text: string, input_shape: number[], batch: number, parameters: number, multiply_adds: number, memory_bytes: number,
 *   layers: {kind: string, name: string, text: string, activation?: string, output_shape: number[], parameters: number,
 *   multiply_adds: number, memory_bytes: number}[]}} ModelDescription multiply-adds are for one sample
 *
 * @typedef {{name: string, label: string, version?: string, class_names?: string[], own?: boolean}} DatasetEntry a data set
 *   that can be loaded; version: changes with its files; own: added by the page
 * @typedef {{name: string, train: number, test: number, height: number, width: number, classes: number,
 *   class_names: string[], class_counts: number[], background: number, density: number}} DatasetInfo
 *
 * @typedef {{config: Config, model: ModelDescription, dataset: DatasetInfo, trainSamples: number, totalSteps: number,
 *   threads: number, input: 'sparse'|'dense', past?: Past, recorded?: {looks: Look[], warnings: Warning[]}, savedAs?: string}} RunInfo
 *   trainSamples: without the held-out ones; threads and input: the choices for "automatic" in the config; recorded: what a resumed
 *   run has recorded of its units; savedAs: the id of its saved run
 * @typedef {{points: {step: number[], loss: number[], accuracy: number[]}, progress: Progress | undefined,
 *   epochs: EpochResult[], lines: string[]}} Past the history of a resumed run, without times; lines: its log, only if this
 *   browser has saved it
 * @typedef {{text: string[], json: string[], csv: string[]}} Lines what a run has printed: log, JSON lines, table
 * @typedef {{by: 'this tab' | 'another tab' | 'nobody', before?: AutosavedRun}} Autosaving who autosaves the present run: nobody
 *   if the browser has no storage for this page; before: an earlier run, to be continued or discarded
 * @typedef {'empty'|'ready'|'training'|'paused'|'finished'|'diverged'} RunState
 *
 * @typedef {{phase: 'training'|'scoring'|'done'|'diverged', step: number, epoch: number, batch: number, batches: number,
 *   samples: number, total: number}} Position epoch and batch are those of the last step
 *
 * @typedef {{name: string, kind: string, text: string, values: Float32Array}} LayerOutput
 * @typedef {{probabilities: Float32Array, layers: LayerOutput[]}} Prediction
 *
 * @typedef {{epoch: number, epochs: number, batch: number, batches: number, step: number, totalSteps: number,
 *   samples: number, total: number, loss: number, accuracy: number, samplesPerSecond: number,
 *   secondsLeft: number, scoring: number, points: Float64Array}} Progress epoch and batch count from 1, samples and total are of
 *   this epoch; scoring: the share 0..1 of the test set scored at the end of an epoch, otherwise 0; points: [last step, mean loss,
 *   mean accuracy] of each few steps since the previous message
 * @typedef {{epoch: number, step: number, trainLoss: number, validationLoss?: number, validationAccuracy?: number,
 *   testLoss: number, testAccuracy: number, correct: number, total: number, seconds: number, samplesPerSecond: number}} EpochResult
 * @typedef {{key: string, image: number, step: number, prediction: Prediction}} Snapshot the outputs for a watched image at this
 *   step; image: the number of the watch request
 *
 * Answers of a probe. Lists of units hold their numbers from 0; a unit of images is a channel. Layers count from 0. A unit is silent
 * where its output and its gradient are 0 on all probe images, and dead where they are on the whole training set.
 * @typedef {{gradients?: boolean, everywhere?: boolean, components?: string[]}} ProbeRequest gradients: watch the next step;
 *   everywhere: also find the dead units; components: names of layers, for the principal components of their outputs
 * @typedef {{unit: number, silent: boolean, times: number, since: number, since_lr: number, revived?: number,
 *   revived_lr?: number}} UnitLife by the recorded looks alone. times: how often it fell silent; since, revived: the steps of the
 *   looks that saw the last silence and revival first, and the rate then
 * @typedef {{low: number, high: number, counts: number[], below: number, above: number}} Histogram
 * @typedef {{layer: number, name: string, kind: string, text: string, units: number, positions: number, mean: number,
 *   deviation: number, sparsity: number, input?: {mean: number, deviation: number, histogram: Histogram},
 *   regimes?: {name: 'off'|'saturated'|'leaky'|'curved'|'linear', from: number|null, to: number|null, share: number}[],
 *   firing?: number[], silent?: number[], dead?: number[], lives?: UnitLife[],
 *   slopes?: {name: string, symbol: string, values: number[]}}} LayerSnapshot activation layers also have the optional properties,
 *   dead if everywhere was requested; null ends of a regime are infinite
 * @typedef {{name: string, weight_norm: number, gradient_norm: number, update_norm: number, update_ratio: number|null}} ParameterFlow
 * @typedef {{step: number, lr: number, norm: number, parameters: ParameterFlow[],
 *   activations: {layer: number, negative_share: number|null, silent_on_batch: number[]}[]}} GradientFlow
 * @typedef {{layer: number, name: string, samples: number[], labels: number[], variances: number[], total_variance: number,
 *   mean: number[], components: number[], coordinates: number[]}} Components K components of N points in D dimensions:
 *   components (K, D) and coordinates (N, K), row by row
 * @typedef {{code: string, layer: number|null, message: string, step: number}} Warning raised by the look recorded at this step
 * @typedef {{index: number, step: number, epoch: number, lr: number, layers: {layer: number, units: number, silent: number,
 *   mean: number, deviation: number, sparsity: number, slopes?: number[]}[], flow: GradientFlow|null}} Look what a run recorded of
 *   its activation layers after a step. index: among all its looks; silent: a count; flow: of a step since the look before
 * @typedef {{stride: number, looks: Look[]}} Looks the newest ones. Of those before, the run keeps only those whose index is a
 *   multiple of stride
 * @typedef {{step: number, epoch: number, lr: number, samples: number, layers: (Required<Omit<LayerSnapshot, 'dead' | 'lives' | 'slopes'>>
 *   & Pick<LayerSnapshot, 'slopes'>)[]}} LookDetails all of one look: the activation layers
 * @typedef {{step: number, epoch: number, lr: number, part: string, samples: number,
 *   loss: {window: number, first: number, last: number, lowest: number}|null, layers: LayerSnapshot[],
 *   gradients: GradientFlow|null, components?: Components[]}} ProbeSnapshot components: if any were requested
 * @typedef {{name: string, shape: number[], values: number[], largest: number}} UnitWeights
 * @typedef {{layer: number, unit: number, name: string, incoming: UnitWeights|null, outgoing: UnitWeights|null,
 *   strongest: {index: number, label: number, value: number}[], response: number[], largest: number}} UnitReport see
 *   src/probe/unit_report.h; images are of the training set
 * @typedef {{part: string, samples: number, correct: number, confusion: number[][], precision: (number|null)[],
 *   recall: (number|null)[], hardest: {index: number, label: number, prediction: number, loss: number, probability: number,
 *   label_probability: number}[], labels: Uint8Array, predictions: Uint8Array}} ClassReport confusion[label][prediction]; labels
 *   and predictions of all samples in their order
 * @typedef {ClassReport & {epoch: number, step: number}} RunClasses of a run's weights at this step, of this epoch (from 1)
 * @typedef {{updates_per_epoch: number, updates: number, depends_on_validation: boolean, at: number[], lr: number[],
 *   momentum: number[], moves: number[]}} RatePlan at: updates from 0, ascending; momentum: empty if the schedule has none; moves:
 *   the change in that update of a parameter whose gradient is 1 in all updates, empty for very long runs
 *
 * @typedef {object} EngineEvents
 * @property {{name: string, loaded: number, total: number}} loading compressed bytes of a data set
 * @property {{state: RunState}} state
 * @property {Progress} progress
 * @property {EpochResult} epoch
 * @property {Snapshot} snapshot
 * @property {ProbeSnapshot} probe the answers of the monitors, for watchProbe()
 * @property {Looks} looks the run has recorded looks, watched or not: at most four such events a second, and one at a stop
 * @property {Warning} warning a recorded look raised it, once for each code and layer
 * @property {{lines: string[]}} log the lines that the command line prints for the same run
 * @property {{weightsSha256: string}} done
 * @property {{step: number, layer: string, message: string, weightsKept: boolean}} diverged weightsKept: the run has the
 *   weights from before that step, and they are finite
 * @property {AutosavedRun} autosaved the run as it is now in this browser's storage
 * @property {{message: string, before: boolean}} autosaveFailed it could not be saved; training continues. before: the previous
 *   autosave is intact
 * @property {{message: string}} failure the worker cannot continue
 * @property {null} silent the worker has not answered for 10 seconds
 * @property {null} answers it answers again
 */

export {}
