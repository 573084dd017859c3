/** How to say that something goes on, and that it did when it was last heard of. */
export interface Phrases {
  readonly now: string
  readonly past: string
}

/**
 * "Still" is only said while the session shows signs of life, and of now.
 *
 * @param asOf until when it is known, as a row has it: 1970 for up to now
 */
export function lastKnown(asOf: string, { now, past }: Phrases): string {
  return isOfNow(asOf) ? now : `${past} as of ${asOf.slice(0, 19)} UTC`
}

/** Whether it is known up to now, and not only up to the end of a session or of the window. */
export function isOfNow(asOf: string): boolean {
  return asOf.startsWith('1970-01-01')
}
