//   <store>/store/<first three of the uuid>/<uuid>/           a table
//                                           deduplication_logs/deduplication_log_<n>.txt
//                                           20261121_4_9_1/   a part: partition, blocks, level
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/** The folders of all tables of a store, as ClickHouse lays them out for Atomic databases. */
export function tableFolders(storePath: string): string[] {
  const root = join(storePath, 'store')
  return names(root).flatMap((prefix) =>
    names(join(root, prefix)).map((uuid) => join(root, prefix, uuid)),
  )
}

/** The files in which a table remembers the blocks that it has, oldest first. */
export function deduplicationLogs(tableFolder: string): string[] {
  const folder = join(tableFolder, 'deduplication_logs')
  const number = (name: string): number => Number(/\d+/.exec(name)?.[0] ?? 0)
  return names(folder)
    .filter((name) => /^deduplication_log_\d+\.txt$/.test(name))
    .toSorted((a, b) => number(a) - number(b))
    .map((name) => join(folder, name))
}

/** Names in a folder; none if it is gone or no folder, as tables come and go. */
export function names(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
