import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { CollectorLimits } from '@wayward/collector'
import { createOtlpGrpcReceiver, exportPaths } from '@wayward/collector/receivers/otlp-grpc'
import { afterEach, describe, expect, test } from 'vitest'
import {
  createRawGrpcClient,
  failureOf,
  type RawGrpcClient,
  statusDetails,
} from '../raw-grpc-client.ts'
import { type ReceiverHarness, startReceiver } from '../receiver-harness.ts'
import { frame, rawCall } from './raw-grpc-call.ts'
import { formats } from './compression-formats.ts'
import { decode, retryInfo } from '@wayward/otlp'
import { decodeExportResponse, decodeStatus } from './rpc-status.ts'

const harnesses: ReceiverHarness[] = []
const clients: RawGrpcClient[] = []

async function start(limits: Partial<CollectorLimits> = {}): Promise<ReceiverHarness> {
  const harness = await startReceiver(createOtlpGrpcReceiver, limits)
  harnesses.push(harness)
  return harness
}

function clientOf({ port }: ReceiverHarness, options: { isGzip?: boolean } = {}): RawGrpcClient {
  const client = createRawGrpcClient(port, options)
  clients.push(client)
  return client
}

afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await Promise.all(harnesses.splice(0).map(({ receiver }) => receiver.shutdown(0)))
})

/** TCP sockets of this process: both ends of a connection to itself. */
function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}

describe('accepts', () => {
  test.each(['traces', 'logs', 'metrics'] as const)(
    '%s, and answers with no bytes',
    async (signal) => {
      const harness = await start()
      const response = await clientOf(harness).call(exportPaths[signal], Buffer.from('body'))
      expect(response).toHaveLength(0)
      expect(harness.consumer.requests).toEqual([
        { signal, encoding: 'protobuf', body: Buffer.from('body') },
      ])
      const labels = `{receiver="otlp_grpc",signal="${signal}"`
      expect(harness.metric(`wayward_requests_total${labels},status="accepted"}`)).toBe(1)
    },
  )

  test('gzip', async () => {
    const harness = await start()
    const body = Buffer.alloc(100_000, 'ab')
    await clientOf(harness, { isGzip: true }).call(exportPaths.logs, body)
    expect(harness.consumer.requests[0]?.body.equals(body)).toBe(true)
    expect(harness.metric('wayward_received_bytes_total{receiver="otlp_grpc",signal="logs"}')).toBe(
      100_000,
    )
  })

  const named = formats.flatMap((format) =>
    format.grpcNames.map((header): [string, string, typeof format] => [
      header,
      format.name,
      format,
    ]),
  )
  test.each(named)('compression %s (%s), and no bomb in it', async (header, _name, format) => {
    const harness = await start({ requestBytesMax: 100_000 })
    const send = async (message: Buffer): Promise<unknown> => {
      const seen = await rawCall(harness.port, { 'grpc-encoding': header }, (stream) =>
        stream.end(frame(message, 1)),
      )
      return seen['grpc-status']
    }
    const good = await format.compress(Buffer.from('inflated'))
    expect(await send(good)).toBe('0')
    expect(await send(await format.compress(Buffer.alloc(1_000_000)))).toBe('8')
    expect(await send(good.subarray(0, -3))).toBe('3')
    expect(harness.consumer.requests.map(({ body }) => body.toString())).toEqual(['inflated'])
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })

  test('a message without compression although the header names gzip', async () => {
    const harness = await start()
    const seen = await rawCall(harness.port, { 'grpc-encoding': 'gzip' }, (stream) =>
      stream.end(frame(Buffer.from('\n\u0000'))),
    )
    expect(seen['grpc-status']).toBe('0')
    expect(harness.consumer.requests[0]?.body.toString()).toBe('\n\u0000')
  })

  test('an empty request', async () => {
    const harness = await start()
    await clientOf(harness).call(exportPaths.traces, Buffer.alloc(0))
    expect(harness.consumer.requests).toHaveLength(1)
  })

  test('a request of several MiB, and many at the same time', async () => {
    const harness = await start()
    const client = clientOf(harness)
    const body = Buffer.alloc(5_000_000, 'x')
    await Promise.all(Array.from({ length: 8 }, () => client.call(exportPaths.traces, body)))
    expect(harness.consumer.requests.map((request) => request.body.length)).toEqual(
      Array.from({ length: 8 }, () => 5_000_000),
    )
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })
})

