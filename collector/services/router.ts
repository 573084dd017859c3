// The router, put together: before the pipeline where rules are set, and not there where none are.
import { jsonReply, type Logger, type Route, type Time } from '@wayward/base'
import type { ConsumeOutcome } from '../consumer.ts'
import type { TogetherConsumer } from '../jobs/clickhouse-store.ts'
import { createRouter, type Router } from '../router/router.ts'
import { RouterError, type RouterSettings } from '../router/router-settings.ts'
import { observeRouter } from '../router/router-stats.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** The router of a collector. */
export interface RouterService {
  /** Where receivers deliver: the router, or the pipeline itself. */
  readonly consumer: TogetherConsumer
  /** `GET /api/router`. */
  readonly routes: readonly Route[]
  /** @throws RouterError where the settings are wrong, or there is no router */
  reload(settings: RouterSettings): void
  /** Sends what waits, at most so long. */
  shutdown(deadlineMs: number): Promise<void>
}

/** What it works with. */
export interface RouterServiceParts {
  readonly telemetry: Telemetry
  readonly logger: Logger
  readonly time: Time
  /** The way of all data; undefined before the start. */
  pipeline(): TogetherConsumer | undefined
}

const notStarted: ConsumeOutcome = {
  status: 'unavailable',
  retryAfterMs: 1_000,
  message: 'The collector is starting',
}

/** Makes it. @throws RouterError where the settings are wrong */
export function createRouterService(
  set: { readonly settings: RouterSettings; readonly folder: string } | undefined,
  parts: RouterServiceParts,
): RouterService {
  const store: TogetherConsumer = {
    consume: (request) => parts.pipeline()?.consume(request) ?? Promise.resolve(notStarted),
    consumeTogether: (requests, blocks) =>
      parts.pipeline()?.consumeTogether(requests, blocks) ?? Promise.resolve(notStarted),
    whenInserted: () => parts.pipeline()?.whenInserted() ?? Promise.resolve(),
  }
  if (set === undefined) {
    // /metrics has all that there is, at 0 or without series.
    observeRouter(parts.telemetry.observe, () => undefined)
    return withoutRules(store)
  }
  const { folder, settings } = set
  const router = createRouter(settings, { ...parts, consumer: store, folder })
  observeRouter(parts.telemetry.observe, () => router.stats())
  return {
    consumer: router,
    routes: [createStatsRoute(router)],
    reload(next) {
      router.reload(next)
      router.reopen()
    },
    shutdown: (deadlineMs) => router.shutdown(deadlineMs),
  }
}

const withoutRulesMessage =
  'The service was started without rules; start it with --router <file>, see docs/router.md'

function withoutRules(store: TogetherConsumer): RouterService {
  return {
    consumer: store,
    routes: [
      {
        path: '/api/router',
        methods: ['GET'],
        handle: () => Promise.resolve({ code: 'not_found', message: withoutRulesMessage } as const),
      },
    ],
    reload() {
      throw new RouterError(withoutRulesMessage)
    },
    shutdown: () => Promise.resolve(),
  }
}

function createStatsRoute(router: Pick<Router, 'stats'>): Route {
  return {
    path: '/api/router',
    methods: ['GET'],
    handle: () => Promise.resolve(jsonReply(200, router.stats())),
  }
}
