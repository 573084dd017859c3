import { WAYWARD_KIND_VALUE_LOCK_HOLD, WAYWARD_KIND_VALUE_LOCK_WAIT } from '@wayward/semconv'
import { type Analyzer, exemplarsOf, nameOf, spansOfKind, worthTelling } from '../../analyzer.ts'
import type { PoolWaitRow } from '../../generated/rows.ts'
import { counted, formatDuration, formatFraction } from '../../quantity.ts'
import { lastKnown } from '../../last-known.ts'

/** Which pools and semaphores are too small, held for too long, or leaking? */
export const poolWait: Analyzer<PoolWaitRow> = {
  name: 'pool-wait',
  sql: new URL('./pool-wait.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_LOCK_HOLD), spansOfKind(WAYWARD_KIND_VALUE_LOCK_WAIT)],
  parameters: {},
  isQuietWithoutRows: true,
  tells: 'cause',
  toFinding(row) {
    if (row.contended === 0) return undefined
    return worthTelling({
      severity: row.severity,
      subject: row.pool,
      service: row.service,
      summary: summaryOf(row),
      explanation: explanationOf(row),
      solution: solutions[row.cause] ?? otherSolution,
      exemplars: exemplarsOf([
        { label: 'longest wait', traceId: row.trace_id, spanId: row.span_id },
      ]),
    })
  },
}

const otherSolution =
  'The pool has room most of the time, but many ask at once: spread what starts them, or shorten what is done with a permit.'

const solutions: Readonly<Record<string, string>> = {
  leak: 'Permits are not given back: release in a "finally", and close what is idle for too long. A larger pool only leaks later.',
  nested:
    'Tasks that hold a permit ask for another: when each holds one, none can go on. Take all that is needed at once, or use a pool of its own for the inner request.',
  long: 'A few holders keep most of it: move their slow part out, or give them a pool of their own.',
  small:
    'All permits are in use nearly all the time: hold them for less long, or make the pool larger where what is behind it can bear that.',
}

function summaryOf(row: PoolWaitRow): string {
  const parts = [
    `${nameOf('Pool', row.pool, row.service)} made ${row.contended} of ${counted(row.requests, 'request')} wait, together ` +
      `${formatDuration(row.wait_sum_ns)} (p95 ${formatDuration(row.wait_p95_ns)}); up to ${row.size} are held at once`,
  ]
  if (row.leaked > 0)
    parts.push(`${row.leaked} not given back for ${formatDuration(row.oldest_ns)}`)
  if (row.still_waiting > 0) {
    parts.push(
      lastKnown(row.still_as_of, {
        now: `${row.still_waiting} still waiting`,
        past: `${row.still_waiting} had not got one`,
      }),
    )
  }
  if (row.timeouts > 0) parts.push(`${row.timeouts} timed out`)
  return parts.join('; ')
}

function explanationOf(row: PoolWaitRow): string {
  const what = row.pools > 1 ? `the busiest of ${row.pools} pools` : 'it'
  const nested =
    row.nested === 0
      ? ''
      : ` ${counted(row.nested, 'request')} came from tasks that held a permit of it already.`
  return (
    `Of ${what} ${formatFraction(row.use)} was in use over ${formatDuration(row.observed_ns)}, with up to ` +
    `${row.waiters_max} waiting. ${counted(row.checkouts, 'hold')} ended, 95 % of them within ` +
    `${formatDuration(row.hold_p95_ns)}; ${formatFraction(row.holder_share)} of the holding was by ${row.holder}.${nested}`
  )
}