describe('answers the outcome', () => {
  test('of a partial success', async () => {
    const harness = await start()
    harness.consumer.outcomes.push({
      status: 'accepted',
      acceptedItems: 1,
      rejectedItems: 200,
      message: 'bad ids',
    })
    const response = await clientOf(harness).call(exportPaths.traces, Buffer.from('x'))
    expect(decodeExportResponse(response)).toEqual({ rejected: 200, errorMessage: 'bad ids' })
  })

  test('malformed as INVALID_ARGUMENT, even with a message that no header can hold', async () => {
    const harness = await start()
    harness.consumer.outcomes.push({ status: 'malformed', message: 'Bad \ud800 ü\nbytes' })
    const error = await failureOf(clientOf(harness).call(exportPaths.traces, Buffer.from('x')))
    expect(error).toMatchObject({ code: 3, details: 'Bad \ufffd ü bytes' })
  })

  test('overloaded as RESOURCE_EXHAUSTED with RetryInfo', async () => {
    const harness = await start()
    harness.consumer.outcomes.push({ status: 'overloaded', retryAfterMs: 1250, message: 'Busy' })
    const error = await failureOf(clientOf(harness).call(exportPaths.logs, Buffer.from('x')))
    expect(error).toMatchObject({ code: 8, details: 'Busy' })
    const details = statusDetails(error)
    expect(details && decodeStatus(details)).toEqual({
      code: 8,
      message: 'Busy',
      retryDelayMs: 1250,
    })
    // Python's exporter reads it there: 1 s and 250,000,000 ns.
    const [info] = error.metadata.get('google.rpc.retryinfo-bin')
    expect(decode(retryInfo, Buffer.from(info ?? ''))).toMatchObject({
      retryDelay: { nanos: 250_000_000 },
    })
  })
})

