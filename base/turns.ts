/** Does one work after the other, in the order in which it was given. */
export interface Turns {
  /**
   * Begins the work when all that was given before has ended, well or not.
   *
   * @returns what the work returns
   * @throws what the work throws; what comes after it begins all the same
   */
  take<Result>(work: () => Result | Promise<Result>): Promise<Result>
  /** Resolves when all that was given so far has ended. Never rejects. */
  whenDone(): Promise<void>
}

/**
 * Creates turns with nothing to do.
 *
 * @example
 * const turns = createTurns()
 * const first = turns.take(() => appendToFile('a'))
 * const second = turns.take(() => appendToFile('b')) // begins when the first has ended
 * await turns.whenDone()
 */
export function createTurns(): Turns {
  let last: Promise<void> = Promise.resolve()
  return {
    take(work) {
      const outcome = last.then(work)
      // The chain keeps no result, and no failure reaches the next.
      last = outcome.then(nothing, nothing)
      return outcome
    },
    whenDone: () => last,
  }
}

function nothing(): void {
  // Only that it has ended counts here; the outcome is for whoever gave the work.
}
