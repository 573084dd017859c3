// Reads back what is stored, request by request.
import type { Store } from '@wayward/clickhouse'
import { pointTables } from './crash-request.ts'
import type { Stored, StoredItems } from './verdict.ts'

interface TableWords {
  readonly request: string
  readonly item: string
  /** What must be true of a row whose columns belong together. */
  readonly isWhole: string
}

const pointWords = (value: string): TableWords => ({
  request: "Attributes['crash.request']",
  item: "Attributes['crash.item']",
  isWhole: `${value} = toFloat64(item)`,
})

const tables: Readonly<Record<string, TableWords>> = {
  otel_traces: {
    request: "SpanAttributes['crash.request']",
    item: "SpanAttributes['crash.item']",
    isWhole: "SpanName = concat('item ', toString(item))",
  },
  otel_logs: {
    request: "LogAttributes['crash.request']",
    item: "LogAttributes['crash.item']",
    isWhole: "Body = concat('item ', toString(item))",
  },
  wayward_lock_holds: {
    request: 'lock_id',
    item: 'toString(sequence)',
    isWhole: "lock_name = 'crash' AND hold_ns = 1000000",
  },
  ...Object.fromEntries(
    pointTables.map((table, kind) => [table, pointWords(kind < 2 ? 'Value' : 'Sum')]),
  ),
}

interface Row {
  readonly request: string
  readonly rows: string
  readonly items: string
  readonly first: string
  readonly last: string
  readonly mixed: string
}

/** What every table holds of every request. */
export async function readStored(store: Pick<Store, 'query'>): Promise<Stored> {
  const stored = new Map<string, readonly StoredItems[]>()
  for (const [table, { request, item, isWhole }] of Object.entries(tables)) {
    const rows = await store.query<Row>(
      `WITH toUInt64OrZero(${item}) AS item
       SELECT toUInt64OrZero(${request}) AS request, count() AS rows, uniqExact(item) AS items,
         min(item) AS first, max(item) AS last, countIf(NOT (${isWhole})) AS mixed
       FROM {table:Identifier} GROUP BY request ORDER BY request`,
      { table },
    )
    stored.set(table, rows.map(toStoredItems))
  }
  return stored
}

function toStoredItems(row: Row): StoredItems {
  return {
    request: Number(row.request),
    rows: Number(row.rows),
    items: Number(row.items),
    first: Number(row.first),
    last: Number(row.last),
    mixed: Number(row.mixed),
  }
}

/**
 * Rows of the stock tables against the counts that views keep in wayward_sessions: pairs that must
 * be equal.
 */
export async function readSessionCounts(
  store: Pick<Store, 'query'>,
): Promise<{ readonly rows: readonly string[]; readonly counted: readonly string[] }> {
  const [row] = await store.query<{ s: string; l: string; spans: string; logs: string }>(
    `SELECT (SELECT count() FROM otel_traces) AS s, (SELECT count() FROM otel_logs) AS l,
       sum(sessions.spans) AS spans, sum(sessions.logs) AS logs FROM wayward_sessions AS sessions`,
  )
  if (row === undefined) throw new Error('No counts were answered')
  return { rows: [row.s, row.l], counted: [row.spans, row.logs] }
}
