// The compressions of request bodies. What a body inflates to is bounded before it is inflated, or
// while it is: the formats whose libraries know no bound say in their frames how much each part can
// become.
import type { InflateOutcome } from '@wayward/base'
import * as zlib from 'node:zlib'

/** A compression, by the name of its format. */
export type Compression = 'gzip' | 'deflate' | 'zstd' | 'snappy' | 'lz4'

type Inflate = (body: Uint8Array, bytesMax: number) => Promise<InflateOutcome>

/** Zstandard is in Node from 22.15 on. */
const zstd = zlib as {
  readonly zstdDecompress?: ZlibFunction
  readonly constants: Readonly<Record<string, number>>
}
type ZlibFunction = (
  body: Uint8Array,
  options: object,
  done: (error: Error | null, inflated: Buffer) => void,
) => void

/**
 * Of what a frame of Zstandard may look back to: the largest that encoders use unless told
 * otherwise, 32 MiB.
 */
const zstdWindowLogMax = 25
const bytesPerChunk = 256 * 1024

const inflaters: Readonly<Record<Compression, Inflate>> = {
  gzip: (body, bytesMax) => withZlib(zlib.gunzip, body, bytesMax),
  deflate: (body, bytesMax) =>
    withZlib(isZlib(body) ? zlib.inflate : zlib.inflateRaw, body, bytesMax),
  zstd: (body, bytesMax) => {
    const { zstdDecompress, constants } = zstd
    if (zstdDecompress === undefined) throw new Error('This Node.js has no Zstandard')
    const params = { [constants['ZSTD_d_windowLogMax'] ?? 0]: zstdWindowLogMax }
    return withZlib(zstdDecompress, body, bytesMax, { params })
  },
  snappy: inflateSnappy,
  lz4: inflateLz4,
}

/**
 * Names in the header Content-Encoding; those that the OpenTelemetry Collector's exporters send are
 * all here.
 */
const httpNames: Readonly<Record<string, Compression>> = {
  gzip: 'gzip',
  deflate: 'deflate',
  zlib: 'deflate',
  zstd: 'zstd',
  snappy: 'snappy',
  'x-snappy-framed': 'snappy',
  lz4: 'lz4',
}

/** Names in the header grpc-encoding. */
const grpcNames: Readonly<Record<string, Compression>> = {
  gzip: 'gzip',
  deflate: 'deflate',
  zstd: 'zstd',
  snappy: 'snappy',
}

export const httpCompressions = supported(httpNames)
export const grpcCompressions = supported(grpcNames)

/** Inflates a body that becomes at most so many bytes. Never rejects for what the body holds. */
export async function inflate(
  compression: Compression,
  body: Uint8Array,
  bytesMax: number,
): Promise<InflateOutcome> {
  try {
    return await inflaters[compression](body, bytesMax)
  } catch (error) {
    return corrupt(error instanceof Error ? error.message : String(error))
  }
}

function supported(names: Readonly<Record<string, Compression>>): ReadonlyMap<string, Compression> {
  const hasZstd = zstd.zstdDecompress !== undefined
  return new Map(Object.entries(names).filter(([name]) => name !== 'zstd' || hasZstd))
}

/** zlib stops at the limit: what lies beyond it is never inflated. */
function withZlib(
  run: ZlibFunction,
  body: Uint8Array,
  bytesMax: number,
  more: object = {},
): Promise<InflateOutcome> {
  return new Promise((resolve) => {
    const options = { maxOutputLength: bytesMax, chunkSize: bytesPerChunk, ...more }
    run(body, options, (error, inflated) => {
      if (error === null) resolve({ status: 'inflated', body: inflated })
      else if ('code' in error && error.code === 'ERR_BUFFER_TOO_LARGE')
        resolve({ status: 'too_large' })
      else resolve(corrupt(error.message))
    })
  })
}

/** HTTP's deflate is the zlib format; many senders leave its head out. */
function isZlib(body: Uint8Array): boolean {
  const [first = 0, second = 0] = body
  return (first & 15) === 8 && (first * 256 + second) % 31 === 0
}

const snappyStreamHead = Buffer.from([0xff, 6, 0, 0, ...Buffer.from('sNaPpY')])

/**
 * HTTP's `snappy` is one block from some senders and a stream of framed ones from others; their
 * beginnings differ.
 */
