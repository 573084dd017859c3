// Values that are taken again and again while somebody looks.

/** A field of a file. */
export interface StatsField {
  readonly label: string
  readonly value: unknown
}

/** A file, and what it holds. */
export interface StatsFile {
  readonly path: string
  readonly pid?: number
  readonly state?: string
  readonly fields: readonly StatsField[]
  readonly problem?: string
}

/** What the service says of the files it watches. */
export interface StatsFiles {
  readonly globs: readonly string[]
  readonly found: number
  readonly files: readonly StatsFile[]
}

/** How the values of several files become one. */
export const together = {
  sum: (values: readonly number[]): number => values.reduce((all, value) => all + value, 0),
  mean: (values: readonly number[]): number => together.sum(values) / values.length,
  least: (values: readonly number[]): number => Math.min(...values),
  most: (values: readonly number[]): number => Math.max(...values),
} as const

/** One of them. */
export type Together = keyof typeof together

/** Whether a value can be drawn: a number, or a text that is one because it is so large. */
export function isNumeric(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'boolean' || numberText.test(String(value))
}

const numberText = /^-?\d{16,}$/

/** The value of a label over all files; undefined where no file has it as a number. */
export function valueOf(
  files: readonly StatsFile[],
  label: string,
  way: Together,
): number | undefined {
  const values = files
    .flatMap(({ fields }) => fields.filter((field) => field.label === label))
    .filter(({ value }) => value !== null && isNumeric(value))
    .map(({ value }) => Number(value))
  return values.length === 0 ? undefined : together[way](values)
}

/** The mean of each value and of those before it, as many as `over`, where they are known. */
export function rollingMean(
  values: readonly (number | undefined)[],
  over: number,
): readonly (number | undefined)[] {
  return values.map((value, index) => {
    if (value === undefined) return undefined
    const last = values
      .slice(Math.max(0, index + 1 - over), index + 1)
      .filter((one) => one !== undefined)
    return together.mean(last)
  })
}
