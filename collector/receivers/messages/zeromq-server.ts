// ZeroMQ, through the optional package `zeromq` 6: SUB and PULL sockets that take messages, and the
// REP socket of the original's handshake, which confirms that somebody is there.
import { formatAddress, type ListenAddress, ListenError } from '@wayward/base'
import { createRequire } from 'node:module'
import type { Receiver } from '../receiver.ts'
import type { DatagramServerParts } from './datagram-server.ts'

/** Which socket it is. */
export type ZeroMqPattern = 'sub' | 'pull' | 'handshake'

interface ZeroMqSocket extends AsyncIterable<readonly Buffer[]> {
  receiveHighWaterMark: number
  linger: number
  readonly lastEndpoint: string | null
  bind(address: string): Promise<void>
  close(): void
}
interface Subscriber extends ZeroMqSocket {
  subscribe(): void
}
interface Reply extends ZeroMqSocket {
  send(message: string): Promise<void>
}
interface ZeroMq {
  readonly Subscriber: new (options: ZeroMqOptions) => Subscriber
  readonly Pull: new (options: ZeroMqOptions) => ZeroMqSocket
  readonly Reply: new (options: ZeroMqOptions) => Reply
}
interface ZeroMqOptions {
  readonly maxMessageSize: number
  readonly receiveHighWaterMark: number
  readonly linger: number
}

const waitingMax = 10_000

/** Makes the server of a socket; the package is loaded at its start. */
export function createZeroMqServer(pattern: ZeroMqPattern, parts: DatagramServerParts): Receiver {
  return new ZeroMqServer(pattern, parts)
}

class ZeroMqServer implements Receiver {
  readonly #pattern: ZeroMqPattern
  readonly #parts: DatagramServerParts
  #socket: ZeroMqSocket | undefined
  #taking: Promise<void> = Promise.resolve()

  constructor(pattern: ZeroMqPattern, parts: DatagramServerParts) {
    this.#pattern = pattern
    this.#parts = parts
  }

  async start(address: ListenAddress): Promise<ListenAddress> {
    const where = formatAddress(address)
    try {
      this.#socket = this.#create(load())
      await this.#socket.bind(
        `tcp://${formatAddress({ ...address, port: 0 }).replace(/0$/, '')}${address.port === 0 ? '*' : address.port}`,
      )
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      const isTaken = /in use/i.test(why)
      const message = `Cannot listen on ${where} (ZeroMQ): ${why}`
      throw new ListenError(isTaken ? 'port_in_use' : 'cannot_listen', message, { cause })
    }
    this.#taking = this.#take(this.#socket)
    const port = Number(/:(\d+)$/.exec(this.#socket.lastEndpoint ?? '')?.[1] ?? address.port)
    return { host: address.host, port }
  }

  stopAccepting(): void {
    this.#socket?.close()
    this.#socket = undefined
  }

  async shutdown(deadlineMs: number): Promise<void> {
    this.stopAccepting()
    await this.#taking
    await this.#parts.intake.shutdown(deadlineMs)
  }

  #create(zeroMq: ZeroMq): ZeroMqSocket {
    const options = {
      maxMessageSize: this.#parts.limits.messageBytesMax,
      receiveHighWaterMark: waitingMax,
      linger: 0,
    }
    if (this.#pattern === 'handshake') return new zeroMq.Reply(options)
    if (this.#pattern === 'pull') return new zeroMq.Pull(options)
    const socket = new zeroMq.Subscriber(options)
    socket.subscribe()
    return socket
  }

  /** Until the socket is closed; never rejects. */
  async #take(socket: ZeroMqSocket): Promise<void> {
    const { onDatagram } = this.#parts
    try {
      for await (const frames of socket) {
        if (this.#pattern === 'handshake') await (socket as Reply).send('')
        // The last part: some publishers put a topic before it.
        else onDatagram(frames.at(-1) ?? Buffer.alloc(0), '')
      }
    } catch {
      // Closed while it waited.
    }
  }
}

function load(): ZeroMq {
  try {
    return createRequire(import.meta.url)('zeromq') as ZeroMq
  } catch (error) {
    throw new Error('the package "zeromq" is not there, wanted version 6: npm install zeromq', {
      cause: error,
    })
  }
}
