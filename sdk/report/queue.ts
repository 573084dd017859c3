import { type Core, guard } from './core.ts'
import { noItem, WaitingItem } from './queue-item.ts'
import type { ItemOfQueue, QueueState } from './queue-state.ts'
import type { EnqueueOptions, QueueItem, QueueSettings, ReportedQueue } from './reported-queue.ts'

/** A reported queue. */
export class Queue implements ReportedQueue, QueueState {
  name: string
  concurrency: number | undefined
  mark: unknown = undefined
  readonly core: Core
  readonly id: string
  readonly capacity: number | undefined
  readonly hasEnqueueSpans: boolean
  readonly waiting: Set<ItemOfQueue> = new Set()
  waitingCount = 0
  itemCount = 0

  constructor(core: Core, settings: QueueSettings) {
    this.core = core
    this.id = core.process.nextQueueId()
    this.name = settings.name
    this.concurrency = settings.concurrency
    this.capacity = settings.capacity
    this.hasEnqueueSpans = settings.hasEnqueueSpans ?? false
  }

  get items(): Iterable<QueueItem> {
    return this.waiting
  }

  enqueued(options: EnqueueOptions = {}): QueueItem {
    if (!this.core.isEnabled) return noItem
    return guard<QueueItem>(this.core, () => new WaitingItem(this, options), noItem)
  }

  abandon(): void {
    for (const item of this.waiting) item.abandon()
    this.waitingCount = 0
  }
}
