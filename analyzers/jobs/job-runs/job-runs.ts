import { WAYWARD_KIND_VALUE_JOB_RUN } from '@wayward/semconv'
import { type Analyzer, exemplarsOf, nameOf, spansOfKind, worthTelling } from '../../analyzer.ts'
import type { JobRunsRow } from '../../generated/rows.ts'
import { lastKnown } from '../../last-known.ts'
import { counted, formatDuration, formatFraction } from '../../quantity.ts'

/** A run that starts no later than this after its due time is in time; timers miss less. */
export const jobGraceNs = 1_000_000_000

/** Which jobs fail, hang, start late, overlap or do not run at all? */
export const jobRuns: Analyzer<JobRunsRow> = {
  name: 'job-runs',
  subject: 'job',
  sql: new URL('./job-runs.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_JOB_RUN)],
  parameters: { grace_ns: jobGraceNs },
  toFinding(row) {
    const troubles = row.causes
      .split(', ')
      .map((cause) => troubleOf(cause, row))
      .filter((trouble) => trouble !== undefined)
    if (troubles.length === 0) return undefined
    return worthTelling({
      severity: row.severity,
      subject: row.job_name,
      service: row.service,
      summary: `${nameOf('Job', row.job_name, row.service)}: ${troubles.map(({ what }) => what).join('; ')}`,
      explanation: explanationOf(row),
      solution: [...new Set(troubles.map(({ solution }) => solution))].join(' '),
      exemplars: exemplarsOf([
        { label: 'run that goes on', traceId: row.running_trace_id, spanId: row.running_span_id },
        { label: 'last failed run', traceId: row.failed_trace_id, spanId: row.failed_span_id },
        { label: 'latest start', traceId: row.latest_trace_id, spanId: row.latest_span_id },
        { label: 'longest run', traceId: row.longest_trace_id, spanId: row.longest_span_id },
      ]),
    })
  },
}

interface Trouble {
  readonly what: string
  readonly solution: string
}

function troubleOf(cause: string, row: JobRunsRow): Trouble | undefined {
  switch (cause) {
    case 'hung':
    case 'overdue':
      return ofLongRuns(cause, row)
    case 'stopped':
    case 'missed':
    case 'skipped':
    case 'doubled':
    case 'overlapping':
      return ofStarts(cause, row)
    case 'late':
      return {
        what: `${row.delayed} of ${counted(row.due_runs, 'run')} started late, by up to ${formatDuration(row.lateness_max_ns)}${rhythmOf(row)}`,
        solution:
          'Look at what ran when the late run was due: a run before it that took too long, a full queue of jobs, or a blocked process.',
      }
    default:
      return ofResults(cause, row)
  }
}

function ofLongRuns(cause: 'hung' | 'overdue', row: JobRunsRow): Trouble {
  if (cause === 'overdue') {
    return {
      what: `${counted(row.overdue, 'run')} went on past the deadline`,
      solution: 'Start earlier, or make the longest run shorter.',
    }
  }
  const age = formatDuration(row.running_max_ns)
  const before =
    row.longest_before_ns === 0
      ? 'no run before it is known'
      : `the longest before took ${formatDuration(row.longest_before_ns)}`
  const open = lastKnown(row.running_as_of, {
    now: `a run has gone on for ${age}`,
    past: `a run had gone on for ${age}`,
  })
  return {
    what: `${open} (${before})`,
    solution:
      'See what the run that does not end waits for (its trace, the locks and queues that it uses), and give runs a time-out.',
  }
}

function ofStarts(cause: string, row: JobRunsRow): Trouble {
  switch (cause) {
    case 'stopped':
      return {
        what: `it has not run since ${row.last_at.slice(0, 19)} UTC: ${counted(row.stopped, 'run')} ${row.stopped === 1 ? 'is' : 'are'} missing${rhythmOf(row)}`,
        solution:
          'See whether its schedule was removed, its scheduler died, or the last run never ended.',
      }
    case 'missed':
      return {
        what: `${counted(row.missed, 'run')} ${row.missed === 1 ? 'was' : 'were'} not made from ${row.missed_at.slice(0, 19)} UTC on${rhythmOf(row)}`,
        solution: 'See what the scheduler did then: it stood still, or a run before took too long.',
      }
    case 'skipped':
      return {
        what: `${counted(row.skipped, 'run')} ${row.skipped === 1 ? 'was' : 'were'} skipped`,
        solution: 'See why runs are skipped: most often the one before goes on.',
      }
    case 'doubled':
      return {
        what: `it ran more than once for ${counted(row.doubled, 'due time')}`,
        solution:
          'Let one process alone start it, or let a run take a lock for its due time and give up if it is taken.',
      }
    default:
      return {
        what: `up to ${row.overlap_of_session} runs went on at the same time`,
        solution: 'Let no run start while another goes on, or run it less often.',
      }
  }
}

function ofResults(cause: string, row: JobRunsRow): Trouble | undefined {
  switch (cause) {
    case 'failing': {
      const error = row.last_error === '' ? '' : `, last with ${row.last_error}`
      return {
        what: `${row.failed} of ${counted(row.runs, 'run')} failed (${formatFraction(row.failed_fraction)})${error}`,
        solution: 'Look at the last failed run and its logs.',
      }
    }
    case 'retried':
      return {
        what: `${counted(row.runs, 'run')} took ${counted(row.retries, 'attempt')} beyond the first`,
        solution: 'Look at the error of the first attempts: what always needs another is broken.',
      }
    case 'cancelled':
      return {
        what: `${row.cancelled} of ${counted(row.runs, 'run')} ${row.cancelled === 1 ? 'was' : 'were'} cancelled`,
        solution: 'See who cancels these runs, and whether what they left undone is done later.',
      }
    default:
      return undefined
  }
}

function rhythmOf({ period_ns: periodNs }: JobRunsRow): string {
  return periodNs === 0 ? '' : ` (one each ${formatDuration(periodNs)})`
}

function explanationOf(row: JobRunsRow): string {
  const lengths =
    row.runs === 0
      ? 'No run ended.'
      : `${counted(row.runs, 'run')} ended, after ${formatDuration(row.median_ns)} (median; from ` +
        `${formatDuration(row.low_ns)} to ${formatDuration(row.high_ns)}, p95 ${formatDuration(row.p95_ns)}).`
  const last =
    row.last_result === ''
      ? ''
      : ` The last started at ${row.last_at.slice(0, 19)} UTC and ended with ${row.last_result}.`
  const running =
    row.running === 0
      ? ''
      : ` ${lastKnown(row.running_as_of, {
          now: `${row.running} still ${row.running === 1 ? 'goes' : 'go'} on`,
          past: `${row.running} had not ended`,
        })}, the oldest after ${formatDuration(row.running_max_ns)}.`
  const overlap = row.overlap_max > 1 ? ` Up to ${row.overlap_max} went on at the same time.` : ''
  return `${lengths}${last}${running}${overlap}${doubtsOf(row)}`
}

function doubtsOf(row: JobRunsRow): string {
  const lost = row.ends_lost > 0 ? ` The end of ${counted(row.ends_lost, 'run')} was lost.` : ''
  const dropped =
    row.dropped > 0
      ? ` The service dropped ${counted(row.dropped, 'span or event', 'spans and events')}: runs may be missing here that were made.`
      : ''
  return `${lost}${dropped}`
}
