/**
 * Whether a name is one that a pattern means: `*` stands for any characters, also none, and `?` for
 * one. Found without going back by more than one star, so that no pattern holds up whoever reports.
 */
export function isNameLike(pattern: string, name: string): boolean {
  let [at, of] = [0, 0]
  let [starAt, starOf] = [-1, 0]
  while (of < name.length) {
    const wanted = pattern[at]
    if (wanted === '*') {
      starAt = at++
      starOf = of
    } else if (wanted !== undefined && (wanted === '?' || wanted === name[of])) {
      at++
      of++
    } else if (starAt >= 0) {
      // The last star takes one character more.
      at = starAt + 1
      of = ++starOf
    } else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
