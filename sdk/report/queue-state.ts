import type { Core } from './core.ts'
import type { QueueSubject } from './operation.ts'
import type { QueueItem } from './reported-queue.ts'

/** An item that waits, as its queue sees it. */
export interface ItemOfQueue extends QueueItem {
  abandon(): void
}

/** What the items of a queue change of it, and know from it. */
export interface QueueState extends QueueSubject {
  readonly core: Core
  readonly hasEnqueueSpans: boolean
  /** Those that are followed, the oldest first. */
  readonly waiting: Set<ItemOfQueue>
  /** Items that wait, those besides that are not followed. */
  waitingCount: number
  itemCount: number
}
