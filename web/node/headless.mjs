// The command line in Node, on the WebAssembly core: the same flags, lines and exit codes as the native program.
//   node web/node/headless.mjs train --epochs 1 --data mnist
//   node web/node/headless.mjs info --model "dense 512 | relu | dense 10"
import { answer, experiment, exportWeights, openWeights } from './commands.mjs'
import { allCommands, parseFlags, readCheckpoint, readConfig, usage } from './flags.mjs'
import { warnOutput } from './output.mjs'
import { reasonOf, releaseLocks } from './lock.mjs'
import { load, loadThreads } from './module.mjs'
import { train } from './train.mjs'
import { UsageError, inQuotes, printable } from './usage_error.mjs'
import { CoreError } from '../engine/worker/core.js'
import { wordsOf } from '../engine/error_words.js'

async function main() {
  const [name, ...argv] = process.argv.slice(2)
  const core = await load()
  if (name === '--help' || name === '-h') {
    process.stdout.write(usage(core))
    return
  }
  const all = allCommands(core)
  const command = all.find((each) => each.name === name)
  if (name === undefined || !command) {
    const known = all.map((each) => each.name)
    throw new UsageError(`the command is ${name === undefined ? 'missing' : inQuotes(name)}, but it must be ${known.slice(0, -1).join(', ')} or ${known.at(-1)}`)
  }
  const { own, given, flags, names } = parseFlags(core, command, argv)
  if (own.help) {
    process.stdout.write(usage(core, name))
    return
  }
  const saved = command.flags.some((flag) => flag.name === 'weights') ? openWeights(core, own) : undefined
  const before = readCheckpoint(command, own)
  const config = before ? core.configOfCheckpoint(before, given) : readConfig(core, own, given, saved?.config)
  const notice = before && core.checkpointNotice(before)
  if (notice) process.stderr.write(`note: ${notice}\n`)
  if (command.question) {
    answer(core, command, { own, config, weights: saved?.bytes, names })
  } else if (saved) {
    exportWeights(core, { own, config, weights: saved.bytes, flags })
  } else if (name !== 'train') {
    const ofPlan = (/** @type {boolean} */ file) => command.flags.filter((flag) => flag.plan && flag.file === file).map((flag) => flag.name)
    experiment(core, {
      command: name, own, config, flags: flags.filter(([flag]) => ofPlan(false).includes(flag)),
      files: before ? Object.fromEntries(ofPlan(true).map((flag) => [flag, before])) : {},
    })
  } else {
    const threaded = await loadThreads(core, config.threads)
    try {
      await train(threaded, own, config, flags, before)
    } finally {
      threaded.close()
    }
  }
}

// A reader that closes the pipe (| head) is no error. After any other failure the work goes on, and what is printed may be lost.
let told = false
process.stdout.on('error', (/** @type {any} */ error) => {
  if (error.code === 'EPIPE') process.exit(0)
  if (!told) warnOutput(`standard output cannot be written: ${reasonOf(error)}; what is printed from here on may be lost`)
  told = true
})

main().finally(releaseLocks).catch((error) => {
  if (error instanceof UsageError || error instanceof CoreError || wordsOf(error) !== error?.message) {
    process.stderr.write(`error: ${printable(wordsOf(error))}\n`)
    process.exitCode = 2
  } else {
    process.stderr.write(`error: ${error?.stack ?? error}\n`)
    process.exitCode = 1
  }
})
