import { type Context, context } from '@opentelemetry/api'
import {
  WAYWARD_QUEUE_ITEM_RESULT_VALUE_DONE,
  WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED,
} from '@wayward/semconv'
import { errorTypeOf, guard } from './core.ts'
import { OpenOperation } from './open-operation.ts'
import type { QueueItemFacts, QueueItemOperation, QueueWaitOperation } from './operation.ts'
import type { QueueState } from './queue-state.ts'
import type { ItemProcessing, QueueTimeOptions } from './reported-queue.ts'
import { follow, noScope } from './scope.ts'
import type { Task } from './task.ts'

/** What is known of an item when it leaves its queue. */
interface Dequeueing {
  readonly seconds: number
  readonly ns: number
  readonly waitNs: number
}

type Wait = Omit<QueueWaitOperation, 'queue'> & { readonly queue: QueueState }

/** An item that is being processed, as a task of its own. */
export class RunningItem extends OpenOperation implements ItemProcessing, QueueItemOperation {
  result: string | undefined = undefined
  errorType: string | undefined = undefined
  readonly queue: QueueState
  readonly item: QueueItemFacts
  readonly sequence: number
  readonly parent: Context
  readonly waitNs: number
  readonly #task: Task

  constructor(wait: Wait, dequeueing: Dequeueing) {
    const { core } = wait.queue
    super(core, wait.anchorMs, dequeueing)
    this.queue = wait.queue
    this.item = wait.item
    this.sequence = wait.sequence
    this.parent = wait.parent
    this.waitNs = dequeueing.waitNs
    this.#task = core.tasks.create(wait.item.itemName)
    this.begin()
  }

  get kind(): 'queue_item' {
    return 'queue_item'
  }

  get taskNumber(): number {
    return this.#task.number
  }

  get taskName(): string | undefined {
    return this.#task.name
  }

  done(options: QueueTimeOptions = {}): void {
    if (!this.isOpen) return
    this.result = WAYWARD_QUEUE_ITEM_RESULT_VALUE_DONE
    this.tryFinish(options.timeNs)
  }

  failed(error: unknown, options: QueueTimeOptions = {}): void {
    if (!this.isOpen) return
    this.result = WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED
    guard(this.core, () => void (this.errorType = errorTypeOf(error)), undefined)
    this.tryFinish(options.timeNs)
  }

  /** It left the queue without being processed: its processing ends when it begins. */
  removedAtOnce(reason: string): void {
    this.result = WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED
    this.errorType = reason
    this.finishAt(this.startSeconds, this.startNs)
  }

  override run<T>(fn: () => T): T {
    return context.with(this.context, () => this.core.tasks.enter(this.#task, fn))
  }

  process<T>(fn: () => T): T {
    return follow(
      () => this.run(fn),
      (error) => (error === undefined ? this.done() : this.failed(error.value)),
    )
  }

  close(): void {
    // It has left the queue, and is in no list.
  }
}

/** What a disabled queue hands out. */
export const noProcessing: ItemProcessing = {
  isOpen: false,
  get span() {
    return noScope.span
  },
  get context() {
    return noScope.context
  },
  run: (fn) => fn(),
  process: (fn) => fn(),
  done: () => undefined,
  failed: () => undefined,
}