describe('refuses', () => {
  test('unknown methods with UNIMPLEMENTED', async () => {
    const harness = await start()
    const client = clientOf(harness)
    expect(await failureOf(client.call('/a.B/C', Buffer.from('x')))).toMatchObject({ code: 12 })
    const line = 'wayward_requests_total{receiver="otlp_grpc",signal="none",status="unsupported"}'
    expect(harness.metric(line)).toBeGreaterThanOrEqual(1)
  })

  test('a message over the limit with RESOURCE_EXHAUSTED and no RetryInfo', async () => {
    const harness = await start({ requestBytesMax: 1_000_000 })
    const client = clientOf(harness)
    await client.call(exportPaths.traces, Buffer.alloc(1_000_000))
    const error = await failureOf(client.call(exportPaths.traces, Buffer.alloc(1_000_001)))
    expect(error.code).toBe(8)
    expect(statusDetails(error)).toBeUndefined()
    const line = 'wayward_requests_total{receiver="otlp_grpc",signal="traces",status="too_large"}'
    await expect.poll(() => harness.metric(line)).toBe(1)
  })

  test('a gzip bomb with RESOURCE_EXHAUSTED, broken gzip with INVALID_ARGUMENT', async () => {
    const harness = await start({ requestBytesMax: 1_000_000 })
    const bomb = Buffer.alloc(100_000_000)
    const client = clientOf(harness, { isGzip: true })
    expect(await failureOf(client.call(exportPaths.traces, bomb))).toMatchObject({ code: 8 })
    const cut = gzipSync(Buffer.alloc(10_000)).subarray(0, 30)
    const seen = await rawCall(harness.port, { 'grpc-encoding': 'gzip' }, (stream) =>
      stream.end(frame(cut, 1)),
    )
    expect(seen['grpc-status']).toBe('3')
    expect(harness.consumer.requests).toEqual([])
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })

  const known = formats.flatMap(({ grpcNames }) => grpcNames)
  const others = ['br', 'lz4', 'zstd'].filter((name) => !known.includes(name))
  test.each(others)('compression %s with UNIMPLEMENTED', async (encoding) => {
    const harness = await start()
    const seen = await rawCall(harness.port, { 'grpc-encoding': encoding }, (stream) =>
      stream.end(frame(Buffer.from('x'), 1)),
    )
    expect(seen['grpc-status']).toBe('12')
  })

  test('another content type with HTTP 415', async () => {
    const harness = await start()
    const seen = await rawCall(harness.port, { 'content-type': 'text/plain' }, (stream) =>
      stream.end('x'),
    )
    expect(seen[':status']).toBe(415)
  })

  test('a call without a message, and one with two', async () => {
    const harness = await start()
    const none = await rawCall(harness.port, {}, (stream) => stream.end())
    expect(none['grpc-status']).toBe('12')
    const two = Buffer.concat([frame(Buffer.from('a')), frame(Buffer.from('b'))])
    const seen = await rawCall(harness.port, {}, (stream) => stream.end(two))
    expect(seen['grpc-status']).toBe('12')
  })

  test('more bytes than all requests may hold, with RESOURCE_EXHAUSTED and RetryInfo', async () => {
    const harness = await start({ requestBytesInFlightMax: 1_000_000 })
    const client = clientOf(harness)
    const error = await failureOf(client.call(exportPaths.traces, Buffer.alloc(2_000_000)))
    expect(error.code).toBe(8)
    const details = statusDetails(error)
    expect(details && decodeStatus(details)).toMatchObject({ code: 8, retryDelayMs: 1000 })
    await expect.poll(() => harness.parts.requestBytes.usedBytes).toBe(0)
    await client.call(exportPaths.traces, Buffer.alloc(500_000))
    const line = 'wayward_requests_total{receiver="otlp_grpc",signal="traces",status="overloaded"}'
    expect(harness.metric(line)).toBe(1)
  })

  test('a client that sends too slowly, with DEADLINE_EXCEEDED', async () => {
    const harness = await start({ requestTimeoutMs: 200 })
    const seen = await rawCall(harness.port, {}, (stream) => {
      stream.write(frame(Buffer.alloc(100)).subarray(0, 50))
    })
    expect(seen['grpc-status']).toBe('4')
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })
})

test('a connection that is not HTTP/2 is closed, and others go on', async () => {
  const harness = await start()
  await new Promise((resolve) => {
    const socket = connect(harness.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\n\r\n'))
    socket.on('error', () => undefined)
    socket.on('close', resolve)
    socket.resume()
  })
  await clientOf(harness).call(exportPaths.traces, Buffer.from('x'))
})

describe('connections', () => {
  /** Preface, settings, and a DATA frame on stream 0, which HTTP/2 forbids. */
  const violation = Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
    Buffer.from([0, 0, 1, 0, 0, 0, 0, 0, 0, 1]),
  ])

  test('that say nothing give way to new ones', async () => {
    const harness = await start({ connectionsMax: 2 })
    const idle = Array.from({ length: 5 }, () => connect(harness.port, '127.0.0.1'))
    for (const socket of idle) socket.on('error', () => undefined)
    await Promise.all(idle.map((socket) => new Promise((done) => socket.once('connect', done))))
    await clientOf(harness).call(exportPaths.traces, Buffer.from('body'))
    for (const socket of idle) socket.destroy()
  })

  test('are not kept for good after a violation of the protocol', async () => {
    const harness = await start({ keepAliveTimeoutMs: 50 })
    const before = openSockets()
    const socket = connect(harness.port, '127.0.0.1')
    socket.on('error', () => undefined)
    await new Promise((resolve) => socket.write(violation, resolve))
    await sleep(20)
    socket.destroy()
    // Connections of the tests before may end meanwhile, too.
    await expect.poll(openSockets).toBeLessThanOrEqual(before)
  })

  test('that were idle for long are closed, and the client connects again', async () => {
    const harness = await start({ keepAliveTimeoutMs: 50 })
    const client = clientOf(harness)
    await client.call(exportPaths.traces, Buffer.from('a'))
    await sleep(150)
    await client.call(exportPaths.traces, Buffer.from('b'))
    expect(harness.consumer.requests).toHaveLength(2)
  })
})

