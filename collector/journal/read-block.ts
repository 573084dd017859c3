// Blocks come back from their files: checked for ClickHouse, as they lie there for `set-aside`.
import { crc32 } from 'node:zlib'
import { codeOf } from './journal-files.ts'
import type { ReadOutcome } from './journal.ts'
import type { FileBlock, Segment } from './segment.ts'

/** Reads a block from where it was, and checks it. */
export async function readBlock(
  segment: Segment,
  block: FileBlock,
  { bytes, offset }: { readonly bytes: Uint8Array; readonly offset: number },
): Promise<ReadOutcome> {
  let count: number
  try {
    count = await segment.withFile((file) => file.read(bytes, offset))
  } catch (error) {
    return {
      status: 'failed',
      message: `Cannot read ${block.byteLength} bytes at ${offset} of "${segment.path}" (${codeOf(error)}: ${(error as Error).message})`,
    }
  }
  if (count === bytes.byteLength && crc32(bytes) === block.crc) return { status: 'read', bytes }
  const what = count < bytes.byteLength ? 'the file ends before them' : 'their checksum is wrong'
  return {
    status: 'damaged',
    message: `${block.rows} rows for ${block.table} at ${offset} of "${segment.path}" are damaged: ${what}`,
  }
}

/** The bytes as they lie in the file, right or wrong. */
export async function readRaw({ segment, offset, byteLength }: FileBlock): Promise<Uint8Array> {
  if (segment === undefined) return new Uint8Array()
  const bytes = Buffer.allocUnsafeSlow(byteLength)
  const count = await segment.withFile((file) => file.read(bytes, offset))
  return bytes.subarray(0, count)
}
