// The frames of ClickHouse's own compression (`compress=1`, `decompress=1`):
//
//   CityHash128 of what follows │ method │ bytes with this head │ bytes inside │ compressed
//   16                          │ 1      │ 4 (of 9 and more)    │ 4            │
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'
import { addChunk } from './body.ts'
import { cityHash128 } from './city-hash.ts'
import type { ErrorName } from '../error-codes.ts'
import { ClickhouseException } from './exception.ts'

/** How the inside of a frame is packed. */
export type FrameMethod = 'none' | 'lz4' | 'zstd'

const methodBytes: Readonly<Record<FrameMethod, number>> = { none: 0x02, lz4: 0x82, zstd: 0x90 }
const checksumBytes = 16
const headBytes = 9
const leastBytes = checksumBytes + headBytes

/**
 * A frame's inside in an answer: a quarter of a server's, as its hash is made on the event loop.
 */
export const frameBlockBytes = 256 * 1024

/** Zstandard is in Node from 22.15 on. */
const zstd = zlib as {
  readonly zstdCompress?: ZlibFunction
  readonly zstdDecompress?: ZlibFunction
}
type ZlibFunction = (
  bytes: Uint8Array,
  options: object,
  done: (error: Error | null, result: Buffer) => void,
) => void

export const hasZstd = zstd.zstdDecompress !== undefined

/** One frame around at most as many bytes as a block of an answer has. */
export async function frameOf(bytes: Buffer, method: FrameMethod): Promise<Buffer> {
  const packed = await packers[method](bytes)
  const frame = Buffer.allocUnsafe(leastBytes + packed.length)
  frame.writeUInt8(methodBytes[method], checksumBytes)
  frame.writeUInt32LE(headBytes + packed.length, checksumBytes + 1)
  frame.writeUInt32LE(bytes.length, checksumBytes + 5)
  packed.copy(frame, leastBytes)
  const { low, high } = cityHash128(frame.subarray(checksumBytes))
  frame.writeBigUInt64LE(low, 0)
  frame.writeBigUInt64LE(high, 8)
  return frame
}

/** The library puts the size before a block of LZ4, and wants it there. */
const lz4SizeBytes = 4

const packers: Readonly<Record<FrameMethod, (bytes: Buffer) => Promise<Buffer>>> = {
  none: async (bytes) => bytes,
  async lz4(bytes) {
    const { default: lz4 } = await import('lz4-napi')
    return (await lz4.compress(bytes)).subarray(lz4SizeBytes)
  },
  async zstd(bytes) {
    if (zstd.zstdCompress === undefined) throw new Error('This Node.js has no Zstandard')
    return promisify(zstd.zstdCompress)(bytes, {})
  },
}

/** What a frame's head says. */
interface FrameHead {
  readonly low: bigint
  readonly high: bigint
  readonly method: FrameMethod
  /** With the head, as it is hashed. */
  readonly packedBytes: number
  readonly bytes: number
}

/** Undoes the frames of a body. */
export interface FrameReader {
  /** Takes more of the body; gives what the frames that are whole now had inside. */
  read(chunk: Buffer): AsyncGenerator<Buffer>
  /** @throws ClickhouseException where the body ends within a frame */
  end(): void
}

/** @param bytesMax of one frame, outside and inside */
export function createFrameReader(bytesMax: number): FrameReader {
  let chunks: Buffer[] = []
  let held = 0
  /** The first bytes of what is held, in one piece. */
  const first = (count: number): Buffer => {
    if ((chunks[0]?.length ?? 0) < count) chunks = [Buffer.concat(chunks)]
    return (chunks[0] ?? Buffer.alloc(0)).subarray(0, count)
  }
  const drop = (count: number): void => {
    chunks[0] = (chunks[0] ?? Buffer.alloc(0)).subarray(count)
    held -= count
  }
  let head: FrameHead | undefined
  const nextFrame = (): { readonly head: FrameHead; readonly frame: Buffer } | undefined => {
    if (held < leastBytes) return undefined
    head ??= parseHead(first(leastBytes), bytesMax)
    const wanted = checksumBytes + head.packedBytes
    if (held < wanted) return undefined
    const whole = { head, frame: first(wanted) }
    head = undefined
    drop(wanted)
    return whole
  }
  return {
    async *read(chunk) {
      addChunk(chunks, chunk)
      held += chunk.length
      for (let next = nextFrame(); next !== undefined; next = nextFrame()) {
        checkHash(next.head, next.frame.subarray(checksumBytes))
        yield await unpack(next.head, next.frame.subarray(leastBytes))
      }
    },
    end() {
      if (held === 0) return
      throw broken('CANNOT_READ_ALL_DATA', 'The body ends within a compressed frame')
    },
  }
}