test('a message in very many tiny frames is refused before it takes much memory', async () => {
  const harness = await start({ smallChunksMax: 50 })
  const answered = await rawCall(harness.port, {}, (stream) => {
    const bytes = frame(Buffer.alloc(1000))
    let next = 0
    const send = (): void => {
      if (next >= bytes.length || stream.destroyed) return
      stream.write(bytes.subarray(next, ++next), send)
    }
    send()
  })
  expect(answered['grpc-status']).toBe('8')
})

test('a cancelled upload gives its bytes back and is counted', async () => {
  const harness = await start()
  await rawCall(harness.port, {}, (stream) => {
    stream.write(frame(Buffer.alloc(100_000)).subarray(0, 50_000))
    setTimeout(() => stream.session?.destroy(), 50)
  })
  await sleep(50)
  expect(harness.parts.requestBytes.usedBytes).toBe(0)
  const line = 'wayward_requests_total{receiver="otlp_grpc",signal="traces",status="aborted"}'
  expect(harness.metric(line)).toBe(1)
})

test('a client whose deadline passes before its answer harms nobody', async () => {
  const harness = await start()
  let open = (): void => undefined
  harness.consumer.gate = new Promise((resolve) => {
    open = resolve
  })
  const client = clientOf(harness)
  const deadline = { deadline: Date.now() + 100 }
  const error = await failureOf(client.call(exportPaths.traces, Buffer.from('x'), deadline))
  expect(error.code).toBe(4)
  open()
  await client.call(exportPaths.traces, Buffer.from('x'))
})

test('shutdown() lets calls under way be answered, and ends at its deadline', async () => {
  const harness = await start()
  let open = (): void => undefined
  harness.consumer.gate = new Promise((resolve) => {
    open = resolve
  })
  const underWay = clientOf(harness).call(exportPaths.traces, Buffer.from('x'))
  await expect.poll(() => harness.consumer.requests.length).toBe(1)
  harness.receiver.stopAccepting()
  const refused = clientOf(harness).call(exportPaths.traces, Buffer.from('x'))
  expect(await failureOf(refused)).toMatchObject({ code: 14 })
  setTimeout(open, 50)
  await Promise.all([underWay, harness.receiver.shutdown(5_000)])

  const stuck = await start()
  stuck.consumer.gate = new Promise(() => undefined)
  const call = failureOf(clientOf(stuck).call(exportPaths.traces, Buffer.from('x')))
  await expect.poll(() => stuck.consumer.requests.length).toBe(1)
  const startMs = performance.now()
  await stuck.receiver.shutdown(100)
  expect(performance.now() - startMs).toBeLessThan(2_000)
  expect([1, 14]).toContain((await call).code)
})

test('start() says which port is in use', async () => {
  const { port } = await start()
  const second = startReceiver((parts) => {
    const receiver = createOtlpGrpcReceiver(parts)
    return { ...receiver, start: () => receiver.start({ host: '127.0.0.1', port }) }
  })
  await expect(second).rejects.toMatchObject({
    code: 'port_in_use',
    message: `Cannot listen on 127.0.0.1:${port}: the port is in use by another process`,
  })
})

test('names HTTP/1 where it arrives at the gRPC port, in the log and the ledger', async () => {
  const { port, parts, mixUps } = await start()
  const socket = connect(port, '127.0.0.1')
  const isClosed = new Promise((resolve) => socket.once('close', resolve))
  socket.on('error', () => undefined)
  socket.write('POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
  socket.resume()
  await isClosed
  expect(mixUps.map(([receiver]) => receiver)).toEqual(['otlp_grpc'])
  expect(parts.telemetry.ledger.take()).toEqual([
    expect.objectContaining({
      reason: 'malformed',
      message: expect.stringContaining('send OTLP over HTTP to the address of OTLP/HTTP') as string,
    }),
  ])
})
