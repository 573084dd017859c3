// What is wrong, the worst first, and how much was reported over time.
import type { RankedReport, Table } from './ask.ts'
import { Shown, Sql, useAnswer } from './answered.tsx'
import { Finding } from './findings.tsx'
import { formatCount, formatDuration, visible } from './format.ts'
import { show, state, windowOf } from './view-state.ts'

/** The page that opens first. */
export function Overview() {
  const window = windowOf(state.value)
  const { session: _, ...ofServices } = window
  const services = useAnswer<Table>('services', ofServices)
  const activity = useAnswer<Activity>('activity', { ...ofServices, buckets: '120' })
  const report = useAnswer<RankedReport>('report', window)
  return (
    <>
      <section aria-label="Activity">
        <Shown answered={services} what="the services">
          {({ rows }) =>
            rows.length === 0 ? (
              <p class="empty">
                Nothing has been reported here yet. Point an application at the addresses that
                “wayward serve” prints, or run “wayward demo”.
              </p>
            ) : (
              <Shown answered={activity} what="activity">
                {(value) => (
                  <Lanes activity={value} services={rows.map((row) => String(row['service']))} />
                )}
              </Shown>
            )
          }
        </Shown>
      </section>
      <section aria-label="Findings">
        <Shown answered={report} what="what is wrong (all questions)">
          {(value) => <Report report={value} />}
        </Shown>
      </section>
    </>
  )
}

interface Activity extends Table {
  readonly from_ns: string
  readonly step_ns: string
  readonly buckets: number
}

function Lanes({
  activity,
  services,
}: {
  readonly activity: Activity
  readonly services: readonly string[]
}) {
  return (
    <>
      <table class="activity">
        <thead>
          <tr>
            <th>Service</th>
            <th>
              Spans, <span class="bad">errors</span> and <span class="wait">waits for locks</span>{' '}
              over time
            </th>
            <th>Spans</th>
            <th>Errors</th>
            <th>Waited for locks</th>
          </tr>
        </thead>
        <tbody>
          {services.map((service) => (
            <ServiceRow activity={activity} service={service} />
          ))}
        </tbody>
      </table>
      <Sql sql={activity.sql} />
    </>
  )
}

function ServiceRow({
  activity,
  service,
}: {
  readonly activity: Activity
  readonly service: string
}) {
  const { buckets, from_ns: fromNs, step_ns: stepNs, rows } = activity
  const own = rows.filter((row) => row['service'] === service)
  const sum = (key: string): number => own.reduce((total, row) => total + Number(row[key]), 0)
  const at = (row: (typeof own)[number]): number =>
    Math.round(
      ((Date.parse(String(row['at'])) - Number(BigInt(fromNs) / 1_000_000n)) * 1e6) /
        Number(stepNs),
    )
  const most = Math.max(1, ...own.map((row) => Number(row['spans'])))
  const longest = Math.max(1, ...own.map((row) => Number(row['lock_wait_ns'])))
  return (
    <tr>
      <td>
        <button type="button" class="link" onClick={() => show({ service, view: 'timeline' })}>
          {visible(service) || '(no name)'}
        </button>
      </td>
      <td>
        <svg
          viewBox={`0 0 ${buckets} 24`}
          preserveAspectRatio="none"
          role="img"
          aria-label={`${sum('spans')} spans, ${sum('span_errors')} errors`}
        >
          {own.map((row) => {
            const height = (14 * Number(row['spans'])) / most
            const errors = Number(row['span_errors']) > 0
            const waits = (8 * Number(row['lock_wait_ns'])) / longest
            return (
              <>
                <rect
                  x={at(row)}
                  y={15 - height}
                  width={1}
                  height={height}
                  class={errors ? 'bad' : 'busy'}
                />
                <rect x={at(row)} y={16} width={1} height={waits} class="wait" />
              </>
            )
          })}
        </svg>
      </td>
      <td class="number">{formatCount(sum('spans'))}</td>
      <td class="number">{formatCount(sum('span_errors'))}</td>
      <td class="number">
        {sum('lock_wait_ns') === 0 ? '–' : formatDuration(sum('lock_wait_ns'))}
      </td>
    </tr>
  )
}

function Report({ report }: { readonly report: RankedReport }) {
  const { asked, causes, dataQuality } = report
  const unanswered = asked.filter(({ status }) => status === 'NA' || status === 'failed')
  return (
    <>
      <h2>
        {causes.length === 0 ? 'Nothing is wrong' : `What is wrong: ${causes.length}`}{' '}
        <small>{visible(report.about)}</small>
      </h2>
      {dataQuality.map((cause) => (
        <Finding cause={cause} />
      ))}
      {causes.map((cause) => (
        <Finding cause={cause} />
      ))}
      {unanswered.length > 0 && (
        <p class="quiet">
          Not known, because what they need was not reported:{' '}
          {unanswered.map(({ analyzer }) => analyzer).join(', ')}.
        </p>
      )}
    </>
  )
}
