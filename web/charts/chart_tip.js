// The tooltip of a chart: the values at the cursor, beside it and never over it.
import { h } from '../dom/dom.js'
import { written } from './chart_words.js'
import { swatch } from './legend.js'
import { words } from '../words/words.js'

/** @import { Series } from './chart.js' */

const mostRows = 12
/** Pixels between the cursor and the tooltip: more than the radius of the cursor's points. */
const gap = 12

export class Tip {
  element = h('div', { class: 'tip', hidden: true })

  hide() {
    this.element.hidden = true
  }

  /**
   * @param {string} head @param {Series[]} series the lines to list @param {number[]} at the index of each line's value
   * @param {(value: number) => string} format @param {number} left position of the cursor @param {number} width of the chart
   */
  show(head, series, at, format, left, width) {
    const rows = series.map((each, i) => ({ each, value: Number(each.values[at[i]]), i: at[i] })).sort((a, b) => b.value - a.value)
    const { element } = this
    element.hidden = false
    Object.assign(element.style, { left: '0', right: '', maxWidth: '' })
    element.replaceChildren(h('strong', {}, head), ...rows.slice(0, mostRows).map(({ each, i }) => {
      const { name, faint, tip = name } = each
      return h('div', { class: faint ? 'key-raw' : '' }, faint ? h('span', { class: 'swatch' }) : swatch(each), h('span', {}, tip), h('b', {}, written(each, i, format)))
    }), ...(rows.length > mostRows ? [h('div', { class: 'key-raw' }, words.charts.chart.more(rows.length - mostRows))] : []))
    const needed = element.offsetWidth
    const [before, after] = [left - gap, width - left - gap]
    const right = after >= needed || after >= before
    Object.assign(element.style, { left: right ? `${left + gap}px` : '', right: right ? '' : `${width - left + gap}px`, maxWidth: `${right ? after : before}px` })
  }
}
