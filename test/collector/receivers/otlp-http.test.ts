import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { formats } from './compression-formats.ts'
import type { CollectorLimits } from '@wayward/collector'
import { createOtlpHttpReceiver } from '@wayward/collector/receivers/otlp-http'
import { afterEach, describe, expect, test } from 'vitest'
import { type ReceiverHarness, startReceiver } from '../receiver-harness.ts'
import { decodeExportResponse, decodeStatus } from './rpc-status.ts'

const protobufType = 'application/x-protobuf'
const harnesses: ReceiverHarness[] = []

async function start(limits: Partial<CollectorLimits> = {}): Promise<ReceiverHarness> {
  const harness = await startReceiver(createOtlpHttpReceiver, limits)
  harnesses.push(harness)
  return harness
}

afterEach(async () => {
  await Promise.all(harnesses.splice(0).map(({ receiver }) => receiver.shutdown(0)))
})

function post(
  { port }: ReceiverHarness,
  path: string,
  headers: Record<string, string>,
  body: Uint8Array | string,
): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, {
    method: 'POST',
    headers,
    body: Buffer.from(body),
  })
}

/**
 * Sends bytes as they are and returns all that comes back until the connection ends or `ms` are
 * over.
 */
function exchange(port: number, write: (socket: Socket) => void, ms = 2_000): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    const timer = setTimeout(() => socket.destroy(), ms)
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(received)
    })
    socket.on('connect', () => write(socket))
  })
}

describe('accepts', () => {
  test('the target as a whole URL, as proxies send it', async () => {
    const { port, consumer } = await start()
    const head =
      `POST http://localhost:${port}/v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n` +
      `Content-Type: ${protobufType}\r\nContent-Length: 1\r\n\r\nx`
    expect(await exchange(port, (socket) => socket.write(head))).toMatch(/^HTTP\/1\.1 200 /)
    expect(consumer.requests).toHaveLength(1)
  })

  test('no request of a page that gives its own name the address of this machine', async () => {
    const { port, consumer } = await start()
    const head =
      'POST /v1/traces HTTP/1.1\r\nHost: 127.evil.com\r\nConnection: close\r\n' +
      `Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`
    const seen = await exchange(port, (socket) => socket.write(head))
    expect(seen).toMatch(/^HTTP\/1\.1 403 /)
    expect(seen).toContain('The Host \\"127.evil.com\\" is not this machine')
    expect(consumer.requests).toEqual([])
  })

  test.each([
    ['/v1/traces', 'traces', protobufType, 'protobuf'],
    ['/v1/logs', 'logs', protobufType, 'protobuf'],
    ['/v1/metrics', 'metrics', protobufType, 'protobuf'],
    ['/v1/traces', 'traces', 'application/json', 'json'],
    ['/v1/metrics', 'metrics', 'application/json', 'json'],
    ['/v1/logs', 'logs', 'APPLICATION/JSON; charset=utf-8', 'json'],
    ['/v1/traces?x=1', 'traces', 'Application/X-Protobuf ', 'protobuf'],
  ])('%s as %s in %s', async (path, signal, contentType, encoding) => {
    const harness = await start()
    const response = await post(harness, path, { 'content-type': contentType }, 'body')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe(
      encoding === 'json' ? 'application/json' : protobufType,
    )
    expect(await response.text()).toBe(encoding === 'json' ? '{}' : '')
    expect(harness.consumer.requests).toEqual([{ signal, encoding, body: Buffer.from('body') }])
    const labels = `{receiver="otlp_http",signal="${signal}"`
    expect(harness.metric(`wayward_requests_total${labels},status="accepted"}`)).toBe(1)
    expect(harness.metric(`wayward_received_bytes_total${labels}}`)).toBe(4)
  })

  test.each(['gzip', 'GZIP', ' gzip '])('content encoding %j', async (encoding) => {
    const harness = await start()
    const headers = { 'content-type': protobufType, 'content-encoding': encoding }
    const response = await post(harness, '/v1/traces', headers, gzipSync('inflated'))
    expect(response.status).toBe(200)
    expect(harness.consumer.requests[0]?.body.toString()).toBe('inflated')
  })

  const named = formats.flatMap((format) =>
    format.httpNames.map((header): [string, string, typeof format] => [
      header,
      format.name,
      format,
    ]),
  )
  test.each(named)('content encoding %s (%s), and no bomb in it', async (header, _name, format) => {
    const harness = await start({ requestBytesMax: 100_000 })
    const headers = { 'content-type': protobufType, 'content-encoding': header }
    const send = async (bytes: Buffer): Promise<number> => {
      const response = await post(harness, '/v1/traces', headers, await format.compress(bytes))
      return response.status
    }
    expect(await send(Buffer.from('inflated'))).toBe(200)
    expect(await send(Buffer.alloc(100_001))).toBe(413)
    expect(await send(Buffer.alloc(1_500_000))).toBe(413)
    const cut = (await format.compress(Buffer.from('inflated'))).subarray(0, -3)
    expect((await post(harness, '/v1/traces', headers, cut)).status).toBe(400)
    expect(harness.consumer.requests.map(({ body }) => body.toString())).toEqual(['inflated'])
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })

  test('an empty request', async () => {
    const harness = await start()
    const response = await post(harness, '/v1/traces', { 'content-type': protobufType }, '')
    expect(response.status).toBe(200)
    expect(harness.consumer.requests).toHaveLength(1)
  })

  test('a body in many chunks, and the next request on the same connection', async () => {
    const harness = await start()
    const head = `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${protobufType}\r\n`
    const text = await exchange(
      harness.port,
      (socket) => {
        socket.write(`${head}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`)
        socket.write(
          `3\r\ndef\r\n0\r\n\r\n${head}Content-Length: 3\r\nConnection: close\r\n\r\nxyz`,
        )
      },
      5_000,
    )
    expect(text.match(/HTTP\/1.1 200/g)).toHaveLength(2)
    expect(harness.consumer.requests.map(({ body }) => body.toString())).toEqual(['abcdef', 'xyz'])
  })

  test('a body that is announced with Expect: 100-continue', async () => {
    const harness = await start()
    const text = await exchange(harness.port, (socket) => {
      socket.write(
        `POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${protobufType}\r\nContent-Length: 3\r\n` +
          'Expect: 100-continue\r\nConnection: close\r\n\r\n',
      )
      socket.once('data', () => socket.write('abc'))
    })
    expect(text).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/)
  })
})

