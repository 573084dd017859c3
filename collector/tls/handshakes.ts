import { createConnectionLimit } from '@wayward/base'
import type { Socket } from 'node:net'
import type { Server, TLSSocket } from 'node:tls'

/**
 * Bounds the handshakes that are under way on a TLS server: where one too many begins, the oldest
 * goes. The server itself ends those that take longer than its `handshakeTimeout`; connections
 * count as such only after their handshake.
 */
export function limitHandshakes(server: Server, handshakesMax: number): void {
  const sockets = new Map<string, Socket>()
  const limit = createConnectionLimit<Socket>(handshakesMax, () => false)
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    sockets.set(peer, socket)
    socket.once('close', () => sockets.delete(peer))
    limit.add(socket)
  })
  // The encrypted socket does not name the one below it; but no two have the same peer.
  server.on('secureConnection', (secured: TLSSocket) => {
    const socket = sockets.get(peerOf(secured))
    if (socket !== undefined) limit.remove(socket)
  })
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? ''}`
}
