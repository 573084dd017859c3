import {
  type Attributes,
  type Context,
  context,
  type HrTime,
  type Link,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import {
  ATTR_ERROR_TYPE,
  ATTR_WAYWARD_QUEUE_CAPACITY,
  ATTR_WAYWARD_QUEUE_CONCURRENCY,
  ATTR_WAYWARD_QUEUE_ID,
  ATTR_WAYWARD_QUEUE_ITEM_ID,
  ATTR_WAYWARD_QUEUE_ITEM_NAME,
  ATTR_WAYWARD_QUEUE_ITEM_RESULT,
  ATTR_WAYWARD_QUEUE_NAME,
  ATTR_WAYWARD_QUEUE_PRIORITY,
  ATTR_WAYWARD_QUEUE_SIZE,
  ATTR_WAYWARD_QUEUE_WAIT_DURATION,
  WAYWARD_KIND_VALUE_QUEUE_ENQUEUE,
  WAYWARD_KIND_VALUE_QUEUE_ITEM,
  WAYWARD_KIND_VALUE_QUEUE_WAIT,
  WAYWARD_QUEUE_ITEM_RESULT_VALUE_DONE,
  WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED,
} from '@wayward/semconv'
import { durationNs } from '../process/clock.ts'
import { actorAttributes, type Core, errorType, follow, guard, type Scope, timeOf } from './core.ts'
import type { OpenOperation } from './open-operations.ts'
import type { Task } from './task.ts'

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
   * The item leaves the queue without being processed; told as failed with the reason as
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

interface QueueState {
  readonly core: Core
  readonly id: string
  name: string
  concurrency: number | undefined
  readonly capacity: number | undefined
  readonly hasEnqueueSpans: boolean
  readonly waiting: Set<WaitingItem>
  /** Items that wait, those besides that are not followed. */
  waitingCount: number
  itemCount: number
}

export function createQueue(core: Core, settings: QueueSettings): ReportedQueue {
  const state: QueueState = {
    core,
    id: core.process.nextQueueId(),
    name: settings.name,
    concurrency: settings.concurrency,
    capacity: settings.capacity,
    hasEnqueueSpans: settings.hasEnqueueSpans ?? false,
    waiting: new Set(),
    waitingCount: 0,
    itemCount: 0,
  }
  return {
    id: state.id,
    get name() {
      return state.name
    },
    set name(name) {
      state.name = name
    },
    get concurrency() {
      return state.concurrency
    },
    set concurrency(concurrency) {
      state.concurrency = concurrency
    },
    items: state.waiting,
    abandon() {
      for (const item of state.waiting) item.abandon()
      state.waitingCount = 0
    },
    enqueued(options = {}) {
      if (!core.isEnabled) return noItem
      return guard<QueueItem>(core, () => new WaitingItem(state, options), noItem)
    },
  }
}

class WaitingItem implements QueueItem, OpenOperation {
  isOpen = true
  readonly anchorMs: number
  readonly sequence: number
  readonly startTime: HrTime
  readonly context: Context
  readonly #queue: QueueState
  readonly #task: Task
  readonly #id: string
  readonly #name: string | undefined
  readonly #priority: number | undefined
  readonly #size: number

  constructor(queue: QueueState, options: EnqueueOptions) {
    const { core } = queue
    this.#queue = queue
    this.anchorMs = core.clock.anchorMs
    this.startTime = timeOf(core, options.timeNs, this.anchorMs)
    this.#id = options.id ?? String(++queue.itemCount)
    this.#name = options.name
    this.#priority = options.priority
    this.#size = options.size ?? queue.waitingCount
    this.#task = core.tasks.current()
    this.context = queue.hasEnqueueSpans ? this.#sendEnqueue(context.active()) : context.active()
    this.sequence = core.process.nextSequence()
    queue.waitingCount++
    if (core.open.add(this)) queue.waiting.add(this)
  }

  dequeued(options: QueueTimeOptions = {}): ItemProcessing {
    if (!this.isOpen) return noProcessing
    const { core } = this.#queue
    return guard<ItemProcessing>(
      core,
      () => {
        const time = timeOf(core, options.timeNs, this.anchorMs)
        return this.#begin(time)
      },
      noProcessing,
    )
  }

  removed(reason: string, options: QueueTimeOptions = {}): void {
    if (!this.isOpen) return
    const { core } = this.#queue
    guard(
      core,
      () => {
        const time = timeOf(core, options.timeNs, this.anchorMs)
        this.#begin(time).end(WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED, reason, time)
      },
      undefined,
    )
  }

  describe(): Attributes {
    return this.#attributes(WAYWARD_KIND_VALUE_QUEUE_WAIT, this.sequence, this.#task)
  }

  abandon(): void {
    this.#queue.core.open.abandon(this)
    this.#close()
  }

  #close(): void {
    this.isOpen = false
    this.#queue.waitingCount = Math.max(0, this.#queue.waitingCount - 1)
    this.#queue.waiting.delete(this)
    this.#queue.core.open.delete(this)
  }

  #begin(time: HrTime): RunningItem {
    this.#close()
    const { core } = this.#queue
    const task = core.tasks.create(this.#name)
    const attributes = this.#attributes(WAYWARD_KIND_VALUE_QUEUE_ITEM, this.sequence, task)
    attributes[ATTR_WAYWARD_QUEUE_WAIT_DURATION] = durationNs(this.startTime, time)
    return new RunningItem(core, {
      name: this.#queue.name,
      task,
      attributes,
      sequence: this.sequence,
      startTime: time,
      anchorMs: this.anchorMs,
      parent: this.context,
    })
  }

  #sendEnqueue(parent: Context): Context {
    const { core, name } = this.#queue
    const sequence = core.process.nextSequence()
    const span = core.tracer.startSpan(
      `enqueue ${name}`,
      {
        kind: SpanKind.PRODUCER,
        startTime: this.startTime,
        attributes: this.#attributes(WAYWARD_KIND_VALUE_QUEUE_ENQUEUE, sequence, this.#task),
      },
      parent,
    )
    span.end(this.startTime)
    return trace.setSpan(parent, span)
  }

  #attributes(kind: string, sequence: number, task: Task): Attributes {
    const queue = this.#queue
    const attributes = actorAttributes(queue.core, kind, sequence, task)
    attributes[ATTR_WAYWARD_QUEUE_ID] = queue.id
    attributes[ATTR_WAYWARD_QUEUE_NAME] = queue.name
    attributes[ATTR_WAYWARD_QUEUE_ITEM_ID] = this.#id
    attributes[ATTR_WAYWARD_QUEUE_SIZE] = this.#size
    if (this.#name !== undefined) attributes[ATTR_WAYWARD_QUEUE_ITEM_NAME] = this.#name
    if (this.#priority !== undefined) attributes[ATTR_WAYWARD_QUEUE_PRIORITY] = this.#priority
    if (queue.capacity !== undefined) attributes[ATTR_WAYWARD_QUEUE_CAPACITY] = queue.capacity
    if (queue.concurrency !== undefined && Number.isFinite(queue.concurrency)) {
      attributes[ATTR_WAYWARD_QUEUE_CONCURRENCY] = queue.concurrency
    }
    return attributes
  }
}

