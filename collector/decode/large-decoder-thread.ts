// The thread of large-decoder.ts. Each request has a decoder of its own, whose columns are given up
// with it: they are as large as the request.
import { parentPort } from 'node:worker_threads'
import type { LargeReply, LargeRequest } from './large-decoder.ts'
import { createLogsDecoder } from './logs.ts'
import { createMetricsDecoder } from './metrics.ts'
import { createTracesDecoder } from './traces.ts'

const creators = {
  traces: createTracesDecoder,
  logs: createLogsDecoder,
  metrics: createMetricsDecoder,
}

parentPort?.on('message', ({ signal, encoding, body, limits, nowMs }: LargeRequest) => {
  const decoder = creators[signal](limits, () => nowMs)
  const result = decoder.decode(encoding, body)
  const blocks = decoder.blocks
    .filter(({ rows }) => rows > 0)
    .map((block) => {
      const { table, rows, days } = block
      return { table, rows, days, chunks: block.take().map((chunk) => asTransferable(chunk)) }
    })
  const reply: LargeReply = { result, blocks }
  const buffers = blocks.flatMap(({ chunks }) => chunks.map(({ buffer }) => buffer))
  parentPort?.postMessage(reply, buffers)
})

/** Blocks are written into memory of their own. */
function asTransferable(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  return chunk.buffer instanceof ArrayBuffer
    ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    : new Uint8Array(chunk)
}
