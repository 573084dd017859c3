// The addresses by which the service, and what it receives, is watched.
import {
  type Access,
  createDoor,
  type Door,
  type Exchange,
  jsonReply,
  pause,
  type Reply,
  type Route,
  type Time,
} from '@wayward/base'
import type { CollectorLimits } from './limits.ts'
import type { LiveStreams } from './live/live-streams.ts'
import { createStreamRoute } from './live/stream-route.ts'
import { observeConnections, type Telemetry } from './telemetry/telemetry.ts'
import type { Tls } from './tls/tls.ts'

/**
 * Whether requests can be taken now: `reasons` is empty when they can. `warnings` say what is wrong
 * nevertheless.
 */
export interface Readiness {
  readonly reasons: readonly string[]
  readonly warnings: readonly string[]
}

export interface RoutesParts {
  readonly telemetry: Telemetry
  readonly checkReadiness: () => Promise<Readiness>
  /** Resolves when ClickHouse has everything that was acknowledged before. */
  readonly whenInserted: () => Promise<void>
  readonly streams: LiveStreams
  /** Where jobs are reported and asked for. */
  readonly jobRoutes: readonly Route[]
  readonly limits: CollectorLimits
  readonly access: Access
  readonly tls: Tls | undefined
  readonly time: Time
  /** Addresses of others on the same listener. @default none */
  readonly others?: readonly Route[]
}

/** Longest time for which `/inserted` keeps somebody waiting. */
const insertedWaitMsMax = 5_000

/** Creates the listener of the API. */
export function createRoutes(parts: RoutesParts): Door {
  const { access, telemetry, time, tls } = parts
  // Nothing here has a large body.
  const limits = { ...parts.limits, requestTimeoutMs: parts.limits.headersTimeoutMs }
  const door = createDoor({
    access,
    limits,
    time,
    tls,
    cors: undefined,
    refusesOtherSites: true,
    routes: [
      ...routesOf(parts).map((route) => ({ ...route, handle: uncached(route) })),
      createStreamRoute(parts),
      ...parts.jobRoutes,
      ...(parts.others ?? []),
    ],
    onRefused({ code }) {
      if (code === 'unauthenticated') telemetry.refusedPages.add(1)
    },
  })
  observeConnections(telemetry, 'api', door.connections)
  return door
}

interface Page extends Omit<Route, 'handle'> {
  handle(exchange: Exchange): Promise<Reply>
}

/**
 * Probes of Kubernetes can send neither a token from a secret nor a client certificate, and reading
 * commands have none: there everybody learns yes or no, and the reasons are for those who may know.
 */
function routesOf(parts: RoutesParts): readonly Page[] {
  const methods = ['GET', 'HEAD']
  return [
    {
      path: '/healthz',
      methods,
      isOpen: true,
      handle: () => Promise.resolve(jsonReply(200, { status: 'ok' })),
    },
    {
      path: '/readyz',
      methods,
      isOpen: true,
      handle: async ({ authorization }) =>
        readinessReply(await parts.checkReadiness(), authorization.status === 'allowed'),
    },
    {
      // What is acknowledged can be queried a moment later; this page is for those who cannot guess
      // how long a moment is.
      path: '/inserted',
      methods,
      isOpen: true,
      async handle() {
        const timer = new AbortController()
        const status = await Promise.race([
          parts.whenInserted().then(() => 'inserted' as const),
          pause(parts.time, insertedWaitMsMax, timer.signal).then(() => 'waiting' as const),
        ])
        timer.abort()
        return jsonReply(status === 'inserted' ? 200 : 503, { status })
      },
    },
    {
      path: '/metrics',
      methods,
      handle: () =>
        Promise.resolve({
          status: 200,
          contentType: 'text/plain; version=0.0.4; charset=utf-8',
          body: parts.telemetry.metrics.render(),
        }),
    },
  ]
}

function uncached(page: Page): (exchange: Exchange) => Promise<Reply> {
  return async (exchange) => {
    const reply = await page.handle(exchange)
    return { ...reply, headers: { ...reply.headers, 'Cache-Control': 'no-store' } }
  }
}

function readinessReply({ reasons, warnings }: Readiness, mayKnow: boolean): Reply {
  const isReady = reasons.length === 0
  return jsonReply(isReady ? 200 : 503, {
    status: isReady ? 'ready' : 'not_ready',
    ...(mayKnow && !isReady ? { reasons } : {}),
    ...(mayKnow && warnings.length > 0 ? { warnings } : {}),
  })
}
