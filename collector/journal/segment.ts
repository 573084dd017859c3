// A segment's name is its identity: `<number>-<life>.segment`. The life is random, and in every
// frame header. So one rename makes a used file a new, empty segment: what lies in it belongs to
// another life. There is no segment header.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { lifeBytes } from './frame.ts'
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

/** A block of a journal with files. */
export interface FileBlock extends StoredBlock {
  readonly crc: number
  readonly originSequence: number
  readonly originIndex: number
  /** Where it is; another place when it was moved, none when it was confirmed. */
  segment: Segment | undefined
  frameOffset: number
  frameIndex: number
  offset: number
  /** Its bytes as long as they are in memory. */
  bytes: Uint8Array | undefined
}

/** A segment file that is in use, or waits to be used again. */
export class Segment {
  readonly name: SegmentName
  readonly path: string
  readonly notes: Notes
  readonly #files: JournalFiles
  #file: Promise<JournalFile> | undefined
  #users = 0
  #isClosing = false
  /** Where the next frame goes. */
  end = 0
  /** The size of the file. */
  fileBytes = 0
  /** All that were written to it; confirmed ones have no segment any more. */
  blocks: FileBlock[] = []
  liveBlocks = 0
  liveBytes = 0
  /** A note says where its last frame ends. */
  isSealed = false
  /** A sync failed: the file is not written to again. */
  isAbandoned = false
  /** Moving its blocks failed: it is not tried again. */
  isStuck = false

  constructor(files: JournalFiles, folder: string, name: SegmentName, notesEnd = 0) {
    this.#files = files
    this.name = name
    this.path = join(folder, `${name.base}.segment`)
    this.notes = new Notes(files, join(folder, `${name.base}.done`), name.life, notesEnd)
  }

  add(block: FileBlock): void {
    this.blocks.push(block)
    this.liveBlocks++
    this.liveBytes += block.byteLength
  }

  /** Notes that the block is done with, or elsewhere. */
  release(block: FileBlock): void {
    this.liveBlocks--
    this.liveBytes -= block.byteLength
    this.notes.add({ kind: 'confirmed', offset: block.frameOffset, argument: block.frameIndex })
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
