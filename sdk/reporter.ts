import { type Tracer, trace } from '@opentelemetry/api'
import { type Logger, logs } from '@opentelemetry/api-logs'
import { createSpanEmitter } from './emit/span-emitter.ts'
import { openThreadState } from './process/thread-state.ts'
import { CallSites } from './report/call-sites.ts'
import { type Core, guard, swallow, tellCounts } from './report/core.ts'
import { createJob } from './report/job.ts'
import { LockMisuses } from './report/lock-misuses.ts'
import { LockOrders } from './report/lock-orders.ts'
import { Lock } from './report/lock.ts'
import { log, type LogOptions } from './report/log.ts'
import {
  createOpenOperations,
  defaultSnapshotSettings,
  type SnapshotSettings,
} from './report/open-operations.ts'
import { Queue } from './report/queue.ts'
import type { JobSettings, ReportedJob } from './report/reported-job.ts'
import type { LockSettings, ReportedLock } from './report/reported-lock.ts'
import type { QueueSettings, ReportedQueue } from './report/reported-queue.ts'
import { follow } from './report/scope.ts'
import { beginZone, noZone, type Zone, type ZoneOptions } from './report/zone.ts'

/** What may be set of a reporter. */
export interface ReporterOptions {
  /** Where spans go; the tracer of the globally registered provider by default. */
  readonly tracer?: Tracer
  /** Where events and log records go; the logger of the globally registered provider by default. */
  readonly logger?: Logger
  /** Snapshots of what is open: interval, threshold and largest number, see `SnapshotSettings`. */
  readonly snapshots?: Partial<SnapshotSettings>
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
   * Runs `fn` as an asynchronous task of its own, which has another `wayward.task.id` than the
   * caller.
   */
  task<T>(name: string, fn: () => T): T
  /** The task of the caller. */
  currentTask(): { readonly id: string; readonly name: string | undefined }
  /** The session that this process reports as, `wayward.session.id`. */
  readonly sessionId: string
  /** Reports at once everything that is open for longer than the threshold. @returns how many. */
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

/** The instrumentation scope of all that is reported. */
export const scopeName = '@wayward/sdk'

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
    lock: (settings) => new Lock(core, named(core, settings)),
    queue: (settings) => new Queue(core, named(core, settings)),
    job: (settings) => createJob(core, named(core, settings)),
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
      return core.isEnabled ? runTask(core, name, fn) : fn()
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
      guard(core, () => tellCounts(core, true), undefined)
      core.open.shutdown()
    },
  }
}

/** What is given no name, as plain JavaScript may, is told all the same. */
function named<T extends { readonly name: string }>(core: Core, settings: T): T {
  const given = settings as Partial<T> | undefined | null
  if (typeof given?.name === 'string') return settings
  swallow(core, new TypeError(`Cannot use a name of type ${typeof given?.name}: a text is wanted`))
  return { ...settings, name: '(unnamed)' }
}

/**
 * Runs `fn` as a task of its own. Where it takes its time, a lock that the task still holds at its
 * end is told.
 */
function runTask<T>(core: Core, name: string, fn: () => T): T {
  const task = core.tasks.create(name, true)
  const result = core.tasks.enter(task, fn)
  if (!(result instanceof Promise)) return result
  return follow(
    () => result,
    () => guard(core, () => task.holds.at(-1)?.outlived(), undefined),
  ) as T
}

function createCore(options: ReporterOptions): Core {
  const { process, tasks } = openThreadState()
  const emitter = createSpanEmitter({
    tracer: options.tracer ?? trace.getTracer(scopeName),
    logger: options.logger ?? logs.getLogger(scopeName),
  })
  const core: Core = {
    isEnabled: true,
    swallowedCount: 0,
    emitter,
    clock: process.clock,
    tasks,
    process,
    sites: new CallSites(),
    orders: new LockOrders(),
    misuses: new LockMisuses(),
    open: createOpenOperations({
      snapshots: { ...defaultSnapshotSettings, ...options.snapshots },
      emitter,
      process,
      onError: () => void core.swallowedCount++,
    }),
  }
  core.open.start()
  return core
}
