import { limitHttpConnections } from '@wayward/base/http/http-connection-limit'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'

const sockets: Socket[] = []
const stops: (() => void)[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const stop of stops.splice(0)) stop()
})

/** A server of two connections; it answers when the test says so. */
async function start(): Promise<{ readonly port: number; readonly answers: ServerResponse[] }> {
  const answers: ServerResponse[] = []
  const server = createServer((_request, response) => void answers.push(response))
  limitHttpConnections(server, { connectionsMax: 2, answerTimeoutMs: 60_000 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, answers }
}

interface Client {
  readonly socket: Socket
  readonly closed: Promise<void>
  readonly answered: Promise<void>
}

/** Connects and sends; resolves when the server had the time to see it. */
async function open(port: number, text: string): Promise<Client> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => undefined)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const answered = new Promise<void>((resolve) => socket.once('data', () => resolve()))
  await new Promise((resolve) => socket.once('connect', resolve))
  if (text !== '') await new Promise((resolve) => socket.write(text, resolve))
  await new Promise((resolve) => setTimeout(resolve, 20))
  return { socket, closed, answered }
}

const whole = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
const half = 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc'

test.each([
  ['that say nothing', ''],
  ['with half a request', half],
])('connections %s give way to new ones, the oldest first', async (_name, text) => {
  const { port, answers } = await start()
  const first = await open(port, text)
  await open(port, text)
  const third = await open(port, whole)
  await first.closed
  answers.at(-1)?.end('ok')
  await third.answered
})

test('a connection that waits for its answer stays, and the new one goes when all do', async () => {
  const { port, answers } = await start()
  const first = await open(port, whole)
  const second = await open(port, whole)
  const third = await open(port, whole)
  await third.closed
  for (const answer of answers) answer.end('ok')
  await Promise.all([first.answered, second.answered])
})

test('a connection that was just answered goes after one that was silent for longer', async () => {
  const { port, answers } = await start()
  const first = await open(port, whole)
  const second = await open(port, '')
  answers[0]?.end('ok')
  await first.answered
  await open(port, whole)
  await second.closed
  expect(first.socket.destroyed).toBe(false)
})
