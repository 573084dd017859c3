import { systemTime } from '@wayward/base'
import type { Store } from '@wayward/clickhouse'
import { defaultCollectorLimits } from '@wayward/collector'
import { jobStatesTable } from '@wayward/collector/jobs/clickhouse-store'
import { createLargeDecoder } from '@wayward/collector/decode/large-decoder'
import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createLogsDecoder } from '@wayward/collector/decode/logs'
import { createMetricsDecoder } from '@wayward/collector/decode/metrics'
import { createTracesDecoder } from '@wayward/collector/decode/traces'
import { createMemoryJournal } from '@wayward/collector/journal/memory-journal'
import { createPipeline, type Pipeline } from '@wayward/collector/pipeline/pipeline'
import { createTelemetry } from '@wayward/collector/telemetry/telemetry'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** The way of all data, without a listener: a real pipeline before a real ClickHouse. */
export function createTestPipeline(store: Pick<Store, 'insertNative'>): {
  readonly consumer: Pipeline
  shutdown(): Promise<void>
} {
  const limits = { ...defaultCollectorLimits, insertIntervalMs: 20, repeatWindowMs: 0 }
  const decode = defaultDecodeLimits
  const pipeline = createPipeline({
    decoders: {
      traces: createTracesDecoder(decode, Date.now),
      logs: createLogsDecoder(decode, Date.now),
      metrics: createMetricsDecoder(decode, Date.now),
    },
    largeDecoder: createLargeDecoder({ limits: decode, clock: Date.now, waitingBytesMax: 2 ** 20 }),
    journal: createMemoryJournal({ bytesMax: 2 ** 28 }, { logger: silent }),
    store,
    telemetry: createTelemetry(),
    logger: silent,
    limits,
    time: systemTime,
    ownTables: [jobStatesTable],
  })
  pipeline.open()
  return {
    consumer: pipeline,
    async shutdown() {
      await pipeline.shutdown(5_000)
    },
  }
}
