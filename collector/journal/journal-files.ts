import {
  close,
  constants,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  open,
  read,
  readSync,
  writev,
  type PathLike,
} from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'

/** An open file. Positions are absolute: there is no file pointer. */
export interface JournalFile {
  /**
   * Writes as much as the system takes. @returns the bytes written, which may be fewer than given
   */
  write(parts: readonly Uint8Array[], position: number): Promise<number>
  /**
   * Fills `target` as far as the file goes. @returns the bytes read, which may be fewer than wanted
   */
  read(target: Uint8Array, position: number): Promise<number>
  /**
   * The same at once, for many small reads at the start: through the thread pool each costs ten
   * times as much.
   */
  readNow(target: Uint8Array, position: number): number
  /** Waits until data, and what is needed to find them again, are on the disk. */
  sync(): Promise<void>
  size(): Promise<number>
  truncate(byteLength: number): Promise<void>
  close(): Promise<void>
}

/** What the journal needs of a file system: a seam for tests that let it fail. */
export interface JournalFiles {
  /** Opens for reading and writing; creates the file where there is none if `create`. */
  open(path: string, options: { readonly create: boolean }): Promise<JournalFile>
  rename(source: string, target: string): Promise<void>
  /** Removes a file; no error where there is none. */
  remove(path: string): Promise<void>
  list(folder: string): Promise<string[]>
  makeFolder(folder: string): Promise<void>
  /** Waits until files that appeared, vanished or were renamed are so on the disk. */
  syncFolder(folder: string): Promise<void>
}

/** Only the owner of the service may read what applications sent. */
const fileMode = 0o600
const folderMode = 0o700

/**
 * The real file system, through node's thread pool. The callback API: a FileHandle costs half as
 * much again per call, and closes files behind our back when it is forgotten.
 */
export const realFiles: JournalFiles = {
  async open(path, { create }) {
    const flags = constants.O_RDWR | (create ? constants.O_CREAT : 0)
    return new RealFile(await openDescriptor(path, flags))
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  list: (folder) => readdir(folder),
  makeFolder: async (folder) => {
    await mkdir(folder, { recursive: true, mode: folderMode })
  },
  async syncFolder(folder) {
    const descriptor = await openDescriptor(folder, constants.O_RDONLY)
    try {
      await call((done) => fsync(descriptor, done))
    } finally {
      await call((done) => close(descriptor, done))
    }
  },
}

class RealFile implements JournalFile {
  readonly #descriptor: number

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  write(parts: readonly Uint8Array[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      writev(this.#descriptor, parts, position, (error, bytes) =>
        error === null ? resolve(bytes) : reject(error),
      )
    })
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let total = 0
    while (total < target.byteLength) {
      const bytes = await new Promise<number>((resolve, reject) => {
        const length = target.byteLength - total
        read(this.#descriptor, target, total, length, position + total, (error, count) =>
          error === null ? resolve(count) : reject(error),
        )
      })
      if (bytes === 0) break
      total += bytes
    }
    return total
  }

  readNow(target: Uint8Array, position: number): number {
    let total = 0
    while (total < target.byteLength) {
      const length = target.byteLength - total
      const bytes = readSync(this.#descriptor, target, total, length, position + total)
      if (bytes === 0) break
      total += bytes
    }
    return total
  }

  sync(): Promise<void> {
    return call((done) => fdatasync(this.#descriptor, done))
  }

  size(): Promise<number> {
    return new Promise((resolve, reject) => {
      fstat(this.#descriptor, (error, stats) =>
        error === null ? resolve(stats.size) : reject(error),
      )
    })
  }

  truncate(byteLength: number): Promise<void> {
    return call((done) => ftruncate(this.#descriptor, byteLength, done))
  }

  close(): Promise<void> {
    return call((done) => close(this.#descriptor, done))
  }
}

function openDescriptor(path: PathLike, flags: number): Promise<number> {
  return new Promise((resolve, reject) => {
    open(path, flags, fileMode, (error, descriptor) =>
      error === null ? resolve(descriptor) : reject(error),
    )
  })
}

function call(start: (done: (error: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error === null ? resolve() : reject(error)))
  })
}

/** Writes all parts, however many calls it takes. */
export async function writeFully(
  file: JournalFile,
  parts: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let rest = parts.filter((part) => part.byteLength > 0)
  let at = position
  while (rest.length > 0) {
    const written = await file.write(rest, at)
    if (written === 0) {
      throw Object.assign(new Error('The system wrote 0 bytes'), { code: 'ENOSPC' })
    }
    at += written
    rest = withoutFirst(rest, written)
  }
}

function withoutFirst(parts: readonly Uint8Array[], byteLength: number): Uint8Array[] {
  let left = byteLength
  const rest: Uint8Array[] = []
  for (const part of parts) {
    if (left >= part.byteLength) {
      left -= part.byteLength
    } else {
      rest.push(part.subarray(left))
      left = 0
    }
  }
  return rest
}

/** A whole small file, or `undefined` where there is none. */
export async function readWhole(
  files: JournalFiles,
  path: string,
  byteLengthMax: number,
): Promise<Buffer | undefined> {
  let file: JournalFile
  try {
    file = await files.open(path, { create: false })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  try {
    const target = Buffer.allocUnsafe(Math.min(await file.size(), byteLengthMax))
    return target.subarray(0, await file.read(target, 0))
  } finally {
    await file.close()
  }
}

/** The system's word for what went wrong, such as `ENOSPC`. */
export function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : 'unknown'
}

export function isDiskFull(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOSPC' || code === 'EDQUOT'
}
