import {
  context,
  diag,
  DiagConsoleLogger,
  type MeterProvider,
  metrics,
  propagation,
  ProxyTracerProvider,
  trace,
} from '@opentelemetry/api'
import type { Attributes } from '@opentelemetry/api'
import { logs } from '@opentelemetry/api-logs'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { diagLogLevelFromString, getBooleanFromEnv, getStringFromEnv } from '@opentelemetry/core'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc'
import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { Resource } from '@opentelemetry/resources'
import { LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs'
import {
  BasicTracerProvider,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { ATTR_SERVICE_NAME } from '@wayward/semconv'
import {
  createPropagator,
  endpointFor,
  isExported,
  isSdkDisabled,
  logRecordLimits,
  protocolFor,
  queueLimits,
} from './process/environment.ts'
import { createExportLine, type ExportLine, queueLogs, queueSpans } from './emit/export-queue.ts'
import { getReporterWithCore } from './global-reporter.ts'
import { createHttpExporter } from './emit/http-exporter.ts'
import { createLossReport, type LossReport } from './report/loss-report.ts'
import type { SnapshotSettings } from './report/open-operations.ts'
import type { Reporter } from './reporter.ts'
import { createResource } from './process/resource.ts'
import { createSdkStats, type SdkStats } from './stats/sdk-stats.ts'
import type { StatsPackage } from './stats/stats-package.ts'
import { openThreadState } from './process/thread-state.ts'

/** What may be set of the SDK in code; environment variables say the rest. */
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
   * Address of the collector; goes before `OTEL_EXPORTER_OTLP_ENDPOINT`. It is OTLP/gRPC, unless
   * `OTEL_EXPORTER_OTLP_PROTOCOL` says `http/protobuf` or the port is 4318.
   * @default 'http://127.0.0.1:4317'
   */
  readonly endpoint?: string
  /** Snapshots of open operations. */
  readonly snapshots?: Partial<SnapshotSettings>
  /** Where spans go instead of OTLP. */
  readonly spanExporter?: SpanExporter
  /** Where events and log records go instead of OTLP. */
  readonly logExporter?: LogRecordExporter
  /** Further span processors, beside ours. */
  readonly spanProcessors?: readonly SpanProcessor[]
  /**
   * Publishes the SDK's state and the values of OpenTelemetry's instruments in a stats file, which
   * can be read while the application hangs. Needs the package `@wayward/mmstats`, or is given what
   * it exports. Goes before `WAYWARD_MMSTATS`.
   * @default false
   */
  readonly mmstats?: boolean | StatsPackage
  /** Where the values of instruments go besides; with `mmstats` only. */
  readonly meterProvider?: MeterProvider
  /**
   * Longest time that the flush before a process that ends by itself may take, in milliseconds.
   * @default 2000
   */
  readonly exitFlushMsMax?: number
  /**
   * Longest time that `shutdown()` may take as a whole, in milliseconds; what is not sent by then
   * is given up and counted.
   * @default 5000
   */
  readonly shutdownMsMax?: number
}

export interface FlushOptions {
  /**
   * Longest time to wait, in milliseconds. What is not sent by then stays in the queue.
   * @default 30000
   */
  readonly timeoutMs?: number
}

/** What `register()` set up. */
export interface Registration {
  /**
   * `registered`: OpenTelemetry is set up. `already_registered`: somebody else had set it up,
   * nothing was changed, and reports go there. `disabled`: `OTEL_SDK_DISABLED` is set. `failed`:
   * nothing is reported.
   */
  readonly status: 'registered' | 'already_registered' | 'disabled' | 'failed'
  /**
   * What was found that is not as it should be, and what to do about it; empty where all is well.
   */
  readonly problems: readonly string[]
  readonly sessionId: string
  /** The process's reporter. */
  readonly reporter: Reporter
  /** Spans and events lost since the start, because the queue was full or the exporter gave up. */
  readonly droppedCount: number
  /** Sends what has ended; never rejects. Does nothing where another's provider is registered. */
  forceFlush(options?: FlushOptions): Promise<void>
  /**
   * Sends what has ended and stops reporting, within `shutdownMsMax`; never rejects, safe twice. It
   * is for the end of the process: `register()` does not work again after it, and says so.
   */
  shutdown(): Promise<void>
}

const lossIntervalMs = 1000
const exitFlushMsMaxDefault = 2000
const shutdownMsMaxDefault = 5000
const flushMsMaxDefault = 30_000
/** Where OpenTelemetry's API keeps what is registered. */
const diagnosticsKey = Symbol.for('opentelemetry.js.api.1')
const registrationKey = Symbol.for('wayward.registration.1')

/**
 * Sets up OpenTelemetry to report to a Wayward collector: tracer provider, logger provider, context
 * manager and propagators. The standard `OTEL_…` variables keep their meaning. It never throws and
 * never replaces a provider that is registered already.
 * @example
 * const registration = register({ serviceName: 'shop' })
 * await registration.shutdown()
 */
export function register(options: RegisterOptions = {}): Registration {
  try {
    return tryRegister(options)
  } catch (error) {
    diag.error('Cannot register the Wayward SDK; the application goes on without it', error)
    return idle('failed', [`Cannot register the Wayward SDK: ${String(error)}`])
  }
}

function tryRegister(options: RegisterOptions): Registration {
  setLogLevel()
  if (isSdkDisabled()) {
    getReporterWithCore().shutdown()
    return idle('disabled')
  }
  const holder = globalThis as { [registrationKey]?: Holder }
  const ours = holder[registrationKey]
  if (ours?.isShutDown === true) {
    return failed([
      'Cannot register the Wayward SDK again after shutdown(): OpenTelemetry keeps the providers that ' +
        'were shut down. Call shutdown() only where the process ends; forceFlush() sends what has ended',
    ])
  }
  if (ours !== undefined) {
    diag.warn('Cannot register the Wayward SDK twice: the first registration stays')
    return delegateTo(ours.registration)
  }
  const foreign = foreignProviders()
  if (foreign.length > 0) {
    for (const problem of foreign) diag.warn(problem)
    return idle('already_registered', foreign)
  }
  return install(options, holder)
}

interface Holder {
  readonly registration: Registration
  isShutDown: boolean
}

/**
 * `OTEL_LOG_LEVEL` turns the diagnostics on, on the console; an application's own logger for them
 * stays.
 */
function setLogLevel(): void {
  const logLevel = diagLogLevelFromString(getStringFromEnv('OTEL_LOG_LEVEL'))
  const holder = globalThis as { [diagnosticsKey]?: { readonly diag?: unknown } }
  if (logLevel === undefined || holder[diagnosticsKey]?.diag !== undefined) return
  diag.setLogger(new DiagConsoleLogger(), { logLevel, suppressOverrideMessage: true })
}

/** Whose providers are there already, and what to do about it. */
function foreignProviders(): string[] {
  const found: string[] = []
  const provider = trace.getTracerProvider()
  if (
    !(provider instanceof ProxyTracerProvider) ||
    provider.getDelegateTracer('@wayward/sdk') !== undefined
  ) {
    found.push('tracer')
  }
  return found.map(
    (what) =>
      `Cannot register the Wayward SDK: a ${what} provider is registered already, and stays. ` +
      'Reports go to it. Give it an exporter to the collector, or call register() before it is set up; ' +
      'see docs/sdk.md',
  )
}

function idle(status: Registration['status'], problems: readonly string[] = []): Registration {
  const reporter = getReporterWithCore()
  return {
    status,
    problems,
    sessionId: reporter.sessionId,
    reporter,
    droppedCount: 0,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }
}

/**
 * Nothing will be reported, which must not go by without a word. A warning of Node, because
 * OpenTelemetry's diagnostics may be what cannot be reached.
 */
function failed(problems: readonly string[]): Registration {
  for (const problem of problems) process.emitWarning(problem, { type: 'WaywardWarning' })
  return idle('failed', problems)
}

/** The handle of a second `register()`: it stands for the first. */
function delegateTo(ours: Registration): Registration {
  return {
    ...idle('already_registered'),
    get droppedCount() {
      return ours.droppedCount
    },
    forceFlush: (options) => ours.forceFlush(options),
    shutdown: () => ours.shutdown(),
  }
}

interface Pipeline {
  /** Whether OpenTelemetry took the provider. */
  readonly isTaken: boolean
  /** Spans or records that wait to be sent. */
  readonly waitingCount: number
  forceFlush(): Promise<void>
  shutdown(): Promise<void>
  abandon(): void
}

function install(options: RegisterOptions, holder: { [registrationKey]?: Holder }): Registration {
  const state = openThreadState().process
  const losses = createLossReport()
  const resource = createResource(state, {
    serviceName: options.serviceName,
    sessionName: options.sessionName ?? getStringFromEnv('WAYWARD_SESSION_NAME'),
    attributes: options.resourceAttributes,
  })
  const line = createExportLine()
  const published = publish(options, resource, state.sessionId)
  const { stats } = published
  const shared = { losses, line, stats }
  const traces = installTraces(resource, shared, options)
  if (!traces.isTaken) {
    void traces.shutdown()
    stats?.shutdown()
    return failed([refusalOf('the tracer provider')])
  }
  const logPipeline = installLogs(resource, shared, options)
  const problems = [...installContext(), ...published.problems]
  if (!logPipeline.isTaken) {
    problems.push(
      'Cannot register the logger provider: another one is registered already, and stays. Snapshots of ' +
        'what is open and log records go to it; call register() before it is set up',
    )
  }
  for (const problem of problems) diag.warn(problem)
  const reporter = getReporterWithCore()
  if (options.snapshots !== undefined) reporter.core.open.configure(options.snapshots)
  const reportLosses = (): void => {
    try {
      losses.report(reporter.core.emitter, state)
    } catch {
      reporter.core.swallowedCount++
    }
  }
  const pipelines = [traces, logPipeline]
  stats?.start(() => ({
    openCount: reporter.openCount,
    droppedCount: losses.count,
    waitingCount: pipelines.reduce((sum, { waitingCount }) => sum + waitingCount, 0),
    swallowedCount: reporter.swallowedCount,
  }))
  const timer = setInterval(reportLosses, lossIntervalMs)
  timer.unref()
  const flush = async (): Promise<void> => {
    await settle([traces.forceFlush()])
    reportLosses()
    await settle([logPipeline.forceFlush()])
  }
  const shutdownOnce = once(async () => {
    if (holder[registrationKey] !== undefined) holder[registrationKey].isShutDown = true
    clearInterval(timer)
    process.off('beforeExit', onBeforeExit)
    reporter.shutdown()
    const work = async (): Promise<void> => {
      await flush()
      await settle([traces.shutdown(), logPipeline.shutdown()])
    }
    await withinDeadline(work(), options.shutdownMsMax ?? shutdownMsMaxDefault, pipelines)
    stats?.shutdown()
  })
  const onBeforeExit = flushBeforeExit(
    options.exitFlushMsMax ?? exitFlushMsMaxDefault,
    { flush, shutdown: shutdownOnce },
    pipelines,
  )
  process.on('beforeExit', onBeforeExit)
  const registration: Registration = {
    status: logPipeline.isTaken ? 'registered' : 'already_registered',
    problems,
    sessionId: state.sessionId,
    reporter,
    get droppedCount() {
      return losses.count
    },
    forceFlush: (given = {}) => withinDeadline(flush(), given.timeoutMs ?? flushMsMaxDefault, []),
    shutdown: shutdownOnce,
  }
  holder[registrationKey] = { registration, isShutDown: false }
  return registration
}

/**
 * The context manager and the propagator; another's of the same API do as well. @returns what was
 * found.
 */
function installContext(): string[] {
  const found: string[] = []
  const keeps = 'another one is registered already, and is used'
  if (!context.setGlobalContextManager(new AsyncLocalStorageContextManager())) {
    found.push(`Cannot register the context manager: ${keeps}`)
  }
  if (!propagation.setGlobalPropagator(createPropagator())) {
    found.push(`Cannot register the propagator: ${keeps}`)
  }
  return found
}

/** Why OpenTelemetry's API did not take what it was given. */
function refusalOf(what: string): string {
  const holder = globalThis as { [diagnosticsKey]?: { readonly version?: string } }
  const version = holder[diagnosticsKey]?.version ?? 'none'
  return (
    `Cannot register ${what}: OpenTelemetry's API refused it. Version ${version} of @opentelemetry/api ` +
    'registered something first, and another version is used here; nothing is reported. Make it one ' +
    'version (npm ls @opentelemetry/api, then npm dedupe or "overrides"), or call register() before the other copy is loaded'
  )
}

/** For what abandoned exports leave to do. */
const abandonedMs = 100

/**
 * Waits for `work`, and no longer than `ms`: then the pipelines give up what is left and count it.
 * The timer holds the process, or one that has nothing else to do would end before the answer.
 */
async function withinDeadline(
  work: Promise<void>,
  ms: number,
  pipelines: readonly Pipeline[],
): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      for (const pipeline of pipelines) pipeline.abandon()
      timer = setTimeout(resolve, pipelines.length === 0 ? 0 : abandonedMs)
    }, ms)
  })
  await Promise.race([work, expired])
  clearTimeout(timer)
}

