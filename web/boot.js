// Begins with the engine while the rest of the page is still on its way: its worker has the longest one. Where threads
// need the page to be loaded once more, it waits for that.
import { createEngine, hasSimd } from './engine/engine.js'

export const early = hasSimd() && crossOriginIsolated ? createEngine() : undefined
early?.catch(() => {}) // the page says what is wrong when it comes to it