/** What the frames of a body have inside. The body is left as it is when something is wrong. */
export async function* framesUndone(body: Readable, bytesMax: number): AsyncGenerator<Buffer> {
  const reader = createFrameReader(bytesMax)
  // Without this, an error here would close the connection before it is told.
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    yield* reader.read(chunk as Buffer)
  }
  reader.end()
}

function parseHead(data: Buffer, bytesMax: number): FrameHead {
  const code = data.readUInt8(checksumBytes)
  const method = (['none', 'lz4', 'zstd'] as const).find((name) => methodBytes[name] === code)
  const packedBytes = data.readUInt32LE(checksumBytes + 1)
  const bytes = data.readUInt32LE(checksumBytes + 5)
  if (method === undefined || (method === 'zstd' && !hasZstd)) {
    throw broken(
      'UNKNOWN_COMPRESSION_METHOD',
      `A compressed frame has the method 0x${code.toString(16)}: use LZ4 (0x82), none (0x02)` +
        `${hasZstd ? ' or ZSTD (0x90)' : ''}; without decompress=1 the body is taken as it is`,
    )
  }
  if (packedBytes < headBytes || packedBytes > bytesMax || bytes > bytesMax) {
    throw broken(
      'TOO_LARGE_SIZE_COMPRESSED',
      `A compressed frame says that it has ${packedBytes} bytes and ${bytes} inside; ` +
        `${headBytes} to ${bytesMax} are taken: send smaller frames`,
    )
  }
  // A block of LZ4 can become 255 times as much and no more; nothing is set aside for a lie.
  if (method === 'lz4' && bytes > packedBytes * 255) throw cannotUnpack(method, 'its size is wrong')
  return { low: data.readBigUInt64LE(0), high: data.readBigUInt64LE(8), method, packedBytes, bytes }
}

function checkHash(head: FrameHead, hashed: Buffer): void {
  const { low, high } = cityHash128(hashed)
  if (low === head.low && high === head.high) return
  throw broken(
    'CHECKSUM_DOESNT_MATCH',
    'The checksum of a compressed frame is not that of its bytes: they were changed on the way',
  )
}

async function unpack({ method, bytes }: FrameHead, packed: Buffer): Promise<Buffer> {
  let unpacked: Buffer
  try {
    unpacked = await unpackers[method](packed, bytes)
  } catch (error) {
    throw cannotUnpack(method, error instanceof Error ? error.message : String(error))
  }
  if (unpacked.length === bytes) return unpacked
  throw cannotUnpack(method, `it has ${unpacked.length} bytes inside, and its head says ${bytes}`)
}

type Unpack = (packed: Buffer, bytes: number) => Promise<Buffer>

const unpackers: Readonly<Record<FrameMethod, Unpack>> = {
  none: async (packed) => packed,
  async lz4(packed, bytes) {
    const { default: lz4 } = await import('lz4-napi')
    const size = Buffer.alloc(lz4SizeBytes)
    size.writeUInt32LE(bytes)
    return lz4.uncompress(Buffer.concat([size, packed]))
  },
  async zstd(packed, bytes) {
    if (zstd.zstdDecompress === undefined) throw new Error('This Node.js has no Zstandard')
    return promisify(zstd.zstdDecompress)(packed, { maxOutputLength: Math.max(1, bytes) })
  },
}

function cannotUnpack(method: FrameMethod, reason: string): ClickhouseException {
  return broken(
    'CANNOT_DECOMPRESS',
    `A compressed frame does not decompress with ${method}: ${reason}`,
  )
}

function broken(name: ErrorName, message: string): ClickhouseException {
  return new ClickhouseException(name, message, 400)
}
