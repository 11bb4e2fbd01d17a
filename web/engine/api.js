// The methods of an engine, typed once. The core answers the questions (src/run/queries.cpp, src/experiments/experiment_queries.cpp).
// The worker answers the requests, and those before a question of the same name. Each method returns a promise of the answer.
/** @import { Autosaving, ClassReport, DatasetInfo, ModelDescription, Prediction, RunClasses, RunInfo } from './protocol.js' */
/** @import { SavedRun } from './storage/storage.js' */

/**
 * @typedef {import('./protocol.js').Config} Config
 * @typedef {{pixels: Uint8Array, label: number}} Image pixels: height * width bytes, row by row
 * @typedef {{test_loss: number, test_accuracy: number, correct: number, total: number}} Score
 * @typedef {{name: string, label: string, percent: boolean}} Measure a number in the rows of experiments; percent: a share
 * @typedef {{event: string, lines: string[], json: string[], csv_lines: string[], [key: string]: any}} Report an event as numbers,
 *   lines of text, JSON lines and rows of a table
 *
 * @typedef {object} CoreQuestions about the core alone
 * @property {() => any} registry activations, layers and config fields, for menus and flags
 * @property {(activation: string, parameters: number[], xs: Float32Array | number[]) => {y: Float32Array, dy: Float32Array}} curve
 *   the values of an activation and of its derivative at the points xs
 * @property {(text: string, base?: Partial<Config>) => Config} configFromJson text: some fields; base: the other values
 * @property {(fields: [string, string][]) => Config} parse a config of names and texts, as in an address; other fields are at defaults
 * @property {(config: Partial<Config>) => [string, string][]} fields names and texts of the fields that are not at their defaults
 * @property {(model: string, input: [number, number, number], classes: number, batch?: number) => ModelDescription} describe a
 *   model layer by layer, without building it; input: channels, height, width
 * @property {(config: Partial<Config>) => Report} modelTable the same as the lines that `reluscope info` prints
 * @property {() => Report} simdNames the instruction sets that the field simd accepts here
 * @property {(path: string) => string} saveFormatOf the format of save() that a file's ending selects
 * @property {(bytes: Uint8Array) => Config} configOfWeights the config in a .safetensors file of weights
 * @property {(bytes: Uint8Array, given?: [string, string][]) => Config} configOfCheckpoint the config of a checkpoint's resumed run;
 *   given: changes of speed or more epochs; others are refused
 * @property {(bytes: Uint8Array) => string} checkpointNotice a warning, such as of a missing checksum; '' if there is none
 * @property {(name: string, height: number, width: number, channels: number, pixels: Uint8Array, wantedHeight: number,
 *   wantedWidth: number, invert: boolean) => Uint8Array} networkInput a decoded image as the grey bytes that a network reads;
 *   invert: for dark writing on a light ground
 * @property {() => {commands: import('../node/flags.mjs').Command[], lessons: string[],
 *   measures: Measure[]}} commands the subcommands of the command lines with their flags (src/run/commands.h); the lessons: name
 *   and claim, one per line; what experiments measure
 * @property {(config: Partial<Config>, names: string[], files: Uint8Array[]) => Report} mergeResults the results of a sweep's
 *   parts as one; the config does not matter
 * @property {(text: string, name: string) => string} checkRows the rows of a file of results, without an incomplete last line
 * @property {(before: string, rows: string) => string} otherRows the rows of the first text whose runs are not in the second
 *
 * @typedef {object} FolderQuestions about the files of a future data set (src/data/folder.h)
 * @property {() => string[]} files paths of training images and labels, test images and labels; none if images are to be added
 * @property {(name: string, head: Uint8Array, size: number) => number} bytesOfFile how many bytes of a file to unpack, or throws; see
 *   src/data/folder.h. head: its first registry().head_bytes; size: by the archive's directory; 0: unknown
 * @property {(name: string, bytes: number) => void} claim subtracts bytes from the allowed ones, or throws; name: of their file
 * @property {() => string} next the path of the image to be added next; '' after the last
 * @property {(height: number, width: number, channels: 1 | 3, pixels: Uint8Array) => void} add pixels: (H, W, channels)
 *
 * @typedef {object} DataQuestions about a data set
 * @property {() => DatasetInfo} info
 * @property {(part: 'train' | 'test', index: number) => Image} image
 * @property {(part: 'train' | 'test', indices: number[]) => Image[]} images
 * @property {(sample: number, count: number, config?: Partial<Config>) => Uint8Array} augmented a training image as augmented in
 *   epochs 1 to `count`: count * height * width bytes; config: of a planned run; the run's own by default
 * @property {(config: Partial<Config>, points?: number) => import('./protocol.js').RatePlan} rates of a whole run with this config;
 *   points: the maximum number of updates in the answer
 *
 * @typedef {object} RunQuestions about a run
 * @property {() => Config} config with the live changes made so far in its events
 * @property {() => ModelDescription} model
 * @property {() => Report} start the first report of a run
 * @property {() => import('./protocol.js').Position} position the progress of the run
 * @property {() => Record<string, Float32Array>} history the measurements so far, by column; see src/run/history.h
 * @property {(field: string, value: number) => Config} set changes a live setting from the next step on; the config records it
 * @property {() => Score} evaluate scores the whole test set now
 * @property {(layer: number, units: number[]) => Score} evaluateWithout the same with some units of an activation layer set to 0;
 *   does not affect the run. Both count from 0
 * @property {(layer: number, unit: number, strongest?: number) => import('./protocol.js').UnitReport} unit one unit of an
 *   activation layer: its weights, and the given number of probe images that excite it most
 * @property {(request?: import('./protocol.js').ProbeRequest) => import('./protocol.js').ProbeSnapshot} probe a live snapshot of the
 *   monitors now: units, gradients. Affects neither training nor what the run records, and costs nothing unless requested.
 *   Gradients are those of the last watched step; requesting them watches the next one
 * @property {(samples: number) => {layer: number, name: string, text: string, units: number, dead: number[]}[] | null} deadPart the
 *   dead units, found in parts between which other calls are possible: each checks the next samples of the training set, and
 *   starts again if the weights have changed; null before the last part
 * @property {(since?: number) => import('./protocol.js').Looks} looks what the run has recorded of its units, from this index on
 * @property {(step: number) => import('./protocol.js').LookDetails} look all of the look recorded after this step, or throws
 * @property {() => import('./protocol.js').Warning[]} warnings raised by the recorded looks, in order
 * @property {(hardest?: number) => ClassReport} classes which classes of the test set are confused, and so many hardest samples
 * @property {(hardest: number, samples: number) => ClassReport | null} classesPart the same in parts, between which other calls
 *   are possible: each scores the next samples, and starts again if the weights have changed; null before the last part
 * @property {() => RunClasses | null} epochClasses the same for the last scored epoch; costs nothing; null before the first
 * @property {(name: string) => {shape: number[], values: Float32Array}} parameter in PyTorch's layout; name: "conv1.weight"
 * @property {(pixels: Uint8Array) => Prediction} predict probabilities and every layer's output for an image, in evaluation mode
 * @property {() => Report} evaluateWeights scores the test set: its line and the confusion matrix
 * @property {(config: Partial<Config>, names: string[], files: Uint8Array[]) => Report} predictImage the classes of the first
 *   image, best first; files: pixels; the config does not matter
 * @property {() => string} weightsSha256 of all weights, as the command line prints it
 * @property {(format: string, images?: number) => Uint8Array} save the network as a file's bytes, in one of
 *   registry().save_formats; images: the number of test images whose activations an npz holds; 100 or all by default
 * @property {(format: string, images?: number) => void} checkSave throws what save() would throw at any step of the run
 * @property {(bytes: Uint8Array) => void} load loads the weights of a .safetensors file
 * @property {() => Uint8Array} checkpoint a file with all state needed to resume with the same bits, between any two steps
 * @property {(bytes: Uint8Array) => void} restore resumes a checkpoint's run. The session's config must be
 *   configOfCheckpoint()'s; after an error the session is unusable
 * @property {(flag: 'jsonl' | 'csv', bytes: Uint8Array, name: string) => number} linesUntilNow how many bytes of a file of this
 *   run's lines (train --jsonl or --csv) are about what has happened so far. Throws for the lines of another run
 *
 * @typedef {object} Requests answered by the worker
 * @property {(config: Partial<Config>) => Promise<RunInfo>} configure makes a new run at step 0, loading its data first if needed
 *   ('loading' events report the progress). After an error the previous run is unchanged and continues
 * @property {(bytes: Uint8Array) => Promise<RunInfo>} restore resumes a checkpoint's run, paused, in place of the current one,
 *   which is kept if the file is invalid. `past` holds the run's history
 * @property {(epochs: number) => Promise<RunInfo>} moreEpochs continues a finished run, paused, to so many epochs in all
 * @property {() => Promise<Autosaving>} startAutosave from now on saves the run in the browser's storage for a reload or a crash:
 *   at each epoch, every few seconds, and at stops ('autosaved', 'autosaveFailed'). If an earlier autosave is found, nothing is
 *   saved until continueAutosave() or discardAutosave(); if another tab autosaves its run, nothing is saved here
 * @property {() => Promise<RunInfo>} continueAutosave resumes the autosaved run
 * @property {() => Promise<void>} discardAutosave
 * @property {(name: string, metrics: Record<string, any>, withCheckpoint?: boolean) => Promise<SavedRun>} saveRun stores the
 *   present run and the page's metrics in the browser, over its own entry (whose name is kept) unless that is further ahead.
 *   The previous entry stays intact until the new one is complete. withCheckpoint: so that it can be opened again
 * @property {() => Promise<SavedRun[]>} savedRuns the one begun last first
 * @property {(id: string) => Promise<RunInfo>} openRun as restore(), of a saved run, which saveRun() then updates
 * @property {(id: string, name: string) => Promise<void>} renameRun
 * @property {(id: string) => Promise<void>} deleteRun
 * @property {() => Promise<{usage: number, quota: number, where: import('./storage/browser_files.js').Files['kind']}>} storageUsage
 *   bytes that this origin uses and may use, and where: runs in memory are lost when the page is closed
 * @property {() => void} train until pause(), the end, or divergence; resolves when training has started
 * @property {() => void} pause resolves once the run is paused
 * @property {() => void} step makes exactly one training step
 * @property {(step: number) => void} limit lets the run train to this step and wait there, still training, until the limit is raised,
 *   so that two runs keep level; Infinity, as in every new run: no limit. step() ignores it
 * @property {(hardest?: number) => Promise<RunClasses | null>} classesInParts classes() of a paused run, in parts,
 *   between which other requests are answered without delay; null if the run resumed meanwhile
 * @property {(request?: import('./protocol.js').ProbeRequest) => Promise<import('./protocol.js').ProbeSnapshot>} probe the core's; with
 *   everywhere it handles other requests meanwhile
 * @property {(format: string, options?: {images?: number}) => Uint8Array} save the run as a file's bytes, to be downloaded: the
 *   network in one of registry.save_formats, or its metrics so far as "csv" or "jsonl"; images: as the core's save()
 * @property {(kind: string, config: Partial<Config>, flags: [string, string][], files?: {from?: Uint8Array}) => Promise<Report>} startExperiment
 *   plans an experiment, which replaces the previous one; advanceExperiment() runs it. It uses the worker's time and its data
 *   set, so give it an engine that trains nothing else. kind: "race", "sweep" or "lessons"; config: the base of all runs; flags:
 *   of the kind, in the order given; from: a checkpoint whose run the racers fork; config is then configOfCheckpoint()'s
 * @property {() => Report} advanceExperiment continues it for a few hundredths of a second: src/experiments/experiment.h
 * @property {(bytes: Uint8Array) => void} load gives the run the weights of a .safetensors file
 *
 * @typedef {Omit<CoreQuestions, 'registry'> & DataQuestions & Omit<RunQuestions, keyof Requests | 'restore'>} Questions
 */

/**
 * Methods whose answers come from another thread. @template T
 * @typedef {{[K in keyof T]: T[K] extends (...given: infer Given) => infer Answer ? (...given: Given) => Promise<Awaited<Answer>> : never}} Remote
 */

/** @typedef {Remote<Questions & Requests>} Api */

export {}
