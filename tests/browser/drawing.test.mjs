// Rendering of the page's components, each alone on an empty page with synthetic data: charts and their axes, the plot
// of an activation, curves, bars, tables, grids of units.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openSite } from './support.mjs'

/** @type {import('./support.mjs').Site} */
let site
/** @type {import('playwright-core').Page} */
let page
before(async () => {
  site = await openSite()
  page = await site.browser.newPage({ viewport: { width: 1000, height: 800 }, serviceWorkers: 'block' })
  // An empty page with the same modules, so that nothing else runs.
  await page.goto(`${site.url}data/index.json`)
  await page.evaluate(() => {
    Reflect.set(globalThis, 'part', (/** @type {string} */ path) => import(new URL(`/parts/${path}`, location.href).href))
    Reflect.set(globalThis, 'shown', (/** @type {HTMLElement} */ element) => {
      document.body.replaceChildren(element)
      element.style.width = '600px'
      return element
    })
  })
})
after(() => site?.close())

/**
 * The axis ranges, values and texts of a chart with data.
 * @param {string} kind class of a chart @param {string} module its file in web
 * @param {object} options
 * @param {any[]} args its data @param {boolean} [log]
 * @returns {Promise<{x: number[], y: number[], data: (number | null)[][], csv: string, label: string, now: string, outside: string, empty: boolean, ticks: string[][],
 *   series: {width: number, alpha: number, dash: number[], dots: boolean, show: boolean}[]}>}
 */
const chartOf = (kind, module, options, args, log = false) => page.evaluate(async ({ kind, module, options, args, log }) => {
  const { part, shown } = /** @type {any} */ (globalThis)
  const { default: uPlot } = await part('uplot.js')
  const { [kind]: Kind } = await part(`${module}.js`)
  const written = (/** @type {number} */ value) => `<${value}>`
  const chart = new Kind({ on: () => {}, marks: [], epochs: [{ step: 30, epoch: 3 }] }, { title: 'Loss', format: written, ...options })
  shown(chart.element)
  if (log) chart.setLog(log)
  chart.show(...args)
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
  const plot = uPlot.sync('steps').plots.at(-1)
  const { x, y } = plot.scales
  const found = {
    x: [x.min, x.max], y: [y.min, y.max], data: plot.data, csv: chart.csv?.(), label: chart.element.querySelector('.plot').getAttribute('aria-label'), now: chart.element.querySelector('.chart-now span').textContent,
    outside: [...chart.element.querySelectorAll('.outside:not([hidden])')].map((each) => each.textContent).join(), empty: chart.element.classList.contains('is-empty'),
    ticks: plot.axes.map((/** @type {any} */ axis) => axis._values), series: plot.series.slice(1).map((/** @type {any} */ { width, alpha, dash, points, show }) => ({ width, alpha, dash, dots: points.show(plot, 1, 0, 0) !== false && points.size === 8, show })),
  }
  for (const each of [...uPlot.sync('steps').plots]) each.destroy()
  return found
}, { kind, module, options, args, log })

/** @param {number[]} found @param {number[]} wanted @param {string} [what] */
function near(found, wanted, what) {
  assert.equal(found.length, wanted.length, what)
  found.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) <= 1e-9 * Math.max(1, Math.abs(wanted[i])), `${what ?? ''}: ${found} and not ${wanted}`))
}

test('the axis of the loss starts at 0 and has room above; that of the accuracy is zoomed to the later half and all scores', async () => {
  const data = [[10, 20, 30], [2, 1, 0.5], [1.5, 1, 0.75], [null, null, 3]]
  const linear = await chartOf('LineChart', 'charts/line_chart', {}, data)
  near(linear.y, [0, 3 * 1.08])
  near(linear.x, [0, 50])
  assert.equal(linear.csv, 'step,"Training, this point",Training,Test\n10,2,1.5,\n20,1,1,\n30,0.5,0.75,3\n')
  assert.equal(linear.label, 'Loss over 30 steps: Training <0.75> at step 30, first <1.5> at step 10; Test <3> at step 30')
  assert.equal(linear.now, 'Test <3>, epoch 3; Training <0.75>, step 30')
  assert.deepEqual(linear.series.map(({ width, alpha }) => [width, alpha]), [[1, 0.28], [2, 1], [2, 1]])
  const empty = await chartOf('LineChart', 'charts/line_chart', {}, [[], [], [], []])
  near(empty.y, [0, 2.5])
  assert.deepEqual([linear.empty, empty.empty, empty.label], [false, true, 'Loss, no data yet'])
  const held = await chartOf('LineChart', 'charts/line_chart', { share: true }, [[10, 20, 1990, 2000], [0.5, 0, 1, 0.9], [0.1, 0.4, 0.94, 0.96], [null, null, null, null], [null, 0.955, null, 0.97]])
  near(held.y, [0.935, 0.975])
  near(held.x, [0, 2000])
  assert.equal(held.label, 'Loss over 2,000 steps: Training <0.96> at step 2,000, first <0.1> at step 10; Validation <0.97> at step 2,000, first <0.955> at step 20')
  assert.deepEqual(held.ticks[1], ['94%', '95%', '96%', '97%'])
  assert.equal(held.outside, '2 values below: show all')
  assert.ok(!held.series[0].show, 'single batches would fill a zoomed axis')
  // The last value of a line is the last one that is not null.
  const gaps = await chartOf('LineChart', 'charts/line_chart', {}, [[10, 20, 30], [1, 1, 1], [1, 1, 0.5], [2, 0, null], [null, 3, null]])
  assert.equal(gaps.label, 'Loss over 30 steps: Training <0.5> at step 30, first <1> at step 10; Validation <3> at step 20; Test <0> at step 20, first <2> at step 10')
})

