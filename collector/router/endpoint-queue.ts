// Each endpoint has a queue of its own, bounded in items and bytes: an endpoint that hangs or fails
// holds back nobody else. Batches, tries again with growing pauses, a time-out for each try; what
// finds no room, or is never taken, is dropped, counted and told.
//
//   enqueue() ─▶ [ memory … ] ─ batch ─▶ send() ─ sent
//                  │  (oldest first)      └─ retryable ─▶ pause ─▶ again ─ too often ─▶ dropped
//                  ├─ half full, with a folder ─▶ [ spool … ], which is sent before the memory
//                  └─ full ─▶ dropped
import { pause, type Time } from '@wayward/base'
import type { Endpoint, SendOutcome } from './endpoint.ts'
import type { RoutedItem } from './routed-item.ts'
import { createSpool, type Spool, type SpoolSettings } from './spool.ts'

/** What is set of a queue. */
export interface QueueSettings {
  readonly queueItemsMax: number
  /** Counted in bytes of the requests that the items came in. */
  readonly queueBytesMax: number
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
  queueBytesMax: 32 * 1024 * 1024,
  batchItemsMax: 500,
  batchWaitMs: 200,
  timeoutMs: 10_000,
  triesMax: 8,
  concurrency: 1,
}

/** Why items were dropped. */
export const dropReasons = [
  'queue_full',
  'disk_full',
  'refused',
  'gave_up',
  'shutdown',
  'damaged',
] as const
/** Why items were dropped. */
export type DropReason = (typeof dropReasons)[number]

/** What became of items since the start. */
export interface QueueCounts {
  readonly waiting: number
  readonly spooled: number
  readonly sent: number
  /** Tries beyond the first of a batch, in batches. */
  readonly retried: number
  readonly dropped: Readonly<Record<DropReason, number>>
  /** What the endpoint said last; empty where all is well. */
  readonly problem: string
}

/** A queue before an endpoint. */
export interface EndpointQueue {
  /** Never blocks and never throws. */
  enqueue(items: readonly RoutedItem[]): void
  counts(): QueueCounts
  reopen(): void
  /** Sends what waits, at most so long, keeps or drops the rest, and closes the endpoint. */
  shutdown(deadlineMs: number): Promise<void>
}

/** What a queue works with. */
export interface QueueParts {
  readonly endpoint: Endpoint
  readonly settings: QueueSettings
  readonly time: Time
  /** Where what is not sent outlives the process. @default nowhere */
  readonly spool?: Pick<SpoolSettings, 'folder' | 'bytesMax'> | undefined
  /** Its folder is in use until then. @default it is free */
  readonly whenFree?: Promise<void> | undefined
  /** Told of everything that is dropped. */
  onDropped(items: number, reason: DropReason, message: string): void
}

const firstRetryMs = 100
const retryMsMax = 30_000
/** A request that was begun is sent whole, where it is not larger than so many batches. */
const wholeBatchesMax = 4
/** After the deadline, so long for an endpoint to close. */
const closeMsMax = 1_000

/** Makes a queue before an endpoint. */
export function createEndpointQueue(parts: QueueParts): EndpointQueue {
  return new Queue(parts)
}

/** A batch under way; one of the two follows. */
interface Batch {
  readonly items: readonly RoutedItem[]
  done(): Promise<void>
  /** It was not sent, and the queue is closed. */
  keep(): Promise<void>
}

class Queue implements EndpointQueue {
  readonly #parts: QueueParts
  /** Items from `#head` on; cut off when half of them are gone. */
  #items: RoutedItem[] = []
  #head = 0
  #bytes = 0
  readonly #workers = new Set<Promise<void>>()
  #spilling: Promise<void> | undefined
  #sent = 0
  #retried = 0
  #problem = ''
  readonly #dropped = Object.fromEntries(dropReasons.map((reason) => [reason, 0])) as Record<
    DropReason,
    number
  >
  /** Batches need not be full any more. */
  readonly #closing = new AbortController()
  /** Nothing is tried any more. */
  readonly #ending = new AbortController()
  readonly #isOpen: Promise<void>
  #spool: Spool | undefined

