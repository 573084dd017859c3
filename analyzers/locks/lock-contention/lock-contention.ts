import { WAYWARD_KIND_VALUE_LOCK_HOLD, WAYWARD_KIND_VALUE_LOCK_WAIT } from '@wayward/semconv'
import { type Analyzer, exemplarsOf, nameOf, spansOfKind, worthTelling } from '../../analyzer.ts'
import type { LockContentionRow } from '../../generated/rows.ts'
import { counted, formatDuration, formatFraction, threeDigits } from '../../quantity.ts'
import { lastKnown } from '../../last-known.ts'

// From here on the lock is never free for long, and waiting is certain.
const saturatedUtilisation = 0.8
/** A hold is an exception if it is so many times longer than nearly all others. */
const exceptionFactor = 5
/** As few waiting at once are no burst. */
const burstWaitersMin = 3

/** Which locks make others wait, how long and how often? */
export const lockContention: Analyzer<LockContentionRow> = {
  name: 'lock-contention',
  sql: new URL('./lock-contention.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_LOCK_HOLD), spansOfKind(WAYWARD_KIND_VALUE_LOCK_WAIT)],
  parameters: {},
  toFinding(row) {
    if (row.contended === 0) return undefined
    return worthTelling({
      severity: row.severity,
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

function summaryOf(row: LockContentionRow): string {
  const parts = [
    `${nameOf('Lock', row.lock_name, row.service)} made ${row.contended} of ${counted(row.requests, 'request')} wait, ` +
      `together ${formatDuration(row.wait_sum_ns)} within ${formatDuration(row.observed_ns)} ` +
      `(median ${formatDuration(row.wait_p50_ns)}, p95 ${formatDuration(row.wait_p95_ns)}, ` +
      `longest ${formatDuration(row.wait_max_ns)}; up to ${row.waiters_max} at once)`,
  ]
  if (row.timeouts > 0) parts.push(`${row.timeouts} timed out`)
  if (row.still_waiting > 0) {
    const { still_waiting_as_of: asOf, still_waiting_max_ns: oldestNs } = row
    const verb = row.still_waiting === 1 ? 'waits' : 'wait'
    parts.push(
      lastKnown(asOf, {
        now: `${row.still_waiting} still ${verb}, the oldest for ${formatDuration(oldestNs)}`,
        past: `${row.still_waiting} had not got it, the oldest after ${formatDuration(oldestNs)}`,
      }),
    )
  }
  return parts.join('; ')
}

function explanationOf(row: LockContentionRow): string {
  const ended =
    row.holds === 0
      ? 'no hold has ended'
      : `${counted(row.holds, 'hold')}, mean ${formatDuration(row.hold_avg_ns)}, ` +
        `p95 ${formatDuration(row.hold_p95_ns)}, longest ${formatDuration(row.hold_max_ns)}`
  const open = row.still_held > 0 ? `; ${row.still_held} not released when last reported` : ''
  const lost =
    row.ends_lost > 0
      ? ` The end of ${counted(row.ends_lost, 'wait or hold', 'waits and holds')} was lost, so these figures are too small.`
      : ''
  const holder =
    row.holder_hold_ns === 0
      ? ''
      : ` The longest wait began while task ${row.holder_task} held it, for ${formatDuration(row.holder_hold_ns)} in all.`
  return (
    `Somebody waited for it in ${formatFraction(row.waited_share)} of the time, ` +
    `${threeDigits(row.blocked_mean)} on average, in the worst ten seconds ` +
    `(from ${row.worst_stretch_at.slice(0, 19)} UTC) ${threeDigits(row.blocked_worst)}. ` +
    `${usedOf(row)} in ${formatFraction(row.utilisation)} of the time: ${ended}${open}.${holder}${lost}`
  )
}

function usedOf({ instances, permits }: LockContentionRow): string {
  const what = instances > 1 ? `The busiest of ${instances} locks` : 'It'
  return permits > 1 ? `${what}, with up to ${permits} at once, was in use` : `${what} was held`
}

function solutionOf(row: LockContentionRow): string {
  if (row.still_waiting > 0 && row.still_held > 0) {
    return (
      'Find out what keeps the holder from releasing it, such as a lock that a waiter holds, or work that ' +
      'never ends. Give requests a time-out, and always take several locks in the same order.'
    )
  }
  if (
    row.hold_max_ns > exceptionFactor * row.hold_p95_ns &&
    row.wait_max_ns * 2 > row.hold_max_ns
  ) {
    return 'A single long hold makes many wait: look at the holder of the longest wait and move its slow part out of the lock.'
  }
  if (row.utilisation >= saturatedUtilisation) {
    return row.permits > 1
      ? 'All permits are in use nearly all the time: hold them for less long, or allow more where what they protect can bear it.'
      : 'The lock is hardly ever free, so more workers only wait longer. Do less while holding it (move calls, ' +
          'I/O and computing outside), or split it so that independent work takes different locks.'
  }
  return row.waiters_max >= burstWaitersMin
    ? 'The lock is free most of the time, but many ask for it at once: spread what starts them, shorten the hold, or let readers share the lock.'
    : 'The lock is free most of the time, and now and then somebody has to wait for a hold to end: shorten the hold if these waits hurt.'
}
