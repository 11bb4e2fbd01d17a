// What is drawn on canvases, read from copies: the browser warns of those that are read again and again.

/** All bytes of the canvases' pixels, red, green, blue and alpha. @param {import('playwright-core').Locator} canvases */
export function bytesOf(canvases) {
  return canvases.evaluateAll((elements) => elements.map((element) => {
    const canvas = /** @type {HTMLCanvasElement} */ (element)
    const context = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')
    context?.drawImage(canvas, 0, 0)
    return { width: canvas.width, height: canvas.height, bytes: [...context?.getImageData(0, 0, canvas.width, canvas.height).data ?? []] }
  }))
}
