// What is shown stands in the address: a link shows a colleague the same.
import { effect, signal } from '@preact/signals'

/** Pages, by their names in the address. */
export const views = {
  overview: 'Overview',
  timeline: 'Timeline',
  traces: 'Traces',
  logs: 'Logs',
  sessions: 'Sessions',
} as const

/** A page. */
export type View = keyof typeof views

/** What the address says. */
export interface ViewState {
  readonly view: View
  readonly since: string
  readonly from: string
  readonly to: string
  readonly service: string
  readonly session: string
  readonly trace: string
  readonly text: string
  readonly lane: string
}

const nothing: ViewState = {
  view: 'overview',
  since: '',
  from: '',
  to: '',
  service: '',
  session: '',
  trace: '',
  text: '',
  lane: '',
}

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
  document.title = `${views[state.value.view]} – Wayward`
})