/** A listener that reports at each `beforeExit` would otherwise hold the process for ever. */
const exitRoundsMax = 8

/**
 * Sends the rest when nothing is left to do, and again what listeners of `beforeExit` report, but
 * does not let a collector that hangs hold the process.
 */
function flushBeforeExit(
  deadlineMs: number,
  registration: Pick<Registration, 'shutdown'> & { readonly flush: () => Promise<void> },
  pipelines: readonly Pipeline[],
): () => void {
  let rounds = 0
  let isFlushing = false
  let spentMs = 0
  const waiting = (): boolean => pipelines.some((pipeline) => pipeline.waitingCount > 0)

  async function flushRest(): Promise<void> {
    // The other listeners of this `beforeExit` come first: what they report is sent with the rest.
    await Promise.resolve()
    // Without anything asynchronous to do the process ends here.
    if (rounds > 0 && !waiting()) return
    rounds++
    const started = performance.now()
    await withinDeadline(registration.flush(), Math.max(1, deadlineMs - spentMs), pipelines)
    spentMs += performance.now() - started
    // What cannot be sent, or never ends, is given up; otherwise more may come.
    if (waiting() || rounds >= exitRoundsMax || spentMs >= deadlineMs) await registration.shutdown()
  }

  return () => {
    if (isFlushing) return
    isFlushing = true
    void flushRest().finally(() => {
      isFlushing = false
    })
  }
}

