import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, statfsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'

/** Where the bodies of inserts lie while the engine reads them. */
export interface InsertFiles {
  /** A path that no other insert uses, in memory where there is room. */
  create(): string
  remove(path: string): Promise<void>
  /** Deletes all of them. */
  clear(): void
}

const MEMORY_PATH = '/dev/shm'

/**
 * @param dataDir names the folder in memory, so that what a crash left there is found at the next start
 * @param bytesMax memory is used while it has room for a few bodies of this size
 */
export function createInsertFiles(
  dataDir: string,
  temporaryPath: string,
  bytesMax: number,
): InsertFiles {
  const name = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 16)
  const memoryPath = join(MEMORY_PATH, `wayward-${userInfo().uid}-${name}`)
  const clear = (): void => rmSync(memoryPath, { recursive: true, force: true })
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
    create() {
      count += 1
      const folder = hasMemory && hasRoom(bytesMax) ? memoryPath : temporaryPath
      return join(folder, `insert-${count}`)
    },
    remove: (path) => rm(path, { force: true }),
    clear,
  }
}

/** Containers often have 64 MiB there. */
function hasRoom(bytesMax: number): boolean {
  const { bavail, bsize } = statfsSync(MEMORY_PATH)
  return bavail * bsize > bytesMax * 2
}
