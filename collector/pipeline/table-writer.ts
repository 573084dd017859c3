// The way of one table's rows from the journal to ClickHouse.
//
//   committer ──▶ open batch ──▶ closed batches ──▶ insert, with the batch's token ──▶ confirmed in the journal
//                                (oldest first)      └─ not taken: again, with growing pauses, for as long as it takes
//
// A batch is closed when it is full, or when an insert may start and it is due. So one request on
// an idle service is inserted at once, at a few rows per second there is an insert per second, and
// under load batches grow to what is enough for one.
import type { Logger } from '@wayward/base'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InsertOutcome, Store } from '@wayward/clickhouse'
import { addBlock, type Batch, createBatch } from './batch.ts'
import type { DrainRate } from './drain-rate.ts'
import { createFailureLog, type FailureLog } from './failure-log.ts'
import type { Journal, StoredBlock } from '../journal/journal.ts'
import type { CollectorLimits } from '../limits.ts'
import type { SlabPool } from './slab-pool.ts'
import { countSetAside, type Telemetry } from '../telemetry/telemetry.ts'

/** Why a table's rows do not get into ClickHouse at the moment. */
export type TableState = 'well' | 'away' | 'refused'

export interface TableWriter {
  readonly table: string
  /** The token for a block that is about to be written to the journal. `settle` must follow. */
  reserve(rows: number, bytes: number, days: number): string
  /** What became of that block; undefined where the journal did not take it. */
  settle(token: string, block: StoredBlock | undefined): void
  /** Begins to insert: ClickHouse has its tables. */
  open(): void
  /**
   * Inserts what it has without waiting for more, until `signal` gives up. The rest stays in the
   * journal.
   */
  drain(signal: AbortSignal): Promise<void>
  /** Resolves when ClickHouse has what the journal has now; never, where it does not take it. */
  whenInserted(): Promise<void>
  readonly state: TableState
  /** Rows and bytes that the journal has and ClickHouse has not. */
  readonly backlog: Backlog
  /** What the journal had at the start. */
  readonly replay: Replay
  /** Age of the oldest of them in milliseconds; 0 where there is none. */
  readonly lagMs: number
}

export interface Backlog {
  readonly rows: number
  readonly bytes: number
  readonly batches: number
}

export interface Replay {
  /** Rows and blocks that were found. */
  readonly rows: number
  readonly blocks: number
  /** Those of them that ClickHouse has not yet. */
  readonly remainingRows: number
  readonly remainingBlocks: number
}

export interface TableWriterParts {
  readonly store: Pick<Store, 'insertNative'>
  readonly journal: Pick<Journal, 'read' | 'confirm' | 'setAside'>
  readonly drainRate: DrainRate
  /** Shared by all tables. */
  readonly slabs: SlabPool
  readonly telemetry: Telemetry
  readonly logger: Logger
  readonly limits: CollectorLimits
}

/** @param batches what the journal still held at the start, oldest first */
export function createTableWriter(
  table: string,
  batches: readonly Batch[],
  parts: TableWriterParts,
): TableWriter {
  return new JournalTableWriter(table, batches, parts)
}

const firstPauseMs = 100
/** After so many errors of ClickHouse for one batch it is asked whether it takes another one. */
const refusalsMax = 4
/** After so many others went in, it is the batch that is wrong. */
const overtakenMax = 2
const postponeMs = 60_000
/** More blocks would hardly fit. */
const nearlyFull = 0.9
/** A block with fewer days is an ordinary one: it was midnight. */
const daysIgnored = 2

type TryOutcome = InsertOutcome | { readonly status: 'nothing' }

