import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { type ConnectionLimit, createConnectionLimit } from './connection-limit.ts'

/** The bounds of an HTTP/1.1 listener. */
export interface HttpConnectionLimits {
  readonly connectionsMax: number
  /**
   * A request whose answer has not begun after this time is answered with 503, and its connection
   * closed.
   */
  readonly answerTimeoutMs: number
}

/**
 * A ConnectionLimit for an HTTP/1.1 server; to be called before it listens. Of a server with TLS it
 * counts connections from the end of their handshake on. It also sees to it that every request is
 * answered: also one that asks whether it may send its body (`Expect: 100-continue`), and one that
 * its handler forgets.
 */
export function limitHttpConnections(
  server: Server,
  { connectionsMax, answerTimeoutMs }: HttpConnectionLimits,
): ConnectionLimit<Socket> {
  const requests = new WeakMap<Socket, IncomingMessage>()
  const limit = createConnectionLimit<Socket>(
    connectionsMax,
    (socket) => requests.get(socket)?.complete === true,
  )
  const opened = server instanceof TlsServer ? 'secureConnection' : 'connection'
  server.on(opened, (socket: Socket) => limit.add(socket))

  function watch(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    if (requests.get(socket) === request) return
    requests.set(socket, request)
    const timer = setTimeout(() => giveUp(response), answerTimeoutMs)
    response.once('close', () => {
      clearTimeout(timer)
      if (requests.get(socket) === request) requests.delete(socket)
      limit.touch(socket)
    })
  }
  server.prependListener('request', watch)
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    watch(request, response)
    // Node leaves the answer to whoever listens; a server that has no opinion of its own wants the
    // body.
    if (server.listenerCount('checkContinue') > 1) return
    response.writeContinue()
    server.emit('request', request, response)
  })
  return limit
}

function giveUp(response: ServerResponse): void {
  if (response.headersSent || response.destroyed) return
  response.writeHead(503, { Connection: 'close', 'Content-Type': 'text/plain' })
  response.end('The request was not answered in time; try again\n')
}
