// The attributes of reported operations, by the names of the semantic conventions.
import type { Attributes } from '@opentelemetry/api'
import {
  ATTR_CODE_FILE_PATH,
  ATTR_CODE_FUNCTION_NAME,
  ATTR_CODE_LINE_NUMBER,
  ATTR_ERROR_TYPE,
  ATTR_THREAD_ID,
  ATTR_THREAD_NAME,
  ATTR_V8JS_GC_TYPE,
  ATTR_WAYWARD_CONTEXT_CHAIN,
  ATTR_WAYWARD_EVENT_SEQUENCE,
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
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_LOCK_CONTENDED,
  ATTR_WAYWARD_LOCK_DEPTH,
  ATTR_WAYWARD_LOCK_HELD,
  ATTR_WAYWARD_LOCK_HELD_COUNT,
  ATTR_WAYWARD_LOCK_HOLDER_TASK_ID,
  ATTR_WAYWARD_LOCK_HOLDER_THREAD_ID,
  ATTR_WAYWARD_LOCK_ID,
  ATTR_WAYWARD_LOCK_MODE,
  ATTR_WAYWARD_LOCK_NAME,
  ATTR_WAYWARD_LOCK_PERMITS,
  ATTR_WAYWARD_LOCK_SCOPE,
  ATTR_WAYWARD_LOCK_TIMEOUT,
  ATTR_WAYWARD_LOCK_TYPE,
  ATTR_WAYWARD_LOCK_WAIT_DURATION,
  ATTR_WAYWARD_LOCK_WAIT_RESULT,
  ATTR_WAYWARD_LOCK_WAITER_COUNT,
  ATTR_WAYWARD_PAUSE_CAUSE,
  ATTR_WAYWARD_QUEUE_CAPACITY,
  ATTR_WAYWARD_QUEUE_CONCURRENCY,
  ATTR_WAYWARD_QUEUE_ID,
  ATTR_WAYWARD_QUEUE_ITEM_ID,
  ATTR_WAYWARD_QUEUE_ITEM_NAME,
  ATTR_WAYWARD_QUEUE_ITEM_RESULT,
  ATTR_WAYWARD_QUEUE_NAME,
  ATTR_WAYWARD_QUEUE_PRIORITY,
  ATTR_WAYWARD_QUEUE_SIZE,
  ATTR_WAYWARD_QUEUE_WAIT_DURATION,
  ATTR_WAYWARD_TASK_ID,
  ATTR_WAYWARD_TASK_NAME,
  WAYWARD_JOB_RESULT_VALUE_SUCCESS,
} from '@wayward/semconv'
import { parseSite } from '@wayward/record'
import { toRfc3339 } from '../process/clock.ts'
import type {
  JobOperation,
  LockHoldOperation,
  LockWaitOperation,
  Operation,
  PauseOperation,
  QueueEnqueueOperation,
  QueueItemOperation,
  QueueWaitOperation,
  ZoneOperation,
} from '../report/operation.ts'
import { reportingThread } from '../report/thread.ts'

/** The attributes that the operation's span has as long as it is open. */
export function attributesOf(operation: Operation): Attributes {
  const { kind } = operation
  if (kind === 'lock_wait' || kind === 'lock_hold') return lockAttributes(operation)
  if (kind === 'zone') return zoneAttributes(operation)
  if (kind === 'pause') return pauseAttributes(operation)
  if ('job' in operation) return jobAttributes(operation)
  return queueAttributes(operation)
}

/** Those that its end adds. */
export function endAttributesOf(operation: Operation): Attributes | undefined {
  const { kind } = operation
  if (kind === 'lock_wait') return endOf(ATTR_WAYWARD_LOCK_WAIT_RESULT, operation)
  if (kind === 'queue_item') return endOf(ATTR_WAYWARD_QUEUE_ITEM_RESULT, operation)
  if (kind === 'job_run' || kind === 'job_attempt') return jobEndAttributes(operation)
  if (kind !== 'zone' || operation.errorType === undefined) return undefined
  return { [ATTR_ERROR_TYPE]: operation.errorType }
}

