// The details of gRPC over HTTP/2 that the receiver implements by itself.
import { type ClientHttp2Stream, constants } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import type { Access } from '@wayward/base'
import type { CollectorLimits } from '@wayward/collector'
import type { Consumer, ExportRequest } from '@wayward/collector/consumer'
import { encodeMessage } from '@wayward/collector/receivers/grpc-status'
import { createOtlpGrpcReceiver, exportPaths } from '@wayward/collector/receivers/otlp-grpc'
import { afterEach, describe, expect, test } from 'vitest'
import { type ReceiverHarness, startReceiver } from '../receiver-harness.ts'
import { callOver, frame, openSession, rawCall } from './raw-grpc-call.ts'

const harnesses: ReceiverHarness[] = []

async function start(
  limits: Partial<CollectorLimits> = {},
  parts: { readonly access?: Access; readonly consumer?: Consumer } = {},
): Promise<ReceiverHarness> {
  const { access, consumer } = parts
  const harness = await startReceiver(
    (all) => createOtlpGrpcReceiver(consumer === undefined ? all : { ...all, consumer }),
    limits,
    access === undefined ? {} : { access },
  )
  harnesses.push(harness)
  return harness
}

afterEach(async () => {
  await Promise.all(harnesses.splice(0).map(({ receiver }) => receiver.shutdown(0)))
})

const message = Buffer.from('a message')
const sendMessage = (stream: ClientHttp2Stream): void => void stream.end(frame(message))

/** A consumer that never answers, and the requests that wait for it. */
function createSilentConsumer(): { readonly consumer: Consumer; readonly seen: ExportRequest[] } {
  const seen: ExportRequest[] = []
  const consume = (request: ExportRequest): Promise<never> => {
    seen.push(request)
    return new Promise(() => undefined)
  }
  return { consumer: { consume }, seen }
}

function countOf(harness: ReceiverHarness, status: string, signal = 'traces'): number {
  const labels = `{receiver="otlp_grpc",signal="${signal}",status="${status}"}`
  return harness.metric(`wayward_requests_total${labels}`)
}

describe('a message', () => {
  test.each([1, 3, 7, 1000])('comes through in frames of %d bytes', async (size) => {
    const harness = await start()
    const bytes = frame(Buffer.from('0123456789'))
    const seen = await rawCall(harness.port, {}, (stream) => {
      for (let at = 0; at < bytes.length; at += size) stream.write(bytes.subarray(at, at + size))
      stream.end()
    })
    expect(seen).toMatchObject({ ':status': 200, 'grpc-status': '0' })
    expect(harness.consumer.requests[0]?.body.toString()).toBe('0123456789')
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })

  test('over the limit is refused at its prefix, before its bytes come', async () => {
    const harness = await start({ requestBytesMax: 100_000 })
    const prefix = Buffer.from([0, 0, 1, 0x86, 0xa1])
    const seen = await rawCall(harness.port, {}, (stream) => stream.write(prefix))
    expect(seen).toMatchObject({ 'grpc-status': '8' })
    expect(seen['grpc-status-details-bin']).toBeUndefined()
    expect(countOf(harness, 'too_large')).toBe(1)
  })

  test('that ends before its length is refused', async () => {
    const harness = await start()
    const bytes = frame(message)
    for (const length of [3, 5, bytes.length - 1]) {
      const seen = await rawCall(harness.port, {}, (stream) => {
        stream.end(bytes.subarray(0, length))
      })
      expect(seen['grpc-status']).toBe('13')
    }
    expect(countOf(harness, 'malformed')).toBe(3)
    expect(harness.consumer.requests).toEqual([])
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })

  test('with an unknown flag, or compressed by nothing, is refused', async () => {
    const harness = await start()
    const flagged = await rawCall(harness.port, {}, (stream) => stream.end(frame(message, 2)))
    expect(flagged['grpc-status']).toBe('13')
    const unnamed = await rawCall(harness.port, {}, (stream) => stream.end(frame(message, 1)))
    expect(unnamed['grpc-status']).toBe('13')
  })

  test('in a compression that is not known says which ones are', async () => {
    const harness = await start()
    const seen = await rawCall(harness.port, { 'grpc-encoding': 'br' }, (stream) =>
      stream.end(frame(message, 1)),
    )
    expect(seen).toMatchObject({
      'grpc-status': '12',
      'grpc-accept-encoding': expect.stringMatching(
        /^identity,gzip,deflate,(zstd,)?snappy$/,
      ) as string,
    })
  })

  test('whose gzip has no room when it is inflated is told to come again', async () => {
    const harness = await start({ requestBytesInFlightMax: 50_000 })
    const zipped = frame(gzipSync(Buffer.alloc(60_000)), 1)
    const seen = await rawCall(harness.port, { 'grpc-encoding': 'gzip' }, (stream) =>
      stream.end(zipped),
    )
    expect(seen['grpc-status']).toBe('8')
    expect(seen['grpc-status-details-bin']).toBeDefined()
    expect(countOf(harness, 'overloaded')).toBe(1)
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })
})

