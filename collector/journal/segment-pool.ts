//            new file ──┐
//                       ▼
//   retired ──rename─▶ next ──▶ active ──full─▶ closed ──all confirmed─▶ retired ──too many─▶ removed
//      ▲                                                                   │
//      └───────────────────────────────────────────────────────────────────┘
//
// A retired segment keeps its name and its notes until its file is used again: the digests of its
// requests are still found after a crash.
import type { Logger } from '@wayward/base'
import type { Counters } from './counters.ts'
import { endMark } from './frame.ts'
import { type JournalFiles, writeFully } from './journal-files.ts'
import type { JournalSettings } from './journal.ts'
import type { NotesKeeper } from './notes-keeper.ts'
import { newSegmentName, Segment } from './segment.ts'

/** Overwriting a file is ten times cheaper than growing one; so many are kept for it. */
const retiredMax = 3
/** From here on the next segment is prepared, so that no request waits for it. */
const prepareAt = 0.5

export interface SegmentPoolParts {
  readonly settings: JournalSettings
  readonly files: JournalFiles
  readonly logger: Logger
  readonly counters: Counters
  readonly notes: NotesKeeper
  /** From an earlier process, oldest first. */
  readonly segments: readonly Segment[]
  readonly nextNumber: number
}

export class SegmentPool {
  readonly #parts: SegmentPoolParts
  readonly #segmentBytes: number
  readonly #isSynced: boolean
  /** Not written to any more, not all confirmed. */
  readonly #closed = new Set<Segment>()
  /** All confirmed; oldest first. */
  readonly #retired: Segment[] = []
  #active: Segment | undefined
  #next: Promise<Segment> | undefined
  #nextNumber: number
  #closedBytes = 0
  #retiredBytes = 0
  /** Removals under way. */
  readonly #removing = new Set<Promise<void>>()

  constructor(parts: SegmentPoolParts) {
    this.#parts = parts
    this.#segmentBytes = Math.min(parts.settings.segmentBytes, parts.settings.bytesMax)
    this.#isSynced = parts.settings.durability === 'fsync'
    this.#nextNumber = parts.nextNumber
    for (const segment of parts.segments) {
      this.#closed.add(segment)
      this.#closedBytes += segment.fileBytes
    }
    for (const segment of parts.segments) {
      if (segment.notes.hasPending) parts.notes.touch(segment)
      this.retireIfDone(segment)
    }
    parts.notes.wake()
  }

  get closed(): ReadonlySet<Segment> {
    return this.#closed
  }

  get active(): Segment | undefined {
    return this.#active
  }

  get usedBytes(): number {
    return this.#closedBytes + (this.#active?.end ?? 0)
  }

  hasRoom(bytes: number): boolean {
    const active = this.#active
    const { bytesMax } = this.#parts.settings
    if (active === undefined || this.#fits(active, bytes)) return this.usedBytes + bytes <= bytesMax
    return this.#closedBytes + active.fileBytes + bytes <= bytesMax
  }

  #fits(segment: Segment, bytes: number): boolean {
    return segment.end === 0 || segment.end + bytes <= this.#segmentBytes
  }

  /** The segment that takes a frame of so many bytes. @throws system errors */
  async segmentFor(bytes: number): Promise<Segment> {
    const active = this.#active
    if (active !== undefined && this.#fits(active, bytes)) return active
    this.#next ??= this.#prepare()
    const next = await this.#takeNext(this.#next)
    if (active !== undefined) this.#finish(active)
    this.#active = next
    return next
  }

  async #takeNext(next: Promise<Segment>): Promise<Segment> {
    try {
      return await next
    } finally {
      this.#next = undefined
    }
  }