test('a previous run is drawn grey and dashed behind, at its own steps', async () => {
  const ghost = { label: 'ELU', steps: [5, 20, 60], values: [0.2, 0.85, 0.98], tests: [null, null, 0.99] }
  const data = [[10, 20, 30], [0.1, 0.5, 0.9], [0.1, 0.5, 0.9], [null, null, 0.92]]
  const found = await chartOf('LineChart', 'charts/line_chart', { share: true }, [...data, undefined, ghost])
  assert.deepEqual(found.data, [[5, 10, 20, 30, 60], [0.2, null, 0.85, null, 0.98], [null, null, null, null, 0.99],
    [null, 0.1, 0.5, 0.9, null], [null, 0.1, 0.5, 0.9, null], [null, null, null, 0.92, null]])
  assert.deepEqual(found.series.slice(0, 2).map(({ alpha, width, dash }) => [alpha, width, dash]), [[1, 1.5, [3, 3]], [1, 1.5, [3, 3]]])
  assert.match(found.label, /^Loss over 60 steps: previous run \(ELU\) <0.98> at step 60, first <0.2> at step 5; Training <0.9> at step 30/)
  assert.equal(found.now, 'Test <0.92>, epoch 3; Training <0.9>, step 30')
  // Its scores are in the zoom of the accuracy, and its chaotic start is neither in the range nor counted.
  near(found.y, [0.4, 1])
  assert.equal(found.outside, '1 value below: show all')
})

test('a small plain chart has no buttons for files', async () => {
  const found = await page.evaluate(async () => {
    const { part, shown } = /** @type {any} */ (globalThis)
    const { LineChart } = await part('charts/line_chart.js')
    const chart = new LineChart({ on: () => {}, marks: [], epochs: [] }, { title: 'Loss', format: String, height: 150, plain: true })
    shown(chart.element)
    chart.show([1, 2], [2.5, 1], [2.5, 1], [null, 0.5])
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    return [chart.element.querySelector('canvas').clientHeight, chart.element.querySelectorAll('figcaption button').length]
  })
  assert.deepEqual(found, [150, 0])
})

test('a logarithmic axis shows positive values, from half the lowest value or less', async () => {
  const data = [[10, 20, 30], [2, 0, 0.5], [1.5, 1, 0.75], [null, null, null]]
  const log = await chartOf('LineChart', 'charts/line_chart', {}, data, true)
  near(log.y, [0.05, 2 * 1.3])
  assert.deepEqual(log.data, [[10, 20, 30], [2, null, 0.5], [1.5, 1, 0.75], [null, null, null]])
  assert.ok(log.csv.includes('\n20,0,1,\n'), 'the CSV has all')
  near((await chartOf('LineChart', 'charts/line_chart', {}, [[10], [0.02], [0.04], [null]], true)).y, [0.01, 0.04 * 1.3])
  near((await chartOf('LineChart', 'charts/line_chart', {}, [[10, 20], [1, 1e-9], [1, 0.5], [null, null]], true)).y, [1e-6, 1.3])
  near((await chartOf('LineChart', 'charts/line_chart', {}, [[], [], [], []], true)).y, [0.001, 10])
})

test('outliers do not flatten the line, are counted, and are shown on request', async () => {
  const none = (/** @type {number} */ count) => Array(count).fill(null)
  const of = async (/** @type {number[]} */ values, /** @type {boolean} */ log = false) =>
    chartOf('LineChart', 'charts/line_chart', {}, [values.map((_, i) => i + 1), values, values.map((value) => Math.min(value, 2)), none(values.length)], log)
  const level = Array.from({ length: 30 }, (_, i) => 1.5 + i / 58)
  const found = await of([1000, 500, ...level])
  near(found.y, [0, 2 * 1.08])
  assert.equal(found.outside, '2 values above: show all')
  const without = await of(level)
  near(without.y, [0, 2 * 1.08])
  assert.equal(without.outside, '')
  // A logarithmic axis has its own outliers, also the lowest.
  const log = await of([1e6, 1e-5, ...level], true)
  near(log.y, [0.05, 2 * 1.3])
  assert.equal(log.outside, '1 value above, 1 value below: show all')
  // Counts have no outliers, and no fractions on the axis.
  const counts = await chartOf('SeriesChart', 'charts/series_chart', { range: [0, null] }, [Array.from({ length: 20 }, (_, i) => i), [{ name: 'a', values: [...Array(19).fill(0), 3] }]])
  near(counts.y, [0, 3.24])
  assert.deepEqual([counts.ticks[1], counts.outside], [['0', '1', '2', '3'], ''])
  // One click shows all, a second one hides the outliers again.
  const clicks = await page.evaluate(async () => {
    const { part, shown } = /** @type {any} */ (globalThis)
    const { default: uPlot } = await part('uplot.js')
    const { SeriesChart } = await part('charts/series_chart.js')
    const chart = new SeriesChart({ on: () => {}, marks: [] }, { title: 'Ratio', format: String })
    shown(chart.element)
    chart.show(Array.from({ length: 20 }, (_, i) => i), [{ name: 'a', values: Array.from({ length: 20 }, (_, i) => (i === 3 ? 77 : 0.5 + i / 20)) }])
    const frames = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    await frames()
    const button = chart.element.querySelector('.outside')
    const seen = []
    for (let i = 0; i < 3; i++) {
      seen.push([button.textContent, Math.round(uPlot.sync('steps').plots.at(-1).scales.y.max)])
      button.click()
      await frames()
    }
    return seen
  })
  assert.deepEqual(clicks, [['1 value above: show all', 2], ['Without outliers', 83], ['1 value above: show all', 2]])
})

