// What small messages have in common, whatever protocol they come by: they are collected for a
// moment and become requests of OTLP, which go the one way. Their senders wait for no answer: what
// cannot be taken now waits here, up to a bound, and is dropped beyond it, counted and told.
//
//   datagram ─▶ take() ─▶ batch ─ full, or after 200 ms ─▶ [ request … ] ─▶ consumer
import { encode, exportLogsRequest, exportMetricsRequest } from '@wayward/otlp'
import { createOtlpBatch, type OtlpBatch, type ReceivedMessage } from '@wayward/metlog/wire'
import { pause, type Timer } from '@wayward/base'
import type { ConsumeOutcome, Sender, Signal } from '../../consumer.ts'
import type { MessageReceiverName } from '../../listeners.ts'
import { consumeRequest, type ReceiverParts } from '../receiver.ts'

/** Why something was not taken, in one word and for people. */
export interface Refused {
  readonly reason: string
  readonly message: string
}

/** Collects messages of one receiver. */
export interface MessageIntake {
  /** Takes a message. @param address who sent it, where that is known */
  take(message: ReceivedMessage, address: string): void
  /** Counts what is no message; it goes into the ledger. */
  refuse(refused: Refused, address: string, bytes: number): void
  /** Sends what is there, and waits until it is safe, at most so long. */
  shutdown(deadlineMs: number): Promise<void>
}

interface Waiting {
  readonly signal: Signal
  readonly body: Uint8Array
}

const batchItemsMax = 4_000
const batchWaitMs = 200

/** Makes an intake. */
export function createMessageIntake(
  receiver: MessageReceiverName,
  parts: ReceiverParts,
): MessageIntake {
  return new Intake(receiver, parts)
}

class Intake implements MessageIntake {
  readonly #parts: ReceiverParts
  readonly #sender: Sender
  readonly #receiver: MessageReceiverName
  #batch: OtlpBatch = createOtlpBatch()
  #timer: Timer | undefined
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #sending: Promise<void> | undefined
  /** Set at the end: what is refused then is not tried again. */
  #end: AbortController = new AbortController()

  constructor(receiver: MessageReceiverName, parts: ReceiverParts) {
    this.#receiver = receiver
    this.#parts = parts
    this.#sender = { receiver, address: '', agent: '', identity: '' }
  }

  take(message: ReceivedMessage, address: string): void {
    const { telemetry, time } = this.#parts
    const wrong = this.#batch.add(message, BigInt(Math.round(time.wallMs() * 1e6)))
    if (wrong !== undefined) {
      this.refuse(wrong, address, message.payload.length)
      return
    }
    telemetry.messages.add(1, this.#receiver)
    if (this.#batch.size >= batchItemsMax) this.#flush()
    else this.#timer ??= time.after(batchWaitMs, () => this.#flush())
  }

  refuse({ message, reason }: Refused, address: string, bytes: number): void {
    const { telemetry } = this.#parts
    telemetry.refusedMessages.add(1, this.#receiver, reason)
    const sender = { ...this.#sender, address }
    telemetry.ledger.note({ event: 'refused', reason, sender, requests: 1, bytes, message })
  }

  async shutdown(deadlineMs: number): Promise<void> {
    this.#flush()
    const timer = this.#parts.time.after(deadlineMs, () => this.#end.abort())
    await this.#sending
    timer.cancel()
  }

  #flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    const batch = this.#batch
    if (batch.size === 0) return
    this.#batch = createOtlpBatch()
    const logs = batch.toLogs()
    const metrics = batch.toMetrics()
    if (logs !== undefined) this.#enqueue('logs', encode(exportLogsRequest, logs))
    if (metrics !== undefined) this.#enqueue('metrics', encode(exportMetricsRequest, metrics))
    this.#sending ??= this.#send()
  }

  #enqueue(signal: Signal, body: Uint8Array): void {
    const { limits } = this.#parts
    if (this.#waitingBytes + body.byteLength > limits.messageWaitingBytesMax) {
      this.#drop({ signal, body }, 'What waits to be stored has no more room')
      return
    }
    this.#waiting.push({ signal, body })
    this.#waitingBytes += body.byteLength
  }

  /** In order, one after the other; never rejects. */
  async #send(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken = this.#waiting
      this.#waiting = []
      for (const one of taken) {
        await this.#sendOne(one)
        this.#waitingBytes -= one.body.byteLength
      }
    }
    this.#sending = undefined
  }

  async #sendOne(one: Waiting): Promise<void> {
    for (;;) {
      const outcome = await this.#consume(one)
      if (outcome.status === 'accepted' || outcome.status === 'malformed') return
      if (this.#end.signal.aborted) {
        this.#drop(one, outcome.message)
        return
      }
      await pause(this.#parts.time, outcome.retryAfterMs, this.#end.signal)
    }
  }

  #consume({ body, signal }: Waiting): Promise<ConsumeOutcome> {
    const request = { signal, encoding: 'protobuf', body, sender: this.#sender } as const
    return consumeRequest(this.#parts, request)
  }

  #drop({ body, signal }: Waiting, message: string): void {
    const { telemetry } = this.#parts
    const reason = 'not_taken'
    telemetry.refusedMessages.add(1, this.#receiver, reason)
    const bytes = body.byteLength
    const sender = this.#sender
    telemetry.ledger.note({ event: 'refused', reason, sender, signal, requests: 1, bytes, message })
  }
}
