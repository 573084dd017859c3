// Goal: the senders to OTLP and ZeroMQ. Method: a real HTTP server and real sockets of ZeroMQ.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMetlogClient, createOtlpSender, createZeroMqSender } from '@wayward/metlog'
import { afterEach, describe, expect, test } from 'vitest'
import { Pull, Reply, Subscriber } from 'zeromq'

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

interface Request {
  readonly path: string
  readonly body: string
  readonly token: string | undefined
}

async function listen(
  statuses: number[],
): Promise<{ url: string; requests: Request[]; server: Server }> {
  const requests: Request[] = []
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const body = await bodyOf(request)
      const token = request.headers.authorization
      requests.push({ path: request.url ?? '', body, token })
      response.statusCode = statuses.shift() ?? 200
      response.end('{}')
    }
    void answer()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests, server }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

describe('the OTLP sender', () => {
  test('sends logs and metrics as OTLP/JSON, again after an overload', async () => {
    const { requests, url } = await listen([503])
    const sender = createOtlpSender({ url, headers: { Authorization: 'Bearer t' } })
    const client = createMetlogClient({ sender, logger: 'shop' })
    client.info('hello')
    for (let index = 0; index < 10; index++) client.incr('hits')
    await client.close()
    expect(requests).toHaveLength(3)
    expect(requests[0]?.token).toBe('Bearer t')
    const metrics = requests.find((one) => one.path === '/v1/metrics')?.body ?? ''
    expect(metrics).toContain('"asInt":10')
    expect(metrics).toMatch(/"timeUnixNano":"\d{19}"/)
    expect(client.counts().dropped).toEqual({})
  })

  test('counts what is refused, and what waits beyond its bound', async () => {
    const { url } = await listen([400])
    const client = createMetlogClient({ sender: createOtlpSender({ url, queueItemsMax: 3 }) })
    for (let index = 0; index < 5; index++) client.info('hello %d', index)
    await client.close()
    // The third is the message that would have told of the two.
    expect(client.counts().dropped).toEqual({ queue_full: 3, not_delivered: 3 })
  })
})

describe('the ZeroMQ sender', () => {
  test.each(['json', 'msgpack'] as const)('pushes %s', async (format) => {
    const pull = new Pull()
    closing.push(() => pull.close())
    await pull.bind('tcp://127.0.0.1:*')
    const connect = pull.lastEndpoint ?? ''
    const client = createMetlogClient({
      sender: createZeroMqSender({ connect, pattern: 'push', format }),
    })
    for (let index = 0; index < 20; index++) client.incr('hits', index)
    const seen: string[] = []
    for (let index = 0; index < 20; index++) seen.push(String((await pull.receive())[0]))
    expect(seen[19]).toContain(format === 'json' ? '"payload":"19"' : 'payload')
    await client.close()
  })

  test('publishes once the handshake was answered, and drops visibly before', async () => {
    const [reply, subscriber] = [new Reply(), new Subscriber()]
    closing.push(
      () => reply.close(),
      () => subscriber.close(),
    )
    await subscriber.bind('tcp://127.0.0.1:*')
    subscriber.subscribe()
    await reply.bind('tcp://127.0.0.1:*')
    const sender = createZeroMqSender({
      connect: subscriber.lastEndpoint ?? '',
      handshake: reply.lastEndpoint ?? '',
    })
    const client = createMetlogClient({ sender })
    client.incr('early')
    expect(client.counts().dropped).toEqual({ not_connected: 1 })
    expect((await reply.receive())[0]?.length).toBe(0)
    await reply.send('')
    const timer = setInterval(() => client.incr('late'), 20)
    const [message] = await subscriber.receive()
    clearInterval(timer)
    expect(JSON.parse(String(message))).toMatchObject({ type: 'counter', fields: { name: 'late' } })
    await client.close()
  })
})
