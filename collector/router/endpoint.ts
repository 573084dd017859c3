import type { RoutedItem } from './routed-item.ts'

/**
 * What became of a batch.
 *
 * - `sent`: the other side has it.
 * - `retryable`: it can be tried again, not before `retryAfterMs` where that is given.
 * - `failure`: it will never be taken.
 */
export type SendOutcome =
  | { readonly status: 'sent' }
  | { readonly status: 'retryable'; readonly message: string; readonly retryAfterMs?: number }
  | { readonly status: 'failure'; readonly message: string }

/** Sends batches somewhere. */
export interface Endpoint {
  /**
   * Sends a batch. May reject, which counts as `retryable`. Before the signal is aborted, nothing
   * is sent again; after it, the batch may be.
   */
  send(items: readonly RoutedItem[], signal: AbortSignal): Promise<SendOutcome>
  /** Whether it can send requests as they came. @default false */
  readonly takesWhole?: boolean
  /** What would be sent, for people. */
  render(items: readonly RoutedItem[]): string
  /** Opens anew what has a name, such as files after a rotation. @default nothing to do */
  reopen?(): void
  /** @default nothing to close */
  close?(): Promise<void>
}

/** Everything is well. */
export const sent: SendOutcome = { status: 'sent' }
