// Goal: every request is answered. Method: real sockets and a server whose handler does what it
// likes.
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { limitHttpConnections } from '@wayward/base/http/http-connection-limit'
import { afterEach, describe, expect, test } from 'vitest'
import { exchangeHttp, expectingHead } from '../../harness/raw-http.ts'

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

async function listen(
  server: Server,
  answerTimeoutMs = 10_000,
  connectionsMax = 10,
): Promise<number> {
  limitHttpConnections(server, { connectionsMax, answerTimeoutMs })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(
    () => void server.close(),
    () => server.closeAllConnections(),
  )
  return (server.address() as AddressInfo).port
}

const expecting = expectingHead('POST', '/', ['Content-Length: 4'])
const echo: RequestListener = (request, response) => {
  let body = ''
  request
    .on('data', (chunk) => (body += String(chunk)))
    .on('end', () => response.end(`got ${body}`))
}

describe('limitHttpConnections()', () => {
  test('asks for the body of a request that expects to be asked', async () => {
    const port = await listen(createServer(echo))
    const seen = await exchangeHttp(port, expecting, 'body')
    expect(seen).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK/)
    expect(seen).toContain('got body')
  })

  test('leaves that to a server with an opinion of its own', async () => {
    const server = createServer(echo)
    server.on('checkContinue', (_request, response) => response.writeHead(417).end())
    expect(await exchangeHttp(await listen(server), expecting, 'body')).toMatch(/^HTTP\/1\.1 417 /)
  })

  test('answers what its handler forgets, and closes the connection', async () => {
    const port = await listen(
      createServer(() => undefined),
      50,
    )
    const seen = await exchangeHttp(port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    expect(seen).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\nConnection: close/)
    expect(seen).toContain('The request was not answered in time')
  })

  test('lets an answer that has begun take its time', async () => {
    const server = createServer((_request, response) => {
      response.write('begun ')
      setTimeout(() => response.end('done'), 120)
    })
    const seen = await exchangeHttp(await listen(server, 50), 'GET / HTTP/1.0\r\n\r\n')
    expect(seen).toContain('begun done')
  })

  test('does not let connections that only expect keep others out', async () => {
    const port = await listen(createServer(echo), 10_000, 3)
    const head = expecting.replace('Content-Length: 4', 'Content-Length: 5000')
    for (let count = 0; count < 10; count++) {
      const socket = connect(port, '127.0.0.1', () => socket.write(head))
      socket.on('error', () => undefined)
      stops.push(() => socket.destroy())
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await exchangeHttp(port, expecting, 'body')).toContain('got body')
  })
})
