// ZeroMQ, through the optional package `zeromq` 6: PUB and PUSH sockets that connect, as the
// original's (many applications, one receiver), and its handshake: an empty frame on a REQ socket,
// which any answer confirms.
//
// A socket of this package takes one message at a time: what comes meanwhile waits, up to the
// queue's bound.
import { createRequire } from 'node:module'
import { createEncoder, type EncodingSettings, type MessageEncoder } from '../envelope/encoder.ts'
import type { MetlogMessage } from '../envelope/message.ts'
import { createDropCounter, type DropCounter, type MetlogSender } from './sender.ts'

/** What is set of a sender over ZeroMQ. */
export interface ZeroMqSettings extends EncodingSettings {
  /** Where to connect to, such as `tcp://127.0.0.1:5565`; one or several. */
  readonly connect: string | readonly string[]
  /** @default 'pub' */
  readonly pattern?: 'pub' | 'push'
  /** Messages that may wait. @default 1000 */
  readonly queueItemsMax?: number
  /**
   * Where the receiver confirms that it is there; messages before that are dropped. @default none
   */
  readonly handshake?: string
  /** How long an answer may take. @default 2000 */
  readonly handshakeTimeoutMs?: number
  /** How often it is asked again. @default 10000 */
  readonly livecheckMs?: number
}

interface Sending {
  sendHighWaterMark: number
  linger: number
  connect(address: string): void
  send(message: Uint8Array | readonly Uint8Array[]): Promise<void>
  close(): void
}
interface Asking extends Sending {
  receiveTimeout: number
  sendTimeout: number
  receive(): Promise<unknown>
}
interface ZeroMq {
  readonly Publisher: new () => Sending
  readonly Push: new () => Sending
  readonly Request: new () => Asking
}

const lingerMs = 500

/**
 * Makes a sender over ZeroMQ.
 *
 * @throws Error where the package `zeromq` is not installed
 */
export function createZeroMqSender(settings: ZeroMqSettings): MetlogSender {
  return new ZeroMqSender(settings, load())
}

function load(): ZeroMq {
  try {
    return createRequire(import.meta.url)('zeromq') as ZeroMq
  } catch (error) {
    throw new Error('Cannot load the package "zeromq", wanted version 6: npm install zeromq', {
      cause: error,
    })
  }
}

class ZeroMqSender implements MetlogSender {
  readonly #zeroMq: ZeroMq
  readonly #encode: MessageEncoder
  readonly #settings: ZeroMqSettings
  readonly #socket: Sending
  readonly #itemsMax: number
  readonly #drops: DropCounter = createDropCounter()
  #waiting: Buffer[] = []
  #draining: Promise<void> | undefined
  /** Whether the receiver has answered; without a handshake it counts as there. */
  #isThere: boolean
  #checkTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(settings: ZeroMqSettings, zeroMq: ZeroMq) {
    this.#zeroMq = zeroMq
    this.#settings = settings
    this.#encode = createEncoder(settings)
    this.#itemsMax = settings.queueItemsMax ?? 1_000
    this.#socket = settings.pattern === 'push' ? new zeroMq.Push() : new zeroMq.Publisher()
    this.#socket.sendHighWaterMark = this.#itemsMax
    this.#socket.linger = 0
    const { connect } = settings
    for (const one of typeof connect === 'string' ? [connect] : connect) this.#socket.connect(one)
    this.#isThere = settings.handshake === undefined
    if (settings.handshake !== undefined) void this.#check(settings.handshake)
  }

  send(message: MetlogMessage): void {
    if (this.#isClosed) return this.#drops.add('closed')
    if (!this.#isThere) return this.#drops.add('not_connected')
    if (this.#waiting.length >= this.#itemsMax) return this.#drops.add('queue_full')
    this.#waiting.push(this.#encode(message))
    this.#draining ??= this.#drain()
  }

  drops(): Readonly<Record<string, number>> {
    return this.#drops.counts()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#checkTimer)
    const timer = new Promise<void>((resolve) => setTimeout(resolve, lingerMs).unref())
    await Promise.race([this.#draining ?? Promise.resolve(), timer])
    this.#drops.add('closed', this.#waiting.length)
    this.#waiting = []
    this.#socket.linger = lingerMs
    this.#socket.close()
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken = this.#waiting
      this.#waiting = []
      for (const bytes of taken) {
        try {
          await this.#socket.send(bytes)
        } catch {
          // Closed, or nobody there that a PUSH socket could give it to in time.
          this.#drops.add('not_sent')
        }
      }
    }
    this.#draining = undefined
  }

  /** Asks the receiver, now and again. Never rejects. */
  async #check(address: string): Promise<void> {
    const { handshakeTimeoutMs = 2_000, livecheckMs = 10_000 } = this.#settings
    const socket = new this.#zeroMq.Request()
    socket.linger = 0
    socket.receiveTimeout = handshakeTimeoutMs
    socket.sendTimeout = handshakeTimeoutMs
    try {
      socket.connect(address)
      await socket.send(Buffer.alloc(0))
      await socket.receive()
      this.#isThere = true
    } catch {
      this.#isThere = false
    }
    socket.close()
    if (this.#isClosed) return
    // It does not hold the process; until the receiver is there, it is asked more often.
    const waitMs = this.#isThere ? livecheckMs : Math.min(livecheckMs, 1_000)
    this.#checkTimer = setTimeout(() => void this.#check(address), waitMs).unref()
  }
}
