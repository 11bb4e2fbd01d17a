// Smooths curves and reduces their number of points.

/** @param {number[]} values */
export const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/** Exponential smoothing with bias correction at the start. @param {number[]} values @param {number} weight of the previous values, 0 to below 1 */
export function smooth(values, weight) {
  let [sum, total] = [0, 0]
  return values.map((value) => {
    sum = weight * sum + (1 - weight) * value
    total = weight * total + (1 - weight)
    return sum / total
  })
}

/** At most this many points of a curve, evenly spaced, including the last. @template T @param {T[]} points @param {number} most */
export function thinned(points, most) {
  const kept = Math.min(points.length, most)
  return Array.from({ length: kept }, (_, i) => points[Math.floor(((i + 1) * points.length) / kept) - 1])
}
