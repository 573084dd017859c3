// A day of all jobs: a line for each, a bar for each run, and a mark for each time at which it was
// due: black where a run came in time, yellow where late, red where none came.
import { Shown, Sql, useAnswer } from '../answered.tsx'
import type { Row, Table } from '../ask.ts'
import { formatDuration, visible } from '../format.ts'
import { adjust, show, state } from '../view-state.ts'
import { lookOfResult } from './runs.tsx'

const dayMs = 86_400_000
const jobsMax = 60
const lineHeight = 14
const hours = [0, 3, 6, 9, 12, 15, 18, 21] as const
const looks: Readonly<Record<string, string>> = { met: 'met', late: 'late', missed: 'missed' }

function today(): string {
  return new Date().toISOString().slice(0, 10)
}

function shifted(day: string, days: number): string {
  return new Date(Date.parse(day) + days * dayMs).toISOString().slice(0, 10)
}

/** The picture, and the way to the days before and after. */
export function Day() {
  const { at, service } = state.value
  const day = /^\d{4}-\d{2}-\d{2}$/.test(at) ? at : today()
  const asked = { from: `${day}T00:00:00Z`, to: `${shifted(day, 1)}T00:00:00Z`, service }
  const answered = useAnswer<Table>('day', { ...asked, limit: String(jobsMax) })
  const go = (days: number): void => adjust({ at: shifted(day, days) })
  return (
    <section aria-label="A day of jobs">
      <h2>
        {day} (UTC){' '}
        <button type="button" onClick={() => go(-1)}>
          The day before
        </button>{' '}
        <button type="button" disabled={day >= today()} onClick={() => go(1)}>
          The day after
        </button>
      </h2>
      <Shown answered={answered} what="the day">
        {({ rows, sql }) =>
          rows.length === 0 ? (
            <p class="empty">No job ran or was due on this day.</p>
          ) : (
            <>
              <Picture rows={rows} />
              <Sql sql={sql} />
            </>
          )
        }
      </Shown>
    </section>
  )
}

function Picture({ rows }: { readonly rows: readonly Row[] }) {
  return (
    <figure class="chart day">
      <figcaption>
        {rows.length === jobsMax ? `The first ${jobsMax} jobs` : `${rows.length} jobs`}{' '}
        <span class="key held">went well</span> <span class="key bad">failed</span>{' '}
        <span class="quiet value">marks: due, yellow late, red not made</span>
      </figcaption>
      <table>
        <thead>
          <tr>
            <th>Job</th>
            <th class="number">Runs</th>
            <th class="number">At a time</th>
            <th>
              <p class="axis">
                {hours.map((hour) => (
                  <span>{hour}:00</span>
                ))}
              </p>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Line row={row} />
          ))}
        </tbody>
      </table>
    </figure>
  )
}

function Line({ row }: { readonly row: Row }) {
  const [job, service] = [String(row['job_name']), String(row['service'])]
  const [starts, lengths, due] = ['starts', 'lengths', 'due'].map(
    (key) => row[key] as readonly number[],
  ) as [readonly number[], readonly number[], readonly number[]]
  const [results, runs, outcomes] = ['results', 'run_ids', 'outcomes'].map(
    (key) => row[key] as readonly string[],
  ) as [readonly string[], readonly string[], readonly string[]]
  const xOf = (ms: number): number => (Math.max(0, Math.min(dayMs, ms)) * 1000) / dayMs
  return (
    <tr>
      <td>
        <button type="button" class="link" onClick={() => show({ name: job, service })}>
          {visible(job)}
        </button>{' '}
        <small>{visible(service)}</small>
      </td>
      <td class="number">{String(row['runs'])}</td>
      <td class="number">{String(row['overlap_max'])}</td>
      <td class="wide">
        <svg
          viewBox={`0 0 1000 ${lineHeight}`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${job}: ${String(row['runs'])} runs, ${String(row['failed'])} failed, due ${due.length} times`}
          style={{ height: `${lineHeight}px` }}
        >
          {starts.map((start, i) => (
            <rect
              class={lookOfResult(results[i] ?? '')}
              x={xOf(start)}
              y={4}
              width={Math.max(1.5, xOf(start + (lengths[i] ?? 0)) - xOf(start))}
              height={lineHeight - 5}
              onClick={() => show({ name: job, service, pick: runs[i] ?? '' })}
            >
              <title>
                {`${new Date(Math.max(0, start)).toISOString().slice(11, 19)}: ${results[i] ?? ''}, ${formatDuration((lengths[i] ?? 0) * 1e6)}`}
              </title>
            </rect>
          ))}
          {due.map((ms, i) => (
            <rect
              class={`due ${looks[outcomes[i] ?? ''] ?? ''}`}
              x={xOf(ms)}
              y={0}
              width={1}
              height={lineHeight}
            >
              <title>
                {`due ${new Date(ms).toISOString().slice(11, 19)}: ${outcomes[i] ?? ''}`}
              </title>
            </rect>
          ))}
        </svg>
      </td>
    </tr>
  )
}
