import type { ReceiverName } from './listeners.ts'

/** The telemetry signals that the collector takes. */
export type Signal = 'traces' | 'logs' | 'metrics'

/** How the bytes of a request are written. */
export type Encoding = 'protobuf' | 'json'

/**
 * Who sent a request, as far as the receiver can tell. Made once per connection, not per request.
 */
export interface Sender {
  readonly receiver: ReceiverName
  /** The peer's address without its port. */
  readonly address: string
  /** The User-Agent header; empty where there is none. */
  readonly agent: string
  /** The name of the token or of the client certificate; empty where none was asked for. */
  readonly identity: string
}

/** One export request, uncompressed. */
export interface ExportRequest {
  readonly signal: Signal
  readonly encoding: Encoding
  /** From the call on the bytes belong to the consumer. */
  readonly body: Uint8Array
  readonly sender: Sender
  /** Tells it apart from others of the same bytes, which are no repetition of it. */
  readonly nonce?: string
}

/**
 * What became of a request; receivers translate it to their protocol's words.
 *
 * - `accepted`: every good item is safe. `rejectedItems` were refused for the reason in
 *   `message` (OTLP partial success); a message with 0 rejected items is a warning. `ignored` says
 *   what of the request was not understood.
 * - `malformed`: the bytes are not a request of this signal; nothing was kept. The sender must not
 *   retry.
 * - `overloaded`: more is sent than can be stored; nothing was kept; the sender should try again
 *   after `retryAfterMs` (gRPC RESOURCE_EXHAUSTED with RetryInfo, HTTP 429).
 * - `unavailable`: the collector cannot take requests now (it shuts down, its disk is full);
 *   nothing was kept; the sender should try again after `retryAfterMs` (gRPC UNAVAILABLE, HTTP
 *   503).
 */
export type ConsumeOutcome =
  | {
      readonly status: 'accepted'
      readonly acceptedItems: number
      readonly rejectedItems: number
      readonly message: string
      readonly ignored?: string
      /** Accepted items that lacked a time and took their other one. */
      readonly completedItems?: number
    }
  | { readonly status: 'malformed'; readonly message: string }
  | {
      readonly status: 'overloaded' | 'unavailable'
      readonly retryAfterMs: number
      readonly message: string
    }

/** Where receivers deliver requests. */
export interface Consumer {
  /** Takes one export request. Never rejects. */
  consume(request: ExportRequest): Promise<ConsumeOutcome>
}
