// With fsync_after_insert and fsync_part_directory ClickHouse syncs a part's files and the part's
// own folder. Two things that an insert also changed stay in the page cache (seen with strace on
// 26.7): the name of the part, which is an entry of the table's folder, and the line in the
// deduplication log. After a power cut the part could be gone, or be there and unknown to the log,
// so that a repeated insert doubles it. This syncs both.
import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { deduplicationLogs, tableFolders } from './table-folders.ts'

/** Makes inserts that have returned survive a power cut. */
export interface InsertSync {
  /** Resolves when all inserts that had returned before the call are on disk. */
  sync(): Promise<void>
}

export function createInsertSync(storePath: string): InsertSync {
  const syncedMs = new Map<string, number>()
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  async function round(): Promise<void> {
    const changed = tableFolders(storePath)
      .map((path) => ({ path, changedMs: changeTime(path) }))
      .filter(({ path, changedMs }) => changedMs > 0 && syncedMs.get(path) !== changedMs)
    await Promise.all(changed.map(({ path }) => syncTable(path)))
    for (const { path, changedMs } of changed) syncedMs.set(path, changedMs)
  }

  return {
    sync() {
      // Who comes during a round may have inserted after the round looked, and waits for the next
      // one.
      if (running === undefined) {
        running = round().finally(() => {
          running = undefined
        })
        return running
      }
      next ??= running
        .catch(() => undefined)
        .then(() => {
          next = undefined
          running = round().finally(() => {
            running = undefined
          })
          return running
        })
      return next
    },
  }
}

async function syncTable(folder: string): Promise<void> {
  // Two, because the log may just have gone on in a new file.
  const logs = deduplicationLogs(folder).slice(-2)
  await Promise.all([...logs, folder].map(syncFile))
}

/** @param path a file or a folder; a table may have been dropped since */
async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r').catch(() => undefined)
  if (file === undefined) return
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A new part is a new entry of the table's folder. 0 if there is no such folder any more. */
function changeTime(folder: string): number {
  return statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0
}
