// Which unit the unit inspector opens on, and in which order it goes through the units.

/** A unit is interesting if it fires on some images and not on others. */
const interesting = { least: 0.1, most: 0.6 }

/** A unit that fires on some images and not on others; if there is none, the one that fires most. @param {number[]} firing */
export function interestingUnit(firing) {
  const found = firing.findIndex((rate) => rate > interesting.least && rate < interesting.most)
  return found >= 0 ? found : Math.max(0, firing.indexOf(Math.max(...firing)))
}

/**
 * The norm of each unit's weights in the next layer. They follow one another in each of its rows, also where images of the
 * unit's channel were flattened.
 * @param {{shape: number[], values: Float32Array}} weights of the next layer @param {number} units
 */
export function outputNorms({ shape: [outputs], values }, units) {
  const sums = new Float64Array(units)
  const each = values.length / outputs / units
  values.forEach((value, i) => (sums[Math.floor(i / each) % units] += value * value))
  return Array.from(sums, Math.sqrt)
}
