// The text and the colour that describe a unit in the dead-unit map and the unit inspector.
import { diverging, nanColour } from '../dom/colours.js'
import { count, percent, plural, short } from '../dom/format.js'

/** @import { LayerSnapshot, ProbeSnapshot } from '../engine/protocol.js' */

/**
 * Orange for a unit that never fires, otherwise from grey to blue by its firing rate.
 * @param {number} firing share of the outputs above 0, 0 to 1 @param {number} limit rate of full blue
 */
export function firingColour(firing, limit) {
  if (Number.isNaN(firing)) return nanColour
  return firing === 0 ? diverging(-1, 1) : diverging(firing, limit)
}

/**
 * Describes how often a unit fires and whether it is dead, since which step and at which learning rate.
 * @param {ProbeSnapshot} snapshot @param {LayerSnapshot} layer @param {number} unit
 * @param {{step: number, silent: Set<number>, dead: Set<number>, samples: number}} [everywhere] a count over all samples
 */
export function unitWords(snapshot, layer, unit, everywhere) {
  const { firing = [], dead = [], lives = [], positions } = layer
  const parts = [`fires on ${percent(firing[unit] ?? NaN, 1)} of ${positions > 1 ? `the ${count(positions)} positions of ` : ''}${count(snapshot.samples)} images`]
  const life = lives.find((each) => each.unit === unit)
  if (life) {
    const [died, revived] = [whenOf(life.died, life.died_lr), life.revived === undefined ? '' : whenOf(life.revived, life.revived_lr ?? NaN)]
    if (life.dead) parts.push(`dead ${life.died === 0 ? 'from the start' : `since ${died}`}${revived ? `, last revived at ${revived}` : ''}`)
    else parts.push(`was dead ${life.died === 0 ? 'from the start' : `from ${died}`}, revived at ${revived}`)
    if (life.deaths > 1) parts.push(plural(life.deaths, 'death'))
  } else if (dead.includes(unit)) parts.push('dead')
  const batch = snapshot.gradients?.activations.find((each) => each.layer === layer.layer)
  if (batch?.silent_on_batch.includes(unit)) parts.push(`silent on the batch of step ${snapshot.gradients?.step}`)
  if (everywhere?.step === snapshot.step) {
    parts.push(`${everywhere.dead.has(unit) ? 'dead' : everywhere.silent.has(unit) ? 'silent' : 'not silent'} on all ${count(everywhere.samples)}`)
  }
  return parts.join('; ')
}

/** @param {number} step @param {number} rate */
const whenOf = (step, rate) => `step ${count(step)} (learning rate ${short(rate)})`
