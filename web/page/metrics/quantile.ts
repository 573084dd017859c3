// Quantiles of a histogram with explicit bounds: within a bucket values are taken to lie evenly.

/** @param counts one more than there are bounds; the last is above them all */
export function quantileOf(
  bounds: readonly number[],
  counts: readonly number[],
  share: number,
): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  const wanted = share * total
  let before = 0
  for (const [place, count] of counts.entries()) {
    if (count > 0 && before + count >= wanted) {
      const low = bounds[place - 1] ?? Math.min(0, bounds[0] ?? 0)
      const high = bounds[place] ?? bounds.at(-1) ?? low
      return low + ((high - low) * Math.max(0, wanted - before)) / count
    }
    before += count
  }
  return bounds.at(-1)
}
