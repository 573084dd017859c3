import type { Access, ByteBudget, Cors, ListenAddress, Route, Time } from '@wayward/base'
import type { Consumer, ConsumeOutcome, ExportRequest, Sender, Signal } from '../consumer.ts'
import type { CollectorLimits } from '../limits.ts'
import { countItems, countRequest, type Telemetry } from '../telemetry/telemetry.ts'
import type { Tls } from '../tls/tls.ts'
import type { Inflater } from './inflater.ts'
import type { MixUpLog } from './mix-up-log.ts'

/** Takes requests of one protocol and hands them to a consumer. */
export interface Receiver {
  /** Starts to accept; returns the address with its real port. @throws ListenError */
  start(address: ListenAddress): Promise<ListenAddress>
  /** Accepts no more connections and requests; those under way go on. */
  stopAccepting(): void
  /** Waits until every request is answered, at most `deadlineMs`, and closes the connections. */
  shutdown(deadlineMs: number): Promise<void>
}

/** What both receivers need and share. */
export interface ReceiverParts {
  readonly consumer: Consumer
  readonly telemetry: Telemetry
  readonly limits: CollectorLimits
  readonly inflater: Inflater
  /** Bytes of requests between the socket and the consumer. */
  readonly requestBytes: ByteBudget
  /** Who may send; asked for every request. */
  readonly access: Access
  /** Undefined where plain text is spoken. */
  readonly tls: Tls | undefined
  /** Undefined where pages of browsers may not send. */
  readonly cors: Cors | undefined
  readonly time: Time
  /** Addresses that stand at OTLP/HTTP's listener besides its own. @default none */
  readonly moreRoutes?: readonly Route[]
  /** Where a person is told that a client speaks another receiver's protocol. */
  readonly mixUpLog: MixUpLog
}

/**
 * Hands a request to the consumer and counts what became of it. Nothing here holds the body while
 * its rows wait for their insert: with hundreds of waiting requests that would be the larger part
 * of the memory.
 */
export function consumeRequest(
  { consumer, telemetry }: Pick<ReceiverParts, 'consumer' | 'telemetry'>,
  request: ExportRequest,
): Promise<ConsumeOutcome> {
  const { body, sender, signal } = request
  const bytes = body.byteLength
  telemetry.receivedBytes.add(bytes, sender.receiver, signal)
  return countOutcome(telemetry, { sender, signal, bytes }, consumer.consume(request))
}

async function countOutcome(
  telemetry: Telemetry,
  {
    sender,
    signal,
    bytes,
  }: { readonly sender: Sender; readonly signal: Signal; readonly bytes: number },
  consumed: Promise<ConsumeOutcome>,
): Promise<ConsumeOutcome> {
  const outcome = await consumed
  if (outcome.status !== 'accepted') {
    const { message } = outcome
    countRequest(telemetry, sender, signal, outcome.status, { bytes, message })
    return outcome
  }
  const isPartial = outcome.rejectedItems > 0
  countRequest(telemetry, sender, signal, isPartial ? 'partial' : 'accepted')
  countItems(telemetry, sender, signal, outcome)
  return outcome
}