async function inflateSnappy(body: Uint8Array, bytesMax: number): Promise<InflateOutcome> {
  const { default: snappy } = await import('snappy')
  const isFramed = snappyStreamHead.equals(body.subarray(0, snappyStreamHead.length))
  const bytes = isFramed ? snappyStreamBytes(body) : snappyBlockBytes(body, 0)
  if (bytes > bytesMax) return { status: 'too_large' }
  if (!isFramed) {
    const inflated = await snappy.uncompress(body, { asBuffer: true })
    return { status: 'inflated', body: inflated as Buffer }
  }
  const stream = new snappy.Decompressor()
  const first = stream.update(body)
  const rest = await stream.finish()
  return { status: 'inflated', body: first.length === 0 ? rest : Buffer.concat([first, rest]) }
}

const snappyChunkBytesMax = 65_536

/** What all chunks become. @throws where it is not a stream of this kind */
function snappyStreamBytes(body: Uint8Array): number {
  let bytes = 0
  let at = 0
  while (at < body.length) {
    if (at + 4 > body.length) throw new Error('the stream is cut off')
    const kind = body[at]
    const length = u32(body, at + 1) & 0xffffff
    const start = at + 4
    at = start + length
    if (at > body.length) throw new Error('the stream is cut off')
    // A checksum of 4 bytes comes before the content.
    if (kind === 0) {
      const chunkBytes = snappyBlockBytes(body.subarray(0, at), start + 4)
      if (chunkBytes > snappyChunkBytesMax) throw new Error(`a chunk has ${chunkBytes} bytes`)
      bytes += chunkBytes
    } else if (kind === 1) bytes += length - 4
  }
  return bytes
}

/** The number at the beginning of a block. @throws where there is none */
function snappyBlockBytes(body: Uint8Array, start: number): number {
  let bytes = 0
  for (let index = 0; index < 5; index++) {
    const byte = body[start + index]
    if (byte === undefined) break
    bytes += (byte & 127) * 2 ** (7 * index)
    if (byte < 128) return bytes
  }
  throw new Error('the block does not begin with its length')
}

const lz4Magic = 0x184d2204
/** By the code in the frame's head. */
const lz4BlockBytes = [0, 0, 0, 0, 65_536, 262_144, 1_048_576, 4_194_304]
/** What a byte can become at most. */
const lz4RatioMax = 255

async function inflateLz4(body: Uint8Array, bytesMax: number): Promise<InflateOutcome> {
  const { bytesAtMost, blockBytesMax } = lz4Frame(body)
  // Of the last block only its own end tells how much it is.
  if (bytesAtMost > bytesMax + blockBytesMax) return { status: 'too_large' }
  const { default: lz4 } = await import('lz4-napi')
  const inflated = await lz4.decompressFrame(body)
  return inflated.length > bytesMax
    ? { status: 'too_large' }
    : { status: 'inflated', body: inflated }
}

/** Walks a frame's blocks. @throws where it is not a frame, or not all of the body */
function lz4Frame(body: Uint8Array): { bytesAtMost: number; blockBytesMax: number } {
  if (body.length < 7 || u32(body, 0) !== lz4Magic) throw new Error('it is no frame of LZ4')
  const flags = body[4] ?? 0
  const blockBytesMax = lz4BlockBytes[((body[5] ?? 0) >> 4) & 7] ?? 0
  if (flags >> 6 !== 1 || blockBytesMax === 0) throw new Error('the frame’s head is wrong')
  // Content size and dictionary id are there where their flags are.
  let at = 7 + ((flags & 8) === 0 ? 0 : 8) + ((flags & 1) === 0 ? 0 : 4)
  let bytesAtMost = 0
  for (;;) {
    if (at + 4 > body.length) throw new Error('the frame is cut off')
    const size = u32(body, at)
    at += 4
    if (size === 0) break
    const length = size & 0x7fffffff
    if (length > blockBytesMax) throw new Error(`a block has ${length} bytes`)
    const isStored = size >= 0x80000000
    bytesAtMost += isStored ? length : Math.min(blockBytesMax, length * lz4RatioMax)
    at += length + ((flags & 16) === 0 ? 0 : 4)
  }
  if ((flags & 4) !== 0) at += 4
  if (at > body.length) throw new Error('the frame is cut off')
  if (at < body.length) throw new Error('there are bytes behind the frame')
  return { bytesAtMost, blockBytesMax }
}

function u32(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = bytes.subarray(at, at + 4)
  return a + b * 0x100 + c * 0x10000 + d * 0x1000000
}

function corrupt(message: string): InflateOutcome {
  return { status: 'corrupt', message }
}
