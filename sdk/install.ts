// What register() does where nobody has set up OpenTelemetry: providers, context, and what is sent
// until the end of the process.
import { context, diag, metrics, propagation } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { getBooleanFromEnv, getStringFromEnv } from '@opentelemetry/core'
import type { Resource } from '@opentelemetry/resources'
import { ATTR_SERVICE_NAME } from '@wayward/semconv'
import { flushBeforeExit, withinDeadline } from './emit/exit-flush.ts'
import { createExportLine } from './emit/export-queue.ts'
import { installLogs, installTraces, type Pipeline, settle } from './emit/pipeline.ts'
import { getReporterWithCore } from './global-reporter.ts'
import { diagnosticsKey } from './process/diagnostics.ts'
import { arePausesReported, createPropagator, isRecorderWanted } from './process/environment.ts'
import { watchPauses } from './process/pause-watch.ts'
import type { ProcessState } from './process/process-state.ts'
import { createResource } from './process/resource.ts'
import { openThreadState } from './process/thread-state.ts'
import { canRecord, type Recording, startRecording } from './recorder/recording.ts'
import type { Registration, RegisterOptions } from './register-options.ts'
import { type Core, tellCounts } from './report/core.ts'
import { createLossReport, type LossReport } from './report/loss-report.ts'
import { reportPause } from './report/pause.ts'
import { scopeName } from './reporter.ts'
import { createSdkStats, type SdkFigures, type SdkStats } from './stats/sdk-stats.ts'

const lossIntervalMs = 1000
const exitFlushMsMaxDefault = 2000
const shutdownMsMaxDefault = 5000
const flushMsMaxDefault = 30_000
const registrationKey = Symbol.for('wayward.registration.1')

/** The registration that the copies of this package in a process share. */
interface SharedRegistration {
  readonly registration: Registration
  isShutDown: boolean
}

const holder = globalThis as { [registrationKey]?: SharedRegistration }

/** What was registered before, by any copy of this package. */
export function currentRegistration(): SharedRegistration | undefined {
  return holder[registrationKey]
}

/** Sets up OpenTelemetry, as far as it takes it. */
export function install(options: RegisterOptions): Registration {
  const state = openThreadState().process
  const losses = createLossReport()
  const resource = createResource(state, {
    serviceName: options.serviceName,
    sessionName: options.sessionName ?? getStringFromEnv('WAYWARD_SESSION_NAME'),
    attributes: options.resourceAttributes,
  })
  const { stats, problems: statsProblems } = publish(options, resource, state.sessionId)
  const shared = { losses, line: createExportLine(), stats }
  const traces = installTraces(resource, shared, options)
  if (!traces.isTaken) {
    void traces.shutdown()
    stats?.shutdown()
    return failed([refusalOf('the tracer provider')])
  }
  const records = installLogs(resource, shared, options)
  const problems = [...installContext(), ...statsProblems]
  if (!records.isTaken) {
    problems.push(
      'Cannot register the logger provider: another one is registered already, and stays. Snapshots of ' +
        'what is open and log records go to it; call register() before it is set up',
    )
  }
  for (const problem of problems) diag.warn(problem)
  // A stats file is told of spans.
  const recording = stats === undefined ? record(resource, state, options) : undefined
  const sending = new Sending({ traces, records, recording, losses, stats, state }, options)
  const registration: Registration = {
    status: records.isTaken ? 'registered' : 'already_registered',
    problems,
    sessionId: state.sessionId,
    reporter: getReporterWithCore(),
    get droppedCount() {
      return sending.droppedCount
    },
    get thinnedCount() {
      return recording?.counts.thinned ?? 0
    },
    get recordedCount() {
      return recording?.counts.recorded ?? 0
    },
    control: (detail) => recording?.setDetails(detail),
    forceFlush: (given = {}) =>
      withinDeadline(sending.flush(), given.timeoutMs ?? flushMsMaxDefault, []),
    shutdown: () => sending.shutdown(),
  }
  holder[registrationKey] = { registration, isShutDown: false }
  return registration
}

/** Records what the process's reporter is told, where that is wanted and can be had. */
function record(
  resource: Resource,
  state: ProcessState,
  options: RegisterOptions,
): Recording | undefined {
  const isWanted = options.recorder ?? isRecorderWanted()
  if (!isWanted || !canRecord(options)) return undefined
  const { core } = getReporterWithCore()
  try {
    return startRecording(core, { state, resource, scopeName, options })
  } catch (error) {
    diag.warn('Cannot start the recorder; what is reported becomes spans', error)
    return undefined
  }
}

