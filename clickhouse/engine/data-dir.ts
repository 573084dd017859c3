//   <dataDir>/config.xml, users.xml   written at each start
//   <dataDir>/store/                  chDB's own; a process that has it open locks `status`
//   <dataDir>/tmp/                    bodies of inserts that are under way, emptied at each start
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import type { Chdb, Handle } from './chdb.ts'
import { type EngineConfig, writeEngineConfig } from './engine-config.ts'
import { EngineError } from './engine-error.ts'

/** Below this the engine would fail at its first merge; so it says so at the start. */
const freeBytesMin = 64 * 1024 * 1024

export interface DataDir {
  readonly storePath: string
  readonly temporaryPath: string
  /** The connection that holds the lock. */
  readonly first: Handle
}

/** Opens the data folder, creating it where needed. @throws EngineError */
export function openDataDir(chdb: Chdb, dataDir: string, config: EngineConfig): DataDir {
  const path = resolve(dataDir)
  const storePath = join(path, 'store')
  const temporaryPath = join(path, 'tmp')
  let configPath: string
  try {
    mkdirSync(storePath, { recursive: true, mode: 0o700 })
    accessSync(storePath, constants.R_OK | constants.W_OK | constants.X_OK)
    refuseFullDisk(path)
    configPath = writeEngineConfig(path, config)
  } catch (error) {
    throw error instanceof EngineError ? error : fileError(path, error)
  }
  const first = openStore(chdb, path, storePath, configPath)
  // Only now it is certain that no other process uses these files.
  rmSync(temporaryPath, { recursive: true, force: true })
  mkdirSync(temporaryPath, { mode: 0o700 })
  clearFolder(join(storePath, 'tmp'))
  return { storePath, temporaryPath, first }
}

function openStore(chdb: Chdb, path: string, storePath: string, configPath: string): Handle {
  try {
    return chdb.CreateConnection(storePath, [`--config-file=${configPath}`])
  } catch (error) {
    // The addon does not say why; the lock of another process is by far the most usual reason.
    refuseForeignOwner(path, storePath)
    throw new EngineError(
      'start_failed',
      `Cannot open the store in "${path}": chDB refused it; its reason is in the lines above. ` +
        'Move the folder away to start with an empty one',
      { cause: error },
    )
  }
}

/** What large sorts spilled before a crash; no query has run yet. */
function clearFolder(path: string): void {
  if (!existsSync(path)) return
  for (const name of readdirSync(path)) rmSync(join(path, name), { recursive: true, force: true })
}

/** The process that has the store open writes its id into the file that it locks. */
function refuseForeignOwner(path: string, storePath: string): void {
  let status: string
  try {
    status = readFileSync(join(storePath, 'status'), 'utf8')
  } catch {
    return // No such file: nobody has opened this store yet.
  }
  const owner = Number(/PID: (\d+)/.exec(status)?.[1] ?? 0)
  if (owner === 0 || owner === process.pid || !isChdbProcess(owner)) return
  throw new EngineError(
    'data_dir_in_use',
    `The data folder "${path}" is in use by process ${owner}: stop that service, or choose another folder`,
  )
}

/**
 * After a crash the id may have gone to an unrelated process; where the system says, look what it
 * is.
 */
function isChdbProcess(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8').includes('chdb')
  } catch {
    return true // Not Linux, or another user's process: believe the file.
  }
}

function refuseFullDisk(path: string): void {
  const { bavail, bsize } = statfsSync(path)
  const freeBytes = bavail * bsize
  if (freeBytes >= freeBytesMin) return
  throw diskFull(path, `${Math.floor(freeBytes / 1024 / 1024)} MiB are free`)
}

function diskFull(path: string, detail: string): EngineError {
  return new EngineError(
    'disk_full',
    `The disk of the data folder "${path}" is full (${detail}, at least ${freeBytesMin / 1024 / 1024} MiB ` +
      'are needed): free some space, or choose another folder',
  )
}

function fileError(path: string, error: unknown): EngineError {
  // The message of a system error begins with its code.
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return diskFull(path, code)
  return new EngineError(
    'data_dir_unwritable',
    `Cannot write to the data folder "${path}" (${message}): ` +
      'make it a folder that this user may write to, or choose another one',
    { cause: error },
  )
}
