// Helpers for the tests of the monitors' views: the same run in Node on the page's images, and pages at an exact step.
import { headless, trainJson } from '../node/support.mjs'
import { openCore } from './core.mjs'
import { onCutData } from './cut.mjs'
import { keepInSight, openPage, press, waitForStep } from './support.mjs'

/** @type {ReturnType<typeof openCore> | undefined} */
let opened

/** A run in this process. @param {object} config */
export async function nodeSession(config) {
  opened ??= openCore()
  const { core, dataset } = await opened
  return core.createSession(dataset, config)
}

/** The events that the command line prints for a config. @param {Record<string, string | number>} config @param {string} event @returns {any[]} */
export const linesOf = (config, event) => trainJson(headless, [...onCutData, ...Object.entries(config).flatMap(([name, value]) => [`--${name}`, String(value)])]).of(event)

/** The recorded snapshots among them. @param {Record<string, string | number>} config @returns {any[]} */
export const snapshotsOf = (config) => linesOf(config, 'probe')

/** The address of a config. @param {Record<string, string | number>} config */
export const hashOf = (config) => `#${new URLSearchParams(Object.entries(config).map(([name, value]) => [name, String(value)]))}`

/**
 * Opens a page with this config, makes single steps, and waits until a visible view has drawn the last of them.
 * @param {import('./support.mjs').Site} site @param {Record<string, string | number>} config
 * @param {string} tag of the view @param {number} steps @param {import('playwright-core').BrowserContextOptions} [context]
 */
export async function pageAt(site, config, tag, steps, context) {
  const opened = await openPage(site, { hash: hashOf(config), context })
  const view = opened.page.locator(tag)
  await keepInSight(view)
  await drawn(opened.page, tag, 0)
  for (let step = 1; step <= steps; step++) {
    await press(opened.page, 'Step')
    await waitForStep(opened.page, step)
    await drawn(opened.page, tag, step)
  }
  return { ...opened, view }
}

/**
 * Scrolls to a view, which other views may move as they grow, and waits until it has drawn a step.
 * @param {import('playwright-core').Page} page @param {string} tag @param {number} step */
export async function drawn(page, tag, step) {
  for (let i = 0; i < 50; i++) {
    await page.locator(tag).scrollIntoViewIfNeeded()
    if (await page.locator(tag).getAttribute('data-step') === String(step)) return
    await page.waitForTimeout(100)
  }
  await page.waitForSelector(`${tag}[data-step="${step}"]`)
}

/**
 * The colours of the pixels of a canvas. They are read from a copy, because reading the page's canvas would make it
 * slow.
 * @param {import('playwright-core').Locator} canvas @returns {Promise<{width: number, colours: string[]}>} */
export function pixelsOf(canvas) {
  return canvas.evaluate((element) => {
    if (!(element instanceof HTMLCanvasElement)) throw new Error('not a canvas')
    const context = new OffscreenCanvas(element.width, element.height).getContext('2d', { willReadFrequently: true })
    context?.drawImage(element, 0, 0)
    const { data = [] } = context?.getImageData(0, 0, element.width, element.height) ?? {}
    return { width: element.width, colours: Array.from({ length: element.width * element.height }, (_, i) => `rgb(${[...data.slice(4 * i, 4 * i + 3)].join(' ')})`) }
  })
}

/**
 * The colour of each cell next to its centre, off the cross.
 * @param {import('playwright-core').Locator} canvas @param {number} units
 */
export async function cellColours(canvas, units) {
  const { width, colours } = await pixelsOf(canvas)
  const columns = Number(await canvas.getAttribute('data-columns'))
  const side = width / columns
  return Array.from({ length: units }, (_, unit) => {
    const [x, y] = [((unit % columns) + 0.25) * side, (Math.floor(unit / columns) + 0.5) * side].map(Math.floor)
    return colours[y * width + x]
  })
}
