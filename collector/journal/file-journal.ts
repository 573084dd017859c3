import { crc32 } from 'node:zlib'
import { type Counters, createCounters } from './counters.ts'
import {
  BLOCKS_MAX,
  type BlockEntry,
  encodeHeader,
  END_MARK,
  type FrameKind,
  frameByteLength,
  HEADER_BYTES_MAX,
} from './frame.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import { JournalError } from './journal-error.ts'
import { codeOf, isDiskFull, type JournalFiles, realFiles, writeFully } from './journal-files.ts'
import type {
  AppendOutcome,
  Frame,
  Journal,
  JournalParts,
  JournalSettings,
  JournalStats,
  ReadOutcome,
  StoredBlock,
} from './journal.ts'
import { NotesKeeper } from './notes-keeper.ts'
import { type Recovery, recover } from './recover.ts'
import type { FileBlock, Segment } from './segment.ts'
import { SegmentPool } from './segment-pool.ts'
import { SetAsideFolder } from './set-aside.ts'
import { SetAsideKeeper } from './set-aside-keeper.ts'

/** Opens the journal in a folder. @throws JournalError */
export async function openFileJournal(
  settings: JournalSettings,
  parts: JournalParts,
): Promise<Journal> {
  const files = parts.files ?? realFiles
  const { folder } = settings
  const isSynced = settings.durability === 'fsync'
  const counters = createCounters()
  const setAside = new SetAsideFolder(files, folder, isSynced)
  let lock: FolderLock | undefined
  try {
    await files.makeFolder(folder)
    lock = await lockFolder(folder)
    const digestsSinceMs = parts.clock() - settings.recentMs
    const { logger } = parts
    const recovery = await recover({
      files,
      folder,
      setAside,
      logger,
      counters,
      digestsSinceMs,
      isSynced,
    })
    return new FileJournal({ settings, parts, files, lock, counters, setAside, recovery })
  } catch (error) {
    lock?.release()
    if (error instanceof JournalError) throw error
    throw new JournalError(
      'journal_unusable',
      `Cannot use the journal's folder "${folder}" (${codeOf(error)}: ${(error as Error).message}): ` +
        'make it a folder that this user may read and write, or choose another data folder',
      { cause: error },
    )
  }
}

interface FileJournalParts {
  readonly settings: JournalSettings
  readonly parts: JournalParts
  readonly files: JournalFiles
  readonly lock: FolderLock
  readonly counters: Counters
  readonly setAside: SetAsideFolder
  readonly recovery: Recovery
}

