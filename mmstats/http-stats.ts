// Statistics of an HTTP server: how many requests ended how, how long they took, how many are
// under way.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AverageField, movingAverage } from './fields/average.ts'
import { type Counter, counter } from './fields/counter.ts'
import { type NumberField, uint } from './fields/number-field.ts'
import { createStats, type MmStats, type StatsSettings } from './model.ts'

/** The fields of a server's file, `requests.ok` and so on. */
export interface HttpFields {
  readonly requests: {
    /** Of all requests that have ended. */
    readonly count: Counter
    /** Status below 400. */
    readonly ok: Counter
    readonly '1xx': Counter
    readonly '2xx': Counter
    readonly '3xx': Counter
    readonly '4xx': Counter
    readonly '5xx': Counter
    /** Each also among `4xx`. */
    readonly '400': Counter
    readonly '401': Counter
    readonly '403': Counter
    readonly '404': Counter
    /** The client went away, or the server broke off. */
    readonly aborted: Counter
    /** Mean seconds of the last requests. */
    readonly time: AverageField
    readonly in_flight: NumberField
  }
}

/** What observes requests, in the forms that servers take. */
export interface HttpStats {
  readonly stats: HttpFields & MmStats
  /** Observes one request to its end; for `http` and whatever is built on it. */
  observe(request: IncomingMessage, response: ServerResponse): void
  /** A middleware of Express and Connect: `app.use(web.express)`. */
  readonly express: (request: IncomingMessage, response: ServerResponse, next: () => void) => void
  /** A hook of Fastify: `fastify.addHook('onRequest', web.fastify)`. */
  readonly fastify: (
    request: { readonly raw: IncomingMessage },
    reply: { readonly raw: ServerResponse },
    done: () => void,
  ) => void
}

function httpFields(): HttpFields {
  return {
    requests: {
      count: counter(),
      ok: counter(),
      '1xx': counter(),
      '2xx': counter(),
      '3xx': counter(),
      '4xx': counter(),
      '5xx': counter(),
      '400': counter(),
      '401': counter(),
      '403': counter(),
      '404': counter(),
      aborted: counter(),
      time: movingAverage(),
      in_flight: uint(),
    },
  }
}

/**
 * Makes the file of a server's statistics, and what keeps it up to date.
 *
 * @param settings - of the file
 * @returns the fields, and the middleware for `http`, Express and Fastify
 * @throws StatsFileError if the file cannot be made
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { createHttpStats } from '@wayward/mmstats'
 *
 * const web = createHttpStats({ prefix: 'web.' })
 * const server = createServer((request, response) => {
 *   web.observe(request, response)
 *   response.end('hello')
 * })
 * server.close()
 * web.stats.remove()
 * ```
 */
export function createHttpStats(settings: StatsSettings = {}): HttpStats {
  const stats = createStats(httpFields(), settings)
  const observe = (_: IncomingMessage, response: ServerResponse): void => {
    // A client that is gone already is told of no more.
    if (response.closed) return
    const start = performance.now()
    stats.requests.in_flight.value++
    response.once('close', () => {
      stats.requests.in_flight.value--
      countEnd(stats.requests, response, (performance.now() - start) / 1000)
    })
  }
  return {
    stats,
    observe,
    express: (request, response, next) => {
      observe(request, response)
      next()
    },
    fastify: (request, reply, done) => {
      observe(request.raw, reply.raw)
      done()
    },
  }
}

const classes = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const
const singled = { 400: '400', 401: '401', 403: '403', 404: '404' } as const

function countEnd(
  requests: HttpFields['requests'],
  { writableFinished, statusCode }: ServerResponse,
  seconds: number,
): void {
  requests.count.increment()
  requests.time.add(seconds)
  if (!writableFinished) {
    requests.aborted.increment()
    return
  }
  if (statusCode < 400) requests.ok.increment()
  const statusClass = classes[Math.floor(statusCode / 100) - 1]
  if (statusClass !== undefined) requests[statusClass].increment()
  if (isSingled(statusCode)) requests[singled[statusCode]].increment()
}

function isSingled(statusCode: number): statusCode is keyof typeof singled {
  return statusCode in singled
}
