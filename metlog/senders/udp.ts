// UDP: a datagram per message to every destination. A destination has a connected socket: names are
// looked up once, and the system tells where nobody listens.
//
//   send() ─▶ [ text … ] ─ end of the turn ─▶ bytes ─▶ socket per destination ─▶ system
//
// At the exit of the process what waits is handed to the system, which takes datagrams at once.
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import {
  createEncoder,
  createTextEncoder,
  type EncodingSettings,
  type MessageEncoder,
  type TextEncoder,
} from '../envelope/encoder.ts'
import type { MetlogMessage } from '../envelope/message.ts'
import { createDropCounter, type DropCounter, type MetlogSender } from './sender.ts'

/** What is set of a sender over UDP. */
export interface UdpSettings extends EncodingSettings {
  /** One or several; every message goes to each. @default '127.0.0.1' */
  readonly host?: string | readonly string[]
  /**
   * One per host; further hosts have the last one's, and further ports are not used. @default 5565
   */
  readonly port?: number | readonly number[]
  /** Messages that may wait. @default 10000 */
  readonly queueItemsMax?: number
}

/** What fits into a datagram of IPv4. */
const datagramBytesMax = 65_507
const reconnectMs = 5_000
const closeMs = 1_000

/** Makes a sender over UDP. */
export function createUdpSender(settings: UdpSettings = {}): MetlogSender {
  return new UdpSender(settings)
}

class UdpSender implements MetlogSender {
  readonly #encode: MessageEncoder
  readonly #toText: TextEncoder | undefined
  readonly #drops: DropCounter = createDropCounter()
  readonly #destinations: readonly Destination[]
  readonly #queueItemsMax: number
  #waiting: (Buffer | string)[] = []
  #isScheduled = false
  readonly #flush = (): void => this.#flushNow()

  constructor({ host = '127.0.0.1', port = 5565, queueItemsMax = 10_000, ...how }: UdpSettings) {
    const hosts = typeof host === 'string' ? [host] : host
    const ports = typeof port === 'number' ? [port] : port
    this.#encode = createEncoder(how)
    this.#toText = createTextEncoder(how)
    this.#queueItemsMax = queueItemsMax
    this.#destinations = hosts.map(
      (name, index) =>
        new Destination(name, ports[index] ?? ports.at(-1) ?? 5565, queueItemsMax, this.#drops),
    )
    process.on('exit', this.#flush)
  }

  send(message: MetlogMessage): void {
    if (this.#waiting.length >= this.#queueItemsMax) return this.#drops.add('queue_full')
    const datagram = this.#toText === undefined ? this.#encode(message) : this.#toText(message)
    if (isTooLarge(datagram)) return this.#drops.add('message_too_large')
    this.#waiting.push(datagram)
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(this.#flush)
  }

  drops(): Readonly<Record<string, number>> {
    return this.#drops.counts()
  }

  async close(): Promise<void> {
    process.off('exit', this.#flush)
    this.#flushNow()
    await Promise.all(this.#destinations.map((one) => one.close()))
  }

  #flushNow(): void {
    this.#isScheduled = false
    const taken = this.#waiting.map((one) => (typeof one === 'string' ? Buffer.from(one) : one))
    this.#waiting = []
    for (const destination of this.#destinations) destination.send(taken)
  }
}

/** Most texts are so short that their bytes need not be counted. */
function isTooLarge(datagram: Buffer | string): boolean {
  if (datagram.length * 3 <= datagramBytesMax) return false
  return Buffer.byteLength(datagram) > datagramBytesMax
}

/** A destination: it connects, and again where that failed. */
class Destination {
  readonly #host: string
  readonly #port: number
  readonly #itemsMax: number
  readonly #drops: DropCounter
  #socket: Socket | undefined
  #isConnected = false
  #isClosed = false
  /** What came before the socket was connected. */
  #early: Buffer[] = []
  #underWay = 0
  #whenIdle: (() => void) | undefined
  readonly #onSent = (error: Error | null): void => {
    this.#underWay--
    if (error !== null) this.#drops.add('not_sent')
    if (this.#underWay === 0) this.#whenIdle?.()
  }

  constructor(host: string, port: number, itemsMax: number, drops: DropCounter) {
    this.#host = host
    this.#port = port
    this.#itemsMax = itemsMax
    this.#drops = drops
  }

  send(datagrams: readonly Buffer[]): void {
    if (this.#socket === undefined) this.#connect()
    const socket = this.#socket
    for (const bytes of datagrams) {
      if (socket !== undefined && this.#isConnected) this.#sendOne(socket, bytes)
      else if (this.#early.length < this.#itemsMax && !this.#isClosed) this.#early.push(bytes)
      else this.#drops.add('not_connected')
    }
  }

  async close(): Promise<void> {
    const hasWork = this.#underWay > 0 || this.#early.length > 0
    if (hasWork && this.#socket !== undefined) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, closeMs)
        this.#whenIdle = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    this.#isClosed = true
    this.#dropEarly('not_connected')
    this.#socket?.close()
    this.#socket = undefined
  }

  #sendOne(socket: Socket, bytes: Buffer): void {
    if (this.#underWay >= this.#itemsMax) return this.#drops.add('queue_full')
    this.#underWay++
    socket.send(bytes, this.#onSent)
  }

  #connect(): void {
    const socket = createSocket(isIPv6(this.#host) ? 'udp6' : 'udp4')
    this.#socket = socket
    this.#isConnected = false
    socket.unref()
    // Where nobody listens: the system says so of the datagram before.
    socket.on('error', () => this.#drops.add('refused'))
    socket.connect(this.#port, this.#host, (error?: Error) => {
      if (this.#isClosed) return
      if (error !== undefined) return this.#retryLater(socket)
      this.#isConnected = true
      const early = this.#early
      this.#early = []
      this.send(early)
    })
  }

  /** The host's name is not known now; a socket cannot be connected twice. */
  #retryLater(socket: Socket): void {
    socket.close()
    this.#dropEarly('not_connected')
    this.#whenIdle?.()
    setTimeout(() => {
      if (!this.#isClosed) this.#socket = undefined
    }, reconnectMs).unref()
  }

  #dropEarly(reason: string): void {
    if (this.#early.length > 0) this.#drops.add(reason, this.#early.length)
    this.#early = []
  }
}
