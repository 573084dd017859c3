import * as zlib from 'node:zlib'
import type { Compression } from '@wayward/collector/receivers/compression'
import lz4 from 'lz4-napi'
import snappy from 'snappy'

/** A compressed format, with those who write it. */
export interface Format {
  readonly name: string
  /** Its names in HTTP's header, and in gRPC's. */
  readonly httpNames: readonly string[]
  readonly grpcNames: readonly string[]
  readonly compression: Compression
  readonly compress: (bytes: Buffer) => Promise<Buffer> | Buffer
  /** Whether a changed byte is always seen. */
  readonly hasChecksum: boolean
}

const { zstdCompressSync } = zlib as { zstdCompressSync?: (bytes: Buffer) => Buffer }
if (zstdCompressSync === undefined) {
  console.log('Zstandard is not tested: this Node.js has none; 22.15 and later have it')
}

async function compressSnappyStream(bytes: Buffer): Promise<Buffer> {
  // It writes nothing at all for no bytes.
  if (bytes.length === 0) return Buffer.from('\xff\x06\x00\x00sNaPpY', 'latin1')
  const stream = new snappy.Compressor()
  return Buffer.concat([stream.update(bytes), await stream.finish()])
}

export const formats: readonly Format[] = [
  {
    name: 'gzip',
    httpNames: ['gzip'],
    grpcNames: ['gzip'],
    compression: 'gzip',
    compress: (b) => zlib.gzipSync(b),
    hasChecksum: true,
  },
  {
    name: 'zlib',
    httpNames: ['zlib', 'deflate'],
    grpcNames: ['deflate'],
    compression: 'deflate',
    compress: (b) => zlib.deflateSync(b),
    hasChecksum: true,
  },
  {
    name: 'deflate without a head',
    httpNames: ['deflate'],
    grpcNames: [],
    compression: 'deflate',
    compress: (bytes) => zlib.deflateRawSync(bytes),
    hasChecksum: false,
  },
  {
    name: 'a snappy block',
    httpNames: ['snappy'],
    grpcNames: ['snappy'],
    compression: 'snappy',
    compress: (bytes) => snappy.compress(bytes),
    hasChecksum: false,
  },
  {
    name: 'a snappy stream',
    httpNames: ['snappy', 'x-snappy-framed'],
    grpcNames: ['snappy'],
    compression: 'snappy',
    compress: compressSnappyStream,
    hasChecksum: true,
  },
  {
    name: 'lz4',
    httpNames: ['lz4'],
    grpcNames: [],
    compression: 'lz4',
    compress: (bytes) => lz4.compressFrame(bytes),
    hasChecksum: false,
  },
  {
    name: 'lz4 with checksums',
    httpNames: ['lz4'],
    grpcNames: [],
    compression: 'lz4',
    compress: (b) => lz4.compressFrame(b, { contentChecksum: true, blockChecksums: true }),
    hasChecksum: true,
  },
  ...(zstdCompressSync === undefined
    ? []
    : [
        {
          name: 'zstd',
          httpNames: ['zstd'],
          grpcNames: ['zstd'],
          compression: 'zstd' as const,
          compress: zstdCompressSync,
          hasChecksum: false,
        },
      ]),
]
