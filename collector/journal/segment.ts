// A segment's name is its identity: `<number>-<life>.segment`. The life is random, and in every
// frame header. So one rename makes a used file a new, empty segment: what lies in it belongs to
// another life. There is no segment header.
//
//   open ──full, or the end of its process──▶ sealed
//     └────────its sync failed──────────────▶ abandoned
//
// Only the segment itself writes its fields and says where its blocks are; which of the segments
// takes the next frame, and which is used again, is the pool's (segment-pool.ts).
import { assert } from '@wayward/base'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { endMark, lifeBytes } from './frame.ts'
import type { JournalFile, JournalFiles } from './journal-files.ts'
import type { StoredBlock } from './journal.ts'
import { Notes } from './notes.ts'

const segmentName = /^(\d{10,15})-([0-9a-f]{16})\.segment$/
/** So that there is always a next number, whatever lies in the folder. */
const numberMax = 2 ** 47
const notesName = /^(\d{10,15})-([0-9a-f]{16})\.done$/

export interface SegmentName {
  readonly number: number
  readonly life: Buffer
  /** Without its ending. */
  readonly base: string
}

export function newSegmentName(number: number): SegmentName {
  const life = randomBytes(lifeBytes)
  return { number, life, base: `${String(number).padStart(10, '0')}-${life.toString('hex')}` }
}

export function parseSegmentName(fileName: string): SegmentName | undefined {
  return parseName(segmentName, fileName)
}

export function parseNotesName(fileName: string): SegmentName | undefined {
  return parseName(notesName, fileName)
}

function parseName(pattern: RegExp, fileName: string): SegmentName | undefined {
  const match = pattern.exec(fileName)
  if (match?.[1] === undefined || match[2] === undefined) return undefined
  const number = Number(match[1])
  if (number > numberMax) return undefined
  const life = Buffer.from(match[2], 'hex')
  return { number, life, base: `${match[1]}-${match[2]}` }
}

/** Where a block lies. */
export interface BlockPlace {
  readonly frameOffset: number
  readonly frameIndex: number
  readonly offset: number
}

/** A block of a journal with files. Its place is written by segments only. */
export interface FileBlock extends StoredBlock, BlockPlace {
  readonly crc: number
  readonly originSequence: number
  readonly originIndex: number
  /** Where it is; another place when it was moved, none when it was confirmed. */
  readonly segment: Segment | undefined
  /** Its bytes as long as they are in memory. */
  bytes: Uint8Array | undefined
}

/** A block, for those who place it. */
type PlacedBlock = { -readonly [Key in keyof FileBlock]: FileBlock[Key] }

/**
 * - `open`: it may take a frame.
 * - `sealed`: a note says where its last frame ends; it takes none any more.
 * - `abandoned`: a sync failed; the file is not written to again.
 */
export type SegmentState = 'open' | 'sealed' | 'abandoned'

/** A segment file that is in use, or waits to be used again. */
export class Segment {
  readonly name: SegmentName
  readonly path: string
  readonly notes: Notes
  readonly #files: JournalFiles
  #file: Promise<JournalFile> | undefined
  #users = 0
  #isClosing = false
  #end = 0
  #fileBytes = 0
  #blocks: FileBlock[] = []
  #liveBlocks = 0
  #liveBytes = 0
  #state: SegmentState = 'open'
  #isStuck = false

  constructor(files: JournalFiles, folder: string, name: SegmentName, notesEnd = 0) {
    this.#files = files
    this.name = name
    this.path = join(folder, `${name.base}.segment`)
    this.notes = new Notes(files, join(folder, `${name.base}.done`), name.life, notesEnd)
  }

  /** Where the next frame goes. */
  get end(): number {
    return this.#end
  }

  /** The size of the file. */
  get fileBytes(): number {
    return this.#fileBytes
  }

  /** All that were written to it, also those that were confirmed or moved since. */
  get blocks(): readonly FileBlock[] {
    return this.#blocks
  }

  get liveBlocks(): number {
    return this.#liveBlocks
  }

  get liveBytes(): number {
    return this.#liveBytes
  }

  get state(): SegmentState {
    return this.#state
  }

  /** Moving its blocks failed: it is not tried again. */
  get isStuck(): boolean {
    return this.#isStuck
  }