interface SendingParts {
  readonly traces: Pipeline
  readonly records: Pipeline
  readonly recording: Recording | undefined
  readonly losses: LossReport
  readonly stats: SdkStats | undefined
  readonly state: ProcessState
}

/** What is sent until the end of the process, and at it. */
class Sending {
  readonly #parts: SendingParts
  readonly #pipelines: readonly Pipeline[]
  readonly #reporter = getReporterWithCore()
  readonly #shutdownMsMax: number
  readonly #timer: NodeJS.Timeout
  readonly #stopWatching: () => void
  readonly #onBeforeExit: () => void
  #shuttingDown: Promise<void> | undefined

  constructor(parts: SendingParts, options: RegisterOptions) {
    this.#parts = parts
    this.#pipelines = [parts.traces, parts.records, ...listOf(parts.recording)]
    this.#shutdownMsMax = options.shutdownMsMax ?? shutdownMsMaxDefault
    if (options.snapshots !== undefined) this.#reporter.core.open.configure(options.snapshots)
    parts.stats?.start(() => this.#figures())
    this.#timer = setInterval(() => this.#reportLosses(), lossIntervalMs)
    this.#timer.unref()
    this.#stopWatching = watch(this.#reporter.core, options)
    const exitFlushMsMax = options.exitFlushMsMax ?? exitFlushMsMaxDefault
    this.#onBeforeExit = flushBeforeExit(exitFlushMsMax, this, this.#pipelines)
    process.on('beforeExit', this.#onBeforeExit)
  }

  /** Spans and events that were lost. */
  get droppedCount(): number {
    const { losses, recording } = this.#parts
    return losses.count + (recording?.droppedCount ?? 0)
  }

  async flush(): Promise<void> {
    const { traces, recording } = this.#parts
    await settle([traces, ...listOf(recording)].map((pipeline) => pipeline.forceFlush()))
    this.#reportLosses()
    await settle([this.#parts.records.forceFlush()])
  }

  shutdown(): Promise<void> {
    this.#shuttingDown ??= this.#shutdown()
    return this.#shuttingDown
  }

  async #shutdown(): Promise<void> {
    const ours = currentRegistration()
    if (ours !== undefined) ours.isShutDown = true
    clearInterval(this.#timer)
    this.#stopWatching()
    process.off('beforeExit', this.#onBeforeExit)
    this.#reporter.shutdown()
    await withinDeadline(this.#sendRest(), this.#shutdownMsMax, this.#pipelines)
    this.#parts.stats?.shutdown()
  }

  async #sendRest(): Promise<void> {
    await this.flush()
    await settle(this.#pipelines.map((pipeline) => pipeline.shutdown()))
  }

  #reportLosses(): void {
    try {
      const { core } = this.#reporter
      tellCounts(core, false)
      this.#parts.losses.report(this.#reporter.core.emitter, this.#parts.state)
    } catch {
      this.#reporter.core.swallowedCount++
    }
  }

  #figures(): SdkFigures {
    return {
      openCount: this.#reporter.openCount,
      droppedCount: this.droppedCount,
      waitingCount: this.#pipelines.reduce((sum, { waitingCount }) => sum + waitingCount, 0),
      swallowedCount: this.#reporter.swallowedCount,
    }
  }
}

/** Watches for pauses where that is wanted. @returns what ends it */
function watch(core: Core, { pauses = arePausesReported() }: RegisterOptions): () => void {
  if (pauses === false) return () => undefined
  return watchPauses(pauses === true ? {} : pauses, (pause) => reportPause(core, pause))
}

function listOf<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value]
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

/** A registration that does nothing. */
export function idle(
  status: Registration['status'],
  problems: readonly string[] = [],
): Registration {
  const reporter = getReporterWithCore()
  return {
    status,
    problems,
    sessionId: reporter.sessionId,
    reporter,
    droppedCount: 0,
    thinnedCount: 0,
    recordedCount: 0,
    control: () => undefined,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }
}

/**
 * Nothing will be reported, which must not go by without a word. A warning of Node, because
 * OpenTelemetry's diagnostics may be what cannot be reached.
 */
export function failed(problems: readonly string[]): Registration {
  for (const problem of problems) process.emitWarning(problem, { type: 'WaywardWarning' })
  return idle('failed', problems)
}
