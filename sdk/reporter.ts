import { isMainThread, threadId } from 'node:worker_threads'
import {
  type Attributes,
  type Context,
  context,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { type LogAttributes, type Logger, logs, SeverityNumber } from '@opentelemetry/api-logs'
import {
  ATTR_ERROR_TYPE,
  ATTR_THREAD_ID,
  ATTR_THREAD_NAME,
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_TASK_ID,
  ATTR_WAYWARD_TASK_NAME,
  WAYWARD_KIND_VALUE_ZONE,
} from '@wayward/semconv'
import {
  actorAttributes,
  type Core,
  createScope,
  errorType,
  follow,
  guard,
  type Scope,
  timeOf,
} from './report/core.ts'
import {
  createOpenOperations,
  defaultSnapshotSettings,
  type SnapshotSettings,
} from './report/open-operations.ts'
import { createJob, type JobSettings, type ReportedJob } from './report/job.ts'
import { createLock, type LockSettings, type ReportedLock } from './report/lock.ts'
import { createQueue, type QueueSettings, type ReportedQueue } from './report/queue.ts'
import { openThreadState } from './process/thread-state.ts'

/** What may be set of a reporter. */
export interface ReporterOptions {
  /** Where spans go; the tracer of the globally registered provider by default. */
  readonly tracer?: Tracer
  /** Where events and log records go; the logger of the globally registered provider by default. */
  readonly logger?: Logger
  /** Snapshots of what is open: interval, threshold and largest number, see `SnapshotSettings`. */
  readonly snapshots?: Partial<SnapshotSettings>
}

/** What may be said of a zone. */
export interface ZoneOptions {
  /** When it began, in nanoseconds since 1970; the present by default. */
  readonly timeNs?: bigint
  /** Further attributes of the span. */
  readonly attributes?: Attributes
}

/** A stretch of work that is being marked. */
export interface Zone extends Scope {
  /** Ends it; a second end is ignored. */
  end(options?: { readonly timeNs?: bigint; readonly error?: unknown }): void
}

/** A log record. */
export interface LogOptions {
  readonly body: string
  /** OpenTelemetry's severity number; 9 is INFO. */
  readonly severity?: SeverityNumber
  /** When it happened, in nanoseconds since 1970; the present by default. */
  readonly timeNs?: bigint
  readonly attributes?: LogAttributes
  /** Whose trace and span it belongs to; the active one by default. */
  readonly context?: Context
}

/**
 * Reports what a process does, as OpenTelemetry spans and events. None of its methods ever throws.
 */
export interface Reporter {
  /**
   * A lock to report requests, grants and releases of.
   * @example
   * const lock = reporter.lock({ name: 'inventory' })
   * const hold = lock.request().granted()
   * hold.released()
   */
  lock(settings: LockSettings): ReportedLock
  /** A queue to report items of. */
  queue(settings: QueueSettings): ReportedQueue
  /** A job to report runs of. */
  job(settings: JobSettings): ReportedJob
  /**
   * Runs `fn` as a span named `name`, with its child spans under it.
   * @returns what `fn` returns (a promise that follows it); what it throws is thrown on.
   */
  zone<T>(name: string, fn: () => T, options?: ZoneOptions): T
  /** Begins a zone whose end is reported by hand. */
  startZone(name: string, options?: ZoneOptions): Zone
  /** A log record with time in nanoseconds, trace context, thread and task. */
  log(options: LogOptions): void
  /**
   * Runs `fn` as an asynchronous task of its own, told apart from the caller's by
   * `wayward.task.id`.
   */
  task<T>(name: string, fn: () => T): T
  /** The task of the caller. */
  currentTask(): { readonly id: string; readonly name: string | undefined }
  /** The session that this process reports as, `wayward.session.id`. */
  readonly sessionId: string
  /** Tells at once everything that is open for longer than the threshold. @returns how many. */
  snapshot(): number
  /** Number of operations that have begun and not ended. */
  readonly openCount: number
  /** Errors of the SDK itself that were kept from the application. */
  readonly swallowedCount: number
  readonly isEnabled: boolean
  /**
   * Stops recording. Of what was reported as open it is reported that it was open at the shutdown.
   * Spans already ended are not affected.
   */
  shutdown(): void
}

const scopeName = '@wayward/sdk'

/** The part of a reporter that the observers of this package use as well. */
export interface ReporterWithCore extends Reporter {
  readonly core: Core
}

/**
 * Makes a reporter. It takes the tracer and the logger from OpenTelemetry's global API, so it works
 * with `register()` and with an application's own set-up, registered before or after.
 * @example
 * const reporter = createReporter()
 * await reporter.zone('resize image', () => resize(image))
 */
export function createReporter(options: ReporterOptions = {}): Reporter {
  return createReporterWithCore(options)
}

export function createReporterWithCore(options: ReporterOptions): ReporterWithCore {
  const core = createCore(options)
  const startZone = (name: string, zoneOptions: ZoneOptions = {}): Zone => {
    if (!core.isEnabled) return noZone
    return guard(core, () => beginZone(core, name, zoneOptions), noZone)
  }
  return {
    core,
    sessionId: core.process.sessionId,
    lock: (settings) => createLock(core, settings),
    queue: (settings) => createQueue(core, settings),
    job: (settings) => createJob(core, settings),
    startZone,
    zone(name, fn, zoneOptions) {
      const zone = startZone(name, zoneOptions)
      return follow(
        () => zone.run(fn),
        (error) => zone.end(error === undefined ? {} : { error: error.value }),
      )
    },
    log(logOptions) {
      if (core.isEnabled) guard(core, () => log(core, logOptions), undefined)
    },
    task(name, fn) {
      return core.isEnabled ? core.tasks.enter(core.tasks.create(name, true), fn) : fn()
    },
    currentTask: () => core.tasks.current(),
    snapshot: () => guard(core, () => core.open.snapshot(), 0),
    get openCount() {
      return core.open.count
    },
    get swallowedCount() {
      return core.swallowedCount
    },
    get isEnabled() {
      return core.isEnabled
    },
    shutdown() {
      core.isEnabled = false
      core.open.shutdown()
    },
  }
}

function createCore(options: ReporterOptions): Core {
  const { process, tasks } = openThreadState()
  const logger = options.logger ?? logs.getLogger(scopeName)
  const core: Core = {
    isEnabled: true,
    swallowedCount: 0,
    tracer: options.tracer ?? trace.getTracer(scopeName),
    logger,
    clock: process.clock,
    tasks,
    process,
    threadId,
    threadName: isMainThread ? 'main' : `worker-${threadId}`,
    open: createOpenOperations({
      snapshots: { ...defaultSnapshotSettings, ...options.snapshots },
      clock: process.clock,
      logger,
      nextSequence: process.nextSequence,
      uptimeNs: process.uptimeNs,
      onError: () => void core.swallowedCount++,
    }),
  }
  core.open.start()
  return core
}

function beginZone(core: Core, name: string, options: ZoneOptions): Zone {
  const sequence = core.process.nextSequence()
  const parent = context.active()
  const { anchorMs } = core.clock
  const span = core.tracer.startSpan(
    name,
    {
      startTime: timeOf(core, options.timeNs, anchorMs),
      attributes: {
        ...options.attributes,
        ...actorAttributes(core, WAYWARD_KIND_VALUE_ZONE, sequence, core.tasks.current()),
      },
    },
    parent,
  )
  let isOpen = true
  return {
    ...createScope(span, trace.setSpan(parent, span)),
    end(end = {}) {
      if (!isOpen) return
      isOpen = false
      guard(
        core,
        () => {
          if ('error' in end) {
            span.setAttribute(ATTR_ERROR_TYPE, errorType(end.error))
            span.setStatus({ code: SpanStatusCode.ERROR })
          }
          span.end(timeOf(core, end.timeNs, anchorMs))
        },
        undefined,
      )
    },
  }
}

function log(core: Core, options: LogOptions): void {
  const time = timeOf(core, options.timeNs)
  const task = core.tasks.current()
  const attributes: LogAttributes = {
    ...options.attributes,
    [ATTR_WAYWARD_EVENT_SEQUENCE]: core.process.nextSequence(),
    [ATTR_THREAD_ID]: core.threadId,
    [ATTR_THREAD_NAME]: core.threadName,
    [ATTR_WAYWARD_TASK_ID]: task.id,
  }
  if (task.name !== undefined) attributes[ATTR_WAYWARD_TASK_NAME] = task.name
  const severity = options.severity ?? SeverityNumber.INFO
  core.logger.emit({
    body: options.body,
    severityNumber: severity,
    severityText: severityTexts[Math.floor((severity - 1) / 4)] ?? 'INFO',
    timestamp: time,
    observedTimestamp: time,
    attributes,
    context: options.context ?? context.active(),
  })
}

const severityTexts = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL']

const noZone: Zone = {
  span: undefined,
  get context() {
    return context.active()
  },
  run: (fn) => fn(),
  end: () => undefined,
}
