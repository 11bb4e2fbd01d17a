// Learnt slopes: PReLU's alpha and Swish's beta, one per layer or per channel, now and over the steps.
import { explain, h } from '../dom/dom.js'
import { count, plural, short } from '../dom/format.js'
import { layerTitle } from '../lab/probe_history.js'
import { SeriesChart } from '../charts/series_chart.js'
import { meanOf } from '../lab/series.js'
import { ProbeView } from './probe_view.js'

/** Maximum number of lines per layer. More channels are drawn as minimum, quartiles and maximum. */
const mostLines = 24

export default class SlopesView extends ProbeView {
  codes = ['slope_range']
  #at = h('span', { class: 'muted probe-step' })
  #empty = h('p', { class: 'empty' }, 'No activation of this model learns a slope. Choose PReLU or Swish in the panel.')
  #chart = new SeriesChart(this.lab, { title: 'Slope, over the steps', format: short })
  #now = h('dl', { class: 'stats' })
  #body = h('div', { hidden: true }, this.#chart.element, this.#now)

  build() {
    this.append(h('div', { class: 'view-tools' }, this.#at), this.#empty, this.#body, explain({
      what: 'PReLU is $f(z) = αz$ below 0 and learns α like a weight. Swish is $zσ(βz)$, here with β learnt.',
      look: 'How a slope changes from its initial value. α near 0 is ReLU, α near 1 a straight line. Layers may differ.',
      attempt: 'PReLU in two or three layers, or “prelu channel”, which has a slope for each unit.',
    }))
  }

  begin() {
    this.#body.hidden = true
    this.#empty.hidden = false
    this.#at.textContent = ''
  }

  /** @param {import('./probe_view.js').ProbeSnapshot} snapshot */
  draw({ step, layers }) {
    const learning = layers.filter(({ slopes }) => slopes)
    this.#body.hidden = learning.length === 0
    this.#empty.hidden = learning.length > 0
    if (learning.length === 0) return
    this.#at.textContent = `after step ${count(step)}`
    const { looks } = this.lab.probes
    const series = learning.flatMap(({ layer, name, slopes }, style) => {
      const of = (/** @type {(values: number[]) => number} */ pick) => looks.map((look) => {
        const values = look.layers.find((each) => each.layer === layer)?.slopes
        return values ? pick(values) : null
      })
      const number = slopes?.values.length ?? 0
      const symbol = `${slopes?.symbol} of ${name}`
      if (number === 1) return [{ name: symbol, style, values: of(([value]) => value) }]
      const inside = number <= mostLines
        ? Array.from({ length: number }, (_, i) => of((values) => values[i]))
        : [0, 0.25, 0.5, 0.75, 1].map((share) => of((values) => [...values].sort((a, b) => a - b)[Math.round(share * (number - 1))]))
      const mean = `${symbol}, mean of ${number}`
      return [{ name: mean, style, values: of(meanOf) }, ...inside.map((values, i) => ({ name: `${name} ${i}`, style, of: mean, values }))]
    })
    this.#chart.show(looks.map((look) => look.step), series)
    this.#now.replaceChildren(...learning.map(({ name, text, slopes }) => {
      const values = slopes?.values ?? []
      return h('div', {}, h('dt', {}, layerTitle({ name, text })), h('dd', {}, h('b', {}, short(meanOf(values))), ' ',
        h('span', {}, values.length === 1 ? `${slopes?.symbol} now` : `mean of ${plural(values.length, 'channel')}, ${short(Math.min(...values))} to ${short(Math.max(...values))}`)))
    }))
  }
}
