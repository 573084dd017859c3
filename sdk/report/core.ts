import {
  type Attributes,
  type Context,
  context,
  diag,
  type HrTime,
  type Span,
  type Tracer,
} from '@opentelemetry/api'
import type { Logger as OtelLogger } from '@opentelemetry/api-logs'
import {
  ATTR_THREAD_ID,
  ATTR_THREAD_NAME,
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_TASK_ID,
  ATTR_WAYWARD_TASK_NAME,
} from '@wayward/semconv'
import { type Clock, toHrTime } from '../process/clock.ts'
import type { OpenOperations } from './open-operations.ts'
import type { ProcessState } from '../process/process-state.ts'
import type { Task, Tasks } from './task.ts'

/**
 * What every reported thing needs: where spans and events go, the clock, the tasks, the counters.
 */
export interface Core {
  /** False after shutdown and where the SDK is disabled: nothing is recorded then. */
  isEnabled: boolean
  /** Errors of our own code that were kept from the application. */
  swallowedCount: number
  readonly tracer: Tracer
  readonly logger: OtelLogger
  readonly clock: Clock
  readonly tasks: Tasks
  readonly process: ProcessState
  readonly open: OpenOperations
  readonly threadId: number
  readonly threadName: string
}

/** An error of ours never reaches the application: it is counted, and `fallback` is the answer. */
export function guard<T>(core: Core, action: () => T, fallback: T): T {
  try {
    return action()
  } catch (error) {
    // The first is told, in case the application gave something that it should not; the rest are
    // counted.
    if (core.swallowedCount++ === 0) diag.warn('Cannot report, and the application goes on', error)
    return fallback
  }
}

/** The attributes of every Wayward span and event. */
export function actorAttributes(
  core: Core,
  kind: string,
  sequence: number,
  task: Task,
): Attributes {
  const attributes: Attributes = {
    [ATTR_WAYWARD_KIND]: kind,
    [ATTR_WAYWARD_EVENT_SEQUENCE]: sequence,
    [ATTR_THREAD_ID]: core.threadId,
    [ATTR_THREAD_NAME]: core.threadName,
    [ATTR_WAYWARD_TASK_ID]: task.id,
  }
  if (task.name !== undefined) attributes[ATTR_WAYWARD_TASK_NAME] = task.name
  return attributes
}

/** The given time, or the present by the clock's anchor of the operation that it is for. */
export function timeOf(core: Core, timeNs: bigint | undefined, anchorMs?: number): HrTime {
  return timeNs === undefined ? core.clock.now(anchorMs) : toHrTime(timeNs)
}

/** `error.type`: the class of what was thrown. */
export function errorType(error: unknown): string {
  if (error instanceof Error) {
    const code = (error as { code?: unknown }).code
    return typeof code === 'string' && code !== '' ? code : error.name
  }
  return typeof error
}

/** What reported work offers its caller: its span, and a way to run code as its child. */
export interface Scope {
  /** The operation's span, undefined while disabled. */
  readonly span: Span | undefined
  /** The context whose active span is the operation's. */
  readonly context: Context
  /**
   * Runs `fn` with the operation's span active, so that spans made in it become its children.
   * @returns what `fn` returns; what it throws is thrown on.
   */
  run<T>(fn: () => T): T
}

export function createScope(span: Span | undefined, scopeContext: Context): Scope {
  return { span, context: scopeContext, run: (fn) => context.with(scopeContext, fn) }
}

/**
 * Runs `fn` and calls `onEnd` once, when what it returned has settled; sync or not. Results and
 * errors pass as they are. A promise is answered with one that follows it, so that a rejection
 * which nobody handles is still seen as such.
 */
export function follow<T>(fn: () => T, onEnd: (error: { value: unknown } | undefined) => void): T {
  let result: T
  try {
    result = fn()
  } catch (error) {
    onEnd({ value: error })
    throw error
  }
  if (!isThenable(result)) {
    onEnd(undefined)
    return result
  }
  return Promise.resolve(result).then(
    (value) => {
      onEnd(undefined)
      return value
    },
    (error: unknown) => {
      onEnd({ value: error })
      throw error
    },
  ) as T
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
