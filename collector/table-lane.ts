// The way of decoded rows into one table.
//
//   decode ──▶ open block ──▶ closed blocks ──▶ being inserted ──▶ outcomes
//              (+ waiting      (only when an     (insertsInFlightMax)
//               requests)       insert is late)
//
// A block is closed when it is full, or when an insert may start and there are rows. So one request on an idle
// service is inserted at once, and under load blocks grow by themselves to what arrives during an insert.
import { randomUUID } from 'node:crypto'
import type { InsertOutcome } from '@wayward/clickhouse'
import type { ConsumeOutcome } from './consumer.ts'
import type { OpenBlock } from './decode/decoder.ts'
import { createWriter, type Block, type Writer, type WriterParts } from './writer.ts'

/** What became of a request's rows in one table. */
export type RowsOutcome =
  | { readonly status: 'inserted' }
  | Extract<ConsumeOutcome, { readonly retryAfterMs: number }>

export interface TableLane {
  /** Says what becomes of the rows that a request has just added to the open block. Never rejects. */
  wait(): Promise<RowsOutcome>
  /** Throws the open block away, whose rows cannot be trusted, and says so to those who wait for it. */
  giveUpOpenBlock(message: string): void
  /** Inserts what is open without waiting for more, until `signal` gives up; then nobody waits any more. */
  drain(signal: AbortSignal): Promise<void>
  readonly table: string
  readonly openRows: number
  /** Bytes of the open block, the closed ones, and those being inserted. */
  readonly bytes: number
  /** Bytes that ClickHouse takes per millisecond, as measured; 0 before the first insert. */
  readonly bytesPerMs: number
}

export function createTableLane(open: OpenBlock, parts: WriterParts): TableLane {
  return new InsertingLane(open, parts)
}

type Answer = (outcome: RowsOutcome) => void

interface ClosedBlock extends Block {
  readonly requests: readonly Answer[]
}

/** Lets requests that arrive within one turn of the event loop share an insert. */
const BLOCK_WAIT_MS_MIN = 1
/** How much of the last insert's time is waited for more rows: larger blocks cost ClickHouse less. */
const WAIT_PER_INSERT_TIME = 0.5
const RETRY_AFTER_FAILURE_MS = 30_000
const RETRY_AFTER_OUTAGE_MS = 1_000

class InsertingLane implements TableLane {
  readonly #open: OpenBlock
  readonly #parts: WriterParts
  readonly #writer: Writer
  readonly #aborter = new AbortController()
  #openRequests: Answer[] = []
  readonly #closedBlocks: ClosedBlock[] = []
  readonly #insertingBlocks = new Set<ClosedBlock>()
  #timer: NodeJS.Timeout | undefined
  #lastInsertMs = 0
  #lastInsertEndMs = 0
  #isDraining = false
  #whenDrained: (() => void) | undefined
  bytesPerMs = 0

  constructor(open: OpenBlock, parts: WriterParts) {
    this.#open = open
    this.#parts = parts
    this.#writer = createWriter(open.table, parts)
  }

  get table(): string {
    return this.#open.table
  }

  get openRows(): number {
    return this.#open.rows
  }

  get bytes(): number {
    return this.#pendingBlocks().reduce((sum, block) => sum + block.bytes, this.#open.bytes)
  }

  wait(): Promise<RowsOutcome> {
    return new Promise((answer) => {
      this.#openRequests.push(answer)
      const { blockRowsMax, blockBytesMax, blockDaysMax } = this.#parts.limits
      const { rows, bytes, days } = this.#open
      if (rows >= blockRowsMax || bytes >= blockBytesMax || days >= blockDaysMax) this.#closeBlock()
      this.#proceed()
    })
  }

  giveUpOpenBlock(message: string): void {
    this.#open.take()
    const requests = this.#openRequests
    this.#openRequests = []
    answerAll(requests, { status: 'overloaded', retryAfterMs: RETRY_AFTER_OUTAGE_MS, message })
  }

  async drain(signal: AbortSignal): Promise<void> {
    this.#isDraining = true
    const drained = new Promise<void>((resolve) => {
      this.#whenDrained = resolve
    })
    const giveUp = (): void => {
      this.#aborter.abort()
      this.#abandon()
    }
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
    this.#proceed()
    await drained
    signal.removeEventListener('abort', giveUp)
  }

