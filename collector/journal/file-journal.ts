import { createTurns } from '@wayward/base'
import { crc32 } from 'node:zlib'
import { bringBack } from './bring-back.ts'
import { type Compaction, createCompaction, type FramePlace } from './compaction.ts'
import { type Counters, createCounters } from './counters.ts'
import {
  blocksMax,
  byteLengthOf,
  type BlockEntry,
  encodeHeader,
  endMark,
  type FrameKind,
  frameByteLength,
  headerBytesMax,
} from './frame.ts'
import { type AgedDigests, createFrameClock, earlier, type FrameClock } from './frame-time.ts'
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
import { readBlock, readRaw } from './read-block.ts'
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
  const frameClock = parts.frameClock ?? createFrameClock(parts.time.wallMs)
  let lock: FolderLock | undefined
  try {
    await files.makeFolder(folder)
    lock = await lockFolder(folder)
    const { logger } = parts
    const recovery = await recover({
      files,
      folder,
      setAside,
      logger,
      counters,
      isSynced,
      frameClock,
    })
    const journal = new FileJournal({
      settings,
      parts,
      files,
      lock,
      counters,
      setAside,
      recovery,
      frameClock,
    })
    const { unconfirmed } = recovery
    const append = (frame: Frame): Promise<AppendOutcome> => journal.append(frame)
    journal.addUnconfirmed(await bringBack({ files, folder, logger, unconfirmed, append }))
    return journal
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
  readonly frameClock: FrameClock
}

class FileJournal implements Journal {
  readonly unconfirmed: FileBlock[]
  readonly recentDigests: readonly AgedDigests[]
  readonly bytesMax: number
  readonly #settings: JournalSettings
  readonly #parts: JournalParts
  readonly #lock: FolderLock
  readonly #counters: Counters
  readonly #setAside: SetAsideKeeper
  readonly #pool: SegmentPool
  readonly #notes: NotesKeeper
  readonly #compaction: Compaction
  readonly #isSynced: boolean
  readonly #frameClock: FrameClock
  #sequence: number
  #cachedBytes = 0
  #state: 'open' | 'closing' | 'closed' = 'open'
  /** Frames from here on are of this process. */
  #firstSequence: number
  #unconfirmedLeft: number
  /** One frame after the other. */
  readonly #turns = createTurns()

