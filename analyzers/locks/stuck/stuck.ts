import { WAYWARD_KIND_VALUE_LOCK_HOLD, WAYWARD_KIND_VALUE_LOCK_WAIT } from '@wayward/semconv'
import { type Analyzer, exemplarsOf, nameOf, spansOfKind, worthTelling } from '../../analyzer.ts'
import type { StuckRow } from '../../generated/rows.ts'
import { counted, formatDuration } from '../../quantity.ts'
import { lastKnown } from '../../last-known.ts'

/** Which locks are held, or waited for, far longer than they ever were, with no end in sight? */
export const stuck: Analyzer<StuckRow> = {
  name: 'stuck',
  sql: new URL('./stuck.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_LOCK_HOLD), spansOfKind(WAYWARD_KIND_VALUE_LOCK_WAIT)],
  parameters: {},
  isQuietWithoutRows: true,
  tells: 'cause',
  toFinding(row) {
    return worthTelling({
      severity: row.severity,
      subject: row.lock_name,
      service: row.service,
      summary: summaryOf(row),
      explanation: explanationOf(row),
      solution: solutionOf(row),
      exemplars: exemplarsOf([
        {
          label: row.still_held > 0 ? 'the hold' : 'the wait',
          traceId: row.trace_id,
          spanId: row.span_id,
        },
      ]),
    })
  },
}

function summaryOf(row: StuckRow): string {
  const name = nameOf('Lock', row.lock_name, row.service)
  if (row.still_held === 0) {
    const age = formatDuration(row.wait_max_ns)
    return `${name} ${lastKnown(row.as_of, {
      now: `is waited for by ${row.waiter} for ${age}, and no hold of it is known that is as old`,
      past: `had been waited for by ${row.waiter} for ${age}, and no hold of it is known that is as old,`,
    })}`
  }
  const held = lastKnown(row.as_of, {
    now: `is held by ${row.holder} for ${formatDuration(row.held_ns)}`,
    past: `had been held by ${row.holder} for ${formatDuration(row.held_ns)}`,
  })
  const others = [
    ...(row.waiting > 0 ? [`${counted(row.waiting, 'request')} waiting`] : []),
    ...(row.gave_up > 0 ? [`${counted(row.gave_up, 'request')} given up`] : []),
  ]
  const cost =
    others.length === 0
      ? 'nobody has asked for it since'
      : `${others.join(', ')}, together ${formatDuration(row.blocked_ns)}`
  return `${name} ${held}; ${cost}`
}

function explanationOf(row: StuckRow): string {
  const usual =
    row.ended === 0
      ? 'No hold of it has ended.'
      : `Of ${counted(row.ended, 'hold')} that ended, 99 % were not longer than ${formatDuration(row.usual_ns)}.`
  const since =
    row.still_held === 0
      ? 'Its holder may have been reported by nobody, or holds have followed one another.'
      : `It was granted at ${row.held_since.slice(0, 19)} UTC to task ${row.holder_task}.`
  const more = row.still_held > 1 ? ` ${row.still_held} holds are as old as that.` : ''
  const lost =
    row.ends_lost === 0
      ? ''
      : ` Of ${counted(row.ends_lost, 'more hold')} the end was lost; they may have been released.`
  return `${since} ${usual}${more}${lost}`
}

function solutionOf(row: StuckRow): string {
  if (row.still_held === 0) {
    return 'See who holds it in between (blocked-by, starvation), and give requests a time-out.'
  }
  return row.holder_held > 0
    ? 'Its task held other locks when it took this one: see whether it is part of a deadlock. Give requests a time-out.'
    : 'See what its task does, or whether it ended without releasing: release in a "finally", and give work under a lock a time-out.'
}
