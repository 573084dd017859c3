// The file under a model's values: mapped, so that an update is a store into memory, or else
// written at the place of each update.
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { StatsFileError, systemError } from '../stats-file-error.ts'
import { makeFolder } from './make-folder.ts'
import { loadMapFile, type MapFile, type MappedFile } from './memory-map.ts'

/** How updates reach the file: stores into mapped memory, or a write of the changed bytes each. */
export type BackingKind = 'mapped' | 'written'

/** The bytes of a stats file that this thread writes. */
export interface Backing {
  readonly kind: BackingKind
  /** Why it is not mapped. */
  readonly reason: string | undefined
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Writes changed bytes to the file; undefined where a store is enough. */
  readonly write: ((at: number, length: number) => void) | undefined
  /** Writes that failed: an application does not stop for its statistics. */
  failedWrites(): number
  /** Brings the file to the disk. */
  flush(isAsync: boolean): void
  close(): void
}

export interface BackingSettings {
  readonly path: string
  /** The whole first content. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The file's permissions, less the process's umask. */
  readonly mode: number
  /** `auto` maps where it can. */
  readonly backing: BackingKind | 'auto'
}

/**
 * Makes the file with its first content, and opens it.
 *
 * @throws StatsFileError if it cannot be made, or cannot be mapped although that was asked for
 */
export function openBacking(settings: BackingSettings): Backing {
  const descriptor = createFile(settings)
  const loaded = settings.backing === 'written' ? { reason: 'it was asked for' } : loadMapFile()
  if ('mapFile' in loaded) {
    const mapped = tryMap(loaded.mapFile, descriptor, settings.bytes.byteLength)
    if (typeof mapped !== 'string') return mappedBacking(mapped, descriptor)
    return unmapped(settings, descriptor, mapped)
  }
  return unmapped(settings, descriptor, loaded.reason)
}

function unmapped(settings: BackingSettings, descriptor: number, reason: string): Backing {
  if (settings.backing !== 'mapped') return writtenBacking(settings, descriptor, reason)
  closeSync(descriptor)
  rmSync(settings.path, { force: true })
  throw new StatsFileError(
    'unusable',
    `Cannot map "${settings.path}": ${reason}; wanted the package koffi and a system with mmap, or the setting backing: 'auto'`,
  )
}

/**
 * The file appears whole: readers never see a part of it. It takes the place of an older one,
 * which those who have it open keep; cutting that one would crash who maps it. Its pages are
 * written, not left as holes: on a full disk a store into a hole would end the process.
 */
function createFile({ path, bytes, mode }: BackingSettings): number {
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}-${threadId}.draft`)
  let descriptor: number | undefined
  try {
    makeFolder(dirname(path))
    rmSync(draft, { force: true })
    descriptor = openSync(draft, 'wx+', mode)
    writeFileSync(descriptor, bytes)
    renameSync(draft, path)
    return descriptor
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor)
    removeQuietly(draft)
    const { code, text } = systemError(error)
    throw new StatsFileError(
      code,
      `Cannot create the stats file "${path}": ${text}; wanted a folder with room that this process may write to (setting path, or MMSTATS_PATH)`,
      error,
    )
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // The error that led here is the one to tell.
  }
}

function tryMap(mapFile: MapFile, descriptor: number, length: number): MappedFile | string {
  try {
    return mapFile(descriptor, length) ?? 'the system refused to map the file'
  } catch (error) {
    // Electron refuses memory that is not its own.
    return error instanceof Error ? error.message : String(error)
  }
}

function mappedBacking(mapped: MappedFile, descriptor: number): Backing {
  // The mapping outlives the descriptor.
  closeSync(descriptor)
  return {
    kind: 'mapped',
    reason: undefined,
    bytes: mapped.bytes,
    write: undefined,
    failedWrites: () => 0,
    flush: (isAsync) => {
      if (mapped.sync(isAsync) !== 0)
        throw new StatsFileError('unusable', 'Cannot flush: msync failed')
    },
    close: () => {
      // The memory stays until the process ends: a field may still be held by someone.
    },
  }
}

function writtenBacking({ bytes }: BackingSettings, descriptor: number, reason: string): Backing {
  let isOpen = true
  let failed = 0
  return {
    kind: 'written',
    reason,
    bytes,
    write: (at, length) => {
      try {
        if (isOpen) writeSync(descriptor, bytes, at, length, at)
      } catch {
        failed++
      }
    },
    failedWrites: () => failed,
    flush: (isAsync) => {
      if (!isOpen) return
      if (isAsync) fdatasyncSync(descriptor)
      else fsyncSync(descriptor)
    },
    close: () => {
      if (isOpen) closeSync(descriptor)
      isOpen = false
    },
  }
}
