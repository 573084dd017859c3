import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { createConnectionLimit, type ConnectionLimit } from './connection-limit.ts'

/** A ConnectionLimit for an HTTP/1.1 server; to be called before it listens. */
export function limitHttpConnections(
  server: Server,
  connectionsMax: number,
): ConnectionLimit<Socket> {
  const requests = new WeakMap<Socket, IncomingMessage>()
  const limit = createConnectionLimit<Socket>(
    connectionsMax,
    (socket) => requests.get(socket)?.complete === true,
  )
  server.on('connection', (socket: Socket) => limit.add(socket))
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
