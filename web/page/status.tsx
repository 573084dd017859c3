// The collector itself: what comes in, what waits, what was refused and lost, and what the disk holds.
import { useEffect, useState } from 'preact/hooks'
import { messageOf, Shown, useAnswer } from './answered.tsx'
import type { Table } from './ask.ts'
import { formatBytes, formatCount, visible } from './format.ts'
import { SortedTable } from './tables/sorted-table.tsx'
import { fetchAsMe } from './token.ts'
import { state, windowOf } from './view-state.ts'

const everyMs = 3000

/** The page of the service. */
export function Status() {
  const { service: _, session: __, ...window } = windowOf(state.value)
  const stored = useAnswer<Table>('stored', {})
  const ledger = useAnswer<Table>('ledger', window)
  return (
    <>
      <Counters />
      <h2>Refused, dropped, lost</h2>
      <Shown answered={ledger} what="the ledger">
        {(table) =>
          table.rows.length === 0 ? (
            <p class="empty">Nothing was refused, dropped or lost in this time.</p>
          ) : (
            <SortedTable table={table} name="Ledger" />
          )
        }
      </Shown>
      <h2>Stored</h2>
      <Shown answered={stored} what="the tables">
        {(table) => {
          const [first] = table.rows
          return (
            <>
              {first !== undefined && (
                <p>
                  {formatBytes(table.rows.reduce((sum, row) => sum + Number(row['bytes']), 0))} in{' '}
                  {table.rows.length} tables; {formatBytes(Number(first['disk_free']))} of{' '}
                  {formatBytes(Number(first['disk_total']))} are free.
                </p>
              )}
              <SortedTable
                table={table}
                name="Tables"
                headline={['table', 'rows', 'bytes', 'parts', 'oldest', 'newest']}
              />
            </>
          )
        }}
      </Shown>
    </>
  )
}

interface Sample {
  readonly atMs: number
  readonly values: ReadonlyMap<string, number>
}

/** Counters of /metrics, and how fast they grow. */
function Counters() {
  const [[before, now], setSamples] = useState<readonly [Sample | undefined, Sample | undefined]>([
    undefined,
    undefined,
  ])
  const [error, setError] = useState('')
  const [find, setFind] = useState('')
  useEffect(() => {
    const gone = new AbortController()
    const look = async (): Promise<void> => {
      if (document.hidden) return
      try {
        const response = await fetchAsMe('/metrics', gone.signal)
        const sample = { atMs: performance.now(), values: read(await response.text()) }
        setSamples(([, last]) => [last, sample])
        setError('')
      } catch (problem) {
        if (!gone.signal.aborted) setError(messageOf(problem))
      }
    }
    void look()
    const timer = setInterval(() => void look(), everyMs)
    return () => {
      gone.abort()
      clearInterval(timer)
    }
  }, [])
  const rows = [...(now?.values ?? [])].filter(([name]) => name.includes(find))
  return (
    <>
      <h2>Counters of the service</h2>
      {error !== '' && (
        <p class="problem" role="alert">
          The service does not answer: {error}
        </p>
      )}
      <p class="tools">
        <input
          type="search"
          aria-label="Find a counter"
          placeholder="Find a counter"
          value={find}
          onInput={(event) => setFind(event.currentTarget.value)}
        />
        <span class="quiet">of /metrics, every {everyMs / 1000} s</span>
      </p>
      <div class="scrolled" tabIndex={0}>
        <table aria-label="Counters">
          <thead>
            <tr>
              <th>Counter</th>
              <th class="number">Value</th>
              <th class="number">Per second</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, value]) => (
              <tr>
                <td>{visible(titleOf(name))}</td>
                <td class="number">{formatCount(value)}</td>
                <td class="number">{rateOf(name, value, before, now)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}

/** The text format of Prometheus; histograms by their counts and sums only. */
function read(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [, name = '', value] = /^([a-zA-Z_:][^ ]*(?:\{.*\})?) (\S+)$/.exec(line) ?? []
    if (value !== undefined && !name.includes('_bucket{')) found.set(name, Number(value))
  }
  return found
}

/** A name in words; its labels as they are. */
function titleOf(name: string): string {
  const [words = '', ...labels] = name.split('{')
  const text = words.replace(/^wayward_/, '').replaceAll('_', ' ')
  return labels.length === 0 ? text : `${text} {${labels.join('{')}`
}

function rateOf(
  name: string,
  value: number,
  before: Sample | undefined,
  now: Sample | undefined,
): string {
  const last = before?.values.get(name)
  if (last === undefined || before === undefined || now === undefined || value === last) return ''
  return Number((((value - last) * 1000) / (now.atMs - before.atMs)).toPrecision(3)).toLocaleString(
    'en-US',
  )
}
