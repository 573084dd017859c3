import { createHash } from 'node:crypto'
import { closeSync, mkdirSync, openSync, rmSync, statfsSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'

/** Where the bodies of inserts lie while the engine reads them. */
export interface InsertFiles {
  /**
   * A file that no other insert uses, in memory where there is room. It may hold an earlier body.
   */
  take(): string
  /** Gives a file back; nobody reads it any more. */
  release(path: string): Promise<void>
  /** Deletes all of them. */
  clear(): void
}

const memoryFolder = '/dev/shm'

// New pages cost 2.6 ms of CPU per MiB to write, pages that are there 0.3 ms (measured; they need
// not be found, cleared and given back). So a few files are kept and written over.
const keptFilesMax = 2
const keptFileBytesMax = 32 * 1024 * 1024

/**
 * @param dataDir names the folder in memory, so that what a crash left there is found at the next
 *   start
 * @param bytesMax memory is used while it has room for a few bodies of this size
 */
export function createInsertFiles(
  dataDir: string,
  temporaryPath: string,
  bytesMax: number,
): InsertFiles {
  const name = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 16)
  const memoryPath = join(memoryFolder, `wayward-${userInfo().uid}-${name}`)
  const clear = (): void => rmSync(memoryPath, { recursive: true, force: true })
  const kept: string[] = []
  let hasMemory = false
  let count = 0
  try {
    clear()
    mkdirSync(memoryPath, { mode: 0o700 })
    hasMemory = true
  } catch {
    // No such file system, or the folder belongs to somebody else: the disk serves as well.
  }
  return {
    take() {
      const used = kept.pop()
      if (used !== undefined) return used
      count += 1
      const folder = hasMemory && hasRoom(bytesMax) ? memoryPath : temporaryPath
      const path = join(folder, `insert-${count}`)
      closeSync(openSync(path, 'wx', 0o600))
      return path
    },
    async release(path) {
      const isSmall = (await stat(path)).size <= keptFileBytesMax
      if (isSmall && path.startsWith(memoryPath) && kept.length < keptFilesMax) kept.push(path)
      else await rm(path, { force: true })
    },
    clear,
  }
}

/** Containers often have 64 MiB there. */
function hasRoom(bytesMax: number): boolean {
  const { bavail, bsize } = statfsSync(memoryFolder)
  return bavail * bsize > bytesMax * 2
}
