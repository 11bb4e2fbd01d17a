// The text and the colour that describe a unit in the map of silent units and the unit inspector.
import { diverging, nanColour } from '../dom/colours.js'
import { percent, short } from '../dom/format.js'
import { words } from '../words/words.js'

/** @import { LayerSnapshot, ProbeSnapshot } from '../engine/protocol.js' */
/** @typedef {{step: number, samples: number, layers: {layer: number, dead: number[]}[]}} DeadCheck of the whole training set */

const own = words.units.unitWords

/**
 * Orange for a unit whose output is never above 0, otherwise from grey to blue by its firing rate.
 * @param {number} firing share of the outputs above 0, 0 to 1 @param {number} limit rate of full blue
 */
export function firingColour(firing, limit) {
  if (Number.isNaN(firing)) return nanColour
  return firing === 0 ? diverging(-1, 1) : diverging(firing, limit)
}

/**
 * Describes how often a unit fires; whether it is silent, since which recorded step and at which learning rate; and whether
 * it is dead, if that was checked at this step.
 * @param {ProbeSnapshot} snapshot @param {LayerSnapshot} layer @param {number} unit @param {DeadCheck} [check]
 */
export function unitWords(snapshot, layer, unit, check) {
  const { firing = [], silent = [], lives = [], positions } = layer
  const parts = [own.fires(percent(firing[unit] ?? NaN, 1), snapshot.samples, positions)]
  const life = lives.find((each) => each.unit === unit)
  if (life) {
    const now = silent.includes(unit)
    const rate = short(life.since_lr)
    if (now && !life.silent) parts.push(own.silent)
    else if (life.since === 0) parts.push(now ? own.silentFromStart : own.wasSilentFromStart)
    else parts.push(now ? own.silentSince(life.since, rate) : own.wasSilentFrom(life.since, rate))
    if (life.revived !== undefined) parts.push((now ? own.firedAgain : own.firesAgain)(life.revived, short(life.revived_lr ?? NaN)))
    if (life.times > 1) parts.push(own.fellSilent(life.times))
  } else if (silent.includes(unit)) parts.push(own.silent)
  const batch = snapshot.gradients?.activations.find((each) => each.layer === layer.layer)
  if (batch?.silent_on_batch.includes(unit)) parts.push(own.silentOnBatch(snapshot.gradients?.step ?? 0))
  const checked = check?.step === snapshot.step ? check.layers.find((each) => each.layer === layer.layer) : undefined
  if (check && checked) parts.push((checked.dead.includes(unit) ? own.dead : own.notDead)(check.samples))
  return own.join(parts)
}
