// The system's mmap through koffi, where that can be had: it is an optional dependency, and some
// runtimes (Electron) refuse memory that is not their own. Decision 28 says why koffi.
import { createRequire } from 'node:module'

/** A file in memory. A view lives as long as the process: unmapping it would be a crash. */
export interface MappedFile {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Brings the pages to the disk; 0 is success. */
  sync(isAsync: boolean): number
}

/** Maps a file. @returns undefined where files cannot be mapped */
export type MapFile = (descriptor: number, length: number) => MappedFile | undefined

interface Library {
  func(definition: string): (...values: unknown[]) => unknown
}

interface Koffi {
  load(name: string): Library
  view(pointer: unknown, length: number): ArrayBuffer
}

const protReadWrite = 3
const mapShared = 1
// Linux; macOS has 1 and 16 for the same.
const msAsync = 1
const msSync = process.platform === 'darwin' ? 16 : 4

/** The way to map files here, or why there is none. Each thread loads its own. */
export function loadMapFile(): { readonly mapFile: MapFile } | { readonly reason: string } {
  if (process.platform === 'win32') return { reason: 'Windows has no mmap' }
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi
    return { mapFile: bind(koffi, loadLibrary(koffi)) }
  } catch (error) {
    return { reason: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) }
  }
}

function loadLibrary(koffi: Koffi): Library {
  const names =
    process.platform === 'darwin' ? ['libSystem.B.dylib'] : ['libc.so.6', 'libc.so', 'libc.so.7']
  let last: unknown
  for (const name of names) {
    try {
      return koffi.load(name)
    } catch (error) {
      last = error
    }
  }
  throw last
}

function bind(koffi: Koffi, library: Library): MapFile {
  const map = library.func(
    'void *mmap(void *at, size_t length, int protection, int flags, int file, int64_t offset)',
  )
  const sync = library.func('int msync(void *at, size_t length, int flags)')
  return (descriptor, length) => {
    const pointer = map(null, length, protReadWrite, mapShared, descriptor, 0)
    if (isFailed(pointer)) return undefined
    const bytes = new Uint8Array(koffi.view(pointer, length))
    return {
      bytes,
      sync: (isAsync) => Number(sync(pointer, length, isAsync ? msAsync : msSync)),
    }
  }
}

/** mmap fails with the address of all ones. */
function isFailed(pointer: unknown): boolean {
  return typeof pointer !== 'bigint' || BigInt.asIntN(64, pointer) === -1n || pointer === 0n
}
