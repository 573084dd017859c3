// What the SDK of one process reports of what happens in it: spans of what has ended, snapshots of
// what is open. It knows only what an SDK knows: its own process, its own clock, and of a lock of a
// cluster only its own holders. docs/sdk.md has the rules, sdk/ the real one.
import type { LogRecord, Span } from '@wayward/otlp'
import {
  ATTR_ERROR_TYPE,
  ATTR_THREAD_ID,
  ATTR_THREAD_NAME,
  ATTR_V8JS_GC_TYPE,
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_JOB_ATTEMPT,
  ATTR_WAYWARD_JOB_DEADLINE,
  ATTR_WAYWARD_JOB_DUE_TIME,
  ATTR_WAYWARD_JOB_NAME,
  ATTR_WAYWARD_JOB_RESULT,
  ATTR_WAYWARD_JOB_RUN_ID,
  ATTR_WAYWARD_JOB_SCHEDULE,
  ATTR_WAYWARD_JOB_TRIGGER,
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_LOCK_CONTENDED,
  ATTR_WAYWARD_LOCK_DEPTH,
  ATTR_WAYWARD_LOCK_HELD,
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
  ATTR_WAYWARD_OPERATION_AGE,
  ATTR_WAYWARD_OPERATION_SEQUENCE,
  ATTR_WAYWARD_OPERATION_START_TIME,
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
  EVENT_WAYWARD_OPERATION_ENDED,
  EVENT_WAYWARD_OPERATION_OPEN,
} from '@wayward/semconv'
import { type Attributes, toKeyValues } from './attributes.ts'
import type {
  ItemDequeued,
  ItemEnded,
  ItemEnqueued,
  LockGivenUp,
  LockGranted,
  LockReleased,
  LockRequested,
  Paused,
  ProcessInfo,
  RunEnded,
  RunStarted,
  SpanEnded,
  SpanStarted,
  TaskInfo,
  WorldEvent,
} from './event.ts'
import { remove } from './lock.ts'

/** A span as it leaves the process, and when. */
export interface SentSpan {
  readonly at: number
  /** Its `wayward.event.sequence`, 0 for spans of others. */
  readonly sequence: number
  /** The operation of the world that it tells. */
  readonly operation: number
  /** The operation that its trace began with: what samplers decide by. */
  readonly root: number
  readonly span: Span
}

export interface SentLog {
  readonly at: number
  readonly operation: number
  readonly record: LogRecord
}

/** Something that has begun and not ended. */
interface OpenOperation {
  readonly operation: number
  readonly startAt: number
  readonly sequence: number
  /** How far the process' clock was off when it began. */
  readonly shiftNs: number
  readonly attributes: Attributes
  readonly parent: number | undefined
  readonly root: number
  isTold: boolean
}

interface OpenRequest extends OpenOperation {
  readonly event: LockRequested
}

interface OpenHold extends OpenOperation {
  readonly event: LockRequested
}

interface OpenItem extends OpenOperation {
  readonly event: ItemEnqueued
  readonly size: number
}

interface LocalLock {
  readonly holds: OpenHold[]
  waitingCount: number
}

const spanKinds = { internal: 1, consumer: 5 } as const
const errorStatus = 2
/** From this wait on a lock beyond the process counts as contended. */
const contendedNsMin = 1e6

export interface SdkView {
  /** Something happened in the process. */
  handle(event: WorldEvent): void
  /** The timer of snapshots looks at an operation. `part` is that of an item that is processed. */
  snapshot(operation: number, at: number): void
  readonly spans: readonly SentSpan[]
  readonly logs: readonly SentLog[]
  nextSequence(): number
  toUnixNano(at: number): bigint
}

export interface SdkViewSettings {
  readonly process: ProcessInfo
  /** When the world began, nanoseconds since 1970. */
  readonly startNs: bigint
  /** Tells the ids of worlds apart. */
  readonly salt: number
}

