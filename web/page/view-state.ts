// What is shown stands in the address: a link shows a colleague the same.
import { effect, signal } from '@preact/signals'

/** Pages, by their names in the address. */
export const views = {
  overview: 'Overview',
  timeline: 'Timeline',
  locks: 'Locks',
  queues: 'Queues',
  jobs: 'Jobs',
  traces: 'Traces',
  logs: 'Logs',
  metrics: 'Metrics',
  memory: 'Memory',
  files: 'Stats files',
  compare: 'Compare',
  sql: 'SQL',
  sessions: 'Sessions',
  status: 'Status',
} as const

/** A page. */
export type View = keyof typeof views

const nothing = {
  view: 'overview' as View,
  /** How long before now what is shown begins; empty for everything. */
  since: '',
  from: '',
  to: '',
  service: '',
  session: '',
  /** `local` shows times of the reader's zone. */
  zone: '',
  /** `on` asks again and again. */
  live: '',
  trace: '',
  text: '',
  /** Of the timeline: the chosen lane, moment and operation, an area, and what is pinned. */
  lane: '',
  at: '',
  pick: '',
  area: '',
  by: '',
  find: '',
  pins: '',
  /** What a table is sorted by; with a minus before it the largest first. */
  sort: '',
  /** The lock, queue, job or metric that is looked at. */
  name: '',
  analyzer: '',
  logger: '',
  severity: '',
  /** Of logs: `with` shows the events of Wayward itself as well. */
  own: '',
  /** Of traces: a condition in SQL. */
  where: '',
  span: '',
  status: '',
  longer: '',
  attribute: '',
  heat: '',
  sql: '',
  chart: '',
  group: '',
  quantity: '',
  other: '',
}

/** What the address says. */
export type ViewState = Readonly<typeof nothing>

/** What stays when another page is opened. */
const common = ['since', 'from', 'to', 'service', 'session', 'zone', 'live'] as const

function readAddress(): ViewState {
  const query = new URLSearchParams(location.search)
  const given = Object.fromEntries(
    Object.keys(nothing).map((key) => [key, query.get(key) ?? '']),
  ) as Record<keyof ViewState, string>
  const view = given.view in views ? (given.view as View) : 'overview'
  return { ...given, view }
}

/** What is shown now. */
export const state = signal<ViewState>(readAddress())

/** Shows something else; the browser's "back" comes back. */
export function show(change: Partial<ViewState>): void {
  const next = { ...state.peek(), ...change }
  history.pushState(null, '', addressOf(next))
  state.value = next
}

/** Shows something a little different, such as while zooming: "back" does not stop here. */
export function adjust(change: Partial<ViewState>): void {
  const next = { ...state.peek(), ...change }
  history.replaceState(null, '', addressOf(next))
  state.value = next
}

/** Another page for the same time, service and session. */
export function onPage(view: View, change: Partial<ViewState> = {}): ViewState {
  const kept = Object.fromEntries(common.map((key) => [key, state.value[key]]))
  return { ...nothing, ...kept, view, ...change }
}

/** Opens another page for the same time, service and session. */
export function open(view: View, change: Partial<ViewState> = {}): void {
  show(onPage(view, change))
}

/** The address of what would be shown. */
export function addressOf(wanted: ViewState): string {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(wanted) as [keyof ViewState, string][]) {
    if (value !== '' && !(key === 'view' && value === 'overview')) query.set(key, value)
  }
  const text = query.toString()
  return text === '' ? '/' : `/?${text}`
}

/** What the API is asked with. */
export function windowOf({ since, from, to, service, session }: ViewState): Record<string, string> {
  return { ...(from === '' ? { since } : { from, to }), service, session }
}

addEventListener('popstate', () => {
  state.value = readAddress()
})

effect(() => {
  const { name, view } = state.value
  document.title = `${name === '' ? '' : `${name} · `}${views[view]} – Wayward`
})
