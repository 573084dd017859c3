// Spans by any condition in SQL, asked through the address for SQL, which can only read.
import { Shown, useAnswer } from '../answered.tsx'
import type { Table } from '../ask.ts'
import { SortedTable } from '../tables/sorted-table.tsx'
import { type RawAnswer, toTable } from '../sql/raw-answer.ts'
import { open, show, state, windowOf } from '../view-state.ts'

const spansMax = 500

/** What was found, the latest first. */
export function BySql({ where }: { readonly where: string }) {
  const sql = statementOf(where)
  const answered = useAnswer<RawAnswer>('sql', { sql, format: 'table' })
  return (
    <Shown answered={answered} what="spans">
      {(answer) => <Found table={toTable(answer, sql)} sql={sql} />}
    </Shown>
  )
}

function Found({ sql, table }: { readonly table: Table; readonly sql: string }) {
  if (table.rows.length === 0) {
    return <p class="empty">No span is like that. A longer time range may have some.</p>
  }
  return (
    <>
      <p class="tools">
        <button type="button" onClick={() => open('sql', { sql })}>
          Go on in SQL
        </button>
      </p>
      <SortedTable
        table={table}
        name="Spans"
        open={(row) => show({ trace: String(row['trace_id']), span: String(row['span_id']) })}
      />
    </>
  )
}

/** A literal of ClickHouse. */
function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`
}

/** The one place where the page writes SQL: the condition is the reader's own. */
function statementOf(where: string): string {
  const { from = '', service = '', since = '', to = '' } = windowOf(state.value)
  const seconds = secondsOf(since)
  const conditions = [
    ...(from === '' ? [] : [`Timestamp >= parseDateTime64BestEffort(${literal(from)}, 9, 'UTC')`]),
    ...(to === '' ? [] : [`Timestamp < parseDateTime64BestEffort(${literal(to)}, 9, 'UTC')`]),
    ...(seconds === 0 ? [] : [`Timestamp >= now64(9) - ${seconds}`]),
    ...(service === '' ? [] : [`ServiceName = ${literal(service)}`]),
    `(${where}\n)`,
  ]
  return `SELECT SpanName AS name, ServiceName AS service, Timestamp AS started_at, Duration / 1e6 AS ms,
  StatusCode AS status, TraceId AS trace_id, SpanId AS span_id
FROM otel_traces
WHERE ${conditions.join('\n  AND ')}
ORDER BY Timestamp DESC
LIMIT ${spansMax}`
}

const units: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 }

function secondsOf(since: string): number {
  const [, count = '0', unit = ''] = /^(\d{1,6})([mhd])$/.exec(since) ?? []
  return Number(count) * (units[unit] ?? 0)
}