function threadAttributes(operation: Operation): Attributes {
  return {
    [ATTR_WAYWARD_KIND]: operation.kind,
    [ATTR_WAYWARD_EVENT_SEQUENCE]: operation.sequence,
    [ATTR_THREAD_ID]: reportingThread.id,
    [ATTR_THREAD_NAME]: reportingThread.name,
  }
}

/** The attributes of every Wayward span and event that somebody caused. */
function actorAttributes(operation: Operation): Attributes {
  const attributes = threadAttributes(operation)
  attributes[ATTR_WAYWARD_TASK_ID] = String(operation.taskNumber)
  if (operation.taskName !== undefined) attributes[ATTR_WAYWARD_TASK_NAME] = operation.taskName
  return attributes
}

function lockAttributes(operation: LockWaitOperation | LockHoldOperation): Attributes {
  const { lock, held, permits } = operation
  const attributes = actorAttributes(operation)
  attributes[ATTR_WAYWARD_LOCK_ID] = lock.id
  attributes[ATTR_WAYWARD_LOCK_NAME] = lock.name
  attributes[ATTR_WAYWARD_LOCK_TYPE] = lock.type
  attributes[ATTR_WAYWARD_LOCK_MODE] = operation.mode
  attributes[ATTR_WAYWARD_LOCK_SCOPE] = lock.scope
  attributes[ATTR_WAYWARD_LOCK_HELD] = held.ids as string[]
  if (held.count > held.ids.length) attributes[ATTR_WAYWARD_LOCK_HELD_COUNT] = held.count
  attributes[ATTR_WAYWARD_LOCK_WAITER_COUNT] = operation.waiterCount
  if (permits !== undefined) attributes[ATTR_WAYWARD_LOCK_PERMITS] = permits
  addSite(attributes, operation.site)
  if (operation.kind === 'lock_hold') addHold(attributes, operation)
  else addWait(attributes, operation)
  return attributes
}

function addSite(attributes: Attributes, text: string): void {
  const site = text === '' ? undefined : parseSite(text)
  if (site === undefined) return
  if (site.functionName !== '') attributes[ATTR_CODE_FUNCTION_NAME] = site.functionName
  attributes[ATTR_CODE_FILE_PATH] = site.file
  attributes[ATTR_CODE_LINE_NUMBER] = site.line
}

function addHold(attributes: Attributes, hold: LockHoldOperation): void {
  attributes[ATTR_WAYWARD_LOCK_WAIT_DURATION] = hold.waitNs
  attributes[ATTR_WAYWARD_LOCK_CONTENDED] = hold.isContended
  attributes[ATTR_WAYWARD_LOCK_DEPTH] = hold.depth
}

function addWait(attributes: Attributes, wait: LockWaitOperation): void {
  const { timeoutNs, holderTaskNumber, chain } = wait
  if (chain.length > 0) attributes[ATTR_WAYWARD_CONTEXT_CHAIN] = [...chain]
  if (timeoutNs !== undefined) attributes[ATTR_WAYWARD_LOCK_TIMEOUT] = timeoutNs
  if (holderTaskNumber !== 0) {
    attributes[ATTR_WAYWARD_LOCK_HOLDER_TASK_ID] = String(holderTaskNumber)
    attributes[ATTR_WAYWARD_LOCK_HOLDER_THREAD_ID] = reportingThread.id
  }
}

function queueAttributes(
  operation: QueueEnqueueOperation | QueueWaitOperation | QueueItemOperation,
): Attributes {
  const { queue, item } = operation
  const { capacity, concurrency } = queue
  const attributes = actorAttributes(operation)
  attributes[ATTR_WAYWARD_QUEUE_ID] = queue.id
  attributes[ATTR_WAYWARD_QUEUE_NAME] = queue.name
  attributes[ATTR_WAYWARD_QUEUE_ITEM_ID] = item.itemId
  attributes[ATTR_WAYWARD_QUEUE_SIZE] = item.size
  if (item.itemName !== undefined) attributes[ATTR_WAYWARD_QUEUE_ITEM_NAME] = item.itemName
  if (item.priority !== undefined) attributes[ATTR_WAYWARD_QUEUE_PRIORITY] = item.priority
  if (capacity !== undefined) attributes[ATTR_WAYWARD_QUEUE_CAPACITY] = capacity
  if (concurrency !== undefined && Number.isFinite(concurrency)) {
    attributes[ATTR_WAYWARD_QUEUE_CONCURRENCY] = concurrency
  }
  if (operation.kind === 'queue_item') {
    attributes[ATTR_WAYWARD_QUEUE_WAIT_DURATION] = operation.waitNs
  }
  return attributes
}

