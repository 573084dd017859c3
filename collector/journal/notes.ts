// The side file of a segment, `<name>.done`: what became of its frames. Entries of 24 bytes:
//
//   0 CRC-32 of the segment's life and of bytes 4..23 | 4 kind | 8 offset | 16 argument
//
// A wrong entry is as good as none: what it said happens again, which every reader of the journal
// must bear anyway.
import { crc32 } from 'node:zlib'
import { type JournalFile, type JournalFiles, readWhole, writeFully } from './journal-files.ts'

const entryBytes = 24
/** Read at most so much: 10 million confirmations of one segment. */
const notesBytesMax = 240_000_000

/**
 * - `confirmed`: block number `argument` of the frame at `offset` is in ClickHouse, or set aside.
 * - `set_aside`: the `argument` bytes from `offset` on are damaged, and were copied away.
 * - `sealed`: the last frame ends at `offset`; what looks like a frame beyond was refused. All
 *   before was checked.
 */
export type NoteKind = 'confirmed' | 'set_aside' | 'sealed'
const kindCodes: Readonly<Record<NoteKind, number>> = { confirmed: 1, set_aside: 2, sealed: 3 }

export interface Note {
  readonly kind: NoteKind
  readonly offset: number
  readonly argument: number
}

/** What the notes of a segment say. */
export interface NotesRead {
  /** Block indexes by the offset of their frame. */
  readonly confirmed: ReadonlyMap<number, ReadonlySet<number>>
  /** Where damaged regions end, by where they start. */
  readonly setAside: ReadonlyMap<number, number>
  readonly sealedAt: number | undefined
  /** Where the next entry goes. */
  readonly end: number
  /** Also 1 where the file cannot be read at all. */
  readonly wrongEntries: number
}

/** Reads a segment's notes. Safe on any content. */
export async function readNotes(
  files: JournalFiles,
  path: string,
  life: Uint8Array,
): Promise<NotesRead> {
  const confirmed = new Map<number, Set<number>>()
  const setAside = new Map<number, number>()
  let sealedAt: number | undefined
  let bytes: Buffer
  try {
    bytes = (await readWhole(files, path, notesBytesMax)) ?? Buffer.alloc(0)
  } catch {
    return { confirmed, setAside, sealedAt, end: 0, wrongEntries: 1 }
  }
  let wrongEntries = bytes.byteLength % entryBytes === 0 ? 0 : 1
  const seed = crc32(life)
  const end = bytes.byteLength - (bytes.byteLength % entryBytes)
  for (let at = 0; at < end; at += entryBytes) {
    if (crc32(bytes.subarray(at + 4, at + entryBytes), seed) !== bytes.readUInt32LE(at)) {
      wrongEntries++
      continue
    }
    const offset = bytes.readUIntLE(at + 8, 6)
    const argument = bytes.readUIntLE(at + 16, 6)
    const kind = bytes.readUInt8(at + 4)
    if (kind === kindCodes.confirmed) {
      const indexes = confirmed.get(offset) ?? new Set()
      confirmed.set(offset, indexes.add(argument))
    } else if (kind === kindCodes.set_aside) setAside.set(offset, offset + argument)
    else if (kind === kindCodes.sealed) sealedAt = offset
    else wrongEntries++
  }
  return { confirmed, setAside, sealedAt, end, wrongEntries }
}

/** Writes the notes of one segment. Not safe for two calls of `write` at once. */
export class Notes {
  readonly path: string
  readonly #files: JournalFiles
  readonly #seed: number
  #file: JournalFile | undefined
  #end: number
  #pending: Note[] = []
  #isSynced = true

  constructor(files: JournalFiles, path: string, life: Uint8Array, end = 0) {
    this.#files = files
    this.path = path
    this.#seed = crc32(life)
    this.#end = end
  }

  add(note: Note): void {
    this.#pending.push(note)
  }

  get hasPending(): boolean {
    return this.#pending.length > 0
  }

  get isSynced(): boolean {
    return this.#isSynced && this.#pending.length === 0
  }

  /** Hands what was added to the system. When it throws, nothing is forgotten: call again. */
  async write(): Promise<void> {
    // A copy: more may be added while these are written.
    const notes = [...this.#pending]
    if (notes.length === 0) return
    const bytes = Buffer.alloc(notes.length * entryBytes)
    notes.forEach((note, i) => this.#encode(note, bytes.subarray(i * entryBytes)))
    this.#file ??= await this.#files.open(this.path, { create: true })
    await writeFully(this.#file, [bytes], this.#end)
    this.#isSynced = false
    this.#end += bytes.byteLength
    this.#pending = this.#pending.slice(notes.length)
  }

  async sync(): Promise<void> {
    if (this.#isSynced || this.#file === undefined) return
    this.#isSynced = true
    try {
      await this.#file.sync()
    } catch (error) {
      this.#isSynced = false
      throw error
    }
  }

  async close(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    await file?.close()
  }

  #encode({ kind, offset, argument }: Note, target: Buffer): void {
    target.writeUInt8(kindCodes[kind], 4)
    target.writeUIntLE(offset, 8, 6)
    target.writeUIntLE(argument, 16, 6)
    target.writeUInt32LE(crc32(target.subarray(4, entryBytes), this.#seed), 0)
  }
}
