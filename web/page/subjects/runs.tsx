// The runs of a job: a square for each, the latest last, and their lengths with how late they were.
import { Shown, useAnswer } from '../answered.tsx'
import type { Row, Table } from '../ask.ts'
import { formatDuration, formatTime } from '../format.ts'
import { SortedTable } from '../tables/sorted-table.tsx'
import { adjust, state } from '../view-state.ts'
import { Run } from './run.tsx'

const runsMax = 200
const bad = new Set(['failure', 'error', 'timeout'])

/** The grid, the Gantt and the table. */
export function Runs({ asked }: { readonly asked: Readonly<Record<string, string>> }) {
  const { kind: _, ...others } = asked
  const { name, pick: picked, service } = state.value
  const answered = useAnswer<Table>('runs', { ...others, limit: String(runsMax) })
  return (
    <Shown answered={answered} what="its runs">
      {(table) => {
        if (table.rows.length === 0) return <p class="empty">No run has ended in this time.</p>
        const rows = table.rows.toReversed()
        return (
          <>
            <h3>
              {rows.length === runsMax ? `The latest ${runsMax} runs` : `${rows.length} runs`}, the
              latest last
            </h3>
            <p class="grid">
              {rows.map((row) => (
                <button
                  type="button"
                  class={lookOf(row)}
                  aria-label={sentence(row)}
                  title={sentence(row)}
                  aria-pressed={row['run_id'] === picked}
                  onClick={() => pick(row)}
                />
              ))}
            </p>
            {rows
              .filter((row) => picked !== '' && row['run_id'] === picked)
              .map((row) => (
                <Run key={picked} name={name} service={service} row={row} />
              ))}
            <Gantt rows={rows.slice(-40)} />
            <SortedTable
              table={table}
              name="Runs"
              headline={[
                'started_at',
                'result',
                'duration_ns',
                'lateness_ns',
                'attempts',
                'error_type',
                'worker_id',
                'message',
              ]}
              open={pick}
            />
          </>
        )
      }}
    </Shown>
  )
}

/** Late in purple before each bar; every bar by its own start, so that lengths compare. */
function Gantt({ rows }: { readonly rows: readonly Row[] }) {
  const late = Math.max(0, ...rows.map((row) => Number(row['lateness_ns'])))
  const long = Math.max(1, ...rows.map((row) => Number(row['duration_ns'])))
  const scale = 1000 / (late + long)
  return (
    <figure class="chart">
      <figcaption>
        Lengths of the latest {rows.length} <span class="key queued">late</span>
        <span class="key held">went well</span> <span class="key bad">failed</span>
        <span class="quiet value">
          up to {formatDuration(long)}, late up to {formatDuration(late)}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 1000 ${rows.length * 8}`}
        preserveAspectRatio="none"
        role="img"
        aria-label="Lengths of the runs"
        style={{ height: `${rows.length * 8}px` }}
      >
        {rows.map((row, place) => {
          const lateNs = Number(row['lateness_ns'])
          return (
            <>
              <rect
                class="queued"
                x={(late - lateNs) * scale}
                y={place * 8 + 1}
                width={lateNs * scale}
                height={6}
              />
              <rect
                class={lookOf(row)}
                x={late * scale}
                y={place * 8 + 1}
                width={Math.max(1, Number(row['duration_ns']) * scale)}
                height={6}
              />
            </>
          )
        })}
      </svg>
    </figure>
  )
}

function lookOf(row: Row): string {
  return lookOfResult(String(row['result']))
}

/** The colour of a run. */
export function lookOfResult(result: string): string {
  return bad.has(result) ? 'bad' : result === 'success' ? 'held' : 'idle'
}

function sentence(row: Row): string {
  return `${formatTime(row['started_at'], 0)}: ${String(row['result'])}, ${formatDuration(Number(row['duration_ns']))}`
}

function pick(row: Row): void {
  adjust({ pick: String(row['run_id']) })
}
