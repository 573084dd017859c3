import { crc32 } from 'node:zlib'
import { endMark, headerBytesMax, lifeOffset, type ParsedHeader, parseHeader } from './frame.ts'
import type { JournalFile } from './journal-files.ts'

const nearBytes = 1024 * 1024
const farBytes = 4 * 1024
const nearGapBytes = 64 * 1024

export interface FoundFrame {
  readonly offset: number
  readonly header: ParsedHeader
}

/** Bytes that belong to no good frame. */
export interface Region {
  readonly offset: number
  readonly byteLength: number
}

export interface Scan {
  /** Where the last good frame ends. */
  readonly end: number
  readonly regions: readonly Region[]
}

export interface ScanSettings {
  readonly life: Uint8Array
  readonly fileBytes: number
  /** Where the segment was sealed, if it was. */
  readonly sealedAt: number | undefined
  /** The header is good during the call only. */
  readonly onFrame: (frame: FoundFrame) => void
}

/**
 * Finds all frames of a segment, reading their headers only. Where a header is wrong it looks for
 * the next good one: the life of the segment in it cannot be guessed by who sends rows, so rows
 * that look like a frame are not taken for one.
 */
export async function scanSegment(file: JournalFile, settings: ScanSettings): Promise<Scan> {
  const { life, fileBytes, sealedAt, onFrame } = settings
  const limit = Math.min(sealedAt ?? fileBytes, fileBytes)
  const window = new Window(file, fileBytes)
  const regions: Region[] = []
  let at = 0
  let end = 0
  let sequenceMin = 0
  while (at < limit) {
    const header = await headerAt(window, at, life)
    if (typeof header === 'object' && header.sequence >= sequenceMin) {
      onFrame({ offset: at, header })
      sequenceMin = header.sequence + 1
      at += header.frameBytes
      end = at
      continue
    }
    const next = await findFrame(window, at + 1, { life, limit, sequenceMin })
    if (next === undefined) {
      const isUnused = header === 'foreign' && at === 0
      const isEnd = sealedAt === undefined && (isUnused || (await isZero(window, at, limit)))
      if (!isEnd) regions.push({ offset: at, byteLength: limit - at })
      break
    }
    regions.push({ offset: at, byteLength: next - at })
    at = next
  }
  return { end, regions }
}

async function headerAt(
  window: Window,
  offset: number,
  life: Uint8Array,
): Promise<ParsedHeader | 'foreign' | 'invalid'> {
  let bytesWanted = 1
  for (;;) {
    const bytes = await window.at(offset, bytesWanted)
    const outcome = parseHeader(bytes, life)
    if (outcome.status === 'frame') return outcome.header
    if (outcome.status !== 'short') return outcome.status
    // The file ends here, or the length is damaged.
    if (bytes.byteLength >= outcome.bytesWanted || bytesWanted >= outcome.bytesWanted) {
      return 'invalid'
    }
    bytesWanted = outcome.bytesWanted
  }
}

interface Search {
  readonly life: Uint8Array
  readonly limit: number
  readonly sequenceMin: number
}

/** Where the next good header starts, from `start` on. */
async function findFrame(
  window: Window,
  start: number,
  { life, limit, sequenceMin }: Search,
): Promise<number | undefined> {
  let at = start + lifeOffset
  while (at + life.byteLength <= limit) {
    const bytes = await window.at(at, Math.min(nearBytes, limit - at))
    const found = bytes.indexOf(life)
    if (found < 0) {
      if (bytes.byteLength < life.byteLength) return undefined
      at += bytes.byteLength - life.byteLength + 1
      continue
    }
    const offset = at + found - lifeOffset
    const header = await headerAt(window, offset, life)
    if (typeof header === 'object' && header.sequence >= sequenceMin) return offset
    at += found + 1
  }
  return undefined
}

/** Whether the end mark is there, as far as the file goes. */
async function isZero(window: Window, offset: number, limit: number): Promise<boolean> {
  const bytes = await window.at(offset, Math.min(endMark.byteLength, limit - offset))
  return bytes.subarray(0, endMark.byteLength).every((byte) => byte === 0)
}

/**
 * Reads ahead as far as it pays: much where frames are small, little where each read only wants a
 * header. Its buffers are used again: what it returns is good until the next call.
 */
class Window {
  readonly #file: JournalFile
  readonly #fileBytes: number
  readonly #far = Buffer.allocUnsafeSlow(farBytes)
  #near: Buffer = Buffer.alloc(0)
  #start = 0
  #asked = -Infinity
  #bytes: Buffer = Buffer.alloc(0)

  constructor(file: JournalFile, fileBytes: number) {
    this.#file = file
    this.#fileBytes = fileBytes
  }

  /** The bytes from `offset` on: at least `bytesWanted`, or up to the end of the file. */
  async at(offset: number, bytesWanted: number): Promise<Buffer> {
    const left = Math.max(this.#fileBytes - offset, 0)
    const wanted = Math.min(bytesWanted, headerBytesMax, left)
    const isNear = offset - this.#asked <= nearGapBytes
    this.#asked = offset
    const isInside =
      offset >= this.#start && offset + wanted <= this.#start + this.#bytes.byteLength
    if (isInside && wanted > 0) return this.#bytes.subarray(offset - this.#start)
    const isSmall = !isNear && wanted <= farBytes
    const target = isSmall
      ? this.#far.subarray(0, left)
      : this.#nearBuffer(wanted).subarray(0, left)
    const count = isSmall
      ? this.#file.readNow(target, offset)
      : await this.#file.read(target, offset)
    this.#start = offset
    this.#bytes = target.subarray(0, count)
    return this.#bytes
  }

  #nearBuffer(bytesWanted: number): Buffer {
    if (this.#near.byteLength < Math.max(bytesWanted, nearBytes)) {
      this.#near = Buffer.allocUnsafeSlow(Math.max(bytesWanted, nearBytes))
    }
    return this.#near
  }
}

const checkBytes = 1024 * 1024

/** The CRC-32 of a part of a file, or `undefined` where the file is too short. */
export async function crcOfRange(
  file: JournalFile,
  offset: number,
  byteLength: number,
): Promise<number | undefined> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(byteLength, checkBytes))
  let crc = crc32(buffer.subarray(0, 0))
  for (let done = 0; done < byteLength; ) {
    const part = buffer.subarray(0, Math.min(buffer.byteLength, byteLength - done))
    if ((await file.read(part, offset + done)) < part.byteLength) return undefined
    crc = crc32(part, crc)
    done += part.byteLength
  }
  return crc
}