describe('the head of a call', () => {
  test.each(['application/grpc+proto', 'Application/GRPC', 'application/grpc;charset=utf-8'])(
    'may have content type %s',
    async (type) => {
      const harness = await start()
      const seen = await rawCall(harness.port, { 'content-type': type }, sendMessage)
      expect(seen['grpc-status']).toBe('0')
    },
  )

  test.each(['application/grpc-web', 'application/json'])(
    'may not have content type %s',
    async (type) => {
      const harness = await start()
      const seen = await rawCall(harness.port, { 'content-type': type }, sendMessage)
      expect(seen).toMatchObject({ ':status': 415 })
      expect(countOf(harness, 'unsupported')).toBe(1)
    },
  )

  test('may not have messages in another format, and is told in words of gRPC', async () => {
    const harness = await start()
    const seen = await rawCall(
      harness.port,
      { 'content-type': 'application/grpc+json' },
      sendMessage,
    )
    expect(seen).toMatchObject({ ':status': 200, 'grpc-status': '12' })
    expect(decodeURIComponent(String(seen['grpc-message']))).toBe(
      'The messages are written as "json"; send application/grpc or application/grpc+proto',
    )
    expect(countOf(harness, 'unsupported')).toBe(1)
  })

  test('must be a POST', async () => {
    const harness = await start()
    const seen = await rawCall(harness.port, { ':method': 'GET' }, () => undefined)
    expect(seen).toMatchObject({ ':status': 405, allow: 'POST' })
  })

  test('names the methods that there are where it asks for another', async () => {
    const harness = await start()
    const seen = await rawCall(harness.port, { ':path': '/a.B/C' }, sendMessage)
    expect(seen['grpc-status']).toBe('12')
    expect(decodeURIComponent(String(seen['grpc-message']))).toContain(exportPaths.traces)
    expect(countOf(harness, 'unsupported', 'none')).toBe(1)
  })

  test.each(['', '10', '5x', '123456789S', '-1S', '1.5S'])(
    'may not have the time-out "%s"',
    async (timeout) => {
      const harness = await start()
      const seen = await rawCall(harness.port, { 'grpc-timeout': timeout }, sendMessage)
      expect(seen['grpc-status']).toBe('13')
      expect(harness.consumer.requests).toEqual([])
    },
  )

  test('is refused while its body is still to come, and the connection goes on', async () => {
    const harness = await start()
    const session = openSession(harness.port)
    const refused = await callOver(session, { ':path': '/a.B/C' }, (stream) =>
      stream.write(Buffer.alloc(30_000)),
    )
    expect(refused['grpc-status']).toBe('12')
    expect(await callOver(session, {}, sendMessage)).toMatchObject({ 'grpc-status': '0' })
    session.destroy()
  })
})

