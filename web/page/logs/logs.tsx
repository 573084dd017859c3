// Log records: any number of them, the latest first, by channel, severity and text; live when wanted.
import { useState } from 'preact/hooks'
import { messageOf, Shown, Sql, useAnswer } from '../answered.tsx'
import { ask, type Row, type Table, textOf } from '../ask.ts'
import { formatCount, formatTime, visible } from '../format.ts'
import { SortedTable } from '../tables/sorted-table.tsx'
import { VirtualRows } from '../tables/virtual-rows.tsx'
import { laneKey } from '../timeline/lanes.ts'
import { rfc3339 } from '../timeline/view.ts'
import { Attributes } from '../traces/span-details.tsx'
import { adjust, open, show, state, windowOf } from '../view-state.ts'
import { Channels } from './channels.tsx'
import { Live } from './live.tsx'

const rowHeight = 24
/** Records that are asked for at a time. */
const pageRows = 1000

const severities = { '': 'any severity', 5: 'DEBUG', 9: 'INFO', 13: 'WARN', 17: 'ERROR' } as const

/** The page of logs. */
export function Logs() {
  const { attribute, chart, live, logger, own, severity, text } = state.value
  const { session: _, ...window } = windowOf(state.value)
  const shownOwn = own === 'with' ? 'with' : 'without'
  const asked = { ...window, text, logger, severity, own: shownOwn }
  return (
    <>
      <p class="tools">
        <input
          type="search"
          aria-label="Text in the body"
          placeholder="Text in the body"
          value={text}
          onInput={(event) => adjust({ text: event.currentTarget.value })}
        />
        <select
          aria-label="Severity"
          value={severity}
          onChange={(event) => show({ severity: event.currentTarget.value })}
        >
          {Object.entries(severities).map(([key, name]) => (
            <option value={key}>{key === '' ? name : `${name} and above`}</option>
          ))}
        </select>
        <input
          aria-label="Attribute, as key=value"
          placeholder="key=value"
          value={attribute}
          onChange={(event) => show({ attribute: event.currentTarget.value })}
        />
        <button
          type="button"
          aria-pressed={own === 'with'}
          title="Snapshots of what is open, changes of jobs, ..."
          onClick={() => show({ own: own === 'with' ? '' : 'with' })}
        >
          Wayward's own events
        </button>
        {['', 'patterns'].map((key) => (
          <button type="button" aria-pressed={chart === key} onClick={() => show({ chart: key })}>
            {key === '' ? 'records' : key}
          </button>
        ))}
      </p>
      <div class="beside">
        <Channels asked={{ ...window, text, own: shownOwn }} />
        <div>
          {live === 'on' ? (
            <Live />
          ) : chart === 'patterns' ? (
            <Patterns asked={asked} />
          ) : (
            <Records asked={{ ...asked, attribute }} />
          )}
        </div>
      </div>
    </>
  )
}

function Records({ asked }: { readonly asked: Readonly<Record<string, string>> }) {
  const answered = useAnswer<Table>('logs', { ...asked, limit: String(pageRows) })
  return (
    <Shown answered={answered} what="log records">
      {(table) =>
        table.rows.length === 0 ? (
          <p class="empty">No record is like that. A longer time range may have some.</p>
        ) : (
          <Paged key={table.sql} asked={asked} first={table} />
        )
      }
    </Shown>
  )
}

/** Asks for older ones when the end comes into sight. */
function Paged({
  asked,
  first,
}: {
  readonly first: Table
  readonly asked: Readonly<Record<string, string>>
}) {
  const [older, setOlder] = useState<readonly Row[]>([])
  const [isWhole, setWhole] = useState(first.rows.length < pageRows)
  const [error, setError] = useState('')
  const [chosen, setChosen] = useState<Row | undefined>(undefined)
  const rows = [...first.rows, ...older]
  const more = async (): Promise<void> => {
    const oldest = rows.at(-1)
    if (isWhole || oldest === undefined) return
    setWhole(true)
    try {
      const { since: _, ...others } = asked
      // The same moment again, whose rows are known: there may be more of it.
      const to = rfc3339(nsOf(oldest) + 1n)
      const next = await ask<Table>(
        'logs',
        { ...others, from: asked['from'] ?? '', to, limit: String(pageRows) },
        new AbortController().signal,
      )
      const known = new Set(rows.slice(-pageRows).map((row) => JSON.stringify(row)))
      const fresh = next.rows.filter((row) => !known.has(JSON.stringify(row)))
      setOlder((before) => [...before, ...fresh])
      setWhole(fresh.length === 0)
    } catch (problem) {
      setError(messageOf(problem))
    }
  }
  return (
    <>
      <p class="quiet">
        {formatCount(rows.length)} records
        {isWhole ? '' : ' so far; scrolling down asks for older ones'}. {error}
      </p>
      <VirtualRows items={rows} rowHeight={rowHeight} label="Log records" onEnd={() => void more()}>
        {(row) => (
          <Record
            key={`${String(row['at'])} ${String(row['span_id'])} ${String(row['body']).length}`}
            row={row}
            isChosen={row === chosen}
            choose={setChosen}
          />
        )}
      </VirtualRows>
      {chosen !== undefined && <Details row={chosen} />}
      <Sql sql={first.sql} />
    </>
  )
}

