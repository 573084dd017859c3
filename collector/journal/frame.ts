// A frame, as it lies in a segment file; numbers are little-endian (docs/journal-format.md).
//
//   fixed part | digests 20 × n | block entries | CRC | bytes of block 0 | bytes of block 1 | …
//   └──────────── header, checked by CRC ────────────┘ └── each checked by the CRC in its entry
//
// After the last frame lie endMark's zeros: what earlier lives of the file left behind them is not
// looked at as a frame that was torn.
import { crc32 } from 'node:zlib'
import { digestByteLength } from '../pipeline/digest-set.ts'
import type { FrameTime } from './frame-time.ts'

/** "WYJF" */
export const frameMagic = 0x464a5957
export const formatVersion = 1
const fixedBytes = 56
const entryBytes = 37
const crcBytes = 4
/** Where in a header the life of the segment stands: what a search for the next frame looks for. */
export const lifeOffset = 8
export const lifeBytes = 8
/** No header is larger: a length above it is damage. */
export const headerBytesMax = 16 * 1024 * 1024
export const blocksMax = 65_535
export const endMark: Uint8Array = new Uint8Array(64)

/** - `rows`: a commit. `moved`: blocks of other frames, moved to free their segment. */
export type FrameKind = 'rows' | 'moved'
const kindCodes: Readonly<Record<FrameKind, number>> = { rows: 1, moved: 2 }

/** What a header says of a block. */
export interface BlockEntry {
  readonly table: string
  readonly token: string
  readonly rows: number
  readonly byteLength: number
  readonly crc: number
  /**
   * The frame in which the block was first written, and its place there: the name it keeps when it
   * is moved.
   */
  readonly originSequence: number
  readonly originIndex: number
}

interface HeaderFields {
  readonly kind: FrameKind
  readonly segmentNumber: number
  readonly sequence: number
  readonly time: FrameTime
  readonly blocks: readonly BlockEntry[]
}

export interface FrameHeader extends HeaderFields {
  /** One or more digests in each array. */
  readonly digests: readonly Uint8Array[]
}

export interface ParsedHeader extends HeaderFields {
  /** All digests, one after another; a view of what was read. */
  readonly digests: Uint8Array
  readonly headerBytes: number
  readonly frameBytes: number
}

/**
 * - `frame`: a header of this life.
 * - `short`: more bytes are needed to tell.
 * - `foreign`: a good header of another life of the file.
 * - `invalid`: no header.
 */
export type HeaderOutcome =
  | { readonly status: 'frame'; readonly header: ParsedHeader }
  | { readonly status: 'short'; readonly bytesWanted: number }
  | { readonly status: 'foreign' | 'invalid' }

/** The bytes of a frame with these parts, without the end mark. */
export function frameByteLength(
  blocks: readonly { readonly table: string; readonly byteLength: number }[],
  digestBytes: number,
): number {
  let bytes = fixedBytes + digestBytes + crcBytes
  for (const { table, byteLength } of blocks) {
    bytes += entryBytes + Buffer.byteLength(table) + byteLength
  }
  return bytes
}

export function byteLengthOf(arrays: readonly Uint8Array[]): number {
  return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0)
}

/** @param life 8 bytes that no other life of the file has */
export function encodeHeader(frame: FrameHeader, life: Uint8Array): Buffer {
  const { blocks, digests, time } = frame
  const dataBytes = blocks.reduce((sum, block) => sum + block.byteLength, 0)
  const digestBytes = byteLengthOf(digests)
  const frameBytes = frameByteLength(blocks, digestBytes)
  const header = Buffer.alloc(frameBytes - dataBytes)
  header.writeUInt32LE(frameMagic, 0)
  header.writeUInt16LE(formatVersion, 4)
  header.writeUInt8(kindCodes[frame.kind], 6)
  header.set(life, lifeOffset)
  header.writeUIntLE(frame.segmentNumber, 16, 6)
  header.writeUInt16LE(blocks.length, 22)
  header.writeUIntLE(frameBytes, 24, 6)
  header.writeUInt16LE(time.uptimeSeconds % 0x10000, 30)
  header.writeUIntLE(frame.sequence, 32, 6)
  header.writeUInt16LE(Math.floor(time.uptimeSeconds / 0x10000), 38)
  header.writeUIntLE(time.unixMs, 40, 6)
  header.writeUInt16LE(time.boot, 46)
  header.writeUInt32LE(digestBytes / digestByteLength, 48)
  header.writeUInt32LE(header.byteLength, 52)
  let at = fixedBytes
  for (const digest of digests) {
    header.set(digest, at)
    at += digest.byteLength
  }
  for (const block of blocks) at = writeEntry(header, at, block)
  header.writeUInt32LE(crc32(header.subarray(0, at)), at)
  return header
}

