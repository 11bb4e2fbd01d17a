// What can be asked, typed once. The core answers the questions (src/run/queries.cpp, src/experiments/experiment_queries.cpp);
// the worker answers the requests, of which some go before the core's of the same name. The engine has a method for each
// that sends its arguments along, and answers with a promise.

/**
 * @typedef {import('./protocol.js').Config} Config
 * @typedef {import('./protocol.js').ModelDescription} ModelDescription
 * @typedef {import('./protocol.js').Prediction} Prediction
 * @typedef {import('./protocol.js').ClassReport} ClassReport
 * @typedef {import('./protocol.js').RunClasses} RunClasses
 * @typedef {import('./storage/storage.js').SavedRun} SavedRun
 * @typedef {{pixels: Uint8Array, label: number}} Image pixels: height * width bytes, row by row
 * @typedef {{test_loss: number, test_accuracy: number, correct: number, total: number}} Score
 * @typedef {{event: string, lines: string[], json: string[], csv_lines: string[], [key: string]: any}} Report what happened,
 *   as numbers, lines for people, JSON lines and rows of a table
 *
 * @typedef {object} CoreQuestions about nothing else
 * @property {() => any} registry activations, layers and config fields, for menus and flags
 * @property {(activation: string, parameters: number[], xs: Float32Array | number[]) => {y: Float32Array, dy: Float32Array}} curve
 *   the curve of an activation and of its derivative at some points
 * @property {(text: string, base?: Partial<Config>) => Config} configFromJson text: of some or all fields; base: what holds
 *   for the others
 * @property {(fields: [string, string][]) => Config} parse a full config of names and texts, as in an address or on a command
 *   line; what is missing is at its default
 * @property {(config: Partial<Config>) => [string, string][]} fields names and texts of what in a config is not at its default
 * @property {(model: string, input: [number, number, number], classes: number, batch?: number) => ModelDescription} describe a
 *   model layer by layer, without building it; input: channels, height, width
 * @property {(config: Partial<Config>) => Report} modelTable the same as the lines that `reluscope info` prints
 * @property {() => Report} simdNames the instruction sets that the field simd takes here
 * @property {(path: string) => string} saveFormatOf what a file of this name holds, by its end: a format of save()
 * @property {(bytes: Uint8Array) => Config} configOfWeights the config that a .safetensors file of weights was saved with
 * @property {(bytes: Uint8Array, given?: [string, string][]) => Config} configOfCheckpoint the config of a checkpoint's resumed run;
 *   given: the changes: speed, or more epochs; anything else is refused
 * @property {(bytes: Uint8Array) => string} checkpointNotice a warning about a readable checkpoint, such as a missing
 *   checksum; '' if there is none
 * @property {(name: string, height: number, width: number, channels: number, pixels: Uint8Array, wantedHeight: number,
 *   wantedWidth: number, invert: boolean) => Uint8Array} networkInput a decoded picture as the grey bytes that a network reads;
 *   invert: for dark writing on a light ground
 * @property {() => {commands: import('../node/flags.mjs').Command[], lessons: string[]}} commands the subcommands of the command
 *   lines with their flags (src/run/commands.h), and the lessons: name and claim, a line each
 * @property {(config: Partial<Config>, names: string[], files: Uint8Array[]) => Report} mergeResults the results of a sweep's
 *   parts as one; the config does not matter
 * @property {(text: string, name: string) => string} checkRows the rows of a file of results, without a last line that was cut
 *   short
 * @property {(before: string, rows: string) => string} otherRows those rows of the first text whose runs are not in the second
 *
 * @typedef {object} FolderQuestions about files of which a data set is made (src/data/folder.h)
 * @property {() => string[]} files paths of training images and labels, test images and labels; none where images are to be added
 * @property {(name: string, head: Uint8Array, size: number) => number} bytesOfFile how many bytes of one of the files are to be
 *   unpacked. Throws where its header announces others than it has, or more than is allowed. head: its first
 *   registry().head_bytes; size: what an archive says that it has, unpacked; 0: unknown
 * @property {(name: string, bytes: number) => void} claim takes bytes off what is allowed, or throws; name: what they are for
 * @property {() => string} next the path of the image to be added next; '' after the last
 * @property {(height: number, width: number, channels: 1 | 3, pixels: Uint8Array) => void} add pixels: (H, W, channels)
 *
 * @typedef {object} DataQuestions about a data set
 * @property {() => import('./protocol.js').DatasetInfo} info
 * @property {(part: 'train' | 'test', index: number) => Image} image
 * @property {(part: 'train' | 'test', indices: number[]) => Image[]} images
 * @property {(sample: number, count: number, config?: Partial<Config>) => Uint8Array} augmented what augmentation makes of a
 *   training image in epochs 1 to `count`: count * height * width bytes; config: of a run that is not made; the run's own if it
 *   is left out
 * @property {(config: Partial<Config>, points?: number) => import('./protocol.js').RatePlan} rates the learning rate, momentum
 *   and moves over a whole run with this config; points: how many updates to tell of, at most
 *
 * @typedef {object} RunQuestions about a run
 * @property {() => Config} config with the live changes made so far in its events
 * @property {() => ModelDescription} model
 * @property {() => Report} start the first report of a run
 * @property {() => import('./protocol.js').Position} position the progress of the run
 * @property {() => Record<string, Float32Array>} history the measurements so far, by column; see src/run/history.h
 * @property {(field: string, value: number) => Config} set changes a live setting from the next step on; the config records it
 * @property {() => Score} evaluate scores the whole test set now
 * @property {(layer: number, units: number[]) => Score} evaluateWithout the same with some units of an activation layer giving
 *   0; does not affect the run. Both count from 0
 * @property {(layer: number, unit: number, strongest?: number) => import('./protocol.js').UnitReport} unit one unit of an
 *   activation layer: its weights, and the given number of probe images that excite it most
 * @property {(request?: import('./protocol.js').ProbeRequest) => import('./protocol.js').ProbeSnapshot} probe a snapshot of the
 *   monitors now: units, gradients, warnings. Does not affect training, and costs nothing unless requested. Gradients are
 *   those of the last watched step; requesting them watches the next one
 * @property {(hardest?: number) => ClassReport} classes which classes of the test set are confused, and so many of its hardest
 *   samples, at most
 * @property {(hardest: number, samples: number) => ClassReport | null} classesPart the same in parts, between which other calls
 *   may be made: goes on with some samples of the test set, and anew where the weights have changed; null before the last part
 * @property {() => RunClasses | null} epochClasses the same of the last epoch that was scored, with the weights that it ended
 *   with; costs nothing; null before the first
 * @property {(name: string) => {shape: number[], values: Float32Array}} parameter as it is now and as PyTorch has it; name: in
 *   the state_dict, "conv1.weight"
 * @property {(pixels: Uint8Array) => Prediction} predict the model's outputs for an image now: probabilities and every layer's
 *   output, in evaluation mode
 * @property {() => Report} evaluateWeights scores the test set: its line and the confusion matrix
 * @property {(config: Partial<Config>, names: string[], files: Uint8Array[]) => Report} predictImage the classes of the first
 *   image, best first; files: pixels; the config does not matter
 * @property {() => string} weightsSha256 of all weights, as the command line prints it
 * @property {(format: string, images?: number) => Uint8Array} save the network as a file's bytes, in one of
 *   registry().save_formats; images: how many of the test set an npz holds the activations for; 100 or all by default
 * @property {(format: string, images?: number) => void} checkSave throws what save() would throw at any step of the run
 * @property {(bytes: Uint8Array) => void} load takes the weights of a .safetensors file
 * @property {() => Uint8Array} checkpoint a file with all state needed to resume with the same bits, here, in Node or
 *   natively; between any two steps
 * @property {(bytes: Uint8Array) => void} restore resumes a checkpoint's run. The session's config must be
 *   configOfCheckpoint()'s; after an error the session is unusable
 * @property {(flag: 'jsonl' | 'csv', bytes: Uint8Array, name: string) => number} linesUntilNow of a file of this run's lines
 *   (train --jsonl or --csv), how many bytes tell of what has happened by now. The run writes what follows again. Throws for
 *   the lines of another run
 *
 * @typedef {object} Requests what the worker does beside the core
 * @property {() => Promise<import('./protocol.js').Autosaving>} startAutosave from now on saves the run in the browser's storage
 *   for a reload or a crash: at each epoch, every few seconds, and at stops ('autosaved', 'autosaveFailed'). Where an earlier
 *   autosave is found, nothing is saved until continueAutosave() or discardAutosave(); where another tab autosaves its run,
 *   nothing is saved here
 * @property {() => Promise<void>} discardAutosave
 * @property {(name: string, metrics: Record<string, any>, withCheckpoint?: boolean) => Promise<SavedRun>} saveRun stores the
 *   present run, with what the page has measured, in the browser: over its own entry if it has one (whose name is kept),
 *   unless that entry is further ahead; otherwise as a new one. The previous entry stays intact until the new one is complete.
 *   withCheckpoint: so that it can be opened again
 * @property {() => Promise<SavedRun[]>} savedRuns the one begun last first
 * @property {(id: string, name: string) => Promise<void>} renameRun
 * @property {(id: string) => Promise<void>} deleteRun
 * @property {() => Promise<{usage: number, quota: number, where: import('./storage/browser_files.js').Files['kind']}>} storageUsage
 *   bytes that this origin uses and may use, and where: runs in memory are gone when the page is closed
 * @property {() => void} train until pause(), the end, or divergence; resolves when training has started
 * @property {() => void} pause resolves once the run is paused
 * @property {() => void} step makes exactly one training step
 * @property {(hardest?: number) => Promise<RunClasses | null>} classesInParts classes() of a paused run, in parts,
 *   between which other requests are answered without delay; null if the run resumed meanwhile
 * @property {(format: string, options?: {images?: number}) => Uint8Array} save the run as a file's bytes, to be downloaded: the
 *   network in one of registry.save_formats, or its metrics so far as "csv" or "jsonl"; images: as the core's save()
 * @property {(kind: string, config: Partial<Config>, flags: [string, string][], files?: {from?: Uint8Array}) => Promise<Report>} startExperiment
 *   plans an experiment, in the place of the one before; advanceExperiment() carries it out. It takes the worker's time and its
 *   data set, so give it an engine that trains nothing else. kind: "race", "sweep" or "lessons"; config: what all runs begin
 *   from; flags: of the kind, in the order given; from: a checkpoint whose run the racers fork; config is then
 *   configOfCheckpoint()'s
 * @property {() => Report} advanceExperiment continues it for a few hundredths of a second: src/experiments/experiment.h
 * @property {(bytes: Uint8Array) => void} load gives the run the weights of a .safetensors file
 *
 * @typedef {Omit<CoreQuestions, 'registry'> & DataQuestions & Omit<RunQuestions, keyof Requests | 'restore'>} Questions
 */

/**
 * The methods of an object that is asked from elsewhere.
 * @template T
 * @typedef {{[K in keyof T]: T[K] extends (...given: infer Given) => infer Answer ? (...given: Given) => Promise<Awaited<Answer>> : never}} Remote
 */

/** @typedef {Remote<Questions & Requests>} Api what an engine has by these tables */

export {}
