// What a session has in a table within a stretch of time. ClickHouse gives the rows as it reads
// them: to sort them there takes longer than all the rest.
import { errorCodes, type SessionKey, type Store, StoreError } from '@wayward/clickhouse'
import { ArchivedRows, columnsOf } from './archived-rows.ts'
import { isOfSession } from './of-session.ts'
import { functions, type ItemSql } from './otlp-json.ts'
import type { SlabPool } from './slab-pool.ts'

/** From one moment up to another, in nanoseconds since 1970. */
export interface Window {
  readonly from: string
  readonly to: string
}

/** What a slice is asked with. */
export interface SliceParts {
  readonly store: Pick<Store, 'queryRaw'>
  readonly item: ItemSql
  readonly key: SessionKey
  readonly slabs: SlabPool
}

/**
 * Items of a slice, as JSON: what is larger is asked for in halves. Two are held at a time, the one
 * that is written and the one that is read.
 */
const sliceBytesMax = 128 * 1024 * 1024
/** Bytes that are read at a time: a row that is longer is begun again. */
const readBytesMin = 256 * 1024

class SliceTooLarge extends Error {
  override readonly name = 'SliceTooLarge'
}

/** Errors of a question that may be asked for half of the time. */
const tooLarge: ReadonlySet<number> = new Set([
  errorCodes.TOO_MANY_ROWS_OR_BYTES,
  errorCodes.MEMORY_LIMIT_EXCEEDED,
])

/** The rows of a slice, in one or more parts, one after another in time. @throws StoreError */
export async function* rowsOfSlice(
  parts: SliceParts,
  { from, to }: Window,
): AsyncGenerator<ArchivedRows> {
  const [first, end] = [BigInt(from), BigInt(to)]
  const canHalve = end - first >= 2n
  let rows: ArchivedRows
  try {
    rows = await askRows(parts, { from, to }, canHalve ? sliceBytesMax : Number.POSITIVE_INFINITY)
  } catch (error) {
    const isTooLarge =
      error instanceof SliceTooLarge ||
      (error instanceof StoreError && tooLarge.has(error.clickhouse?.code ?? 0))
    if (!isTooLarge || !canHalve) throw error
    const middle = String((first + end) / 2n)
    yield* rowsOfSlice(parts, { from, to: middle })
    yield* rowsOfSlice(parts, { from: middle, to })
    return
  }
  yield rows
}

async function askRows(
  { item, key, slabs, store }: SliceParts,
  window: Window,
  bytesMax: number,
): Promise<ArchivedRows> {
  const sql = `WITH ${functions}
    SELECT ${columnsOf(item)}
    FROM ${item.table}
    WHERE ${isOfSession} AND ${item.time} >= fromUnixTimestamp64Nano(toInt64({from:String}), 'UTC')
      AND ${item.time} < fromUnixTimestamp64Nano(toInt64({to:String}), 'UTC')`
  const rows = new ArchivedRows(item, slabs)
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  let wantedBytes = readBytesMin
  const read = (): void => {
    const bytes = Buffer.concat(pending)
    const rest = bytes.subarray(
      rows.read(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)),
    )
    pending = rest.length === 0 ? [] : [rest]
    pendingBytes = rest.length
    // A row that is longer than what there is is not begun again for every chunk of it.
    wantedBytes = Math.max(readBytesMin, 2 * pendingBytes)
    if (rows.bytes > bytesMax) throw new SliceTooLarge()
  }
  try {
    for await (const chunk of await store.queryRaw(sql, 'RowBinary', { ...key, ...window })) {
      pending.push(chunk)
      pendingBytes += chunk.length
      if (pendingBytes >= wantedBytes) read()
    }
    read()
    if (pendingBytes > 0) throw new Error(`ClickHouse's answer ends within a row of ${item.table}`)
    return rows
  } catch (error) {
    slabs.give(rows.slabs)
    throw error
  }
}
