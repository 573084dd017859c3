/**
 * Which of the two points of return a column keeps: the start of the request or the start of the
 * item.
 */
export type MarkLevel = 0 | 1

/**
 * One column of an open Native block. Columns only grow by appending, can go back to a mark, and
 * write themselves out once.
 *
 * Layout of a block without protocol revision:
 *
 *     varuint columns, varuint rows, then for each column:
 *     name (varuint length, bytes), type (the same),
 *     prefix (UInt64 1 when it holds a dictionary), data
 */
export interface NativeColumn {
  /** ClickHouse's name of the type, as it stands in the block. */
  readonly type: string
  /**
   * Whether the state prefix of a LowCardinality precedes the data, even within arrays and maps.
   */
  readonly isPrefixed: boolean
  /** About how many bytes the data takes; cheap enough to ask after each request. */
  readonly bytes: number
  /** Exactly how many bytes `write` will take. */
  size(): number
  /** Writes the data at `position` and returns the position after it. */
  write(out: Uint8Array, position: number): number
  mark(level: MarkLevel): void
  rollback(level: MarkLevel): void
  /** Empties the column; gives back memory that the block just ended did not need. */
  clear(): void
}
