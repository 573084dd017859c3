// Who blocks whom at a lock: holders at the left, waiters at the right, the thicker the longer.
import { Shown, useAnswer } from '../answered.tsx'
import type { Row, Table } from '../ask.ts'
import { formatDuration, visible } from '../format.ts'
import { SortedTable } from '../tables/sorted-table.tsx'

const shownMax = 12
const rowHeight = 26
const width = 900

/** The picture and its table. */
export function Pairs({ asked }: { readonly asked: Readonly<Record<string, string>> }) {
  const { kind: _, ...others } = asked
  const answered = useAnswer<Table>('pairs', others)
  return (
    <Shown answered={answered} what="who waited for whom">
      {(table) =>
        table.rows.length === 0 ? null : (
          <>
            <h3>Who blocks whom</h3>
            <Graph rows={table.rows} />
            <SortedTable table={table} name="Who blocks whom" />
          </>
        )
      }
    </Shown>
  )
}

function Graph({ rows }: { readonly rows: readonly Row[] }) {
  const holders = biggest(rows, 'holder')
  const waiters = biggest(rows, 'waiter')
  const height = Math.max(holders.length, waiters.length) * rowHeight + 6
  const most = Math.max(1, ...rows.map((row) => Number(row['met_ns'])))
  const y = (place: number): number => place * rowHeight + rowHeight / 2 + 3
  return (
    <div class="wide">
      <svg class="graph" width={width} height={height} role="img" aria-label="Who blocks whom">
        {rows.map((row) => {
          const from = holders.indexOf(String(row['holder']))
          const to = waiters.indexOf(String(row['waiter']))
          if (from < 0 || to < 0) return null
          const share = Number(row['met_ns']) / most
          return (
            <path
              d={`M300,${y(from)} C450,${y(from)} 450,${y(to)} 600,${y(to)}`}
              stroke-width={Math.max(1, share * 14)}
            >
              <title>
                {`${visible(String(row['waiter']))} waited ${formatDuration(Number(row['met_ns']))} for ${visible(String(row['holder']))}`}
              </title>
            </path>
          )
        })}
        {holders.map((name, place) => (
          <text x={292} y={y(place) + 4} text-anchor="end" class="holder">
            {visible(shortened(name))} holds
          </text>
        ))}
        {waiters.map((name, place) => (
          <text x={608} y={y(place) + 4} class="waiter">
            {visible(shortened(name))} waits
          </text>
        ))}
      </svg>
    </div>
  )
}

function shortened(name: string): string {
  return name.length > 36 ? `${name.slice(0, 35)}…` : name
}

function biggest(rows: readonly Row[], key: string): readonly string[] {
  const sums = new Map<string, number>()
  for (const row of rows) {
    const name = String(row[key])
    sums.set(name, (sums.get(name) ?? 0) + Number(row['met_ns']))
  }
  return [...sums]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, shownMax)
    .map(([name]) => name)
}
