import { WAYWARD_KIND_VALUE_LOCK_HOLD, WAYWARD_KIND_VALUE_LOCK_WAIT } from '@wayward/semconv'
import { type Analyzer, exemplarsOf, nameOf, spansOfKind, worthTelling } from '../../analyzer.ts'
import type { StarvationRow } from '../../generated/rows.ts'
import { counted, formatDuration, formatFraction } from '../../quantity.ts'
import { lastKnown } from '../../last-known.ts'

/** From here on those who overtake are readers. */
const mostlyShared = 0.9

/** Whom do locks keep waiting while others, who asked later, are served? */
export const starvation: Analyzer<StarvationRow> = {
  name: 'starvation',
  sql: new URL('./starvation.sql', import.meta.url),
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
      exemplars: exemplarsOf([{ label: 'the wait', traceId: row.trace_id, spanId: row.span_id }]),
    })
  },
}

function isStarvedWriter(row: StarvationRow): boolean {
  return row.victim_mode !== 'shared' && row.shared_share >= mostlyShared
}

function summaryOf(row: StarvationRow): string {
  const who = isStarvedWriter(row) ? `${row.victim}, which writes,` : row.victim
  const length = formatDuration(row.wait_ns)
  const waits =
    row.outcome === 'waiting'
      ? lastKnown(row.as_of, { now: `waits for ${length}`, past: `had waited for ${length}` })
      : `waited for ${length}`
  const others = counted(row.overtaken_by, 'request that was', 'requests that were')
  return `${nameOf('Lock', row.lock_name, row.service)} starves: ${who} ${waits} while ${others} made later came before it`
}

function explanationOf(row: StarvationRow): string {
  const end =
    row.outcome === 'granted' || row.outcome === 'waiting' ? '' : ` It ended by ${row.outcome}.`
  return (
    `It asked at ${row.requested_at.slice(0, 19)} UTC. ${counted(row.overtaking, 'task')} overtook it, most often ` +
    `${row.overtakers}, and held the lock for ${formatDuration(row.overtaken_ns)} together; ` +
    `${formatFraction(row.shared_share)} of them shared it. Half of all waits for it last ` +
    `${formatDuration(row.wait_p50_ns)} at most.${end}`
  )
}

function solutionOf(row: StarvationRow): string {
  return isStarvedWriter(row)
    ? 'Let no new reader in while a writer waits: use a lock that prefers writers, or one that is fair.'
    : 'Serve requests in the order in which they came, or let a request rise in priority the longer it waits.'
}
