import { WAYWARD_KIND_VALUE_LOCK_HOLD } from '@wayward/semconv'
import { type Analyzer, exemplarsOf, spansOfKind, worthTelling } from '../../analyzer.ts'
import type { LockOrderRow } from '../../generated/rows.ts'
import { counted } from '../../quantity.ts'

/** Which locks are taken in orders that can deadlock some day? */
export const lockOrder: Analyzer<LockOrderRow> = {
  name: 'lock-order',
  sql: new URL('./lock-order.sql', import.meta.url),
  requires: [spansOfKind(WAYWARD_KIND_VALUE_LOCK_HOLD)],
  parameters: {},
  isQuietWithoutRows: true,
  tells: 'detail',
  toFinding(row) {
    const traces = row.trace_ids.split(' ')
    const spans = row.span_ids.split(' ')
    return worthTelling({
      severity: row.severity,
      subject: row.locks,
      service: row.services,
      about: row.locks.split(', '),
      summary: summaryOf(row),
      explanation: explanationOf(row),
      solution:
        'Take these locks in the same order everywhere, take a common lock before them, or hold only one of them at a time.',
      exemplars: exemplarsOf(
        traces.map((traceId, index) => ({
          label: `step ${index + 1}`,
          traceId,
          spanId: spans[index] ?? '',
        })),
      ),
    })
  },
}

function summaryOf(row: LockOrderRow): string {
  const service = row.services === '' ? 'a service without a name' : row.services
  const what =
    row.length === 1
      ? `Locks named ${row.locks} of ${service} are taken in both orders`
      : `Locks ${row.locks} of ${service} are taken in a circle of orders`
  return `${what}, which can deadlock: ${row.orders}`
}

function explanationOf(row: LockOrderRow): string {
  const same =
    row.same === 1
      ? 'The very same locks were taken in both orders'
      : 'Locks of these names were taken in these orders, though not always the same ones'
  return (
    `${same}, by at least ${counted(row.tasks, 'task')}, and no other lock is held each time that would keep them apart. ` +
    `If these tasks meet at the wrong moment, each waits for the next for ever. The last of the orders was first seen at ` +
    `${row.first_at.slice(0, 19)} UTC.`
  )
}
