// Syslog over TCP, and over TLS where the collector speaks it (RFC 5425).
import { listen, type ListenAddress } from '@wayward/base'
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import type { Receiver } from '../receiver.ts'
import type { DatagramServerParts } from './datagram-server.ts'
import { createSyslogStream } from './syslog-stream.ts'

/** Makes the server; `onDatagram` gets each message. */
export function createSyslogTcpServer(parts: DatagramServerParts): Receiver {
  return new SyslogTcpServer(parts)
}

class SyslogTcpServer implements Receiver {
  readonly #parts: DatagramServerParts
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  constructor(parts: DatagramServerParts) {
    this.#parts = parts
    const onSocket = (socket: Socket): void => this.#serve(socket)
    this.#server =
      parts.tls === undefined
        ? createServer(onSocket)
        : createTlsServer({ ...parts.tls.options, ALPNProtocols: [] }, onSocket)
    parts.tls?.serve(this.#server as TlsServer)
    this.#server.maxConnections = parts.limits.connectionsMax
  }

  start(address: ListenAddress): Promise<ListenAddress> {
    return listen(this.#server, address)
  }

  stopAccepting(): void {
    if (this.#server.listening) this.#server.close()
  }

  async shutdown(deadlineMs: number): Promise<void> {
    this.stopAccepting()
    for (const socket of this.#sockets) socket.destroy()
    await this.#parts.intake.shutdown(deadlineMs)
  }

  #serve(socket: Socket): void {
    const { intake, limits, maySend, onDatagram } = this.#parts
    const address = socket.remoteAddress ?? ''
    // An error ends the connection, which is all there is to do.
    socket.on('error', () => socket.destroy())
    if (!maySend(address)) {
      const message = `The sender ${address} may not send: it is not among those that are allowed`
      intake.refuse({ reason: 'sender', message }, address, 0)
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    socket.setTimeout(limits.messageIdleTimeoutMs, () => socket.destroy())
    const stream = createSyslogStream(limits.messageBytesMax)
    socket.on('data', (bytes: Buffer) => {
      for (const message of stream.push(bytes)) onDatagram(message, address)
      if (!stream.isBroken) return
      const message = `The syslog message is longer than ${limits.messageBytesMax} bytes`
      intake.refuse({ reason: 'too_large', message }, address, bytes.length)
      socket.destroy()
    })
    socket.on('end', () => {
      for (const message of stream.end()) onDatagram(message, address)
      socket.end()
    })
  }
}
