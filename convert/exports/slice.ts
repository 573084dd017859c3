// What a session has in a table within a stretch of time, in the order of time. ClickHouse writes
// the rows as it reads them: it would take longer to sort such texts than to write them.
import { errorCodes, type SessionKey, type Store, StoreError } from '@wayward/clickhouse'
import { linesOf } from '../lines.ts'
import { isOfSession } from './of-session.ts'
import { functions, type ItemSql } from './otlp-json.ts'

/** From one moment up to another, in nanoseconds since 1970. */
export interface Window {
  readonly from: string
  readonly to: string
}

/** A row as JSON, in UTF-8. */
export interface ArchivedRow {
  readonly resource: Buffer
  readonly scope: Buffer
  readonly item: Buffer
}

interface TimedRow extends ArchivedRow {
  /** Digits. */
  readonly time: Buffer
  /** The same, rounded. */
  readonly about: number
}

const tab = 0x09

/** The rows of a slice. @throws StoreError */
export async function rowsOfSlice(
  store: Pick<Store, 'queryRaw'>,
  item: ItemSql,
  slice: SessionKey & Window,
): Promise<readonly ArchivedRow[]> {
  const rows = await readRows(store, item, slice)
  return rows.toSorted(
    (a, b) => a.about - b.about || a.time.length - b.time.length || a.time.compare(b.time),
  )
}

/** Errors of a question that may be asked for half of the time. */
const tooLarge: ReadonlySet<number> = new Set([
  errorCodes.TOO_MANY_ROWS_OR_BYTES,
  errorCodes.MEMORY_LIMIT_EXCEEDED,
])

async function readRows(
  store: Pick<Store, 'queryRaw'>,
  item: ItemSql,
  slice: SessionKey & Window,
): Promise<readonly TimedRow[]> {
  try {
    return await askRows(store, item, slice)
  } catch (error) {
    const [from, to] = [BigInt(slice.from), BigInt(slice.to)]
    const isTooLarge = error instanceof StoreError && tooLarge.has(error.clickhouse?.code ?? 0)
    if (!isTooLarge || to - from < 2n) throw error
    const middle = String((from + to) / 2n)
    const before = await readRows(store, item, { ...slice, to: middle })
    return [...before, ...(await readRows(store, item, { ...slice, from: middle }))]
  }
}

async function askRows(
  store: Pick<Store, 'queryRaw'>,
  item: ItemSql,
  slice: SessionKey & Window,
): Promise<readonly TimedRow[]> {
  const sql = `WITH ${functions}
    SELECT toUnixTimestamp64Nano(${item.time}) AS time, ${item.resource} AS resource, ${item.scope} AS scope, ${item.item} AS item
    FROM ${item.table}
    WHERE ${isOfSession} AND ${item.time} >= fromUnixTimestamp64Nano(toInt64({from:String}), 'UTC')
      AND ${item.time} < fromUnixTimestamp64Nano(toInt64({to:String}), 'UTC')`
  const rows: TimedRow[] = []
  for await (const lines of linesOf(await store.queryRaw(sql, 'TSVRaw', { ...slice }))) {
    for (const line of lines) rows.push(toRow(line))
  }
  return rows
}

/** JSON has no tab: its texts have it as `\t`. */
function toRow(line: Buffer): TimedRow {
  const first = line.indexOf(tab)
  const second = line.indexOf(tab, first + 1)
  const third = line.indexOf(tab, second + 1)
  const time = line.subarray(0, first)
  return {
    time,
    about: Number(time.toString('latin1')),
    resource: line.subarray(first + 1, second),
    scope: line.subarray(second + 1, third),
    item: line.subarray(third + 1),
  }
}
