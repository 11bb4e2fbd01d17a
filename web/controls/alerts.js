// The warnings of the run, in one line above the first screen: what is wrong, since when, and what to do about it.
import { h, iconButton } from '../dom/dom.js'
import { silenceOf } from '../lab/claims.js'
import { activationOf, withNorm } from '../lab/model_text.js'
import { hiddenActivations } from '../lab/probe_history.js'
import { words } from '../words/words.js'

/**
 * @typedef {import('../lab/lab.js').Lab} Lab
 * @typedef {{label: string, run: () => unknown}} Remedy
 * @typedef {{key: string, code: string, layer: number | null, step: number, message: string}} Alert
 */

/** From this share of dead units on they are worth a warning. */
const worthSaying = 0.1

/** What helps, by the code of a warning: activations to try, BatchNorm, a factor of the learning rate. @type {Record<string, {use?: string, norm?: boolean, rate?: number}>} */
const remedies = {
  silent_units: { use: 'leaky_relu', rate: 0.1, norm: true },
  saturation: { use: 'relu', norm: true },
  mean_shift: { use: 'elu', norm: true },
  vanishing_gradients: { use: 'relu', norm: true },
  exploding_gradients: { rate: 0.1, norm: true },
  slope_range: { rate: 0.1 },
  large_update: { rate: 0.1 },
  small_update: { rate: 10 },
  loss_not_falling: { rate: 0.1 },
  loss_rising: { rate: 0.1 },
}

const own = words.frame.alerts
/** In place of the core's sentence. @type {Record<string, ((layer: number | null) => string) | undefined>} */
const shortWords = own.short

/** @param {Lab} lab @returns {HTMLElement} */
export function makeAlerts(lab) {
  /** @type {Set<string>} */
  const dismissed = new Set()
  /** @type {Set<string>} */
  const announced = new Set()
  let open = false
  const list = h('ul')
  const more = h('button', { type: 'button', class: 'alert-more', onclick: () => {
    open = !open
    show()
  } })
  const element = h('section', { class: 'alerts', 'aria-label': own.label, hidden: true }, list, more,
    iconButton('close', own.dismiss, () => {
      for (const { key } of alerts()) dismissed.add(key)
      show()
    }, 'icon-button quiet'))

  /** Those about units come first. @returns {Alert[]} */
  function alerts() {
    const inside = hiddenActivations(lab.run.model).map((layer) => lab.run.model.layers.indexOf(layer))
    const dead = (lab.dead?.layers ?? []).filter((each) => inside.includes(each.layer) && each.dead.length >= worthSaying * each.units)
      .map(({ layer }) => ({ key: `dead ${layer}`, code: 'dead', layer, step: lab.dead?.step ?? 0, message: '' }))
    const units = lab.warnings.filter(({ code, layer }) => code === 'silent_units' && !dead.some((each) => each.layer === layer))
    const others = lab.warnings.filter(({ code }) => code !== 'silent_units')
    return [...dead, ...[...units, ...others].map((warning) => ({ key: `${warning.code} ${warning.layer}`, ...warning }))]
      .filter(({ key }) => !dismissed.has(key))
  }

  /** @param {Alert} alert */
  function textOf({ code, layer, message }) {
    const inside = hiddenActivations(lab.run.model).map((each) => lab.run.model.layers.indexOf(each))
    const place = inside.length > 1 && layer !== null ? inside.indexOf(layer) + 1 : null
    const silence = code === 'silent_units' && layer !== null && silenceOf(lab, layer)
    if (silence) return own.silent({ ...silence, layer: place })
    const found = code === 'dead' && lab.dead?.layers.find((each) => each.layer === layer)
    if (found && lab.dead) return own.dead({ dead: found.dead.length, units: found.units, layer: place, samples: lab.dead.samples, step: lab.dead.step })
    return shortWords[code]?.(place) ?? words.lab.warning(code, message)
  }

  /** @param {Alert} alert @returns {Remedy[]} */
  function remediesOf({ code }) {
    const { use, norm = false, rate } = remedies[code === 'dead' ? 'silent_units' : code] ?? {}
    const names = lab.registry.activations
    const { model } = lab.shown
    const other = activationOf(model, names.map(({ name }) => name)) === use ? undefined : names.find(({ name }) => name === use)
    const withBatchNorm = norm ? withNorm(model, names.map(({ name }) => name)) : ''
    const lr = rate && Number((lab.effective.lr * rate).toPrecision(3))
    return [
      ...(other ? [{ label: own.use(other.label), run: () => lab.chooseActivation(other.name) }] : []),
      ...(lr ? [{ label: own.rate(lr), run: () => lab.begin({ lr: String(lr) }, { train: true }) }] : []),
      ...(withBatchNorm ? [{ label: own.norm, run: () => lab.begin({ model: withBatchNorm }, { train: true }) }] : []),
    ]
  }

  let shown = ''
  function show() {
    const all = alerts()
    element.hidden = all.length === 0
    const visible = open ? all : all.slice(0, 1)
    const texts = visible.map(textOf)
    more.hidden = all.length < 2
    more.textContent = open ? own.one : own.more(Math.max(0, all.length - 1))
    more.setAttribute('aria-expanded', String(open))
    // Buttons under the pointer stay the same while only numbers change.
    const now = visible.map(({ key }) => key).join()
    if (now !== shown) {
      list.replaceChildren(...visible.map((alert) => h('li', {}, h('span', { class: 'alert-text' }),
        h('span', { class: 'alert-remedies' }, remediesOf(alert).map(({ label, run }) => h('button', { type: 'button', class: 'button small', onclick: () => void run() }, label))))))
    }
    shown = now
    list.querySelectorAll('.alert-text').forEach((place, i) => (place.textContent = texts[i]))
    for (const alert of all.filter(({ key }) => !announced.has(key))) {
      announced.add(alert.key)
      lab.emit('announce', own.announced(textOf(alert)))
    }
  }

  lab.on('run', () => {
    for (const set of [dismissed, announced]) set.clear()
    open = false
    shown = ''
    show()
  })
  lab.onEach(['warning', 'dead', 'looks'], show)
  show()
  return element
}
