import { type Analyzer, worthTelling } from '../../analyzer.ts'
import type { MetlogSummaryRow } from '../../generated/rows.ts'
import { counted, formatFraction } from '../../quantity.ts'

/** What do loggers report, how much of it is errors, and what is lost? */
export const metlogSummary: Analyzer<MetlogSummaryRow> = {
  name: 'metlog-summary',
  subject: 'logger',
  sql: new URL('./metlog-summary.sql', import.meta.url),
  requires: ['messages of Metlog, statsd or syslog'],
  needs: 'message',
  parameters: {},
  toFinding(row) {
    const told = row.what === 'drops' ? toldOfDrops(row) : toldOfErrors(row)
    const { name, service, severity, what } = row
    const subject = what === 'drops' ? 'drops' : name
    return worthTelling({ severity, subject, service, ...told, exemplars: [] })
  },
}

interface Told {
  readonly summary: string
  readonly explanation: string
  readonly solution: string
}

function toldOfErrors(row: MetlogSummaryRow): Told {
  const { errors, errors_fraction: share, items, name, service } = row
  return {
    summary: `${service} reported ${counted(errors, 'error')} of type "${name}", ${formatFraction(share)} of ${counted(items, 'such message')}, the latest at ${row.last_at.slice(0, 19)} UTC`,
    explanation:
      'Messages of syslog severity 0 to 3, which is ERROR and above in OpenTelemetry, by the type that the application gave them.',
    solution: `Read them: wayward query "SELECT Timestamp, Body FROM otel_logs WHERE ServiceName = '${service.replaceAll("'", "''")}' AND SeverityNumber >= 17 ORDER BY Timestamp DESC LIMIT 20"`,
  }
}

function toldOfDrops({ items, name, service }: MetlogSummaryRow): Told {
  return {
    summary: `${service} dropped ${counted(items, 'message')} before sending them (${name})`,
    explanation:
      'The client tells what it could not send by messages of type metlog.drops. Counts and sums of this logger are too small by that.',
    solution:
      'Look at the reason: queue_full wants a larger queueItemsMax or fewer messages (sampling, docs/control.md); refused and not_connected want a receiver that is there; message_too_large wants smaller messages.',
  }
}
