// Everything here is bounded. A bound is declared once, with its name, and docs/reference/limits.md
// is generated from the declarations (`npm run generate`).

/** A bound, and what it bounds. */
export interface Limit {
  readonly default: number
  readonly unit: LimitUnit
  /**
   * A sentence without its full stop: what is bounded, and what happens there where that is not
   * plain.
   */
  readonly text: string
  /** Bounds between which users may set it; without them it is fixed. */
  readonly setting?: { readonly min: number; readonly max: number }
}

/** What a limit's number counts. */
export type LimitUnit = 'count' | 'bytes' | 'ms' | 's' | 'percent'

/** The values of declared limits, by their names. */
export type LimitValues<Limits extends Readonly<Record<string, Limit>>> = {
  readonly [Name in keyof Limits]: number
}

/** The limits as they are unless somebody changes them. */
export function defaultsOf<Limits extends Readonly<Record<string, Limit>>>(
  limits: Limits,
): LimitValues<Limits> {
  const entries = Object.entries(limits).map(([name, limit]) => [name, limit.default])
  // One entry for each name.
  return Object.fromEntries(entries) as LimitValues<Limits>
}
