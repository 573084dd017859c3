import { WAYWARD_KIND_VALUE_JOB_RUN } from '@wayward/semconv'
import {
  type Analyzer,
  exemplarsOf,
  nameOf,
  spansOfKind,
  whenLastKnown,
  worthTelling,
} from '../../analyzer.ts'
import type { JobRunsRow } from '../../generated/rows.ts'
import { formatDuration, formatFraction } from '../../quantity.ts'

/**
 * A run that starts later than this after its due time is delayed; timers of a busy process miss
 * less.
 */
export const jobGraceNs = 1_000_000_000

// One failed run is worth a look, every run failing is the worst; being late is a little less bad,
// and a deadline that was missed is a little worse.
const failed = { least: 40, whole: 100 }
const overdue = { least: 50, whole: 90 }
const delayed = { least: 25, whole: 70 }
// A run that goes on for several times as long as any before it has probably hung.
const hungSeverity = 60
const hungFactor = 3

/** Which jobs fail, start late or take long, and when do they run? */
export const jobRuns: Analyzer<JobRunsRow> = {
  name: 'job-runs',
  subject: 'job',
  sql: new URL('./job-runs.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_JOB_RUN)],
  parameters: { grace_ns: jobGraceNs },
  toFinding(row) {
    const troubles = troublesOf(row)
    if (troubles.length === 0) return undefined
    return worthTelling({
      severity: Math.round(Math.max(...troubles.map((trouble) => trouble.severity))),
      subject: row.job_name,
      service: row.service,
      summary: `${nameOf('Job', row.job_name, row.service)}: ${troubles.map((trouble) => trouble.what).join('; ')}`,
      explanation: explanationOf(row),
      solution: troubles.map((trouble) => trouble.solution).join(' '),
      exemplars: exemplarsOf([
        { label: 'last failed run', traceId: row.failed_trace_id, spanId: row.failed_span_id },
        { label: 'latest start', traceId: row.latest_trace_id, spanId: row.latest_span_id },
        { label: 'longest run', traceId: row.longest_trace_id, spanId: row.longest_span_id },
      ]),
    })
  },
}

interface Trouble {
  readonly severity: number
  readonly what: string
  readonly solution: string
}

function troublesOf(row: JobRunsRow): Trouble[] {
  const troubles: Trouble[] = []
  if (row.failed > 0) {
    const error = row.last_error === '' ? '' : `, last with ${row.last_error}`
    troubles.push({
      severity: scale(failed, row.failed_fraction),
      what: `${row.failed} of ${row.runs} runs failed (${formatFraction(row.failed_fraction)})${error}`,
      solution: 'Look at the last failed run and its logs.',
    })
  }
  if (row.delayed > 0) {
    troubles.push({
      severity: scale(delayed, row.delayed / row.due_runs),
      what: `${row.delayed} of ${row.due_runs} runs started late, by up to ${formatDuration(row.lateness_max_ns)}`,
      solution:
        'Look at what ran when the late run was due: a run before it that took too long, a full queue of jobs, or a blocked process.',
    })
  }
  if (row.overdue > 0) {
    troubles.push({
      severity: scale(overdue, row.overdue / row.runs),
      what: `${row.overdue} of ${row.runs} runs ended after their deadline`,
      solution: 'Start earlier, or make the longest run shorter.',
    })
  }
  if (row.runs > 0 && row.running_max_ns > hungFactor * row.high_ns) {
    troubles.push({
      severity: hungSeverity,
      what: `a run had not ended ${whenLastKnown(row.running_silent_at)}, after ${formatDuration(row.running_max_ns)}, the longest before took ${formatDuration(row.high_ns)}`,
      solution:
        'See what the run that does not end waits for (lock-contention and queue-delay say), and give runs a time-out.',
    })
  }
  return troubles
}

function scale(range: { readonly least: number; readonly whole: number }, share: number): number {
  return range.least + (range.whole - range.least) * share
}

function explanationOf(row: JobRunsRow): string {
  const retries = row.retries > 0 ? ` ${row.retries} attempts were retries.` : ''
  const running =
    row.running > 0
      ? ` ${row.running} had not ended ${whenLastKnown(row.running_silent_at)}, the oldest after ${formatDuration(row.running_max_ns)}.`
      : ''
  return (
    `Runs took ${formatDuration(row.median_ns)} (median; from ${formatDuration(row.low_ns)} to ` +
    `${formatDuration(row.high_ns)}, p95 ${formatDuration(row.p95_ns)}). The last one started at ` +
    `${row.last_at.slice(0, 19)} UTC and ended with ${row.last_result}.${retries}${running}`
  )
}
