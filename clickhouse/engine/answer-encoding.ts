/** The Content-Encodings of answers. */
import { Transform } from 'node:stream'
import { callbackify } from 'node:util'
import * as zlib from 'node:zlib'

/** An encoding, by its name in HTTP. */
export type AnswerEncoding = 'zstd' | 'br' | 'lz4' | 'gzip' | 'deflate'

/** Zstandard is in Node from 22.15 on. */
const { createZstdCompress } = zlib as { readonly createZstdCompress?: () => Transform }

/** From the most to the least wanted, as a ClickHouse server has them. */
const encoders: readonly (readonly [AnswerEncoding, () => Transform])[] = [
  ...(createZstdCompress === undefined ? [] : ([['zstd', createZstdCompress]] as const)),
  ['br', () => zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ['lz4', createLz4Frame],
  ['gzip', () => zlib.createGzip({ level: 1 })],
  ['deflate', () => zlib.createDeflate({ level: 1 })],
]

/** The best of those that the header Accept-Encoding has. */
export function chooseEncoding(accepted: string): AnswerEncoding | undefined {
  const names = new Map<string, boolean>()
  for (const part of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim())
    names.set(name, !parameters.some((text) => /^q=0(?:\.0*)?$/.test(text)))
  }
  return encoders.find(([name]) => names.get(name) ?? false)?.[0]
}

export function createEncoder(encoding: AnswerEncoding): Transform {
  const encoder = encoders.find(([name]) => name === encoding)
  if (encoder === undefined) throw new Error(`This Node.js has no ${encoding}`)
  return encoder[1]()
}

/** Version 1, blocks on their own, at most 64 KiB each, no checksums but the head's own. */
const lz4Head = Buffer.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82)
const lz4BlockBytes = 64 * 1024
const lz4End = Buffer.alloc(4)
/** In a block's size: it is not compressed. */
const lz4IsStored = 0x8000_0000
/** The library puts the size before a block. */
const lz4SizeBytes = 4

const pack = callbackify(lz4Blocks)

function createLz4Frame(): Transform {
  let hasHead = false
  const begin = (stream: Transform): void => {
    if (!hasHead) stream.push(lz4Head)
    hasHead = true
  }
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      begin(this)
      pack(chunk, done)
    },
    flush(done) {
      begin(this)
      done(null, lz4End)
    },
  })
}

async function lz4Blocks(bytes: Buffer): Promise<Buffer> {
  const { default: lz4 } = await import('lz4-napi')
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += lz4BlockBytes) {
    const block = bytes.subarray(at, at + lz4BlockBytes)
    const packed = (await lz4.compress(block)).subarray(lz4SizeBytes)
    const isStored = packed.length >= block.length
    const size = Buffer.alloc(4)
    size.writeUInt32LE(isStored ? block.length + lz4IsStored : packed.length)
    parts.push(size, isStored ? block : packed)
  }
  return Buffer.concat(parts)
}