class FileJournal implements Journal {
  readonly unconfirmed: FileBlock[]
  readonly recentDigests: Set<string>
  readonly bytesMax: number
  readonly #settings: JournalSettings
  readonly #parts: JournalParts
  readonly #lock: FolderLock
  readonly #counters: Counters
  readonly #setAside: SetAsideKeeper
  readonly #pool: SegmentPool
  readonly #notes: NotesKeeper
  readonly #isSynced: boolean
  #sequence: number
  #cachedBytes = 0
  #isClosed = false
  /** The work of the last call; the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve()

  constructor({ settings, parts, files, lock, counters, setAside, recovery }: FileJournalParts) {
    this.#settings = settings
    this.#parts = parts
    this.#lock = lock
    this.#counters = counters
    this.#setAside = new SetAsideKeeper({
      folder: setAside,
      logger: parts.logger,
      counters,
      read: (block) => this.read(block),
      readRaw,
      confirm: (blocks) => this.confirm(blocks),
    })
    this.#isSynced = settings.durability === 'fsync'
    this.bytesMax = settings.bytesMax
    this.unconfirmed = recovery.unconfirmed
    this.recentDigests = recovery.digests
    this.#sequence = recovery.nextSequence
    this.#notes = new NotesKeeper(parts.logger, this.#isSynced)
    this.#pool = new SegmentPool({
      settings,
      files,
      logger: parts.logger,
      counters,
      notes: this.#notes,
      segments: recovery.segments,
      nextNumber: recovery.nextNumber,
    })
  }

  get usedBytes(): number {
    return this.#pool.usedBytes
  }

  hasRoom(bytes: number): boolean {
    return this.#pool.hasRoom(bytes + END_MARK.byteLength)
  }

  append(frame: Frame): Promise<AppendOutcome> {
    const outcome = this.#last.then(() => this.#append(frame))
    this.#last = outcome
    return outcome
  }

  async #append(frame: Frame): Promise<AppendOutcome> {
    let outcome: AppendOutcome
    try {
      outcome = await this.#tryAppend(frame)
    } catch (error) {
      const reason = isDiskFull(error) ? 'disk_full' : 'io_error'
      const { folder } = this.#settings
      const message = `Cannot write to the journal in "${folder}" (${codeOf(error)}: ${(error as Error).message})`
      outcome = { status: 'refused', reason, message }
    }
    if (outcome.status === 'refused') this.#counters.refusedFrames++
    return outcome
  }

  async #tryAppend({ blocks, digests }: Frame): Promise<AppendOutcome> {
    if (this.#isClosed) {
      return { status: 'refused', reason: 'io_error', message: 'The journal is closed' }
    }
    const entries = blocks.map((block, index): BlockEntry => {
      const { table, token, rows, bytes } = block
      const crc = crc32(bytes)
      const { byteLength } = bytes
      return {
        table,
        token,
        rows,
        byteLength,
        crc,
        originSequence: this.#sequence,
        originIndex: index,
      }
    })
    const stored = await this.#write(
      'rows',
      entries,
      blocks.map(({ bytes }) => bytes),
      digests,
    )
    if (stored === undefined) {
      return {
        status: 'refused',
        reason: 'journal_full',
        message: `The journal is full: ${this.usedBytes} of ${this.bytesMax} bytes wait for ClickHouse`,
      }
    }
    return { status: 'written', blocks: stored }
  }

  /** Writes and syncs one frame. @returns its blocks, or `undefined` where there is no room */
  async #write(
    kind: FrameKind,
    entries: readonly BlockEntry[],
    data: readonly Uint8Array[],
    digests: readonly Uint8Array[],
  ): Promise<FileBlock[] | undefined> {
    const frameBytes = frameByteLength(entries, digests.length)
    const dataBytes = entries.reduce((sum, entry) => sum + entry.byteLength, 0)
    if (entries.length > BLOCKS_MAX || frameBytes - dataBytes > HEADER_BYTES_MAX) {
      throw new Error(
        `A frame has at most ${BLOCKS_MAX} blocks and ${HEADER_BYTES_MAX} bytes of header`,
      )
    }
    if (!this.#pool.hasRoom(frameBytes + END_MARK.byteLength)) return undefined
    const segment = await this.#pool.segmentFor(frameBytes + END_MARK.byteLength)
    const sequence = this.#sequence++
    const header = encodeHeader(
      {
        kind,
        segmentNumber: segment.name.number,
        sequence,
        unixMs: this.#parts.clock(),
        digests,
        blocks: entries,
      },
      segment.name.life,
    )
    await this.#writeBytes(segment, [header, ...data, END_MARK])
    const stored = this.#place(segment, entries, data, header.byteLength)
    segment.end += frameBytes
    this.#pool.noteGrowth(segment)
    this.#counters.appendedFrames++
    this.#counters.appendedBytes += frameBytes
    return stored
  }

  async #writeBytes(segment: Segment, parts: readonly Uint8Array[]): Promise<void> {
    const { end } = segment
    try {
      await segment.withFile((file) => writeFully(file, parts, end))
    } catch (error) {
      await this.#pool.withdraw(segment)
      throw error
    }
    if (!this.#isSynced) return
    const start = performance.now()
    try {
      await segment.withFile((file) => file.sync())
    } catch (error) {
      // The kernel forgets which pages it could not write: a second sync would say that all is well.
      await this.#pool.abandon(segment)
      throw error
    }
    this.#counters.syncs++
    this.#parts.onSync?.((performance.now() - start) / 1000)
  }

  #place(
    segment: Segment,
    entries: readonly BlockEntry[],
    data: readonly Uint8Array[],
    headerBytes: number,
  ): FileBlock[] {
    let offset = segment.end + headerBytes
    return entries.map((entry, frameIndex) => {
      const block: FileBlock = {
        table: entry.table,
        token: entry.token,
        rows: entry.rows,
        byteLength: entry.byteLength,
        crc: entry.crc,
        originSequence: entry.originSequence,
        originIndex: entry.originIndex,
        segment,
        frameOffset: segment.end,
        frameIndex,
        offset,
        bytes: undefined,
      }
      offset += entry.byteLength
      segment.add(block)
      this.#keep(block, data[frameIndex])
      return block
    })
  }

  /** Writers take the oldest first: what came first stays in memory, what comes when it is full does not. */
  #keep(block: FileBlock, bytes: Uint8Array | undefined): void {
    if (this.#cachedBytes + block.byteLength > this.#settings.cacheBytesMax) return
    block.bytes = bytes
    this.#cachedBytes += block.byteLength
  }

  async read(stored: StoredBlock): Promise<ReadOutcome> {
    const block = stored as FileBlock
    for (;;) {
      const { segment, offset } = block
      if (block.bytes !== undefined) return { status: 'read', bytes: block.bytes }
      if (segment === undefined)
        return { status: 'damaged', message: 'The block was confirmed before' }
      const outcome = await readFrom(segment, block, offset)
      // While it was read it may have been moved, and its old place used again.
      if (outcome.status === 'read' || (block.segment === segment && block.offset === offset)) {
        if (outcome.status === 'damaged') this.#counters.damagedRecords++
        return outcome
      }
    }
  }

  confirm(blocks: readonly StoredBlock[]): void {
    for (const block of blocks as readonly FileBlock[]) this.#release(block)
    this.#notes.wake()
  }

  #release(block: FileBlock): void {
    const { segment } = block
    if (segment === undefined) return
    segment.release(block)
    block.segment = undefined
    if (block.bytes !== undefined) {
      this.#cachedBytes -= block.byteLength
      block.bytes = undefined
    }
    this.#notes.touch(segment)
    this.#pool.retireIfDone(segment)
  }

  setAside(blocks: readonly StoredBlock[], reason: string): Promise<void> {
    return this.#setAside.setAside(blocks as readonly FileBlock[], reason)
  }

  stats(): JournalStats {
    return {
      ...this.#counters,
      ...this.#pool.stats(),
      cachedBytes: this.#cachedBytes,
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#last
    await this.#setAside.close()
    await this.#pool.close()
    this.#lock.release()
  }
}

async function readFrom(segment: Segment, block: FileBlock, offset: number): Promise<ReadOutcome> {
  const bytes = Buffer.allocUnsafeSlow(block.byteLength)
  let count: number
  try {
    count = await segment.withFile((file) => file.read(bytes, offset))
  } catch (error) {
    return {
      status: 'failed',
      message: `Cannot read ${block.byteLength} bytes at ${offset} of "${segment.path}" (${codeOf(error)}: ${(error as Error).message})`,
    }
  }
  if (count === bytes.byteLength && crc32(bytes) === block.crc) return { status: 'read', bytes }
  const what = count < bytes.byteLength ? 'the file ends before them' : 'their checksum is wrong'
  return {
    status: 'damaged',
    message: `${block.rows} rows for ${block.table} at ${offset} of "${segment.path}" are damaged: ${what}`,
  }
}

async function readRaw({ segment, offset, byteLength }: FileBlock): Promise<Uint8Array> {
  if (segment === undefined) return new Uint8Array()
  const bytes = Buffer.allocUnsafeSlow(byteLength)
  const count = await segment.withFile((file) => file.read(bytes, offset))
  return bytes.subarray(0, count)
}
