// The queues in front of the exporters. OpenTelemetry's batch processors drop silently when they are full;
// these wrappers count what is dropped, with the range of sequence numbers, and tell it as an event.
import type { Context } from '@opentelemetry/api'
import { type Logger, SeverityNumber } from '@opentelemetry/api-logs'
import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import type {
  LogRecordExporter,
  LogRecordProcessor,
  ReadableLogRecord,
  SdkLogRecord,
} from '@opentelemetry/sdk-logs'
import type { ReadableSpan, Span, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base'
import {
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_COUNT,
  ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE,
  ATTR_WAYWARD_EVENTS_DROPPED_REASON,
  EVENT_WAYWARD_EVENTS_DROPPED,
  WAYWARD_EVENTS_DROPPED_REASON_VALUE_EXPORT_FAILED,
  WAYWARD_EVENTS_DROPPED_REASON_VALUE_QUEUE_FULL,
} from '@wayward/semconv'
import type { Clock } from './clock.ts'

interface Loss {
  count: number
  first: number
  last: number
}

/** Counts what was dropped and tells it. */
export interface LossReport {
  add(reason: string, item: { readonly attributes: object }): void
  /** All that was dropped so far. */
  readonly count: number
  /** Emits one event per reason for what came since the last call. */
  tell(logger: Logger, clock: Clock, nextSequence: () => number): void
}

export function createLossReport(): LossReport {
  const losses = new Map<string, Loss>()
  let count = 0
  return {
    get count() {
      return count
    },
    add(reason, item) {
      count++
      let loss = losses.get(reason)
      if (loss === undefined) {
        loss = { count: 0, first: Number.POSITIVE_INFINITY, last: 0 }
        losses.set(reason, loss)
      }
      loss.count++
      const sequence = (item.attributes as Record<string, unknown>)[ATTR_WAYWARD_EVENT_SEQUENCE]
      if (typeof sequence !== 'number') return
      loss.first = Math.min(loss.first, sequence)
      loss.last = Math.max(loss.last, sequence)
    },
    tell(logger, clock, nextSequence) {
      for (const [reason, loss] of losses) {
        losses.delete(reason)
        const time = clock.now()
        const range =
          loss.last === 0
            ? {}
            : {
                [ATTR_WAYWARD_EVENTS_DROPPED_FIRST_SEQUENCE]: loss.first,
                [ATTR_WAYWARD_EVENTS_DROPPED_LAST_SEQUENCE]: loss.last,
              }
        logger.emit({
          eventName: EVENT_WAYWARD_EVENTS_DROPPED,
          severityNumber: SeverityNumber.WARN,
          timestamp: time,
          observedTimestamp: time,
          attributes: {
            ...range,
            [ATTR_WAYWARD_EVENT_SEQUENCE]: nextSequence(),
            [ATTR_WAYWARD_EVENTS_DROPPED_COUNT]: loss.count,
            [ATTR_WAYWARD_EVENTS_DROPPED_REASON]: reason,
          },
        })
      }
    },
  }
}

interface Exporter<T> {
  export(items: T[], onResult: (result: ExportResult) => void): void
  shutdown(): Promise<void>
  forceFlush?(): Promise<void>
}

/** Between a batch processor and its exporter: knows how many items wait, and what came of them. */
interface ExportGate<T> {
  readonly exporter: Exporter<T> & { forceFlush(): Promise<void> }
  /** Whether the processor's queue takes another item; counts it if so, and as dropped if not. */
  admit(item: T, reserve: number): boolean
  /** Ends every export under way as failed, so that no timer of theirs keeps the process alive. */
  readonly abandon: () => void
}

function createExportGate<T extends { readonly attributes: object }>(
  inner: Exporter<T>,
  queueItemsMax: number,
  losses: LossReport,
): ExportGate<T> {
  let waiting = 0
  const underWay = new Set<() => void>()
  return {
    admit(item, reserve) {
      if (waiting >= queueItemsMax + reserve) {
        losses.add(WAYWARD_EVENTS_DROPPED_REASON_VALUE_QUEUE_FULL, item)
        return false
      }
      waiting++
      return true
    },
    abandon() {
      for (const fail of underWay) fail()
    },
    exporter: {
      export(items, onResult) {
        waiting = Math.max(0, waiting - items.length)
        let isDone = false
        const finish = (result: ExportResult): void => {
          if (isDone) return
          isDone = true
          underWay.delete(fail)
          if (result.code !== ExportResultCode.SUCCESS) {
            for (const item of items) {
              losses.add(WAYWARD_EVENTS_DROPPED_REASON_VALUE_EXPORT_FAILED, item)
            }
          }
          onResult(result)
        }
        const fail = (): void =>
          finish({ code: ExportResultCode.FAILED, error: new Error('Export abandoned at exit') })
        underWay.add(fail)
        try {
          inner.export(items, finish)
        } catch (error) {
          finish({
            code: ExportResultCode.FAILED,
            error: error instanceof Error ? error : new Error(String(error)),
          })
        }
      },
      shutdown: () => inner.shutdown(),
      forceFlush: async () => inner.forceFlush?.(),
    },
  }
}

/** A processor with the queue's bound and loss report in front of it. */
export interface CountedProcessor<P> {
  readonly processor: P
  readonly abandon: () => void
}

/** @param create makes the batch processor; its own queue must be no smaller than `queueItemsMax`. */
export function countSpans(
  exporter: SpanExporter,
  queueItemsMax: number,
  losses: LossReport,
  create: (exporter: SpanExporter) => SpanProcessor,
): CountedProcessor<SpanProcessor> {
  const gate = createExportGate<ReadableSpan>(exporter, queueItemsMax, losses)
  const batch = create(gate.exporter)
  const sampled = 1
  return {
    abandon: gate.abandon,
    processor: {
      onStart: (span: Span, parent: Context) => batch.onStart(span, parent),
      onEnd(span) {
        if ((span.spanContext().traceFlags & sampled) === 0) return
        if (gate.admit(span, 0)) batch.onEnd(span)
      },
      forceFlush: () => batch.forceFlush(),
      shutdown: () => batch.shutdown(),
    },
  }
}

/** Places kept free for the loss events themselves. */
export const lossReserve = 16

/** @param create makes the batch processor; its own queue must hold `queueItemsMax + lossReserve`. */
export function countLogs(
  exporter: LogRecordExporter,
  queueItemsMax: number,
  losses: LossReport,
  create: (exporter: LogRecordExporter) => LogRecordProcessor,
): CountedProcessor<LogRecordProcessor> {
  const gate = createExportGate<ReadableLogRecord>(exporter, queueItemsMax, losses)
  const batch = create(gate.exporter)
  return {
    abandon: gate.abandon,
    processor: {
      onEmit(record: SdkLogRecord, parent?: Context) {
        const reserve = record.eventName === EVENT_WAYWARD_EVENTS_DROPPED ? lossReserve : 0
        if (gate.admit(record, reserve)) batch.onEmit(record, parent)
      },
      forceFlush: () => batch.forceFlush(),
      shutdown: () => batch.shutdown(),
    },
  }
}
