// Each endpoint has a queue of its own, in memory and bounded: an endpoint that hangs or fails holds
// back nobody else. Batches, tries again with growing pauses, a time-out for each; what finds no
// room, or is never taken, is dropped and counted.
//
//   enqueue() ─▶ [ item … ] ─ batch ─▶ send() ─ sent
//                    │                   └─ retryable ─▶ pause ─▶ again ─ too often ─▶ dropped
//                    └─ full ─▶ dropped
import { pause, type Time } from '@wayward/base'
import type { Endpoint, SendOutcome } from './endpoint.ts'
import type { RoutedItem } from './routed-item.ts'

/** What is set of a queue. */
export interface QueueSettings {
  readonly queueItemsMax: number
  readonly batchItemsMax: number
  /** How long a batch is collected. */
  readonly batchWaitMs: number
  readonly timeoutMs: number
  readonly triesMax: number
  /** Batches that are sent at the same time. */
  readonly concurrency: number
}

/** The queue where nothing else is set. */
export const defaultQueue: QueueSettings = {
  queueItemsMax: 50_000,
  batchItemsMax: 500,
  batchWaitMs: 200,
  timeoutMs: 10_000,
  triesMax: 8,
  concurrency: 1,
}

/** What became of items since the start. */
export interface QueueCounts {
  readonly waiting: number
  readonly sent: number
  /** Tries beyond the first of a batch, in batches. */
  readonly retried: number
  readonly dropped: Readonly<Record<DropReason, number>>
  /** What the endpoint said last; empty where all is well. */
  readonly problem: string
}

/** Why items were dropped. */
export type DropReason = 'queue_full' | 'refused' | 'gave_up' | 'shutdown'

/** A queue before an endpoint. */
export interface EndpointQueue {
  enqueue(items: readonly RoutedItem[]): void
  counts(): QueueCounts
  reopen(): void
  /** Sends what waits, at most so long, and closes the endpoint. */
  shutdown(deadlineMs: number): Promise<void>
}

const firstRetryMs = 100
const retryMsMax = 30_000

/** Makes a queue before an endpoint. */
export function createEndpointQueue(
  endpoint: Endpoint,
  settings: QueueSettings,
  time: Time,
): EndpointQueue {
  return new Queue(endpoint, settings, time)
}

class Queue implements EndpointQueue {
  readonly #endpoint: Endpoint
  readonly #settings: QueueSettings
  readonly #time: Time
  /** Items from `#head` on; cut off when half of them are gone. */
  #items: RoutedItem[] = []
  #head = 0
  readonly #workers = new Set<Promise<void>>()
  #sent = 0
  #retried = 0
  #problem = ''
  readonly #dropped: Record<DropReason, number> = {
    queue_full: 0,
    refused: 0,
    gave_up: 0,
    shutdown: 0,
  }
  /** Batches need not be full any more, and pauses end. */
  readonly #closing = new AbortController()
  /** Nothing is tried any more. */
  readonly #ending = new AbortController()

  constructor(endpoint: Endpoint, settings: QueueSettings, time: Time) {
    this.#endpoint = endpoint
    this.#settings = settings
    this.#time = time
  }

  enqueue(items: readonly RoutedItem[]): void {
    const room = this.#settings.queueItemsMax - this.#waiting
    const taken = Math.max(0, Math.min(room, items.length))
    for (let index = 0; index < taken; index++) this.#items.push(items[index] as RoutedItem)
    this.#dropped.queue_full += items.length - taken
    const wanted = Math.ceil(this.#waiting / this.#settings.batchItemsMax)
    while (this.#workers.size < Math.min(wanted, this.#settings.concurrency)) this.#startWorker()
  }

  counts(): QueueCounts {
    const dropped = { ...this.#dropped }
    const problem = this.#problem
    return { waiting: this.#waiting, sent: this.#sent, retried: this.#retried, dropped, problem }
  }

  reopen(): void {
    this.#endpoint.reopen?.()
  }

  async shutdown(deadlineMs: number): Promise<void> {
    this.#closing.abort()
    const timer = this.#time.after(deadlineMs, () => this.#ending.abort())
    while (this.#workers.size > 0) await Promise.all(this.#workers)
    timer.cancel()
    this.#dropped.shutdown += this.#take(this.#waiting).length
    await this.#endpoint.close?.()
  }

  get #waiting(): number {
    return this.#items.length - this.#head
  }

  #startWorker(): void {
    const worker = this.#work()
    this.#workers.add(worker)
    // It never rejects.
    void worker.finally(() => {
      this.#workers.delete(worker)
      // What came between the worker's last look and now.
      const isOver = this.#ending.signal.aborted
      if (this.#waiting > 0 && this.#workers.size === 0 && !isOver) this.#startWorker()
    })
  }

  async #work(): Promise<void> {
    const { batchItemsMax, batchWaitMs } = this.#settings
    while (this.#waiting > 0 && !this.#ending.signal.aborted) {
      if (this.#waiting < batchItemsMax) {
        await pause(this.#time, batchWaitMs, this.#closing.signal)
      }
      const batch = this.#take(batchItemsMax)
      if (batch.length > 0) await this.#deliver(batch)
    }
  }

  async #deliver(batch: readonly RoutedItem[]): Promise<void> {
    for (let tries = 1; ; tries++) {
      const outcome = await this.#try(batch)
      if (outcome.status === 'sent') {
        this.#sent += batch.length
        this.#problem = ''
        return
      }
      this.#problem = outcome.message
      const reason = this.#reasonToDrop(outcome, tries)
      if (reason !== undefined) {
        this.#dropped[reason] += batch.length
        return
      }
      this.#retried++
      const grown = Math.min(retryMsMax, firstRetryMs * 2 ** (tries - 1)) * (0.5 + Math.random())
      const asked = outcome.status === 'retryable' ? (outcome.retryAfterMs ?? 0) : 0
      await pause(this.#time, Math.max(grown, asked), this.#ending.signal)
    }
  }

  #reasonToDrop({ status }: SendOutcome, tries: number): DropReason | undefined {
    if (status === 'failure') return 'refused'
    if (this.#ending.signal.aborted) return 'shutdown'
    return tries >= this.#settings.triesMax ? 'gave_up' : undefined
  }

  async #try(batch: readonly RoutedItem[]): Promise<SendOutcome> {
    const { timeoutMs } = this.#settings
    const attempt = new AbortController()
    const abort = (): void => attempt.abort()
    this.#ending.signal.addEventListener('abort', abort, { once: true })
    const late: SendOutcome = { status: 'retryable', message: `No answer within ${timeoutMs} ms` }
    const timer = new Promise<SendOutcome>((resolve) => {
      attempt.signal.addEventListener('abort', () => resolve(late), { once: true })
    })
    const timeout = this.#time.after(timeoutMs, abort)
    try {
      return await Promise.race([this.#endpoint.send(batch, attempt.signal), timer])
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      return { status: 'retryable', message }
    } finally {
      timeout.cancel()
      this.#ending.signal.removeEventListener('abort', abort)
    }
  }

  #take(count: number): readonly RoutedItem[] {
    const taken = this.#items.slice(this.#head, this.#head + count)
    this.#head += taken.length
    if (this.#head > this.#items.length / 2) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return taken
  }
}