describe('a sender', () => {
  test('without a good token is refused before its message', async () => {
    const access: Access = {
      isRestricted: true,
      forConnection: () => ({
        authorize: (token) =>
          token === 'Bearer good'
            ? { status: 'allowed', identity: 'shop' }
            : { status: 'refused', message: 'No token', challenge: 'Bearer realm="x"' },
      }),
    }
    const harness = await start({}, { access })
    const seen = await rawCall(harness.port, {}, () => undefined)
    expect(seen).toMatchObject({
      ':status': 200,
      'grpc-status': '16',
      'grpc-message': 'No token',
      'www-authenticate': 'Bearer realm="x"',
    })
    expect(countOf(harness, 'unauthenticated')).toBe(1)
    const good = await rawCall(harness.port, { authorization: 'Bearer good' }, sendMessage)
    expect(good['grpc-status']).toBe('0')
  })

  test('is one object for all requests of a connection, while it names itself the same', async () => {
    const { consumer, seen } = createSilentConsumer()
    const harness = await start({}, { consumer })
    const session = openSession(harness.port)
    for (const agent of ['one', 'one', 'two']) {
      void callOver(session, { 'user-agent': agent }, sendMessage)
    }
    await expect.poll(() => seen.length).toBe(3)
    const [first, second, third] = seen.map(({ sender }) => sender)
    expect(first).toEqual({
      receiver: 'otlp_grpc',
      address: '127.0.0.1',
      agent: 'one',
      identity: '',
    })
    expect(second).toBe(first)
    expect(third?.agent).toBe('two')
    session.destroy()
  })
})

describe('connections', () => {
  test('answer pings while nothing is called', async () => {
    const harness = await start()
    const session = openSession(harness.port)
    await new Promise((resolve) => session.once('connect', resolve))
    const payload = Buffer.from('12345678')
    const echo = await new Promise((resolve, reject) => {
      session.ping(payload, (error, _ms, bytes) =>
        error === null ? resolve(bytes) : reject(error),
      )
    })
    expect(echo).toEqual(payload)
    session.destroy()
  })

  test('are told to go when the receiver stops, and calls under way are answered', async () => {
    const harness = await start()
    let open = (): void => undefined
    harness.consumer.gate = new Promise((resolve) => {
      open = resolve
    })
    const session = openSession(harness.port)
    const goAway = new Promise((resolve) => session.once('goaway', (code) => resolve(code)))
    const underWay = callOver(session, {}, sendMessage)
    await expect.poll(() => harness.consumer.requests.length).toBe(1)
    harness.receiver.stopAccepting()
    expect(await goAway).toBe(constants.NGHTTP2_NO_ERROR)
    setTimeout(open, 20)
    expect(await underWay).toMatchObject({ 'grpc-status': '0' })
    await harness.receiver.shutdown(5_000)
    expect(session.destroyed).toBe(true)
  })

  test('with an answer still to come do not give way to new ones', async () => {
    const { consumer, seen } = createSilentConsumer()
    const harness = await start({ connectionsMax: 2 }, { consumer })
    const first = openSession(harness.port)
    void callOver(first, {}, sendMessage)
    await expect.poll(() => seen.length).toBe(1)
    const others = [openSession(harness.port), openSession(harness.port), openSession(harness.port)]
    await expect.poll(() => others.filter((session) => session.destroyed).length).toBe(2)
    expect(first.destroyed).toBe(false)
    for (const session of [first, ...others]) session.destroy()
  })

  test('that are reset over and over do not stop others', async () => {
    const harness = await start()
    const hostile = openSession(harness.port)
    for (let i = 0; i < 50; i++) {
      const calls = Array.from({ length: 100 }, () =>
        callOver(hostile, {}, (stream) => {
          stream.write(frame(message).subarray(0, 6))
          setImmediate(() => stream.close(constants.NGHTTP2_CANCEL))
        }).catch(() => undefined),
      )
      await Promise.all(calls)
      if (hostile.destroyed || hostile.closed) break
    }
    const seen = await rawCall(harness.port, {}, sendMessage)
    expect(seen['grpc-status']).toBe('0')
    hostile.destroy()
    await sleep(20)
    expect(harness.parts.requestBytes.usedBytes).toBe(0)
  })
})

describe('encodeMessage()', () => {
  test('leaves printable ASCII and encodes the rest', () => {
    expect(encodeMessage('Bad "x": 100% ü\n€')).toBe('Bad "x": 100%25 %C3%BC %E2%82%AC')
  })

  test('keeps within what every client takes as headers', () => {
    expect(encodeMessage('ü'.repeat(5_000)).length).toBeLessThanOrEqual(3 * 1024)
    expect(() => decodeURIComponent(encodeMessage('€'.repeat(5_000)))).not.toThrow()
  })
})