  /** Notes that the active segment has grown. */
  noteGrowth(segment: Segment): void {
    if (segment.end < this.#segmentBytes * prepareAt || this.#next !== undefined) return
    this.#next = this.#prepare()
    this.#next.catch(() => {
      // Whoever needs it tries again, and reports it.
      this.#next = undefined
    })
  }

  async #prepare(): Promise<Segment> {
    const { files, settings } = this.#parts
    const { folder } = settings
    const segment = new Segment(files, folder, newSegmentName(this.#nextNumber++))
    const used = this.#retired.shift()
    if (used !== undefined) await this.#rename(used, segment)
    try {
      // Opens it, and so makes it where there is none.
      await segment.measure()
      if (this.#isSynced) await files.syncFolder(folder)
    } catch (error) {
      await segment.close()
      // If it stays, the next start finds an empty segment.
      await files.remove(segment.path).catch(() => {})
      throw error
    }
    if (used !== undefined) await this.#removeNotes(used)
    return segment
  }

  async #rename(used: Segment, segment: Segment): Promise<void> {
    const { files, counters, notes } = this.#parts
    await notes.flush()
    try {
      await files.rename(used.path, segment.path)
    } catch (error) {
      this.#retired.unshift(used)
      throw error
    }
    this.#retiredBytes -= used.fileBytes
    await notes.forget(used)
    const file = await used.detach()
    if (file !== undefined) segment.adopt(file)
    await used.close()
    counters.recycledSegments++
  }

  async #removeNotes({ notes }: Segment): Promise<void> {
    const { files, logger } = this.#parts
    await files.remove(notes.path).catch((error: unknown) => {
      // The next start removes it.
      logger.warn('Cannot remove a side file of the journal', { file: notes.path, error })
    })
  }

  /** The segment gets no more frames. */
  #finish(segment: Segment): void {
    this.#active = undefined
    segment.seal()
    this.#parts.notes.touch(segment)
    this.#parts.notes.wake()
    this.#closed.add(segment)
    this.#closedBytes += segment.fileBytes
    this.retireIfDone(segment)
  }

  /**
   * Makes sure that the frame at the end, which could not be written, is not found at the next
   * start.
   */
  async withdraw(segment: Segment): Promise<void> {
    const { end, fileBytes } = segment
    try {
      await segment.withFile(async (file) => {
        await writeFully(file, [endMark], end)
        // Gives back what the frame took of a full disk.
        await file.truncate(Math.max(fileBytes, end + endMark.byteLength))
        if (this.#isSynced) await file.sync()
      })
    } catch {
      await this.abandon(segment)
    }
  }

  /** Stops to use a file whose sync failed. What was synced before is safe, and is read from it. */
  async abandon(segment: Segment): Promise<void> {
    segment.abandon()
    await segment
      .withFile((file) => writeFully(file, [endMark], segment.end))
      .catch(() => {
        // The note says the same.
      })
    this.#finish(segment)
    await this.#parts.notes.flush()
    this.#parts.logger.error(
      'A file of the journal cannot be written or synced; another one is used from now on',
      {
        segment: segment.name.base,
      },
    )
  }

  /** A closed segment without unconfirmed blocks can be used again. */
  retireIfDone(segment: Segment): void {
    if (segment.liveBlocks > 0 || !this.#closed.delete(segment)) return
    this.#closedBytes -= segment.fileBytes
    segment.forgetBlocks()
    if (
      segment.state === 'abandoned' ||
      segment.fileBytes > this.#segmentBytes + endMark.byteLength
    ) {
      this.#startRemoval(segment)
      return
    }
    this.#retired.push(segment)
    this.#retiredBytes += segment.fileBytes
    while (
      this.#retired.length > retiredMax ||
      this.usedBytes + this.#retiredBytes > this.#parts.settings.bytesMax
    ) {
      const oldest = this.#retired.shift()
      if (oldest === undefined) return
      this.#retiredBytes -= oldest.fileBytes
      this.#startRemoval(oldest)
    }
  }

  #startRemoval(segment: Segment): void {
    const removal = this.#remove(segment).finally(() => this.#removing.delete(removal))
    this.#removing.add(removal)
  }

  async #remove(segment: Segment): Promise<void> {
    const { files, notes, logger } = this.#parts
    try {
      await notes.forget(segment)
      // The notes last: without them its blocks would come back.
      await files.remove(segment.path)
      await segment.close()
      await files.remove(segment.notes.path)
    } catch (error) {
      logger.warn('Cannot remove a segment of the journal', { segment: segment.name.base, error })
    }
  }

  stats(): {
    segments: number
    usedBytes: number
    unconfirmedBlocks: number
    unconfirmedBytes: number
  } {
    let unconfirmedBlocks = 0
    let unconfirmedBytes = 0
    const used = this.#active === undefined ? [...this.#closed] : [...this.#closed, this.#active]
    for (const segment of used) {
      unconfirmedBlocks += segment.liveBlocks
      unconfirmedBytes += segment.liveBytes
    }
    const segments = used.length + this.#retired.length
    return { segments, usedBytes: this.usedBytes, unconfirmedBlocks, unconfirmedBytes }
  }

  /** Seals the active segment and closes all files. Notes must be flushed by then. */
  async close(): Promise<void> {
    const next = await this.#next?.catch(() => undefined)
    if (this.#active !== undefined) this.#finish(this.#active)
    await Promise.all(this.#removing)
    await this.#parts.notes.close()
    await next?.close()
    for (const segment of [...this.#closed, ...this.#retired]) await segment.close()
  }
}