function nsOf(row: Row): bigint {
  const text = String(row['at'])
  return BigInt(Date.parse(`${text.slice(0, 19)}Z`)) * 1_000_000n + BigInt(text.slice(20, 29))
}

function levelOf(severity: unknown): string {
  return Number(severity) >= 17 ? 'bad' : Number(severity) >= 13 ? 'warn' : ''
}

function Record({
  choose,
  isChosen,
  row,
}: {
  readonly row: Row
  readonly isChosen: boolean
  readonly choose: (row: Row) => void
}) {
  return (
    <div
      role="row"
      class={`log-row ${levelOf(row['severity'])} ${isChosen ? 'chosen' : ''}`}
      style={{ height: `${rowHeight}px` }}
      onClick={() => choose(row)}
    >
      <span role="cell">{formatTime(row['at'])}</span>
      <span role="cell">{visible(String(row['severity_text'] || row['severity']))}</span>
      <span role="cell">{visible(String(row['service']))}</span>
      <span role="cell">{visible(String(row['logger']))}</span>
      <span role="cell" class="body">
        <button type="button" class="link plain" onClick={() => choose(row)}>
          {visible(titleOf(row).slice(0, 500))}
        </button>
      </span>
    </div>
  )
}

/** The body, else the event with its attributes. */
function titleOf(row: Row): string {
  const [body, event] = [textOf(row, 'body'), textOf(row, 'event_name')]
  if (event === '' || body !== '') return event === '' ? body : `${event}: ${body}`
  const attributes = Object.entries(row['attributes'] as Readonly<Record<string, string>>)
  return `${event} ${attributes.map(([key, value]) => `${key}=${value}`).join(' ')}`
}

function Details({ row }: { readonly row: Row }) {
  const trace = String(row['trace_id'])
  const around = nsOf(row)
  const [from, to] = [rfc3339(around - 2_000_000_000n), rfc3339(around + 2_000_000_000n)]
  const lane = laneKey({ kind: 'log', service: String(row['service']), name: '' })
  return (
    <section class="properties" aria-label="Properties">
      <h2>
        {formatTime(row['at'], 9)} <small>{visible(String(row['logger']))}</small>{' '}
        {trace !== '' && (
          <button
            type="button"
            onClick={() => open('traces', { trace, span: String(row['span_id']) })}
          >
            trace
          </button>
        )}{' '}
        <button
          type="button"
          onClick={() => open('timeline', { since: '', from, to, lane, at: String(around) })}
        >
          timeline
        </button>
      </h2>
      <pre>{visible(String(row['body']))}</pre>
      <Attributes title="Attributes" value={row['attributes']} />
    </section>
  )
}

function Patterns({ asked }: { readonly asked: Readonly<Record<string, string>> }) {
  const answered = useAnswer<Table>('log-patterns', { ...asked, limit: '200' })
  return (
    <Shown answered={answered} what="patterns">
      {(table) => (
        <SortedTable
          table={table}
          name="Patterns"
          headline={['pattern', 'records', 'severity', 'services', 'last_at']}
          open={(row) => show({ chart: '', text: longestWords(String(row['pattern'])) })}
        />
      )}
    </Shown>
  )
}

/** Of a pattern, the longest part without numbers, which its records have in common. */
function longestWords(pattern: string): string {
  return (
    pattern
      .split('#')
      .toSorted((a, b) => b.length - a.length)[0]
      ?.trim() ?? ''
  )
}
