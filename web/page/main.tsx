// The shell: navigation, what is looked at, and the page that was chosen.
import { render } from 'preact'
import type { Row, Table } from './ask.ts'
import { useAnswer } from './answered.tsx'
import { Logs } from './logs.tsx'
import { Overview } from './overview.tsx'
import { Sessions } from './sessions.tsx'
import { Timeline } from './timeline.tsx'
import { Traces } from './traces.tsx'
import { addressOf, show, state, type View, views } from './view-state.ts'

const ranges = {
  '': 'Everything',
  '5m': '5 min',
  '15m': '15 min',
  '1h': '1 hour',
  '1d': '1 day',
  '7d': '1 week',
}
const pages = {
  overview: Overview,
  timeline: Timeline,
  traces: Traces,
  logs: Logs,
  sessions: Sessions,
} as const

function Shell() {
  const { view, from } = state.value
  const Page = pages[view]
  return (
    <>
      <header>
        <a class="name" href="/" onClick={follow({ view: 'overview' })}>
          Wayward
        </a>
        <nav aria-label="Pages">
          {(Object.keys(views) as View[]).map((key) => (
            <a
              href={addressOf({ ...state.value, view: key })}
              aria-current={key === view ? 'page' : undefined}
              onClick={follow({ view: key })}
            >
              {views[key]}
            </a>
          ))}
        </nav>
        <Choices />
        <span class="ranges" role="group" aria-label="Time range">
          {Object.entries(ranges).map(([since, name]) => (
            <button
              type="button"
              aria-pressed={from === '' && state.value.since === since}
              onClick={() => show({ since, from: '', to: '' })}
            >
              {name}
            </button>
          ))}
        </span>
      </header>
      <main>
        <Page />
      </main>
    </>
  )
}

/** A link that needs no reload; with a modifier the browser does what it always does. */
function follow(change: Parameters<typeof show>[0]) {
  return (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    show(change)
  }
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
        {sessions.value?.rows.map((row) => (
          <option value={String(row['session'])}>{nameOf(row)}</option>
        ))}
      </select>
    </span>
  )
}

const root = document.querySelector('#page')
if (root !== null) {
  root.replaceChildren()
  render(<Shell />, root)
}
