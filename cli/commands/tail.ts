// `wayward tail`: what is reported, while it is reported.
import { formatDuration } from '@wayward/analyzers'
import { clip, visible } from '@wayward/analyzers/report/table'
import type { LiveItem } from '@wayward/collector'
import { setTimeout as sleep } from 'node:timers/promises'
import { CommandError, exitCodes } from '../command-error.ts'
import type { tailFields } from '../configuration/fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { readEndpoints } from '../endpoints.ts'
import { EventSourceError, openEventSource, readEvents, type ServerEvent } from '../event-source.ts'
import type { Terminal } from '../terminal.ts'

type TailValues = Resolved<typeof tailFields>

/** Between the end of a stream and the next try. */
const retryMs = 1_000
/** Of a field on a line for people. */
const fieldCharactersMax = 300
const attributesMax = 64
/** Statuses after which another try can succeed. */
const passing: ReadonlySet<number | undefined> = new Set([undefined, 429, 502, 503, 504])

/** Shows items until a signal comes. @throws CommandError where the stream cannot be opened */
export async function tail(terminal: Terminal, values: TailValues): Promise<void> {
  const signal = terminal.catchSignals()
  const state = { lastEventId: '', hasBegun: false, isAway: false }
  while (!signal.aborted) {
    try {
      await showStream(terminal, values, state, signal)
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof EventSourceError)) throw error
      // What ran a moment ago may come back; what never answered is a wrong address.
      if (!state.hasBegun || !passing.has(error.status)) throw toCommandError(error, values)
    }
    if (signal.aborted) return
    if (!state.isAway) terminal.note('The stream has ended; waiting for the service to come back')
    state.isAway = true
    await sleep(retryMs, undefined, { signal }).catch(() => {})
  }
}

interface State {
  lastEventId: string
  hasBegun: boolean
  /** Whether the person knows that there is no stream. */
  isAway: boolean
}

async function showStream(
  terminal: Terminal,
  values: TailValues,
  state: State,
  signal: AbortSignal,
): Promise<void> {
  const { lastEventId } = state
  const stream = await openEventSource({
    url: streamUrl(values),
    token: values.apiToken,
    lastEventId,
    signal,
    // The certificate of the folder's service need not be for the address at which it listens.
    isVerified: values.apiUrl !== undefined,
  })
  if (state.isAway) terminal.note('The stream goes on')
  state.hasBegun = true
  state.isAway = false
  for await (const event of readEvents(stream)) {
    if (event.lastEventId !== '') state.lastEventId = event.lastEventId
    await showEvent(terminal, values, event)
  }
}

function streamUrl({ apiUrl, dataDir, kind, service, session, where }: TailValues): URL {
  const api = apiUrl ?? readEndpoints(dataDir)?.api
  if (api === undefined) {
    throw new EventSourceError(`No service runs in "${dataDir}"`)
  }
  const url = new URL('/api/stream', api)
  for (const [name, value] of Object.entries({ kind, service, where })) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  for (const one of session ?? []) url.searchParams.append('session', one)
  return url
}

async function showEvent(
  terminal: Terminal,
  { format }: TailValues,
  { data, name }: ServerEvent,
): Promise<void> {
  if (name === 'message') {
    await terminal.write(format === 'json' ? `${data}\n` : lineOf(terminal, toItem(data)))
    return
  }
  const told = wordsOf(name, data)
  if (told !== undefined) terminal.note(told)
}

function toItem(data: string): LiveItem {
  // The service wrote it as such.
  return JSON.parse(data) as LiveItem
}

/** What the stream says of itself. */
function wordsOf(name: string, data: string): string | undefined {
  const facts = JSON.parse(data) as Readonly<Record<string, string | number | undefined>>
  if (name === 'dropped')
    return `${facts['items']} items were dropped: they came faster than they were taken`
  if (name === 'missed') return `${facts['rows']} rows were not looked at: they came too fast`
  if (name !== 'gap') return undefined
  const reason =
    facts['reason'] === 'restarted' ? 'the service was started again' : 'it is too long ago'
  return `What came after ${facts['since'] ?? 'the last item'} is not shown (${reason}); it is stored`
}

function lineOf(terminal: Terminal, item: LiveItem): string {
  const { style } = terminal
  const { attributes, body, durationNs, kind, name, service, severity, signal, status } = item
  const parts = [
    style.dim(item.time.slice('2026-01-01T'.length, -'000Z'.length)),
    shown(service),
    shown(kind ?? signal),
    name === undefined ? '' : style.bold(shown(name)),
    durationNs === undefined ? '' : formatDuration(durationNs),
    item.value === undefined
      ? ''
      : `${item.value}${item.unit === undefined ? '' : ` ${shown(item.unit)}`}`,
    severity === undefined ? '' : shown(severity),
    status === 'Error' ? style.severity('Error', 100) : '',
    item.statusMessage === undefined ? '' : shown(item.statusMessage),
    body === undefined ? '' : shown(body),
    style.dim(
      Object.entries(attributes)
        .slice(0, attributesMax)
        .filter(([, value]) => value !== kind)
        .map(([key, value]) => `${shown(key)}=${shown(value)}`)
        .join(' '),
    ),
  ]
  return `${parts.filter((part) => part !== '').join('  ')}\n`
}

/** A text of somebody else's on a line: the whole is in the JSON. */
function shown(text: string): string {
  return visible(clip(text, fieldCharactersMax))
}

function toCommandError(error: EventSourceError, values: TailValues): CommandError {
  const { message, status } = error
  const options = { cause: error, page: 'live.md' } as const
  if (status === 400) return new CommandError(exitCodes.usage, message, options)
  if (status === 401) {
    const cure = 'give a token with WAYWARD_API_TOKEN'
    return new CommandError(exitCodes.store, `${message}; ${cure}`, options)
  }
  const cure =
    values.apiUrl === undefined
      ? 'start one with "wayward serve", or name one with --api-url'
      : 'check --api-url'
  return new CommandError(exitCodes.store, `${message}; ${cure}`, options)
}
