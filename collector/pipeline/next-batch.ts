// Which batch of a table is inserted next. Nothing here changes anything, so that every case can be
// shown by a test.
import type { Batch } from './batch.ts'
import type { CollectorLimits } from '../limits.ts'

/** What a table's writer has, and what it has done. */
export interface WaitingBatches {
  readonly open: Batch
  /** Oldest first. */
  readonly closed: readonly Batch[]
  /** Those that ClickHouse refuses while it takes others; the one that waits longest first. */
  readonly postponed: readonly Batch[]
  readonly lastTried: Batch | undefined
  /** When the last insert began, on the clock that never jumps. */
  readonly lastStartMs: number
  /** Whether nothing more comes. */
  readonly isDraining: boolean
}

/** What to do now. */
export type NextStep =
  /** Insert this one. */
  | { readonly kind: 'insert'; readonly batch: Batch }
  /** Close the open batch, and ask again. */
  | { readonly kind: 'close' }
  /** Wait: until something comes or ends, or until a moment. */
  | { readonly kind: 'wait'; readonly untilMs: number | undefined }

export type NextBatchLimits = Pick<
  CollectorLimits,
  'batchRowsEnough' | 'batchBytesMax' | 'insertIntervalMs'
>

/** After so many errors of ClickHouse for one batch it is asked whether it takes another one. */
export const refusalsMax = 4
/** More blocks would hardly fit. */
const nearlyFull = 0.9

/** @param nowMs on the clock that never jumps */
export function chooseNext(
  batches: WaitingBatches,
  nowMs: number,
  limits: NextBatchLimits,
): NextStep {
  const { closed, lastTried, open, postponed } = batches
  const [postponedFirst] = postponed
  if (postponedFirst !== undefined && postponedFirst.postponedUntilMs <= nowMs) {
    return { kind: 'insert', batch: postponedFirst }
  }
  const [head, other] = closed
  if (head === undefined) {
    const dueMs = isClosable(open) ? dueMsOf(batches, limits) : undefined
    if (dueMs !== undefined && dueMs <= nowMs) return { kind: 'close' }
    return { kind: 'wait', untilMs: earlier(dueMs, postponedFirst?.postponedUntilMs) }
  }
  if (head.blocksUnderWay > 0) return { kind: 'wait', untilMs: postponedFirst?.postponedUntilMs }
  if (head.refusals < refusalsMax || lastTried !== head) return { kind: 'insert', batch: head }
  // Is it this batch, or the table? The next one shows.
  if (other === undefined && isClosable(open)) return { kind: 'close' }
  return { kind: 'insert', batch: other === undefined || other.blocksUnderWay > 0 ? head : other }
}

function isClosable(open: Batch): boolean {
  return open.blocks.length > 0 && open.blocksUnderWay === 0
}

/** When the open batch is to be inserted; a moment that has passed where it is to be at once. */
function dueMsOf(
  { isDraining, lastStartMs, open: { bytes, rows } }: WaitingBatches,
  { batchBytesMax, batchRowsEnough, insertIntervalMs }: NextBatchLimits,
): number {
  const isEnough = rows >= batchRowsEnough || bytes >= batchBytesMax * nearlyFull
  return isDraining || isEnough ? Number.NEGATIVE_INFINITY : lastStartMs + insertIntervalMs
}

function earlier(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.min(one, other)
}
