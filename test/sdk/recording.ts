import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  type ReadableLogRecord,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { createReporter, type Reporter, type SnapshotSettings } from '@wayward/sdk'
import { ATTR_WAYWARD_KIND } from '@wayward/semconv'

/** A reporter whose spans and events stay in memory. */
export interface Recording {
  readonly reporter: Reporter
  readonly provider: BasicTracerProvider
  spans(kind?: string): ReadableSpan[]
  events(): ReadableLogRecord[]
  reset(): void
}

export function createRecording(snapshots: Partial<SnapshotSettings> = {}): Recording {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager())
  const spans = new InMemorySpanExporter()
  const records = new InMemoryLogRecordExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  const loggers = new LoggerProvider({
    processors: [new SimpleLogRecordProcessor({ exporter: records })],
  })
  return {
    provider,
    reporter: createReporter({
      tracer: provider.getTracer('test'),
      logger: loggers.getLogger('test'),
      snapshots: { intervalMs: 0, ...snapshots },
    }),
    spans: (kind) =>
      spans
        .getFinishedSpans()
        .filter((span) => kind === undefined || span.attributes[ATTR_WAYWARD_KIND] === kind),
    events: () => [...records.getFinishedLogRecords()],
    reset() {
      spans.reset()
      records.reset()
    },
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
