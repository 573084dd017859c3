// Stands between the collector and ClickHouse and spoils inserts: what networks, proxies and
// servers do on bad days.
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../collector/decode/random.ts'

/**
 * What is done to an insert.
 *
 * - `slow`: it is passed on after seconds.
 * - `html`, `error`: it is not passed on; the answer is a page with status 200, or a status of 500
 *   to 504.
 * - `html_after`: it is passed on, and the answer is that page.
 * - `cut_body`: half of it is passed on, then both connections break.
 * - `cut_answer`: it is passed on, and the connection breaks in the middle of the answer.
 * - `swallow`: it is passed on, and the connection breaks before the answer.
 * - `silent`: it is passed on, and there is never an answer.
 * - `exception`, `exception_after`: status 200 and then a ClickHouse exception; not passed on, or
 *   passed on.
 * - `lose`, `double`: the store itself is a liar. No collector can stand that: with these the test
 *   tests itself.
 */
export type ProxyFault =
  | 'slow'
  | 'html'
  | 'html_after'
  | 'error'
  | 'cut_body'
  | 'cut_answer'
  | 'swallow'
  | 'silent'
  | 'exception'
  | 'exception_after'
  | 'lose'
  | 'double'

export interface ClickhouseProxy {
  readonly port: number
  /** How often each was done. */
  readonly counts: ReadonlyMap<ProxyFault, number>
  /** Does one of these to an insert with this chance. */
  spoil(faults: readonly ProxyFault[], chance: number): void
  close(): void
}

const slowMsMax = 3000
const page = '<html><body>Please log in</body></html>'
const exception = 'Code: 241. DB::Exception: Query memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)\n'

export async function startClickhouseProxy(
  targetPort: number,
  random: Random,
): Promise<ClickhouseProxy> {
  let faults: readonly ProxyFault[] = []
  let chance = 0
  const counts = new Map<ProxyFault, number>()

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const insert: Insert = {
      path: request.url ?? '/',
      method: request.method ?? 'POST',
      headers: request.headers,
      body: Buffer.concat(chunks),
      targetPort,
    }
    const isSpoilt = isInsert(insert.path) && faults.length > 0 && random.chance(chance)
    if (!isSpoilt) return answer(response, await forward(insert))
    const fault = random.pick(faults)
    counts.set(fault, (counts.get(fault) ?? 0) + 1)
    await spoil(fault, insert, response, random)
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    counts,
    spoil(newFaults, newChance) {
      faults = newFaults
      chance = newChance
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

interface Insert {
  readonly path: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly targetPort: number
}

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

function isInsert(path: string): boolean {
  return new URL(path, 'http://proxy').searchParams.has('insert_deduplication_token')
}

async function spoil(
  fault: ProxyFault,
  insert: Insert,
  response: ServerResponse,
  random: Random,
): Promise<void> {
  switch (fault) {
    case 'slow':
      await sleep(random.below(slowMsMax))
      return answer(response, await forward(insert))
    case 'html_after':
      await forward(insert)
      return sendPage(response)
    case 'html':
      return sendPage(response)
    case 'error':
      response.writeHead(500 + random.below(5)).end('upstream is not well')
      return
    case 'cut_body':
      await forward(insert, Math.floor(insert.body.length / 2)).catch(() => undefined)
      response.destroy()
      return
    case 'cut_answer': {
      await forward(insert)
      response.writeHead(200, { 'X-ClickHouse-Summary': '{}', 'Content-Length': 1000 })
      response.write('half', () => response.destroy())
      return
    }
    case 'swallow':
      await forward(insert)
      response.destroy()
      return
    case 'silent':
      await forward(insert)
      return
    case 'exception_after':
      await forward(insert)
      return sendException(response)
    case 'exception':
      return sendException(response)
    case 'double':
      await forward({ ...insert, path: withOtherToken(insert.path) })
      return answer(response, await forward(insert))
    case 'lose':
      response.writeHead(200, { 'X-ClickHouse-Summary': '{}' }).end()
  }
}

function withOtherToken(path: string): string {
  const url = new URL(path, 'http://proxy')
  url.searchParams.set('insert_deduplication_token', `other-${Math.random()}`)
  return url.pathname + url.search
}

function sendPage(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/html' }).end(page)
}

function sendException(response: ServerResponse): void {
  response.writeHead(200, { 'X-ClickHouse-Summary': '{}' })
  response.write('\n', () => setTimeout(() => response.end(exception), 20))
}

function answer(response: ServerResponse, { status, headers, body }: Answer): void {
  const kept = { ...headers }
  delete kept['transfer-encoding']
  delete kept.connection
  response.writeHead(status, { ...kept, 'content-length': body.length }).end(body)
}

/** Passes an insert on, or its first bytes, after which the connection breaks. */
function forward(insert: Insert, bytesMax = Number.POSITIVE_INFINITY): Promise<Answer> {
  const { path, method, headers, body, targetPort: port } = insert
  const kept = { ...headers, 'content-length': String(body.length) }
  delete kept['transfer-encoding']
  delete kept.connection
  delete kept.host
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, method, headers: kept })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 500 } = response
        resolve({ status: statusCode, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    if (bytesMax >= body.length) request.end(body)
    else request.write(body.subarray(0, bytesMax), () => request.destroy(new Error('cut')))
  })
}