interface RunningSettings {
  readonly name: string
  readonly task: Task
  readonly attributes: Attributes
  readonly sequence: number
  readonly startTime: HrTime
  readonly anchorMs: number
  readonly parent: Context
}

class RunningItem implements ItemProcessing, OpenOperation {
  isOpen = true
  readonly anchorMs: number
  readonly sequence: number
  readonly startTime: HrTime
  readonly span: NonNullable<Scope['span']>
  readonly context: Context
  readonly #core: Core
  readonly #task: Task
  readonly #attributes: Attributes

  constructor(core: Core, settings: RunningSettings) {
    this.#core = core
    this.#task = settings.task
    this.#attributes = settings.attributes
    this.sequence = settings.sequence
    this.startTime = settings.startTime
    this.anchorMs = settings.anchorMs
    this.span = core.tracer.startSpan(
      `process ${settings.name}`,
      {
        kind: SpanKind.CONSUMER,
        startTime: settings.startTime,
        attributes: settings.attributes,
        links: linksTo(settings.parent),
      },
      settings.parent,
    )
    this.context = trace.setSpan(settings.parent, this.span)
    core.open.add(this)
  }

  done(options: QueueTimeOptions = {}): void {
    this.#finish(WAYWARD_QUEUE_ITEM_RESULT_VALUE_DONE, undefined, options.timeNs)
  }

  failed(error: unknown, options: QueueTimeOptions = {}): void {
    this.#finish(WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED, errorType(error), options.timeNs)
  }

  run<T>(fn: () => T): T {
    return context.with(this.context, () => this.#core.tasks.enter(this.#task, fn))
  }

  process<T>(fn: () => T): T {
    return follow(
      () => this.run(fn),
      (error) => (error === undefined ? this.done() : this.failed(error.value)),
    )
  }

  describe(): Attributes {
    return this.#attributes
  }

  end(result: string, error: string | undefined, time: HrTime): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.#core.open.delete(this)
    this.span.setAttribute(ATTR_WAYWARD_QUEUE_ITEM_RESULT, result)
    if (error !== undefined) {
      this.span.setAttribute(ATTR_ERROR_TYPE, error)
      this.span.setStatus({ code: SpanStatusCode.ERROR })
    }
    this.span.end(time)
  }

  #finish(result: string, error: string | undefined, timeNs: bigint | undefined): void {
    if (!this.isOpen) return
    guard(
      this.#core,
      () => this.end(result, error, timeOf(this.#core, timeNs, this.anchorMs)),
      undefined,
    )
  }
}

/** The item's span is a child of the span that enqueued it, and says so with a link as well. */
function linksTo(parent: Context): Link[] {
  const producer = trace.getSpanContext(parent)
  return producer === undefined ? [] : [{ context: producer }]
}

/** What a disabled queue hands out. */
const noProcessing: ItemProcessing = {
  isOpen: false,
  span: undefined,
  get context() {
    return context.active()
  },
  run: (fn) => fn(),
  process: (fn) => fn(),
  done: () => undefined,
  failed: () => undefined,
}

const noItem: QueueItem = {
  isOpen: false,
  dequeued: () => noProcessing,
  removed: () => undefined,
}
