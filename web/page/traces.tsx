// Traces: the latest, and one as a tree with its times.
import type { Row, Table } from './ask.ts'
import { Shown, Sql, useAnswer } from './answered.tsx'
import { formatDuration, formatTime, visible } from './format.ts'
import { show, state, windowOf } from './view-state.ts'

/** The list of traces, or one of them. */
export function Traces() {
  return state.value.trace === '' ? <TraceList /> : <Trace id={state.value.trace} />
}

function TraceList() {
  const { session: _, ...window } = windowOf(state.value)
  const answered = useAnswer<Table>('traces', { ...window, limit: '200' })
  return (
    <Shown answered={answered} what="traces">
      {({ rows, sql }) => (
        <>
          <table>
            <thead>
              <tr>
                <th>Began (UTC)</th>
                <th>Service</th>
                <th>Span</th>
                <th>Took</th>
                <th>Status</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr class={row['status'] === 'Error' ? 'bad' : ''}>
                  <td>{formatTime(row['started_at'])}</td>
                  <td>{visible(String(row['service']))}</td>
                  <td>
                    <button
                      type="button"
                      class="link"
                      onClick={() => show({ trace: String(row['trace_id']) })}
                    >
                      {visible(String(row['name']))}
                    </button>
                  </td>
                  <td class="number">{formatDuration(Number(row['duration_ns']))}</td>
                  <td>{visible(String(row['status_message'] || row['status']))}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {rows.length === 0 && (
            <p class="empty">No trace is like that. A longer time range may have some.</p>
          )}
          <Sql sql={sql} />
        </>
      )}
    </Shown>
  )
}

interface Node {
  readonly row: Row
  readonly depth: number
}

function Trace({ id }: { readonly id: string }) {
  const answered = useAnswer<Table>(`traces/${encodeURIComponent(id)}`, {})
  return (
    <>
      <p>
        <button type="button" onClick={() => show({ trace: '' })}>
          ← All traces
        </button>{' '}
        Trace {visible(id)}
      </p>
      <Shown answered={answered} what="the trace">
        {({ rows, sql }) => (
          <>
            <Tree rows={rows} />
            <Sql sql={sql} />
          </>
        )}
      </Shown>
    </>
  )
}

/** Spans shown at once; the rest is said. */
const shownMax = 2000

function Tree({ rows }: { readonly rows: readonly Row[] }) {
  const startOf = (row: Row): number =>
    Date.parse(String(row['started_at'])) * 1e6 + Number(String(row['started_at']).slice(23, 29))
  const from = Math.min(...rows.map(startOf))
  const length = Math.max(1, ...rows.map((row) => startOf(row) + Number(row['duration_ns']) - from))
  const nodes = order(rows)
  return (
    <table class="trace">
      <thead>
        <tr>
          <th>Span</th>
          <th>Service</th>
          <th>Took</th>
          <th class="bars">{formatDuration(length)}</th>
        </tr>
      </thead>
      <tbody>
        {nodes.slice(0, shownMax).map(({ depth, row }) => {
          const kind = (row['attributes'] as Record<string, string>)['wayward.kind'] ?? ''
          const left = (100 * (startOf(row) - from)) / length
          return (
            <tr class={row['status'] === 'Error' ? 'bad' : ''}>
              <td class={`depth d${Math.min(depth, 12)}`}>
                <details>
                  <summary>{visible(String(row['name']))}</summary>
                  <Attributes row={row} />
                </details>
              </td>
              <td>{visible(String(row['service']))}</td>
              <td class="number">{formatDuration(Number(row['duration_ns']))}</td>
              <td class="bars">
                <svg viewBox="0 0 100 10" preserveAspectRatio="none">
                  <rect
                    x={left}
                    y={1}
                    height={8}
                    width={Math.max(0.2, (100 * Number(row['duration_ns'])) / length)}
                    class={kind === 'lock_wait' ? 'wait' : kind === 'lock_hold' ? 'held' : 'busy'}
                  />
                </svg>
              </td>
            </tr>
          )
        })}
        {nodes.length > shownMax && (
          <tr>
            <td colSpan={4}>
              {nodes.length - shownMax} more spans are not shown; the SQL below has them.
            </td>
          </tr>
        )}
      </tbody>
    </table>
  )
}

function Attributes({ row }: { readonly row: Row }) {
  const entries = Object.entries(row['attributes'] as Record<string, string>)
  return (
    <dl>
      {entries.map(([key, value]) => (
        <>
          <dt>{visible(key)}</dt>
          <dd>{visible(value)}</dd>
        </>
      ))}
    </dl>
  )
}

/** Parents before their children; what has no parent here is a root. Cycles are cut. */
function order(rows: readonly Row[]): readonly Node[] {
  const known = new Set(rows.map((row) => row['span_id']))
  const children = new Map<unknown, Row[]>()
  for (const row of rows) {
    const parent =
      known.has(row['parent_span_id']) && row['parent_span_id'] !== row['span_id']
        ? row['parent_span_id']
        : ''
    children.set(parent, [...(children.get(parent) ?? []), row])
  }
  const nodes: Node[] = []
  const seen = new Set<Row>()
  const waiting: Node[] = (children.get('') ?? []).toReversed().map((row) => ({ row, depth: 0 }))
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node.row)) continue
    seen.add(node.row)
    nodes.push(node)
    const below = children.get(node.row['span_id']) ?? []
    for (const row of below.toReversed()) waiting.push({ row, depth: node.depth + 1 })
  }
  return [...nodes, ...rows.filter((row) => !seen.has(row)).map((row) => ({ row, depth: 0 }))]
}
