// Jobs in ClickHouse: changes go the way of all data, as OTLP through the journal; the state of a
// job goes into a table of its own in the same frame, so that both are there, or neither.
import {
  createBlock,
  createLowCardinalityColumn,
  createStringColumn,
  createUInt64Column,
  type Store,
  type UInt64Column,
} from '@wayward/clickhouse'
import type { Consumer, ConsumeOutcome, ExportRequest, Sender } from '../consumer.ts'
import type { OpenBlock } from '../decode/decoder.ts'
import { readRunRow, type RunRow } from './run-row.ts'
import { createChangeEncoder } from './job-export.ts'
import type { JobState, RunResult } from './job-state.ts'
import type { JobQuery, JobStore, KeepOutcome, StoredChange } from './job-store.ts'
import { changesSql, marksSql, runsSql, statesSql } from './job-sql.ts'
import type { ReportMark } from './known-reports.ts'

/** The table of states. */
export const jobStatesTable = 'wayward_job_states'

/** Takes several requests and blocks of our own as one. */
export interface TogetherConsumer extends Consumer {
  consumeTogether(
    requests: readonly ExportRequest[],
    ownBlocks: readonly OpenBlock[],
  ): Promise<ConsumeOutcome>
  whenInserted(): Promise<void>
}

/** What the store works with. */
export interface ClickHouseJobsParts {
  readonly consumer: TogetherConsumer
  readonly store: Pick<Store, 'query'>
  readonly sender: Sender
  /** Resolves when ClickHouse has its tables. */
  readonly storeIsReady: Promise<unknown>
  onAnswer(outcome: ConsumeOutcome, bytes: number): void
}

/** Makes the store. */
export function createClickHouseJobs(parts: ClickHouseJobsParts): JobStore {
  const { consumer, sender, store } = parts
  const toBlock = createStateWriter()
  const encoder = createChangeEncoder()
  return {
    async append({ changes, states }) {
      const { logs, traces } = encoder.encode(changes)
      const requests: ExportRequest[] = [
        { signal: 'logs', encoding: 'protobuf', body: logs, sender },
      ]
      if (traces !== undefined) {
        requests.push({ signal: 'traces', encoding: 'protobuf', body: traces, sender })
      }
      const bytes = logs.length + (traces?.length ?? 0)
      const outcome = await consumer.consumeTogether(requests, [toBlock(states)])
      parts.onAnswer(outcome, bytes)
      return toKept(outcome)
    },
    async readState() {
      await parts.storeIsReady
      // What the last run of the service acknowledged may still be in the journal.
      await consumer.whenInserted()
      const rows = await store.query<{ readonly state: string }>(await statesSql())
      return rows.map(({ state }) => JSON.parse(state) as JobState)
    },
    async readMarks({ countMax, sinceMs }) {
      let rows: readonly StoredMark[] = []
      for (const windowMs of markWindowsMs) {
        const fromMs = Math.max(0, Math.floor(sinceMs), Math.floor(Date.now() - windowMs))
        const parameters = { since_ms: fromMs, count_max: countMax }
        rows = await store.query<StoredMark>(await marksSql(), parameters)
        if (rows.length >= countMax || fromMs <= sinceMs) break
      }
      return rows.map(({ result, ...mark }) => (result === '' ? mark : { ...mark, result }))
    },
    async readRuns(query) {
      const rows = await store.query<RunRow>(await runsSql(), toParameters(query))
      return rows.map(readRunRow)
    },
    async readChanges(query) {
      return await store.query<StoredChange>(await changesSql(), toParameters(query))
    },
    close: () => Promise.resolve(),
  }
}

/** Where much comes, the last hour has as many as are asked for, and days need not be read. */
const markWindowsMs = [3_600_000, 86_400_000, Number.POSITIVE_INFINITY]

/** A row of sql/marks.sql: what is not there is empty. */
interface StoredMark extends Omit<ReportMark, 'result'> {
  readonly result: RunResult | ''
}

function toKept(outcome: ConsumeOutcome): KeepOutcome {
  if (outcome.status === 'accepted') return { status: 'kept' }
  const { message } = outcome
  const retryAfterMs = outcome.status === 'malformed' ? 60_000 : outcome.retryAfterMs
  return { status: 'refused', message, retryAfterMs }
}

function toParameters(query: JobQuery): Readonly<Record<string, string | number>> {
  return {
    service: query.service,
    job_name: query.name,
    run_id: query.runId ?? '',
    before_ms: query.beforeMs ?? Number.MAX_SAFE_INTEGER,
    count_max: query.countMax,
  }
}

/**
 * Writes states as rows of `wayward_job_states`, into columns that are used again: made anew for
 * each round, their buffers were most of what the garbage collector had to do.
 */
function createStateWriter(): (states: readonly JobState[]) => OpenBlock {
  const columns = {
    service: createLowCardinalityColumn(),
    job_name: createStringColumn(),
    version: createUInt64Column('UInt64'),
    changed_at: createUInt64Column('DateTime64(3)'),
    status: createLowCardinalityColumn(),
    since: createUInt64Column('DateTime64(3)'),
    next_due_at: createUInt64Column('DateTime64(3)'),
    state: createStringColumn(),
  }
  const block = createBlock(columns)
  return (states) => {
    for (const state of states) {
      appendWord(columns.service, state.service)
      columns.job_name.appendText(state.name)
      appendNumber(columns.version, state.sequence)
      appendNumber(columns.changed_at, state.changedMs)
      appendWord(columns.status, state.status)
      appendNumber(columns.since, state.sinceMs)
      appendNumber(columns.next_due_at, state.slot?.dueMs ?? 0)
      columns.state.appendText(JSON.stringify(state))
    }
    block.rows = states.length
    const bytes = block.take()
    return {
      table: jobStatesTable,
      rows: states.length,
      days: 1,
      bytes: bytes.byteLength,
      take: () => [bytes],
    }
  }
}

function appendWord(column: ReturnType<typeof createLowCardinalityColumn>, word: string): void {
  const bytes = Buffer.from(word)
  column.appendId(column.dictionary.intern(bytes, 0, bytes.length))
}

function appendNumber(column: UInt64Column, value: number): void {
  const whole = Math.max(0, Math.floor(value))
  column.append(whole % 2 ** 32, Math.floor(whole / 2 ** 32))
}
