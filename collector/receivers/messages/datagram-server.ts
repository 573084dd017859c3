// A UDP socket that takes datagrams from those who may send, and tells what the kernel lost.
import { type ListenAddress, ListenError, type Timer } from '@wayward/base'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import type { MessageReceiverName } from '../../listeners.ts'
import type { Receiver, ReceiverParts } from '../receiver.ts'
import { readKernelLosses } from './kernel-losses.ts'
import type { MessageIntake } from './message-intake.ts'
import type { SenderCheck } from './message-settings.ts'

/** What a server of datagrams is made of. */
export interface DatagramServerParts extends ReceiverParts {
  readonly receiver: MessageReceiverName
  readonly intake: MessageIntake
  readonly maySend: SenderCheck
  /** Takes a datagram apart; never throws. */
  readonly onDatagram: (bytes: Buffer, address: string) => void
}

const lossIntervalMs = 1_000

/** Makes a server of datagrams. */
export function createDatagramServer(parts: DatagramServerParts): Receiver {
  return new DatagramServer(parts)
}

class DatagramServer implements Receiver {
  readonly #parts: DatagramServerParts
  #socket: Socket | undefined
  #timer: Timer | undefined
  #port = 0
  #lost = 0

  constructor(parts: DatagramServerParts) {
    this.#parts = parts
  }

  start(address: ListenAddress): Promise<ListenAddress> {
    const { limits } = this.#parts
    const socket = createSocket({
      type: isIPv6(address.host) ? 'udp6' : 'udp4',
      recvBufferSize: limits.messageReceiveBufferBytes,
    })
    this.#socket = socket
    socket.on('message', (bytes, from) => this.#take(bytes, from))
    return new Promise((resolve, reject) => {
      socket.once('error', (cause) => reject(toListenError(cause, address)))
      socket.bind(address.port, address.host, () => {
        socket.removeAllListeners('error')
        // From now on an error concerns a single datagram.
        socket.on('error', () => undefined)
        this.#port = socket.address().port
        this.#lost = readKernelLosses(this.#port) ?? 0
        this.#watchLosses()
        resolve({ host: address.host, port: this.#port })
      })
    })
  }

  stopAccepting(): void {
    this.#timer?.cancel()
    if (this.#socket === undefined) return
    this.#noteLosses()
    this.#socket.close()
    this.#socket = undefined
  }

  async shutdown(deadlineMs: number): Promise<void> {
    this.stopAccepting()
    await this.#parts.intake.shutdown(deadlineMs)
  }

  #take(bytes: Buffer, { address }: RemoteInfo): void {
    const { intake, maySend, onDatagram } = this.#parts
    if (maySend(address)) onDatagram(bytes, address)
    else {
      const message = `The sender ${address} may not send: it is not among those that are allowed`
      intake.refuse({ reason: 'sender', message }, address, bytes.length)
    }
  }

  #watchLosses(): void {
    this.#timer = this.#parts.time.after(lossIntervalMs, () => {
      this.#noteLosses()
      this.#watchLosses()
    })
    this.#timer.unref()
  }

  #noteLosses(): void {
    const { receiver, telemetry } = this.#parts
    const lost = readKernelLosses(this.#port)
    if (lost === undefined || lost <= this.#lost) return
    const items = lost - this.#lost
    this.#lost = lost
    telemetry.refusedMessages.add(items, receiver, 'kernel_buffer')
    const sender = { receiver, address: '', agent: '', identity: '' }
    const bytes = this.#socket?.getRecvBufferSize() ?? 0
    const message =
      `The kernel dropped datagrams: the socket's buffer of ${bytes} bytes was full; a larger ` +
      'one takes net.core.rmem_max'
    telemetry.ledger.note({ event: 'refused', reason: 'kernel_buffer', sender, items, message })
  }
}

function toListenError(cause: Error, { host, port }: ListenAddress): ListenError {
  const isTaken = 'code' in cause && cause.code === 'EADDRINUSE'
  const why = isTaken ? 'the port is in use by another process' : cause.message
  const message = `Cannot listen on ${host}:${port} (UDP): ${why}`
  return new ListenError(isTaken ? 'port_in_use' : 'cannot_listen', message, { cause })
}
