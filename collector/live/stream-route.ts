// GET /api/stream: what is reported, while it is reported.
import type { Refusal, Route } from '@wayward/base'
import { EventStream, type EventStreamParts } from './event-stream.ts'
import { createFilter, FilterError, type LiveFilter, type LiveSelection } from './live-filter.ts'
import type { LiveStreams } from './live-streams.ts'

export interface StreamRouteParts extends EventStreamParts {
  readonly streams: LiveStreams
}

const selectionKeys = ['service', 'kind', 'where'] as const
/** May be there several times. */
const sessionKey = 'session'
const sessionsMax = 1_000
/** For clients that cannot set the header `Last-Event-ID`. */
const resumeKey = 'lastEventId'
const fullRetryMs = 5_000

/** The address at which streams are opened. */
export function createStreamRoute(parts: StreamRouteParts): Route {
  return {
    path: '/api/stream',
    methods: ['GET'],
    handle: ({ query, request, response }) => {
      const filter = toFilter(query)
      if (typeof filter !== 'function') return Promise.resolve(filter)
      const given = request.headers['last-event-id'] ?? query.get(resumeKey) ?? undefined
      const lastEventId = typeof given === 'string' && given !== '' ? given : undefined
      const stream = new EventStream(response, parts)
      const leave = parts.streams.watch(
        { filter, ...(lastEventId === undefined ? {} : { lastEventId }) },
        stream,
      )
      if (leave === undefined) return Promise.resolve(refuseMore(parts))
      stream.open(leave)
      return Promise.resolve(undefined)
    },
  }
}

function toFilter(query: URLSearchParams): LiveFilter | Refusal {
  const known = ['service', sessionKey, 'kind', 'where', resumeKey]
  for (const key of query.keys()) {
    if (known.includes(key)) continue
    const message = `The parameter "${key}" is not known; there are ${known.join(', ')}`
    return { code: 'malformed', message }
  }
  const selection: LiveSelection = Object.fromEntries(
    selectionKeys.flatMap((key) => {
      const value = query.get(key)
      return value === null || value === '' ? [] : [[key, value]]
    }),
  )
  const sessions = query.getAll(sessionKey).filter((session) => session !== '')
  if (sessions.length > sessionsMax) {
    const message = `${sessions.length} sessions are named; wanted at most ${sessionsMax}`
    return { code: 'malformed', message }
  }
  try {
    return createFilter({ ...selection, ...(sessions.length === 0 ? {} : { sessions }) })
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    return { code: 'malformed', message: error.message }
  }
}

function refuseMore({ limits, streams }: StreamRouteParts): Refusal {
  return {
    code: 'overloaded',
    message:
      `There are ${streams.watchers} streams, as many as may be (limit live-watchers-max, ` +
      `${limits.liveWatchersMax}); close one, or try again later`,
    retryAfterMs: fullRetryMs,
  }
}
