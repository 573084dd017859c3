// A signal's way out: the provider, the queue in front of the exporter, the exporter.
import { diag, trace } from '@opentelemetry/api'
import { logs } from '@opentelemetry/api-logs'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { Resource } from '@opentelemetry/resources'
import { LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs'
import { BasicTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import {
  endpointFor,
  isExported,
  logRecordLimits,
  protocolFor,
  queueLimits,
} from '../process/environment.ts'
import type { RegisterOptions } from '../register-options.ts'
import type { LossReport } from '../report/loss-report.ts'
import type { SdkStats } from '../stats/sdk-stats.ts'
import { type ExportLine, queueLogs, queueSpans } from './export-queue.ts'
import { createHttpExporter } from './http-exporter.ts'

/** A signal's way out. */
export interface Pipeline {
  /** Whether OpenTelemetry took the provider. */
  readonly isTaken: boolean
  /** Spans or records that wait to be sent. */
  readonly waitingCount: number
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
  abandon(): void
}

/** What the signals share. */
export interface PipelinesShared {
  readonly stats: SdkStats | undefined
  readonly losses: LossReport
  readonly line: ExportLine
}

/** Installs the tracer provider. */
export function installTraces(
  resource: Resource,
  shared: PipelinesShared,
  options: RegisterOptions,
): Pipeline {
  const limits = queueLimits('OTEL_BSP')
  const exporter = options.spanExporter ?? createSpanExporter(options.endpoint)
  const queued =
    exporter === undefined ? undefined : queueSpans(exporter, limits, shared.losses, shared.line)
  const own = queued === undefined ? [] : [queued.processor]
  const published = shared.stats === undefined ? [] : [shared.stats.spanProcessor]
  const processors = [...published, ...own, ...(options.spanProcessors ?? [])]
  const provider = new BasicTracerProvider({ resource, spanProcessors: processors })
  const isTaken = trace.setGlobalTracerProvider(provider)
  return {
    isTaken,
    get waitingCount() {
      return queued?.waitingCount() ?? 0
    },
    // Not the provider's: its time-out would hold the process for 30 s where a processor hangs.
    forceFlush: () => settle(processors.map((processor) => processor.forceFlush())),
    shutdown: () => provider.shutdown(),
    abandon() {
      queued?.abandon()
      if (exporter !== undefined) closeConnection(exporter)
    },
  }
}

/** Installs the logger provider. */
export function installLogs(
  resource: Resource,
  shared: PipelinesShared,
  options: RegisterOptions,
): Pipeline {
  const limits = queueLimits('OTEL_BLRP')
  const exporter = options.logExporter ?? createLogExporter(options.endpoint)
  const queued =
    exporter === undefined ? undefined : queueLogs(exporter, limits, shared.losses, shared.line)
  const own = queued === undefined ? [] : [queued.processor]
  const published = shared.stats === undefined ? [] : [shared.stats.logProcessor]
  const provider = new LoggerProvider({
    resource,
    logRecordLimits: logRecordLimits(),
    processors: [...published, ...own],
  })
  const isTaken = logs.setGlobalLoggerProvider(provider) === provider
  return {
    isTaken,
    get waitingCount() {
      return queued?.waitingCount() ?? 0
    },
    forceFlush: () => provider.forceFlush(),
    shutdown: () => provider.shutdown(),
    abandon() {
      queued?.abandon()
      if (exporter !== undefined) closeConnection(exporter)
    },
  }
}

function createSpanExporter(given: string | undefined): SpanExporter | undefined {
  if (!isExported('TRACES')) return undefined
  if (protocolFor('TRACES', given) === 'http/protobuf') {
    return createHttpExporter('TRACES', ProtobufTraceSerializer, given)
  }
  return new OTLPTraceExporter(exporterOptions(endpointFor('TRACES', given)))
}

function createLogExporter(given: string | undefined): LogRecordExporter | undefined {
  if (!isExported('LOGS')) return undefined
  if (protocolFor('LOGS', given) === 'http/protobuf') {
    return createHttpExporter('LOGS', ProtobufLogsSerializer, given)
  }
  return new OTLPLogExporter(exporterOptions(endpointFor('LOGS', given)))
}

function exporterOptions(url: string | undefined): { url?: string } {
  return url === undefined ? {} : { url }
}

/**
 * Closes an exporter's connection at once. Its `shutdown()` would wait for the calls under way,
 * whose time-out (10 s) would hold the process; without these internals of OpenTelemetry it does
 * just that.
 */
function closeConnection(exporter: object): void {
  if ('abandon' in exporter && typeof exporter.abandon === 'function') {
    exporter.abandon()
    return
  }
  type Delegate = { readonly _transport?: { shutdown?: () => void } }
  try {
    ;(exporter as { readonly _delegate?: Delegate })._delegate?._transport?.shutdown?.()
  } catch (error) {
    diag.warn('Cannot close the connection to the collector', error)
  }
}

/** Waits for all; what fails is for the diagnostics, not for the application. */
export async function settle(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === 'rejected') diag.warn('Cannot send reports', result.reason)
  }
}
