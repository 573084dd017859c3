// The contract of queues that are reported.
import type { Scope } from './scope.ts'

/** What a queue is; see `wayward.queue.*` in the semantic conventions. */
export interface QueueSettings {
  /** The queue's name, of low cardinality. */
  readonly name: string
  /** Largest number of items that may wait. */
  readonly capacity?: number
  /** Largest number of items processed at a time. */
  readonly concurrency?: number
  /**
   * Whether each enqueueing is a span of its own (PRODUCER), to which the item's span links.
   * @default false
   */
  readonly hasEnqueueSpans?: boolean
}

/** When something happened to an item. */
export interface QueueTimeOptions {
  /** When it happened, in nanoseconds since 1970; the present by default. */
  readonly timeNs?: bigint
}

/** What may be said of an item when it is enqueued. */
export interface EnqueueOptions extends QueueTimeOptions {
  /** Identity of the item within its queue; numbered from 1 by default. */
  readonly id?: string
  /** What kind of work it is, of low cardinality. */
  readonly name?: string
  /** Larger goes first. */
  readonly priority?: number
  /** Number of items that wait already, where the reporter cannot know; counted by default. */
  readonly size?: number
}

/** A queue whose items are reported. */
export interface ReportedQueue {
  readonly id: string
  name: string
  concurrency: number | undefined
  /**
   * An item enters the queue.
   * @example
   * const item = queue.enqueued({ name: 'order-confirmation' })
   * const processing = item.dequeued()
   * processing.done()
   */
  enqueued(options?: EnqueueOptions): QueueItem
  /** The items that wait, oldest first. */
  readonly items: Iterable<QueueItem>
  /** Forgets the items that wait, as of a queue that is gone; nothing is reported of them. */
  abandon(): void
}

/** An item that waits. */
export interface QueueItem {
  /** The item leaves the queue and its processing begins. */
  dequeued(options?: QueueTimeOptions): ItemProcessing
  /**
   * The item leaves the queue without being processed; reported as failed with the reason as
   * `error.type`.
   */
  removed(reason: string, options?: QueueTimeOptions): void
  readonly isOpen: boolean
}

/** An item that is being processed. Its first end counts, later ones are ignored. */
export interface ItemProcessing extends Scope {
  done(options?: QueueTimeOptions): void
  failed(error: unknown, options?: QueueTimeOptions): void
  /**
   * Processes the item with `fn`, as an asynchronous task of its own, and reports how it ended.
   * @returns what `fn` returns (a promise that follows it); what it throws is thrown on.
   */
  process<T>(fn: () => T): T
  readonly isOpen: boolean
}