  constructor(journalParts: FileJournalParts) {
    const { settings, parts, files, lock, counters, setAside, recovery } = journalParts
    this.#frameClock = journalParts.frameClock
    this.#settings = settings
    this.#parts = parts
    this.#lock = lock
    this.#counters = counters
    this.#setAside = new SetAsideKeeper({
      folder: setAside,
      logger: parts.logger,
      counters,
      time: parts.time,
      read: (block) => this.read(block),
      readRaw,
      confirm: (blocks) => this.confirm(blocks),
    })
    this.#isSynced = settings.durability === 'fsync'
    this.bytesMax = settings.bytesMax
    this.unconfirmed = recovery.unconfirmed
    this.recentDigests = recovery.digests
    this.#sequence = recovery.nextSequence
    this.#firstSequence = recovery.nextSequence
    this.#unconfirmedLeft = recovery.unconfirmed.length
    this.#notes = new NotesKeeper(parts.logger, parts.time, this.#isSynced)
    this.#pool = new SegmentPool({
      settings,
      files,
      logger: parts.logger,
      counters,
      notes: this.#notes,
      segments: recovery.segments,
      nextNumber: recovery.nextNumber,
    })
    this.#compaction = createCompaction({
      pool: this.#pool,
      notes: this.#notes,
      turns: this.#turns,
      time: parts.time,
      logger: parts.logger,
      counters,
      isWorth: () => this.#state === 'open' && this.usedBytes * 2 >= this.bytesMax,
      read: (block) => this.read(block),
      write: (blocks, data) => this.#write('moved', blocks, data, []),
    })
  }

  /** Blocks that were taken back at the opening count as found there. */
  addUnconfirmed(blocks: readonly StoredBlock[]): void {
    for (const block of blocks) this.unconfirmed.push(block as FileBlock)
    this.#unconfirmedLeft += blocks.length
    this.#firstSequence = this.#sequence
  }

  get usedBytes(): number {
    return this.#pool.usedBytes
  }

  hasRoom(bytes: number): boolean {
    return this.#pool.hasRoom(bytes + endMark.byteLength)
  }

  append(frame: Frame): Promise<AppendOutcome> {
    return this.#turns.take(() => this.#append(frame))
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
    this.#compaction.startIfWorth()
    return outcome
  }

  async #tryAppend({ blocks, digests }: Frame): Promise<AppendOutcome> {
    if (this.#state !== 'open') {
      return { status: 'refused', reason: 'io_error', message: 'The journal is closed' }
    }
    const entries = blocks.map(({ table, token, rows, bytes }, originIndex): BlockEntry => {
      const { byteLength } = bytes
      const originSequence = this.#sequence
      return { table, token, rows, byteLength, crc: crc32(bytes), originSequence, originIndex }
    })
    if (!this.#pool.hasRoom(frameByteLength(entries, byteLengthOf(digests)) + endMark.byteLength)) {
      return {
        status: 'refused',
        reason: 'journal_full',
        message: `The journal is full: ${this.usedBytes} of ${this.bytesMax} bytes wait for ClickHouse`,
      }
    }
    const data = blocks.map(({ bytes }) => bytes)
    const place = await this.#write('rows', entries, data, digests)
    let { offset } = place
    const stored = entries.map((entry, frameIndex): FileBlock => {
      const block = { ...entry, ...place, frameIndex, offset, bytes: undefined }
      offset += entry.byteLength
      place.segment.add(block)
      this.#keep(block, data[frameIndex])
      return block
    })
    return { status: 'written', blocks: stored }
  }

  /**
   * Writes and syncs one frame. @returns where its first block is @throws system errors; then
   * nothing was kept
   */
  async #write(
    kind: FrameKind,
    blocks: readonly BlockEntry[],
    data: readonly Uint8Array[],
    digests: readonly Uint8Array[],
  ): Promise<FramePlace> {
    const frameBytes = frameByteLength(blocks, byteLengthOf(digests))
    const segment = await this.#pool.segmentFor(frameBytes + endMark.byteLength)
    const headerBytes = blocks.reduce((sum, { byteLength }) => sum - byteLength, frameBytes)
    if (blocks.length > blocksMax || headerBytes > headerBytesMax) {
      throw new Error(
        `A frame has at most ${blocksMax} blocks and ${headerBytesMax} bytes of header`,
      )
    }
    const carried = segment.end === 0 ? this.#carriedFrames(segment) : []
    const { number: segmentNumber, life } = segment.name
    const sequence = this.#sequence++
    const time = this.#frameClock()
    const header = encodeHeader({ kind, segmentNumber, sequence, time, digests, blocks }, life)
    await this.#writeBytes(segment, [...carried, header, ...data, endMark])
    const frameOffset = segment.end + byteLengthOf(carried)
    segment.growTo(frameOffset + frameBytes)
    this.#pool.noteGrowth(segment)
    this.#counters.appendedFrames++
    this.#counters.appendedBytes += frameBytes
    return { segment, frameOffset, offset: frameOffset + headerBytes }
  }

  /**
   * Segments are used again after seconds at full load; what they knew of requests lives on in the
   * next ones. Each frame of these has its own time: with that of the segment's first rows they
   * would grow younger from segment to segment.
   */
  #carriedFrames(segment: Segment): readonly Buffer[] {
    const { number: segmentNumber, life } = segment.name
    const now = this.#frameClock()
    const carried = this.#parts.carriedDigests?.() ?? []
    return carried.map(({ digests, ageMs }) => {
      const sequence = this.#sequence++
      const time = earlier(now, ageMs)
      return encodeHeader(
        { kind: 'rows', segmentNumber, sequence, time, digests: [digests], blocks: [] },
        life,
      )
    })
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
    const startMs = this.#parts.time.monotonicMs()
    try {
      await segment.withFile((file) => file.sync())
    } catch (error) {
      // The kernel forgets which pages it could not write: a second sync would say that all is
      // well.
      await this.#pool.abandon(segment)
      throw error
    }
    this.#counters.syncs++
    this.#parts.onSync?.((this.#parts.time.monotonicMs() - startMs) / 1000)
  }

  /**
   * Writers take the oldest first: what came first stays in memory, what comes when it is full does
   * not.
   */
  #keep(block: FileBlock, bytes: Uint8Array | undefined): void {
    if (this.#cachedBytes + block.byteLength > this.#settings.cacheBytesMax) return
    block.bytes = bytes
    this.#cachedBytes += block.byteLength
  }

  async read(
    stored: StoredBlock,
    allocate = (bytes: number): Uint8Array => Buffer.allocUnsafeSlow(bytes),
  ): Promise<ReadOutcome> {
    const block = stored as FileBlock
    if (this.#state === 'closed') return { status: 'failed', message: 'The journal is closed' }
    for (;;) {
      const { segment, offset } = block
      if (block.bytes !== undefined) return { status: 'read', bytes: block.bytes }
      if (segment === undefined)
        return { status: 'damaged', message: 'The block was confirmed before' }
      const bytes = allocate(block.byteLength)
      const outcome = await readBlock(segment, block, { offset, bytes })
      // While it was read it may have been moved, and its old place used again.
      if (outcome.status === 'read' || (block.segment === segment && block.offset === offset)) {
        if (outcome.status === 'damaged') this.#counters.damagedRecords++
        return outcome
      }
    }
  }

  confirm(blocks: readonly StoredBlock[]): void {
    if (this.#state === 'closed') return
    for (const block of blocks as readonly FileBlock[]) this.#release(block)
    this.#notes.wake()
    this.#compaction.startIfWorth()
  }

  #release(block: FileBlock): void {
    const { segment } = block
    if (segment === undefined) return
    segment.release(block)
    if (block.bytes !== undefined) {
      this.#cachedBytes -= block.byteLength
      block.bytes = undefined
    }
    this.#notes.touch(segment)
    this.#pool.retireIfDone(segment)
    if (block.originSequence >= this.#firstSequence) return
    this.#unconfirmedLeft--
    if (this.#unconfirmedLeft === 0) this.unconfirmed.length = 0
  }

  setAside(blocks: readonly StoredBlock[], reason: string): Promise<void> {
    if (this.#state !== 'open') return Promise.resolve()
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
    if (this.#state !== 'open') return
    this.#state = 'closing'
    await this.#turns.whenDone()
    await this.#setAside.close()
    this.#state = 'closed'
    await this.#pool.close()
    this.#lock.release()
  }
}
