// Two live runs side by side on the first screen: the views of the current run at the left, those of a second run at the right,
// each column with its name, its loss and its accuracy. The second run's activation and settings are chosen in its heading.
import { h, iconButton, uniqueId } from '../dom/dom.js'
import { loss, sentence } from '../dom/format.js'
import { Pair } from '../lab/pair.js'
import { withActivation } from '../lab/model_text.js'
import { words } from '../words/words.js'

const own = words.lab.compare
/** @import { Lab } from '../lab/lab.js' */

/** Milliseconds between two updates of the numbers. */
const readable = 100
/** The views that both columns have. */
const tags = ['rl-activation', 'rl-learning']

/** The heading of a column. @param {string} place @param {...import('../dom/dom.js').Child} controls */
function makeHead(place, ...controls) {
  const [name, trained, tested, moment, status] = [h('h2'), h('output', { 'aria-live': 'off' }), h('output', { 'aria-live': 'off' }), h('span'), h('p', { class: 'compare-status' })]
  const number = (/** @type {(string | HTMLElement)} */ label, /** @type {HTMLElement} */ output) => h('label', { class: 'metric' }, h('span', {}, label), output)
  const element = h('section', { class: 'card compare-head', 'aria-label': place },
    h('div', { class: 'compare-row' }, name, number(own.trained, trained), number(moment, tested)), h('div', { class: 'compare-row' }, ...controls, status))
  return { element, name, trained, tested, moment, status }
}

export class Comparison {
  #lab
  #stage
  /** @type {Pair | undefined} */
  #pair
  #select
  #text = h('input', { type: 'text', autocomplete: 'off', spellcheck: false, placeholder: own.example, 'aria-label': own.settings,
    onchange: () => void this.#choose() })
  #error = h('p', { class: 'field-error', id: uniqueId('compare'), role: 'alert' })
  #heads
  /** What is added to the stage. @type {Element[]} */
  #added = []
  /** @type {(() => void)[]} */
  #stops = []
  #drawn = 0
  #later = 0

