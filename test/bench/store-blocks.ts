import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createTracesDecoder } from '@wayward/collector/decode/traces'
import { encodeExportRequest } from './load/export-request.ts'

/**
 * A Native block of spans as the ingest bench sends them, made as the collector makes it.
 *
 * @param startsMs a request for each, whose spans begin then and are a millisecond apart
 */
export function encodeBlock(startsMs: readonly number[], spansPerRequest: number): Uint8Array {
  // At any age: the block may be about days long ago.
  const decoder = createTracesDecoder(defaultDecodeLimits, Date.now)
  for (const startMs of startsMs) {
    const result = decoder.decode('protobuf', encodeExportRequest(spansPerRequest, startMs))
    if (result.status !== 'decoded') throw new Error(result.message)
  }
  return Buffer.concat(decoder.blocks[0].take())
}
