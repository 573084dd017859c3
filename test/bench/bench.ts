/** One measured figure of a benchmark. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
}

/**
 * A benchmark: `tiny` proves in the test run that it still works, `full` gives the figures of the
 * docs.
 */
export interface Bench {
  readonly name: string
  run(size: 'tiny' | 'full'): Promise<readonly Figure[]>
}
