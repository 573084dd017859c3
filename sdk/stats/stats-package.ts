// The seam to @wayward/mmstats, an optional peer: its shapes are said here, so that the SDK and its
// types do without it. Decision 34 says why.
// Not by its name, which bundles for ES modules declare once more in their first line.
import nodeModule from 'node:module'

/** A counter in a stats file. */
export interface StatsCounter {
  increment(amount?: number): void
}

/** A number in a stats file. */
export interface StatsNumber {
  value: number
}

/** A text in a stats file, cut where it is too long. */
export interface StatsText {
  value: string
}

/** Fields that are read as of one moment. */
export interface StatsRecord {
  update(change: () => void): void
}

/** A stats file that is open. */
export interface StatsFile {
  readonly filename: string
  add(name: string, field: object): unknown
  remove(): void
}

/** What the SDK uses of the package @wayward/mmstats. */
export interface StatsPackage {
  createStats(fields: object, settings: { readonly extraSpace?: number }): StatsFile
  counter(settings?: { readonly label?: string }): StatsCounter
  double(settings?: { readonly label?: string }): StatsNumber
  string(settings?: { readonly label?: string; readonly size?: number }): StatsText
  record(
    fields: Readonly<Record<string, object>>,
    settings?: { readonly label?: string },
  ): StatsRecord
}

const packageName = '@wayward/mmstats'

/** The package as it is installed. @throws Error that says how to get it */
export function loadStatsPackage(): StatsPackage {
  try {
    return nodeModule.createRequire(import.meta.url)(packageName) as StatsPackage
  } catch (error) {
    const cause = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw new Error(
      `the package ${packageName} cannot be loaded (${cause}); install it, or hand it over: register({ mmstats: await import('${packageName}') })`,
      { cause: error },
    )
  }
}
