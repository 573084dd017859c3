import { randomBytes } from 'node:crypto'
import { currentTableName } from '@wayward/clickhouse'
import type { StoredBlock } from '../journal/journal.ts'

/** Blocks of one table that are inserted together, or not at all, under one deduplication token. */
export interface Batch {
  /** `insert_deduplication_token`: the same at every try, also after a restart. */
  readonly token: string
  blocks: StoredBlock[]
  rows: number
  bytes: number
  /** Different days of its rows, or more. */
  days: number
  /** Blocks that have the token and are being written to the journal. */
  blocksUnderWay: number
  /** Whether it was in the journal when the collector started. */
  readonly isReplayed: boolean
  /** Tries to insert it. */
  tries: number
  /** When its first block was safe, or found in the journal; on the clock of `performance.now`. */
  sinceMs: number
  /** Tries that ClickHouse answered with an error. */
  refusals: number
  /** Whether the last try said that no other can succeed. */
  isRefusedForGood: boolean
  /** Younger batches that went in after this one was refused. */
  overtaken: number
  /** When it is tried again, if others go before it; on the clock of `performance.now`. */
  postponedMs: number
}

export function createBatch(): Batch {
  return createBatchWith(randomBytes(16).toString('hex'), false)
}

function createBatchWith(token: string, isReplayed: boolean): Batch {
  return {
    token,
    isReplayed,
    tries: 0,
    blocks: [],
    rows: 0,
    bytes: 0,
    days: 0,
    blocksUnderWay: 0,
    sinceMs: 0,
    refusals: 0,
    isRefusedForGood: false,
    overtaken: 0,
    postponedMs: 0,
  }
}

export function addBlock(batch: Batch, block: StoredBlock): void {
  if (batch.blocks.length === 0) batch.sinceMs = performance.now()
  batch.blocks.push(block)
}

/** The batches of what a journal held when it was opened, by table, each oldest first. */
export function restoreBatches(blocks: readonly StoredBlock[]): ReadonlyMap<string, Batch[]> {
  const byTable = new Map<string, Map<string, Batch>>()
  for (const block of blocks) {
    const table = currentTableName(block.table)
    const ofTable = byTable.get(table) ?? new Map<string, Batch>()
    byTable.set(table, ofTable)
    const batch = ofTable.get(block.token) ?? createBatchWith(block.token, true)
    ofTable.set(block.token, batch)
    addBlock(batch, block)
    batch.rows += block.rows
    batch.bytes += block.byteLength
  }
  return new Map([...byTable].map(([table, batches]) => [table, [...batches.values()]]))
}
