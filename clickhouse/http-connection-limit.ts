import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { createConnectionLimit, type ConnectionLimit } from './connection-limit.ts'

/**
 * A ConnectionLimit for an HTTP/1.1 server; to be called before it listens. Of a server with TLS it counts connections
 * from the end of their handshake on.
 */
export function limitHttpConnections(
  server: Server,
  connectionsMax: number,
): ConnectionLimit<Socket> {
  const requests = new WeakMap<Socket, IncomingMessage>()
  const limit = createConnectionLimit<Socket>(
    connectionsMax,
    (socket) => requests.get(socket)?.complete === true,
  )
  const opened = server instanceof TlsServer ? 'secureConnection' : 'connection'
  server.on(opened, (socket: Socket) => limit.add(socket))
  for (const event of ['request', 'checkContinue']) {
    server.prependListener(event, (request: IncomingMessage, response) => {
      const { socket } = request
      requests.set(socket, request)
      response.once('close', () => {
        if (requests.get(socket) === request) requests.delete(socket)
        limit.touch(socket)
      })
    })
  }
  return limit
}