function jobAttributes(operation: JobOperation): Attributes {
  const { kind, job, facts, attemptNumber } = operation
  const attributes = actorAttributes(operation)
  attributes[ATTR_WAYWARD_JOB_NAME] = job.name
  attributes[ATTR_WAYWARD_JOB_RUN_ID] = facts.runId
  if (job.id !== undefined) attributes[ATTR_WAYWARD_JOB_ID] = job.id
  if (job.attemptLimit !== undefined) attributes[ATTR_WAYWARD_JOB_ATTEMPT_LIMIT] = job.attemptLimit
  if (facts.workerId !== undefined) attributes[ATTR_WAYWARD_JOB_WORKER_ID] = facts.workerId
  if (kind === 'job_run') addSchedule(attributes, operation)
  else if (attemptNumber !== undefined) attributes[ATTR_WAYWARD_JOB_ATTEMPT] = attemptNumber
  return attributes
}

function addSchedule(attributes: Attributes, { job, facts }: JobOperation): void {
  if (facts.trigger !== undefined) attributes[ATTR_WAYWARD_JOB_TRIGGER] = facts.trigger
  if (job.schedule !== undefined) attributes[ATTR_WAYWARD_JOB_SCHEDULE] = job.schedule
  if (job.timezone !== undefined) attributes[ATTR_WAYWARD_JOB_SCHEDULE_TIMEZONE] = job.timezone
  const times: readonly (readonly [string, bigint | undefined])[] = [
    [ATTR_WAYWARD_JOB_SCHEDULED_TIME, facts.scheduledTimeNs],
    [ATTR_WAYWARD_JOB_DUE_TIME, facts.dueTimeNs],
    [ATTR_WAYWARD_JOB_DEADLINE, facts.deadlineNs],
  ]
  for (const [key, timeNs] of times) if (timeNs !== undefined) attributes[key] = toRfc3339(timeNs)
}

function jobEndAttributes(operation: JobOperation): Attributes {
  const { kind, attemptNumber, exitCode, result } = operation
  const attributes: Attributes = {}
  if (kind === 'job_run' && attemptNumber !== undefined) {
    attributes[ATTR_WAYWARD_JOB_ATTEMPT] = attemptNumber
  }
  if (exitCode !== undefined) attributes[ATTR_WAYWARD_JOB_EXIT_CODE] = exitCode
  const end = endOf(ATTR_WAYWARD_JOB_RESULT, operation)
  // Also where nothing could be said of the error.
  if (result !== WAYWARD_JOB_RESULT_VALUE_SUCCESS) end[ATTR_ERROR_TYPE] ??= result
  return { ...attributes, ...end }
}

/** The result and the error of what has both. */
function endOf(
  key: string,
  {
    result,
    errorType,
  }: { readonly result?: string | undefined; readonly errorType?: string | undefined },
): Attributes {
  const attributes: Attributes = {}
  if (result !== undefined) attributes[key] = result
  if (errorType !== undefined) attributes[ATTR_ERROR_TYPE] = errorType
  return attributes
}

/** What the application says of its zone never goes before what we say. */
function zoneAttributes(zone: ZoneOperation): Attributes {
  const actor = actorAttributes(zone)
  return zone.attributes === undefined ? actor : { ...zone.attributes, ...actor }
}

/** It is of all tasks of its thread, and so of none. */
function pauseAttributes(pause: PauseOperation): Attributes {
  const attributes = threadAttributes(pause)
  attributes[ATTR_WAYWARD_PAUSE_CAUSE] = pause.cause
  if (pause.gcType !== undefined) attributes[ATTR_V8JS_GC_TYPE] = pause.gcType
  return attributes
}
