// The calendar of a job: a row for each day, a field for each hour, green where its runs came in
// time, yellow where late, red where one did not come.
import { Shown, Sql, useAnswer } from '../answered.tsx'
import type { Row, Table } from '../ask.ts'
import { formatDuration } from '../format.ts'

const hoursMax = 2000
const daysMax = 62
const hours = Array.from({ length: 24 }, (_, hour) => hour)

/** The calendar; nothing where the job was never due. */
export function Slots({ asked }: { readonly asked: Readonly<Record<string, string>> }) {
  const { kind: _, session: __, ...others } = asked
  const answered = useAnswer<Table>('slots', { ...others, limit: String(hoursMax) })
  return (
    <Shown answered={answered} what="when it was due">
      {({ rows, sql }) => {
        if (rows.length === 0) return null
        const found = new Map(rows.map((row) => [String(row['hour_at']).slice(0, 13), row]))
        const days = [...new Set(rows.map((row) => String(row['hour_at']).slice(0, 10)))]
        const sum = (key: string): number => rows.reduce((all, row) => all + Number(row[key]), 0)
        return (
          <>
            <h3>
              When it was due (UTC): {sum('met')} in time, {sum('late')} late, {sum('missed')} not
              made
            </h3>
            <div class="wide">
              <table class="hours">
                <thead>
                  <tr>
                    <th>Day</th>
                    {hours.map((hour) => (
                      <th>{hour}</th>
                    ))}
                  </tr>
                </thead>
                <tbody>
                  {days.slice(0, daysMax).map((day) => (
                    <tr>
                      <th>{day}</th>
                      {hours.map((hour) => (
                        <Hour row={found.get(`${day}T${String(hour).padStart(2, '0')}`)} />
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

function Hour({ row }: { readonly row: Row | undefined }) {
  if (row === undefined) return <td />
  const [late, met, missed] = ['late', 'met', 'missed'].map((key) => Number(row[key])) as [
    number,
    number,
    number,
  ]
  const look = missed > 0 ? 'missed' : late > 0 ? 'late' : 'met'
  return (
    <td
      class={look}
      title={`${met} in time, ${late} late (up to ${formatDuration(Number(row['lateness_ns']))}), ${missed} not made`}
    >
      {met + late + missed}
    </td>
  )
}
