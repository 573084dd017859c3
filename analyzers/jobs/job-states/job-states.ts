import { WAYWARD_KIND_VALUE_JOB_RUN } from '@wayward/semconv'
import { type Analyzer, nameOf, spansOfKind, worthTelling } from '../../analyzer.ts'
import type { JobStatesRow } from '../../generated/rows.ts'
import { counted } from '../../quantity.ts'

/** Which jobs that are reported over HTTP are late, down or failing now? */
export const jobStates: Analyzer<JobStatesRow> = {
  name: 'job-states',
  subject: 'job',
  sql: new URL('./job-states.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_JOB_RUN)],
  parameters: {},
  isQuietWithoutRows: true,
  toFinding(row) {
    return worthTelling({
      severity: row.severity,
      subject: row.job_name,
      service: row.service,
      summary: `${nameOf('Job', row.job_name, row.service)} ${whatOf(row)} since ${row.since.slice(0, 19)} UTC`,
      explanation: explanationOf(row),
      solution:
        row.status === 'failing'
          ? `See what its last runs wrote: wayward jobs show "${row.job_name}".`
          : 'See whether what starts it still runs, and what it was doing when the run was due.',
      exemplars: [],
    })
  },
}

function whatOf(row: JobStatesRow): string {
  switch (row.status) {
    case 'late':
      return 'is late: a run was due and has not come'
    case 'down':
      return `is down: ${counted(row.missed_in_row, 'run')} did not come`
    default: {
      const reasons = [
        ...(row.failures_in_row > 0
          ? [`${counted(row.failures_in_row, 'run')} in a row went wrong`]
          : []),
        ...(row.overdue_runs > 0
          ? [`${counted(row.overdue_runs, 'run')} past the deadline or silent`]
          : []),
        ...(row.broken === '' ? [] : [`not as asserted: ${row.broken}`]),
      ]
      return `is failing: ${reasons.join('; ')}`
    }
  }
}

function explanationOf(row: JobStatesRow): string {
  const last =
    row.last_result === ''
      ? 'No run of it has ended.'
      : `Its last run ended at ${row.last_at.slice(0, 19)} UTC with ${row.last_result}.`
  const due = row.due_at.startsWith('1970')
    ? ''
    : ` A run is due at ${row.due_at.slice(0, 19)} UTC.`
  const open = row.open_runs > 0 ? ` ${counted(row.open_runs, 'run')} of it go on.` : ''
  return `${last}${due}${open}`
}
