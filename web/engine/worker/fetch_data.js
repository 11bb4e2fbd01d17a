// Fetches the four IDX files of a data set and unpacks them while they stream in, and reports progress.

/** The original MNIST's file names, by the core's names. */
const files = {
  trainImages: 'train-images-idx3-ubyte.gz',
  trainLabels: 'train-labels-idx1-ubyte.gz',
  testImages: 't10k-images-idx3-ubyte.gz',
  testLabels: 't10k-labels-idx1-ubyte.gz',
}

/** @typedef {{trainImages: Uint8Array, trainLabels: Uint8Array, testImages: Uint8Array, testLabels: Uint8Array}} Idx */

/**
 * @param {string} folder address of the data set's folder, with a slash at its end
 * @param {(loaded: number, total: number) => void} onBytes bytes as they travel; total is 0 until it is known
 * @returns {Promise<Idx>}
 */
export async function fetchIdx(folder, onBytes) {
  let loaded = 0
  let total = 0
  let known = 0
  const tell = () => onBytes(loaded, known === names.length ? total : 0)
  const names = /** @type {(keyof Idx)[]} */ (Object.keys(files))
  const contents = await Promise.all(names.map(async (name) => {
    const response = await get(new URL(files[name], folder).href)
    known += 1
    total += Number(response.headers.get('Content-Length') ?? 0)
    return unpack(response, (bytes) => {
      loaded += bytes
      tell()
    })
  }))
  return /** @type {Idx} */ (Object.fromEntries(names.map((name, i) => [name, contents[i]])))
}

/** @param {string} url */
async function get(url) {
  /** @type {Response} */
  let response
  try {
    response = await fetch(url)
  } catch {
    throw new Error(`${url} could not be reached`)
  }
  if (!response.ok) throw new Error(`${url} answered ${response.status} ${response.statusText}`.trim())
  return response
}

/**
 * The body's bytes, unpacked where they are gzip: some hosts send .gz files already unpacked by the browser.
 * @param {Response} response
 * @param {(bytes: number) => void} onBytes
 */
async function unpack(response, onBytes) {
  if (!response.body) throw new Error(`${response.url} is empty`)
  const reader = response.body.getReader()
  const first = await reader.read()
  /** @type {ReadableStream<BufferSource>} */
  const whole = new ReadableStream({
    start(controller) {
      if (first.done) return controller.close()
      onBytes(first.value.length)
      controller.enqueue(first.value)
    },
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) return controller.close()
      onBytes(value.length)
      controller.enqueue(value)
    },
  })
  const packed = !first.done && first.value[0] === 0x1f && first.value[1] === 0x8b
  const plain = packed ? whole.pipeThrough(new DecompressionStream('gzip')) : whole
  try {
    return new Uint8Array(await new Response(/** @type {any} */ (plain)).arrayBuffer())
  } catch {
    throw new Error(`${response.url} is cut off or not a gzip file`)
  }
}
