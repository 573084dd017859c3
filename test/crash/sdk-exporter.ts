// A real exporter of the OpenTelemetry SDK as a client, with its own retries and times.
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace-base'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { OTLPTraceExporter as HttpExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { CrashRequest } from './crash-request.ts'
import type { ExportResult } from './exporter.ts'

export interface SdkExporter {
  export(request: CrashRequest): Promise<ExportResult>
  close(): void
}

const timeoutMs = 8000

export function createSdkExporter(protocol: 'grpc' | 'http', port: number): SdkExporter {
  const exporter: SpanExporter =
    protocol === 'grpc'
      ? new GrpcExporter({ url: `http://127.0.0.1:${port}`, timeoutMillis: timeoutMs })
      : new HttpExporter({
          url: `http://127.0.0.1:${port}/v1/traces`,
          timeoutMillis: timeoutMs,
        })
  const ended: ReadableSpan[] = []
  const provider = new BasicTracerProvider({
    spanProcessors: [
      {
        onStart: () => undefined,
        onEnd: (span) => void ended.push(span),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
    ],
  })
  const tracer = provider.getTracer('crash-test')
  return {
    export(request) {
      for (let index = 0; index < request.items; index++) {
        const item = String(request.firstItem + index)
        const attributes = { 'crash.request': String(request.number), 'crash.item': item }
        tracer.startSpan(`item ${item}`, { attributes }).end()
      }
      const spans = ended.splice(0)
      const startMs = Date.now()
      return new Promise((resolve) => {
        exporter.export(spans, ({ error }) => {
          const said = error === undefined ? 'accepted' : `failed: ${error.message}`
          resolve({
            status: error === undefined ? 'acknowledged' : 'unacknowledged',
            attempts: [{ startMs, endMs: Date.now(), said }],
          })
        })
      })
    },
    // Nothing is under way any more.
    close: () => void exporter.shutdown(),
  }
}
