import {
  type Attributes,
  type Context,
  context,
  type HrTime,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import {
  ATTR_ERROR_TYPE,
  ATTR_WAYWARD_JOB_ATTEMPT,
  ATTR_WAYWARD_JOB_ATTEMPT_LIMIT,
  ATTR_WAYWARD_JOB_DEADLINE,
  ATTR_WAYWARD_JOB_DUE_TIME,
  ATTR_WAYWARD_JOB_EXIT_CODE,
  ATTR_WAYWARD_JOB_ID,
  ATTR_WAYWARD_JOB_NAME,
  ATTR_WAYWARD_JOB_RESULT,
  ATTR_WAYWARD_JOB_RUN_ID,
  ATTR_WAYWARD_JOB_SCHEDULE,
  ATTR_WAYWARD_JOB_SCHEDULE_TIMEZONE,
  ATTR_WAYWARD_JOB_SCHEDULED_TIME,
  ATTR_WAYWARD_JOB_TRIGGER,
  ATTR_WAYWARD_JOB_WORKER_ID,
  WAYWARD_JOB_RESULT_VALUE_ERROR,
  WAYWARD_JOB_RESULT_VALUE_SUCCESS,
  WAYWARD_KIND_VALUE_JOB_ATTEMPT,
  WAYWARD_KIND_VALUE_JOB_RUN,
} from '@wayward/semconv'
import { toRfc3339 } from '../process/clock.ts'
import { actorAttributes, type Core, errorType, follow, guard, type Scope, timeOf } from './core.ts'
import type { OpenOperation } from './open-operations.ts'
import type { Task } from './task.ts'

/** How a run or an attempt ended. */
export type JobResult = 'success' | 'failure' | 'error' | 'timeout' | 'cancellation' | 'skip'

/** What a job is; see `wayward.job.*` in the semantic conventions. */
export interface JobSettings {
  /** The job's name, of low cardinality. */
  readonly name: string
  /** Identity of its definition, where that differs from the name. */
  readonly id?: string
  /** The schedule, as its owner wrote it. */
  readonly schedule?: string
  /** Time zone of the schedule (IANA name). */
  readonly timezone?: string
  /** Largest number of attempts of a run. */
  readonly attemptLimit?: number
}

/** What may be said of a run when it starts. */
export interface JobRunOptions {
  /** When the run started, in nanoseconds since 1970; the present by default. */
  readonly timeNs?: bigint
  /** Identity of the run; given by default. */
  readonly runId?: string
  /** Why it was started. */
  readonly trigger?: 'cron' | 'interval' | 'event' | 'manual' | 'retry'
  /** When the run was put on the schedule, in nanoseconds since 1970. */
  readonly scheduledTimeNs?: bigint
  /**
   * When it was due to start; the run's lateness is its start minus this. Nanoseconds since 1970.
   */
  readonly dueTimeNs?: bigint
  /** When it must have ended, in nanoseconds since 1970. */
  readonly deadlineNs?: bigint
  /** The worker that runs it. */
  readonly workerId?: string
}

/** What may be said of the end of a run. */
export interface JobEndOptions {
  /** When it ended, in nanoseconds since 1970; the present by default. */
  readonly timeNs?: bigint
  /** What was thrown; its class becomes `error.type`. */
  readonly error?: unknown
  /** Exit code, where the job is a process. */
  readonly exitCode?: number
}

/** A job whose runs are reported. */
export interface ReportedJob {
  readonly name: string
  /**
   * Runs `fn` as one run of the job, as an asynchronous task of its own: `success` if it returns,
   * `error` if it throws, unless `fn` ended the run itself.
   * @returns what `fn` returns (a promise that follows it); what it throws is thrown on.
   * @example
   * await job.run({ trigger: 'cron', dueTimeNs }, () => buildReport())
   */
  run<T>(options: JobRunOptions, fn: (run: JobRun) => T): T
  /** Begins a run whose end is reported by hand. */
  start(options?: JobRunOptions): JobRun
}

/** One execution of a job. Its first end counts, later ones are ignored. */
export interface JobRun extends Scope {
  readonly runId: string
  /** Runs `fn` as one attempt: a child span with `success` or `error`. */
  attempt<T>(fn: (attempt: JobAttempt) => T): T
  /** Begins an attempt whose end is reported by hand. */
  startAttempt(options?: { readonly timeNs?: bigint }): JobAttempt
  ended(result: JobResult, options?: JobEndOptions): void
  readonly isOpen: boolean
}

/** One try within a run. */
export interface JobAttempt extends Scope {
  /** From 1. */
  readonly number: number
  ended(result: JobResult, options?: JobEndOptions): void
  readonly isOpen: boolean
}

export function createJob(core: Core, settings: JobSettings): ReportedJob {
  const start = (options: JobRunOptions = {}): JobRun => {
    if (!core.isEnabled) return noRun
    return guard<JobRun>(core, () => new OpenRun(core, settings, options), noRun)
  }
  return {
    name: settings.name,
    start,
    run(options, fn) {
      const run = start(options)
      return follow(
        () => run.run(() => fn(run)),
        (error) => endAs(run, error),
      )
    },
  }
}

function endAs(run: JobRun | JobAttempt, error: { value: unknown } | undefined): void {
  if (error === undefined) run.ended(WAYWARD_JOB_RESULT_VALUE_SUCCESS)
  else run.ended(WAYWARD_JOB_RESULT_VALUE_ERROR, { error: error.value })
}

interface OpenSettings {
  readonly name: string
  readonly kind: string
  readonly task: Task
  readonly attributes: Attributes
  readonly startTime: HrTime
  readonly parent: Context
}

/** What runs and attempts have in common: a span that is open, and its end. */
class OpenJobSpan implements Scope, OpenOperation {
  isOpen = true
  readonly anchorMs: number
  readonly sequence: number
  readonly startTime: HrTime
  readonly span: NonNullable<Scope['span']>
  readonly context: Context
  readonly core: Core
  readonly task: Task
  readonly #attributes: Attributes

  constructor(core: Core, settings: OpenSettings) {
    this.core = core
    this.task = settings.task
    this.startTime = settings.startTime
    this.anchorMs = core.clock.anchorMs
    this.sequence = core.process.nextSequence()
    this.#attributes = {
      ...actorAttributes(core, settings.kind, this.sequence, settings.task),
      ...settings.attributes,
    }
    this.span = core.tracer.startSpan(
      settings.name,
      { startTime: settings.startTime, attributes: this.#attributes },
      settings.parent,
    )
    this.context = trace.setSpan(settings.parent, this.span)
    core.open.add(this)
  }

  run<T>(fn: () => T): T {
    return context.with(this.context, () => this.core.tasks.enter(this.task, fn))
  }

  describe(): Attributes {
    return this.#attributes
  }

  end(result: JobResult, options: JobEndOptions, attributes: Attributes): void {
    if (!this.isOpen) return
    this.isOpen = false
    guard(this.core, () => this.#send(result, options, attributes), undefined)
  }

  #send(result: JobResult, options: JobEndOptions, attributes: Attributes): void {
    const { span } = this
    this.core.open.delete(this)
    span.setAttributes(attributes)
    span.setAttribute(ATTR_WAYWARD_JOB_RESULT, result)
    if (options.exitCode !== undefined) {
      span.setAttribute(ATTR_WAYWARD_JOB_EXIT_CODE, options.exitCode)
    }
    if (result !== WAYWARD_JOB_RESULT_VALUE_SUCCESS) {
      span.setAttribute(ATTR_ERROR_TYPE, 'error' in options ? errorType(options.error) : result)
    }
    if (result === 'failure' || result === 'error' || result === 'timeout') {
      const { error } = options
      const message = error instanceof Error ? { message: error.message } : {}
      span.setStatus({ code: SpanStatusCode.ERROR, ...message })
    }
    span.end(timeOf(this.core, options.timeNs, this.anchorMs))
  }
}

class OpenRun implements JobRun {
  readonly runId: string
  readonly #operation: OpenJobSpan
  readonly #common: Attributes
  readonly #name: string
  #attemptCount = 0

  constructor(core: Core, job: JobSettings, options: JobRunOptions) {
    this.runId = options.runId ?? core.process.nextRunId()
    this.#name = job.name
    this.#common = commonAttributes(job, options, this.runId)
    this.#operation = new OpenJobSpan(core, {
      name: `run ${job.name}`,
      kind: WAYWARD_KIND_VALUE_JOB_RUN,
      task: core.tasks.create(job.name, true),
      attributes: { ...this.#common, ...scheduleAttributes(job, options) },
      startTime: timeOf(core, options.timeNs),
      parent: context.active(),
    })
  }

  get span(): Scope['span'] {
    return this.#operation.span
  }

  get context(): Context {
    return this.#operation.context
  }

  get isOpen(): boolean {
    return this.#operation.isOpen
  }

  run<T>(fn: () => T): T {
    return this.#operation.run(fn)
  }

  attempt<T>(fn: (attempt: JobAttempt) => T): T {
    const attempt = this.startAttempt()
    return follow(
      () => attempt.run(() => fn(attempt)),
      (error) => endAs(attempt, error),
    )
  }

  startAttempt(options: { readonly timeNs?: bigint } = {}): JobAttempt {
    const { core } = this.#operation
    if (!core.isEnabled) return noAttempt
    return guard<JobAttempt>(core, () => this.#beginAttempt(options.timeNs), noAttempt)
  }

  ended(result: JobResult, options: JobEndOptions = {}): void {
    // A run without attempts told by hand was one attempt.
    const attempts = Math.max(1, this.#attemptCount)
    this.#operation.end(result, options, { [ATTR_WAYWARD_JOB_ATTEMPT]: attempts })
  }

  #beginAttempt(timeNs: bigint | undefined): JobAttempt {
    const { core, task } = this.#operation
    const number = ++this.#attemptCount
    const operation = new OpenJobSpan(core, {
      name: `attempt ${this.#name}`,
      kind: WAYWARD_KIND_VALUE_JOB_ATTEMPT,
      task,
      attributes: { ...this.#common, [ATTR_WAYWARD_JOB_ATTEMPT]: number },
      startTime: timeOf(core, timeNs),
      parent: this.#operation.context,
    })
    return {
      number,
      span: operation.span,
      context: operation.context,
      get isOpen() {
        return operation.isOpen
      },
      // The attempt goes on in the run's task: it is the same flow.
      run: (fn) => context.with(operation.context, fn),
      ended: (result, options = {}) => operation.end(result, options, {}),
    }
  }
}

function commonAttributes(job: JobSettings, options: JobRunOptions, runId: string): Attributes {
  const attributes: Attributes = {
    [ATTR_WAYWARD_JOB_NAME]: job.name,
    [ATTR_WAYWARD_JOB_RUN_ID]: runId,
  }
  if (job.id !== undefined) attributes[ATTR_WAYWARD_JOB_ID] = job.id
  if (job.attemptLimit !== undefined) attributes[ATTR_WAYWARD_JOB_ATTEMPT_LIMIT] = job.attemptLimit
  if (options.workerId !== undefined) attributes[ATTR_WAYWARD_JOB_WORKER_ID] = options.workerId
  return attributes
}

function scheduleAttributes(job: JobSettings, options: JobRunOptions): Attributes {
  const attributes: Attributes = {}
  if (options.trigger !== undefined) attributes[ATTR_WAYWARD_JOB_TRIGGER] = options.trigger
  if (job.schedule !== undefined) attributes[ATTR_WAYWARD_JOB_SCHEDULE] = job.schedule
  if (job.timezone !== undefined) attributes[ATTR_WAYWARD_JOB_SCHEDULE_TIMEZONE] = job.timezone
  const times: readonly (readonly [string, bigint | undefined])[] = [
    [ATTR_WAYWARD_JOB_SCHEDULED_TIME, options.scheduledTimeNs],
    [ATTR_WAYWARD_JOB_DUE_TIME, options.dueTimeNs],
    [ATTR_WAYWARD_JOB_DEADLINE, options.deadlineNs],
  ]
  for (const [key, timeNs] of times) if (timeNs !== undefined) attributes[key] = toRfc3339(timeNs)
  return attributes
}

/** What a disabled job hands out. */
const noAttempt: JobAttempt = {
  number: 0,
  isOpen: false,
  span: undefined,
  get context() {
    return context.active()
  },
  run: (fn) => fn(),
  ended: () => undefined,
}

const noRun: JobRun = {
  runId: '',
  isOpen: false,
  span: undefined,
  get context() {
    return context.active()
  },
  run: (fn) => fn(),
  attempt: (fn) => fn(noAttempt),
  startAttempt: () => noAttempt,
  ended: () => undefined,
}