function writeEntry(header: Buffer, start: number, block: BlockEntry): number {
  header.write(block.token, start, 16, 'hex')
  header.writeUIntLE(block.originSequence, start + 16, 6)
  header.writeUInt16LE(block.originIndex, start + 22)
  header.writeUInt32LE(block.rows, start + 24)
  header.writeUInt32LE(block.byteLength, start + 28)
  header.writeUInt32LE(block.crc, start + 32)
  const nameBytes = header.write(block.table, start + entryBytes, 'utf8')
  header.writeUInt8(nameBytes, start + 36)
  return start + entryBytes + nameBytes
}

/** Reads the header at the start of `bytes`. Safe on any bytes. */
export function parseHeader(bytes: Buffer, life: Uint8Array): HeaderOutcome {
  if (bytes.byteLength < fixedBytes) return { status: 'short', bytesWanted: fixedBytes }
  if (bytes.readUInt32LE(0) !== frameMagic || bytes.readUInt16LE(4) !== formatVersion) {
    return { status: 'invalid' }
  }
  const headerBytes = bytes.readUInt32LE(52)
  if (headerBytes < fixedBytes + crcBytes || headerBytes > headerBytesMax) {
    return { status: 'invalid' }
  }
  if (bytes.byteLength < headerBytes) return { status: 'short', bytesWanted: headerBytes }
  const crcAt = headerBytes - crcBytes
  if (crc32(bytes.subarray(0, crcAt)) !== bytes.readUInt32LE(crcAt)) return { status: 'invalid' }
  if (!bytes.subarray(lifeOffset, lifeOffset + lifeBytes).equals(life)) {
    return { status: 'foreign' }
  }
  const header = readBody(bytes, headerBytes)
  return header === undefined ? { status: 'invalid' } : { status: 'frame', header }
}

function readBody(bytes: Buffer, headerBytes: number): ParsedHeader | undefined {
  const end = headerBytes - crcBytes
  const digestCount = bytes.readUInt32LE(48)
  const blockCount = bytes.readUInt16LE(22)
  let at = fixedBytes
  if (at + digestCount * digestByteLength > end) return undefined
  const digests = bytes.subarray(at, at + digestCount * digestByteLength)
  at += digests.byteLength
  const blocks: BlockEntry[] = []
  let frameBytes = headerBytes
  for (let i = 0; i < blockCount; i++) {
    if (at + entryBytes > end || at + entryBytes + bytes.readUInt8(at + 36) > end) {
      return undefined
    }
    const block = readEntry(bytes, at)
    at += entryBytes + bytes.readUInt8(at + 36)
    frameBytes += block.byteLength
    blocks.push(block)
  }
  if (at !== end || frameBytes !== bytes.readUIntLE(24, 6)) return undefined
  return {
    kind: bytes.readUInt8(6) === kindCodes.moved ? 'moved' : 'rows',
    segmentNumber: bytes.readUIntLE(16, 6),
    sequence: bytes.readUIntLE(32, 6),
    time: {
      unixMs: bytes.readUIntLE(40, 6),
      boot: bytes.readUInt16LE(46),
      uptimeSeconds: bytes.readUInt16LE(38) * 0x10000 + bytes.readUInt16LE(30),
    },
    digests,
    blocks,
    headerBytes,
    frameBytes,
  }
}

function readEntry(bytes: Buffer, at: number): BlockEntry {
  return {
    token: bytes.toString('hex', at, at + 16),
    originSequence: bytes.readUIntLE(at + 16, 6),
    originIndex: bytes.readUInt16LE(at + 22),
    rows: bytes.readUInt32LE(at + 24),
    byteLength: bytes.readUInt32LE(at + 28),
    crc: bytes.readUInt32LE(at + 32),
    table: bytes.toString('utf8', at + entryBytes, at + entryBytes + bytes.readUInt8(at + 36)),
  }
}
