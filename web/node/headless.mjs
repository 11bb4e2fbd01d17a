// The command line in Node, on the WebAssembly core: the same flags, lines and exit codes as the native program.
//   node web/node/headless.mjs train --epochs 1 --data mnist
//   node web/node/headless.mjs info --model "dense 512 | relu | dense 10"
import { answer, experiment, exportWeights } from './commands.mjs'
import { allCommands, parseFlags, readCheckpoint, readConfig, usage } from './flags.mjs'
import { readBytes, warnOutput } from './output.mjs'
import { reasonOf, releaseLocks } from './lock.mjs'
import { load, loadThreads } from './module.mjs'
import { train } from './train.mjs'
import { UsageError, inQuotes, printable } from './usage_error.mjs'
import { CoreError } from '../engine/worker/core.js'
import { wordsOf } from '../engine/error_words.js'

/** @type {Record<string, (job: import('./commands.mjs').Job) => void | Promise<void>>} */
const runs = { train, race: experiment, sweep: experiment, lessons: experiment, export: exportWeights }

async function main() {
  const [name, ...argv] = process.argv.slice(2)
  const single = await load()
  if (name === '--help' || name === '-h') return void process.stdout.write(usage(single))
  const all = allCommands(single)
  const command = all.find((each) => each.name === name)
  if (!command) {
    const known = all.map((each) => each.name)
    throw new UsageError(`the command is ${name === undefined ? 'missing' : inQuotes(name)}, but it must be ${known.slice(0, -1).join(', ')} or ${known.at(-1)}`)
  }
  const given = parseFlags(single, command, argv)
  const { own } = given
  if (own.help) return void process.stdout.write(usage(single, name))
  const takesWeights = command.flags.some((flag) => flag.name === 'weights')
  if (takesWeights && !own.weights) throw new UsageError('weights: give --weights FILE.safetensors, as train --save writes it')
  const saved = takesWeights ? readBytes('weights', own.weights) : undefined
  const checkpoint = readCheckpoint(command, own)
  const config = checkpoint ? single.configOfCheckpoint(checkpoint, given.fields) : readConfig(single, own, given.fields, saved && single.configOfWeights(saved))
  const notice = checkpoint && single.checkpointNotice(checkpoint)
  if (notice) process.stderr.write(`note: ${notice}\n`)
  const core = name === 'train' ? await loadThreads(single, config.threads) : single
  try {
    await (command.question ? answer : runs[name])({ core, command, ...given, config, checkpoint, saved })
  } finally {
    core.close()
  }
}

// A reader that closes the pipe (| head) is no error. After any other failure the work continues without its output.
let told = false
process.stdout.on('error', (/** @type {any} */ error) => {
  if (error.code === 'EPIPE') process.exit(0)
  if (!told) warnOutput(`standard output cannot be written: ${reasonOf(error)}; what is printed from here on may be lost`)
  told = true
})

main().finally(releaseLocks).catch((error) => {
  const expected = error instanceof UsageError || error instanceof CoreError || wordsOf(error) !== error?.message
  process.stderr.write(`error: ${expected ? printable(wordsOf(error)) : error?.stack ?? error}\n`)
  process.exitCode = expected ? 2 : 1
})