test('no label of an axis is cut or repeated', async () => {
  const found = await page.evaluate(async () => {
    const { part, shown } = /** @type {any} */ (globalThis)
    const { SeriesChart } = await part('charts/series_chart.js')
    const { LineChart } = await part('charts/line_chart.js')
    const { loss, percent, short } = await part('dom/format.js')
    /** The labels that are drawn, with their extents. @type {{text: string, left: number, right: number, top: number, bottom: number, canvas: {width: number, height: number}}[]} */
    let drawn = []
    const original = CanvasRenderingContext2D.prototype.fillText
    CanvasRenderingContext2D.prototype.fillText = function (/** @type {string} */ text, /** @type {number} */ x, /** @type {number} */ y) {
      const { width } = this.measureText(text)
      const left = this.textAlign === 'right' || this.textAlign === 'end' ? x - width : this.textAlign === 'center' ? x - width / 2 : x
      const top = this.textBaseline === 'middle' ? y - 5 : this.textBaseline === 'top' ? y : y - 10
      drawn.push({ text, left, right: left + width, top, bottom: top + 10, canvas: this.canvas })
      original.call(this, text, x, y)
    }
    const series = [[1e-9, 3e-9], [1e-9, 1e9], [0, 2e-8], [-3e-7, 5e-7], [-1e9, 1e9], [123456, 123457], [0.25, 0.2500001], [1e9, 1.0001e9], [-0.02, -0.01], [0.5, 0.5]]
    const cases = [...series.flatMap((values) => [{ kind: 'series', values, log: false }, { kind: 'series', values, log: true }]),
      ...[[0.971, 0.973], [0.1, 0.99], [0.97231, 0.97232], [0.9999, 1]].map((values) => ({ kind: 'share', values, log: false })),
      ...[[2.3, 0.05], [1e-7, 3e-9], [1e9, 2e8]].flatMap((values) => [{ kind: 'loss', values, log: false }, { kind: 'loss', values, log: true }])]
    const results = []
    for (const steps of [[1, 2], [5, 1234567]]) {
      for (const width of [260, 600]) {
        for (const { kind, values, log } of cases) {
          const lab = { on: () => {}, marks: [], epochs: [] }
          const chart = kind === 'series' ? new SeriesChart(lab, { title: 'A', format: short }) : new LineChart(lab, kind === 'share' ? { title: 'A', format: percent, share: true } : { title: 'A', format: loss })
          shown(chart.element).style.width = `${width}px`
          if (kind === 'series') chart.show(steps, [{ name: 'a', values }])
          else chart.show(steps, values, values, [null, null])
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
          drawn = []
          chart.setLog(log)
          await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
          const cut = drawn.filter(({ left, right, top, bottom, canvas }) => left < 0 || top < 0 || right > canvas.width || bottom > canvas.height).map(({ text }) => text)
          const inside = Number.parseFloat(chart.element.querySelector('.u-over').style.left)
          const axis = drawn.filter(({ right }) => right <= inside).map(({ text }) => text)
          // Labels of one row must not touch.
          const touching = drawn.filter((a) => drawn.some((b) => a !== b && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).map(({ text }) => text)
          results.push({ name: `${kind} ${values} ${log} ${width} ${steps}`, cut, axis, touching })
        }
      }
    }
    CanvasRenderingContext2D.prototype.fillText = original
    return results
  })
  assert.equal(found.length, 4 * 30)
  for (const { name, cut, axis, touching } of found) {
    assert.deepEqual([cut, touching], [[], []], name)
    assert.ok(axis.length >= 2 || (name.includes('true') && name.includes('-')), `${name}: ${axis}`)
    assert.equal(new Set(axis).size, axis.length, `${name}: ${axis}`)
  }
})

test('lines over the steps have margins that suit the axis labels, and fixed ends if given', async () => {
  const of = async (/** @type {object} */ options, /** @type {(number | null)[][]} */ ...lines) => {
    const steps = lines[0]?.map((_, i) => 10 * (i + 1)) ?? []
    return chartOf('SeriesChart', 'charts/series_chart', options, [steps, lines.map((values, i) => ({ name: `l${i}`, values }))])
  }
  near((await of({}, [1, 2, 3])).y, [1 - 0.16, 3 + 0.16])
  near((await of({}, [5.5, 5.5, 5.5])).y, [5.4945, 5.5055])
  near((await of({}, [0, 0, 0])).y, [-1e-3, 1e-3])
  near((await of({}, [99, 100])).y, [98.9, 100.1])
  near((await of({}, [1, -3])).y, [-3 - 0.32, 1 + 0.32])
  // Changes from a start of 0.
  near((await of({ symmetric: true }, [0, 1e-6, 3e-6])).y, [-3.48e-6, 3.48e-6])
  near((await of({ range: [0, null] }, [1, 2, 3])).y, [0, 3.16])
  near((await of({ range: [0, 1] }, [0.25, 0.5])).y, [0, 1])
  near((await of({ range: [null, 9] }, [1, 2, 3])).y, [0.84, 9])
  near((await of({})).y, [0, 1])
  near((await of({ range: [0.5, 2] })).y, [0.5, 2])
  near((await of({ log: true }, [0.3, 3, 0])).y, [0.2, 4.5])
  near((await of({ log: true })).y, [0.1, 1])
  // The axis includes a reference level.
  near((await of({ levels: [{ at: 7, text: 'seven' }] }, [1, 2, 3])).y, [1 - 0.48, 7 + 0.48])
  const gaps = await of({}, [1, null, 3], [2, 4, null])
  assert.equal(gaps.label, 'Loss over 30 steps: l0 <3> at step 30, first <1> at step 10; l1 <4> at step 20, first <2> at step 10')
  assert.equal(gaps.now, 'Latest values: step 30')
  near(gaps.x, [0, 50])
  assert.deepEqual(gaps.data, [[10, 20, 30], [1, null, 3], [2, 4, null]])
  assert.deepEqual((await of({}, [1, 2])).series.map(({ dots }) => dots), [true])
  assert.deepEqual(gaps.series.map(({ dots, dash }) => [dots, dash]), [[false, []], [false, [8, 4]]])
  const faint = await chartOf('SeriesChart', 'charts/series_chart', {}, [[1], [{ name: 'mean', style: 3, values: [2] }, { name: 'l', of: 'mean', values: [7] }]])
  assert.deepEqual(faint.series.map(({ alpha, width, dash, dots }) => [alpha, width, dash, dots]), [[1, 2, [10, 3, 2, 3], true], [0.28, 1, [], false]])
  assert.equal(faint.label, 'Loss over 1 step: mean <2> at step 1')
})

test('curves of several runs share their positions; the axis has room for the deviations', async () => {
  const found = await page.evaluate(async () => {
    const { part, shown } = /** @type {any} */ (globalThis)
    const { default: uPlot } = await part('uplot.js')
    const { RaceChart } = await part('charts/race_chart.js')
    const chart = new RaceChart({ on: () => {} }, { title: 'Loss', x: 'epoch', sync: 'steps', format: String })
    shown(chart.element)
    chart.show([
      { name: 'relu', points: new Map([[2, 5], [10, 3]]), spread: new Map([[2, 2]]) },
      { name: 'elu', points: new Map([[1, 4], [10, null]]), spread: new Map() },
    ])
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    const plot = uPlot.sync('steps').plots.at(-1)
    const label = () => chart.element.querySelector('.plot').getAttribute('aria-label')
    const ends = (/** @type {'x' | 'y'} */ axis) => [plot.scales[axis].min, plot.scales[axis].max]
    const result = { data: plot.data, y: ends('y'), x: ends('x'), text: label() }
    chart.show([])
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    const none = uPlot.sync('steps').plots.at(-1)
    const { min, max } = none.scales.y
    none.destroy()
    return { ...result, none: [min, max], empty: label() }
  })
  assert.deepEqual(found.data, [[1, 2, 10], [null, 5, 3], [4, null, null]])
  near(found.y, [0, 7 * 1.05])
  assert.deepEqual(found.x, [0, 10])
  assert.equal(found.text, 'Loss over 10 epochs: relu 3 at epoch 10, first 5 ± 2 at epoch 2; elu 4 at epoch 1')
  assert.deepEqual([found.none, found.empty], [[0, 1], 'Loss, no data yet'])
})

test('the tooltip lists the values at the cursor in order, without hidden lines', async () => {
  const found = await page.evaluate(async () => {
    const { part, shown } = /** @type {any} */ (globalThis)
    const { Chart } = await part('charts/chart.js')
    const { Legend } = await part('charts/legend.js')
    const legend = new Legend()
    const chart = new Chart({ on: () => {} }, { title: 'Some', x: 'epoch', format: (/** @type {number} */ value) => value.toFixed(1), range: () => [0, 10], sync: 'tips', legend })
    shown(chart.element).append(legend.element)
    chart.draw([1, 2, 1500], [
      { name: 'a', colour: '#010203', values: [1, 5, 3], spread: [0.5, null, 0] },
      { name: 'b', colour: '#040506', values: [2, null, 9] },
      { name: 'b, raw', faint: 'b', tip: 'raw', colour: '#040506', values: [7, 8, 4] },
      { name: 'c, raw', faint: 'a', colour: '#040506', values: [9, 9, 9] },
    ])
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    const [plot, tip] = ['.plot', '.tip'].map((name) => chart.element.querySelector(name))
    const press = (/** @type {string} */ key) => {
      plot.dispatchEvent(new KeyboardEvent('keydown', { key }))
      return tip.hidden ? 'none' : [...tip.children].map((/** @type {any} */ each) => each.textContent).join('; ')
    }
    const pressed = ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight', 'Home', 'ArrowLeft', 'PageDown', 'PageUp', 'End', 'Escape', 'ArrowLeft', 'Escape', 'PageDown', 'Escape', 'x'].map((key) => `${key}: ${press(key)}`)
    const keys = [...legend.element.querySelectorAll('button')]
    keys[1].click()
    const hidden = ['Home', 'End'].map(press)
    keys[0].click()
    const none = press('Home')
    keys[1].click()
    return { pressed, hidden, none, names: keys.map((key) => key.textContent), states: keys.map((key) => key.getAttribute('aria-pressed')), back: press('Home') }
  })
  const [first, second, last] = ['Epoch 1; raw7.0; b2.0; a1.0 ± 0.5', 'Epoch 2; raw8.0; a5.0', 'Epoch 1,500; b9.0; raw4.0; a3.0 ± 0.0']
  assert.deepEqual(found.pressed, [`ArrowRight: ${first}`, `ArrowRight: ${second}`, `ArrowRight: ${last}`, `ArrowRight: ${last}`, `Home: ${first}`, `ArrowLeft: ${first}`,
    `PageDown: ${last}`, `PageUp: ${first}`, `End: ${last}`, 'Escape: none', `ArrowLeft: ${last}`, 'Escape: none', `PageDown: ${last}`, 'Escape: none', 'x: none'])
  assert.deepEqual(found.hidden, ['Epoch 1; a1.0 ± 0.5', 'Epoch 1,500; a3.0 ± 0.0'])
  assert.deepEqual([found.none, found.back], ['Epoch 1', 'Epoch 1; raw7.0; b2.0'])
  assert.deepEqual([found.names, found.states], [['a', 'b'], ['false', 'true']])
})

test('marks, levels and deviations are drawn at their values', async () => {
  const found = await page.evaluate(async () => {
    const { part } = /** @type {any} */ (globalThis)
    const { drawMarks, drawSpreads } = await part('charts/chart_draw.js')
    /** Position of a step: 50 + step; of a value: 200 - value. @param {(chart: any) => void} draw */
    const record = (draw) => {
      /** @type {string[]} */
      const calls = []
      const log = (/** @type {string} */ name) => (/** @type {any[]} */ ...args) => calls.push(`${name} ${args.join(' ')}`)
      const ctx = /** @type {any} */ ({ measureText: () => ({ width: 29.5 }), fillText: (/** @type {any[]} */ ...args) => calls.push(`${ctx.textAlign} ${args.join(' ')}`),
        stroke: () => calls.push(`stroke ${ctx.lineWidth} ${ctx.globalAlpha ?? 1}`), fill: () => calls.push(`fill ${ctx.fillStyle} ${ctx.globalAlpha}`) })
      for (const name of ['moveTo', 'lineTo', 'rect', 'setLineDash']) ctx[name] = log(name)
      for (const name of ['save', 'restore', 'beginPath', 'clip']) ctx[name] = () => {}
      draw({ ctx, bbox: { left: 50, top: 10, width: 400, height: 200 }, valToPos: (/** @type {number} */ value, /** @type {string} */ axis) => (axis === 'x' ? 50 + value : 200 - value) })
      return calls
    }
    const series = [
      { name: 'a', colour: '#010203', values: [10, null, 30, 40], spread: [1, 1, 2, null] },
      { name: 'b', colour: '#040506', values: [5, 6, 7, 8] },
      { name: 'c', colour: '#070809', values: [50, null, null, null], spread: [5, 5, 5, 5] },
    ]
    return {
      marks: record((chart) => drawMarks(chart, [], [100, 100.4, 365, 366, 367, 400].map((step) => ({ step, text: `at ${step}` })), 'red')),
      levels: record((chart) => drawMarks(chart, [{ at: 20, text: 'twenty' }], [], 'red')),
      spreads: record((chart) => drawSpreads(chart, [1, 2, 3, 4], series)),
    }
  })
  const mark = (/** @type {number} */ x, /** @type {string} */ text) => [`moveTo ${x} 10`, `lineTo ${x} 210`, 'stroke 1 1', text]
  assert.deepEqual(found.marks, ['setLineDash 2,3', ...mark(150.5, 'left at 100 154.5 22'), ...mark(150.5, 'left at 100.4 154.5 34'), ...mark(415.5, 'left at 365 419.5 46'),
    ...mark(416.5, 'left at 366 420.5 58'), ...mark(417.5, 'right at 367 413.5 22'), ...mark(450.5, 'right at 400 446.5 34')])
  assert.deepEqual(found.levels, ['setLineDash 2,3', 'moveTo 50 180.5', 'lineTo 450 180.5', 'stroke 1 1', 'left twenty 54 177.5'])
  assert.deepEqual(found.spreads, [
    'rect 50 10 400 200', 'lineTo 51 189', 'lineTo 53 168', 'lineTo 53 172', 'lineTo 51 191', 'fill #010203 0.16',
    'rect 50 10 400 200', 'lineTo 51 145', 'lineTo 51 155', 'fill #070809 0.16', 'moveTo 51 145', 'lineTo 51 155', 'stroke 1.5 1'])
})

test('the plot of an activation: bar heights are counts, bar colours are f at the middle of the bar', async () => {
  const found = await page.evaluate(async () => {
    const { part, shown } = /** @type {any} */ (globalThis)
    const { ActivationPlot, plotLegend, positionsFor } = await part('charts/activation_plot.js')
    const plot = new ActivationPlot()
    const svg = shown(plot.element).firstChild
    const xs = Float32Array.from({ length: 9 }, (_, i) => -2 + i / 2)
    plot.show({ low: -2, high: 2, counts: [0, 2, 4, 1] }, { xs, y: xs, dy: xs.map(() => 1) }, [null, -2, 0, 1, 2], 'words')
    const all = (/** @type {string} */ selector, /** @type {string} */ name) => [...svg.querySelectorAll(selector)].map((each) => each.getAttribute(name))
    const result = {
      label: svg.getAttribute('aria-label'), box: svg.getAttribute('viewBox'),
      bars: ['x', 'y', 'width', 'height'].map((name) => all('rect', name)), fills: [...svg.querySelectorAll('rect')].map((bar) => bar.style.fill.replaceAll(',', '')),
      borders: all('.activation-border', 'd'), axis: all('.curve-axis', 'd'), f: all('.curve-f', 'd')[0], df: all('.curve-df', 'd')[0],
      texts: [...svg.querySelectorAll('text')].map((each) => `${each.textContent} ${each.getAttribute('x')} ${each.getAttribute('y')} ${each.getAttribute('text-anchor')}`),
    }
    // A jump of the derivative breaks its line, but not that of f.
    const at = positionsFor({ low: -2, high: 2 }, [0])
    plot.show({ low: -2, high: 2, counts: [1] }, { xs: at, y: at.map((/** @type {number} */ x) => Math.max(0, x)), dy: at.map((/** @type {number} */ x) => Number(x > 0)) }, [], '')
    const breaks = ['.curve-f', '.curve-df'].map((name) => all(name, 'd')[0].match(/M/g).length)
    const legend = (/** @type {number} */ outside) => plotLegend(1.5, outside).map((/** @type {any} */ each) => each && each.textContent).filter(Boolean)
    // The axis has room even if there are no negative values or no values at all.
    plot.show({ low: 0, high: 1, counts: [0, 0] }, { xs: Float32Array.of(0, 1), y: Float32Array.of(0, 0.01), dy: Float32Array.of(NaN, -0.5) }, [], '')
    return { ...result, breaks, legends: [legend(0), legend(1200)], flat: { axis: all('.curve-axis', 'd'), f: all('.curve-f', 'd')[0], heights: all('rect', 'height'), df: all('.curve-df', 'd')[0] } }
  })
  assert.deepEqual([found.label, found.box], ['words', '0 0 600 230'])
  // The plot is 526 pixels wide and 192 high. The highest bar has 86% of the height.
  assert.deepEqual(found.bars, [['40.00', '171.50', '303.00', '434.50'], ['206.00', '123.44', '40.88', '164.72'], Array(4).fill('130.70'), ['0.00', '82.56', '165.12', '41.28']])
  assert.deepEqual(found.fills, ['rgb(245 147 34)', 'rgb(238 191 135)', 'rgb(119 176 212)', 'rgb(8 119 189)'])
  assert.deepEqual(found.borders, ['M303.0 14V206', 'M434.5 14V206'])
  assert.deepEqual(found.axis, ['M40 110.0H566M303.0 14V206M40 206H566'])
  assert.ok(found.f?.startsWith('M40.0 198.9L105.8 176.7L') && found.f.endsWith('L566.0 21.1'), found.f ?? '')
  assert.ok(found.df?.startsWith('M40.0 21.1L') && found.df.endsWith('L566.0 21.1'), found.df ?? '')
  assert.deepEqual(found.texts, [
    '−2 40.0 222.0 middle', '−1 171.5 222.0 middle', '0 303.0 222.0 middle', '1 434.5 222.0 middle', '2 566.0 222.0 middle',
    '−2 34.0 202.4 end', '0 34.0 113.5 end', '2 34.0 24.6 end', '0 572.0 113.5 start', '0.5 572.0 69.1 start', '1 572.0 24.6 start',
    'f 34.0 10.0 end', 'f′ 572.0 10.0 start', 'z 566.0 202.0 end'])
  assert.deepEqual(found.breaks, [1, 2])
  assert.deepEqual(found.legends, [['f ≤ −1.5', 'f ≥ 1.5', 'f', 'f′'], ['f ≤ −1.5', 'f ≥ 1.5', 'f', 'f′', '1,200 values lie outside']])
  // The range is 0.108 times -0.06 to 1. The scale of the slopes follows from the room below 0.
  const zero = 206 - (192 * 0.06) / 1.06
  assert.deepEqual(found.flat.axis, [`M40 ${zero.toFixed(1)}H566M40 206H566`])
  assert.deepEqual(found.flat.heights, ['0.00', '0.00'])
  assert.equal(found.flat.f, `M40.0 ${zero.toFixed(1)}L566.0 ${(zero - (192 * 0.01) / 0.108 / 1.06).toFixed(1)}`)
  assert.ok(found.flat.df?.endsWith(`L566.0 ${(zero + (206 - zero) / 1.08).toFixed(1)}`), found.flat.df ?? '')
})

test('curves: f in the small plot, f and its derivative in the large one, broken at jumps', async () => {
  const found = await page.evaluate(async () => {
    const { part } = /** @type {any} */ (globalThis)
    const { smallCurve, largeCurve } = await part('charts/curve.js')
    const curve = { xs: Float32Array.of(-4, 0, 4), y: Float32Array.of(0, 0, 4), dy: Float32Array.of(0, 0.25, 0.625) }
    return [smallCurve(curve), largeCurve(curve, 'words')].map((svg) => [svg.getAttribute('aria-label'), svg.getAttribute('viewBox'),
      ...['axis', 'f', 'df'].map((name) => (svg.querySelector(`.curve-${name}`)?.getAttribute('d') ?? '').replace(/\d+\.\d{3,}/g, (/** @type {string} */ number) => String(Number(Number(number).toFixed(2))))), ...[...svg.querySelectorAll('text')].map((each) => `${each.textContent} ${each.getAttribute('x')} ${each.getAttribute('y')}`)])
  })
  assert.deepEqual(found, [
    [null, '0 0 28 20', 'M0 12.4H28M14 0V20', 'M0.00 12.40L14.00 12.40L28.00 -7.60', ''],
    ['words', '0 0 280 120',
      'M0 78H280M140 0V120M35 76v4M70 76v4M105 76v4M175 76v4M210 76v4M245 76v4M138 108h4M138 48h4M138 18h4',
      'M0.00 78.00L140.00 78.00L280.00 -42.00', 'M0.00 78.00L140.00 70.50M280.00 59.25', '1 145 52', '−3 29 92', '3 242 92'],
  ])
})

test('bars of probabilities: the first maximum and the correct class are marked', async () => {
  const found = await page.evaluate(async () => {
    const { part } = /** @type {any} */ (globalThis)
    const { Bars } = await part('charts/bars.js')
    const bars = new Bars('Chances')
    const look = (/** @type {number[] | null} */ values, /** @type {number | undefined} */ right = undefined) => {
      const best = bars.show(values && Float32Array.from(values), right)
      return [best, ...[...bars.element.querySelectorAll('tbody tr')].map((row) =>
        `${row.querySelector('th').textContent} ${row.querySelector('.bar-value').textContent} ${row.querySelector('.bar-fill').style.transform} ${row.className}`.trim())]
    }
    bars.setClasses(['a', 'bb', 'c'])
    const short = bars.element.classList.contains('has-names')
    const looks = [look([0.25, 0.25, 0.125], 2), look([0, 1, 0]), look([NaN, NaN, NaN], 0), look(null)]
    bars.setClasses(['a', 'bbb'])
    return { looks, names: [short, bars.element.classList.contains('has-names')] }
  })
  assert.deepEqual(found.looks, [
    [0, 'a 25.0% scaleX(0.25) is-best', 'bb 25.0% scaleX(0.25)', 'c ✓ 12.5% scaleX(0.125) is-right'],
    [1, 'a 0.0% scaleX(0)', 'bb 100.0% scaleX(1) is-best', 'c 0.0% scaleX(0)'],
    [-1, 'a ✓ NaN scaleX(0) is-right', 'bb NaN scaleX(0)', 'c NaN scaleX(0)'],
    [-1, 'a – scaleX(0)', 'bb – scaleX(0)', 'c – scaleX(0)'],
  ])
  assert.deepEqual(found.names, [false, true])
})

test('the table of a race: means with their deviations, and the time a step took', async () => {
  const rows = await page.evaluate(async () => {
    const { part } = /** @type {any} */ (globalThis)
    const { raceTable } = await part('views/race.js')
    const of = (/** @type {number | null} */ mean, /** @type {number | null} */ deviation = null) => ({ count: 3, mean, deviation })
    const table = raceTable([
      { name: 'relu', diverged: 0, test_accuracy: of(0.9, 0.0125), test_loss: of(0.5, 0.25), train_loss: of(0.0001), silent: of(0.25, 0), output_mean: of(-0.125, 0.5), step_seconds: 1.2e-4 },
      { name: 'elu', diverged: 2, test_accuracy: of(0.5), test_loss: of(null), train_loss: of(null), silent: of(0), output_mean: of(12345), step_seconds: 9.9e-5 },
      { name: 'last', diverged: 0, test_accuracy: of(1), test_loss: of(1), train_loss: of(1), silent: of(1), output_mean: of(1), step_seconds: null },
    ].map((summary, index) => ({ index, summary })))
    return [...table.querySelectorAll('tr')].map((row) => [...row.children].map((cell) => cell.textContent))
  })
  assert.deepEqual(rows, [
    ['Configuration', 'Test accuracy', 'Test loss', 'Training loss', 'Silent units', 'Output mean', 'Time per step'],
    ['relu', '90.00% ± 1.25%', '0.5000 ± 0.2500', '1.00e-4', '25.00% ± 0.00%', '−0.125 ± 0.5', '120 µs'],
    ['elu (2 diverged)', '50.00%', '–', '–', '0.00%', '12300', '99 µs'],
    ['last', '100.00%', '1.0000', '1.0000', '100.00%', '1', '–'],
  ])
})

test('units have the largest cells that fit, in rows of a power of two if possible', async () => {
  const found = await page.evaluate(async () => {
    const { part, shown } = /** @type {any} */ (globalThis)
    const { UnitGrid } = await part('charts/unit_grid.js')
    /** @type {Record<number, number[]>} */
    const sizes = {}
    for (const units of [1, 10, 128, 200, 512, 784, 1000, 4096]) {
      const grid = new UnitGrid('act1')
      const canvas = shown(grid.element).querySelector('canvas')
      grid.show(new Float32Array(units), 1)
      sizes[units] = [Number(canvas.dataset.columns), canvas.width, canvas.height]
    }
    return sizes
  })
  // 784 units in cells of 12: 50 columns, because 32 columns would leave the last row incomplete. 4,096 units in cells
  // of 5: 120 columns, because 64 columns would be too high.
  assert.deepEqual(found, {
    1: [1, 22, 22], 10: [10, 220, 22], 128: [16, 352, 176], 200: [27, 594, 176], 512: [32, 448, 224], 784: [50, 600, 192], 1000: [60, 600, 170], 4096: [120, 600, 175],
  })
})

test('a grid of units: colours, the text of the selected unit, and a cross for NaN', async () => {
  const found = await page.evaluate(async () => {
    const { part, shown } = /** @type {any} */ (globalThis)
    const { UnitGrid } = await part('charts/unit_grid.js')
    /** @type {number[]} */
    const chosen = []
    const grid = new UnitGrid('act1', { choose: (/** @type {number} */ unit) => chosen.push(unit), crossed: (/** @type {number} */ unit) => unit === 4 })
    const canvas = shown(grid.element).querySelector('canvas')
    const readout = grid.element.querySelector('output')
    const values = Float32Array.of(1, 0.5, 0, -1, 2, NaN)
    grid.show(values, 1)
    const copy = () => {
      const context = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')
      context?.drawImage(canvas, 0, 0)
      return (/** @type {number} */ x, /** @type {number} */ y) => [...context?.getImageData(x, y, 1, 1).data ?? []].join(' ')
    }
    const cells = () => {
      const at = copy()
      return [...values.keys()].map((i) => at(22 * i + 10, 4))
    }
    const [at, one] = [copy(), cells()]
    const middles = [3, 4, 5].map((i) => at(22 * i + 10, 10))
    const gap = at(21, 5)
    grid.show(Float32Array.of(-2, 0.5, 1, 2, 4, 1), null)
    grid.show(values, null)
    const each = cells()
    const summary = readout.textContent
    const press = (/** @type {string} */ key) => {
      canvas.dispatchEvent(new KeyboardEvent('keydown', { key }))
      return readout.textContent.match(/^unit (\d)/)?.[1] ?? '-'
    }
    const keys = ['ArrowRight', 'ArrowRight', 'End', 'ArrowRight', 'Home', 'ArrowLeft', 'ArrowRight', 'Enter', ' ', 'Escape', 'Enter', 'End', 'ArrowDown', 'ArrowUp'].map(press).join('')
    const text = readout.textContent
    const pointer = (/** @type {number} */ x, /** @type {number} */ y, type = 'pointermove') => {
      const { left, top } = canvas.getBoundingClientRect()
      canvas.dispatchEvent(new (type === 'click' ? MouseEvent : PointerEvent)(type, { clientX: left + x, clientY: top + y }))
      return readout.textContent.match(/^unit (\d)/)?.[1] ?? '-'
    }
    const pointed = [pointer(21, 3), pointer(22, 3), pointer(131, 21), pointer(132, 3), pointer(3, 22)].join('')
    pointer(45, 3, 'click')
    return { one, middles, gap, each, summary, keys, text, pointed, chosen, aria: ['aria-valuenow', 'aria-valuemax', 'aria-valuetext'].map((name) => canvas.getAttribute(name)) }
  })
  const [orange, grey, blue, half, pink, ink] = ['245 147 34 255', '232 234 235 255', '8 119 189 255', '119 176 212 255', '229 0 125 255', '17 17 17 255']
  assert.deepEqual(found.one, [blue, half, grey, orange, blue, pink])
  assert.deepEqual(found.each, [half, blue, grey, '238 191 135 255', half, pink])
  assert.equal(found.gap, '0 0 0 0')
  assert.equal(found.middles[0], orange)
  assert.ok(found.middles.slice(1).every((colour) => colour.split(' ').slice(0, 3).every((part) => Number(part) < 120)), `${found.middles} and not near ${ink}`)
  assert.equal(found.summary, '3 of 6 above zero, largest 2, 1 NaN')
  assert.equal(found.keys, '015500111--550')
  assert.equal(found.pointed, '015--')
  assert.deepEqual(found.chosen, [1, 1, 2])
})
