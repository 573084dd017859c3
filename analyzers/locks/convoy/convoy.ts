import { WAYWARD_KIND_VALUE_LOCK_WAIT } from '@wayward/semconv'
import { type Analyzer, exemplarsOf, nameOf, spansOfKind, worthTelling } from '../../analyzer.ts'
import type { ConvoyRow } from '../../generated/rows.ts'
import { counted, formatDuration, formatFraction, threeDigits } from '../../quantity.ts'
import { lastKnown } from '../../last-known.ts'

/** Which locks never got a break: for how long was there always somebody who waited? */
export const convoy: Analyzer<ConvoyRow> = {
  name: 'convoy',
  sql: new URL('./convoy.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_LOCK_WAIT)],
  parameters: {},
  isQuietWithoutRows: true,
  tells: 'detail',
  toFinding(row) {
    return worthTelling({
      severity: row.severity,
      subject: row.lock_name,
      service: row.service,
      summary: summaryOf(row),
      explanation: explanationOf(row),
      solution:
        'Each of the served passes the lock on to one who waits already, so the queue keeps itself alive: look at what began ' +
        'it (blocked-by), hold the lock for less long, and do several pieces of work each time that it is granted.',
      exemplars: exemplarsOf([
        { label: 'longest wait', traceId: row.trace_id, spanId: row.span_id },
      ]),
    })
  },
}

function summaryOf(row: ConvoyRow): string {
  const goesOn =
    row.is_going_on === 0
      ? ''
      : `; ${lastKnown(row.as_of, { now: 'it goes on', past: 'it had not ended' })}`
  return (
    `${nameOf('Lock', row.lock_name, row.service)} had no break for ${formatDuration(row.longest_ns)}: ` +
    `${counted(row.served, 'request')} were served in a row, with up to ${row.peak} waiting${goesOn}`
  )
}

function explanationOf(row: ConvoyRow): string {
  const gaveUp = row.gave_up === 0 ? '' : ` ${counted(row.gave_up, 'request')} gave up in it.`
  return (
    `From ${row.longest_at.slice(0, 19)} UTC on there was always somebody who waited, ${threeDigits(row.queue_mean)} on ` +
    `average, and one was granted every ${formatDuration(row.per_grant_ns)}.${gaveUp} In all: ` +
    `${counted(row.convoys, 'such stretch', 'such stretches')}, ${formatDuration(row.convoy_ns)} together, ` +
    `${formatFraction(row.share)} of the time, in which ${formatDuration(row.blocked_ns)} were waited.`
  )
}