  /** Looks how large the file is; makes it where there is none. */
  async measure(): Promise<void> {
    this.#fileBytes = await this.withFile((file) => file.size())
  }

  /** A frame was written; the next one goes behind it. */
  growTo(end: number): void {
    assert(this.#state === 'open', `The segment ${this.name.base} is ${this.#state} and grew`)
    assert(end > this.#end, `The segment ${this.name.base} shrank from ${this.#end} to ${end}`)
    this.#end = end
    this.#fileBytes = Math.max(this.#fileBytes, end + endMark.byteLength)
  }

  /** What was found at a start ends here. */
  foundUntil(end: number): void {
    this.#end = end
  }

  /** Gives what lies behind this back to the disk. */
  async shortenTo(byteLength: number): Promise<void> {
    await this.withFile((file) => file.truncate(byteLength))
    this.#fileBytes = byteLength
  }

  /** Makes a block that was written here, or found here, one of its own. */
  add(block: FileBlock): void {
    assert(block.segment === this, `A block of another segment is added to ${this.name.base}`)
    this.#blocks.push(block)
    this.#liveBlocks++
    this.#liveBytes += block.byteLength
  }

  /** Lets a block go that was confirmed. */
  release(block: FileBlock): void {
    this.#letGo(block)
    ;(block as PlacedBlock).segment = undefined
  }

  /** Takes over a block of another segment, whose bytes were written here, too. */
  take(block: FileBlock, place: BlockPlace): void {
    assert(block.segment !== undefined, 'A block that was confirmed cannot be moved')
    block.segment.#letGo(block)
    Object.assign(block as PlacedBlock, place, { segment: this })
    this.add(block)
  }

  #letGo(block: FileBlock): void {
    assert(block.segment === this, `A block of another segment leaves ${this.name.base}`)
    assert(this.#liveBlocks > 0, `The segment ${this.name.base} has no block to let go`)
    this.#liveBlocks--
    this.#liveBytes -= block.byteLength
    this.noteConfirmed(block)
  }

  /** What lies there is not found at the next start: it is confirmed, or elsewhere. */
  noteConfirmed({ frameOffset, frameIndex }: Omit<BlockPlace, 'offset'>): void {
    this.notes.add({ kind: 'confirmed', offset: frameOffset, argument: frameIndex })
  }

  /** Gets no more frames. */
  seal(): void {
    this.noteSealed()
    this.wasSealed()
  }

  /** Notes where the last frame ends. */
  noteSealed(): void {
    this.notes.add({ kind: 'sealed', offset: this.#end, argument: 0 })
  }

  /** The note of it is there. */
  wasSealed(): void {
    if (this.#state === 'open') this.#state = 'sealed'
  }

  /** Is not written to again; what was synced before is safe. */
  abandon(): void {
    this.#state = 'abandoned'
  }

  giveUpMoving(): void {
    this.#isStuck = true
  }

  /** Forgets what was written to it: all is confirmed. */
  forgetBlocks(): void {
    assert(this.#liveBlocks === 0, `The segment ${this.name.base} has ${this.#liveBlocks} blocks`)
    this.#blocks = []
  }

  /** Takes over the open file of the segment that this one was renamed from. */
  adopt(file: JournalFile): void {
    this.#file = Promise.resolve(file)
  }

  /** Calls `use` with the open file, and keeps the file open until then. */
  async withFile<T>(use: (file: JournalFile) => Promise<T>): Promise<T> {
    this.#users++
    try {
      this.#file ??= this.#files.open(this.path, { create: true })
      let file: JournalFile
      try {
        file = await this.#file
      } catch (error) {
        this.#file = undefined
        throw error
      }
      return await use(file)
    } finally {
      this.#users--
      if (this.#isClosing && this.#users === 0) await this.#closeFile()
    }
  }

  /** Gives the open file away, if nobody reads it and it is open. */
  async detach(): Promise<JournalFile | undefined> {
    if (this.#users > 0 || this.#file === undefined) return undefined
    const file = this.#file
    this.#file = undefined
    return await file
  }

  /** Closes the files, the segment's own as soon as nobody uses it. */
  async close(): Promise<void> {
    await this.notes.close()
    this.#isClosing = true
    if (this.#users === 0) await this.#closeFile()
  }

  async #closeFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await (await file)?.close()
  }
}