  /** @param {Lab} lab @param {HTMLElement} stage with a card for each view */
  constructor(lab, stage) {
    this.#lab = lab
    this.#stage = stage
    this.#select = h('select', { 'aria-label': own.activation, onchange: () => void this.#choose() },
      lab.registry.activations.map(({ name, label }) => h('option', { value: name }, label)))
    this.#text.setAttribute('aria-describedby', this.#error.id)
    this.#heads = [
      makeHead(own.first, h('p', { class: 'compare-status' }, own.firstIs)),
      makeHead(own.second, this.#select, this.#text, iconButton('close', own.close, () => this.close())),
    ]
    this.#heads[1].element.append(this.#error)
  }

  /** Opens the comparison, or gives the second run another activation. @param {{activation?: string, settings?: string}} wanted */
  async open({ activation, settings = '' }) {
    const lab = this.#lab
    this.#select.value = activation ?? (lab.activationOf(lab.run.config) === 'relu' ? 'elu' : 'relu')
    this.#text.value = settings
    if (this.#pair) return this.#choose()
    const pair = new Pair(lab)
    this.#pair = pair
    const cards = /** @type {HTMLElement[]} */ ([...this.#stage.children])
    const of = (/** @type {string} */ tag) => cards.find((card) => card.querySelector(tag))
    for (const tag of tags) of(tag)?.classList.add(`of-${tag}`)
    this.#stage.classList.add('is-compared')
    this.#added = this.#heads.map(({ element }) => element)
    this.#stage.prepend(this.#added[0])
    this.#stage.append(this.#added[1])
    this.#select.focus()
    this.#stops = [...(/** @type {const} */ (['progress', 'epoch', 'state', 'run'])).map((type) => lab.on(type, () => this.#show())), pair.on('failed', ({ text }) => this.#fail(text)),
      pair.on('begun', () => this.#begun())]
    this.#show()
    try {
      await pair.open()
      if (pair !== this.#pair) return
      pair.second?.on('loading', () => this.#show())
      await pair.choose(this.#select.value, settings)
    } catch (error) {
      if (pair === this.#pair) this.#fail(sentence(error))
    }
  }

  close() {
    this.#pair?.close()
    this.#pair = undefined
    for (const stop of this.#stops) stop()
    for (const element of this.#added) element.remove()
    clearTimeout(this.#later)
    this.#later = 0
    this.#error.textContent = ''
    this.#stage.classList.remove('is-compared')
    for (const card of this.#stage.children) card.querySelector('.compare-of')?.remove()
    const button = /** @type {HTMLElement | null} */ (document.querySelector('.pill-compare'))
    button?.focus()
  }

  /** @param {string} text */
  #fail(text) {
    this.close()
    this.#lab.complain({ key: 'compare', title: own.closed, text: words.lab.error(sentence(text)), kept: own.kept })
  }

  async #choose() {
    const wrong = await this.#pair?.choose(this.#select.value, this.#text.value).then(() => '', (error) => words.lab.error(sentence(error)))
    this.#error.textContent = wrong ?? ''
    this.#text.setAttribute('aria-invalid', String(Boolean(wrong)))
  }

  /** The second run is new: with it the views appear, the first time. */
  #begun() {
    const second = this.#pair?.second
    if (!second) return
    if (this.#added.length === 2) {
      for (const type of /** @type {const} */ (['progress', 'epoch', 'state', 'run'])) second.on(type, () => this.#show())
      this.#added.push(...tags.map((tag) => h('section', { class: `card of-${tag} is-second` }, new (/** @type {CustomElementConstructor} */ (customElements.get(tag)))(second))))
      this.#stage.append(...this.#added.slice(2))
    }
    this.#show()
  }

  /** At most every tenth of a second. */
  #show() {
    if (this.#later) return
    this.#later = window.setTimeout(() => {
      this.#later = 0
      this.#drawn = performance.now()
      this.#showHeads()
    }, Math.max(0, readable - (performance.now() - this.#drawn)))
  }

  #showHeads() {
    const [first, pair] = [this.#lab, this.#pair]
    const second = pair?.second
    if (!pair) return
    const names = namesOf(first, pair.ready ? second : undefined, this.#select.selectedOptions[0].text)
    const scored = [first.epochs, second?.epochs ?? []].map((epochs) => new Map(epochs.map((each) => [each.epoch, each])))
    ;[first, second].forEach((lab, i) => {
      const { element, name, trained, tested, moment, status } = this.#heads[i]
      name.textContent = names[i]
      element.setAttribute('aria-label', i ? own.secondNamed(names[i]) : own.firstNamed(names[i]))
      trained.textContent = loss(lab?.progress?.loss ?? NaN)
      const last = lab?.epochs.at(-1)
      const other = last && scored[1 - i].get(last.epoch)
      const points = i && last && other ? 100 * (last.testAccuracy - other.testAccuracy) : 0
      tested.textContent = own.accuracy(last?.testAccuracy ?? NaN, points)
      tested.title = points ? own.inBrackets : ''
      moment.textContent = last ? own.testedAfter(last.epoch) : own.tested
      if (i) status.textContent = statusOf(first, second, pair.ready)
    })
    for (const tag of tags) {
      const cards = [...this.#stage.querySelectorAll(`.of-${tag}`)]
      cards.forEach((card, i) => {
        const label = card.querySelector('.compare-of') ?? card.insertBefore(h('p', { class: 'compare-of' }), card.firstChild)
        label.textContent = names[i]
        if (i) card.setAttribute('aria-label', own.ofSecond(cards[0].getAttribute('aria-label') ?? ''))
      })
    }
  }
}

/** What the second run does where it is not level with the first. @param {Lab} first @param {Lab | undefined} second @param {boolean} ready */
function statusOf(first, second, ready) {
  if (!ready || !second) return own.starting
  if (second.state === 'diverged') return own.diverged(second.step)
  if (second.step < first.step - 100) return own.catching(second.step, first.step)
  return ''
}

/**
 * What distinguishes the two runs: their activations, and the settings that differ.
 * @param {Lab} first @param {Lab | undefined} second @param {string} wanted activation of a second run that is not there yet
 */
function namesOf(first, second, wanted) {
  const activation = (/** @type {Lab} */ lab) => {
    const name = lab.activationOf(lab.run.config)
    return first.registry.activations.find((each) => each.name === name)?.label ?? (name ? own.mixed : own.none)
  }
  if (!second) return [activation(first), wanted]
  const [a, b] = [first.effective, second.effective]
  const plain = (/** @type {string} */ model) => withActivation(model, 'relu', first.activationNames)
  const differing = first.registry.fields.filter(({ name }) => !['events', 'threads'].includes(name) &&
    (name === 'model' ? plain(a.model) !== plain(b.model) : String(a[name]) !== String(b[name])))
  const activations = [first, second].map(activation)
  const bySettings = activations[0] === activations[1] && differing.length > 0
  return [a, b].map((config, i) => own.name(bySettings ? '' : activations[i], differing.map(({ name, label }) => ({ label, value: String(config[name]) }))))
}
