// Runs the command line in Node several times in one process, for tests with many short runs: starting Node and the
// core takes most of the time of a short run. Reads lists of arguments as JSON from standard input; writes the exit
// code and output of each run to standard output. A run ends when nothing is left to do, as in a separate process.
import { readFileSync, writeSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

/** @type {string[][]} */
const lists = JSON.parse(readFileSync(0, 'utf8'))
const program = process.argv[2]
/** @type {{ status: number, stdout: string, stderr: string }[]} */
const results = []

for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
  process[name].write = /** @type {any} */ ((/** @type {string} */ text) => {
    results[results.length - 1][name] += text
    return true
  })
}
process.on('beforeExit', () => {
  if (results.length > 0) results[results.length - 1].status = Number(process.exitCode ?? 0)
  process.exitCode = undefined
  // A new process has none either.
  process.stdout.removeAllListeners('error')
  for (const name of ['uncaughtException', 'unhandledRejection', 'SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(name)
  if (results.length === lists.length) {
    const bytes = Buffer.from(JSON.stringify(results))
    for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at)
    process.exit()
  }
  process.argv = [process.argv[0], program, ...lists[results.length]]
  results.push({ status: 0, stdout: '', stderr: '' })
  void import(`${pathToFileURL(program)}?run=${results.length}`)
})
