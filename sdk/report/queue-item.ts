import { type Context, context } from '@opentelemetry/api'
import { elapsedNs } from '../process/clock.ts'
import { guard, momentOf } from './core.ts'
import { noProcessing, RunningItem } from './item-processing.ts'
import { OpenOperation } from './open-operation.ts'
import type { QueueEnqueueOperation, QueueItemFacts, QueueWaitOperation } from './operation.ts'
import type { ItemOfQueue, QueueState } from './queue-state.ts'
import type {
  EnqueueOptions,
  ItemProcessing,
  QueueItem,
  QueueTimeOptions,
} from './reported-queue.ts'
import type { Task } from './task.ts'

/** An item that waits. */
export class WaitingItem
  extends OpenOperation
  implements ItemOfQueue, QueueItemFacts, QueueWaitOperation
{
  readonly queue: QueueState
  readonly sequence: number
  readonly parent: Context
  readonly itemId: string
  readonly itemName: string | undefined
  readonly priority: number | undefined
  readonly size: number
  readonly #task: Task

  constructor(queue: QueueState, options: EnqueueOptions) {
    const { core } = queue
    const { anchorMs } = core.clock
    super(core, anchorMs, momentOf(core, options.timeNs, anchorMs))
    this.queue = queue
    this.itemId = options.id ?? String(++queue.itemCount)
    this.itemName = options.name
    this.priority = options.priority
    this.size = options.size ?? queue.waitingCount
    this.#task = core.tasks.current()
    this.parent = queue.hasEnqueueSpans ? this.#emitEnqueue(context.active()) : context.active()
    this.sequence = core.process.nextSequence()
    queue.waitingCount++
    if (this.begin()) queue.waiting.add(this)
  }

  get kind(): 'queue_wait' {
    return 'queue_wait'
  }

  /** Its facts are its own. */
  get item(): QueueItemFacts {
    return this
  }

  get taskNumber(): number {
    return this.#task.number
  }

  get taskName(): string | undefined {
    return this.#task.name
  }

  dequeued(options: QueueTimeOptions = {}): ItemProcessing {
    if (!this.isOpen) return noProcessing
    return guard<ItemProcessing>(this.core, () => this.#dequeue(options.timeNs), noProcessing)
  }

  removed(reason: string, options: QueueTimeOptions = {}): void {
    if (!this.isOpen) return
    guard(this.core, () => this.#dequeue(options.timeNs).removedAtOnce(reason), undefined)
  }

  close(): void {
    const { queue } = this
    queue.waitingCount = Math.max(0, queue.waitingCount - 1)
    queue.waiting.delete(this)
  }

  #dequeue(timeNs: bigint | undefined): RunningItem {
    const now = momentOf(this.core, timeNs, this.anchorMs)
    const { seconds, ns } = now
    const waitNs = elapsedNs(this, now)
    this.finishAt(seconds, ns)
    return new RunningItem(this, { seconds, ns, waitNs })
  }

  /** @returns the context whose active span is the one of the enqueueing */
  #emitEnqueue(parent: Context): Context {
    const { emitter, process } = this.core
    const { queue, anchorMs, startSeconds, startNs, taskNumber, taskName } = this
    const enqueue: QueueEnqueueOperation = {
      kind: 'queue_enqueue',
      queue,
      item: this,
      sequence: process.nextSequence(),
      startSeconds,
      startNs,
      anchorMs,
      taskNumber,
      taskName,
      parent,
      mark: undefined,
    }
    emitter.begin(enqueue)
    emitter.end(enqueue, startSeconds, startNs)
    return emitter.contextOf(enqueue)
  }
}

/** What a disabled queue hands out. */
export const noItem: QueueItem = {
  isOpen: false,
  dequeued: () => noProcessing,
  removed: () => undefined,
}
