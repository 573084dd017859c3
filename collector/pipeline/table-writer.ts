// The way of one table's rows from the journal to ClickHouse.
//
//   committer ──▶ open batch ──▶ closed batches ──▶ insert, with the batch's token ──▶ confirmed in the journal
//                                (oldest first)      └─ not taken: again, with growing pauses, for as long as it takes
//
// A batch is closed when it is full, or when an insert may start and it is due. So one request on
// an idle service is inserted at once, at a few rows per second there is an insert per second, and
// under load batches grow to what is enough for one.
import { assertDefined, type Logger, pause, type Time, type Timer } from '@wayward/base'
import type { InsertOutcome, Store } from '@wayward/clickhouse'
import { type Batch, createBatch, totalOf } from './batch.ts'
import type { DrainRate } from './drain-rate.ts'
import { createFailureLog, type FailureLog } from './failure-log.ts'
import type { Journal, StoredBlock } from '../journal/journal.ts'
import type { CollectorLimits } from '../limits.ts'
import { chooseNext, refusalsMax, type WaitingBatches } from './next-batch.ts'
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
  readonly time: Time
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
/** After so many others went in, it is the batch that is wrong. */
const overtakenMax = 2
const postponeMs = 60_000
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
  #timer: Timer | undefined
  #lastStartMs = Number.NEGATIVE_INFINITY
  #failures = 0
  #lastTried: Batch | undefined
  #whenDrained: (() => void) | undefined
  #waiting: { readonly batches: ReadonlySet<Batch>; readonly resolve: () => void }[] = []
  readonly #found: { readonly rows: number; readonly blocks: number }
  #state: TableState = 'well'

  constructor(table: string, batches: readonly Batch[], parts: TableWriterParts) {
    this.table = table
    this.#parts = parts
    this.#closed = [...batches]
    this.#found = totalOf(batches)
    this.#log = createFailureLog(table, parts.logger, parts.time)
  }

  get state(): TableState {
    return this.#state
  }

  get backlog(): Backlog {
    const batches = this.#batches()
    const { bytes, rows } = totalOf(batches)
    return { rows, bytes, batches: batches.length }
  }

  get replay(): Replay {
    const { blocks, rows } = this.#found
    const left = totalOf(this.#batches().filter(({ isReplayed }) => isReplayed))
    return { rows, blocks, remainingRows: left.rows, remainingBlocks: left.blocks }
  }

  get lagMs(): number {
    let sinceMs = Number.POSITIVE_INFINITY
    for (const batch of this.#batches()) {
      if (batch.blocks.length > 0) sinceMs = Math.min(sinceMs, batch.sinceMs)
    }
    return sinceMs === Number.POSITIVE_INFINITY ? 0 : this.#nowMs() - sinceMs
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
    this.#open.reserve({ rows, bytes, days: countedDays })
    return this.#open.token
  }

  settle(token: string, block: StoredBlock | undefined): void {
    // The frame was made of the open batch, which only a larger successor may have closed since.
    const batch = assertDefined(
      this.#open.token === token ? this.#open : this.#closed.findLast((one) => one.token === token),
      `No batch of ${this.table} has the token ${token}`,
    )
    batch.settle(block, this.#nowMs())
    if (batch.state === 'closed' && batch.blocks.length + batch.blocksUnderWay === 0) {
      this.#closed.splice(this.#closed.indexOf(batch), 1)
    }
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
    this.#timer?.cancel()
    signal.removeEventListener('abort', giveUp)
  }

  whenInserted(): Promise<void> {
    const batches = new Set(this.#batches())
    if (batches.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ batches, resolve }))
  }

  #nowMs(): number {
    return this.#parts.time.monotonicMs()
  }

  #batches(): Batch[] {
    const open = this.#open.blocks.length > 0 ? [this.#open] : []
    return [...this.#postponed, ...this.#closed, ...open]
  }

  #close(): void {
    this.#open.close()
    this.#closed.push(this.#open)
    this.#open = createBatch()
  }

  /** Starts the next insert, or sees to it that this is called again. */
  #proceed(): void {
    if (!this.#isOpened || this.#isInserting || this.#stop.signal.aborted) return
    const nowMs = this.#nowMs()
    const step = chooseNext(this.#waitingBatches(), nowMs, this.#parts.limits)
    if (step.kind === 'close') {
      this.#close()
      this.#proceed()
    } else if (step.kind === 'insert') {
      this.#isInserting = true
      // The promise never rejects: the store and the journal do not.
      void this.#insert(step.batch)
    } else {
      if (step.untilMs !== undefined) this.#proceedAfter(step.untilMs - nowMs)
      if (this.#isDraining && this.backlog.batches === 0) this.#whenDrained?.()
    }
  }

  #waitingBatches(): WaitingBatches {
    return {
      open: this.#open,
      closed: this.#closed,
      postponed: this.#postponed,
      lastTried: this.#lastTried,
      lastStartMs: this.#lastStartMs,
      isDraining: this.#isDraining,
    }
  }

  #proceedAfter(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#parts.time.after(delayMs, () => this.#proceed())
  }

  async #insert(batch: Batch): Promise<void> {
    this.#lastStartMs = this.#nowMs()
    this.#lastTried = batch
    const outcome = await this.#tryInsert(batch)
    if (outcome.status === 'inserted' || outcome.status === 'nothing') {
      this.#remove(batch)
      await this.#dealWithRefused(batch)
      this.#failures = 0
      this.#state = 'well'
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
    if (damaged.length > 0) batch.leaveOut(damaged)
    if (chunks.length === 0) return { status: 'nothing' }
    const startMs = this.#nowMs()
    const outcome = await store.insertNative(this.table, chunks, batch.token)
    this.#countTry(batch, outcome.status, (this.#nowMs() - startMs) / 1000)
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
    if (batch.tries > 0) telemetry.repeatedInserts.add(1, this.table)
    batch.countTry()
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
    if (inserted.state === 'postponed') return
    head.countOvertaking()
    if (head.overtaken < overtakenMax) return
    if (!head.isRefusedForGood) {
      this.#closed.shift()
      this.#postpone(head)
      return
    }
    this.#remove(head)
    const reason = this.#log.lastMessage()
    const { rows, token } = head
    const text =
      'ClickHouse takes other batches of the table but refuses this one: it was set aside'
    this.#parts.logger.error(text, { table: this.table, rows, token, reason })
    await this.#setAside(head.blocks, 'refused', reason)
  }

  /** The batch goes behind all others that are postponed. */
  #postpone(batch: Batch): void {
    const index = this.#postponed.indexOf(batch)
    if (index >= 0) this.#postponed.splice(index, 1)
    batch.postpone(this.#nowMs() + postponeMs)
    this.#postponed.push(batch)
  }

  async #pauseAfter(
    batch: Batch,
    outcome: Exclude<InsertOutcome, { readonly status: 'inserted' }>,
  ): Promise<void> {
    const { status, error } = outcome
    const isAnswer = 'clickhouse' in error && error.clickhouse !== undefined
    batch.countFailure({ isAnswer, isForGood: status === 'failed' })
    if (batch.state === 'postponed') {
      this.#postpone(batch)
      return
    }
    // A probe that fails says that the table is wrong; the state is that of the oldest batch.
    this.#state = status === 'failed' ? 'refused' : 'away'
    this.#failures++
    this.#log.failed(status, error)
    const { limits, time } = this.#parts
    const pauseMs = Math.min(
      firstPauseMs * 2 ** Math.min(this.#failures - 1, 20),
      limits.insertPauseMsMax,
    )
    if (this.#isDraining && isAnswer && status === 'failed') this.#whenDrained?.()
    await pause(time, pauseMs, this.#stop.signal)
  }
}