/**
 * The stats file where it is asked for, and the meter provider that writes into it. @returns what
 * was found as well
 */
function publish(
  { mmstats = getBooleanFromEnv('WAYWARD_MMSTATS'), meterProvider }: RegisterOptions,
  resource: Resource,
  sessionId: string,
): { readonly stats: SdkStats | undefined; readonly problems: readonly string[] } {
  if (mmstats === false) return { stats: undefined, problems: [] }
  try {
    const stats = createSdkStats({
      mmstats,
      sessionId,
      serviceName: String(resource.attributes[ATTR_SERVICE_NAME] ?? ''),
      meterProvider,
      onError: () => void getReporterWithCore().core.swallowedCount++,
    })
    if (metrics.setGlobalMeterProvider(stats.meters)) return { stats, problems: [] }
    const problem =
      'Cannot publish instruments in a stats file: a meter provider is registered already, and stays. ' +
      'Hand it to register({ mmstats: true, meterProvider }) instead of registering it; see docs/sdk.md'
    return { stats, problems: [problem] }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { stats: undefined, problems: [`Cannot publish a stats file: ${reason}`] }
  }
}

/** What the signals share. */
interface Shared {
  readonly stats: SdkStats | undefined
  readonly losses: LossReport
  readonly line: ExportLine
}

function installTraces(resource: Resource, shared: Shared, options: RegisterOptions): Pipeline {
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

function installLogs(resource: Resource, shared: Shared, options: RegisterOptions): Pipeline {
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