export function createSdkView({ process, startNs, salt }: SdkViewSettings): SdkView {
  const spans: SentSpan[] = []
  const logs: SentLog[] = []
  const locks = new Map<string, LocalLock>()
  const queueSizes = new Map<string, number>()
  const open = new Map<number, OpenOperation>()
  const roots = new Map<number, number>()
  let sequence = 0
  let attemptSpans = 0

  const shiftAt = (at: number): number =>
    process.clock.steps.reduce(
      (sum, step) => (step.at <= at ? sum + step.byNs : sum),
      process.clock.offsetNs,
    )
  const toNano = (at: number, shiftNs: number): bigint => startNs + BigInt(at + shiftNs)
  const toText = (at: number, shiftNs: number): string => toRfc3339(toNano(at, shiftNs))

  function begin<T extends object>(
    event: { readonly operation: number; readonly at: number; readonly parent: number | undefined },
    of: { readonly sequence: number; readonly attributes: Attributes; readonly shiftNs?: number },
    more: T,
  ): OpenOperation & T {
    const { operation, parent } = event
    const root = parent === undefined ? operation : (roots.get(parent) ?? parent)
    roots.set(operation, root)
    const shiftNs = of.shiftNs ?? shiftAt(event.at)
    const one = {
      ...of,
      operation,
      startAt: event.at,
      parent,
      root,
      shiftNs,
      isTold: false,
      ...more,
    }
    open.set(operation, one)
    return one
  }

  function close(operation: number, at: number): OpenOperation | undefined {
    const one = open.get(operation)
    if (one === undefined) return undefined
    open.delete(operation)
    if (one.isTold) tell(EVENT_WAYWARD_OPERATION_ENDED, one, at)
    return one
  }

  function send(
    one: OpenOperation,
    at: number,
    of: { readonly name: string; readonly kind?: number; readonly attributes: Attributes },
  ): void {
    const error = of.attributes[ATTR_ERROR_TYPE] !== undefined
    const sent = of.attributes[ATTR_WAYWARD_EVENT_SEQUENCE]
    spans.push({
      at,
      sequence: typeof sent === 'number' ? sent : 0,
      operation: one.operation,
      root: one.root,
      span: {
        traceId: toId(16, salt, one.root),
        spanId: toId(8, salt, one.operation),
        ...(one.parent === undefined ? {} : { parentSpanId: toId(8, salt, one.parent) }),
        name: of.name,
        kind: of.kind ?? spanKinds.internal,
        startTimeUnixNano: toNano(one.startAt, one.shiftNs),
        endTimeUnixNano: toNano(at, one.shiftNs),
        attributes: toKeyValues(of.attributes),
        ...(error ? { status: { code: errorStatus } } : {}),
      },
    })
  }

  function tell(eventName: string, one: OpenOperation, at: number): void {
    const time = toNano(at, one.shiftNs)
    logs.push({
      at,
      operation: one.operation,
      record: {
        eventName,
        severityNumber: 9,
        timeUnixNano: time,
        observedTimeUnixNano: time,
        traceId: toId(16, salt, one.root),
        spanId: toId(8, salt, one.operation),
        attributes: toKeyValues({
          ...one.attributes,
          [ATTR_WAYWARD_EVENT_SEQUENCE]: ++sequence,
          [ATTR_WAYWARD_OPERATION_SEQUENCE]: one.sequence,
          [ATTR_WAYWARD_OPERATION_START_TIME]: toText(one.startAt, one.shiftNs),
          [ATTR_WAYWARD_OPERATION_AGE]: at - one.startAt,
        }),
      },
    })
  }

  function localLock(id: string): LocalLock {
    const known = locks.get(id) ?? { holds: [], waitingCount: 0 }
    locks.set(id, known)
    return known
  }

  function heldBy(task: TaskInfo): string[] {
    return [...locks.entries()].flatMap(([id, { holds }]) =>
      holds.filter((hold) => hold.event.task.id === task.id).map(() => id),
    )
  }

  function onLockRequested(event: LockRequested): void {
    const { lock, task, mode, permits, timeoutNs } = event
    const local = localLock(lock.id)
    const [holder] = local.holds
    const attributes: Attributes = {
      ...actorOf(task, 'lock_wait', ++sequence),
      [ATTR_WAYWARD_LOCK_ID]: lock.id,
      [ATTR_WAYWARD_LOCK_NAME]: lock.name,
      [ATTR_WAYWARD_LOCK_TYPE]: lock.type,
      [ATTR_WAYWARD_LOCK_MODE]: mode,
      [ATTR_WAYWARD_LOCK_SCOPE]: lock.scope,
      [ATTR_WAYWARD_LOCK_HELD]: heldBy(task),
      [ATTR_WAYWARD_LOCK_WAITER_COUNT]: local.waitingCount,
      [ATTR_WAYWARD_LOCK_PERMITS]: lock.capacity > 1 || permits > 1 ? permits : undefined,
      [ATTR_WAYWARD_LOCK_TIMEOUT]: timeoutNs,
      [ATTR_WAYWARD_LOCK_HOLDER_TASK_ID]: holder?.event.task.id,
      [ATTR_WAYWARD_LOCK_HOLDER_THREAD_ID]: holder?.event.task.threadId,
    }
    local.waitingCount++
    begin(event, { sequence, attributes }, { event })
  }

  function onLockGranted(event: LockGranted): void {
    const request = open.get(event.operation) as OpenRequest | undefined
    if (request === undefined) return
    const { lock, task } = request.event
    const local = localLock(lock.id)
    local.waitingCount--
    const waitNs = event.at - request.startAt
    const isContended =
      lock.scope === 'process' ? event.hasWaited : event.hasWaited && waitNs >= contendedNsMin
    close(event.operation, event.at)
    if (isContended) {
      const attributes = { ...request.attributes, [ATTR_WAYWARD_LOCK_WAIT_RESULT]: 'granted' }
      send(request, event.at, { name: `wait ${lock.name}`, attributes })
    }
    const holdSequence = isContended ? ++sequence : request.sequence
    const attributes: Attributes = {
      ...request.attributes,
      ...actorOf(task, 'lock_hold', holdSequence),
      [ATTR_WAYWARD_LOCK_TIMEOUT]: undefined,
      [ATTR_WAYWARD_LOCK_HOLDER_TASK_ID]: undefined,
      [ATTR_WAYWARD_LOCK_HOLDER_THREAD_ID]: undefined,
      [ATTR_WAYWARD_LOCK_WAIT_DURATION]: isContended ? waitNs : 0,
      [ATTR_WAYWARD_LOCK_CONTENDED]: isContended,
      [ATTR_WAYWARD_LOCK_DEPTH]:
        1 + local.holds.filter((hold) => hold.event.task.id === task.id).length,
    }
    const { shiftNs, parent } = request
    const beginning = { operation: event.hold, at: event.at, parent }
    const of = { sequence: holdSequence, attributes, shiftNs }
    local.holds.push(begin(beginning, of, { event: request.event }))
  }

  function onLockGivenUp(event: LockGivenUp): void {
    const request = close(event.operation, event.at) as OpenRequest | undefined
    if (request === undefined) return
    const { lock } = request.event
    localLock(lock.id).waitingCount--
    const attributes = { ...request.attributes, [ATTR_WAYWARD_LOCK_WAIT_RESULT]: event.result }
    send(request, event.at, { name: `wait ${lock.name}`, attributes })
  }

  function onLockReleased(event: LockReleased): void {
    const hold = close(event.operation, event.at) as OpenHold | undefined
    if (hold === undefined) return
    const { lock } = hold.event
    remove(localLock(lock.id).holds, hold)
    send(hold, event.at, { name: `hold ${lock.name}`, attributes: hold.attributes })
  }

  function onItemEnqueued(event: ItemEnqueued): void {
    const { queue, task } = event
    const size = queueSizes.get(queue.id) ?? 0
    queueSizes.set(queue.id, size + 1)
    const attributes = itemAttributes(event, size, actorOf(task, 'queue_wait', ++sequence))
    begin(event, { sequence, attributes }, { event, size })
  }

  function onItemDequeued(event: ItemDequeued): void {
    const item = close(event.operation, event.at) as OpenItem | undefined
    if (item === undefined) return
    const { queue, parent } = item.event
    queueSizes.set(queue.id, (queueSizes.get(queue.id) ?? 1) - 1)
    const actor = actorOf(event.task, 'queue_item', item.sequence)
    const attributes: Attributes = {
      ...itemAttributes(item.event, item.size, actor),
      [ATTR_WAYWARD_QUEUE_WAIT_DURATION]: event.at - item.startAt,
    }
    const { sequence: of, shiftNs, event: enqueued, size } = item
    const beginning = { operation: event.operation, at: event.at, parent }
    begin(beginning, { sequence: of, attributes, shiftNs }, { event: enqueued, size })
  }

  function onItemEnded(event: ItemEnded): void {
    const item = close(event.operation, event.at) as OpenItem | undefined
    if (item === undefined) return
    const attributes: Attributes = {
      ...item.attributes,
      [ATTR_WAYWARD_QUEUE_ITEM_RESULT]: event.result,
      [ATTR_ERROR_TYPE]: event.error,
    }
    const name = `process ${item.event.queue.name}`
    send(item, event.at, { name, kind: spanKinds.consumer, attributes })
  }

  function onRunStarted(event: RunStarted): void {
    const { job, task, toldDueAt, deadlineAt } = event
    const shiftNs = shiftAt(event.at)
    const toldTime = (at: number | undefined) =>
      at === undefined ? undefined : toText(at, shiftNs)
    const attributes: Attributes = {
      ...actorOf(task, 'job_run', ++sequence),
      [ATTR_WAYWARD_JOB_NAME]: job.name,
      [ATTR_WAYWARD_JOB_RUN_ID]: event.runId,
      [ATTR_WAYWARD_JOB_TRIGGER]: job.trigger,
      [ATTR_WAYWARD_JOB_SCHEDULE]: job.schedule,
      [ATTR_WAYWARD_JOB_DUE_TIME]: toldTime(toldDueAt),
      [ATTR_WAYWARD_JOB_DEADLINE]: toldTime(deadlineAt),
    }
    begin(event, { sequence, attributes, shiftNs }, { event })
  }

  function onRunEnded(event: RunEnded): void {
    const run = close(event.operation, event.at) as
      | (OpenOperation & { event: RunStarted })
      | undefined
    if (run === undefined) return
    if (event.attempts > 1) sendAttempts(run, event)
    const attributes: Attributes = {
      ...run.attributes,
      [ATTR_WAYWARD_JOB_RESULT]: event.result,
      [ATTR_WAYWARD_JOB_ATTEMPT]: event.attempts,
      [ATTR_ERROR_TYPE]: event.error,
    }
    send(run, event.at, { name: `run ${run.event.job.name}`, attributes })
  }

  /** The attempts of a run share its time evenly; all but the last have failed. */
  function sendAttempts(run: OpenOperation & { event: RunStarted }, event: RunEnded): void {
    const { job, runId, task } = run.event
    const eachNs = Math.floor((event.at - run.startAt) / event.attempts)
    for (let number = 1; number <= event.attempts; number++) {
      const isLast = number === event.attempts
      const startAt = run.startAt + (number - 1) * eachNs
      const attempt: OpenOperation = {
        ...run,
        operation: 2 ** 31 + ++attemptSpans,
        parent: run.operation,
        startAt,
      }
      send(attempt, isLast ? event.at : startAt + eachNs, {
        name: `attempt ${job.name}`,
        attributes: {
          ...actorOf(task, 'job_attempt', ++sequence),
          [ATTR_WAYWARD_JOB_NAME]: job.name,
          [ATTR_WAYWARD_JOB_RUN_ID]: runId,
          [ATTR_WAYWARD_JOB_ATTEMPT]: number,
          [ATTR_WAYWARD_JOB_RESULT]: isLast ? event.result : 'error',
          [ATTR_ERROR_TYPE]: isLast ? event.error : 'Error',
        },
      })
    }
  }

  function onSpanStarted(event: SpanStarted): void {
    begin(event, { sequence: 0, attributes: {} }, { event })
  }

  function onSpanEnded(event: SpanEnded): void {
    const one = open.get(event.operation) as (OpenOperation & { event: SpanStarted }) | undefined
    if (one === undefined) return
    open.delete(event.operation)
    send(one, event.at, { name: one.event.name, attributes: {} })
  }

  function onPaused({ at, cause, gcType, lengthNs, operation, threadId }: Paused): void {
    const attributes: Attributes = {
      [ATTR_WAYWARD_KIND]: 'pause',
      [ATTR_WAYWARD_EVENT_SEQUENCE]: ++sequence,
      ...threadOf(threadId),
      [ATTR_WAYWARD_PAUSE_CAUSE]: cause,
      [ATTR_V8JS_GC_TYPE]: gcType,
    }
    const over = begin(
      { operation, at: at - lengthNs, parent: undefined },
      { sequence, attributes },
      {},
    )
    open.delete(operation)
    send(over, at, { name: `pause ${cause}`, attributes })
  }

  const handlers: { readonly [K in WorldEvent['kind']]: (event: never) => void } = {
    'lock requested': onLockRequested,
    'lock granted': onLockGranted,
    'lock given up': onLockGivenUp,
    'lock released': onLockReleased,
    'item enqueued': onItemEnqueued,
    'item dequeued': onItemDequeued,
    'item ended': onItemEnded,
    'run due': () => undefined,
    'run started': onRunStarted,
    'run ended': onRunEnded,
    'span started': onSpanStarted,
    'span ended': onSpanEnded,
    paused: onPaused,
  }
  return {
    spans,
    logs,
    handle: (event) => handlers[event.kind](event as never),
    snapshot(operation, at) {
      const one = open.get(operation)
      if (one === undefined) return
      one.isTold = true
      tell(EVENT_WAYWARD_OPERATION_OPEN, one, at)
    },
    nextSequence: () => ++sequence,
    toUnixNano: (at) => toNano(at, shiftAt(at)),
  }
}

