// The life of a batch; only the batch changes its state:
//
//   open ── full, or due ──▶ closed ── inserted, or set aside ──▶ (gone)
//   takes blocks             │ oldest first                          ▲
//                            └─ refused while others ──▶ postponed ──┘
//                               are taken                others go before it
import { assert } from '@wayward/base'
import { randomBytes } from 'node:crypto'
import { currentTableName } from '@wayward/clickhouse'
import type { StoredBlock } from '../journal/journal.ts'

/** What a batch does: takes blocks, waits for its insert, or lets others go first. */
export type BatchState = 'open' | 'closed' | 'postponed'

/** What a block, or a batch, comes to. */
export interface BatchSize {
  readonly rows: number
  readonly bytes: number
  /** Different days of its rows, or more. */
  readonly days: number
}

/** Blocks of one table that are inserted together, or not at all, under one deduplication token. */
export interface Batch extends BatchSize {
  /** `insert_deduplication_token`: the same at every try, also after a restart. */
  readonly token: string
  readonly state: BatchState
  readonly blocks: readonly StoredBlock[]
  /** Blocks that have the token and are being written to the journal. */
  readonly blocksUnderWay: number
  /** Whether it was in the journal when the collector started. */
  readonly isReplayed: boolean
  /** When its first block was safe, or found in the journal; on the clock that never jumps. */
  readonly sinceMs: number
  /** Tries to insert it. */
  readonly tries: number
  /** Tries that ClickHouse answered with an error. */
  readonly refusals: number
  /** Whether the last try said that no other can succeed. */
  readonly isRefusedForGood: boolean
  /** Younger batches that went in after this one was refused. */
  readonly overtaken: number
  /** When a postponed one is tried again; on the clock that never jumps. */
  readonly postponedUntilMs: number
  /** Counts a block that is about to be written with the batch's token; `settle` must follow. */
  reserve(size: BatchSize): void
  /** What became of that block; undefined where the journal did not take it. */
  settle(block: StoredBlock | undefined, nowMs: number): void
  /** Takes no more blocks. */
  close(): void
  countTry(): void
  countFailure(failure: { readonly isAnswer: boolean; readonly isForGood: boolean }): void
  countOvertaking(): void
  postpone(untilMs: number): void
  /** Leaves out blocks that cannot be inserted. */
  leaveOut(blocks: readonly StoredBlock[]): void
}

/** Creates a batch that takes blocks. */
export function createBatch(): Batch {
  return new BlockBatch(randomBytes(16).toString('hex'), false)
}

/**
 * The batches of what a journal held when it was opened, by table, each oldest first.
 *
 * @param nowMs on the clock that never jumps
 */
export function restoreBatches(
  blocks: readonly StoredBlock[],
  nowMs: number,
): ReadonlyMap<string, readonly Batch[]> {
  const byTable = new Map<string, Map<string, BlockBatch>>()
  for (const block of blocks) {
    const table = currentTableName(block.table)
    const ofTable = byTable.get(table) ?? new Map<string, BlockBatch>()
    byTable.set(table, ofTable)
    const batch = ofTable.get(block.token) ?? new BlockBatch(block.token, true)
    ofTable.set(block.token, batch)
    batch.reserve({ rows: block.rows, bytes: block.byteLength, days: 0 })
    batch.settle(block, nowMs)
  }
  const closed = (batch: BlockBatch): Batch => {
    batch.close()
    return batch
  }
  return new Map([...byTable].map(([table, batches]) => [table, [...batches.values()].map(closed)]))
}

/** What batches hold together. */
export function totalOf(batches: readonly Batch[]): {
  readonly rows: number
  readonly bytes: number
  readonly blocks: number
} {
  let rows = 0
  let bytes = 0
  let blocks = 0
  for (const batch of batches) {
    rows += batch.rows
    bytes += batch.bytes
    blocks += batch.blocks.length
  }
  return { rows, bytes, blocks }
}

class BlockBatch implements Batch {
  readonly token: string
  readonly isReplayed: boolean
  #state: BatchState = 'open'
  #blocks: StoredBlock[] = []
  #rows = 0
  #bytes = 0
  #days = 0
  #blocksUnderWay = 0
  #sinceMs = 0
  #tries = 0
  #refusals = 0
  #isRefusedForGood = false
  #overtaken = 0
  #postponedUntilMs = 0

  constructor(token: string, isReplayed: boolean) {
    this.token = token
    this.isReplayed = isReplayed
  }

  get state(): BatchState {
    return this.#state
  }

  get blocks(): readonly StoredBlock[] {
    return this.#blocks
  }

  get rows(): number {
    return this.#rows
  }

  get bytes(): number {
    return this.#bytes
  }

  get days(): number {
    return this.#days
  }

  get blocksUnderWay(): number {
    return this.#blocksUnderWay
  }

  get sinceMs(): number {
    return this.#sinceMs
  }

  get tries(): number {
    return this.#tries
  }

  get refusals(): number {
    return this.#refusals
  }

  get isRefusedForGood(): boolean {
    return this.#isRefusedForGood
  }

  get overtaken(): number {
    return this.#overtaken
  }

  get postponedUntilMs(): number {
    return this.#postponedUntilMs
  }

  reserve({ rows, bytes, days }: BatchSize): void {
    // Another block under this token would be a new batch for ClickHouse, or be taken for a
    // repetition.
    assert(this.#state === 'open', `The batch ${this.token} is closed and takes no block`)
    this.#rows += rows
    this.#bytes += bytes
    this.#days += days
    this.#blocksUnderWay++
  }

  settle(block: StoredBlock | undefined, nowMs: number): void {
    assert(this.#blocksUnderWay > 0, `The batch ${this.token} has no block under way`)
    this.#blocksUnderWay--
    if (block === undefined) {
      // It was counted when its token was given.
      if (this.#blocksUnderWay === 0) this.#recount()
      return
    }
    if (this.#blocks.length === 0) this.#sinceMs = nowMs
    this.#blocks.push(block)
  }

  close(): void {
    this.#state = 'closed'
  }

  countTry(): void {
    this.#tries++
  }

  countFailure({
    isAnswer,
    isForGood,
  }: {
    readonly isAnswer: boolean
    readonly isForGood: boolean
  }): void {
    if (isAnswer) this.#refusals++
    this.#isRefusedForGood = isForGood
  }

  countOvertaking(): void {
    this.#overtaken++
  }

  postpone(untilMs: number): void {
    assert(this.#state !== 'open', `The batch ${this.token} is open and cannot be postponed`)
    this.#state = 'postponed'
    this.#postponedUntilMs = untilMs
  }

  leaveOut(blocks: readonly StoredBlock[]): void {
    this.#blocks = this.#blocks.filter((block) => !blocks.includes(block))
    this.#recount()
  }

  #recount(): void {
    this.#rows = this.#blocks.reduce((sum, block) => sum + block.rows, 0)
    this.#bytes = this.#blocks.reduce((sum, block) => sum + block.byteLength, 0)
  }
}