  #pendingBlocks(): ClosedBlock[] {
    return [...this.#closedBlocks, ...this.#insertingBlocks]
  }

  #closeBlock(): void {
    const rows = this.#open.rows
    const chunks = this.#open.take()
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0)
    const requests = this.#openRequests
    this.#openRequests = []
    this.#closedBlocks.push({ chunks, rows, bytes, token: randomUUID(), requests })
  }

  /** Starts the inserts that may start, or sees to it that this is called again. */
  #proceed(): void {
    const { insertsInFlightMax } = this.#parts.limits
    while (this.#insertingBlocks.size < insertsInFlightMax) {
      if (this.#closedBlocks.length === 0 && !this.#closeBlockIfDue()) break
      const block = this.#closedBlocks.shift()
      // The promise never rejects: inserting and answering do not.
      if (block !== undefined) void this.#insert(block)
    }
    const isIdle = this.#openRequests.length === 0 && this.#pendingBlocks().length === 0
    if (isIdle) this.#whenDrained?.()
  }

  /** Closes the open block, or sets a timer for the moment at which it has waited enough. */
  #closeBlockIfDue(): boolean {
    if (this.#openRequests.length === 0) return false
    const { blockRowsEnough, blockWaitMsMax } = this.#parts.limits
    const waitMs = Math.min(this.#lastInsertMs * WAIT_PER_INSERT_TIME, blockWaitMsMax)
    const restMs = this.#lastInsertEndMs + waitMs - performance.now()
    const isDue = this.#isDraining || this.#open.rows >= blockRowsEnough
    if (!isDue) {
      this.#timer ??= setTimeout(
        () => {
          this.#timer = undefined
          if (this.#openRequests.length > 0) this.#closeBlock()
          this.#proceed()
        },
        Math.max(restMs, BLOCK_WAIT_MS_MIN),
      )
      return false
    }
    this.#closeBlock()
    return true
  }

  async #insert(block: ClosedBlock): Promise<void> {
    this.#stopTimer()
    this.#insertingBlocks.add(block)
    const startMs = performance.now()
    const outcome = await this.#writer.insert(block, this.#aborter.signal)
    this.#lastInsertEndMs = performance.now()
    this.#lastInsertMs = this.#lastInsertEndMs - startMs
    this.#insertingBlocks.delete(block)
    if (outcome.status === 'inserted') this.#measure(block)
    answerBlock(block, outcome)
    this.#proceed()
  }

  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Smooths over about the last ten inserts. */
  #measure(block: Block): void {
    const bytesPerMs = block.bytes / Math.max(this.#lastInsertMs, 1)
    this.bytesPerMs = this.bytesPerMs === 0 ? bytesPerMs : this.bytesPerMs * 0.9 + bytesPerMs * 0.1
  }

  /** Answers everybody who still waits; an insert that is under way may yet succeed, unseen. */
  #abandon(): void {
    if (this.#openRequests.length > 0) this.#closeBlock()
    for (const block of this.#pendingBlocks()) {
      answerAll(block.requests, {
        status: 'overloaded',
        retryAfterMs: RETRY_AFTER_OUTAGE_MS,
        message: 'The collector shuts down and could not insert in time',
      })
    }
    this.#closedBlocks.length = 0
    this.#whenDrained?.()
  }
}

function answerBlock(block: ClosedBlock, outcome: InsertOutcome): void {
  switch (outcome.status) {
    case 'inserted':
      answerAll(block.requests, outcome)
      return
    case 'retryable':
      answerAll(block.requests, {
        status: 'overloaded',
        retryAfterMs: RETRY_AFTER_OUTAGE_MS,
        message: `ClickHouse does not take rows at the moment: ${outcome.error.message}`,
      })
      return
    case 'failed':
      // The rows are good, the store is not as it should be; somebody may put it right.
      answerAll(block.requests, {
        status: 'overloaded',
        retryAfterMs: RETRY_AFTER_FAILURE_MS,
        message: `ClickHouse refused the rows: ${outcome.error.message}`,
      })
  }
}

function answerAll(requests: readonly Answer[], outcome: RowsOutcome): void {
  for (const answer of requests) answer(outcome)
}
