import {
  createBlock,
  createLowCardinalityColumn,
  createStringColumn,
  createUInt32Column,
  createUInt64Column,
  type LowCardinalityColumn,
  type StringColumn,
  type UInt64Column,
} from '@wayward/clickhouse'
import type { OpenBlock } from '../../decode/decoder.ts'
import type { LedgerEntry } from './ledger.ts'

export const ledgerTable = 'wayward_ledger'

/** Which collector speaks. */
export interface LedgerInstance {
  readonly host: string
  readonly pid: number
  /** Unix milliseconds. */
  readonly startMs: number
}

/** The entries as rows of `wayward_ledger`. */
export function createLedgerBlock(
  entries: readonly LedgerEntry[],
  instance: LedgerInstance,
): OpenBlock {
  const columns = createLedgerColumns()
  for (const entry of entries) appendEntry(columns, entry, instance)
  const bytes = createBlockOf(columns, entries.length)
  const days = new Set(entries.map(({ lastMs }) => Math.floor(lastMs / 86_400_000))).size
  return {
    table: ledgerTable,
    rows: entries.length,
    days,
    bytes: bytes.byteLength,
    take: () => [bytes],
  }
}

type LedgerColumns = ReturnType<typeof createLedgerColumns>

// The return type is the list itself; writing it twice would only let the two drift apart.
function createLedgerColumns() {
  return {
    event: createLowCardinalityColumn(),
    reason: createLowCardinalityColumn(),
    receiver: createLowCardinalityColumn(),
    signal: createLowCardinalityColumn(),
    tableName: createLowCardinalityColumn(),
    address: createStringColumn(),
    agent: createStringColumn(),
    identity: createStringColumn(),
    requests: createUInt64Column('UInt64'),
    items: createUInt64Column('UInt64'),
    bytes: createUInt64Column('UInt64'),
    firstAt: createUInt64Column('DateTime64(3)'),
    lastAt: createUInt64Column('DateTime64(3)'),
    message: createStringColumn(),
    host: createLowCardinalityColumn(),
    pid: createUInt32Column('UInt32'),
    startedAt: createUInt64Column('DateTime64(3)'),
  }
}

function appendEntry(columns: LedgerColumns, entry: LedgerEntry, instance: LedgerInstance): void {
  appendWord(columns.event, entry.event)
  appendWord(columns.reason, entry.reason)
  appendWord(columns.receiver, entry.receiver)
  appendWord(columns.signal, entry.signal)
  appendWord(columns.tableName, entry.table)
  appendText(columns.address, entry.address)
  appendText(columns.agent, entry.agent)
  appendText(columns.identity, entry.identity)
  appendNumber(columns.requests, entry.requests)
  appendNumber(columns.items, entry.items)
  appendNumber(columns.bytes, entry.bytes)
  appendNumber(columns.firstAt, entry.firstMs)
  appendNumber(columns.lastAt, entry.lastMs)
  appendText(columns.message, entry.message)
  appendWord(columns.host, instance.host)
  columns.pid.append(instance.pid)
  appendNumber(columns.startedAt, instance.startMs)
}

function createBlockOf(columns: LedgerColumns, rows: number): Uint8Array {
  const block = createBlock({
    event: columns.event,
    reason: columns.reason,
    receiver: columns.receiver,
    signal: columns.signal,
    table_name: columns.tableName,
    address: columns.address,
    agent: columns.agent,
    identity: columns.identity,
    requests: columns.requests,
    items: columns.items,
    bytes: columns.bytes,
    first_at: columns.firstAt,
    last_at: columns.lastAt,
    message: columns.message,
    host: columns.host,
    pid: columns.pid,
    started_at: columns.startedAt,
  })
  block.rows = rows
  return block.take()
}

function appendWord(column: LowCardinalityColumn, word: string): void {
  const bytes = Buffer.from(word)
  column.appendId(column.dictionary.intern(bytes, 0, bytes.length))
}

function appendText(column: StringColumn, text: string): void {
  column.appendText(text)
}

function appendNumber(column: UInt64Column, value: number): void {
  const whole = Math.max(0, Math.floor(value))
  column.append(whole % 2 ** 32, Math.floor(whole / 2 ** 32))
}
