// Reads pixels of canvases from copies, because the browser warns about canvases that are read repeatedly.

/** The RGBA bytes of all pixels of the canvases. @param {import('playwright-core').Locator} canvases */
export function bytesOf(canvases) {
  return canvases.evaluateAll((elements) => elements.map((element) => {
    const canvas = /** @type {HTMLCanvasElement} */ (element)
    const context = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')
    context?.drawImage(canvas, 0, 0)
    return { width: canvas.width, height: canvas.height, bytes: [...context?.getImageData(0, 0, canvas.width, canvas.height).data ?? []] }
  }))
}
