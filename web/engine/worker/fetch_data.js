// Fetches the four IDX files of a data set and unpacks them while they stream in, and reports progress.

/** The original MNIST's file names, by the core's names. */
const files = {
  trainImages: 'train-images-idx3-ubyte.gz',
  trainLabels: 'train-labels-idx1-ubyte.gz',
  testImages: 't10k-images-idx3-ubyte.gz',
  testLabels: 't10k-labels-idx1-ubyte.gz',
}

/** @typedef {Record<keyof typeof files, Uint8Array>} Idx */

/**
 * @param {string} folder address of the data set's folder, with a slash at its end
 * @param {(loaded: number, total: number) => void} onBytes compressed bytes; total is 0 until it is known
 */
export async function fetchIdx(folder, onBytes) {
  let [loaded, total, unknown] = [0, 0, Object.keys(files).length]
  const contents = await Promise.all(Object.entries(files).map(async ([name, file]) => {
    const { href } = new URL(file, folder)
    const response = await fetch(href).catch(() => {
      throw new Error(`${href} could not be reached`)
    })
    if (!response.ok) throw new Error(`${href} answered ${response.status} ${response.statusText}`.trim())
    unknown -= 1
    total += Number(response.headers.get('Content-Length') ?? 0)
    return [name, await unpack(response, (bytes) => {
      loaded += bytes
      onBytes(loaded, unknown === 0 ? total : 0)
    })]
  }))
  return /** @type {Idx} */ (Object.fromEntries(contents))
}

/**
 * The body's bytes, unpacked if they are gzip: some hosts let the browser unpack .gz files.
 * @param {Response} response @param {(bytes: number) => void} onBytes
 */
async function unpack(response, onBytes) {
  if (!response.body) throw new Error(`${response.url} is empty`)
  const reader = response.body.getReader()
  let next = await reader.read()
  const packed = next.value?.[0] === 0x1f && next.value[1] === 0x8b
  /** @type {ReadableStream<BufferSource>} */
  const whole = new ReadableStream({
    async pull(controller) {
      if (next.done) return controller.close()
      onBytes(next.value.length)
      controller.enqueue(next.value)
      next = await reader.read()
    },
  })
  const plain = packed ? whole.pipeThrough(new DecompressionStream('gzip')) : whole
  try {
    return new Uint8Array(await new Response(/** @type {any} */ (plain)).arrayBuffer())
  } catch {
    throw new Error(`${response.url} is cut off or not a gzip file`)
  }
}
