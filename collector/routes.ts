import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { limitHttpConnections } from '@wayward/clickhouse'
import { listen, type ListenAddress } from './listen-address.ts'
import type { Metrics } from './metrics.ts'

/** Whether requests can be served now; `reasons` is empty when they can. */
export type ReadinessCheck = () => Promise<{ readonly reasons: readonly string[] }>

/** The pages by which the service is watched. */
export interface Routes {
  /** @throws CollectorError */
  start(address: ListenAddress): Promise<ListenAddress>
  shutdown(): Promise<void>
}

export interface RoutesParts {
  readonly metrics: Metrics
  readonly checkReadiness: ReadinessCheck
  readonly connectionsMax: number
}

interface Page {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

export function createRoutes({ metrics, checkReadiness, connectionsMax }: RoutesParts): Routes {
  const pages: Readonly<Record<string, () => Promise<Page>>> = {
    '/healthz': () => Promise.resolve(jsonPage(200, { status: 'ok' })),
    '/readyz': async () => {
      const { reasons } = await checkReadiness()
      if (reasons.length === 0) return jsonPage(200, { status: 'ready' })
      return jsonPage(503, { status: 'not_ready', reasons })
    },
    '/metrics': () => {
      const contentType = 'text/plain; version=0.0.4; charset=utf-8'
      return Promise.resolve({ status: 200, contentType, body: metrics.render() })
    },
  }
  const server: Server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 })
  limitHttpConnections(server, connectionsMax)
  server.on('request', (request, response) => {
    answer(request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error)
      send(request, response, jsonPage(500, { status: 'failed', message }))
    })
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined)
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
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
    send(request, response, await page())
  }

  return {
    async start(address) {
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

function jsonPage(status: number, value: unknown): Page {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` }
}

function send(request: IncomingMessage, response: ServerResponse, page: Page): void {
  request.resume()
  if (response.headersSent) return
  response.writeHead(page.status, {
    'Content-Type': page.contentType,
    'Content-Length': Buffer.byteLength(page.body),
    'Cache-Control': 'no-store',
  })
  response.end(request.method === 'HEAD' ? undefined : page.body)
}
