import { type Analyzer, worthTelling } from '../../analyzer.ts'
import type { LogAnomaliesRow } from '../../generated/rows.ts'
import { counted, formatDuration } from '../../quantity.ts'

/** When did a service log far more or far less than it usually does at that hour? */
export const logAnomalies: Analyzer<LogAnomaliesRow> = {
  name: 'log-anomalies',
  subject: 'logger',
  sql: new URL('./log-anomalies.sql', import.meta.url),
  requires: ['log records'],
  needs: 'record',
  parameters: {},
  isQuietWithoutRows: true,
  tells: 'detail',
  toFinding(row) {
    return worthTelling({
      severity: row.severity,
      subject: row.name,
      service: row.service,
      summary: summaryOf(row),
      explanation: `${explanations[row.season] ?? ''} The worst ${formatDuration(row.bucket_ns)} was ${Math.round(Math.abs(row.deviations))} deviations from that.`,
      solution: row.kind === 'silence' ? silenceCure : burstCure,
      exemplars: [],
    })
  },
}

function summaryOf(row: LogAnomaliesRow): string {
  const what = counted(row.records, row.level === 'errors' ? 'error' : 'record')
  const began = row.began_at.slice(0, 16)
  const who = row.service === '' ? 'A service without a name' : row.service
  return (
    `${who} logged ${what} of type "${row.name}" in ${formatDuration(row.lasted_ns)} ` +
    `from ${began} UTC, where ${Math.round(row.expected)} were to be expected`
  )
}

const explanations: Readonly<Record<string, string>> = {
  week: 'What is expected is what was usual at the same hour of other weeks, and the trend.',
  day: 'What is expected is what was usual at the same hour of other days, and the trend.',
  level:
    'What is expected is the median of the window, which is too short to know the hours of the day.',
}

const burstCure =
  'Look at what was new then: the records themselves, a deployment, a dependency that failed. If it is meant to be so, nothing is wrong.'
const silenceCure =
  'Look at whether the service ran, had work and could reach the collector. If nobody wanted anything of it then, nothing is wrong.'