describe('answers the outcome', () => {
  test('of a partial success in the encoding of the request', async () => {
    const harness = await start()
    const partial = {
      status: 'accepted',
      acceptedItems: 2,
      rejectedItems: 3,
      message: 'bad id',
    } as const
    harness.consumer.outcomes.push(partial, partial)
    const protobuf = await post(harness, '/v1/traces', { 'content-type': protobufType }, 'x')
    expect(protobuf.status).toBe(200)
    const bytes = new Uint8Array(await protobuf.arrayBuffer())
    expect(decodeExportResponse(bytes)).toEqual({ rejected: 3, errorMessage: 'bad id' })
    const json = await post(harness, '/v1/logs', { 'content-type': 'application/json' }, 'x')
    expect(await json.json()).toEqual({
      partialSuccess: { rejectedLogRecords: '3', errorMessage: 'bad id' },
    })
    expect(harness.metric('wayward_refused_items_total{receiver="otlp_http",signal="logs"}')).toBe(
      3,
    )
    expect(harness.metric('wayward_accepted_items_total{receiver="otlp_http",signal="logs"}')).toBe(
      2,
    )
  })

  test('malformed as 400 and overloaded as 429 with Retry-After', async () => {
    const harness = await start()
    harness.consumer.outcomes.push(
      { status: 'malformed', message: 'Truncated' },
      { status: 'overloaded', retryAfterMs: 1200, message: 'Busy' },
    )
    const malformed = await post(harness, '/v1/traces', { 'content-type': protobufType }, 'x')
    expect(malformed.status).toBe(400)
    expect(decodeStatus(new Uint8Array(await malformed.arrayBuffer()))).toMatchObject({
      code: 3,
      message: 'Truncated',
    })
    const busy = await post(harness, '/v1/traces', { 'content-type': 'application/json' }, 'x')
    expect(busy.status).toBe(429)
    // 1.5 s, rounded by chance.
    expect(['1', '2']).toContain(busy.headers.get('retry-after'))
    expect(await busy.json()).toMatchObject({ code: 8, message: 'Busy' })
  })
})

