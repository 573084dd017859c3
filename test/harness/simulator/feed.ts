import { randomUUID } from 'node:crypto'
import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createLogsDecoder } from '@wayward/collector/decode/logs'
import { createTracesDecoder } from '@wayward/collector/decode/traces'
import type { TestEngine } from '../engine.ts'
import type { WorldReport } from './report.ts'

/** ClickHouse's own limit of partitions in an insert is 100. */
const daysMax = 60
const rowsMax = 100_000

/** Puts what worlds have reported into the store, through the collector's own decoders. */
export async function feed(engine: TestEngine, reports: readonly WorldReport[]): Promise<void> {
  const now = () => Date.now()
  const decoders = {
    traces: createTracesDecoder(defaultDecodeLimits, now),
    logs: createLogsDecoder(defaultDecodeLimits, now),
  }
  for (const signal of ['traces', 'logs'] as const) {
    const decoder = decoders[signal]
    const [block] = decoder.blocks
    const insert = async (): Promise<void> => {
      if (block.rows === 0) return
      const outcome = await engine.writer.insertNative(block.table, block.take(), randomUUID())
      if (outcome.status !== 'inserted') throw new Error(JSON.stringify(outcome))
    }
    for (const request of reports.flatMap((report) => report[signal])) {
      const result = decoder.decode('protobuf', request)
      if (result.status !== 'decoded' || result.rejectedItems > 0) throw new Error(result.message)
      if (block.rows >= rowsMax || block.days >= daysMax) await insert()
    }
    await insert()
  }
}
