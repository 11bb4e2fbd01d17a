// Smooths curves and reduces their number of points.

/** @param {number[]} values */
export const meanOf = (values) => values.reduce((sum, value) => sum + value, 0) / values.length

/** The average of a curve has at most this share of its points so far, so that it follows from the first point on. */
const shareOfPoints = 0.2

/**
 * Smooths a curve point by point: an exponential average over about 1 / (1 - weight) points, at the start over fewer.
 * @param {number} weight of the previous values, 0 to below 1
 */
export function smoother(weight) {
  let [mean, points] = [0, 0]
  return (/** @type {number} */ value) => {
    points += 1
    const window = Math.max(1, Math.min(1 / (1 - weight), shareOfPoints * points))
    return (mean = window === 1 ? value : mean + (value - mean) / window)
  }
}

/** @param {number[]} values @param {number} weight see smoother() */
export const smooth = (values, weight) => values.map(smoother(weight))

/** At most this many points of a curve, evenly spaced, including the last. @template T @param {T[]} points @param {number} most */
export function thinned(points, most) {
  const kept = Math.min(points.length, most)
  return Array.from({ length: kept }, (_, i) => points[Math.floor(((i + 1) * points.length) / kept) - 1])
}