  constructor(parts: QueueParts) {
    this.#parts = parts
    this.#isOpen = this.#open()
  }

  enqueue(items: readonly RoutedItem[]): void {
    if (this.#ending.signal.aborted) {
      this.#drop(items.length, 'shutdown', 'It came after the end')
      return
    }
    const { queueBytesMax, queueItemsMax } = this.#parts.settings
    let taken = 0
    while (taken < items.length && this.#waiting < queueItemsMax && this.#bytes < queueBytesMax) {
      const item = items[taken++] as RoutedItem
      this.#items.push(item)
      this.#bytes += item.origins.request.itemBytes
    }
    const lost = items.length - taken
    if (lost > 0) this.#drop(lost, 'queue_full', this.#problem || 'It is slower than what comes')
    if (this.#isHalfFull && this.#spool !== undefined) this.#spilling ??= this.#spill()
    this.#startWorkers()
  }

  counts(): QueueCounts {
    const spooled = this.#spool?.items ?? 0
    const numbers = { waiting: this.#waiting, spooled, sent: this.#sent, retried: this.#retried }
    return { ...numbers, dropped: { ...this.#dropped }, problem: this.#problem }
  }

  reopen(): void {
    this.#parts.endpoint.reopen?.()
  }

  async shutdown(deadlineMs: number): Promise<void> {
    const { endpoint, settings, time } = this.#parts
    this.#closing.abort()
    const timer = time.after(deadlineMs, () => this.#ending.abort())
    await this.#isOpen
    while (this.#workers.size > 0) await Promise.all(this.#workers)
    await this.#spilling
    timer.cancel()
    this.#ending.abort()
    while (this.#waiting > 0) {
      const rest = this.#take(this.#spool === undefined ? this.#waiting : settings.batchItemsMax)
      await this.#keep(rest, 'end')
    }
    const closing = endpoint.close?.()
    // One that cannot be closed is left to the end of the process.
    await Promise.race([closing?.catch(() => undefined), pause(time, closeMsMax)])
  }

  get #waiting(): number {
    return this.#items.length - this.#head
  }

  get #isHalfFull(): boolean {
    const { queueBytesMax, queueItemsMax } = this.#parts.settings
    return this.#waiting > queueItemsMax / 2 || this.#bytes > queueBytesMax / 2
  }

  /** Never rejects: without its folder it is a queue in memory, and says so. */
  async #open(): Promise<void> {
    if (this.#parts.spool === undefined) return
    const spool = createSpool({
      ...this.#parts.spool,
      onDamaged: (items, message) => this.#drop(items, 'damaged', message),
    })
    try {
      await this.#parts.whenFree
      await spool.open()
      this.#spool = spool
      this.#startWorkers()
    } catch (error) {
      this.#problem = `Its folder cannot be used: ${toMessage(error)}`
    }
  }

  #startWorkers(): void {
    const { batchItemsMax, concurrency } = this.#parts.settings
    const batches = Math.ceil(this.#waiting / batchItemsMax) + (this.#spool?.batches ?? 0)
    while (this.#workers.size < Math.min(batches, concurrency)) {
      const worker = this.#work()
      this.#workers.add(worker)
      // It never rejects.
      void worker.finally(() => {
        this.#workers.delete(worker)
        // What came between the worker's last look and now.
        if (this.#workers.size === 0 && !this.#ending.signal.aborted) this.#startWorkers()
      })
    }
  }

  async #work(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const batch = await this.#next()
      if (batch === undefined) return
      await this.#deliver(batch)
    }
  }

  /** The oldest batch: first those on the disk. */
  async #next(): Promise<Batch | undefined> {
    await this.#isOpen
    await this.#spilling
    const spooled = await this.#spool?.take()
    if (spooled !== undefined) {
      return {
        items: spooled.items,
        done: () => spooled.remove(),
        keep: () => Promise.resolve(spooled.giveBack()),
      }
    }
    if (this.#waiting === 0) return undefined
    const { batchItemsMax, batchWaitMs } = this.#parts.settings
    if (this.#waiting < batchItemsMax) {
      await pause(this.#parts.time, batchWaitMs, this.#closing.signal)
    }
    const items = this.#take(batchItemsMax)
    const done = async (): Promise<void> => Promise.resolve()
    return { items, done, keep: () => this.#keep(items, 'beginning') }
  }

  async #deliver(batch: Batch): Promise<void> {
    const { length } = batch.items
    if (length === 0) return
    for (let tries = 1; ; tries++) {
      const outcome = await this.#try(batch.items)
      if (outcome.status === 'sent') {
        this.#sent += length
        this.#problem = ''
        await this.#finish(batch)
        return
      }
      this.#problem = outcome.message
      if (outcome.status === 'failure' || tries >= this.#parts.settings.triesMax) {
        const reason = outcome.status === 'failure' ? 'refused' : 'gave_up'
        this.#drop(length, reason, outcome.message)
        await this.#finish(batch)
        return
      }
      if (!this.#ending.signal.aborted) {
        this.#retried++
        const grown = Math.min(retryMsMax, firstRetryMs * 2 ** (tries - 1)) * (0.5 + Math.random())
        const waitMs = Math.max(grown, outcome.retryAfterMs ?? 0)
        await pause(this.#parts.time, waitMs, this.#ending.signal)
      }
      if (this.#ending.signal.aborted) {
        await batch.keep()
        return
      }
    }
  }

  async #finish(batch: Batch): Promise<void> {
    try {
      await batch.done()
    } catch (error) {
      // It would be sent again after the next start.
      this.#problem = `A batch that was sent cannot be removed: ${toMessage(error)}`
    }
  }

  async #try(items: readonly RoutedItem[]): Promise<SendOutcome> {
    const { endpoint, settings, time } = this.#parts
    const { timeoutMs } = settings
    const attempt = new AbortController()
    const abort = (): void => attempt.abort()
    this.#ending.signal.addEventListener('abort', abort, { once: true })
    const late: SendOutcome = { status: 'retryable', message: `No answer within ${timeoutMs} ms` }
    const timer = new Promise<SendOutcome>((resolve) => {
      attempt.signal.addEventListener('abort', () => resolve(late), { once: true })
    })
    const timeout = time.after(timeoutMs, abort)
    try {
      return await Promise.race([endpoint.send(items, attempt.signal), timer])
    } catch (error) {
      return { status: 'retryable', message: toMessage(error) }
    } finally {
      timeout.cancel()
      this.#ending.signal.removeEventListener('abort', abort)
    }
  }

  /** Moves the oldest batches to the disk until there is room again. Never rejects. */
  async #spill(): Promise<void> {
    while (this.#isHalfFull && !this.#ending.signal.aborted) {
      await this.#keep(this.#take(this.#parts.settings.batchItemsMax), 'end')
    }
    this.#spilling = undefined
  }

  async #keep(items: readonly RoutedItem[], where: 'end' | 'beginning'): Promise<void> {
    if (this.#spool === undefined) {
      this.#drop(items.length, 'shutdown', this.#problem || 'It was not sent before the end')
      return
    }
    try {
      if (await this.#spool.append(items, where)) return
      this.#drop(items.length, 'queue_full', this.#problem || 'Its folder has no more room')
    } catch (error) {
      this.#drop(items.length, 'disk_full', toMessage(error))
    }
  }

  #drop(items: number, reason: DropReason, message: string): void {
    this.#dropped[reason] += items
    this.#parts.onDropped(items, reason, message)
  }

  #take(count: number): readonly RoutedItem[] {
    let end = Math.min(this.#items.length, this.#head + count)
    const endMax = Math.min(this.#items.length, this.#head + count * wholeBatchesMax)
    const last = this.#items[end - 1]?.origins.request
    while (end < endMax && this.#items[end]?.origins.request === last) end++
    const taken = this.#items.slice(this.#head, end)
    for (const { origins } of taken) this.#bytes -= origins.request.itemBytes
    this.#head = end
    if (this.#head > this.#items.length / 2) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return taken
  }
}

function toMessage(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : undefined
  const message = error instanceof Error ? error.message : String(error)
  return cause === undefined ? message : `${message}: ${cause.message}`
}