describe('refuses', () => {
  test.each([
    ['an unknown path', '/v1/spans', 'POST', { 'content-type': protobufType }, 404, 5],
    [
      'a property of Object as path',
      '/constructor',
      'POST',
      { 'content-type': protobufType },
      404,
      5,
    ],
    ['another method', '/v1/traces', 'PUT', { 'content-type': protobufType }, 405, 12],
    ['another content type', '/v1/traces', 'POST', { 'content-type': 'text/plain' }, 415, 3],
    ['no content type', '/v1/traces', 'POST', {}, 415, 3],
    [
      'another content encoding',
      '/v1/traces',
      'POST',
      { 'content-type': protobufType, 'content-encoding': 'br' },
      415,
      3,
    ],
  ])('%s', async (_name, path, method, headers, httpStatus, code) => {
    const harness = await start()
    const response = await fetch(`http://127.0.0.1:${harness.port}${path}`, {
      method,
      headers,
      body: Buffer.from('body'),
    })
    expect(response.status).toBe(httpStatus)
    if (httpStatus === 405) expect(response.headers.get('allow')).toBe('POST')
    const isProtobuf = response.headers.get('content-type') === protobufType
    expect(isProtobuf).toBe((headers as Record<string, string>)['content-type'] === protobufType)
    const bytes = new Uint8Array(await response.arrayBuffer())
    const status = isProtobuf ? decodeStatus(bytes) : JSON.parse(Buffer.from(bytes).toString())
    expect(status.code).toBe(code)
    expect(status.message).toMatch(/^[A-Z].*[^.]$/)
    expect(harness.consumer.requests).toEqual([])
  })

  test('a GET', async () => {
    const harness = await start()
    const response = await fetch(`http://127.0.0.1:${harness.port}/v1/traces`)
    expect(response.status).toBe(405)
    expect(await response.json()).toMatchObject({ code: 12 })
  })

  test('a body without a length', async () => {
    const harness = await start()
    const text = await exchange(harness.port, (socket) => {
      socket.write(
        `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${protobufType}\r\nConnection: close\r\n\r\n`,
      )
    })
    expect(text).toMatch(/^HTTP\/1.1 411/)
  })

  test('a body over the limit, announced or not, and serves on', async () => {
    const harness = await start({ requestBytesMax: 1000 })
    const headers = { 'content-type': protobufType }
    const exact = await post(harness, '/v1/traces', headers, Buffer.alloc(1000))
    expect(exact.status).toBe(200)
    const announced = await post(harness, '/v1/traces', headers, Buffer.alloc(1_000_000))
    expect(announced.status).toBe(413)
    const bytes = new Uint8Array(await announced.arrayBuffer())
    expect(decodeStatus(bytes)).toMatchObject({ code: 8, retryDelayMs: undefined })
    const chunked = await fetch(`http://127.0.0.1:${harness.port}/v1/traces`, {
      method: 'POST',
      headers,
      body: new Blob([Buffer.alloc(1_000_000)]).stream(),
      duplex: 'half',
    })
    expect(chunked.status).toBe(413)
    expect((await post(harness, '/v1/traces', headers, 'x')).status).toBe(200)
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })

  test('gzip that inflates over the limit, and what is not gzip', async () => {
    const harness = await start({ requestBytesMax: 1_000_000 })
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const bomb = gzipSync(Buffer.alloc(300_000_000))
    expect((await post(harness, '/v1/traces', headers, bomb)).status).toBe(413)
    const corrupt = await post(harness, '/v1/traces', headers, 'no gzip')
    expect(corrupt.status).toBe(400)
    expect(await corrupt.json()).toMatchObject({ code: 3 })
    const cut = await post(
      harness,
      '/v1/traces',
      headers,
      gzipSync('x'.repeat(1000)).subarray(0, 20),
    )
    expect(cut.status).toBe(400)
    expect(harness.consumer.requests).toEqual([])
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })

  test('more bytes than all requests may hold, with a hint when to try again', async () => {
    const harness = await start({ requestBytesInFlightMax: 10_000 })
    const response = await post(
      harness,
      '/v1/traces',
      { 'content-type': protobufType },
      Buffer.alloc(20_000),
    )
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })

  test('a body in very many tiny chunks, before it takes much memory', async () => {
    const harness = await start({ smallChunksMax: 50 })
    const head =
      'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
      'Transfer-Encoding: chunked\r\n\r\n'
    const text = await exchange(harness.port, (socket) =>
      socket.write(head + '1\r\n[\r\n'.repeat(1000)),
    )
    expect(text).toContain('413 Payload Too Large')
    expect(text).toContain('send it in larger ones')
    expect(harness.metric('wayward_request_bytes')).toBe(0)
  })

  test('what is not HTTP, with 400', async () => {
    const harness = await start()
    const text = await exchange(harness.port, (socket) =>
      socket.write('\x16\x03\x01 no HTTP\r\n\r\n'),
    )
    expect(text).toMatch(/^HTTP\/1.1 400/)
    expect(text).toContain('"code":3')
  })

  test('a head that is too large, with 431', async () => {
    const harness = await start()
    const text = await exchange(harness.port, (socket) =>
      socket.write(
        `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
      ),
    )
    expect(text).toMatch(/^HTTP\/1.1 431/)
  })

  test('a client that sends too slowly, with 408', async () => {
    const harness = await start({ requestTimeoutMs: 300, headersTimeoutMs: 200 })
    const text = await exchange(
      harness.port,
      (socket) =>
        socket.write(
          `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${protobufType}\r\nContent-Length: 9\r\n\r\nabc`,
        ),
      5_000,
    )
    expect(text).toMatch(/^HTTP\/1.1 408/)
    await sleep(20)
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })
})

test('counters agree with what a consumer of changing mind answered', async () => {
  const harness = await start()
  const answers = { accepted: 200, malformed: 400, overloaded: 429, unavailable: 503 } as const
  for (let round = 0; round < 10; round++) {
    harness.consumer.outcomes.push(
      { status: 'accepted', acceptedItems: 3, rejectedItems: 0, message: '' },
      { status: 'malformed', message: 'Bad' },
      { status: 'overloaded', retryAfterMs: 1, message: 'Busy' },
      { status: 'unavailable', retryAfterMs: 1, message: 'Away' },
    )
    for (const status of Object.values(answers)) {
      const response = await post(harness, '/v1/traces', { 'content-type': protobufType }, 'x')
      expect(response.status).toBe(status)
    }
  }
  for (const status of Object.keys(answers)) {
    const labels = `{receiver="otlp_http",signal="traces",status="${status}"}`
    expect(harness.metric(`wayward_requests_total${labels}`)).toBe(10)
  }
  const accepted = 'wayward_accepted_items_total{receiver="otlp_http",signal="traces"}'
  expect(harness.metric(accepted)).toBe(30)
})

test('an aborted upload gives its bytes back and is counted', async () => {
  const harness = await start()
  const text = await exchange(harness.port, (socket) => {
    socket.write(
      `POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${protobufType}\r\nContent-Length: 99999\r\n\r\nabc`,
    )
    setTimeout(() => socket.destroy(), 50)
  })
  expect(text).toBe('')
  await sleep(50)
  expect(harness.parts.requestBytes.usedBytes).toBe(0)
  const line = 'wayward_requests_total{receiver="otlp_http",signal="logs",status="aborted"}'
  expect(harness.metric(line)).toBe(1)
})

test('a client that leaves before its answer harms nobody', async () => {
  const harness = await start()
  let open = (): void => undefined
  harness.consumer.gate = new Promise((resolve) => {
    open = resolve
  })
  await exchange(
    harness.port,
    (socket) =>
      socket.write(
        `POST /v1/logs HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${protobufType}\r\nContent-Length: 3\r\n\r\nabc`,
      ),
    100,
  )
  open()
  const response = await post(harness, '/v1/logs', { 'content-type': protobufType }, 'x')
  expect(response.status).toBe(200)
})

test('shutdown() lets requests under way be answered, and refuses connections', async () => {
  const harness = await start()
  let open = (): void => undefined
  harness.consumer.gate = new Promise((resolve) => {
    open = resolve
  })
  const underWay = post(harness, '/v1/traces', { 'content-type': protobufType }, 'x')
  await expect.poll(() => harness.consumer.requests.length).toBe(1)
  harness.receiver.stopAccepting()
  await expect(post(harness, '/v1/traces', { 'content-type': protobufType }, 'x')).rejects.toThrow(
    'fetch failed',
  )
  open()
  expect((await underWay).status).toBe(200)
  const startMs = performance.now()
  await harness.receiver.shutdown(5_000)
  await harness.receiver.shutdown(5_000)
  expect(performance.now() - startMs).toBeLessThan(2_000)
})

test('start() says which port is in use', async () => {
  const { port } = await start()
  const second = startReceiver((parts) => {
    const receiver = createOtlpHttpReceiver(parts)
    return { ...receiver, start: () => receiver.start({ host: '127.0.0.1', port }) }
  })
  await expect(second).rejects.toMatchObject({
    code: 'port_in_use',
    message: `Cannot listen on 127.0.0.1:${port}: the port is in use by another process`,
  })
})

test('names gRPC where it arrives at the HTTP port, to the sender, in the log and the ledger', async () => {
  const { port, parts, mixUps } = await start()
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  expect(await exchange(port, (socket) => socket.write(preface))).toContain('This is gRPC')
  expect(mixUps).toEqual([['otlp_http', expect.any(String), expect.stringMatching('This is gRPC')]])
  expect(parts.telemetry.ledger.take()).toEqual([
    expect.objectContaining({
      reason: 'malformed',
      message: expect.stringContaining('send it to the address of OTLP/gRPC') as string,
    }),
  ])
})
