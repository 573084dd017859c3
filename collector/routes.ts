import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import {
  isHostServed,
  limitHttpConnections,
  type ListenAddress,
  pathOf,
  pause,
  type Time,
} from '@wayward/base'
import type { Access, Authorization } from './access/access.ts'
import { createHttpAccess } from './access/http-access.ts'
import type { CollectorLimits } from './limits.ts'
import { listen } from './access/listen-address.ts'
import { observeConnections, type Telemetry } from './telemetry/telemetry.ts'
import { createServer } from './tls/http-server.ts'
import type { Tls } from './tls/tls.ts'

/**
 * Whether requests can be taken now: `reasons` is empty when they can. `warnings` say what is wrong
 * nevertheless.
 */
export interface Readiness {
  readonly reasons: readonly string[]
  readonly warnings: readonly string[]
}

export type ReadinessCheck = () => Promise<Readiness>

/** The pages by which the service is watched. */
export interface Routes {
  /** @throws CollectorError */
  start(address: ListenAddress): Promise<ListenAddress>
  shutdown(): Promise<void>
}

export interface RoutesParts {
  readonly telemetry: Telemetry
  readonly checkReadiness: ReadinessCheck
  /** Resolves when ClickHouse has everything that was acknowledged before. */
  readonly whenInserted: () => Promise<void>
  readonly limits: Pick<
    CollectorLimits,
    'connectionsMax' | 'answerTimeoutMs' | 'headersTimeoutMs' | 'headerBytesMax'
  >
  readonly access: Access
  readonly tls: Tls | undefined
  readonly time: Time
}

/** Longest time for which `/inserted` keeps somebody waiting. */
const insertedWaitMsMax = 5_000

interface Page {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Probes of Kubernetes can send neither a token from a secret nor a client certificate, and reading
 * commands have none: here everybody learns yes or no, and the reasons are for those who may know.
 */
const openPages: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/inserted'])

type PageMaker = (authorization: Authorization) => Promise<Page>

export function createRoutes(parts: RoutesParts): Routes {
  const { telemetry, limits, tls } = parts
  const pages: Readonly<Record<string, PageMaker>> = {
    '/healthz': () => Promise.resolve(jsonPage(200, { status: 'ok' })),
    '/readyz': async ({ status }) => readinessPage(await parts.checkReadiness(), status),
    // What is acknowledged can be queried a moment later; this page is for those who cannot guess
    // how long a moment is.
    '/inserted': async () => {
      const timer = new AbortController()
      const status = await Promise.race([
        parts.whenInserted().then(() => 'inserted' as const),
        pause(parts.time, insertedWaitMsMax, timer.signal).then(() => 'waiting' as const),
      ])
      timer.abort()
      return jsonPage(status === 'inserted' ? 200 : 503, { status })
    },
    '/metrics': () => {
      const contentType = 'text/plain; version=0.0.4; charset=utf-8'
      return Promise.resolve({ status: 200, contentType, body: telemetry.metrics.render() })
    },
  }
  const authorize = createHttpAccess(parts.access)
  const server: Server = createServer(
    {
      requestTimeout: limits.headersTimeoutMs,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, 1_000),
      maxHeaderSize: limits.headerBytesMax,
    },
    tls,
  )
  observeConnections(telemetry, 'api', limitHttpConnections(server, limits))
  server.on('request', (request, response) => {
    answer(request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      send(request, response, jsonPage(500, { status: 'failed', message }))
    })
  })

  let listenHost = ''

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined)
    // Who must show a token or a certificate was not misled by a page.
    if (!parts.access.isRestricted && !isHostServed(request.headers.host, listenHost)) {
      send(request, response, foreignHostPage(request.headers.host))
      return
    }
    const path = pathOf(request)
    const page = pages[path]
    if (page === undefined || !Object.hasOwn(pages, path)) {
      const message = `There is no "${path}" here; there are ${Object.keys(pages).join(', ')}`
      send(request, response, jsonPage(404, { status: 'not_found', message }))
      return
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      const message = `The method is ${request.method ?? ''}; send GET or HEAD`
      response.setHeader('Allow', 'GET, HEAD')
      send(request, response, jsonPage(405, { status: 'wrong_method', message }))
      return
    }
    const authorization = authorize(request)
    const isRefused = authorization.status === 'refused' && !openPages.has(path)
    if (isRefused) telemetry.refusedPages.add(1)
    const answered = isRefused ? refusalPage(authorization) : await page(authorization)
    send(request, response, answered)
  }

  return {
    async start(address) {
      listenHost = address.host
      const bound = await listen(server, address, '--api')
      server.on('error', () => {
        // Concerns a single connection; the service goes on.
      })
      return bound
    },
    async shutdown() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function foreignHostPage(host: string | undefined): Page {
  const message = `The Host "${host}" is not this machine: ask for localhost or 127.0.0.1`
  return jsonPage(403, { status: 'foreign_host', message })
}

function jsonPage(status: number, value: unknown): Page {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` }
}

function readinessPage(
  { reasons, warnings }: Readiness,
  authorization: Authorization['status'],
): Page {
  const isReady = reasons.length === 0
  const details =
    authorization === 'refused'
      ? {}
      : {
          ...(isReady ? {} : { reasons }),
          ...(warnings.length === 0 ? {} : { warnings }),
        }
  return jsonPage(isReady ? 200 : 503, { status: isReady ? 'ready' : 'not_ready', ...details })
}

function refusalPage({
  message,
  challenge,
}: Extract<Authorization, { readonly status: 'refused' }>): Page {
  const headers: Record<string, string> = challenge === '' ? {} : { 'WWW-Authenticate': challenge }
  return { ...jsonPage(401, { status: 'unauthenticated', message }), headers }
}

function send(request: IncomingMessage, response: ServerResponse, page: Page): void {
  request.resume()
  if (response.headersSent) return
  response.writeHead(page.status, {
    'Content-Type': page.contentType,
    'Content-Length': Buffer.byteLength(page.body),
    'Cache-Control': 'no-store',
    ...page.headers,
  })
  response.end(request.method === 'HEAD' ? undefined : page.body)
}
