// The shop's pages. Their spans come from the plain OpenTelemetry API; what happens under a lock or
// in a queue meanwhile is reported by Wayward and nests below them.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
} from '@opentelemetry/semantic-conventions'
import type { Reporter } from '@wayward/sdk'
import type { Warehouse } from './warehouse.ts'

export interface ShopServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string
  close(): Promise<void>
}

const tracer = trace.getTracer('shop')

export async function startServer(warehouse: Warehouse, reporter: Reporter): Promise<ShopServer> {
  const pages: Readonly<Record<string, () => Promise<string>>> = {
    'GET /products': async () => {
      await warehouse.browse()
      warehouse.makeThumbnail()
      return 'mugs, shirts, stickers'
    },
    'POST /checkout': async () => {
      await warehouse.sell()
      warehouse.sendEmail()
      reporter.log({ body: 'An order was placed', severity: SeverityNumber.INFO })
      return 'thank you'
    },
  }
  const server = createServer((request, response) => {
    // Never rejects: failures become the span's status and a page with status 500.
    void serveTraced(pages, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The server has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.closeIdleConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function serveTraced(
  pages: Readonly<Record<string, () => Promise<string>>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const route = `${request.method ?? ''} ${request.url ?? ''}`
  const page = pages[route]
  const parent = propagation.extract(context.active(), request.headers)
  const attributes = {
    [ATTR_HTTP_REQUEST_METHOD]: request.method ?? '',
    [ATTR_HTTP_ROUTE]: request.url ?? '',
  }
  await tracer.startActiveSpan(
    route,
    { kind: SpanKind.SERVER, attributes },
    parent,
    async (span) => {
      try {
        response.statusCode = page === undefined ? 404 : 200
        response.end(page === undefined ? 'not found' : await page())
      } catch (error) {
        span.setStatus({ code: SpanStatusCode.ERROR, message: String(error) })
        response.statusCode = 500
        response.end()
      } finally {
        span.setAttribute(ATTR_HTTP_RESPONSE_STATUS_CODE, response.statusCode)
        span.end()
      }
    },
  )
}
