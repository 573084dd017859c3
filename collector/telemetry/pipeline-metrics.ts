import type { Committer } from '../pipeline/committer.ts'
import type { DrainRate } from '../pipeline/drain-rate.ts'
import type { Journal, JournalStats } from '../journal/journal.ts'
import type { ValueReader } from './metrics.ts'
import { single } from './process-metrics.ts'
import type { Repeats } from '../pipeline/repeats.ts'
import type { TableState, TableWriter } from '../pipeline/table-writer.ts'
import type { Observe, ObservedName } from './observe.ts'

/** What a pipeline is made of, as far as it is watched. */
export interface ObservedPipeline {
  readonly journal: Journal
  readonly writers: readonly TableWriter[]
  readonly committer: Pick<Committer, 'bytes' | 'waitingRequests'>
  readonly drainRate: Pick<DrainRate, 'bytesPerMs'>
  readonly repeats: Pick<Repeats, 'size'>
}

const states: readonly TableState[] = ['well', 'away', 'refused']

/**
 * Shows on /metrics how full the journal is, how far ClickHouse is behind, and how fast it takes
 * rows.
 */
export function observePipeline(observe: Observe, pipeline: ObservedPipeline): void {
  const { committer, drainRate, journal, repeats, writers } = pipeline
  observe(
    'waitingRequests',
    single(() => committer.waitingRequests),
  )
  observe(
    'openBytes',
    single(() => committer.bytes),
  )
  observe(
    'rememberedRequests',
    single(() => repeats.size),
  )
  observe(
    'drainRate',
    single(() => drainRate.bytesPerMs * 1000),
  )
  observeJournal(observe, journal)
  observeTables(observe, writers)
}

function observeJournal(observe: Observe, journal: Journal): void {
  observe(
    'journalBytes',
    single(() => journal.usedBytes),
  )
  observe(
    'journalLimitBytes',
    single(() => journal.bytesMax),
  )
  const observeStat = (name: ObservedName, read: (stats: JournalStats) => number): void =>
    observe(
      name,
      single(() => read(journal.stats())),
    )
  observeStat('journalCachedBytes', ({ cachedBytes }) => cachedBytes)
  observeStat('journalSegments', ({ segments }) => segments)
  observeStat('recycledSegments', ({ recycledSegments }) => recycledSegments)
  observeStat('compactedBlocks', ({ compactedBlocks }) => compactedBlocks)
  observeStat('damagedRecords', ({ damagedRecords }) => damagedRecords)
}

function observeTables(observe: Observe, writers: readonly TableWriter[]): void {
  const observeTable = (name: ObservedName, read: (writer: TableWriter) => number): void =>
    observe(name, perTable(writers, read))
  observeTable('backlogRows', ({ backlog }) => backlog.rows)
  observeTable('backlogBytes', ({ backlog }) => backlog.bytes)
  observeTable('backlogBatches', ({ backlog }) => backlog.batches)
  observeTable('lag', ({ lagMs }) => lagMs / 1000)
  observeTable('replayRows', ({ replay }) => replay.rows)
  observeTable('replayBlocks', ({ replay }) => replay.blocks)
  observeTable('replayRemainingRows', ({ replay }) => replay.remainingRows)
  observeTable('replayRemainingBlocks', ({ replay }) => replay.remainingBlocks)
  observe('tableState', () =>
    writers.flatMap(({ table, state }) =>
      states.map((one) => ({ labelValues: [table, one], value: one === state ? 1 : 0 })),
    ),
  )
}

function perTable(
  writers: readonly TableWriter[],
  read: (writer: TableWriter) => number,
): ValueReader {
  return () => writers.map((writer) => ({ labelValues: [writer.table], value: read(writer) }))
}
