// Locks, queues and jobs: what each analyzer says of them in a table, and a page for each.
import { Shown, useAnswer } from '../answered.tsx'
import { type Cause, type Row, type Table, textOf } from '../ask.ts'
import { visible } from '../format.ts'
import { Finding } from '../findings.tsx'
import { SortedTable } from '../tables/sorted-table.tsx'
import { adjust, show, state, windowOf } from '../view-state.ts'
import { Day } from './day.tsx'
import { JobStates } from './job-states.tsx'
import { Subject } from './subject.tsx'

/** What is looked at. */
export type Kind = 'lock' | 'queue' | 'job'

interface Analyzers {
  readonly analyzers: readonly {
    readonly name: string
    readonly question: string
    readonly requires: readonly string[]
  }[]
}

interface AnalyzerAnswer extends Table {
  readonly headline: readonly string[]
  readonly findings: readonly Cause[]
  readonly status: string
  readonly absence: string | null
  readonly missing: readonly string[]
}

/** The page of locks. */
export function Locks() {
  return <Subjects kind="lock" first="lock-contention" />
}

/** The page of queues. */
export function Queues() {
  return <Subjects kind="queue" first="queue-delay" />
}

/** The page of jobs. */
export function Jobs() {
  return <Subjects kind="job" first="job-runs" />
}

function Subjects({ first, kind }: { readonly kind: Kind; readonly first: string }) {
  const { analyzer: chosen, name } = state.value
  const known = useAnswer<Analyzers>('analyzers', {})
  const analyzers =
    known.value?.analyzers.filter(({ requires }) =>
      requires.some((text) => text.includes(`= ${kind}_`)),
    ) ?? []
  const analyzer = chosen === '' ? first : chosen
  const answered = useAnswer<AnalyzerAnswer>(
    `analyzers/${encodeURIComponent(analyzer)}`,
    windowOf(state.value),
  )
  const nameColumn = `${kind}_name`
  const openOne = (row: Row): void => {
    const service = textOf(row, 'service')
    show({
      name: String(row[nameColumn]),
      ...(service === '' || service.includes(', ') ? {} : { service }),
    })
  }
  return (
    <>
      {name !== '' && <Subject kind={kind} name={name} />}
      {name === '' && kind === 'job' && <JobStates />}
      {name === '' && kind === 'job' && <Day />}
      <p class="tools" role="group" aria-label="Questions">
        {analyzers.map(({ name: other, question }) => (
          <button
            type="button"
            title={question}
            aria-pressed={other === analyzer}
            onClick={() => adjust({ analyzer: other, sort: '' })}
          >
            {other.replaceAll('-', ' ')}
          </button>
        ))}
      </p>
      <Shown answered={answered} what={analyzer}>
        {(value) => (
          <>
            <h2>{analyzers.find(({ name: other }) => other === analyzer)?.question ?? analyzer}</h2>
            {value.status === 'NA' && (
              <p class="empty">
                {visible(value.absence ?? 'What this needs was not reported.')}{' '}
                {value.missing.length > 0 && `Missing: ${value.missing.join(', ')}.`}
              </p>
            )}
            {value.rows.length === 0 && value.status !== 'NA' && (
              <p class="empty">Nothing to tell here. A longer time range may have some.</p>
            )}
            {value.rows.length > 0 && (
              <SortedTable
                table={value}
                headline={value.headline}
                name={analyzer}
                {...(value.headline[0] === nameColumn ? { open: openOne } : {})}
              />
            )}
            {value.findings.slice(0, 20).map((finding) => (
              <Finding cause={{ ...finding, kind, analyzer, faces: [] }} />
            ))}
          </>
        )}
      </Shown>
    </>
  )
}
