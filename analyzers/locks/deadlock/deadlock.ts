import { WAYWARD_KIND_VALUE_LOCK_HOLD, WAYWARD_KIND_VALUE_LOCK_WAIT } from '@wayward/semconv'
import {
  type Analyzer,
  exemplarsOf,
  type Finding,
  spansOfKind,
  worthTelling,
} from '../../analyzer.ts'
import type { DeadlockRow } from '../../generated/rows.ts'
import { counted, formatDuration } from '../../quantity.ts'
import { isOfNow, lastKnown } from '../../last-known.ts'

/** Which tasks wait, or waited, for each other in a circle? */
export const deadlock: Analyzer<DeadlockRow> = {
  name: 'deadlock',
  sql: new URL('./deadlock.sql', import.meta.url),
  nothingWithout: 'circle_edges',
  requires: [spansOfKind(WAYWARD_KIND_VALUE_LOCK_HOLD), spansOfKind(WAYWARD_KIND_VALUE_LOCK_WAIT)],
  parameters: {},
  isQuietWithoutRows: true,
  tells: 'cause',
  toFinding(row) {
    if (row.state === 'unknown') return unknownOf(row)
    const traces = row.trace_ids.split(' ')
    const spans = row.span_ids.split(' ')
    return worthTelling({
      severity: row.severity,
      subject: row.locks,
      service: row.services,
      about: row.locks.split(', '),
      summary: summaryOf(row),
      explanation: explanationOf(row),
      solution: solutionOf(row),
      exemplars: exemplarsOf(
        traces.map((traceId, index) => ({
          label: `wait ${index + 1} of the circle`,
          traceId,
          spanId: spans[index] ?? '',
        })),
      ),
    })
  },
}

/** More was there than is looked at: that nothing was found means little then. */
function unknownOf({ severity, left_out: leftOut }: DeadlockRow): Finding {
  return {
    severity,
    subject: '',
    service: '',
    about: [],
    summary: `Circles of waits may be missing: ${counted(leftOut, 'wait')} of one task for another could not be looked at`,
    explanation:
      'Only 10,000 waits of tasks that wait and are waited for are searched for circles. There were more.',
    solution: 'Ask about a shorter time, one service or one session.',
    exemplars: [],
  }
}

function summaryOf(row: DeadlockRow): string {
  const who = `${counted(row.tasks, 'task')} of ${row.services === '' ? 'a service without a name' : row.services}`
  const circle = `${row.circle}, held by the first`
  if (row.state === 'live') {
    const verbs = lastKnown(row.as_of, { now: 'are deadlocked', past: 'were deadlocked' })
    return `${who} ${verbs}, waiting in a circle since ${row.since_at.slice(0, 19)} UTC: ${circle}`
  }
  const times = row.occurrences === 1 ? 'once' : `${row.occurrences} times`
  return `${who} were deadlocked ${times}, until a wait ended by ${row.resolved_by === 'timeout' ? 'its time-out' : 'being cancelled'}: ${circle}`
}

function explanationOf(row: DeadlockRow): string {
  const victims =
    row.victims === 0
      ? 'No others waited for these locks.'
      : `${counted(row.victims, 'other request')} waited for these locks, together ${formatDuration(row.victims_ns)}.`
  const open = isOfNow(row.as_of)
    ? 'None of these waits has ended, and none can end by itself.'
    : 'None of these waits had ended then, and none could end by itself.'
  const end =
    row.state === 'live'
      ? open
      : `The latest circle was closed at ${row.since_at.slice(0, 19)} UTC and broken at ${row.resolved_at.slice(0, 19)} UTC.`
  return `Each task holds the lock that the one before it waits for; together they waited ${formatDuration(row.waited_ns)} so. ${end} ${victims}`
}

function solutionOf(row: DeadlockRow): string {
  const order = 'Take these locks in the same order everywhere, or hold only one of them at a time.'
  if (row.state !== 'live') {
    return `${order} The time-out keeps the process alive, but each of these requests has failed or lost its time.`
  }
  const restart = isOfNow(row.as_of) ? ', and restart what hangs' : ''
  return `${order} Until then give requests a time-out${restart}.`
}
