import { WAYWARD_KIND_VALUE_JOB_RUN } from '@wayward/semconv'
import { type Analyzer, exemplarsOf, nameOf, spansOfKind, worthTelling } from '../../analyzer.ts'
import type { JobDelayRow } from '../../generated/rows.ts'
import { formatDuration, formatFraction } from '../../quantity.ts'
import { jobGraceNs } from '../job-runs/job-runs.ts'

/** Why did runs of jobs start late or take long? */
export const jobDelay: Analyzer<JobDelayRow> = {
  name: 'job-delay',
  subject: 'job',
  sql: new URL('./job-delay.sql', import.meta.url),
  nothingWithout: 'delayed_runs',
  requires: [spansOfKind(WAYWARD_KIND_VALUE_JOB_RUN)],
  parameters: { grace_ns: jobGraceNs },
  isQuietWithoutRows: true,
  tells: 'cause',
  toFinding(row) {
    return worthTelling({
      severity: row.severity,
      subject: row.job_name,
      service: row.service,
      summary: `${nameOf('Job', row.job_name, row.service)}: ${whatOf(row)}; ${formatFraction(row.main_fraction)} of that: ${causeOf(row)}`,
      explanation: explanationOf(row),
      solution: solutions[row.main_cause] ?? solutions.unknown,
      exemplars: exemplarsOf([{ label: 'the run', traceId: row.trace_id, spanId: row.span_id }]),
    })
  },
}

const solutions: Readonly<Record<string, string>> & { readonly unknown: string } = {
  down: 'See why the service was not there when the run was due, and start it before.',
  asleep:
    'Keep the machine awake while the job is due, or let it be due when the machine is awake.',
  'earlier run': 'Make the earlier run shorter, or let the job be due less often.',
  gc: 'Give the process more memory (--max-old-space-size), or let it keep and make less at that time.',
  stall:
    'Find what computes for so long (a CPU profile of that time), and move it into a worker thread or cut it into pieces.',
  queue: 'Give the queue more workers, or the job a queue of its own.',
  lock: 'Look at the holder of the lock: let it hold for less, or not while the job is due.',
  call: 'Look at the call in the trace of the run, and at what answers it.',
  unknown:
    'The run computed, or waited for what is not reported: report the locks and queues that it uses, or profile it.',
}

function whatOf(row: JobDelayRow): string {
  const late = `started ${formatDuration(row.lateness_ns)} late`
  const slow = `took ${formatDuration(row.length_ns)}, usually ${formatDuration(row.usual_ns)}`
  const isSlow = row.band_ns > 0 && row.length_ns > row.band_ns
  const isLate = row.lateness_ns > jobGraceNs
  const at = `the run of ${row.started_at.slice(0, 19)} UTC`
  return `${at} ${[...(isLate ? [late] : []), ...(isSlow ? [slow] : [])].join(' and ')}`
}

function causeOf({ main_cause, main_holder, main_name }: JobDelayRow): string {
  switch (main_cause) {
    case 'down':
      return 'the service was down'
    case 'asleep':
      return 'the machine slept'
    case 'gc':
      return `the process collected garbage${main_name === '' ? '' : ` (${main_name})`}`
    case 'stall':
      return 'the event loop was blocked'
    case 'earlier run':
      return 'an earlier run went on'
    case 'queue':
      return `it waited in queue "${main_name}"`
    case 'lock': {
      const holder = main_holder === '' ? '' : `, held by ${main_holder}`
      return `it waited for lock "${main_name}"${holder}`
    }
    case 'call':
      return `it waited for "${main_name}"`
    default:
      return 'nothing that is reported'
  }
}

function explanationOf(row: JobDelayRow): string {
  const parts: readonly (readonly [string, number])[] = [
    ['service down', row.down_ns],
    ['machine asleep', row.asleep_ns],
    ['earlier run', row.earlier_run_ns],
    ['garbage collection', row.gc_ns],
    ['event loop blocked', row.stall_ns],
    ['queue', row.queue_ns],
    ['locks', row.lock_ns],
    ['calls', row.call_ns],
    ['unknown', row.unknown_ns],
  ]
  const told = parts.filter(([, ns]) => ns > 0).map(([what, ns]) => `${what} ${formatDuration(ns)}`)
  return `Of ${formatDuration(row.looked_at_ns)}: ${told.join(', ')}.`
}
