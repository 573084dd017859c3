// Serves mmash's answers over HTTP, on loopback.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMmash, type MmashSettings } from './mmash.ts'

export interface MmashServer {
  readonly url: string
  close(): Promise<void>
}

/** Starts to listen; port 0 takes a free one. */
export async function startMmash(
  settings: MmashSettings & { readonly port: number },
): Promise<MmashServer> {
  const answer = createMmash(settings)
  const server = createServer((request, response) => {
    const { method = 'GET', url = '/', headers } = request
    request.resume()
    // A page of another site can name us by a name of its own, but not by a loopback one.
    if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(headers.host ?? '')) {
      response.writeHead(403).end()
    } else if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
    } else {
      const { status, type, body, location } = answer(url)
      response.writeHead(status, {
        'content-type': type,
        'x-content-type-options': 'nosniff',
        ...(location === undefined ? {} : { location }),
      })
      response.end(method === 'HEAD' ? undefined : body)
    }
  })
  await listen(server, settings.port)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
}
