import { type Context, context } from '@opentelemetry/api'
import {
  WAYWARD_JOB_RESULT_VALUE_ERROR,
  WAYWARD_JOB_RESULT_VALUE_SUCCESS,
  WAYWARD_KIND_VALUE_JOB_ATTEMPT,
  WAYWARD_KIND_VALUE_JOB_RUN,
} from '@wayward/semconv'
import { type Core, errorTypeOf, guard, momentOf } from './core.ts'
import { OpenOperation } from './open-operation.ts'
import type { JobOperation, JobRunFacts, JobSubject } from './operation.ts'
import type {
  JobAttempt,
  JobEndOptions,
  JobResult,
  JobRun,
  JobRunOptions,
  JobSettings,
  ReportedJob,
} from './reported-job.ts'
import { follow, noScope, type Scope } from './scope.ts'
import type { Task } from './task.ts'

export function createJob(core: Core, settings: JobSettings): ReportedJob {
  const { name, id, schedule, timezone, attemptLimit } = settings
  const job: JobSubject = { name, id, schedule, timezone, attemptLimit, mark: undefined }
  const start = (options: JobRunOptions = {}): JobRun => {
    if (!core.isEnabled) return noRun
    return guard<JobRun>(core, () => new OpenRun(core, job, options), noRun)
  }
  return {
    name,
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

/** A run or an attempt that has not ended. */
class OpenJob extends OpenOperation implements JobOperation {
  result: JobResult | undefined = undefined
  errorType: string | undefined = undefined
  errorMessage: string | undefined = undefined
  exitCode: number | undefined = undefined
  attemptNumber: number | undefined
  readonly kind: JobOperation['kind']
  readonly job: JobSubject
  readonly facts: JobRunFacts
  readonly sequence: number
  readonly parent: Context
  readonly #task: Task

  constructor(core: Core, settings: OpenJobSettings) {
    super(core, core.clock.anchorMs, momentOf(core, settings.timeNs))
    this.kind = settings.kind
    this.job = settings.job
    this.facts = settings.facts
    this.attemptNumber = settings.attemptNumber
    this.parent = settings.parent
    this.#task = settings.task
    this.sequence = core.process.nextSequence()
    this.begin()
  }

  get task(): Task {
    return this.#task
  }

  get taskNumber(): number {
    return this.#task.number
  }

  get taskName(): string | undefined {
    return this.#task.name
  }

  ended(result: JobResult, options: JobEndOptions): void {
    if (!this.isOpen) return
    this.result = result
    guard(this.core, () => this.#describe(result, options), undefined)
    this.tryFinish(options.timeNs)
  }

  #describe(result: JobResult, options: JobEndOptions): void {
    this.exitCode = options.exitCode
    if (result === WAYWARD_JOB_RESULT_VALUE_SUCCESS) return
    this.errorType = 'error' in options ? errorTypeOf(options.error) : result
    if (options.error instanceof Error) this.errorMessage = options.error.message
  }

  close(): void {
    // It is in no list.
  }
}

interface OpenJobSettings {
  readonly kind: JobOperation['kind']
  readonly job: JobSubject
  readonly facts: JobRunFacts
  readonly task: Task
  readonly parent: Context
  readonly timeNs: bigint | undefined
  readonly attemptNumber?: number
}

class OpenRun implements JobRun {
  readonly runId: string
  readonly #operation: OpenJob
  #attemptCount = 0

  constructor(core: Core, job: JobSubject, options: JobRunOptions) {
    this.runId = options.runId ?? core.process.nextRunId()
    this.#operation = new OpenJob(core, {
      kind: WAYWARD_KIND_VALUE_JOB_RUN,
      job,
      facts: {
        runId: this.runId,
        workerId: options.workerId,
        trigger: options.trigger,
        scheduledTimeNs: options.scheduledTimeNs,
        dueTimeNs: options.dueTimeNs,
        deadlineNs: options.deadlineNs,
      },
      task: core.tasks.create(job.name, true),
      parent: context.active(),
      timeNs: options.timeNs,
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
    const { core, task } = this.#operation
    return context.with(this.context, () => core.tasks.enter(task, fn))
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
    // A run without attempts reported by hand was one attempt.
    if (this.isOpen) this.#operation.attemptNumber = Math.max(1, this.#attemptCount)
    this.#operation.ended(result, options)
  }

  #beginAttempt(timeNs: bigint | undefined): JobAttempt {
    const { core, job, facts, task } = this.#operation
    const number = ++this.#attemptCount
    const operation = new OpenJob(core, {
      kind: WAYWARD_KIND_VALUE_JOB_ATTEMPT,
      job,
      facts,
      task,
      attemptNumber: number,
      parent: this.context,
      timeNs,
    })
    return {
      number,
      get span() {
        return operation.span
      },
      get context() {
        return operation.context
      },
      get isOpen() {
        return operation.isOpen
      },
      // The attempt goes on in the run's task: it is the same flow.
      run: (fn) => operation.run(fn),
      ended: (result, options = {}) => operation.ended(result, options),
    }
  }
}

/** What a disabled job hands out. */
const noAttempt: JobAttempt = {
  number: 0,
  isOpen: false,
  get span() {
    return noScope.span
  },
  get context() {
    return noScope.context
  },
  run: (fn) => fn(),
  ended: () => undefined,
}

const noRun: JobRun = {
  runId: '',
  isOpen: false,
  get span() {
    return noScope.span
  },
  get context() {
    return noScope.context
  },
  run: (fn) => fn(),
  attempt: (fn) => fn(noAttempt),
  startAttempt: () => noAttempt,
  ended: () => undefined,
}