class JournalTableWriter implements TableWriter {
  readonly table: string
  readonly #parts: TableWriterParts
  readonly #log: FailureLog
  readonly #closed: Batch[]
  /** Batches that ClickHouse refuses while it takes others. */
  readonly #postponed: Batch[] = []
  readonly #stop = new AbortController()
  #open = createBatch()
  #isOpened = false
  #isDraining = false
  #isInserting = false
  #timer: NodeJS.Timeout | undefined
  #lastStartMs = Number.NEGATIVE_INFINITY
  #failures = 0
  #lastTried: Batch | undefined
  #whenDrained: (() => void) | undefined
  #waiting: { readonly batches: ReadonlySet<Batch>; readonly resolve: () => void }[] = []
  readonly #found: { readonly rows: number; readonly blocks: number }
  state: TableState = 'well'

  constructor(table: string, batches: readonly Batch[], parts: TableWriterParts) {
    this.table = table
    this.#parts = parts
    this.#closed = [...batches]
    this.#found = {
      rows: batches.reduce((sum, { rows }) => sum + rows, 0),
      blocks: batches.reduce((sum, { blocks }) => sum + blocks.length, 0),
    }
    this.#log = createFailureLog(table, parts.logger)
  }

  get backlog(): Backlog {
    const batches = this.#batches()
    let rows = 0
    let bytes = 0
    for (const batch of batches) {
      rows += batch.rows
      bytes += batch.bytes
    }
    return { rows, bytes, batches: batches.length }
  }

  get replay(): Replay {
    const left = this.#batches().filter(({ isReplayed }) => isReplayed)
    return {
      ...this.#found,
      remainingRows: left.reduce((sum, { rows }) => sum + rows, 0),
      remainingBlocks: left.reduce((sum, { blocks }) => sum + blocks.length, 0),
    }
  }

  get lagMs(): number {
    let sinceMs = Number.POSITIVE_INFINITY
    for (const batch of this.#batches()) {
      if (batch.blocks.length > 0) sinceMs = Math.min(sinceMs, batch.sinceMs)
    }
    return sinceMs === Number.POSITIVE_INFINITY ? 0 : performance.now() - sinceMs
  }

  reserve(rows: number, bytes: number, days: number): string {
    const { batchBytesMax, batchDaysMax, batchRowsMax } = this.#parts.limits
    const countedDays = days > daysIgnored ? days : 0
    const open = this.#open
    const isFull =
      open.rows + rows > batchRowsMax ||
      open.bytes + bytes > batchBytesMax ||
      open.days + countedDays > batchDaysMax
    if (isFull && open.rows > 0) this.#close()
    this.#open.rows += rows
    this.#open.bytes += bytes
    this.#open.days += countedDays
    this.#open.blocksUnderWay++
    return this.#open.token
  }

  settle(token: string, block: StoredBlock | undefined): void {
    // The frame was made of the open batch, which only a larger successor may have closed since.
    const batch =
      this.#open.token === token ? this.#open : this.#closed.findLast((one) => one.token === token)
    if (batch === undefined) throw new Error(`No batch of ${this.table} has the token ${token}`)
    batch.blocksUnderWay--
    if (block !== undefined) addBlock(batch, block)
    else if (batch.blocksUnderWay === 0) this.#recount(batch)
    this.#proceed()
  }

  open(): void {
    this.#isOpened = true
    this.#proceed()
  }

  async drain(signal: AbortSignal): Promise<void> {
    if (this.#isDraining) return
    this.#isDraining = true
    const drained = new Promise<void>((resolve) => {
      this.#whenDrained = resolve
    })
    const giveUp = (): void => {
      this.#stop.abort()
      this.#whenDrained?.()
    }
    if (signal.aborted) giveUp()
    else signal.addEventListener('abort', giveUp, { once: true })
    this.#proceed()
    await drained
    this.#stop.abort()
    clearTimeout(this.#timer)
    signal.removeEventListener('abort', giveUp)
  }

  whenInserted(): Promise<void> {
    const batches = new Set(this.#batches())
    if (batches.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ batches, resolve }))
  }

  #batches(): Batch[] {
    const open = this.#open.blocks.length > 0 ? [this.#open] : []
    return [...this.#postponed, ...this.#closed, ...open]
  }

  #close(): void {
    this.#closed.push(this.#open)
    this.#open = createBatch()
  }

  /** A block that the journal refused was counted when its token was given. */
  #recount(batch: Batch): void {
    batch.rows = batch.blocks.reduce((sum, block) => sum + block.rows, 0)
    batch.bytes = batch.blocks.reduce((sum, block) => sum + block.byteLength, 0)
    const index = this.#closed.indexOf(batch)
    if (batch.blocks.length === 0 && index >= 0) this.#closed.splice(index, 1)
  }

  /** Starts the next insert, or sees to it that this is called again. */
  #proceed(): void {
    if (!this.#isOpened || this.#isInserting || this.#stop.signal.aborted) return
    const batch = this.#next()
    if (batch !== undefined) {
      this.#isInserting = true
      // The promise never rejects: the store and the journal do not.
      void this.#insert(batch)
      return
    }
    if (this.#isDraining && this.backlog.batches === 0) this.#whenDrained?.()
  }

  #next(): Batch | undefined {
    const nowMs = performance.now()
    const [postponed] = this.#postponed
    if (postponed !== undefined && postponed.postponedMs <= nowMs) return postponed
    if (this.#closed.length === 0 && this.#isDue(nowMs)) this.#close()
    const [head] = this.#closed
    if (head === undefined || head.blocksUnderWay > 0) return undefined
    if (head.refusals < refusalsMax || this.#lastTried !== head) return head
    // Is it this batch, or the table?
    if (this.#closed.length === 1 && this.#isClosable()) this.#close()
    const other = this.#closed[1]
    return other === undefined || other.blocksUnderWay > 0 ? head : other
  }

  #isClosable(): boolean {
    return this.#open.blocks.length > 0 && this.#open.blocksUnderWay === 0
  }

  /** Whether the open batch is to be inserted now; if it is not, a timer is set for the moment. */
  #isDue(nowMs: number): boolean {
    if (!this.#isClosable()) return false
    const { batchRowsEnough, batchBytesMax, insertIntervalMs } = this.#parts.limits
    const { bytes, rows } = this.#open
    const restMs = this.#lastStartMs + insertIntervalMs - nowMs
    if (this.#isDraining || restMs <= 0) return true
    if (rows >= batchRowsEnough || bytes >= batchBytesMax * nearlyFull) return true
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#proceed()
    }, restMs)
    return false
  }

  async #insert(batch: Batch): Promise<void> {
    this.#lastStartMs = performance.now()
    this.#lastTried = batch
    const outcome = await this.#tryInsert(batch)
    if (outcome.status === 'inserted' || outcome.status === 'nothing') {
      this.#remove(batch)
      await this.#dealWithRefused(batch)
      this.#failures = 0
      this.state = 'well'
      this.#log.succeeded()
    } else {
      await this.#pauseAfter(batch, outcome)
    }
    this.#isInserting = false
    this.#proceed()
  }

  async #tryInsert(batch: Batch): Promise<TryOutcome> {
    const { journal, store, drainRate, slabs } = this.#parts
    const slab = slabs.take()
    const allocate = slab.allocate.bind(slab)
    const chunks: Uint8Array[] = []
    const damaged: StoredBlock[] = []
    for (const block of batch.blocks) {
      const read = await journal.read(block, allocate)
      if (read.status === 'read') chunks.push(read.bytes)
      else if (read.status === 'failed') {
        return { status: 'retryable', error: new Error(`The journal: ${read.message}`) }
      } else {
        await this.#setAside([block], 'damaged', read.message)
        damaged.push(block)
      }
    }
    if (damaged.length > 0) {
      batch.blocks = batch.blocks.filter((block) => !damaged.includes(block))
      this.#recount(batch)
    }
    if (chunks.length === 0) return { status: 'nothing' }
    const startMs = performance.now()
    const outcome = await store.insertNative(this.table, chunks, batch.token)
    this.#countTry(batch, outcome.status, (performance.now() - startMs) / 1000)
    if (outcome.status === 'inserted') {
      journal.confirm(batch.blocks)
      drainRate.add(batch.bytes)
      // Only now: a try that failed may still be sending from it.
      slabs.give(slab)
    }
    return outcome
  }

  #countTry(batch: Batch, status: InsertOutcome['status'], seconds: number): void {
    const { telemetry } = this.#parts
    telemetry.inserts.add(1, this.table, status)
    telemetry.insertSeconds.observe(seconds, this.table)
    // What an earlier process had may have been tried by it; nobody knows.
    if (batch.tries++ > 0) telemetry.repeatedInserts.add(1, this.table)
    if (status !== 'inserted') return
    telemetry.insertRows.observe(batch.rows, this.table)
    telemetry.insertedRows.add(batch.rows, this.table)
    telemetry.insertedBytes.add(batch.bytes, this.table)
    if (batch.isReplayed) telemetry.replayedRows.add(batch.rows, this.table)
  }

  async #setAside(
    blocks: readonly StoredBlock[],
    reason: 'refused' | 'damaged',
    message: string,
  ): Promise<void> {
    const { journal, telemetry } = this.#parts
    for (const { table, rows, byteLength: bytes } of blocks) {
      countSetAside(telemetry, { table, rows, bytes }, reason, message)
    }
    await journal.setAside(blocks, message)
  }

  #remove(batch: Batch): void {
    for (const batches of [this.#closed, this.#postponed]) {
      const index = batches.indexOf(batch)
      if (index >= 0) batches.splice(index, 1)
    }
    if (this.#waiting.length === 0) return
    const left = new Set(this.#batches())
    this.#waiting = this.#waiting.filter(({ batches, resolve }) => {
      if ([...batches].some((one) => left.has(one))) return true
      resolve()
      return false
    })
  }

  /**
   * Another batch went in while the oldest did not: it is not the table that is wrong. Once is not
   * enough, for the table may have been cured in between; so the oldest has another try.
   */
  async #dealWithRefused(inserted: Batch): Promise<void> {
    const [head] = this.#closed
    if (head === undefined || head === inserted || head.refusals < refusalsMax) return
    if (this.#postponed.includes(inserted)) return
    head.overtaken++
    if (head.overtaken < overtakenMax) return
    this.#remove(head)
    const reason = this.#log.lastMessage()
    const { rows, token } = head
    if (!head.isRefusedForGood) {
      head.postponedMs = performance.now() + postponeMs
      this.#postponed.push(head)
      return
    }
    const text =
      'ClickHouse takes other batches of the table but refuses this one: it was set aside'
    this.#parts.logger.error(text, { table: this.table, rows, token, reason })
    await this.#setAside(head.blocks, 'refused', reason)
  }

  async #pauseAfter(
    batch: Batch,
    outcome: Exclude<InsertOutcome, { readonly status: 'inserted' }>,
  ): Promise<void> {
    const { status, error } = outcome
    const isAnswer = 'clickhouse' in error && error.clickhouse !== undefined
    if (isAnswer) batch.refusals++
    batch.isRefusedForGood = status === 'failed'
    if (this.#postponed.includes(batch)) {
      batch.postponedMs = performance.now() + postponeMs
      return
    }
    // A probe that fails says that the table is wrong; the state is that of the oldest batch.
    this.state = status === 'failed' ? 'refused' : 'away'
    this.#failures++
    this.#log.failed(status, error)
    const pauseMs = Math.min(
      firstPauseMs * 2 ** Math.min(this.#failures - 1, 20),
      this.#parts.limits.insertPauseMsMax,
    )
    if (this.#isDraining && isAnswer && status === 'failed') this.#whenDrained?.()
    await sleep(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
  }
}
