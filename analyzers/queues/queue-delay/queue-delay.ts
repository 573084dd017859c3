import { WAYWARD_KIND_VALUE_QUEUE_ITEM } from '@wayward/semconv'
import {
  type Analyzer,
  exemplarsOf,
  isSilent,
  nameOf,
  spansOfKind,
  toSeverity,
  whenLastKnown,
  worthTelling,
} from '../../analyzer.ts'
import type { QueueDelayRow } from '../../generated/rows.ts'
import { formatDuration, formatFraction, threeDigits } from '../../quantity.ts'

/** What a queue did over the window. */
export type QueueState = 'Idle' | 'Active' | 'At capacity' | 'Backlogged'

// One item waiting per worker, all the time, is half bad.
const lengthPerWorkerWeight = 0.7
// A queue that gets more than it can do only ever gets worse.
const overloadSeverity = 60

/** Do items wait or work, and does the queue keep up? */
export const queueDelay: Analyzer<QueueDelayRow> = {
  name: 'queue-delay',
  subject: 'queue',
  sql: new URL('./queue-delay.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_QUEUE_ITEM)],
  parameters: {},
  toFinding(row) {
    if (row.wait_max_ns === 0) return undefined
    return worthTelling({
      severity: severityOf(row),
      subject: row.queue_name,
      service: row.service,
      summary: summaryOf(row),
      explanation: explanationOf(row),
      solution: solutionOf(row),
      exemplars: exemplarsOf([
        {
          label: `longest wait (item ${row.worst_item_id})`,
          traceId: row.worst_trace_id,
          spanId: row.worst_span_id,
        },
      ]),
    })
  },
}

function severityOf(row: QueueDelayRow): number {
  const crowding = toSeverity((lengthPerWorkerWeight * row.length_area) / row.concurrency)
  return Math.max(crowding, isOverloaded(row) ? overloadSeverity : 0)
}

/** More came than could be processed, and it has not been worked off. */
function isOverloaded(row: QueueDelayRow): boolean {
  return row.load > 1 && isMeasured(row) && row.backlog_end > row.concurrency
}

function summaryOf(row: QueueDelayRow): string {
  const parts = [
    `${nameOf('Items of queue', row.queue_name, row.service)} waited ${formatDuration(row.wait_p50_ns)} (median; ` +
      `p95 ${formatDuration(row.wait_p95_ns)}, longest ${formatDuration(row.wait_max_ns)}) for ` +
      `${formatDuration(row.processing_p50_ns)} of processing (median): ` +
      `${formatFraction(row.wait_share)} of their time is waiting`,
  ]
  if (row.backlog_end > 0) {
    parts.push(
      `${row.backlog_end} of them had not been taken ${whenLastKnown(row.oldest_silent_at)}, the oldest after ${formatDuration(row.oldest_age_ns)}`,
    )
  }
  if (row.failed > 0) parts.push(`${row.failed} of ${row.items} failed`)
  return parts.join('; ')
}

function explanationOf(row: QueueDelayRow): string {
  const trend =
    row.backlog_slope > 0
      ? `the backlog grew by ${threeDigits(row.backlog_slope)} items/s to at most ${row.backlog_max}`
      : `the backlog reached ${row.backlog_max}`
  const arrivals = isMeasured(row)
    ? `${threeDigits(row.arrival_rate)} items/s arrived, which is ${threeDigits(row.load)} times what ` +
      `it can process with ${row.concurrency} at a time; ${trend}`
    : `${row.items + row.still_processing + row.backlog_end} items came, too few to tell a rate; the backlog reached ${row.backlog_max}`
  const drain =
    row.backlog_end > 0 && !isSilent(row.oldest_silent_at)
      ? `, and working off the rest takes ${formatDuration(row.drain_ns)}`
      : ''
  return (
    `${arrivals}${drain}. On average ${threeDigits(row.length_area)} waited, and ` +
    `the workers were busy in ${formatFraction(row.utilisation)} of the time.`
  )
}

function solutionOf(row: QueueDelayRow): string {
  if (row.concurrency_used < row.concurrency && row.state !== 'Backlogged') {
    return (
      'Items waited although there was room for more at a time: look for what holds the workers back, such as ' +
      'a lock, a rate limit or an event loop that is busy.'
    )
  }
  const isBehind = row.backlog_end > 0 || (row.load > 1 && isMeasured(row))
  return isBehind
    ? 'The queue gets more than it can do: raise the concurrency, make an item cheaper, let fewer in, or drop what is too old to matter.'
    : 'On average the queue keeps up, but arrivals come in bursts: spread them, or raise the concurrency for the peaks.'
}

/** Below this number of items a rate says more about the clock than about the queue. */
const ratedItemsMin = 10

function isMeasured(row: QueueDelayRow): boolean {
  return row.items + row.still_processing + row.backlog_end >= ratedItemsMin
}
