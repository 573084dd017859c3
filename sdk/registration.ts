import {
  context,
  diag,
  DiagConsoleLogger,
  propagation,
  ProxyTracerProvider,
  trace,
} from '@opentelemetry/api'
import type { Attributes } from '@opentelemetry/api'
import { logs } from '@opentelemetry/api-logs'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { diagLogLevelFromString, getStringFromEnv } from '@opentelemetry/core'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import type { Resource } from '@opentelemetry/resources'
import { LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs'
import {
  BasicTracerProvider,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import {
  createPropagator,
  endpointFor,
  isExported,
  isSdkDisabled,
  logRecordLimits,
  queueLimits,
} from './environment.ts'
import { createExportLine, type ExportLine, queueLogs, queueSpans } from './export-queue.ts'
import { getReporterWithCore } from './global-reporter.ts'
import { createLossReport, type LossReport } from './loss-report.ts'
import type { SnapshotSettings } from './open-operations.ts'
import type { Reporter } from './reporter.ts'
import { createResource } from './resource.ts'
import { openThreadState } from './thread-state.ts'

export interface RegisterOptions {
  /**
   * Name of the service; goes before `OTEL_SERVICE_NAME`.
   * @default 'unknown_service:node'
   */
  readonly serviceName?: string
  /** A name for this run of the process; goes before `WAYWARD_SESSION_NAME`. */
  readonly sessionName?: string
  /** Further resource attributes. */
  readonly resourceAttributes?: Attributes
  /**
   * Address of the collector (OTLP/gRPC); goes before `OTEL_EXPORTER_OTLP_ENDPOINT`.
   * @default 'http://127.0.0.1:4317'
   */
  readonly endpoint?: string
  /** Snapshots of open operations. */
  readonly snapshots?: Partial<SnapshotSettings>
  /** Where spans go instead of OTLP/gRPC. */
  readonly spanExporter?: SpanExporter
  /** Where events and log records go instead of OTLP/gRPC. */
  readonly logExporter?: LogRecordExporter
  /** Further span processors, beside ours. */
  readonly spanProcessors?: readonly SpanProcessor[]
  /**
   * Longest time that the flush before a process that ends by itself may take, in milliseconds.
   * @default 2000
   */
  readonly exitFlushMsMax?: number
}

/** What `register()` set up. */
export interface Registration {
  /**
   * `registered`: OpenTelemetry is set up. `already_registered`: somebody else had set it up, nothing was
   * changed, and reports go there. `disabled`: `OTEL_SDK_DISABLED` is set. `failed`: see the diagnostics.
   */
  readonly status: 'registered' | 'already_registered' | 'disabled' | 'failed'
  readonly sessionId: string
  /** The process's reporter. */
  readonly reporter: Reporter
  /** Spans and events lost since the start, because the queue was full or the exporter gave up. */
  readonly droppedCount: number
  /** Sends what has ended; never rejects. Does nothing where another's provider is registered. */
  forceFlush(): Promise<void>
  /** Sends what has ended and stops reporting; never rejects, safe twice. */
  shutdown(): Promise<void>
}

const lossIntervalMs = 1000
const exitFlushMsMaxDefault = 2000
/** Where OpenTelemetry's API keeps what is registered. */
const diagnosticsKey = Symbol.for('opentelemetry.js.api.1')
const registrationKey = Symbol.for('wayward.registration.1')

/**
 * Sets up OpenTelemetry to report to a Wayward collector: tracer provider, logger provider, context manager
 * and propagators. The standard `OTEL_…` variables keep their meaning. It never throws and never replaces
 * a provider that is registered already.
 * @example
 * const registration = register({ serviceName: 'shop' })
 * await registration.shutdown()
 */
export function register(options: RegisterOptions = {}): Registration {
  try {
    return tryRegister(options)
  } catch (error) {
    diag.error('Cannot register the Wayward SDK; the application goes on without it', error)
    return idle('failed')
  }
}

function tryRegister(options: RegisterOptions): Registration {
  setLogLevel()
  if (isSdkDisabled()) {
    getReporterWithCore().shutdown()
    return idle('disabled')
  }
  const holder = globalThis as { [registrationKey]?: Registration }
  const ours = holder[registrationKey]
  if (ours !== undefined || isForeignProviderRegistered()) {
    diag.warn(
      'Cannot register the Wayward SDK: a tracer provider is registered already, and stays. ' +
        'Reports go to it; see docs/sdk.md',
    )
    return ours === undefined ? idle('already_registered') : delegateTo(ours)
  }
  const registration = install(options)
  holder[registrationKey] = registration
  return registration
}

/** `OTEL_LOG_LEVEL` turns the diagnostics on, on the console; an application's own logger for them stays. */
function setLogLevel(): void {
  const logLevel = diagLogLevelFromString(getStringFromEnv('OTEL_LOG_LEVEL'))
  const holder = globalThis as { [diagnosticsKey]?: { readonly diag?: unknown } }
  if (logLevel === undefined || holder[diagnosticsKey]?.diag !== undefined) return
  diag.setLogger(new DiagConsoleLogger(), { logLevel, suppressOverrideMessage: true })
}

function isForeignProviderRegistered(): boolean {
  const provider = trace.getTracerProvider()
  if (!(provider instanceof ProxyTracerProvider)) return true
  return provider.getDelegateTracer('@wayward/sdk') !== undefined
}

function idle(status: Registration['status']): Registration {
  const reporter = getReporterWithCore()
  return {
    status,
    sessionId: reporter.sessionId,
    reporter,
    droppedCount: 0,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }
}

/** The handle of a second `register()`: it stands for the first. */
function delegateTo(ours: Registration): Registration {
  return {
    ...idle('already_registered'),
    get droppedCount() {
      return ours.droppedCount
    },
    forceFlush: () => ours.forceFlush(),
    shutdown: () => ours.shutdown(),
  }
}

interface Pipeline {
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
  abandon(): void
}

function install(options: RegisterOptions): Registration {
  const state = openThreadState().process
  const losses = createLossReport()
  const resource = createResource(state, {
    serviceName: options.serviceName,
    sessionName: options.sessionName ?? getStringFromEnv('WAYWARD_SESSION_NAME'),
    attributes: options.resourceAttributes,
  })
  const line = createExportLine()
  const traces = installTraces(resource, { losses, line }, options)
  const logPipeline = installLogs(resource, { losses, line }, options)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager())
  propagation.setGlobalPropagator(createPropagator())
  const reporter = getReporterWithCore()
  if (options.snapshots !== undefined) reporter.core.open.configure(options.snapshots)
  const tellLosses = (): void => {
    try {
      losses.tell(reporter.core.logger, state.clock, state.nextSequence)
    } catch {
      reporter.core.swallowedCount++
    }
  }
  const timer = setInterval(tellLosses, lossIntervalMs)
  timer.unref()
  const flush = async (): Promise<void> => {
    await settle([traces.forceFlush()])
    tellLosses()
    await settle([logPipeline.forceFlush()])
  }
  const shutdownOnce = once(async () => {
    clearInterval(timer)
    process.off('beforeExit', onBeforeExit)
    reporter.shutdown()
    await flush()
    await settle([traces.shutdown(), logPipeline.shutdown()])
  })
  const onBeforeExit = flushBeforeExit(
    options.exitFlushMsMax ?? exitFlushMsMaxDefault,
    shutdownOnce,
    [traces, logPipeline],
  )
  process.once('beforeExit', onBeforeExit)
  return {
    status: 'registered',
    sessionId: state.sessionId,
    reporter,
    get droppedCount() {
      return losses.count
    },
    forceFlush: flush,
    shutdown: shutdownOnce,
  }
}

/** Sends the rest when nothing is left to do, but does not let a collector that hangs hold the process. */
function flushBeforeExit(
  deadlineMs: number,
  shutdown: () => Promise<void>,
  pipelines: readonly Pipeline[],
): () => void {
  return () => {
    const deadline = setTimeout(() => {
      for (const pipeline of pipelines) pipeline.abandon()
    }, deadlineMs)
    void shutdown().finally(() => clearTimeout(deadline))
  }
}

/** What the signals share. */
interface Shared {
  readonly losses: LossReport
  readonly line: ExportLine
}

function installTraces(resource: Resource, shared: Shared, options: RegisterOptions): Pipeline {
  const limits = queueLimits('OTEL_BSP')
  const exporter = options.spanExporter ?? createSpanExporter(options.endpoint)
  const queued =
    exporter === undefined ? undefined : queueSpans(exporter, limits, shared.losses, shared.line)
  const own = queued === undefined ? [] : [queued.processor]
  const provider = new BasicTracerProvider({
    resource,
    spanProcessors: [...own, ...(options.spanProcessors ?? [])],
  })
  trace.setGlobalTracerProvider(provider)
  return {
    forceFlush: () => provider.forceFlush(),
    shutdown: () => provider.shutdown(),
    abandon() {
      queued?.abandon()
      if (exporter !== undefined) closeConnection(exporter)
    },
  }
}

function installLogs(resource: Resource, shared: Shared, options: RegisterOptions): Pipeline {
  const limits = queueLimits('OTEL_BLRP')
  const exporter = options.logExporter ?? createLogExporter(options.endpoint)
  const queued =
    exporter === undefined ? undefined : queueLogs(exporter, limits, shared.losses, shared.line)
  const provider = new LoggerProvider({
    resource,
    logRecordLimits: logRecordLimits(),
    processors: queued === undefined ? [] : [queued.processor],
  })
  logs.setGlobalLoggerProvider(provider)
  return {
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
  return new OTLPTraceExporter(exporterOptions(endpointFor('TRACES', given)))
}

function createLogExporter(given: string | undefined): LogRecordExporter | undefined {
  if (!isExported('LOGS')) return undefined
  return new OTLPLogExporter(exporterOptions(endpointFor('LOGS', given)))
}

function exporterOptions(url: string | undefined): { url?: string } {
  return url === undefined ? {} : { url }
}

/**
 * Closes an exporter's connection at once. Its `shutdown()` would wait for the calls under way, whose
 * time-out (10 s) would hold the process; without these internals of OpenTelemetry it does just that.
 */
function closeConnection(exporter: object): void {
  type Delegate = { readonly _transport?: { shutdown?: () => void } }
  try {
    ;(exporter as { readonly _delegate?: Delegate })._delegate?._transport?.shutdown?.()
  } catch (error) {
    diag.warn('Cannot close the connection to the collector', error)
  }
}

/** Waits for all; what fails is for the diagnostics, not for the application. */
async function settle(promises: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === 'rejected') diag.warn('Cannot send reports', result.reason)
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  return () => {
    running ??= action()
    return running
  }
}
