// Starts the engine before the rest of the page has loaded, because its worker takes longest to start. If the page must
// reload first to get threads, the engine starts after the reload.
import { createEngine, hasSimd } from './engine/engine.js'

export const early = hasSimd() && crossOriginIsolated ? createEngine() : undefined
early?.catch(() => {}) // page.js awaits the same promise and reports the error
