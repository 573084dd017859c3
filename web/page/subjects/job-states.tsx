// What is expected of jobs and how they are: those of which the service knows a schedule or a run.
import { Shown, useAnswer } from '../answered.tsx'
import { formatDuration, formatTime, visible } from '../format.ts'
import { open, state } from '../view-state.ts'
import { JobEditor } from './job-editor.tsx'

interface Job {
  readonly service: string
  readonly name: string
  readonly status: string
  readonly since: string
  readonly running: number
  readonly last: { readonly startedAt: string; readonly result: string } | null
  readonly medianMs: number | null
  /** A letter for each of the latest runs: o well, x not. */
  readonly trend: string
  readonly failuresInRow: number
  readonly missedInRow: number
  readonly nextDueAt: string | null
  readonly broken: readonly string[]
}

interface OneJob extends Job {
  readonly definition?: Readonly<Record<string, unknown>> | null
}

/** The worst first. */
const statuses = ['failing', 'down', 'late', 'running', 'up', 'new', 'paused'] as const

const asIs: Readonly<Record<string, string>> = {}

/** The table above the questions. */
export function JobStates() {
  const { service } = state.value
  const answered = useAnswer<{ readonly jobs: readonly Job[] }>('/api/jobs', asIs)
  return (
    <Shown answered={answered} what="the states of jobs">
      {({ jobs }) => {
        const rank = ({ status }: Job): number => {
          const place = statuses.findIndex((known) => known === status)
          return place < 0 ? statuses.length : place
        }
        const shown = jobs
          .filter((job) => service === '' || job.service === service)
          .toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
        return shown.length === 0 ? null : <StateTable jobs={shown} />
      }}
    </Shown>
  )
}

function StateTable({ jobs }: { readonly jobs: readonly Job[] }) {
  return (
    <section aria-label="States of jobs">
      <h2>
        How jobs are{' '}
        <small>
          {statuses
            .map((status) => ({
              status,
              count: jobs.filter((job) => job.status === status).length,
            }))
            .filter(({ count }) => count > 0)
            .map(({ count, status }) => `${count} ${status}`)
            .join(', ')}
        </small>
      </h2>
      <div class="wide">
        <table>
          <thead>
            <tr>
              <th>Job</th>
              <th>Service</th>
              <th>State</th>
              <th>Since</th>
              <th>Latest runs</th>
              <th>Last run</th>
              <th class="number">Median</th>
              <th>Next due</th>
              <th>What is not as it should be</th>
            </tr>
          </thead>
          <tbody>
            {jobs.map((job) => (
              <tr>
                <td>
                  <button
                    type="button"
                    class="link"
                    onClick={() => open('jobs', { name: job.name, service: job.service })}
                  >
                    {visible(job.name)}
                  </button>
                </td>
                <td>{visible(job.service)}</td>
                <td>
                  <Badge status={job.status} />
                </td>
                <td>{formatTime(job.since, 0)}</td>
                <td>
                  <Trend trend={job.trend} />
                </td>
                <td>{lastOf(job)}</td>
                <td class="number">
                  {job.medianMs === null ? '–' : formatDuration(job.medianMs * 1e6)}
                </td>
                <td>{job.nextDueAt === null ? '–' : formatTime(job.nextDueAt, 0)}</td>
                <td>{wrongOf(job)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

function Badge({ status }: { readonly status: string }) {
  return <span class={`badge ${status}`}>{visible(status)}</span>
}

function Trend({ trend }: { readonly trend: string }) {
  const good = trend.split('').filter((letter) => letter === 'o').length
  return (
    <span class="trend" role="img" aria-label={`${good} of the latest ${trend.length} went well`}>
      {trend.split('').map((letter) => (
        <span class={letter === 'o' ? 'held' : 'bad'} />
      ))}
    </span>
  )
}

function lastOf({ last, running }: Job): string {
  const goes = running > 0 ? `${running} running; ` : ''
  return last === null
    ? `${goes}–`
    : `${goes}${visible(last.result)}, ${formatTime(last.startedAt, 0)}`
}

function wrongOf({ broken, failuresInRow, missedInRow }: Job): string {
  return [
    ...(missedInRow > 0 ? [`${missedInRow} in a row did not come`] : []),
    ...(failuresInRow > 0 ? [`${failuresInRow} in a row went wrong`] : []),
    ...broken.map(visible),
  ].join('; ')
}

function saidOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(saidOf).join('; ')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What is expected of one job, and when it is due next. */
export function JobState({ name, service }: { readonly name: string; readonly service: string }) {
  const known = useAnswer<{ readonly jobs: readonly Job[] }>('/api/jobs', asIs)
  const job = known.value?.jobs.find(
    (one) => one.name === name && (service === '' || one.service === service),
  )
  const path = `/api/jobs/${encodeURIComponent(name)}`
  const asked = { service: job?.service ?? '' }
  const one = useAnswer<OneJob>(job === undefined ? '' : path, asked)
  const isExpected = job !== undefined && job.nextDueAt !== null
  const slots = useAnswer<{ readonly due: readonly string[] }>(isExpected ? `${path}/slots` : '', {
    ...asked,
    count: '5',
  })
  if (job === undefined) {
    return known.value === undefined ? null : (
      <JobEditor name={name} service={service} definition={asIs} />
    )
  }
  const expected = Object.entries(one.value?.definition ?? {})
  return (
    <>
      <p>
        <Badge status={job.status} /> since {formatTime(job.since, 0)}, {lastOf(job)}
        {job.medianMs !== null && `; median ${formatDuration(job.medianMs * 1e6)}`}
        {wrongOf(job) !== '' && <b> {wrongOf(job)}</b>}
      </p>
      {expected.length > 0 && (
        <dl>
          {expected.map(([key, value]) => (
            <>
              <dt>{visible(key)}</dt>
              <dd>{visible(saidOf(value))}</dd>
            </>
          ))}
          <dt>due next</dt>
          <dd>{slots.value?.due.map((time) => formatTime(time, 0)).join(', ')}</dd>
        </dl>
      )}
      {one.value !== undefined && (
        <JobEditor
          name={job.name}
          service={job.service}
          definition={one.value.definition ?? asIs}
        />
      )}
    </>
  )
}
