// Any question in SQL: names of tables and columns are offered, the answer is a table or a chart, and
// a file to take along.
import { useEffect, useRef, useState } from 'preact/hooks'
import { messageOf } from '../answered.tsx'
import { Chart } from '../charts/chart.tsx'
import { formatCount, visible } from '../format.ts'
import { SortedTable } from '../tables/sorted-table.tsx'
import { SaveLink } from '../save-link.tsx'
import { fetchAsMe } from '../token.ts'
import { adjust, state } from '../view-state.ts'
import { Editor } from './editor.tsx'
import { isNumber, type RawAnswer, toTable } from './raw-answer.ts'

const files = ['csv', 'json', 'parquet', 'arrow'] as const
const examples: Readonly<Record<string, string>> = {
  'spans by name':
    'SELECT ServiceName, SpanName, count() AS spans, quantile(0.95)(Duration) / 1e6 AS p95_ms\nFROM otel_traces\nGROUP BY ALL\nORDER BY spans DESC\nLIMIT 100',
  'waits by lock':
    'SELECT service, lock_name, count() AS waits, sum(wait_ns) / 1e9 AS seconds\nFROM wayward_lock_waits\nGROUP BY ALL\nORDER BY seconds DESC\nLIMIT 100',
  'records by minute':
    'SELECT toStartOfMinute(Timestamp) AS minute, count() AS records, countIf(SeverityNumber >= 17) AS errors\nFROM otel_logs\nGROUP BY minute\nORDER BY minute',
}

/** The page of SQL. */
export function SqlPage() {
  const { sql } = state.value
  const [draft, setDraft] = useState(sql === '' ? (examples['spans by name'] ?? '') : sql)
  const [asked, setAsked] = useState({ error: '', isAsking: false })
  const [answer, setAnswer] = useState<RawAnswer | undefined>(undefined)
  const running = useRef<AbortController | undefined>(undefined)
  const run = async (): Promise<void> => {
    running.current?.abort()
    const stop = new AbortController()
    running.current = stop
    adjust({ sql: draft })
    setAsked({ error: '', isAsking: true })
    try {
      setAnswer(await askSql(draft, stop.signal))
      setAsked({ error: '', isAsking: false })
    } catch (error) {
      setAsked({ error: stop.signal.aborted ? 'Cancelled' : messageOf(error), isAsking: false })
    }
  }
  // Whoever opens the link sees the answer.
  useEffect(() => {
    if (sql !== '') void run()
    return () => running.current?.abort()
  }, [])
  return (
    <>
      <Editor draft={draft} setDraft={setDraft} run={() => void run()} />
      <p class="tools">
        <button type="button" onClick={() => void run()}>
          Run (Ctrl+Enter)
        </button>
        {asked.isAsking && (
          <button type="button" onClick={() => running.current?.abort()}>
            Cancel
          </button>
        )}
        {files.map((format) => (
          <SaveLink address={addressOf(draft, format)} name={`wayward.${format}`}>
            {format}
          </SaveLink>
        ))}
        {Object.entries(examples).map(([name, text]) => (
          <button type="button" class="link" onClick={() => setDraft(text)}>
            {name}
          </button>
        ))}
      </p>
      {asked.error !== '' && (
        <p class="problem" role="alert">
          {visible(asked.error)}
        </p>
      )}
      {answer !== undefined && <Answer answer={answer} sql={draft} isOlder={asked.isAsking} />}
    </>
  )
}

function Answer({
  answer,
  isOlder,
  sql,
}: {
  readonly answer: RawAnswer
  readonly sql: string
  readonly isOlder: boolean
}) {
  const { chart } = state.value
  const { elapsed, rows_read: read } = answer.statistics
  return (
    <section class={isOlder ? 'older' : ''} aria-label="Answer">
      <p class="tools">
        <span class="quiet">
          {formatCount(answer.rows)} rows in {elapsed.toFixed(3)} s, of {formatCount(read)} that
          were read
        </span>
        {['', 'chart'].map((key) => (
          <button type="button" aria-pressed={chart === key} onClick={() => adjust({ chart: key })}>
            {key === '' ? 'table' : 'chart'}
          </button>
        ))}
      </p>
      {chart === 'chart' ? (
        <AnswerChart answer={answer} />
      ) : (
        <SortedTable table={toTable(answer, sql)} />
      )}
    </section>
  )
}

function addressOf(sql: string, format: string): string {
  return `/api/v1/sql?${new URLSearchParams({ sql, format }).toString()}`
}

async function askSql(sql: string, signal: AbortSignal): Promise<RawAnswer> {
  const response = await fetchAsMe(addressOf(sql, 'table'), signal)
  const body = (await response.json()) as RawAnswer & { readonly detail?: string }
  if (response.ok) return body
  throw new Error(body.detail ?? `The service answered ${response.status}`)
}

/** The first column names the places, all numbers are bars. */
function AnswerChart({ answer }: { readonly answer: RawAnswer }) {
  const rows = answer.data.slice(0, 500)
  const numbers = answer.meta.flatMap(({ name, type }, i) =>
    isNumber(type) && i > 0 ? [{ name, i }] : [],
  )
  const looks = ['busy', 'wait', 'held', 'queued']
  if (numbers.length === 0 || rows.length === 0) {
    return <p class="empty">A chart needs a column of numbers behind the first.</p>
  }
  return (
    <>
      {numbers.slice(0, 8).map(({ i, name }, n) => (
        <Chart
          title={visible(name)}
          series={[
            {
              name,
              look: looks[n % looks.length] ?? 'busy',
              form: 'bar',
              values: rows.map((row) => Number(row[i])),
            },
          ]}
          places={rows.length}
          formatPlace={(place) => visible(String(rows[place]?.[0]))}
          formatValue={(value) => value.toLocaleString('en-US')}
        />
      ))}
    </>
  )
}
