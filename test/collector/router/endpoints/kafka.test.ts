// Goal: records reach their topics, and a broker that refuses or is away is told. Method: kafkajs,
// and a broker written from the protocol guide, which checks the checksums.
import { describe, expect, test } from 'vitest'
import { toRouted } from '../router-harness.ts'
import { createEndpoint, send } from './endpoint-harness.ts'
import { startBroker } from './kafka-broker.ts'

describe.each([false, true])('a Kafka endpoint with gzip %j', (gzip) => {
  test('sends records to topics by a template, and again after an error', async () => {
    const broker = await startBroker()
    const endpoint = createEndpoint({
      type: 'kafka',
      brokers: `127.0.0.1:${broker.port}`,
      topic: 'logs.{service}',
      format: '{body}',
      gzip,
    })
    const items = toRouted([
      { payload: 'one', logger: 'shop' },
      { payload: 'zwei ü', logger: 'pay/1' },
    ])
    // NOT_ENOUGH_REPLICAS
    broker.errors.push(19)
    await expect(send(endpoint, items)).rejects.toThrow(/replicas/i)
    expect(await send(endpoint, items)).toEqual({ status: 'sent' })
    expect(broker.records).toEqual(
      expect.arrayContaining([
        { topic: 'logs.shop', key: 'shop', value: 'one' },
        { topic: 'logs.pay_1', key: 'pay/1', value: 'zwei ü' },
      ]),
    )
    await endpoint.close?.()
    broker.close()
    await expect(send(endpoint, items)).rejects.toThrow(/ECONNREFUSED/)
  })
})
