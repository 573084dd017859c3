// Goal: requests reach another back end as they came where all of them goes, and put together anew
// where a part does; its answers are understood. Method: the collector's own receivers.
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createOtlpGrpcReceiver } from '@wayward/collector/receivers/otlp-grpc'
import { createOtlpHttpReceiver } from '@wayward/collector/receivers/otlp-http'
import { toItems } from '@wayward/collector/router/item-request'
import { describe, expect, test } from 'vitest'
import { startReceiver } from '../../receiver-harness.ts'
import { startRouter, toLogs, toRequests, toRouted, toSpans, until } from '../router-harness.ts'
import { createEndpoint, send } from './endpoint-harness.ts'

const makers = { http: createOtlpHttpReceiver, grpc: createOtlpGrpcReceiver } as const

describe.each(['http', 'grpc'] as const)('an OTLP endpoint over %s', (protocol) => {
  test('sends whole requests as they came, and parts anew', async () => {
    const { consumer, port, receiver } = await startReceiver(makers[protocol])
    const { router } = startRouter({
      endpoints: {
        other: {
          type: 'otlp',
          url: `http://127.0.0.1:${port}`,
          protocol,
          gzip: protocol === 'http',
          headers: { 'X-Team': 'blue' },
          queue: { batchWaitMs: 0 },
        },
      },
      rules: [{ when: 'name == "not this"', to: ['clickhouse'] }, { to: ['clickhouse', 'other'] }],
    })
    const whole = toSpans([{ name: 'a' }, { name: 'b' }])
    await router.consume({ ...whole, body: new Uint8Array(whole.body) })
    await until(() => consumer.requests.length === 1, 'the first')
    expect(consumer.requests[0]?.body.equals(whole.body)).toBe(true)
    await router.consume(toSpans([{ name: 'c' }, { name: 'not this' }]))
    const requests = toRequests([
      { payload: 'log' },
      { payload: '3', type: 'counter', fields: { name: 'hits' } },
    ])
    for (const request of requests) await router.consume(request)
    await router.shutdown(2_000)
    const items = consumer.requests.slice(1).flatMap((request) => toItems(request))
    expect(items.map(({ signal }) => signal).toSorted()).toEqual(['logs', 'metrics', 'traces'])
    const span = items.find(({ signal }) => signal === 'traces')
    expect(span?.signal === 'traces' && span.record.name).toBe('c')
    expect(span?.origins.resourceUrl).toBe('https://example.com/resource')
    await receiver.shutdown(0)
  })

  test('tells what may be tried again from what may not', async () => {
    const { consumer, port, receiver } = await startReceiver(makers[protocol])
    const endpoint = createEndpoint({ type: 'otlp', url: `http://127.0.0.1:${port}`, protocol })
    const items = toRouted([{ payload: 'x' }])
    consumer.outcomes.push({ status: 'overloaded', retryAfterMs: 2_000, message: 'busy' })
    expect(await send(endpoint, items)).toMatchObject({ status: 'retryable' })
    consumer.outcomes.push({ status: 'malformed', message: 'what is this' })
    const refused = await send(endpoint, items)
    expect(refused).toMatchObject({ status: 'failure' })
    expect('message' in refused && refused.message).toContain('what is this')
    expect(await send(endpoint, items)).toEqual({ status: 'sent' })
    await receiver.shutdown(0)
    await expect(send(endpoint, [...items])).rejects.toThrow()
  })

  test('is not held up by an answer without end, or none', async () => {
    const server = createServer((_, response) => {
      response.writeHead(500)
      const write = (): void => {
        if (!response.destroyed) response.write('x'.repeat(10_000), () => setImmediate(write))
      }
      write()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const endpoint = createEndpoint({ type: 'otlp', url: `http://127.0.0.1:${port}`, protocol })
    const outcome = await endpoint
      .send(toRouted([{ payload: 'x' }]), AbortSignal.timeout(500))
      .catch((error: unknown) => ({ status: 'rejected', message: String(error) }))
    expect(['retryable', 'rejected']).toContain(outcome.status)
    expect('message' in outcome && outcome.message.length).toBeLessThan(400)
    server.closeAllConnections()
    server.close()
  })
})

test('an OTLP endpoint sends no signal twice when a later one failed', async () => {
  const { consumer, port, receiver } = await startReceiver(createOtlpHttpReceiver)
  const endpoint = createEndpoint({ type: 'otlp', url: `http://127.0.0.1:${port}` })
  const items = [...toRouted([{ payload: 'log' }]), ...toItems(toSpans([{ name: 'span' }]))]
  consumer.outcomes.push(
    { status: 'accepted', acceptedItems: 1, rejectedItems: 0, message: '' },
    { status: 'unavailable', retryAfterMs: 1, message: 'busy' },
  )
  expect((await send(endpoint, items)).status).toBe('retryable')
  expect((await send(endpoint, items)).status).toBe('sent')
  expect(consumer.requests.map(({ signal }) => signal)).toEqual(['traces', 'logs', 'logs'])
  expect(toLogs('x').signal).toBe('logs')
  await receiver.shutdown(0)
})
