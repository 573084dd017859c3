// ClickHouse notes a block in the table's deduplication log and only then gives the block's part
// its name (seen with strace on 26.7). If the process dies between the two, the log knows a block
// that the table does not have, and every later try of that insert is taken for a repetition: the
// rows would be lost. So before anybody is served, records without a part go, and so does a last
// line that a power cut left half written.
//
// A record whose part was dropped since (retention, TRUNCATE) goes too. That is harmless: what is
// tried again by then is at most what a journal had not confirmed.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Database } from './database.ts'
import { quoteIdentifier, quoteString } from './sql-text.ts'
import { deduplicationLogs, names, tableFolders } from './table-folders.ts'

/** What was taken out of the logs. */
export interface DeduplicationRepair {
  readonly records: number
  readonly tables: number
}

/**
 * Repairs the logs of an open store that nobody uses yet. A table reads its log when it is
 * attached, so the few whose log is wrong are detached meanwhile.
 *
 * @throws when a file cannot be written
 */
export async function repairDeduplicationLogs(
  database: Database,
  storePath: string,
): Promise<DeduplicationRepair> {
  let records = 0
  let tables = 0
  for (const folder of tableFolders(storePath)) {
    const repairs = repairsOf(folder)
    if (repairs.length === 0) continue
    const table = await tableIn(database, folder)
    if (table === undefined) continue
    await database.control(`DETACH TABLE ${table}`)
    for (const { path, content } of repairs) replaceFile(path, content)
    await database.control(`ATTACH TABLE ${table}`)
    records += repairs.reduce((sum, { removed }) => sum + removed, 0)
    tables += 1
  }
  return { records, tables }
}

/** The name of the table that lies in a folder named after its UUID. */
async function tableIn(database: Database, folder: string): Promise<string | undefined> {
  const { bytes } = await database.control(
    `SELECT hex(database), hex(name) FROM system.tables WHERE uuid = toUUIDOrZero(${quoteString(basename(folder))})`,
  )
  const [databaseName, name] = bytes.toString().trim().split('\t')
  if (databaseName === undefined || name === undefined) return undefined
  return `${unhex(databaseName)}.${unhex(name)}`
}

/** Names travel as hexadecimal, because they may hold any character. */
function unhex(hex: string): string {
  return quoteIdentifier(Buffer.from(hex, 'hex').toString('utf8'))
}

interface LogRepair {
  readonly path: string
  readonly content: string
  readonly removed: number
}

function repairsOf(tableFolder: string): LogRepair[] {
  const logs = deduplicationLogs(tableFolder)
  if (logs.length === 0) return []
  const hasPart = partsOf(tableFolder)
  return logs.map((path) => repairOf(path, hasPart)).filter(({ removed }) => removed > 0)
}

// 1 <tab> 20261121_4_4_0 <tab> 20261121_1767...: added. 2: dropped, it takes the record of the same
// block back.
const record = /^(?<operation>[12])\t(?<part>[^\t]+)\t[^\t]+$/

function repairOf(path: string, hasPart: (part: string) => boolean): LogRepair {
  const text = readFileSync(path, 'latin1')
  const lines = text.split('\n')
  // After the last line end there is nothing, or a record that was not written to its end.
  const torn = lines.pop() ?? ''
  const kept = lines.filter((line) => {
    const { operation, part } = record.exec(line)?.groups ?? {}
    if (operation === undefined || part === undefined) return false
    return operation === '2' || hasPart(part)
  })
  const removed = lines.length - kept.length + (torn === '' ? 0 : 1)
  return { path, content: kept.map((line) => `${line}\n`).join(''), removed }
}

interface PartRange {
  readonly partition: string
  readonly first: number
  readonly last: number
}

/** Whether the table has the part, or one that it was merged into. */
function partsOf(tableFolder: string): (part: string) => boolean {
  const partitions = new Map<string, PartRange[]>()
  for (const name of names(tableFolder)) {
    const range = parsePart(name)
    if (range === undefined) continue
    const known = partitions.get(range.partition)
    if (known === undefined) partitions.set(range.partition, [range])
    else known.push(range)
  }
  return (part) => {
    const wanted = parsePart(part)
    // A name of a kind that this version does not know: leave it to ClickHouse.
    if (wanted === undefined) return true
    const ranges = partitions.get(wanted.partition) ?? []
    return ranges.some(({ first, last }) => first <= wanted.first && last >= wanted.last)
  }
}

function parsePart(name: string): PartRange | undefined {
  const match = /^(?<partition>[^_]+)_(?<first>\d+)_(?<last>\d+)_\d+(?:_\d+)?$/.exec(name)
  const { partition, first, last } = match?.groups ?? {}
  if (partition === undefined) return undefined
  return { partition, first: Number(first), last: Number(last) }
}

/** The old content or the new one, whatever happens in between. */
function replaceFile(path: string, content: string): void {
  const temporary = `${path}.new`
  const file = openSync(temporary, 'w', 0o600)
  try {
    writeSync(file, content, null, 'latin1')
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(temporary, path)
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
