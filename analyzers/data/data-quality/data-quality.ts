import { type Analyzer, worthTelling } from '../../analyzer.ts'
import type { DataQualityRow } from '../../generated/rows.ts'
import { counted, formatFraction } from '../../quantity.ts'

/** May the answers be believed: what is missing, doubled or of a wrong time? */
export const dataQuality: Analyzer<DataQualityRow> = {
  name: 'data-quality',
  subject: 'session',
  sql: new URL('./data-quality.sql', import.meta.url),
  requires: ['spans or log records'],
  parameters: {},
  isQuietWithoutRows: true,
  toFinding(row) {
    const told = troubles[row.trouble]
    if (told === undefined) return undefined
    return worthTelling({
      severity: row.severity,
      subject: row.trouble,
      service: row.service,
      summary: told.summary(row),
      explanation: told.effect,
      solution: told.cure,
      exemplars: [],
    })
  },
}

interface Trouble {
  readonly summary: (row: DataQualityRow) => string
  /** What it does to the other answers. */
  readonly effect: string
  readonly cure: string
}

const troubles: Readonly<Record<string, Trouble>> = {
  dropped: {
    summary: (row) =>
      `${who(row)} dropped ${counted(row.affected, 'span or event', 'spans and events')}, ${formatFraction(row.affected_fraction)} of what it had to send`,
    effect:
      'Counts and sums are too small by as much, and of what was dropped nobody knows whether it was slow.',
    cure: 'Look at whether the collector was reachable and kept up, and give the export queue of the SDK more room.',
  },
  silent: {
    summary: (row) =>
      `${counted(row.sessions, 'session')} of ${nameOf(row)} went silent with ${counted(row.affected, 'operation')} open (${row.detail}), the last at ${row.last_at.slice(0, 19)} UTC`,
    effect:
      'A process that was killed, or that cannot reach the collector, does not end what it had begun: that is known up to then, and is told as what was, not as what is.',
    cure: 'Find out how the process ended. If it still runs, look at its way to the collector.',
  },
  ends_lost: {
    summary: (row) =>
      `Of ${counted(row.affected, 'operation')} of ${nameOf(row)} (${row.detail}) the end was lost: their sessions report, and no longer say that they are open`,
    effect: 'How long these took is not known, so waits and holds are too small by them.',
    cure: 'Look for dropped spans, and for threads that are blocked for longer than the interval of snapshots.',
  },
  repeated: {
    summary: (row) =>
      `${counted(row.affected, 'lock hold')} of ${nameOf(row)} arrived more than once, ${formatFraction(row.affected_fraction)} of those that are stored`,
    effect:
      'The analyzers count each once. Your own SQL on the tables counts them as often as they arrived.',
    cure: 'The sender repeats spans in other requests, as some exporters do after a time-out: give it a longer one, or look at why answers take so long.',
  },
  clock_set: {
    summary: (row) =>
      `The clock of ${counted(row.affected, 'session')} of ${nameOf(row)} was set while it ran`,
    effect:
      'Durations are right, because they come from another clock. Times of the day of before and after do not fit together.',
    cure: 'Let the clock of the machine be slewed, not set (chrony and systemd-timesyncd do so).',
  },
  clock_ahead: {
    summary: (row) =>
      `${counted(row.affected, 'session')} of ${nameOf(row)} reported from the future, up to ${row.last_at.slice(0, 19)} UTC (${row.detail})`,
    effect:
      'Windows look at the wrong time for it, and locks that it shares with other machines seem to be held by two at once.',
    cure: 'Set the clock of its machine by a time server.',
  },
  no_identity: {
    summary: (row) =>
      `${counted(row.affected, 'session')} of ${nameOf(row)} may be several processes: neither wayward.session.id nor service.instance.id nor process.pid is reported`,
    effect:
      'Processes that run at the same time are taken for one, with numbers that repeat and tasks that mix.',
    cure: 'Report service.instance.id, or process.pid and host.name, in the resource: the resource detectors of OpenTelemetry do so.',
  },
  refused: {
    summary: (row) =>
      `The collector did not store ${counted(row.affected, 'item or request', 'items and requests')} (${row.detail})`,
    effect: 'What they were about is missing everywhere.',
    cure: 'The table wayward_ledger says from whom and why: docs/self-telemetry.md has the questions.',
  },
}

function who({ service }: DataQualityRow): string {
  return service === '' ? 'A service without a name' : service
}

function nameOf({ service }: DataQualityRow): string {
  return service === '' ? 'a service without a name' : service
}
