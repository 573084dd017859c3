/** The telemetry signals that the collector takes. */
export type Signal = 'traces' | 'logs' | 'metrics'

/** How the bytes of a request are written. */
export type Encoding = 'protobuf' | 'json'

/**
 * What became of a request; receivers translate it to their protocol's words.
 *
 * - `accepted`: every good item is in ClickHouse. `rejectedItems` were refused for the reason in
 *   `message` (OTLP partial success); a message with 0 rejected items is a warning.
 * - `malformed`: the bytes are not a request of this signal; nothing was kept. The sender must not retry.
 * - `overloaded`: nothing was kept; the sender should try again after `retryAfterMs`.
 */
export type ConsumeOutcome =
  | {
      readonly status: 'accepted'
      readonly acceptedItems: number
      readonly rejectedItems: number
      readonly message: string
    }
  | { readonly status: 'malformed'; readonly message: string }
  | { readonly status: 'overloaded'; readonly retryAfterMs: number; readonly message: string }

/** Where receivers deliver requests. */
export interface Consumer {
  /**
   * Takes the uncompressed bytes of one export request. Never rejects. From the call on the bytes belong to
   * the consumer.
   */
  consume(signal: Signal, encoding: Encoding, body: Uint8Array): Promise<ConsumeOutcome>
}
