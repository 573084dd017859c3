import type { Logger, Time } from '@wayward/base'
import type { AgedDigests, FrameClock } from './frame-time.ts'
import type { JournalFiles } from './journal-files.ts'

/**
 * When a frame counts as safe, from the strictest on.
 *
 * - `fsync`: written and synced to the disk: survives a power cut.
 * - `os`: written: survives the end of the process, not that of the machine.
 * - `memory`: kept in memory; no files.
 */
export type Durability = 'fsync' | 'os' | 'memory'

/** What may be set of a journal. */
export interface JournalSettings {
  /** Where the files are; created where needed. With `memory` nothing is written there. */
  readonly folder: string
  readonly durability: Durability
  /** Bound of all segment files together; with `memory` of the blocks kept. */
  readonly bytesMax: number
  /** Size of one segment file. */
  readonly segmentBytes: number
  /** Bytes of blocks that stay in memory, so that a writer need not read them back. */
  readonly cacheBytesMax: number
}

export interface JournalParts {
  readonly logger: Logger
  readonly time: Time
  /** When a frame is written. @default `time` and the machine's own time since its start */
  readonly frameClock?: FrameClock
  /** The file system. @default the real one */
  readonly files?: JournalFiles
  /** Called after each sync, for a histogram. */
  readonly onSync?: (seconds: number) => void
  /**
   * Digests of earlier requests that are written down again when a segment begins. @default none
   */
  readonly carriedDigests?: () => readonly AgedDigests[]
}

/**
 * Rows of one table, as they come from a commit. The bytes belong to the journal from `append` on.
 */
export interface NewBlock {
  /** At most 255 bytes of UTF-8. */
  readonly table: string
  /** The batch's insert_deduplication_token: 32 lower-case hex digits. */
  readonly token: string
  readonly rows: number
  readonly bytes: Uint8Array
  /** Where its columns begin, for who reads only some of them. @default not known */
  readonly starts?: readonly number[]
}

/** What is written, and becomes safe, at once. */
export interface Frame {
  readonly blocks: readonly NewBlock[]
  /** Of the requests: 20 bytes each, one or more in each array. */
  readonly digests: readonly Uint8Array[]
}

/**
 * A block in the journal. Give back the object itself: the journal knows more about it than is seen
 * here.
 */
export interface StoredBlock {
  readonly table: string
  readonly token: string
  readonly rows: number
  readonly byteLength: number
}

/**
 * - `written`: safe, by the durability that was set. `blocks` are in the order of the frame's.
 * - `refused`: nothing was kept, and nothing of it comes back after a restart. `journal_full` ends
 *   when batches are confirmed, `disk_full` and `io_error` when the disk is cured; the next append
 *   tries by itself.
 */
export type AppendOutcome =
  | { readonly status: 'written'; readonly blocks: readonly StoredBlock[] }
  | {
      readonly status: 'refused'
      readonly reason: 'journal_full' | 'disk_full' | 'io_error'
      readonly message: string
    }

/**
 * - `damaged`: the bytes are not what was written; set the block aside.
 * - `failed`: the file could not be read this time; try again.
 */
export type ReadOutcome =
  | { readonly status: 'read'; readonly bytes: Uint8Array }
  | { readonly status: 'damaged' | 'failed'; readonly message: string }

/** Counters go up from 0 at each start; the others say how it is now. */
export interface JournalStats {
  /** Segment files, with those that wait to be used again. */
  readonly segments: number
  readonly usedBytes: number
  readonly unconfirmedBlocks: number
  readonly unconfirmedBytes: number
  readonly cachedBytes: number
  readonly appendedFrames: number
  readonly appendedBytes: number
  readonly syncs: number
  readonly refusedFrames: number
  readonly recycledSegments: number
  readonly compactedBlocks: number
  /** Blocks whose bytes or frame header were found wrong. */
  readonly damagedRecords: number
  readonly setAsideRecords: number
  readonly setAsideRows: number
  readonly setAsideBytes: number
}

export interface Journal {
  /**
   * Blocks that were not confirmed at the opening, oldest first. Metadata only; let go when all of
   * them are confirmed.
   */
  readonly unconfirmed: readonly StoredBlock[]
  /**
   * Digests of the newest requests that were found at the opening, oldest first. The newest segment
   * alone has those of a minute.
   */
  readonly recentDigests: readonly AgedDigests[]
  /** Bytes that count against `bytesMax`. */
  readonly usedBytes: number
  readonly bytesMax: number
  /** Resolves when the frame is safe. Calls are worked off one after the other. Never rejects. */
  append(frame: Frame): Promise<AppendOutcome>
  /**
   * The bytes of a block, checked. Never rejects.
   *
   * @param allocate gives the memory for bytes that must be read from the file. @default memory of
   *   their own
   */
  read(block: StoredBlock, allocate?: (bytes: number) => Uint8Array): Promise<ReadOutcome>
  /** Notes that ClickHouse has the blocks: all blocks of a batch. Their place is used again. */
  confirm(blocks: readonly StoredBlock[]): void
  /**
   * Writes the blocks' bytes and the reason into the folder `set-aside`, then confirms them. Never
   * rejects.
   */
  setAside(blocks: readonly StoredBlock[], reason: string): Promise<void>
  /** Whether a frame of this size would be taken as far as `bytesMax` goes. */
  hasRoom(bytes: number): boolean
  stats(): JournalStats
  /** Writes down what is noted and lets go of the folder. Later appends are refused. */
  close(): Promise<void>
}
