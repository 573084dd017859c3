import {
  createCors,
  createDoor,
  type Door,
  type DoorSettings,
  jsonReply,
  ListenError,
  openAccess,
  type Route,
  systemTime,
} from '@wayward/base'
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'

const limits = {
  connectionsMax: 10,
  answerTimeoutMs: 2_000,
  headersTimeoutMs: 1_000,
  requestTimeoutMs: 1_000,
  keepAliveTimeoutMs: 1_000,
  headerBytesMax: 4_096,
  requestBytesMax: 1_000,
}
const doors: Door[] = []
afterEach(async () => {
  for (const door of doors.splice(0)) await door.shutdown(0)
})

async function open(
  routes: readonly Route[],
  more: Partial<DoorSettings> = {},
): Promise<{ readonly url: string; readonly port: number }> {
  const base = { limits, access: openAccess, tls: undefined, cors: undefined, time: systemTime }
  const door = createDoor({ ...base, routes, ...more })
  doors.push(door)
  const { port } = await door.start({ host: '127.0.0.1', port: 0 })
  return { url: `http://127.0.0.1:${port}`, port }
}

const echo: Route = {
  path: '/sessions/:id/spans/:span',
  methods: ['GET', 'HEAD'],
  handle: ({ parameters, query }) =>
    Promise.resolve(jsonReply(200, { ...parameters, limit: query.get('limit') })),
}
const remove: Route = {
  path: '/sessions/:id/spans/:span',
  methods: ['DELETE'],
  handle: ({ parameters: { span } }) => Promise.resolve(jsonReply(200, { gone: span })),
}

describe('a route', () => {
  test('gets the parts of its path that have names, and the query', async () => {
    const { url } = await open([echo, remove])
    const answer = await fetch(`${url}/sessions/a%20b/spans/7?limit=3`)
    expect(await answer.json()).toEqual({ id: 'a b', span: '7', limit: '3' })
    const gone = await fetch(`${url}/sessions/a/spans/7`, { method: 'DELETE' })
    expect(await gone.json()).toEqual({ gone: '7' })
    const head = await fetch(`${url}/sessions/a/spans/7`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })

  test.each(['/', '/sessions', '/sessions/a/spans', '/sessions//spans/7', '/sessions/%ff/spans/7'])(
    'is not found at %s, as problem details say',
    async (path) => {
      const { url } = await open([echo])
      const answer = await fetch(url + path)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(await answer.json()).toEqual({
        type: 'about:blank',
        title: 'There is nothing at this address',
        status: 404,
        code: 'not_found',
        detail: `There is no "${path}" here; there are /sessions/:id/spans/:span`,
      })
    },
  )

  test('is not there for another method, and the answer names those that are', async () => {
    const { url } = await open([echo, remove])
    const answer = await fetch(`${url}/sessions/a/spans/7`, { method: 'PUT', body: 'x' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD, DELETE'])
    expect(await answer.json()).toMatchObject({ code: 'wrong_method' })
  })

  test('that throws is answered with 500, and the service goes on', async () => {
    const broken: Route = {
      path: '/broken',
      methods: ['GET'],
      handle() {
        throw new Error('a bug')
      },
    }
    const { url } = await open([broken, echo])
    const answer = await fetch(`${url}/broken`)
    expect(await answer.json()).toMatchObject({ status: 500, detail: 'The service failed: a bug' })
    expect((await fetch(`${url}/sessions/a/spans/7`)).status).toBe(200)
  })

  test('may answer by itself, for as long as it wants', async () => {
    const stream: Route = {
      path: '/stream',
      methods: ['GET'],
      handle({ response }) {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' })
        response.write('data: one\n\n')
        setTimeout(() => response.end('data: two\n\n'), 10)
        return Promise.resolve(undefined)
      },
    }
    const { url } = await open([stream])
    expect(await (await fetch(`${url}/stream`)).text()).toBe('data: one\n\ndata: two\n\n')
  })
})

describe('a door', () => {
  test('answers a preflight with the methods of the address', async () => {
    const { url } = await open([echo, remove], { cors: createCors(['https://app.example.com']) })
    const answer = await fetch(`${url}/sessions/a/spans/7`, {
      method: 'OPTIONS',
      headers: { Origin: 'https://app.example.com', 'Access-Control-Request-Method': 'DELETE' },
    })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-methods')).toBe('GET, HEAD, DELETE')
  })

  test('asks who it is before it says what there is, but for open addresses', async () => {
    const refused: string[] = []
    const access = {
      isRestricted: true,
      forConnection: () => ({
        authorize: () =>
          ({ status: 'refused', message: 'A token is missing', challenge: 'Bearer' }) as const,
      }),
    }
    const ping: Route = {
      path: '/ping',
      methods: ['GET'],
      isOpen: true,
      handle: ({ authorization }) => Promise.resolve(jsonReply(200, authorization.status)),
    }
    const onRefused: DoorSettings['onRefused'] = ({ code }) => refused.push(code)
    const { url } = await open([ping, echo], { access, onRefused })
    const statuses = ['/ping', '/sessions/a/spans/7', '/nothing'].map(
      async (path) => (await fetch(url + path)).status,
    )
    expect(await Promise.all(statuses)).toEqual([200, 401, 401])
    expect(refused).toEqual(['unauthenticated', 'unauthenticated'])
  })

  test.each([
    ['what is not HTTP', 'hello\r\n\r\n', '400 Bad Request'],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'This is HTTP/2'],
    ['a head without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(5_000)}`, '431 Request Header'],
  ])('answers %s with what is wrong, and counts it once', async (_what, bytes, wanted) => {
    const garbage: string[] = []
    const { port } = await open([echo], { onGarbage: ({ code }) => garbage.push(code) })
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk.toString()))
    socket.write(bytes)
    await once(socket, 'close')
    expect(answer).toContain(wanted)
    expect(garbage).toHaveLength(1)
  })

  test('says that its port is in use', async () => {
    const { port } = await open([echo])
    await expect(
      createDoor({
        limits,
        access: openAccess,
        tls: undefined,
        cors: undefined,
        time: systemTime,
        routes: [],
      }).start({ host: '127.0.0.1', port }),
    ).rejects.toThrow(ListenError)
  })

  test('outlives an answer that comes after its time, while it closes', async () => {
    let answer: (() => void) | undefined
    const slow: Route = {
      path: '/slow',
      methods: ['GET'],
      handle: () => new Promise((resolve) => (answer = () => resolve(jsonReply(200, 'done')))),
    }
    const { url } = await open([slow], { limits: { ...limits, answerTimeoutMs: 100 } })
    const { status } = await fetch(`${url}/slow`)
    expect(status).not.toBe(200)
    const closed = doors[0]?.shutdown(1_000)
    // What would be thrown now would end the process, and this run.
    answer?.()
    await closed
  })

  test('lets requests that are under way end before it closes', async () => {
    let answer: (() => void) | undefined
    const slow: Route = {
      path: '/slow',
      methods: ['GET'],
      handle: () => new Promise((resolve) => (answer = () => resolve(jsonReply(200, 'done')))),
    }
    const { url } = await open([slow])
    const asked = fetch(`${url}/slow`)
    await expect.poll(() => answer).toBeDefined()
    const closed = doors[0]?.shutdown(5_000)
    answer?.()
    const { headers, status } = await asked
    expect([status, headers.get('connection')]).toEqual([200, 'close'])
    await closed
    await expect(fetch(`${url}/slow`)).rejects.toThrow()
  })
})
