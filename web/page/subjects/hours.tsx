// A week of hours: how busy, and how much failed or waited.
import { Shown, Sql, useAnswer } from '../answered.tsx'
import type { Row, Table } from '../ask.ts'
import { formatCount, formatDuration } from '../format.ts'

const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const
const hours = Array.from({ length: 24 }, (_, hour) => hour)

/** The grid. */
export function Hours({ asked }: { readonly asked: Readonly<Record<string, string>> }) {
  const answered = useAnswer<Table>('hours', asked)
  return (
    <Shown answered={answered} what="its hours">
      {({ rows, sql }) => {
        if (rows.length === 0) return null
        const most = Math.max(1, ...rows.map((row) => Number(row['count'])))
        return (
          <>
            <h3>Peaks and lows by hour and weekday (UTC)</h3>
            <div class="wide">
              <table class="hours">
                <thead>
                  <tr>
                    <th />
                    {hours.map((hour) => (
                      <th>{hour}</th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {days.map((day, place) => (
                    <tr>
                      <th>{day}</th>
                      {hours.map((hour) => (
                        <Hour row={find(rows, place + 1, hour)} most={most} />
                      ))}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            <Sql sql={sql} />
          </>
        )
      }}
    </Shown>
  )
}

function find(rows: readonly Row[], weekday: number, hour: number): Row | undefined {
  return rows.find((row) => row['weekday'] === weekday && row['hour'] === hour)
}

function Hour({ most, row }: { readonly row: Row | undefined; readonly most: number }) {
  if (row === undefined) return <td />
  const count = Number(row['count'])
  const failed = Number(row['failed'])
  return (
    <td
      class={`level${Math.ceil((4 * count) / most)} ${failed > 0 ? 'failed' : ''}`}
      title={`${formatCount(count)}, failed ${failed}, waits ${String(row['waits'])} (${formatDuration(Number(row['wait_ns']))}), longest ${formatDuration(Number(row['longest_ns']))}`}
    >
      {count > 999 ? `${Math.round(count / 1000)}k` : count}
    </td>
  )
}
