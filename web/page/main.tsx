// The shell: navigation, what is looked at, and the page that was chosen.
import type { ComponentType } from 'preact'
import { render } from 'preact'
import type { Row, Table } from './ask.ts'
import { useAnswer } from './answered.tsx'
import { Compare } from './compare.tsx'
import { Logs } from './logs/logs.tsx'
import { Memory, Metrics } from './metrics/metrics.tsx'
import { Overview } from './overview.tsx'
import { Sessions } from './sessions.tsx'
import { Jobs, Locks, Queues } from './subjects/subjects.tsx'
import { Timeline } from './timeline/timeline.tsx'
import { SqlPage } from './sql/sql.tsx'
import { StatsFiles } from './stats-files/stats-files.tsx'
import { Status } from './status.tsx'
import { Traces } from './traces/traces.tsx'
import { TokenForm } from './token-form.tsx'
import { round } from './token.ts'
import { addressOf, onPage, open, show, state, type View, views } from './view-state.ts'

const ranges = {
  '': 'Everything',
  '5m': '5 min',
  '15m': '15 min',
  '1h': '1 hour',
  '1d': '1 day',
  '7d': '1 week',
}
const pages: Readonly<Record<View, ComponentType>> = {
  overview: Overview,
  timeline: Timeline,
  locks: Locks,
  queues: Queues,
  jobs: Jobs,
  traces: Traces,
  logs: Logs,
  metrics: Metrics,
  memory: Memory,
  files: StatsFiles,
  compare: Compare,
  sql: SqlPage,
  sessions: Sessions,
  status: Status,
}

function Shell() {
  const { view } = state.value
  const Page = pages[view]
  return (
    <>
      <a class="skip" href="#content">
        To the content
      </a>
      <header>
        <a class="name" href="/" onClick={follow('overview')}>
          Wayward
        </a>
        <nav aria-label="Pages">
          {(Object.keys(views) as View[]).map((key) => (
            <a
              href={addressOf(onPage(key))}
              aria-current={key === view ? 'page' : undefined}
              onClick={follow(key)}
            >
              {views[key]}
            </a>
          ))}
        </nav>
        <Choices />
        <Ranges />
      </header>
      <main id="content" key={view}>
        <TokenForm />
        <Page key={round.value} />
      </main>
    </>
  )
}

/** A link that needs no reload; with a modifier the browser does what it always does. */
function follow(view: View) {
  return (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    open(view)
  }
}

function Ranges() {
  const { from, live, since, to, zone } = state.value
  return (
    <span class="ranges" role="group" aria-label="Time range">
      {Object.entries(ranges).map(([key, name]) => (
        <button
          type="button"
          aria-pressed={from === '' && since === key}
          onClick={() => show({ since: key, from: '', to: '' })}
        >
          {name}
        </button>
      ))}
      {from !== '' && (
        <span class="quiet" title={`${from} to ${to}`}>
          {from.slice(5, 19).replace('T', ' ')} – {to.slice(5, 19).replace('T', ' ')}
        </span>
      )}
      <button
        type="button"
        aria-pressed={live === 'on'}
        title="Ask again every few seconds"
        onClick={() => show({ live: live === 'on' ? '' : 'on' })}
      >
        Live
      </button>
      <button
        type="button"
        aria-pressed={zone === 'local'}
        title="Times in your zone instead of UTC"
        onClick={() => show({ zone: zone === 'local' ? '' : 'local' })}
      >
        {zone === 'local' ? 'Local' : 'UTC'}
      </button>
      <button type="button" onClick={() => void navigator.clipboard.writeText(location.href)}>
        Copy link
      </button>
    </span>
  )
}

function Choices() {
  const { service, session } = state.value
  const services = useAnswer<Table>('services', {})
  const sessions = useAnswer<Table>('sessions', { service })
  const nameOf = (row: Row): string =>
    `${String(row['session']).slice(0, 24)} · ${String(row['first_at']).slice(5, 16).replace('T', ' ')}`
  return (
    <span class="choices">
      <select
        aria-label="Service"
        value={service}
        onChange={(event) => show({ service: event.currentTarget.value, session: '' })}
      >
        <option value="">all services</option>
        {services.value?.rows.map((row) => (
          <option value={String(row['service'])}>{String(row['service']) || '(no name)'}</option>
        ))}
      </select>
      <select
        aria-label="Session"
        value={session}
        onChange={(event) => show({ session: event.currentTarget.value })}
      >
        <option value="">all sessions</option>
        {session.includes('\n') && (
          <option value={session}>{session.split('\n').length} sessions</option>
        )}
        {sessions.value?.rows.slice(0, 500).map((row) => (
          <option value={String(row['session'])}>{nameOf(row)}</option>
        ))}
      </select>
    </span>
  )
}

const shortcuts: readonly View[] = [
  'overview',
  'timeline',
  'locks',
  'queues',
  'jobs',
  'traces',
  'logs',
  'metrics',
  'sql',
]

/** Alt and a digit open a page. */
addEventListener('keydown', (event) => {
  const view = event.altKey && !event.ctrlKey ? shortcuts[Number(event.key) - 1] : undefined
  if (view === undefined) return
  event.preventDefault()
  open(view)
})

const root = document.querySelector('#page')
if (root !== null) {
  root.replaceChildren()
  render(<Shell />, root)
}
