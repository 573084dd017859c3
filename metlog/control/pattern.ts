// Patterns of names: `*` stands for any characters, also none, and `?` for one. Found without going
// back by more than one star, so that no pattern is slow on any name.

/** Whether a name is one that the pattern means. */
export function matchesPattern(pattern: string, name: string): boolean {
  let [at, of] = [0, 0]
  let [starAt, starOf] = [-1, 0]
  while (of < name.length) {
    if (pattern[at] === '*') {
      starAt = at++
      starOf = of
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[of])) {
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
