// What is reported as OpenTelemetry spans and log records: an operation is a span, which is sent
// when it ends; what has no duration, or still goes on, is a log record with an event name.
//
// The mark of an operation is its span.
import {
  type Context,
  type Link,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { Logger } from '@opentelemetry/api-logs'
import {
  WAYWARD_JOB_RESULT_VALUE_ERROR,
  WAYWARD_JOB_RESULT_VALUE_FAILURE,
  WAYWARD_JOB_RESULT_VALUE_TIMEOUT,
  WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED,
} from '@wayward/semconv'
import type { Operation, ReportedEvent } from '../report/operation.ts'
import type { Emitter } from './emitter.ts'
import { toLogRecord } from './log-record.ts'
import { attributesOf, endAttributesOf } from './span-attributes.ts'

/** Where spans and log records go. */
export interface SpanEmitterSettings {
  readonly tracer: Tracer
  readonly logger: Logger
}

export function createSpanEmitter(settings: SpanEmitterSettings): Emitter {
  return new SpanEmitter(settings)
}

class SpanEmitter implements Emitter {
  readonly #tracer: Tracer
  readonly #logger: Logger

  constructor({ tracer, logger }: SpanEmitterSettings) {
    this.#tracer = tracer
    this.#logger = logger
  }

  begin(operation: Operation): void {
    // A wait in a queue is an attribute of the item's span; one for a lock is a span when it ends,
    // because most requests do not wait.
    if (operation.kind === 'queue_wait' || operation.kind === 'lock_wait') return
    operation.mark = this.#start(operation)
  }

  end(operation: Operation, seconds: number, ns: number): void {
    if (operation.kind === 'queue_wait') return
    const isWait = operation.kind === 'lock_wait'
    if (isWait && !operation.isReported) return
    const span = isWait ? this.#start(operation) : (operation.mark as Span)
    const attributes = endAttributesOf(operation)
    if (attributes !== undefined) span.setAttributes(attributes)
    if (isFailed(operation)) {
      const message = 'errorMessage' in operation ? operation.errorMessage : undefined
      span.setStatus({ code: SpanStatusCode.ERROR, ...(message === undefined ? {} : { message }) })
    }
    span.end([seconds, ns])
  }

  event(event: ReportedEvent): void {
    const at = event.kind === 'log' ? event.context : this.#contextOfEvent(event)
    this.#logger.emit(toLogRecord(event, at))
  }

  spanOf({ mark }: Operation): Span | undefined {
    return mark as Span | undefined
  }

  contextOf({ mark, parent }: Operation): Context {
    return mark === undefined ? parent : trace.setSpan(parent, mark as Span)
  }

  #contextOfEvent(event: ReportedEvent): Context | undefined {
    if ('operation' in event) return this.contextOf(event.operation)
    return event.kind === 'lock_order' ? event.context : undefined
  }

  #start(operation: Operation): Span {
    const options: SpanOptions = {
      startTime: [operation.startSeconds, operation.startNs],
      attributes: attributesOf(operation),
    }
    if (operation.kind === 'queue_enqueue') options.kind = SpanKind.PRODUCER
    if (operation.kind === 'queue_item') {
      options.kind = SpanKind.CONSUMER
      options.links = linksTo(operation.parent)
    }
    return this.#tracer.startSpan(nameOf(operation), options, operation.parent)
  }
}

function nameOf(operation: Operation): string {
  if (operation.kind === 'zone') return operation.name
  if ('lock' in operation) return `${verbs[operation.kind]} ${operation.lock.name}`
  if (operation.kind === 'pause') return `pause ${operation.cause}`
  if ('job' in operation) return `${verbs[operation.kind]} ${operation.job.name}`
  return `${verbs[operation.kind]} ${operation.queue.name}`
}

const verbs = {
  lock_wait: 'wait',
  lock_hold: 'hold',
  queue_enqueue: 'enqueue',
  queue_wait: 'process',
  queue_item: 'process',
  job_run: 'run',
  job_attempt: 'attempt',
} as const satisfies Readonly<Record<Exclude<Operation['kind'], 'zone' | 'pause'>, string>>

const failedResults: ReadonlySet<string | undefined> = new Set([
  WAYWARD_JOB_RESULT_VALUE_FAILURE,
  WAYWARD_JOB_RESULT_VALUE_ERROR,
  WAYWARD_JOB_RESULT_VALUE_TIMEOUT,
])

function isFailed(operation: Operation): boolean {
  const { kind } = operation
  if (kind === 'queue_item') return operation.result === WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED
  if (kind === 'job_run' || kind === 'job_attempt') return failedResults.has(operation.result)
  return kind === 'zone' && operation.errorType !== undefined
}

/** The item's span is a child of the span that enqueued it, and says so with a link as well. */
function linksTo(parent: Context): Link[] {
  const producer = trace.getSpanContext(parent)
  return producer === undefined ? [] : [{ context: producer }]
}