function itemAttributes(event: ItemEnqueued, size: number, actor: Attributes): Attributes {
  const { queue } = event
  return {
    ...actor,
    [ATTR_WAYWARD_QUEUE_ID]: queue.id,
    [ATTR_WAYWARD_QUEUE_NAME]: queue.name,
    [ATTR_WAYWARD_QUEUE_ITEM_ID]: event.itemId,
    [ATTR_WAYWARD_QUEUE_SIZE]: size,
    [ATTR_WAYWARD_QUEUE_ITEM_NAME]: event.name,
    [ATTR_WAYWARD_QUEUE_PRIORITY]: event.priority,
    [ATTR_WAYWARD_QUEUE_CAPACITY]: queue.capacity,
    [ATTR_WAYWARD_QUEUE_CONCURRENCY]: queue.tellsConcurrency ? queue.concurrency : undefined,
  }
}

function actorOf(task: TaskInfo, kind: string, sequence: number): Attributes {
  return {
    [ATTR_WAYWARD_KIND]: kind,
    [ATTR_WAYWARD_EVENT_SEQUENCE]: sequence,
    ...threadOf(task.threadId),
    [ATTR_WAYWARD_TASK_ID]: task.id,
    [ATTR_WAYWARD_TASK_NAME]: task.name,
  }
}

function threadOf(id: number): Attributes {
  return { [ATTR_THREAD_ID]: id, [ATTR_THREAD_NAME]: id === 0 ? 'main' : `worker-${id}` }
}

/** An id of so many bytes that ends in the number of an operation. */
function toId(bytes: number, salt: number, operation: number): Uint8Array {
  const id = new Uint8Array(bytes)
  const view = new DataView(id.buffer)
  view.setUint32(0, salt)
  view.setUint32(bytes - 4, operation)
  return id
}

function toRfc3339(ns: bigint): string {
  const secondsPart = new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 19)
  return `${secondsPart}.${(ns % 1_000_000_000n).toString().padStart(9, '0')}Z`
}
