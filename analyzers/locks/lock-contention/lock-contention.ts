import { WAYWARD_KIND_VALUE_LOCK_HOLD, WAYWARD_KIND_VALUE_LOCK_WAIT } from '@wayward/semconv'
import {
  type Analyzer,
  exemplarsOf,
  nameOf,
  spansOfKind,
  toSeverity,
  worthTelling,
} from '../../analyzer.ts'
import type { LockContentionRow } from '../../generated/rows.ts'
import { formatDuration, formatFraction, threeDigits } from '../../quantity.ts'

// Somebody waiting all the time is bad (2), and each further one blocked on average makes it worse
// (0.5).
const waitedShareWeight = 2
const blockedMeanWeight = 0.5
// A request that was given up is a failure that somebody saw, however short the wait.
const timeoutSeverity = 40
// From here on the lock is never free for long, and waiting is certain.
const saturatedUtilisation = 0.8

/** Which locks make others wait, how long and how often? */
export const lockContention: Analyzer<LockContentionRow> = {
  name: 'lock-contention',
  sql: new URL('./lock-contention.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_LOCK_HOLD), spansOfKind(WAYWARD_KIND_VALUE_LOCK_WAIT)],
  parameters: {},
  toFinding(row) {
    if (row.contended === 0) return undefined
    return worthTelling({
      severity: severityOf(row),
      subject: row.lock_name,
      service: row.service,
      summary: summaryOf(row),
      explanation: explanationOf(row),
      solution: solutionOf(row),
      exemplars: exemplarsOf([
        { label: 'longest wait', traceId: row.worst_trace_id, spanId: row.worst_span_id },
        { label: 'its holder', traceId: row.holder_trace_id, spanId: row.holder_span_id },
      ]),
    })
  },
}

function severityOf(row: LockContentionRow): number {
  const burden = waitedShareWeight * row.waited_share + blockedMeanWeight * row.blocked_mean
  return Math.max(toSeverity(burden), row.timeouts > 0 ? timeoutSeverity : 0)
}

function summaryOf(row: LockContentionRow): string {
  const parts = [
    `${nameOf('Lock', row.lock_name, row.service)} made ${row.contended} of ${row.requests} requests wait, ` +
      `together ${formatDuration(row.wait_sum_ns)} within ${formatDuration(row.observed_ns)} ` +
      `(median ${formatDuration(row.wait_p50_ns)}, p95 ${formatDuration(row.wait_p95_ns)}, ` +
      `longest ${formatDuration(row.wait_max_ns)}; up to ${row.waiters_max} at once)`,
  ]
  if (row.timeouts > 0) parts.push(`${row.timeouts} timed out`)
  if (row.still_waiting > 0) {
    parts.push(
      `${row.still_waiting} had not got it when last reported, the oldest after ${formatDuration(row.still_waiting_max_ns)}`,
    )
  }
  return parts.join('; ')
}

function explanationOf(row: LockContentionRow): string {
  const ended =
    row.holds === 0
      ? 'no hold has ended'
      : `${row.holds} holds, mean ${formatDuration(row.hold_avg_ns)}, p95 ${formatDuration(row.hold_p95_ns)}, ` +
        `longest ${formatDuration(row.hold_max_ns)}`
  const open = row.still_held > 0 ? `; ${row.still_held} not released when last reported` : ''
  const holder =
    row.holder_hold_ns === 0
      ? ''
      : ` The longest wait began while task ${row.holder_task} held it, for ${formatDuration(row.holder_hold_ns)} in all.`
  return (
    `Somebody waited for it in ${formatFraction(row.waited_share)} of the time, ` +
    `${threeDigits(row.blocked_mean)} on average. It was held in ${formatFraction(row.utilisation)} of the time: ` +
    `${ended}${open}.${holder}`
  )
}

function solutionOf(row: LockContentionRow): string {
  if (row.still_waiting > 0 && row.still_held > 0) {
    return (
      'Find out why the holder does not release: it may wait for a lock that a waiter holds, or for work ' +
      'that never ends. Give requests a time-out, and always take several locks in the same order.'
    )
  }
  if (row.utilisation >= saturatedUtilisation) {
    return (
      'The lock is hardly ever free, so more workers only wait longer. Do less while holding it (move calls, ' +
      'I/O and computing outside), or split it so that independent work takes different locks.'
    )
  }
  return row.hold_max_ns > 4 * row.hold_avg_ns
    ? 'A few long holds make many wait: look at the holder of the longest wait and move its slow part out of the lock.'
    : 'Requests come in bursts: spread them, shorten the hold, or let readers share the lock.'
}
